"""What a student needs in one part of the grade to reach a total; what a total would be.

Nothing is computed a second way: every answer is found by trying scores with the function that
makes the grade itself, so rounding and dropped assignments are those of the course.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from grader.course import Course
from grader.coursegrade import CourseGrade, course_grade, on_scale
from grader.errors import UsageError
from grader.scoring import ZERO, AssignmentScore, State

HUNDRED = Decimal(100)
STEP = Decimal("0.01")
"""Scores are told to this."""


@dataclass(frozen=True)
class Need:
    """What is needed in one part, depending on what else is not known yet."""

    part: str
    target: Decimal
    at_best: Decimal | None
    """Needed when all else that is missing gets full points; None: not even 100 is enough."""
    at_worst: Decimal | None
    """Needed when all else that is missing gets nothing; None: not even 100 is enough."""
    highest: Decimal
    """The total with 100 in the part, and all else that is missing at full points."""
    others: tuple[str, ...] = ()
    """What else is missing."""

    @property
    def verdict(self) -> str:
        """One of "safe", "impossible", "depends" and "reachable"."""
        if self.at_best is None:
            return "impossible"
        if self.at_worst is not None and self.at_worst <= ZERO:
            return "safe"
        return "reachable" if self.at_best == self.at_worst else "depends"


def need(course: Course, grade: CourseGrade, target: Decimal, part: str = "project") -> Need:
    """The smallest score in `part` that brings the rounded total to `target`.

    Args:
        course: weights and scale.
        grade: where the student stands; what is known of `part` is set aside.
        target: a total on the 100-point scale.
        part: "participation", "project", "homework" or the id of an assignment.

    Raises:
        UsageError: the course has no such part.
    """
    _known(grade, part)
    others = tuple(gap.what for gap in grade.gaps if gap.what != part)
    if part == "homework":
        names = {i.score.assignment for i in grade.items}
        others = tuple(o for o in others if o not in names)
    return Need(
        part=part,
        target=target,
        at_best=_smallest(course, grade, target, part, HUNDRED),
        at_worst=_smallest(course, grade, target, part, ZERO),
        highest=total_if(course, grade, {part: HUNDRED}, HUNDRED),
        others=others,
    )


def total_if(
    course: Course, grade: CourseGrade, scores: Mapping[str, Decimal], rest: Decimal
) -> Decimal:
    """The rounded total if parts or assignments had these scores.

    Args:
        course: weights and scale.
        grade: where the student stands.
        scores: on the 100-point scale, by part or assignment.
        rest: what everything else that is missing gets, on the 100-point scale.

    Raises:
        UsageError: the course has no such part or assignment.
    """
    for name in scores:
        _known(grade, name)
    homework = [_assumed(i.score, scores, rest) for i in grade.items]
    participation, project = (
        scores.get(p.name, rest if p.score is None else p.score)
        for p in (grade.participation, grade.project)
    )
    made = course_grade(course, homework, participation, project, missing_as_zero=True)
    return on_scale(made.so_far, course.scale)


def _smallest(
    course: Course, grade: CourseGrade, target: Decimal, part: str, rest: Decimal
) -> Decimal | None:
    """Bisection over hundredths: the total never falls when a score rises."""
    if total_if(course, grade, {part: HUNDRED}, rest) < target:
        return None
    low, high = -1, int(HUNDRED / STEP)
    while high - low > 1:
        middle = (low + high) // 2
        if total_if(course, grade, {part: middle * STEP}, rest) >= target:
            high = middle
        else:
            low = middle
    return high * STEP


def _assumed(
    score: AssignmentScore, scores: Mapping[str, Decimal], rest: Decimal
) -> AssignmentScore:
    percent = scores.get(score.assignment, scores.get("homework"))
    if percent is None and score.state is State.COMPLETE:
        return score
    if percent is None and score.known:
        # What a marker or the grader still owes; being late costs its share of that, too.
        more = (score.pending + score.undecided) * rest / 100
        kept = 1 - score.late.share if score.late else Decimal(1)
        return _complete(score, score.points, score.earned + more * kept)
    worth = score.points or HUNDRED  # not on disk yet: any scale will do
    return _complete(score, worth, worth * (rest if percent is None else percent) / 100)


def _complete(score: AssignmentScore, worth: Decimal, earned: Decimal) -> AssignmentScore:
    return replace(
        score,
        points=worth,
        state=State.COMPLETE,
        automatic=earned,
        written=ZERO,
        undecided=ZERO,
        pending=ZERO,
        late=None,
        total=None,
    )


def _known(grade: CourseGrade, name: str) -> None:
    names = [p.name for p in grade.parts] + [i.score.assignment for i in grade.items]
    if name not in names:
        raise UsageError(f"the course has no part {name!r}", f"It has: {', '.join(names)}")
