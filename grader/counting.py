"""Which attempt of a homework counts, and what is spent of a student's free late days.

Homeworks are taken in the order of their deadlines, because free days that one has spent are gone
for the next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from grader.course import Assignment, Course, ScheduledAssignment
from grader.entries import Extension, Override, Scope
from grader.gradebook import ResultRow
from grader.result import Text
from grader.scoring import ZERO, AssignmentScore, Outcome, State, score_assignment

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Work:
    """What there is of one student for one assignment."""

    attempts: tuple[tuple[ResultRow, Outcome], ...] = ()
    """The newest grading of each attempt, with overrides applied."""
    marks: Mapping[str, Decimal] | None = None
    handed_in: bool = False
    extension: Extension | None = None
    total: Override | None = None


def count_all(
    course: Course,
    assignments: Mapping[str, Assignment],
    works: Mapping[str, Work],
    now: datetime | None,
) -> tuple[tuple[AssignmentScore, ...], dict[str, ResultRow]]:
    """The score of every assignment in the order of the calendar, and the gradings that count.

    Args:
        course: calendar, late policy, attempts policy.
        assignments: what is on disk.
        works: what there is of the student, by assignment.
        now: tells "missing" from "not due yet".
    """
    free = course.late.free_days
    scores: dict[str, AssignmentScore] = {}
    counting: dict[str, ResultRow] = {}
    for scheduled in sorted(course.assignments, key=lambda a: a.due or _LAST):
        work = works.get(scheduled.id, Work())
        assignment = assignments.get(scheduled.id)
        if assignment is None:
            scores[scheduled.id] = _not_there(scheduled)
            continue
        tried = [
            (row, _scored(course, scheduled, assignment, work, outcome, free, now))
            for row, outcome in work.attempts
        ]
        if tried:
            row, score = tried[_which(course.homework.attempts, [s for _, s in tried])]
            counting[scheduled.id] = row
        else:
            score = _scored(course, scheduled, assignment, work, None, free, now)
        scores[scheduled.id] = score
        free -= score.late.free if score.late and score.total is None else 0
    return tuple(scores[a.id] for a in course.assignments), counting


def homework_marks(
    assignment: Assignment | None, marks: Mapping[str, Decimal], overrides: Collection[Override]
) -> dict[str, Decimal]:
    """Marks by question, overrides of written questions among them."""
    written = {q.id for q in assignment.questions if q.written} if assignment else set()
    decided = {
        o.target: o.points
        for o in overrides
        if o.scope is Scope.QUESTION and o.target in written and o.points is not None
    }
    return dict(marks) | decided


def _which(policy: str, scores: Sequence[AssignmentScore]) -> int:
    """The place of the attempt that counts; attempts come in their order."""
    last = len(scores) - 1
    if policy == "best":
        return max(range(len(scores)), key=lambda n: (scores[n].earned, n))
    if policy == "newest_on_time":
        return next((n for n in range(last, -1, -1) if scores[n].late is None), last)
    return last


def _scored(
    course: Course,
    scheduled: ScheduledAssignment,
    assignment: Assignment,
    work: Work,
    outcome: Outcome | None,
    free: int,
    now: datetime | None,
) -> AssignmentScore:
    return score_assignment(
        assignment,
        scheduled,
        outcome,
        work.marks,
        policy=course.late,
        handed_in=work.handed_in,
        now=now,
        extension=work.extension,
        free_days=free,
        total=work.total,
    )


def _not_there(scheduled: ScheduledAssignment) -> AssignmentScore:
    title = Text(scheduled.id, scheduled.id)
    return AssignmentScore(
        scheduled.id, title, ZERO, State.OPEN, scheduled.weight, bonus=scheduled.bonus
    )
