"""`python -m benchmarks [NAME...]`: measure, print, and write results/NAME.json and the docs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks import (
    compare,
    gradebook,
    growth,
    memory,
    page,
    phases,
    reports,
    selfcheck,
    table,
    throughput,
)

NAMES: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "phases": lambda folder, rounds: phases.measure(folder, 40 * rounds),
    "memory": lambda folder, rounds: memory.measure(folder, 6),
    "throughput": lambda folder, rounds: throughput.measure(folder, rounds, 60),
    "selfcheck": lambda folder, rounds: selfcheck.measure(folder, 2 * rounds),
    "reports": lambda folder, rounds: reports.measure(folder, 1000),
    "gradebook": lambda folder, rounds: gradebook.measure(folder, rounds),
    "growth": lambda folder, rounds: growth.measure(folder, 1000),
    "compare": lambda folder, rounds: compare.measure(folder, rounds, 60, 5),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(NAMES)), metavar="[NAME]...")
@click.option("--rounds", default=3, show_default=True, help="Turns that medians are taken of.")
@click.option(
    "--keep/--no-keep",
    default=True,
    help="Write benchmarks/results/NAME.json and the documentation.",
)
def main(names: tuple[str, ...], rounds: int, keep: bool) -> None:
    """Measure the grader; all of it if no NAME is given.

    `compare` makes virtual environments for nbgrader and otter-grader in
    ~/.cache/dl-grader-benchmarks (or $BENCHMARK_CACHE) when they are not there.
    """
    if len(names) != 1:  # each in a fresh process, so that none inherits from another
        for name in names or NAMES:
            option = "--keep" if keep else "--no-keep"
            command = [sys.executable, "-m", "benchmarks", name, f"--rounds={rounds}", option]
            subprocess.run(command, check=True)
        return
    for name in names:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            numbers = NAMES[name](Path(folder) / name, rounds)
        if keep:
            table.keep(name, numbers)
            page.write_page()


if __name__ == "__main__":
    main()
