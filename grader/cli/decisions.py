"""`grader extend`, `override`, `comment`, `audit` and `whatif`: one student, one decision."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from grader.cli.place import Place, pass_place
from grader.cli.table import echo_json, echo_table, json_option, number
from grader.config import load_assignment
from grader.entries import AuditEntry, Comment, Extension, Override, Scope
from grader.errors import UsageError

by_option = click.option(
    "--by", envvar="GRADER_BY", required=True, help="Who decides [$GRADER_BY]; goes into the log."
)
reason_option = click.option("--reason", required=True, help="Why; goes into the log.")
withdraw_option = click.option("--withdraw", is_flag=True, help="Take an earlier one back.")


class Number(click.ParamType[Decimal]):
    """A number as people write it, exact."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:
        """The Decimal; usage error for what is none."""
        try:
            made = Decimal(str(value))
        except InvalidOperation:
            made = Decimal("nan")
        if not made.is_finite() or made < 0:
            self.fail(f"{value!r} is not a number from 0 up", param, ctx)
        return made


@click.command()
@click.argument("student")
@click.argument("assignment", metavar="ID")
@click.option("--until", help="The new deadline, such as 2026-10-12T23:59:00+08:00.")
@click.option("--hours", type=Number(), help="So many hours after the deadline of the course.")
@withdraw_option
@reason_option
@by_option
@pass_place
def extend(
    place: Place,
    student: str,
    assignment: str,
    until: str | None,
    hours: Decimal | None,
    withdraw: bool,
    reason: str,
    by: str,
) -> None:
    """Give one student more time for one assignment.

    What has been handed in already is judged by the new deadline at once; nothing is graded
    again. The newest extension counts, older ones stay in the log.

    \b
    Examples:
      grader extend 2026001 gd --hours 48 --reason "ill, certificate" --by "Li Wei"
      grader extend 2026001 gd --until 2026-10-12T23:59:00+08:00 --reason visa --by "Li Wei"
      grader extend 2026001 gd --withdraw --reason "wrong student" --by "Li Wei"
    """
    from grader.overview import standing_of

    if (until is not None) + (hours is not None) + withdraw != 1:
        raise UsageError("say until when", "Give one of --until, --hours and --withdraw")
    moment = _moment(until)
    course = place.course
    load_assignment(course, assignment)
    scheduled = next((a for a in course.assignments if a.id == assignment), None)
    if hours is not None and (scheduled is None or scheduled.due is None):
        raise UsageError(f"{assignment} has no deadline in course.toml", "Give --until instead")
    with place.gradebook() as book:
        standing_of(course, book, student)
        entry = Extension(student, assignment, moment, hours, reason, by)
        news = book.add_extensions([entry])
        due = (score := standing_of(course, book, student).score(assignment)) and score.due
    said = f"due {due.due:%Y-%m-%d %H:%M %z}" if due else "never due"
    click.echo(f"{student} · {assignment}: {said}{'' if news else ' (as before)'}")


@click.command()
@click.argument("student")
@click.argument("assignment", metavar="ID")
@click.option("--check", help="Only this check, such as 3a.")
@click.option("--question", help="Only this question.")
@click.option("--points", type=Number(), help="What it earns.")
@withdraw_option
@reason_option
@by_option
@pass_place
def override(
    place: Place,
    student: str,
    assignment: str,
    check: str | None,
    question: str | None,
    points: Decimal | None,
    withdraw: bool,
    reason: str,
    by: str,
) -> None:
    """Decide points in place of the grader: of a check, a question, or the whole assignment.

    A late deduction applies to checks and questions as before; the total of an assignment is
    taken as it is. Grading again changes nothing about it; --withdraw does.

    \b
    Examples:
      grader override 2026001 gd --check 3a --points 4 --reason "our typo" --by "Li Wei"
      grader override 2026001 gd --question 2 --points 10 --reason "oral exam" --by "Li Wei"
      grader override 2026001 gd --points 80 --reason "agreed in person" --by "Li Wei"
      grader override 2026001 gd --withdraw --reason mistake --by "Li Wei"
    """
    from grader.overview import standing_of

    if (points is None) is not withdraw:
        raise UsageError("say what it earns", "Give either --points or --withdraw")
    if check is not None and question is not None:
        raise UsageError("a check and a question at once", "Give one of --check and --question")
    course = place.course
    what = load_assignment(course, assignment)
    scope = Scope.CHECK if check else Scope.QUESTION if question else Scope.TOTAL
    with place.gradebook() as book:
        before = standing_of(course, book, student)
        worth = {q.id: q.points for q in what.questions}
        if scope is Scope.CHECK:
            row = before.results.get(assignment)
            result = book.result(student, assignment, row.attempt) if row else None
            worth = {c.id: c.points for c in result.checks} if result else {}
        target = check or question or ""
        if scope is Scope.TOTAL:
            worth = {"": sum(worth.values(), Decimal(0))}
        if target not in worth:
            known = ", ".join(worth) or "none: there is no result"
            raise UsageError(f"{assignment} has no {scope.value} {target!r}", f"Known: {known}")
        if points is not None and points > worth[target]:
            raise UsageError(
                f"{points} is over the maximum of {number(worth[target])}",
                "Give fewer points, or correct assignment.toml",
            )
        entry = Override(student, assignment, scope, target, points, reason, by)
        news = book.add_overrides([entry])
        after = standing_of(course, book, student)
    old, new = (line.score(assignment) for line in (before, after))
    said = f"{number(old.earned if old else None)} → {number(new.earned if new else None)}"
    click.echo(f"{student} · {assignment}: {said}{'' if news else ' (as before)'}")


@click.command()
@click.argument("student")
@click.argument("assignment", metavar="ID")
@click.argument("question")
@click.argument("text")
@by_option
@pass_place
def comment(
    place: Place, student: str, assignment: str, question: str, text: str, by: str
) -> None:
    """Tell a student something about one question; it appears in the feedback.

    Grading again does not take it away. An empty text does.

    \b
    Examples:
      grader comment 2026001 gd 3 "A nice derivation." --by "Li Wei"
    """
    from grader.overview import standing_of

    course = place.course
    known = [q.id for q in load_assignment(course, assignment).questions]
    if question not in known:
        raise UsageError(
            f"{assignment} has no question {question!r}", f"Known: {', '.join(known)}"
        )
    with place.gradebook() as book:
        standing_of(course, book, student)
        book.add_comments([Comment(student, assignment, question, text, by)])
    click.echo(f"{student} · {assignment} · {question}: {'kept' if text else 'withdrawn'}")


@click.command()
@click.argument("student", required=False)
@click.option("--assignment", metavar="ID", help="Only about this assignment.")
@json_option
@pass_place
def audit(place: Place, student: str | None, assignment: str | None, as_json: bool) -> None:
    """Show the audit log: who did what, when and why.

    Nothing rewrites it: triggers in the database refuse, and each line carries a digest of those
    before it. A log that is not whole ends in exit code 1, naming the line.

    \b
    Examples:
      grader audit                    everything
      grader audit 2026001            one student
      grader audit --json | jq '.[] | select(.action == "override")'
    """
    with place.gradebook(create=False) as book:
        entries, broken = book.audit(student, assignment), book.audit_broken_at()
    if as_json:
        echo_json([_audit_json(e) for e in entries])
    elif not entries:
        click.echo("Nothing has been logged.")
    else:
        headers = ["when (UTC)", "who", "action", "student", "assignment", "what", "why"]
        echo_table(headers, [_audit_row(e) for e in entries])
    if broken is not None:
        click.echo(
            f"grader: line {broken} of the audit log is not what was written. "
            "Compare with a backup: somebody went around the grader",
            err=True,
        )
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("student")
@click.option("--need", type=Number(), help="The total to reach, on the 100-point scale.")
@click.option("--in", "part", default="project", show_default=True, help="The part it depends on.")
@click.option(
    "--assume",
    "assumed",
    metavar="PART=SCORE",
    multiple=True,
    help="Try a score of 100 in a part or an assignment.",
)
@json_option
@pass_place
def whatif(
    place: Place,
    student: str,
    need: Decimal | None,
    part: str,
    assumed: tuple[str, ...],
    as_json: bool,
) -> None:
    """Answer "what do I need in the project for an 85?", or "what if I get 90?".

    What else is missing is taken at its best and at its worst; nothing is guessed.

    \b
    Examples:
      grader whatif 2026001 --need 85
      grader whatif 2026001 --need 85 --in participation
      grader whatif 2026001 --assume project=90 --assume rnn=75
    """
    from grader import whatif as calculation
    from grader.cli.workings import need_text
    from grader.overview import standing_of

    if (need is None) is (not assumed):
        raise UsageError("say what to work out", "Give either --need or --assume")
    course = place.course
    with place.gradebook(create=False) as book:
        grade = standing_of(course, book, student).grade
    if need is not None:
        found = calculation.need(course, grade, need, part)
        if as_json:
            echo_json(vars(found) | {"verdict": found.verdict})
        else:
            click.echo(need_text(found))
        return
    scores = dict(_assumption(text) for text in assumed)
    low, high = (
        calculation.total_if(course, grade, scores, rest)
        for rest in (Decimal(0), calculation.HUNDRED)
    )
    if as_json:
        echo_json({"assumed": scores, "at_worst": low, "at_best": high})
    else:
        said = f"{low}" if low == high else f"from {low} to {high}, depending on what is missing"
        click.echo(f"total: {said}")


def _assumption(text: str) -> tuple[str, Decimal]:
    name, _, score = text.partition("=")
    try:
        value = Decimal(score)
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or not 0 <= value <= 100:
        raise UsageError(f"--assume {text!r} has no score from 0 to 100", "Write project=90")
    return name, value


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--until {text!r} is not a moment", "Write 2026-10-12T23:59:00+08:00"
        ) from None
    if moment.tzinfo is None:
        raise UsageError(
            f"--until {text!r} says no time zone", "Write it with one: 2026-10-12T23:59:00+08:00"
        )
    return moment


def _audit_row(entry: AuditEntry) -> list[str]:
    when = f"{entry.at:%Y-%m-%d %H:%M}" if entry.at else "-"
    told = (entry.who, entry.action, entry.student, entry.assignment, entry.what, entry.why)
    return [when, *(" ".join(text.split()) for text in told)]


def _audit_json(entry: AuditEntry) -> dict[str, Any]:
    return vars(entry) | {"at": entry.at.isoformat() if entry.at else None}
