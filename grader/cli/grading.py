"""`grader grade`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from grader.cli.options import device_option, jobs_option, sandbox_option
from grader.cli.place import Place, pass_place
from grader.cli.table import count, echo_json, echo_table, json_option, number, word
from grader.config import load_assignment
from grader.headline import Headline, headline
from grader.result import Isolation, SubmissionResult
from grader.submission import Submission

if TYPE_CHECKING:
    from grader.progress import RoundProgress


@click.command()
@click.argument("assignment", metavar="ID")
@click.argument("students", metavar="[STUDENT]...", nargs=-1)
@jobs_option()
@sandbox_option(
    "auto is linux: walls that the kernel holds. plain only limits: student code can read "
    "what you can read."
)
@device_option()
@click.option("--again", is_flag=True, help="Grade what has a current result, too.")
@json_option
@pass_place
def grade(
    place: Place,
    assignment: str,
    students: tuple[str, ...],
    jobs: int | None,
    sandbox: str,
    device: str,
    again: bool,
    as_json: bool,
) -> None:
    """Grade what has no current result.

    Submissions are the notebooks in submissions/ID/STUDENT/, several attempts of one student in
    folders 1/, 2/, … there. A result is current as long as notebook, tests, reference and limits
    are what they were. Each result is kept as it arrives: Ctrl-C finishes what is being graded,
    and the same command goes on from there, even after a power cut. Of two commands that grade one
    assignment, the second says so and ends.

    Exit code 1 if the grader itself failed on a submission (judge_error); no points of it are
    decided, and the next round tries it again.

    \b
    Examples:
      grader grade gd                     the whole class
      grader grade gd 2026001 2026002     two students
      grader grade gd --again --jobs 2    everything, two at a time
      grader grade gd --json | jq '.graded[] | select(.needs_human)'
    """
    from grader import round as rounds
    from grader.progress import RoundProgress
    from grader.underway import alone

    course = place.course
    what = load_assignment(course, assignment)
    isolation = rounds.isolation_of(sandbox, device)
    with place.gradebook() as book, alone(course, what.id):
        todo = rounds.plan(
            course, what, book, students, sandbox=sandbox, device=device, again=again
        )
        results: list[Headline] = []
        with RoundProgress(len(todo.jobs)) as progress, patient(progress):
            progress.say(
                f"{count(len(todo.jobs), 'submission')} to grade, {len(todo.current)} current; "
                f"sandbox {isolation.backend}, level {isolation.level} ({isolation.name})"
            )

            def show(result: SubmissionResult) -> None:
                results.append(headline(result))
                progress.advance(results[-1])

            try:
                rounds.run(todo, book, jobs or rounds.default_workers(), show)
            except KeyboardInterrupt:
                left = len(todo.jobs) - len(results)
                progress.say(
                    f"stopped: {len(results)} graded and kept, {left} left. "
                    "The same command goes on from here"
                )
                raise
    results.sort(key=lambda line: (line.student, line.attempt))
    if as_json:
        echo_json(_as_dict(what.id, isolation, results, todo.current))
    else:
        echo_headlines(results)
    finish_round(results)


def _as_dict(
    assignment: str,
    isolation: Isolation,
    graded: list[Headline],
    current: tuple[Submission, ...],
) -> dict[str, object]:
    return {
        "assignment": assignment,
        "isolation": {"backend": isolation.backend, "level": isolation.level},
        "graded": [line.as_dict() for line in graded],
        "current": [{"student": s.student, "attempt": s.attempt} for s in current],
    }


def echo_headlines(lines: list[Headline]) -> None:
    """The table at the end of a round."""
    if not lines:
        click.echo("Nothing to grade: every submission has a current result.")
        return
    headers = ["student", "attempt", "verdict", "points", "misconceptions", "seconds"]
    rows = [
        [
            line.student,
            str(line.attempt),
            word(line.verdict),
            f"{number(line.earned)}/{number(line.points)}",
            ", ".join(line.misconceptions),
            f"{line.seconds:.1f}",
        ]
        for line in lines
    ]
    if all(line.attempt == 1 for line in lines):
        headers.remove("attempt")
        rows = [[row[0], *row[2:]] for row in rows]
    echo_table(headers, rows, right=("attempt", "points", "seconds"))


def finish_round(lines: list[Headline]) -> None:
    """Exit code 1 where the grader itself failed on a submission.

    Raises:
        Exit: it did.
    """
    broken = [line.student for line in lines if line.needs_human]
    if broken:
        click.echo(
            f"grader: judge_error on {count(len(broken), 'submission')}: {', '.join(broken)}. "
            "No points of it are decided; `grader show STUDENT --evidence` says what broke",
            err=True,
        )
        raise click.exceptions.Exit(1)


@contextmanager
def patient(progress: RoundProgress) -> Iterator[None]:
    """The first Ctrl-C says that it waits for what is in flight; the second does not wait."""

    def stop(number: int, frame: FrameType | None) -> Any:
        signal.signal(signal.SIGINT, before)
        progress.say("finishing what is being graded; Ctrl-C again stops at once")
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
