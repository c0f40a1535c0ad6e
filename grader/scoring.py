"""Verdicts become the points of a homework. No files, no clock, no float.

All arithmetic is exact `Decimal`; every value carries the summands it was made from, so a report
shows the sum that was computed. `grader.coursegrade` goes on from here.

What is not known is never a zero. A result can lack a mark of a person (`PENDING`) or a decision
of the grader (`UNDECIDED`); a homework can be handed in but not graded yet, not be due yet, or be
missing. Only what is missing counts as zero, and only when the instructor says so.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from grader.course import Assignment, LatePolicy, ScheduledAssignment
from grader.entries import Extension, Override, Scope
from grader.late import Deadline, LateDeduction, deadline, late_deduction
from grader.result import CheckResult, SubmissionResult, Text, Verdict

ZERO = Decimal(0)


class State(enum.StrEnum):
    """How much is known about a score."""

    COMPLETE = "complete"
    PENDING = "pending"
    """A person has not marked every written question yet."""
    UNDECIDED = "undecided"
    """The grader failed on something; a person looks."""
    NOT_GRADED = "not_graded"
    """Handed in; the grader has not run yet."""
    OPEN = "open"
    """Nothing handed in, and it is not due yet."""
    MISSING = "missing"
    """Nothing handed in, or no score recorded."""


@dataclass(frozen=True)
class Outcome:
    """What the grade needs to know of one result; the gradebook keeps it in columns."""

    verdict: Verdict
    earned: Decimal
    points: Decimal
    """What the checks that reported are worth together."""
    undecided: Decimal = ZERO
    """The share of `points` on which the grader failed."""
    submitted_at: datetime | None = None
    attempt: int = 1
    settled: Decimal = ZERO
    """The share of `points` about which people decided, question by question."""


@dataclass(frozen=True)
class QuestionScore:
    """The points of one question."""

    id: str
    title: Text
    points: Decimal
    earned: Decimal
    written: bool = False
    undecided: Decimal = ZERO
    pending: Decimal = ZERO
    override: Override | None = None
    """A person decided these points."""

    @property
    def state(self) -> State:
        """Whether all points of the question are decided."""
        return _state(self.undecided, self.pending)


@dataclass(frozen=True)
class AssignmentScore:
    """The points of one homework, with everything they were made from."""

    assignment: str
    title: Text
    points: Decimal
    """What the assignment is worth."""
    state: State
    weight: Decimal = Decimal(1)
    """Relative to the other assignments."""
    automatic: Decimal = ZERO
    written: Decimal = ZERO
    undecided: Decimal = ZERO
    """Points on which the grader failed."""
    pending: Decimal = ZERO
    """Points of written questions that nobody has marked yet."""
    late: LateDeduction | None = None
    attempt: int = 0
    """The attempt that counts; 0: none."""
    due: Deadline | None = None
    """When it was due for this student."""
    total: Override | None = None
    """A person decided what the assignment earns, in place of all that was computed."""
    bonus: bool = False
    """Whether it only adds to the homework part."""

    @property
    def deducted(self) -> Decimal:
        """What handing in late cost."""
        return self.late.points if self.late and self.total is None else ZERO

    @property
    def earned(self) -> Decimal:
        """Automatic and written points, less the late deduction; or what a person decided."""
        if self.total is not None and self.total.points is not None:
            return self.total.points
        return self.automatic + self.written - self.deducted

    @property
    def known(self) -> bool:
        """Whether something is known: a result, or the decision of a person."""
        return self.state not in (State.NOT_GRADED, State.OPEN, State.MISSING)

    @property
    def decided(self) -> Decimal:
        """The points about which something is known."""
        return self.points - self.undecided - self.pending if self.known else ZERO

    @property
    def percent(self) -> Decimal | None:
        """The score on the 100-point scale, over the decided points; None: nothing is decided."""
        return self.earned * 100 / self.decided if self.decided > 0 else None


def earned(check: CheckResult) -> Decimal:
    """What a check earned: nothing unless it was accepted, except for the parts it won.

    A check graded by threshold has no named parts; it may have won a share by a wrong answer that
    was good enough for less, but never all of its points.
    """
    if check.verdict is Verdict.JUDGE_ERROR:
        return ZERO
    if check.parts:
        return sum((p.earned for p in check.parts), ZERO)
    if check.verdict is Verdict.WRONG_ANSWER and check.earned < check.points:
        return check.earned
    return check.earned if check.verdict is Verdict.ACCEPTED else ZERO


def outcome(
    result: SubmissionResult,
    assignment: Assignment | None = None,
    overrides: Collection[Override] = (),
) -> Outcome:
    """The summary of a result that the grade is computed from.

    Args:
        result: of the grader.
        assignment: says what overridden questions are worth; needed when there are any.
        overrides: what people decided about checks and questions instead. Those of written
            questions are marks, and left to `score_assignment`.
    """
    broken = result.verdict is Verdict.JUDGE_ERROR
    checks, questions = _by_target(overrides, Scope.CHECK), _by_target(overrides, Scope.QUESTION)
    settled = [
        (q.points, questions[q.id].points or ZERO)
        for q in (assignment.questions if assignment else ())
        if q.id in questions and not q.written
    ]
    left = [c for c in result.checks if c.question not in questions]
    graded = [c for c in left if c.id not in checks]
    won = [checks[c.id].points or ZERO for c in left if c.id in checks]
    won += [points for _, points in settled]
    won += [earned(c) for c in graded if not broken]
    worth = sum((points for points, _ in settled), ZERO)
    return Outcome(
        verdict=result.verdict,
        earned=sum(won, ZERO),
        points=sum((c.points for c in left), ZERO) + worth,
        undecided=sum((c.points for c in graded if _undecided(c, broken)), ZERO),
        submitted_at=result.submitted_at,
        attempt=result.attempt,
        settled=worth,
    )


def score_questions(
    assignment: Assignment,
    result: SubmissionResult,
    marks: Mapping[str, Decimal] | None = None,
    overrides: Collection[Override] = (),
) -> tuple[QuestionScore, ...]:
    """Points per question. Checks of a question that the assignment no longer has come last."""
    known = {w.question: w.earned for w in result.written if w.earned is not None}
    known |= dict(marks or {})
    whole, decided = _by_target(overrides, Scope.QUESTION), _by_target(overrides, Scope.CHECK)
    checks: dict[str, list[CheckResult]] = {}
    for check in result.checks:
        checks.setdefault(check.question, []).append(check)
    scores = [
        _overridden(q.id, q.title, q.points, q.written, whole[q.id])
        if q.id in whole
        else _written(q.id, q.title, q.points, known.get(q.id))
        if q.written
        else _automatic(q.id, q.title, q.points, result.verdict, checks.get(q.id, ()), decided)
        for q in assignment.questions
    ]
    ids = {q.id for q in assignment.questions}
    strays = (
        _automatic(question, Text(question, question), ZERO, result.verdict, some, decided)
        for question, some in checks.items()
        if question not in ids
    )
    return (*scores, *strays)


def score_assignment(
    assignment: Assignment,
    scheduled: ScheduledAssignment,
    result: Outcome | None,
    marks: Mapping[str, Decimal] | None = None,
    *,
    policy: LatePolicy,
    handed_in: bool = False,
    now: datetime | None = None,
    extension: Extension | None = None,
    free_days: int = 0,
    total: Override | None = None,
) -> AssignmentScore:
    """The score of one homework.

    Args:
        assignment: what was asked.
        scheduled: its deadline and weight.
        result: the result that counts; None when there is none.
        marks: points of written questions by question; a question without one is pending.
        policy: what late work loses.
        handed_in: whether there is a submission when there is no result.
        now: tells "missing" from "not due yet"; without it, what is not there is missing.
        extension: more time for this student.
        free_days: free late days the student has left.
        total: what a person decided in place of everything else.
    """
    points = sum((q.points for q in assignment.questions), ZERO)
    due = deadline(scheduled, policy, extension)
    if result is None:
        return AssignmentScore(
            assignment=assignment.id,
            title=assignment.title,
            points=points,
            state=State.COMPLETE if total else _absent(due, handed_in, now),
            weight=scheduled.weight,
            due=due,
            total=total,
            bonus=scheduled.bonus,
        )
    entered = {q.id: (marks or {}).get(q.id) for q in assignment.questions if q.written}
    written = sum((m for m in entered.values() if m is not None), ZERO)
    pending = sum((q.points for q in assignment.questions if _waits(q.id, entered)), ZERO)
    promised = sum((q.points for q in assignment.questions if not q.written), ZERO)
    undecided = _undecided_points(result, promised)
    return AssignmentScore(
        assignment=assignment.id,
        title=assignment.title,
        points=points,
        state=State.COMPLETE if total else _state(undecided, pending),
        weight=scheduled.weight,
        automatic=result.earned,
        written=written,
        undecided=ZERO if total else undecided,
        pending=ZERO if total else pending,
        late=late_deduction(policy, due, result.submitted_at, result.earned + written, free_days),
        attempt=result.attempt,
        due=due,
        total=total,
        bonus=scheduled.bonus,
    )


def _absent(due: Deadline | None, handed_in: bool, now: datetime | None) -> State:
    if handed_in:
        return State.NOT_GRADED
    return State.OPEN if now and due and not due.missed_by(now) else State.MISSING


def _by_target(overrides: Collection[Override], scope: Scope) -> dict[str, Override]:
    return {o.target: o for o in overrides if o.scope is scope}


def _state(undecided: Decimal, pending: Decimal) -> State:
    if undecided > 0:
        return State.UNDECIDED
    return State.PENDING if pending > 0 else State.COMPLETE


def _waits(question: str, entered: Mapping[str, Decimal | None]) -> bool:
    return question in entered and entered[question] is None


def _undecided(check: CheckResult, broken: bool) -> bool:
    return broken or check.verdict is Verdict.JUDGE_ERROR


def _undecided_points(result: Outcome, promised: Decimal) -> Decimal:
    """Points nobody can vouch for: the grader failed, or no check reported on them."""
    if result.verdict is Verdict.JUDGE_ERROR:
        return max(ZERO, promised - result.settled)
    unreported = promised - result.points if result.verdict is Verdict.ACCEPTED else ZERO
    return result.undecided + max(ZERO, unreported)


def _written(question: str, title: Text, points: Decimal, mark: Decimal | None) -> QuestionScore:
    pending = points if mark is None else ZERO
    return QuestionScore(question, title, points, mark or ZERO, written=True, pending=pending)


def _overridden(
    question: str, title: Text, points: Decimal, written: bool, override: Override
) -> QuestionScore:
    won = override.points or ZERO
    return QuestionScore(question, title, points, won, written=written, override=override)


def _automatic(
    question: str,
    title: Text,
    points: Decimal,
    verdict: Verdict,
    checks: Collection[CheckResult],
    overrides: Mapping[str, Override],
) -> QuestionScore:
    graded = [c for c in checks if c.id not in overrides]
    won = sum((overrides[c.id].points or ZERO for c in checks if c.id in overrides), ZERO)
    broken = verdict is Verdict.JUDGE_ERROR
    if not broken:
        won += sum(map(earned, graded), ZERO)
    undecided = sum((c.points for c in graded if _undecided(c, broken)), ZERO)
    if verdict in (Verdict.ACCEPTED, Verdict.JUDGE_ERROR):
        undecided += max(ZERO, points - sum((c.points for c in checks), ZERO))
    return QuestionScore(question, title, points, won, undecided=undecided)
