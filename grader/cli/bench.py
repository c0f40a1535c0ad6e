"""What `grader verify --mutants`, `--calibrate` and `--diagnosis` print."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from grader.cli.table import echo_table

if TYPE_CHECKING:
    from grader.calibrate import Spread
    from grader.diagnosed import Named
    from grader.mutation import Fate, MutationRun


def tell_fate(assignment: str) -> Any:
    """Progress on stderr: the survivors, and a count now and then."""
    seen = [0]

    def tell(fate: Fate) -> None:
        seen[0] += 1
        if not fate.killed_by and not fate.equivalent:
            click.echo(f"{assignment}: ✗ survives: {fate.mutant}", err=True)
        elif seen[0] % 25 == 0:
            click.echo(f"{assignment}: {seen[0]} mutants", err=True)

    return tell


def echo_mutants(run: MutationRun) -> None:
    """How many were killed, and who survived."""
    if run.survivors:
        echo_table(
            ["function", "rule", "before", "after", "in the line"],
            [
                [m.function, m.kind, m.before, m.after, m.line]
                for m in (f.mutant for f in run.survivors)
            ],
        )
    for fate in run.refuted:
        click.echo(f"not equivalent, {fate.killed_by} notices it: {fate.mutant}")
    equivalent = len(run.fates) - run.counted
    click.echo(
        f"{run.assignment}: {run.killed} of {run.counted} mutants killed ({run.share:.1%}); "
        f"{equivalent} more are equivalent"
    )


def echo_spreads(assignment: str, spreads: list[Spread]) -> None:
    """The measured errors of right solutions beside the tolerances in use."""
    rows = [
        [
            s.function,
            f"{s.double:.0e}",
            f"{s.single:.0e}",
            f"{s.tf32:.0e}",
            f"{s.tolerance:.0e}",
            f"{s.tolerance_single:.0e}" if s.single_in_use else "-",
            "✓" if s.fits else "✗",
        ]
        for s in spreads
    ]
    headers = ["function", "float64", "float32", "TF32 (emulated)", "in use", "float32", "room"]
    echo_table(headers, rows, right=tuple(headers[1:6]))
    tight = [s.function for s in spreads if not s.fits]
    click.echo(f"{assignment}: " + (f"too tight: {', '.join(tight)}" if tight else "room enough"))


def echo_diagnosed(assignment: str, found: list[Named]) -> None:
    """How often causes were named, by kind and by distortion, and every wrong name."""
    from grader.diagnosed import KINDS, OUTCOMES, share_right, shares

    rows = []
    for kind in KINDS:
        of_kind = [n for n in found if n.kind == kind]
        rows.append(_shares(kind, of_kind, share_right(of_kind) if kind != "withheld" else None))
    for family in dict.fromkeys(n.family for n in found if n.family):
        of_family = [n for n in found if n.family == family]
        rows.append(_shares(f"  {family}", of_family, share_right(of_family)))
    echo_table(["cause", *OUTCOMES, "named"], rows, right=(*OUTCOMES, "named"))
    for n in found:
        if n.outcome == "wrong":
            subject = f"{n.function}: {n.family or n.kind} {n.detail}".rstrip()
            click.echo(f"{assignment}: ✗ {subject}: {n.code}: {n.message}")
    total = shares(found)
    click.echo(f"{assignment}: {total['wrong']} of {len(found)} causes named wrongly")


def _shares(name: str, found: list[Named], named: float | None) -> list[str]:
    from grader.diagnosed import OUTCOMES, shares

    counted = shares(found)
    last = "-" if named is None else f"{named:.1%}"
    return [name, *(str(counted[outcome]) for outcome in OUTCOMES), last]


def as_dict(
    run: MutationRun | None, spreads: list[Spread] | None, diagnosed: list[Named] | None
) -> dict[str, Any]:
    """The same for --json."""
    found: dict[str, Any] = {}
    if run is not None:
        found["mutants"] = {
            "killed": run.killed,
            "counted": run.counted,
            "equivalent": len(run.fates) - run.counted,
            "survivors": [str(f.mutant) for f in run.survivors],
            "refuted": [str(f.mutant) for f in run.refuted],
        }
    if spreads is not None:
        found["spreads"] = [asdict(s) for s in spreads]
    if diagnosed is not None:
        found["diagnosed"] = [asdict(n) for n in diagnosed]
    return found
