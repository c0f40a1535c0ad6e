"""A thousand submissions: neither slower nor larger towards the end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import lesson, table


def measure(folder: Path, count: int, workers: int = 2) -> dict[str, Any]:
    """Grade a class in this process's pool; time and memory for each tenth of it."""
    from grader import round as rounds
    from grader.config import load_assignment, load_course
    from grader.gradebook import Gradebook

    lesson.write_ours(folder, count)
    course = load_course(folder)
    ours, marks = psutil.Process(), []

    def weigh(_: object) -> None:
        done.append(time.perf_counter())
        if len(done) % max(1, count // 10) == 0:
            pool = [p.memory_info().rss for p in ours.children()]
            marks.append((len(done), done[-1], ours.memory_info().rss, max(pool, default=0)))

    done: list[float] = []
    with Gradebook(folder / "gradebook.db") as book:
        todo = rounds.plan(course, load_assignment(course, lesson.NAME), book)
        rounds.run(todo, book, workers, weigh)
    mib = 1024 * 1024
    rows, before = [], (0, 0.0)
    for number, at, coordinator, worker in marks:
        if before[0]:
            each = (at - before[1]) / (number - before[0])
            rows.append((number, 1000 * each, coordinator / mib, worker / mib))
        before = number, at
    headers = ("submissions", "ms each", "coordinator MiB", "largest worker MiB")
    table.show("Growth", headers, rows)
    return {
        "growth": [dict(zip(headers, (round(v, 1) for v in row), strict=True)) for row in rows]
    }
