"""One round of grading a class: what has no current result is graded, the rest is left alone.

A round that was killed is gone on with by starting it again: what it had graded is in the
gradebook under its key and is not graded a second time. What ended in a judge_error is: the
reason was on our side, and may be gone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from grader.batch import grade_all
from grader.contentkey import assignment_digest, logic_digest, result_key
from grader.course import Assignment, Course
from grader.errors import SandboxError, UsageError
from grader.gradebook import Gradebook
from grader.handin import find_submissions
from grader.result import Isolation, SubmissionResult
from grader.sandbox.choose import open_sandbox
from grader.secret import course_secret
from grader.submission import GradingJob, Submission


@dataclass(frozen=True)
class Round:
    """What there is to do for one assignment."""

    jobs: tuple[GradingJob, ...]
    """What will be graded, by student and attempt."""
    current: tuple[Submission, ...] = ()
    """What has a result under its present key."""


def isolation_of(sandbox: str, device: str = "cpu") -> Isolation:
    """What will stand between the submissions and this machine, found out by trying.

    Raises:
        SandboxError: this machine cannot hold the sandbox, or the sandbox lacks the device.
        UsageError: there is no such sandbox.
    """
    if sandbox in ("auto", "linux") and sys.platform == "linux":
        if device != "cpu":
            raise SandboxError(
                f"the linux sandbox has no device {device!r}",
                "Grade on the CPU, or accept a sandbox without walls: --sandbox plain",
            )
        from grader.sandbox.probe import isolation_at

        return isolation_at(None)
    with open_sandbox(sandbox) as opened:
        return opened.isolation


def plan(
    course: Course,
    assignment: Assignment,
    book: Gradebook,
    students: tuple[str, ...] = (),
    *,
    sandbox: str = "auto",
    device: str = "cpu",
    again: bool = False,
) -> Round:
    """What is to be graded.

    Args:
        course: whose submissions.
        assignment: which assignment.
        book: knows what has been graded.
        students: only these; all if empty.
        sandbox: the backend, "auto" being the strongest that the machine holds.
        device: "cpu" or "cuda".
        again: grade what has a current result, too.

    Raises:
        UsageError: there are no hidden tests, or nothing has been handed in.
        GraderError: the course secret cannot be had.
    """
    known = {
        (row.student, row.attempt): row.key
        for row in book.current_results(assignment.id)
        if not row.needs_human
    }
    jobs, current = [], []
    for job in jobs_for(course, assignment, book, students, sandbox=sandbox, device=device):
        submission = job.submission
        if not again and known.get((submission.student, submission.attempt)) == job.key:
            current.append(submission)
        else:
            jobs.append(job)
    return Round(tuple(jobs), tuple(current))


def jobs_for(
    course: Course,
    assignment: Assignment,
    book: Gradebook,
    students: tuple[str, ...] = (),
    *,
    sandbox: str = "auto",
    device: str = "cpu",
) -> list[GradingJob]:
    """The grading of every submission, graded before or not, by student and attempt.

    Arguments and exceptions are those of `plan`.
    """
    if not any(assignment.hidden_tests.glob("test_*.py")):
        raise UsageError(
            f"{assignment.hidden_tests} holds no tests",
            "Write test_*.py there; docs/writing-checks.md shows how",
        )
    backend = "linux" if sandbox == "auto" else sandbox
    submissions = find_submissions(
        course, assignment.id, students, book.submissions(assignment.id)
    )
    secret = course_secret(course.private)
    whole, logic = assignment_digest(assignment), logic_digest(assignment)
    return [
        GradingJob(
            course=course.root,
            submission=submission,
            sandbox=backend,
            device=device,
            secret=secret,
            key=result_key(whole, submission, secret, device, backend),
            logic=result_key(logic, submission, secret, device, backend),
        )
        for submission in submissions
    ]


def run(
    todo: Round,
    book: Gradebook,
    workers: int,
    on_result: Callable[[SubmissionResult], None],
) -> None:
    """Grade what is to be graded; each result is in the gradebook before `on_result` sees it.

    Raises:
        KeyboardInterrupt: Ctrl-C, after what was in flight has been kept.
        GradebookError: a result cannot be kept.
    """

    def keep(result: SubmissionResult) -> None:
        book.add_result(result)
        on_result(result)

    if todo.jobs:
        grade_all(todo.jobs, min(workers, len(todo.jobs)), keep)


def default_workers() -> int:
    """As many as this machine has cores for us."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
