"""`grader record`: what people decide."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import click

from grader.cli.place import Place, pass_place
from grader.cli.table import count
from grader.config import load_assignment
from grader.course import Course
from grader.errors import UsageError


@click.command()
@click.argument("what", type=click.Choice(["roster", "participation", "project", "marks"]))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--assignment", metavar="ID", help="Whose written questions were marked.")
@click.option("--by", default="", help="Who marked, where the file does not say.")
@pass_place
def record(place: Place, what: str, file: Path, assignment: str | None, by: str) -> None:
    """Take in what people decide: a CSV file with headers in English or Chinese.

    \b
    roster         student (学号), name (姓名), email, section, github
    participation  student, score (成绩, of 100), comment
    project        student, score (of 100), comment
    marks          student, question (题号), points (得分), comment, marker

    A file is taken in as a whole or not at all. The newest score counts, older ones are kept.
    Student numbers must be known from the roster, from submissions or from an earlier file.

    \b
    Examples:
      grader record roster class.csv
      grader record participation participation.csv
      grader record marks written.csv --assignment gd --by "Li Wei"
    """
    from grader.gradebook import Gradebook
    from grader.overview import handed_in
    from grader.records import read_marks, read_participation, read_project, read_roster

    course = place.course
    with Gradebook(course.gradebook) as book:
        known = {s.id for s in book.students()}.union(*handed_in(course).values()) or None
        if what == "roster":
            students = read_roster(file)
            news = book.put_students(students)
            total = len(students)
        elif what == "marks":
            name = _marked(course, assignment)
            marks = read_marks(file, _written(course, name), known)
            news, total = book.add_marks(name, marks, by), len(marks)
        else:
            read, add = (
                (read_participation, book.add_participation)
                if what == "participation"
                else (read_project, book.add_project)
            )
            scores = read(file, known)
            news, total = add(scores, by), len(scores)
    click.echo(f"{what}: {count(total, 'row')} read, {news} new or changed")


def _marked(course: Course, named: str | None) -> str:
    """The assignment that was marked: the one named, or the only one."""
    if named is not None:
        return named
    if len(course.assignments) == 1:
        return course.assignments[0].id
    raise UsageError(
        "the course has several assignments", "Say whose questions were marked: --assignment ID"
    )


def _written(course: Course, name: str) -> dict[str, Decimal]:
    questions = load_assignment(course, name).questions
    written = {q.id: q.points for q in questions if q.written}
    if not written:
        raise UsageError(
            f"assignment {name} has no written questions",
            "Give one of its questions `written = true` in assignment.toml, or name another",
        )
    return written
