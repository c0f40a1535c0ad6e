"""How long the self-check of a released assignment takes beside its notebook on a stock kernel.

    python benchmarks/handedout.py [--rounds 5] [--assignment gd] [--python venv/bin/python]

Both run as commands, start-up included: the notebook as `jupyter execute` runs it, through
nbclient on a stock kernel, and `grader check`. Two forms of the solved notebook are tried: as it
is released, where its cells call `check_here`, and without these cells. Rounds alternate, so that
a busy machine is busy for both; medians of wall and CPU seconds are printed, with ratios, of
which that of wall time may be 1.5 at most.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from grader.config import load_assignment, load_course
from grader.rehearsal import write_handout
from grader.release import build

ROOT = Path(__file__).resolve().parents[1]
STOCK = (
    "import sys, nbformat, nbclient; n = nbformat.read(sys.argv[1], 4); "
    "nbclient.NotebookClient(n, kernel_name='python3', timeout=600).execute()"
)


def timed(command, folder):
    started, before = time.perf_counter(), os.times()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds, after = time.perf_counter() - started, os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return seconds, cpu


def lay_out(assignment, folder, self_checks):
    """The student's folder with the solved notebook."""
    document = build(assignment, "en", solved=True)
    if not self_checks:
        document.cells = [c for c in document.cells if not c.source.startswith("check_here")]
    subprocess.run(["cp", "-r", f"{assignment.folder}/.", folder], check=True)
    write_handout(assignment, folder)
    path = folder / "solved.ipynb"
    nbformat.write(document, path)
    return path


def measure(assignment, rounds, self_checks, python):
    with tempfile.TemporaryDirectory() as name:
        path = lay_out(assignment, Path(name), self_checks)
        stock = [python, "-c", STOCK, path.name]
        check = [python, "-m", "grader", "check", path.name, "--strict"]
        times = {"stock": [], "check": []}
        for _ in range(rounds):
            times["stock"].append(timed(stock, name))
            times["check"].append(timed(check, name))
    return {
        kind: [statistics.median(x) for x in zip(*seen, strict=True)]
        for kind, seen in times.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--assignment", default="gd")
    parser.add_argument("--python", default=sys.executable, help="as students have it")
    chosen = parser.parse_args()
    assignment = load_assignment(load_course(ROOT), chosen.assignment)
    print(f"{'notebook':24} {'':4} {'stock s':>8} {'check s':>8} {'ratio':>6}")
    for words, self_checks in ("as released", True), ("without check_here", False):
        found = measure(assignment, chosen.rounds, self_checks, chosen.python)
        for unit, stock, check in zip(
            ("wall", "CPU"), found["stock"], found["check"], strict=True
        ):
            print(
                f"{words:24} {unit:4} {stock:8.2f} {check:8.2f} {check / stock:6.2f}", flush=True
            )


if __name__ == "__main__":
    main()
