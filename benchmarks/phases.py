"""Where the time of one submission goes, on both sides of the border."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import lesson, table
from benchmarks.account import Account, account

BUDGET = {"all": 0.25, "report": 0.05}


@dataclass
class Meter:
    """Adds up wall time, our CPU and the guests' CPU by phase."""

    guest: Callable[[], float] = lambda: 0.0
    spent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0] * 3))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        before = self._now()
        try:
            yield
        finally:
            for i, (a, b) in enumerate(zip(before, self._now(), strict=True)):
                self.spent[name][i] += b - a

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), self.guest()

    def around(self, owner: Any, attribute: str, name: str) -> None:
        """Have calls of a function counted as a phase."""
        function = getattr(owner, attribute)

        @functools.wraps(function)
        def measured(*arguments: Any, **keywords: Any) -> Any:
            with self.phase(name):
                return function(*arguments, **keywords)

        setattr(owner, attribute, measured)


def places() -> tuple[tuple[Any, str, str], ...]:
    """The functions that are phases: whose, which, and what the phase is called."""
    from grader import feedback, grade
    from grader.kernelclient import KernelCells
    from grader.sandbox.linux import LinuxSandbox
    from grader.session import Session

    return (
        (LinuxSandbox, "open", "open box"),
        (KernelCells, "start", "kernel ready"),
        (Session, "_run", "cells"),
        (grade, "judge", "checks"),
        (Session, "close", "close"),
        (feedback, "_write_student", "report"),
    )


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Grade `count` submissions in this process and render their reports."""
    import torch

    from grader import feedback, grade
    from grader.config import load_assignment, load_course
    from grader.gradebook import Gradebook
    from grader.sandbox.linux import LinuxSandbox
    from grader.submission import GradingJob, Submission

    torch.set_num_threads(1)
    lesson.write_ours(folder, count + 5)
    homes = sorted((folder / "submissions" / lesson.NAME).iterdir())
    now = datetime.now(UTC)
    jobs = [
        GradingJob(
            folder,
            Submission(lesson.NAME, home.name, home / f"{lesson.NAME}.ipynb", 1, now),
            "linux",
            secret=b"s" * 32,
        )
        for home in homes
    ]
    meter = Meter()
    for owner, attribute, name in places():
        meter.around(owner, attribute, name)
    course = load_course(folder)
    with (
        joined_account() as (spent, ours),
        LinuxSandbox(hidden=(folder,)) as sandbox,
        Gradebook(folder / "gradebook.db") as book,
    ):
        meter.guest = lambda: spent.seconds() - time.process_time() + ours
        for number, job in enumerate(jobs):
            if number == 5:  # the first ones pay for what is done once
                meter.spent.clear()
            with meter.phase("all"):
                result = grade.grade(job, sandbox)
            if result.needs_human:
                raise RuntimeError(result.evidence)
            book.add_result(result)
        assignment = load_assignment(course, lesson.NAME)
        for _ in range(2):  # templates are compiled once
            meter.spent.pop("report", None)
            feedback.write_feedback(course, assignment, book, folder / "feedback")
    report = [value * count / len(jobs) for value in meter.spent.pop("report")]
    whole = meter.spent.pop("all")
    rest = [w - sum(p[i] for p in meter.spent.values()) for i, w in enumerate(whole)]
    whole = [w + r for w, r in zip(whole, report, strict=True)]
    spent = {**meter.spent, "read, seed, score": rest, "report, two languages": report}
    spent["all"] = whole
    rows = [
        (n, *(1000 * x / count for x in v), 1000 * (v[1] + v[2]) / count) for n, v in spent.items()
    ]
    headers = ("phase", "wall ms", "our CPU ms", "guest CPU ms", "CPU ms")
    table.show("One warm submission", headers, rows)
    cpu, rendering = rows[-1][-1] / 1000, rows[-2][-1] / 1000
    held = "held" if cpu <= BUDGET["all"] else "MISSED"
    print(f"CPU {cpu:.3f} s of at most {BUDGET['all']}: {held}")
    held = "held" if rendering <= BUDGET["report"] else "MISSED"
    print(f"of which the report {rendering:.3f} s of at most {BUDGET['report']}: {held}")
    return {
        "phases_ms": {
            row[0]: dict(zip(headers[1:], map(_round, row[1:]), strict=True)) for row in rows
        }
    }


def _round(value: Any) -> float:
    return round(float(value), 2)


@contextmanager
def joined_account() -> Iterator[tuple[Account, float]]:
    """An account that this process is in from now on, and what it had used before."""
    with account() as spent:
        spent.enter()
        yield spent, time.process_time()
