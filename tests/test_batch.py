"""A worker that dies takes nothing with it but what killed it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import BrokenExecutor, Executor, Future
from datetime import UTC, datetime

import pytest

from grader.batch import _drain, grade_all
from grader.result import Verdict
from grader.submission import GradingJob, Submission
from tests.tiny import RIGHT, hand_in

FATAL = "import os\nos._exit(1)"
"""In the `fake` sandbox a notebook runs in the worker itself."""


def jobs(root, count, fatal=()):
    for n in range(count):
        path = hand_in(root, f"s{n:02}", RIGHT, *([FATAL] if n in fatal else []))
        submission = Submission("tiny", f"s{n:02}", path, 1, datetime.now(UTC))
        yield GradingJob(root, submission, "fake", secret=b"s" * 32)


@pytest.mark.slow
def test_only_what_kills_its_worker_is_lost(course_folder):
    results = {}
    grade_all(
        jobs(course_folder, 6, fatal=(2,)),
        2,
        lambda result: results.setdefault(result.student, result),
    )
    assert sorted(results) == [f"s{n:02}" for n in range(6)]
    failed = {s for s, r in results.items() if r.verdict is Verdict.JUDGE_ERROR}
    assert failed == {"s02"}
    assert "worker process died" in results["s02"].evidence
    whole = [{c.verdict for c in r.checks} for s, r in results.items() if s not in failed]
    assert whole == [{Verdict.ACCEPTED}] * 5


class Breaking(Executor):
    """Answers some jobs, then breaks with what is in flight."""

    def __init__(self, answers):
        self._answers = answers
        self._flying = []
        self.broken = False

    def submit(self, function, /, *arguments, **_):
        (job,) = arguments
        if self.broken:
            raise BrokenExecutor
        future = Future()
        if self._answers > 0:
            self._answers -= 1
            future.set_result(job)
            return future
        self._flying.append(future)
        if len(self._flying) == 2:
            self.broken = True
            for flying in self._flying:
                flying.set_exception(BrokenExecutor())
        return future


def test_only_what_was_in_flight_is_suspected(course_folder):
    todo = list(jobs(course_folder, 9))
    done, suspects = [], deque()
    rest = _drain(iter(todo), 1, done.append, Breaking(3), suspects)
    assert done == todo[:3]
    assert list(suspects) == todo[3:5]
    assert list(rest) == todo[5:]
    assert _drain(iter(todo[5:]), 1, done.append, Breaking(9), suspects) is None
    assert done == todo[:3] + todo[5:]
