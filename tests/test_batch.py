"""A worker that dies takes nothing with it but what killed it."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime

import psutil
import pytest

from grader.batch import grade_all
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
@pytest.mark.parametrize("own_pool", [True, False])
def test_only_what_kills_its_worker_is_lost(course_folder, own_pool):
    results = {}
    executor = None
    if not own_pool:
        executor = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    grade_all(
        jobs(course_folder, 9, fatal=(2, 7)),
        2,
        lambda result: results.setdefault(result.student, result),
        executor,
    )
    assert sorted(results) == [f"s{n:02}" for n in range(9)]
    failed = {s for s, r in results.items() if r.verdict is Verdict.JUDGE_ERROR}
    assert failed == {"s02", "s07"}
    assert "worker process died" in results["s02"].evidence
    whole = [{c.verdict for c in r.checks} for s, r in results.items() if s not in failed]
    assert whole == [{Verdict.ACCEPTED}] * 7
    if executor is not None:
        executor.shutdown()


@pytest.mark.slow
def test_a_batch_keeps_its_pace_when_a_worker_is_killed(course_folder):
    """The workers that come after grade as many at once as before."""
    seen, results = set(), []

    def killed_once(result):
        results.append(result)
        workers = _workers()
        seen.update(w.pid for w in workers)
        if len(results) == 1:
            workers[0].kill()

    grade_all(jobs(course_folder, 16), 2, killed_once)
    assert len(results) == 16
    assert {r.verdict for r in results} == {Verdict.ACCEPTED}
    assert len(seen) <= 5  # two, two more, and one for what was in flight


def _workers():
    children = psutil.Process().children()
    return [p for p in children if "spawn_main" in " ".join(p.cmdline())]
