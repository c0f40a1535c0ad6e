"""`grader init`, `demo` and `doctor`: from nothing to a course."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import jobs_option, sandbox_option
from grader.cli.table import echo_json, echo_table, json_option, number, word

if TYPE_CHECKING:
    from grader.sandbox.probe import Finding


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, file_okay=False),
    help="Copy the assignments of this course or checkout [that of the grader, if it runs from "
    "one; else a small sample].",
)
@click.option("--sample", is_flag=True, help="Take the small sample in any case.")
def init(folder: Path, source: Path | None, sample: bool) -> None:
    """Make a course that grades out of the box.

    DIR gets a course.toml with comments, the assignments with their reference and hidden tests,
    and a .gitignore that keeps grades and secrets out of git. Nothing is ever overwritten.

    \b
    Examples:
      grader init mycourse
      grader init mycourse --from ~/dl-grader
      grader init trial --sample
    """
    from grader.init import SAMPLE, make_course

    made = make_course(folder, SAMPLE if sample else source)
    click.echo(f"a course with {', '.join(made.assignments)} in {made.folder}")
    click.echo(f"next: cd {made.folder} && grader release && grader verify")


@click.command()
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path("demo-course")
)
@jobs_option()
@sandbox_option("auto is the strongest that the machine holds.")
def demo(folder: Path, jobs: int | None, sandbox: str) -> None:
    """Show the whole cycle on a small class, in a new folder.

    Composes about ten submissions of one assignment - right ones, misconceptions, a crash, an
    endless loop, a missing function, a broken file -, grades them, writes feedback in Chinese and
    English, exports the grades, and says where to look.

    \b
    Examples:
      grader demo
      grader demo /tmp/demo --jobs 2
    """
    from grader import demo as stage
    from grader.progress import RoundProgress
    from grader.round import default_workers

    backend, isolation, weaker = stage.strongest(sandbox)
    if weaker:
        click.echo(f"{weaker}; going on with plain, which limits but does not hide", err=True)
    played = stage.set_stage(folder)
    total = len(played.cast)
    with RoundProgress(total) as progress:
        progress.say(
            f"{total} submissions of {played.assignment.id}; sandbox {isolation.backend}, "
            f"level {isolation.level} ({isolation.name})"
        )
        done = stage.play(played, backend, jobs or default_workers(), progress.advance)
    echo_table(
        ["student", "handed in", "verdict", "points", "found"],
        [
            [
                f"{persona.number} {persona.name}",
                persona.story,
                word(line.verdict),
                f"{number(line.earned)}/{number(line.points)}",
                ", ".join(line.misconceptions),
            ]
            for persona, line in done.results
        ],
        right=("points",),
    )
    click.echo(f"\nclass summary  {done.feedback.summaries[0]}")
    click.echo(f"reports        {done.feedback.folder / 'students'}")
    click.echo(f"grades         {done.grades}")
    click.echo(f"the course     {folder}; try: grader -C {folder} status")


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Which sandbox can this machine hold? Found out by building it and attacking it.

    Shows what code in a box of each level tried to do, and whether it was refused.
    Exit code 1 if it can hold none: then `grader grade` needs `--sandbox plain`, which limits
    student code but hides nothing from it.

    \b
    Examples:
      grader doctor
      grader doctor --json
    """
    from grader.sandbox.probe import REMEDY, survey

    findings = survey()
    if as_json:
        echo_json(
            [
                {
                    "level": f.level,
                    "holds": f.isolation is not None,
                    "name": f.isolation.name if f.isolation else None,
                    "details": f.isolation.details if f.isolation else (),
                    "missing": f.isolation.missing if f.isolation else (),
                    "reason": f.reason or None,
                    "refused": dict(f.attempts),
                }
                for f in findings
            ]
        )
    for finding in () if as_json else findings:
        isolation = finding.isolation
        if isolation is None:
            click.echo(f"✗ level {finding.level}: {' '.join(finding.reason.split())}")
            continue
        click.echo(f"✓ level {finding.level}, {isolation.name}")
        for detail in isolation.details:
            click.echo(f"    {detail}")
        for missing in isolation.missing:
            click.echo(f"    not: {missing}")
    if not as_json:
        _echo_attempts(findings)
    if all(f.isolation is None for f in findings):
        click.echo(f"grader: no sandbox can be had here. {REMEDY}", err=True)
        raise click.exceptions.Exit(1)


def _echo_attempts(findings: tuple[Finding, ...]) -> None:
    """What code in a box of each level tried, in a row, and whether it was refused."""
    tried = [f for f in findings if f.attempts]
    if not tried:
        return
    refused = [dict(f.attempts) for f in tried]
    click.echo()
    echo_table(
        ["code in a box tried to", *(f"level {f.level}" for f in tried)],
        [
            [name, *("refused" if held.get(name, True) else "SUCCEEDED" for held in refused)]
            for name in refused[0]
        ],
    )
