"""Grades many submissions in parallel, over any `concurrent.futures.Executor`.

Every result is handed on as it arrives, so a batch that is killed has lost at most what was in
flight. When a worker dies, the batch goes on with new ones; what was in flight is graded at the
end, one at a time, and what takes its worker with it again and again gets a judge_error.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
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
from dataclasses import replace
from itertools import chain
from pathlib import Path

from grader.errors import GraderError
from grader.result import SubmissionResult
from grader.sandbox import Sandbox
from grader.sandbox.choose import open_sandbox
from grader.submission import GradingJob
from grader.undecided import OUR_FAULT, undecided

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
    suspects: deque[GradingJob] = deque()
    left = iter(jobs)
    waiting = left if executor is None else _drain(left, workers, on_result, executor, suspects)
    while waiting is not None:
        with worker_pool(workers) as pool:
            waiting = _drain(waiting, workers, on_result, pool, suspects)
    _one_at_a_time(suspects, on_result)


def _one_at_a_time(suspects: deque[GradingJob], on_result: OnResult) -> None:
    """Grade what was in flight when a worker died, so that who kills a worker shows."""
    tries = Counter(id(job) for job in suspects)
    while suspects:
        with worker_pool(1) as pool:
            broken: deque[GradingJob] = deque()
            while suspects and not broken:
                _drain(iter([suspects.popleft()]), 1, on_result, pool, broken)
        for job in broken:
            tries[id(job)] += 1
            if tries[id(job)] < TRIES:
                suspects.append(job)
            else:
                on_result(_worker_died(job))


def _drain(
    waiting: Iterator[GradingJob],
    workers: int,
    on_result: OnResult,
    executor: Executor,
    suspects: deque[GradingJob],
) -> Iterator[GradingJob] | None:
    """Grade until all is done or a worker dies.

    Returns:
        what is still to be graded, by another executor; None if nothing is. What was in flight
        when the worker died is added to `suspects`.
    """
    flying: dict[Future[SubmissionResult], GradingJob] = {}
    try:
        while True:
            refused = _launch(waiting, flying, 2 * workers, executor)
            if not flying:
                return None if refused is None else chain([refused], waiting)
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                _land(future, flying.pop(future), suspects, on_result)
            if refused is not None:
                for future in wait(flying).done:
                    _land(future, flying.pop(future), suspects, on_result)
                return chain([refused], waiting)
    except KeyboardInterrupt:
        for future in flying:
            future.cancel()
        for future in wait(flying).done:
            if not future.cancelled():
                _land(future, flying[future], suspects, on_result)
        raise


def _launch(
    waiting: Iterator[GradingJob],
    flying: dict[Future[SubmissionResult], GradingJob],
    at_most: int,
    executor: Executor,
) -> GradingJob | None:
    """Have jobs graded up to a number; returns the one that a broken executor refused, if any."""
    while len(flying) < at_most:
        job = next(waiting, None)
        if job is None:
            return None
        try:
            flying[executor.submit(grade_job, job)] = job
        except BrokenExecutor:
            return job
    return None


def _land(
    future: Future[SubmissionResult],
    job: GradingJob,
    suspects: deque[GradingJob],
    on_result: OnResult,
) -> None:
    try:
        result = future.result()
    except BrokenExecutor:
        suspects.append(job)
    except Exception as error:
        on_result(_failed(job, f"{type(error).__name__}: {error}"))
    else:
        on_result(result)


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """Fresh processes, so many at once, each prepared by `enter_worker`."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=enter_worker)


def enter_worker() -> None:
    """Prepare a worker process: Ctrl-C is the coordinator's, and it does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it died while we were importing: no signal will come, and no work


_sandboxes: dict[tuple[str, Path], Sandbox] = {}


def grade_job(job: GradingJob) -> SubmissionResult:
    """Grade one job in this process, which keeps its sandbox for the next one."""
    try:
        sandbox = _sandbox(job.sandbox, job.course)
    except GraderError as error:
        return _failed(job, str(error))
    # Here, and not above, this is imported while the sandbox starts, and by no coordinator.
    import torch

    from grader.grade import grade

    torch.set_num_threads(1)  # the reference computes as the sandbox does; workers share cores
    return grade(job, sandbox)


def _sandbox(name: str, course: Path) -> Sandbox:
    if (name, course) not in _sandboxes:
        _sandboxes[name, course] = sandbox = open_sandbox(name, hidden=(course,))
        atexit.register(sandbox.close)
    return _sandboxes[name, course]


def _worker_died(job: GradingJob) -> SubmissionResult:
    return _failed(job, f"the worker process died {TRIES} times while grading this submission")


def _failed(job: GradingJob, reason: str) -> SubmissionResult:
    return replace(undecided(job), diagnosis=replace(OUR_FAULT, hint=None), evidence=reason)
