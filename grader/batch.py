"""Grades many submissions in parallel, over any `concurrent.futures.Executor`.

Every result is handed on as it arrives, so a batch that is killed has lost at most what was in
flight. A worker that dies is replaced and its submissions are graded again, then one at a time;
one that takes its worker with it again gets a judge_error, and the batch goes on.
"""

from __future__ import annotations

import atexit
import multiprocessing
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import torch

from grader.errors import GraderError
from grader.grade import grade
from grader.result import Diagnosis, SubmissionResult, Text, Verdict
from grader.sandbox import Sandbox
from grader.sandbox.choose import open_sandbox
from grader.submission import GradingJob
from grader.version import VERSION

TRIES = 3
"""How often a submission is graded when its worker dies under it."""

OnResult = Callable[[SubmissionResult], None]


def grade_all(
    jobs: Iterable[GradingJob],
    workers: int,
    on_result: OnResult,
    executor: Executor | None = None,
) -> None:
    """Grade all jobs.

    Args:
        jobs: what to grade; read as capacity frees up, so it may be a generator.
        workers: how many at once.
        on_result: called in this thread with each result, in the order of completion.
        executor: where to run; a pool of processes on this machine by default.

    Raises:
        KeyboardInterrupt: after what was in flight has been handed on.
    """
    if executor is not None:
        lost = _drain(deque(jobs), workers, on_result, executor)
    else:
        with _pool(workers) as pool:
            lost = _drain(jobs, workers, on_result, pool)
    tries = Counter(id(job) for job in lost)
    while lost:
        job = lost.popleft()
        with _pool(1) as pool:
            if not _drain([job], 1, on_result, pool):
                continue
        tries[id(job)] += 1
        if tries[id(job)] < TRIES:
            lost.append(job)
        else:
            on_result(_worker_died(job))


def _drain(
    jobs: Iterable[GradingJob], workers: int, on_result: OnResult, executor: Executor
) -> deque[GradingJob]:
    """Grade what can be; returns the jobs whose worker died, and those behind them."""
    waiting = iter(jobs)
    flying: dict[Future[SubmissionResult], GradingJob] = {}
    lost: deque[GradingJob] = deque()
    try:
        while True:
            _launch(waiting, flying, 2 * workers, executor, lost)
            if not flying:
                return lost
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                _land(future, flying.pop(future), lost, on_result)
    except KeyboardInterrupt:
        for future in flying:
            future.cancel()
        for future in wait(flying).done:
            if not future.cancelled():
                _land(future, flying[future], lost, on_result)
        raise


def _launch(
    waiting: Iterator[GradingJob],
    flying: dict[Future[SubmissionResult], GradingJob],
    at_most: int,
    executor: Executor,
    lost: deque[GradingJob],
) -> None:
    while len(flying) < at_most:
        job = next(waiting, None)
        if job is None:
            return
        try:
            flying[executor.submit(grade_job, job)] = job
        except BrokenExecutor:
            lost.append(job)


def _land(
    future: Future[SubmissionResult],
    job: GradingJob,
    lost: deque[GradingJob],
    on_result: OnResult,
) -> None:
    try:
        result = future.result()
    except BrokenExecutor:
        lost.append(job)
    except Exception as error:
        on_result(_failed(job, f"{type(error).__name__}: {error}"))
    else:
        on_result(result)


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=enter_worker) as pool:
        yield pool


def enter_worker() -> None:
    """Prepare a worker process: Ctrl-C is the coordinator's, and it does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)  # the reference computes as the sandbox does; workers share cores
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


_sandboxes: dict[tuple[str, Path], Sandbox] = {}


def grade_job(job: GradingJob) -> SubmissionResult:
    """Grade one job in this process, which keeps its sandbox for the next one."""
    try:
        sandbox = _sandbox(job.sandbox, job.course)
    except GraderError as error:
        return _failed(job, str(error))
    return grade(job, sandbox)


def _sandbox(name: str, course: Path) -> Sandbox:
    if (name, course) not in _sandboxes:
        _sandboxes[name, course] = sandbox = open_sandbox(name, hidden=(course,))
        atexit.register(sandbox.close)
    return _sandboxes[name, course]


def _worker_died(job: GradingJob) -> SubmissionResult:
    return _failed(job, f"the worker process died {TRIES} times while grading this submission")


def _failed(job: GradingJob, reason: str) -> SubmissionResult:
    return SubmissionResult(
        assignment=job.submission.assignment,
        student=job.submission.student,
        attempt=job.submission.attempt,
        verdict=Verdict.JUDGE_ERROR,
        graded_at=datetime.now(UTC),
        key=job.key,
        logic=job.logic,
        submitted_at=job.submission.submitted_at,
        device=job.device,
        grader_version=VERSION,
        diagnosis=Diagnosis(
            "judge_error",
            Text(
                "评分程序自身出错，本次提交的分数待定。",
                "The grader itself failed; the points of this submission are not decided yet.",
            ),
        ),
        evidence=reason,
    )
