"""`grader regrade`."""

from __future__ import annotations

from typing import Any

import click

from grader.changes import Change
from grader.cli.grading import finish_round, patient
from grader.cli.options import device_option, jobs_option, sandbox_option
from grader.cli.place import Place, pass_place
from grader.cli.table import count, echo_json, echo_table, json_option, number
from grader.config import load_assignment
from grader.headline import Headline, headline
from grader.result import SubmissionResult, Verdict


@click.command()
@click.argument("assignment", metavar="ID")
@click.argument("students", metavar="[STUDENT]...", nargs=-1)
@click.option(
    "--verdict",
    "verdicts",
    type=click.Choice([v.value for v in Verdict]),
    multiple=True,
    help="Results in which a check, or the notebook, ended so.",
)
@click.option(
    "--question", "questions", multiple=True, metavar="Q", help="Who lost points in question Q."
)
@click.option(
    "--check", "checks", multiple=True, metavar="CHECK", help="Who lost points in this check."
)
@click.option("--dry-run", is_flag=True, help="Grade and compare, but keep nothing.")
@click.option("--reason", default="", help="Why, for the audit log.")
@click.option("--by", "author", default="", help="Who, for the audit log [your login].")
@jobs_option()
@sandbox_option("As for `grader grade`.")
@device_option()
@json_option
@pass_place
def regrade(
    place: Place,
    assignment: str,
    students: tuple[str, ...],
    verdicts: tuple[str, ...],
    questions: tuple[str, ...],
    checks: tuple[str, ...],
    dry_run: bool,
    reason: str,
    author: str,
    jobs: int | None,
    sandbox: str,
    device: str,
    as_json: bool,
) -> None:
    """Grade again, and say who went up or down, by how much, and because of which check.

    Without options: what a change of tests, reference, limits or points has made out of date.
    With students, verdicts, questions or checks: the results meant, current or not.

    Where only points or sentences of checks have changed, recorded verdicts are counted anew and
    no notebook runs. Otherwise a whole submission is executed again. Older results are kept, what
    changed is put into the audit log, and marks, comments and overrides stay as they are.

    \b
    Examples:
      grader regrade gd --dry-run                    what would the new tests change?
      grader regrade gd --reason "4b was too strict"
      grader regrade gd --verdict time_limit_exceeded
      grader regrade gd --question 4 2026001 2026002
    """
    from grader import round as rounds
    from grader.progress import RoundProgress
    from grader.regrade import Selection, plan_regrade, run_regrade
    from grader.underway import alone

    course = place.course
    what = load_assignment(course, assignment)
    selection = Selection(students, tuple(map(Verdict, verdicts)), questions, checks)
    with place.gradebook(create=False) as book, alone(course, what.id):
        todo = plan_regrade(course, what, book, selection, sandbox=sandbox, device=device)
        if todo.jobs:
            rounds.isolation_of(sandbox, device)
        changes: list[Change] = []
        lines: list[Headline] = []
        with RoundProgress(len(todo.jobs) + len(todo.counted)) as progress, patient(progress):
            progress.say(
                f"{count(len(todo.jobs), 'submission')} to execute, {len(todo.counted)} to count "
                f"anew, {todo.left} left alone"
                + (f", {todo.ungraded} not graded yet" if todo.ungraded else "")
            )

            def show(found: Change, result: SubmissionResult) -> None:
                changes.append(found)
                lines.append(headline(result))
                progress.advance(lines[-1])

            workers = jobs or rounds.default_workers()
            run_regrade(todo, book, workers, show, keep=not dry_run, reason=reason, author=author)
    changes.sort(key=lambda c: (c.student, c.attempt))
    if as_json:
        echo_json(_as_dict(what.id, dry_run, changes, todo.left, todo.ungraded))
    else:
        _echo(changes, dry_run)
    finish_round(lines)


def _echo(changes: list[Change], dry_run: bool) -> None:
    moved = [c for c in changes if c.checks]
    if moved:
        headers = ["student", "attempt", "before", "after", "change", "because of"]
        rows = [
            [
                c.student,
                str(c.attempt),
                number(c.before),
                "?" if c.needs_human else number(c.after),
                "?"
                if c.needs_human
                else f"{'+' if c.difference > 0 else ''}{number(c.difference)}",
                c.why,
            ]
            for c in moved
        ]
        echo_table(headers, rows, right=("attempt", "before", "after", "change"))
        click.echo()
    up = sum(c.difference > 0 for c in changes)
    down = sum(c.difference < 0 for c in changes)
    click.echo(
        f"{up} up, {down} down, {len(changes) - up - down} with the same points"
        + ("; nothing was kept (--dry-run)" if dry_run else "")
    )


def _as_dict(
    assignment: str, dry_run: bool, changes: list[Change], left: int, ungraded: int
) -> dict[str, Any]:
    return {
        "assignment": assignment,
        "dry_run": dry_run,
        "regraded": [
            {
                "student": c.student,
                "attempt": c.attempt,
                "before": c.before,
                "after": c.after,
                "change": c.difference,
                "executed": c.executed,
                "needs_human": c.needs_human,
                "checks": [
                    {
                        "id": check.id,
                        "before": check.before,
                        "after": check.after,
                        "verdict_before": check.verdict_before,
                        "verdict_after": check.verdict_after,
                    }
                    for check in c.checks
                ],
            }
            for c in changes
        ],
        "left_alone": left,
        "not_graded": ungraded,
    }
