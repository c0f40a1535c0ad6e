"""Grades again what a change affects, and says whom it moved, by how much and through which check.

The older result stays in the gradebook. Where only points or sentences of checks have changed, the
recorded verdicts are counted anew; anything else is executed again as a whole submission, because
hygiene and follow-through look across checks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.batch import grade_all
from grader.changes import Change, change
from grader.checks.collection import mark_of, tests_in
from grader.checks.mark import Mark
from grader.course import Assignment, Course
from grader.entries import AuditEntry
from grader.errors import UsageError
from grader.gradebook import Gradebook
from grader.rescore import rescored
from grader.result import SubmissionResult, Verdict
from grader.round import jobs_for
from grader.scoring import earned
from grader.submission import GradingJob


@dataclass(frozen=True)
class Selection:
    """Which results to grade again; without any criterion, those that are not current."""

    students: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    """Results in which a check, or the notebook, ended so."""
    questions: tuple[str, ...] = ()
    """Results that lost points in one of these questions."""
    checks: tuple[str, ...] = ()
    """Results that lost points in one of these checks."""

    @property
    def by_outcome(self) -> bool:
        """Whether what a result says decides."""
        return bool(self.verdicts or self.questions or self.checks)

    def takes(self, result: SubmissionResult) -> bool:
        """Whether a result is meant."""
        if self.verdicts:
            seen = {result.verdict, *(c.verdict for c in result.checks)}
            if not seen.intersection(self.verdicts):
                return False
        if not (self.questions or self.checks):
            return True
        return any(
            (c.question in self.questions or c.id in self.checks)
            and (c.verdict is Verdict.JUDGE_ERROR or earned(c) < c.points)
            for c in result.checks
        )


@dataclass(frozen=True)
class Regrade:
    """What there is to do."""

    jobs: tuple[GradingJob, ...]
    """What is executed."""
    counted: tuple[SubmissionResult, ...]
    """New results, counted from recorded ones."""
    before: dict[tuple[str, int], SubmissionResult]
    """The newest result of every submission concerned, by student and attempt."""
    left: int
    """How many graded submissions are left alone."""
    ungraded: int
    """How many submissions have no result yet: `grader grade` is for them."""


def plan_regrade(
    course: Course,
    assignment: Assignment,
    book: Gradebook,
    selection: Selection,
    *,
    sandbox: str = "auto",
    device: str = "cpu",
) -> Regrade:
    """What a regrade will do.

    Raises:
        UsageError: there are no hidden tests, nothing has been handed in, or a question or check
            that was named does not exist.
        BrokenAssignment: the tests cannot be collected.
        GraderError: the course secret cannot be had.
    """
    marks = _marks(assignment)
    _known("question", selection.questions, [q.id for q in assignment.questions])
    _known("check", selection.checks, list(marks))
    rows = {(r.student, r.attempt): r for r in book.current_results(assignment.id)}
    jobs = jobs_for(course, assignment, book, selection.students, sandbox=sandbox, device=device)
    todo, counted, before, left, ungraded = [], [], {}, 0, 0
    for job in jobs:
        student, attempt = place = job.submission.student, job.submission.attempt
        row = rows.get(place)
        if row is None:
            ungraded += 1
            continue
        stale = row.key != job.key or row.needs_human
        named = bool(selection.students) or selection.by_outcome
        result = book.result(student, assignment.id, attempt) if stale or named else None
        if result is None or not selection.takes(result):
            left += 1
            continue
        before[place] = result
        new = None if selection.verdicts else _counted(result, job, marks)
        if new is not None:
            counted.append(new)
        else:
            todo.append(job)
    return Regrade(tuple(todo), tuple(counted), before, left, ungraded)


def run_regrade(
    todo: Regrade,
    book: Gradebook,
    workers: int,
    on_change: Callable[[Change, SubmissionResult], None],
    *,
    keep: bool = True,
    reason: str = "",
    author: str = "",
) -> None:
    """Do it; each result is in the gradebook before `on_change` sees what it changed.

    Args:
        todo: what `plan_regrade` found.
        book: an open gradebook.
        workers: submissions at once.
        on_change: called with each result, changed or not.
        keep: False: only tell what would change.
        reason: for the audit log.
        author: for the audit log.

    Raises:
        KeyboardInterrupt: Ctrl-C, after what was in flight has been kept.
        GradebookError: a result cannot be kept.
    """

    def land(result: SubmissionResult, executed: bool) -> None:
        what = change(todo.before[result.student, result.attempt], result, executed=executed)
        if keep:
            book.add_result(result)
            if what.checks:
                book.note([_entry(result, what, reason, author)])
        on_change(what, result)

    for result in todo.counted:
        land(result, False)
    if todo.jobs:
        grade_all(todo.jobs, min(workers, len(todo.jobs)), lambda result: land(result, True))


def _counted(
    result: SubmissionResult, job: GradingJob, marks: dict[str, Mark]
) -> SubmissionResult | None:
    """The result counted anew, where that is enough."""
    same_logic = result.logic != "" and result.logic == job.logic
    if not same_logic or result.key == job.key or result.needs_human:
        return None
    return rescored(result, marks, job.key, datetime.now(UTC))


def _marks(assignment: Assignment) -> dict[str, Mark]:
    folders = [f for f in (assignment.hidden_tests, assignment.public_tests) if f.is_dir()]
    marks = (mark_of(item) for item in tests_in(tuple(folders)).items)
    return {mark.id: mark for mark in marks if mark is not None}


def _known(kind: str, named: tuple[str, ...], known: list[str]) -> None:
    for name in named:
        if name not in known:
            raise UsageError(
                f"there is no {kind} {name!r}", f"Known: {', '.join(sorted(known)) or 'none'}"
            )


def _entry(result: SubmissionResult, what: Change, reason: str, author: str) -> AuditEntry:
    return AuditEntry(
        who=author,
        action="regrade",
        what=f"attempt {what.attempt}: {what.before:f} → {what.after:f}; {what.why}",
        why=reason,
        student=result.student,
        assignment=result.assignment,
    )
