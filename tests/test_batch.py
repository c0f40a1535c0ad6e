"""A worker that dies takes nothing with it but what killed it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import BrokenExecutor, Executor, Future
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from grader.batch import _drain, enter_worker, grade_all
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


def late(pid):
    """A worker that is ready when its coordinator, of that number, is gone."""
    while os.getppid() == pid:
        time.sleep(0.01)
    enter_worker()
    time.sleep(600)


COORDINATOR = """
import multiprocessing, os, sys
from tests.test_batch import late
if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=late, args=(os.getpid(),))
    worker.start()
    print(worker.pid, flush=True)
    sys.stdin.readline()
    os._exit(0)
"""


@pytest.mark.slow
def test_a_worker_whose_coordinator_died_early_ends(tmp_path):
    (tmp_path / "coordinator.py").write_text(COORDINATOR)
    root = str(Path(__file__).resolve().parents[1])
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "coordinator.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": root},
        text=True,
    ) as coordinator:
        worker = psutil.Process(int(coordinator.stdout.readline()))
        time.sleep(0.5)  # by now it reads what it is to do
        coordinator.stdin.write("\n")
        coordinator.stdin.flush()
        coordinator.wait()
        try:
            _, alive = psutil.wait_procs([worker], timeout=60)
            assert not alive
        finally:
            if worker.is_running():
                worker.kill()


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
    by_student = lambda job: job.submission.student  # noqa: E731
    assert sorted(done, key=by_student) == todo[:3]  # at once means in any order
    assert sorted(suspects, key=by_student) == todo[3:5]
    assert list(rest) == todo[5:]
    assert _drain(iter(todo[5:]), 1, done.append, Breaking(9), suspects) is None
    assert sorted(done, key=by_student) == todo[:3] + todo[5:]
