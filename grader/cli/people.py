"""`grader record`: what people decide."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.place import Place, pass_place
from grader.cli.table import count, number
from grader.config import load_assignment
from grader.course import Course
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.gradebook import Gradebook


_WHAT = [
    *("roster", "attendance", "answers", "quiz", "participation"),
    *("teams", "project", "marks"),
]


@dataclass(frozen=True)
class _Entering:
    """What was given to `grader record`."""

    course: Course
    book: Gradebook
    file: Path
    by: str
    known: Collection[str] | None
    """Student numbers; None: there are none yet."""
    assignment: str | None = None
    deactivate: bool = False
    held_on: date | None = None
    label: str = ""
    maximum: Decimal = Decimal(100)


@click.command()
@click.argument("what", type=click.Choice(_WHAT))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--assignment", metavar="ID", help="Whose written questions were marked.")
@click.option("--by", default="", help="Who marked, where the file does not say.")
@click.option(
    "--date",
    "held_on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When the session was, where the file does not say.",
)
@click.option("--label", default="", help="Tells two sessions of one day apart.")
@click.option("--maximum", default="100", show_default=True, help="What the quiz was worth.")
@click.option(
    "--deactivate-missing",
    "deactivate",
    is_flag=True,
    help="Whoever is not in the roster file has left the course; what was earned stays.",
)
@pass_place
def record(
    place: Place,
    what: str,
    file: Path,
    assignment: str | None,
    by: str,
    held_on: datetime | None,
    label: str,
    maximum: str,
    deactivate: bool,
) -> None:
    """Take in what people decide: CSV or XLSX with headers in English or Chinese.

    \b
    roster         student (学号), name (姓名), email, section, github
    attendance     student, attendance (出勤/迟到/请假/缺勤), or a column per date
    answers        student, answers (how many), or a column per date
    quiz           student, quiz (测验, of --maximum), or a column per date
    participation  student, score (成绩, of 100), comment: instead of the three above
    teams          student, team (小组), adjustment (个人调整), reason
    project        student or team, a column per criterion of project.toml, marker, comment;
                   or student, score (of 100), comment
    marks          student, question (题号), points (得分), comment, marker, attempt (提交)

    A file is taken in as a whole or not at all. The newest score counts, older ones are kept.
    Student numbers must be known from the roster, from submissions or from an earlier file.

    \b
    Examples:
      grader record roster class.xlsx
      grader record attendance week3.csv --date 2026-09-21
      grader record project scores.xlsx --by "Li Wei"
      grader record marks written.csv --assignment gd --by "Li Wei"
    """
    from grader.overview import handed_in

    course = place.course
    with place.gradebook() as book:
        known = {s.id for s in book.students()}.union(*handed_in(course).values()) or None
        _TAKING[what](
            _Entering(
                course=course,
                book=book,
                file=file,
                by=by,
                known=known,
                assignment=assignment,
                deactivate=deactivate,
                held_on=held_on.date() if held_on else None,
                label=label,
                maximum=_maximum(maximum),
            )
        )


def _marks(given: _Entering) -> None:
    from grader.marking import on_attempts
    from grader.overview import class_standings
    from grader.records import read_marks

    name = _marked(given.course, given.assignment)
    sheet = read_marks(given.file, _written(given.course, name), given.known)
    lines = class_standings(given.course, given.book)
    marks = on_attempts(sheet.marks, name, lines, given.book)
    _told("marks", len(marks), given.book.add_marks(name, marks, given.by))
    if sheet.blank:
        click.echo(f"{count(sheet.blank, 'row')} without points: not marked yet")


def _participation(given: _Entering) -> None:
    from grader.records import read_participation

    scores = read_participation(given.file, given.known)
    _told("participation", len(scores), given.book.add_participation(scores, given.by))


def _sessions(kind: str) -> Callable[[_Entering], None]:
    def take(given: _Entering) -> None:
        from grader.sessions import Noting, read_sessions

        late = given.course.participation.late_counts
        noting = Noting(kind, given.held_on, given.label, given.maximum, late, given.by)
        records = read_sessions(given.file, noting, given.known)
        _told(kind, len(records), given.book.add_sessions(records), "entry", "entries")

    return take


def _teams(given: _Entering) -> None:
    from grader.projectsheet import read_teams

    members = read_teams(given.file, given.known, given.by)
    _told("teams", len(members), given.book.add_memberships(members))


def _project(given: _Entering) -> None:
    from grader.projectsheet import holds_criteria, read_criteria
    from grader.records import read_project
    from grader.rubric import project_scores
    from grader.rubricfile import load_rubric, rubric_of

    book = given.book
    if not holds_criteria(given.file, load_rubric(given.course)):
        scores = read_project(given.file, given.known)
        _told("project", len(scores), book.add_project(scores, given.by))
        return
    rubric = rubric_of(given.course)
    teams = {m.team for m in book.memberships().values()}
    entries = read_criteria(given.file, rubric, given.known, teams, given.by)
    _told("project", len(entries), book.add_criteria(entries), "entry", "entries")
    scored = {entry.criterion for entry in entries}
    if untold := [c.id for c in rubric.criteria if c.id not in scored]:
        click.echo(f"nothing in it for {', '.join(untold)}")
    kept = book.criteria()
    for student, score in project_scores(rubric, kept, book.memberships()).items():
        for result in score.disagreements:
            told = ", ".join(f"{g.marker or '?'} {number(g.points)}" for g in result.given)
            weight = number(result.criterion.weight)
            click.echo(f"apart    {student} {result.criterion.id}: {told} of {weight}")


def _told(what: str, total: int, news: int, one: str = "row", many: str = "rows") -> None:
    click.echo(f"{what}: {total} {one if total == 1 else many} read, {news} new or changed")


def _maximum(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise UsageError(f"--maximum {text} is no number of points", "Write one such as 20")
    return value


def _roster(given: _Entering) -> None:
    from grader.enrolment import enrolment
    from grader.records import read_roster

    book, file, by, deactivate = given.book, given.file, given.by, given.deactivate
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


_TAKING: dict[str, Callable[[_Entering], None]] = {
    "roster": _roster,
    "attendance": _sessions("attendance"),
    "answers": _sessions("answers"),
    "quiz": _sessions("quiz"),
    "participation": _participation,
    "teams": _teams,
    "project": _project,
    "marks": _marks,
}
