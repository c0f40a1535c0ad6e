"""The same class through nbgrader, otter-grader and ours, by turns."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from benchmarks import lesson, table
from benchmarks.ours import Gd, Ours
from benchmarks.rivals import Nbgrader, Otter
from benchmarks.timing import Took

BUDGET = {"nbgrader": 20, "otter": 30}


def measure(folder: Path, rounds: int, class_size: int, few: int) -> dict[str, Any]:
    """Grade by turns; medians of the rounds.

    The pace is that from one result to the next within a run, so it leaves out what a command
    costs once (imports, the fork server). The whole commands, spread over their submissions, are
    told beside it.

    Args:
        folder: where to work.
        rounds: turns.
        class_size: submissions for ours.
        few: submissions for the others.
    """
    ours, gd = Ours(folder / "ours", class_size), Gd(folder / "gd", 2 * few)
    nbgrader, otter = Nbgrader(folder / "nbgrader"), Otter(folder / "otter")
    seen: dict[str, list[Took]] = {}

    def note(name: str, took: Took, count: int) -> None:
        seen.setdefault(name, []).append(Took(took.wall / count, took.cpu / count, took.steady))
        print(f"  {name}: {seen[name][-1]}  load {os.getloadavg()[0]:.1f}", flush=True)

    for number in range(rounds):
        print(f"round {number + 1}", flush=True)
        first, even = number * few, few - few % 2
        note("nbgrader", nbgrader.grade(first, few), few)
        note("ours, 2 workers", ours.grade(class_size, 2), class_size)
        note("otter", otter.grade(first, few), few)
        note("otter, two at once", otter.grade(first, even, 2), even)
        note("ours, 1 worker", ours.grade(class_size, 1), class_size)
        note("ours, the full gd", gd.grade(2 * few), 2 * few)
    _agree(nbgrader.points(0), otter.points(0), ours.points())
    return _summary(seen)


def _agree(nbgrader: float, otter: float, ours: set[str]) -> None:
    """Everybody gave the right work all points."""
    full = sum(lesson.POINTS.values())
    if nbgrader != full or otter != full or ours != {f"accepted {full}"}:
        raise RuntimeError(f"not all points: nbgrader {nbgrader}, otter {otter}, ours {ours}")


def _summary(seen: dict[str, list[Took]]) -> dict[str, Any]:
    pace = {name: table.median(took.steady for took in tooks) for name, tooks in seen.items()}
    whole = {name: table.median(took.wall for took in tooks) for name, tooks in seen.items()}
    cpu = {name: table.median(took.cpu for took in tooks) for name, tooks in seen.items()}
    best = "ours, 2 workers"
    rows = [
        (name, 60 / pace[name], pace[name] / pace[best], whole[name] / whole[best], cpu[name])
        for name in seen
    ]
    headers = ("", "submissions/min", "ratio", "ratio of whole commands", "CPU-s each, whole")
    table.show("The same assignment, the same three checks, with feedback", headers, rows)
    ratios = {name: pace[name] / pace[best] for name in BUDGET}
    for name, ratio in ratios.items():
        verdict = "held" if ratio >= BUDGET[name] else "MISSED"
        print(f"{ratio:.1f} x {name}; budget {BUDGET[name]} x: {verdict}")
    return {
        "seconds_per_submission": pace,
        "seconds_per_submission_whole_commands": whole,
        "cpu_seconds_per_submission_whole_commands": cpu,
        "throughput_ratio": {name: round(ratio, 1) for name, ratio in ratios.items()},
        "whole_commands_ratio": {name: round(whole[name] / whole[best], 1) for name in BUDGET},
        "rounds": [
            {
                name: [round(t.steady, 3), round(t.wall, 3), round(t.cpu, 3)]
                for name, t in zip(seen, turn, strict=True)
            }
            for turn in zip(*seen.values(), strict=True)
        ],
    }
