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

    What a command costs once (imports, the fork server) is taken out: a run with one submission is
    subtracted from a run with several, for every grader in the same way.

    Args:
        folder: where to work.
        rounds: turns.
        class_size: submissions for ours.
        few: submissions for the others.
    """
    ours, gd = Ours(folder / "ours", class_size), Gd(folder / "gd", class_size)
    nbgrader, otter = Nbgrader(folder / "nbgrader"), Otter(folder / "otter")
    seen: dict[str, list[Took]] = {}

    def note(name: str, took: Took, first: Took | None, count: int) -> None:
        less = (Took(-first.wall, -first.cpu), count - 1) if first else (Took(0.0, 0.0), count)
        rest = took + less[0]
        seen.setdefault(name, []).append(Took(rest.wall / less[1], rest.cpu / less[1]))
        print(f"  {name}: {seen[name][-1]}  load {os.getloadavg()[0]:.1f}", flush=True)

    for number in range(rounds):
        print(f"round {number + 1}", flush=True)
        first = number * (few + 1)
        alone = nbgrader.grade(first, 1)
        note("nbgrader", nbgrader.grade(first + 1, few), alone, few)
        note("otter", otter.grade(first, few), None, few)
        note("otter, two at once", otter.grade(first, 2 * (few // 2), 2), None, 2 * (few // 2))
        for workers in (1, 2):
            alone = ours.grade(1, workers)
            name = f"ours, {workers} worker{'s' * (workers > 1)}"
            note(name, ours.grade(class_size, workers), alone, class_size)
        alone = gd.grade(1)
        note("ours, the full gd", gd.grade(class_size // 2), alone, class_size // 2)
    _agree(nbgrader.points(1), otter.points(0), ours.points())
    return _summary(seen)


def _agree(nbgrader: float, otter: float, ours: set[str]) -> None:
    """Everybody gave the right work all points."""
    full = sum(lesson.POINTS.values())
    if nbgrader != full or otter != full or ours != {f"accepted {full}"}:
        raise RuntimeError(f"not all points: nbgrader {nbgrader}, otter {otter}, ours {ours}")


def _summary(seen: dict[str, list[Took]]) -> dict[str, Any]:
    wall = {name: table.median(took.wall for took in tooks) for name, tooks in seen.items()}
    cpu = {name: table.median(took.cpu for took in tooks) for name, tooks in seen.items()}
    best = "ours, 2 workers"
    rows = [
        (name, 60 / wall[name], cpu[name], wall[name] / wall[best], cpu[name] / cpu[best])
        for name in seen
    ]
    headers = ("", "submissions/min", "CPU-s each", "time / ours", "CPU / ours")
    table.show("The same assignment, the same three checks, with feedback", headers, rows)
    ratios = {name: wall[name] / wall[best] for name in BUDGET}
    for name, ratio in ratios.items():
        verdict = "held" if ratio >= BUDGET[name] else "MISSED"
        print(f"{ratio:.1f} x {name}; budget {BUDGET[name]} x: {verdict}")
    return {
        "seconds_per_submission": wall,
        "cpu_seconds_per_submission": cpu,
        "throughput_ratio": {name: round(ratio, 1) for name, ratio in ratios.items()},
        "cpu_ratio": {name: round(cpu[name] / cpu[best], 1) for name in BUDGET},
        "rounds": [
            {name: [round(t.wall, 3), round(t.cpu, 3)] for name, t in zip(seen, turn, strict=True)}
            for turn in zip(*seen.values(), strict=True)
        ],
    }
