"""`grader record`: what people decide."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.place import Place, pass_place
from grader.cli.table import count
from grader.config import load_assignment
from grader.course import Course
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.gradebook import Gradebook


@click.command()
@click.argument("what", type=click.Choice(["roster", "participation", "project", "marks"]))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--assignment", metavar="ID", help="Whose written questions were marked.")
@click.option("--by", default="", help="Who marked, where the file does not say.")
@click.option(
    "--deactivate-missing",
    "deactivate",
    is_flag=True,
    help="Whoever is not in the roster file has left the course; what was earned stays.",
)
@pass_place
def record(
    place: Place, what: str, file: Path, assignment: str | None, by: str, deactivate: bool
) -> None:
    """Take in what people decide: CSV or XLSX with headers in English or Chinese.

    \b
    roster         student (学号), name (姓名), email, section, github
    participation  student, score (成绩, of 100), comment
    project        student, score (of 100), comment
    marks          student, question (题号), points (得分), comment, marker

    A file is taken in as a whole or not at all. The newest score counts, older ones are kept.
    Student numbers must be known from the roster, from submissions or from an earlier file.

    \b
    Examples:
      grader record roster class.xlsx
      grader record participation participation.csv
      grader record marks written.csv --assignment gd --by "Li Wei"
    """
    from grader.gradebook import Gradebook
    from grader.overview import handed_in
    from grader.records import read_marks, read_participation, read_project

    course = place.course
    with Gradebook(course.gradebook) as book:
        known = {s.id for s in book.students()}.union(*handed_in(course).values()) or None
        if what == "roster":
            _roster(book, file, by, deactivate)
            return
        if what == "marks":
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


def _roster(book: Gradebook, file: Path, by: str, deactivate: bool) -> None:
    from grader.enrolment import enrolment
    from grader.records import read_roster

    students = read_roster(file)
    found = enrolment(book.students(), students)
    book.put_students(students, author=by, reason=file.name)
    for student in found.new:
        click.echo(f"new      {student.id} {student.name}".rstrip())
    for change in found.changes:
        click.echo(
            f"changed  {change.student} {change.field}: {change.before or '-'} → {change.after}"
        )
    if found.back:
        book.set_active([s.id for s in found.back], True, author=by, reason=file.name)
    for student in found.back:
        click.echo(f"back     {student.id} {student.name}".rstrip())
    if deactivate:
        book.set_active([s.id for s in found.gone], False, author=by, reason=file.name)
    for student in found.gone:
        what = "left" if deactivate else "not here"
        click.echo(f"{what:8} {student.id} {student.name}".rstrip())
    changed = len({c.student for c in found.changes})
    click.echo(
        f"roster: {count(len(students), 'student')} read, {len(found.new)} new, "
        f"{changed} changed, {len(found.gone)} not in it"
    )
    if found.gone and not deactivate:
        click.echo("They stay in the course; --deactivate-missing notes that they have left")


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
