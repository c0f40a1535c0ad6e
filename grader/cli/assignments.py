"""`grader release` and `verify`: what students get, and whether it is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import bench
from grader.cli.options import device_option, jobs_option, sandbox_option
from grader.cli.place import Place, pass_place
from grader.cli.table import count, echo_json, echo_table, json_option, number, parse_points
from grader.config import load_assignment
from grader.course import Assignment, Course
from grader.errors import BrokenAssignment, UsageError

if TYPE_CHECKING:
    from grader.verify import Finding, Verification


@click.command()
@click.argument("assignments", metavar="[ID]...", nargs=-1)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write ID.zip into this folder: everything a student gets, in one file.",
)
@click.option(
    "--classroom",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write a template repository for GitHub Classroom into this folder; of one "
    "assignment.",
)
@click.option(
    "--sealed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --classroom: a bundle of `grader pack`, by which pushes are graded.",
)
@click.option("--points", help="With --classroom: what the public checks are worth there.")
@click.option(
    "--requirement",
    help="With --classroom: how dl-grader is installed there, as a line of requirements.txt "
    "[this version].",
)
@click.option(
    "--reporter/--no-reporter",
    default=True,
    help="With --classroom: whether the workflow hands points to the reporter of GitHub "
    "Classroom [it does].",
)
@pass_place
def release(
    place: Place,
    assignments: tuple[str, ...],
    bundle: Path | None,
    classroom: Path | None,
    sealed: Path | None,
    points: str | None,
    requirement: str | None,
    reporter: bool,
) -> None:
    """Write the notebooks that students get, in Chinese and English.

    Everything between BEGIN SOLUTION and END SOLUTION in reference/ID/solution.py becomes
    `raise NotImplementedError`; what is hidden there is left out. Refuses when a file that
    students get holds a line of a solution.

    handout.json beside them lets `grader check` name misconceptions on the student's machine: it
    holds no code and no expected value, and a hint in it opens only with the wrong output that it
    belongs to.

    \b
    Examples:
      grader release
      grader release gd --bundle handout
      grader release gd --classroom ../gd-template
    """
    from grader import release as released
    from grader.rehearsal import write_handout

    chosen = _chosen(place.course, assignments)
    if classroom is not None and len(chosen) != 1:
        raise UsageError("a template repository is of one assignment", "Name it: release ID")
    for what in chosen:
        for path in (*released.write(what), write_handout(what)):
            click.echo(str(path))
        leaks = released.leaks(what)
        if leaks:
            raise BrokenAssignment(
                f"{leaks[0]}, a line of a solution",
                "Move it between BEGIN SOLUTION and END SOLUTION in solution.py",
            )
        if bundle is not None:
            bundle.mkdir(parents=True, exist_ok=True)
            click.echo(str(released.bundle(what, bundle / f"{what.id}.zip")))
        if classroom is not None:
            from grader.classroom import Choices, write_template

            worth = parse_points(points)
            choices = Choices(requirement or "", sealed, worth, reporter)
            for path in write_template(what, classroom, choices):
                click.echo(str(path))


@click.command()
@click.argument("assignments", metavar="[ID]...", nargs=-1)
@jobs_option("Solutions")
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True)
@sandbox_option("For the released notebooks.")
@click.option("--mutants", is_flag=True, help="Also: which small changes do the tests notice?")
@click.option("--calibrate", is_flag=True, help="Also: how far are right solutions off?")
@click.option("--diagnosis", is_flag=True, help="Also: how often is the cause named rightly?")
@click.option(
    "--repeat",
    type=click.IntRange(min=2),
    help="Also: do so many gradings of one submission give one result?",
)
@click.option(
    "--levels",
    type=click.IntRange(min=1),
    help="Also: do our solution, the untouched notebook and so many wrong ones get one result at "
    "every level of isolation?",
)
@click.option(
    "--curves",
    is_flag=True,
    help="Also: train our solution and keep its curves in reference/ID/curves.json, for reports.",
)
@device_option("Where the right solutions compute.")
@click.option("--all", "everything", is_flag=True, help="List also what is as it should be.")
@json_option
@pass_place
def verify(
    place: Place,
    assignments: tuple[str, ...],
    jobs: int | None,
    seeds: int,
    sandbox: str,
    mutants: bool,
    calibrate: bool,
    diagnosis: bool,
    repeat: int | None,
    levels: int | None,
    curves: bool,
    device: str,
    everything: bool,
    as_json: bool,
) -> None:
    """Is an assignment sound? Grade solutions whose verdict is known.

    The reference and the second right solutions must earn everything on several hidden seeds,
    every wrong variant must lose points in its own function and nowhere else and be named, the
    untouched notebook must earn nothing, points must add up to what assignment.toml promises, and
    nothing that students get may hold a line of a solution. Exit code 1 if anything is wrong.

    --mutants changes the reference by rule (an operator, an index, an axis, a term) and lists the
    changes that no hidden test notices; --calibrate runs right solutions with other summation
    orders and precisions and prints their errors beside the tolerances in use; --diagnosis makes
    results that are wrong in known ways (the catalogue, each variant with its own entry withheld,
    a factor, a sign, an axis, a term on every function) and counts how often feedback names the
    cause rightly, wrongly or not; --repeat grades one right and one wrong submission again and
    again and compares everything but the clock; --levels grades our solution, the untouched
    notebook and notebooks with a wrong variant in every function at each level that this machine
    holds and in `plain`, whose kernels start cold, and compares likewise.

    \b
    Examples:
      grader verify
      grader verify gd --seeds 1 --all
      grader verify gd --mutants --calibrate
      grader verify gd --diagnosis
      grader verify gd --repeat 20
      grader verify gd --levels 9
    """
    from grader.batch import worker_pool
    from grader.calibrate import calibrate as measure
    from grader.curves import keep_curves
    from grader.diagnosed import diagnose
    from grader.mutation import run_mutants
    from grader.repetition import everywhere, repeated
    from grader.round import default_workers, isolation_of
    from grader.sandbox.choose import every_sandbox, open_sandbox
    from grader.verify import grade_trial, right_trials
    from grader.verify import verify as try_everything

    course = place.course
    chosen = _chosen(course, assignments)
    isolation_of(sandbox)
    reports, extras = [], []
    with worker_pool(jobs or default_workers()) as pool, open_sandbox(sandbox) as box:
        for what in chosen:
            tell = _tell(what.id)
            report = try_everything(
                course, what, box, pool, seeds=seeds, device=device, on_finding=tell
            )
            again = tuple(repeated(course, what, box, repeat)) if repeat else ()
            if levels:
                with every_sandbox(
                    (course.root,), lambda why: click.echo(str(why), err=True)
                ) as all_of:
                    for finding in everywhere(course, what, all_of, levels):
                        tell(finding)
                        again += (finding,)
            reports.append(replace(report, repeated=again))
            if curves:
                kept = keep_curves(what, grade_trial(right_trials(course, what, 1)[0]).curves)
                click.echo(f"{what.id}: curves of our solution in {kept}", err=True)
            fate = bench.tell_fate(what.id)
            run = run_mutants(course, what, pool, fate) if mutants else None
            named = diagnose(what) if diagnosis else None
            extras.append((run, measure(what) if calibrate else None, named))
    if as_json:
        pairs = zip(reports, extras, strict=True)
        echo_json([asdict(r) | {"sound": r.sound} | bench.as_dict(*e) for r, e in pairs])
    else:
        for report, (run, spreads, named) in zip(reports, extras, strict=True):
            _echo_report(report, everything=everything)
            if run is not None:
                bench.echo_mutants(run)
            if spreads is not None:
                bench.echo_spreads(report.assignment, spreads)
            if named is not None:
                bench.echo_diagnosed(report.assignment, named)
    if not all(r.sound for r in reports):
        raise click.exceptions.Exit(1)


def _tell(assignment: str) -> Callable[[Finding], None]:
    def tell(finding: Finding) -> None:
        sign = "✓" if finding.passed else "✗"
        click.echo(f"{assignment}: {sign} {finding.subject}", err=True)

    return tell


def _echo_report(report: Verification, *, everything: bool) -> None:
    shown = [f for f in report.findings if everything or not f.passed]
    if shown:
        echo_table(
            ["", "tried", "earned", "lost", "what is wrong"],
            [
                [
                    "✓" if f.passed else "✗",
                    f.subject,
                    number(f.earned),
                    " ".join(f.lost),
                    f.problem,
                ]
                for f in shown
            ],
            right=("earned",),
        )
    wrong = sum(not f.passed for f in report.findings)
    verdict = "sound" if report.sound else f"{wrong} of {len(report.findings)} are wrong"
    click.echo(
        f"{report.assignment}: {verdict} ({count(len(report.right), 'right solution')}, "
        f"{count(len(report.wrong), 'wrong one')}, {report.seconds:.0f} s)"
    )


def _chosen(course: Course, names: Iterable[str]) -> list[Assignment]:
    from grader.overview import assignments_of

    chosen = [load_assignment(course, name) for name in names]
    chosen = chosen or list(assignments_of(course).values())
    if not chosen:
        raise UsageError(
            f"there is no assignment in {course.root / 'assignments'}",
            "Write assignments/ID/assignment.toml; docs/writing-checks.md shows how",
        )
    return chosen
