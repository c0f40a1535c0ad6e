"""Verdicts become the points of a homework. No files, no clock, no float.

All arithmetic is exact `Decimal`; every value carries the summands it was made from, so a report
shows the sum that was computed. `grader.coursegrade` goes on from here.

What is not known is never a zero. A result can lack a mark of a person (`PENDING`) or a decision
of the grader (`UNDECIDED`); a homework can be handed in but not graded yet, not be due yet, or be
missing. Only what is missing counts as zero, and only when the instructor says so.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from grader.course import Assignment, LatePolicy, ScheduledAssignment
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
class LateDeduction:
    """What handing in late cost, as arithmetic: `points = earned x share`."""

    due: datetime
    submitted_at: datetime
    days: int
    """Started days after the deadline."""
    per_day: Decimal
    accepted: bool
    """False: handed in after the last day on which anything is accepted."""
    share: Decimal
    """Share of the earned points that is lost, at most 1."""
    earned: Decimal
    """Before the deduction."""
    points: Decimal
    """What is taken off."""


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

    @property
    def deducted(self) -> Decimal:
        """What handing in late cost."""
        return self.late.points if self.late else ZERO

    @property
    def earned(self) -> Decimal:
        """Automatic and written points, less the late deduction."""
        return self.automatic + self.written - self.deducted

    @property
    def decided(self) -> Decimal:
        """The points about which something is known."""
        if self.state in (State.NOT_GRADED, State.OPEN, State.MISSING):
            return ZERO
        return self.points - self.undecided - self.pending

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


def outcome(result: SubmissionResult) -> Outcome:
    """The summary of a result that the grade is computed from."""
    broken = result.verdict is Verdict.JUDGE_ERROR
    return Outcome(
        verdict=result.verdict,
        earned=ZERO if broken else sum((earned(c) for c in result.checks), ZERO),
        points=result.points,
        undecided=sum((c.points for c in result.checks if _undecided(c, broken)), ZERO),
        submitted_at=result.submitted_at,
        attempt=result.attempt,
    )


def late_deduction(
    policy: LatePolicy, due: datetime | None, submitted_at: datetime | None, points: Decimal
) -> LateDeduction | None:
    """What `points` lose by being late; None when the submission is on time or undated."""
    if due is None or submitted_at is None or submitted_at <= due:
        return None
    days = -((due - submitted_at) // timedelta(days=1))
    accepted = days <= policy.days
    share = min(Decimal(1), policy.per_day * days) if accepted else Decimal(1)
    return LateDeduction(
        due, submitted_at, days, policy.per_day, accepted, share, points, points * share
    )


def score_questions(
    assignment: Assignment, result: SubmissionResult, marks: Mapping[str, Decimal] | None = None
) -> tuple[QuestionScore, ...]:
    """Points per question. Checks of a question that the assignment no longer has come last."""
    known = {w.question: w.earned for w in result.written if w.earned is not None}
    known |= dict(marks or {})
    scores = [
        _written(q.id, q.title, q.points, known.get(q.id))
        if q.written
        else _automatic(q.id, q.title, q.points, result)
        for q in assignment.questions
    ]
    ids = {q.id for q in assignment.questions}
    strays = dict.fromkeys(c.question for c in result.checks if c.question not in ids)
    return (*scores, *(_automatic(q, Text(q, q), ZERO, result) for q in strays))


def score_assignment(
    assignment: Assignment,
    scheduled: ScheduledAssignment,
    result: Outcome | None,
    marks: Mapping[str, Decimal] | None = None,
    *,
    policy: LatePolicy,
    handed_in: bool = False,
    now: datetime | None = None,
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
    """
    points = sum((q.points for q in assignment.questions), ZERO)
    if result is None:
        state = _absent(scheduled, handed_in, now)
        return AssignmentScore(assignment.id, assignment.title, points, state, scheduled.weight)
    entered = {q.id: (marks or {}).get(q.id) for q in assignment.questions if q.written}
    written = sum((m for m in entered.values() if m is not None), ZERO)
    pending = sum((q.points for q in assignment.questions if _waits(q.id, entered)), ZERO)
    promised = sum((q.points for q in assignment.questions if not q.written), ZERO)
    undecided = _undecided_points(result, promised)
    return AssignmentScore(
        assignment=assignment.id,
        title=assignment.title,
        points=points,
        state=_state(undecided, pending),
        weight=scheduled.weight,
        automatic=result.earned,
        written=written,
        undecided=undecided,
        pending=pending,
        late=late_deduction(policy, scheduled.due, result.submitted_at, result.earned + written),
        attempt=result.attempt,
    )


def _absent(scheduled: ScheduledAssignment, handed_in: bool, now: datetime | None) -> State:
    if handed_in:
        return State.NOT_GRADED
    return State.OPEN if now and scheduled.due and now <= scheduled.due else State.MISSING


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
        return promised
    unreported = promised - result.points if result.verdict is Verdict.ACCEPTED else ZERO
    return result.undecided + max(ZERO, unreported)


def _written(question: str, title: Text, points: Decimal, mark: Decimal | None) -> QuestionScore:
    pending = points if mark is None else ZERO
    return QuestionScore(question, title, points, mark or ZERO, written=True, pending=pending)


def _automatic(
    question: str, title: Text, points: Decimal, result: SubmissionResult
) -> QuestionScore:
    checks = [c for c in result.checks if c.question == question]
    if result.verdict is Verdict.JUDGE_ERROR:
        return QuestionScore(question, title, points, ZERO, undecided=points)
    won = sum((earned(c) for c in checks), ZERO)
    undecided = sum((c.points for c in checks if c.verdict is Verdict.JUDGE_ERROR), ZERO)
    if result.verdict is Verdict.ACCEPTED:
        undecided += max(ZERO, points - sum((c.points for c in checks), ZERO))
    return QuestionScore(question, title, points, won, undecided=undecided)
