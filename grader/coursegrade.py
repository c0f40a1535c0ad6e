"""Participation, homework and project become the course grade. Exact, and with every summand.

Rounding happens once, at the end: `rounded` takes a number on the 100-point scale to one decimal,
halves up. A part of which nothing is known is missing, never zero, unless the instructor says so;
then the grade is what is known "so far", out of what was reachable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from grader.course import Course
from grader.result import Text
from grader.scoring import ZERO, AssignmentScore, State

ROUNDING = Text(
    "百分制成绩只在最后一步四舍五入，保留一位小数。",
    "Grades on the 100-point scale are rounded once, at the end: to one decimal, halves up.",
)


@dataclass(frozen=True)
class Gap:
    """Something that keeps a grade from being final."""

    what: str
    """"participation", "project", "homework", or the id of an assignment."""
    state: State


@dataclass(frozen=True)
class Counted:
    """A homework as it enters the homework part."""

    score: AssignmentScore
    percent: Decimal | None
    """None: it does not enter yet."""


@dataclass(frozen=True)
class Part:
    """Participation, homework or project: its share of the course grade."""

    name: str
    weight: Decimal
    """Percent of the course grade."""
    score: Decimal | None
    """On the 100-point scale; None: nothing is known yet."""
    gaps: tuple[Gap, ...] = ()

    @property
    def contribution(self) -> Decimal:
        """What it adds to the course grade so far."""
        return ZERO if self.score is None else self.weight * self.score / 100


@dataclass(frozen=True)
class CourseGrade:
    """The course grade of one student with all its summands."""

    participation: Part
    homework: Part
    project: Part
    items: tuple[Counted, ...] = ()
    """The summands of the homework part."""

    @property
    def parts(self) -> tuple[Part, Part, Part]:
        """The three parts, in the order in which they are shown."""
        return self.participation, self.homework, self.project

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is not known yet; empty: the grade is final."""
        return tuple(gap for part in self.parts for gap in part.gaps)

    @property
    def so_far(self) -> Decimal:
        """The sum of what is known, out of `reachable`; exact."""
        return sum((p.contribution for p in self.parts), ZERO)

    @property
    def reachable(self) -> Decimal:
        """The weights of the parts of which something is known."""
        return sum((p.weight for p in self.parts if p.score is not None), ZERO)

    @property
    def total(self) -> Decimal | None:
        """The final grade, rounded; None while anything is missing."""
        return None if self.gaps else rounded(self.so_far)


def rounded(value: Decimal, places: int = 1) -> Decimal:
    """Round as the course rounds: halves up, after noise of a division in digit 28 is gone."""
    exact = value.quantize(Decimal("1e-12"), ROUND_HALF_EVEN)
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def course_grade(
    course: Course,
    homework: Sequence[AssignmentScore],
    participation: Decimal | None,
    project: Decimal | None,
    *,
    missing_as_zero: bool = False,
) -> CourseGrade:
    """The course grade: each part weighted, homework a weighted mean over assignments.

    `missing_as_zero` makes zeros of what is `MISSING`. What the grader or a marker still owes
    stays open, and so does the grade.
    """
    items = tuple(
        Counted(s, ZERO if missing_as_zero and s.state is State.MISSING else s.percent)
        for s in homework
    )
    weights = course.weights
    return CourseGrade(
        participation=_part(
            "participation", weights.participation, participation, missing_as_zero
        ),
        homework=Part(
            "homework",
            weights.homework,
            _mean(items),
            _homework_gaps(items, missing_as_zero) if weights.homework else (),
        ),
        project=_part("project", weights.project, project, missing_as_zero),
        items=items,
    )


def _mean(items: Iterable[Counted]) -> Decimal | None:
    counted = [(i.score.weight, i.percent) for i in items if i.percent is not None]
    total = sum((weight for weight, _ in counted), ZERO)
    return sum((weight * percent for weight, percent in counted), ZERO) / total if total else None


def _homework_gaps(items: tuple[Counted, ...], missing_as_zero: bool) -> tuple[Gap, ...]:
    if not items:
        return (Gap("homework", State.MISSING),)
    done = {State.COMPLETE, State.MISSING} if missing_as_zero else {State.COMPLETE}
    return tuple(
        Gap(i.score.assignment, i.score.state) for i in items if i.score.state not in done
    )


def _part(name: str, weight: Decimal, score: Decimal | None, missing_as_zero: bool) -> Part:
    if score is None and not missing_as_zero:
        return Part(name, weight, None, (Gap(name, State.MISSING),) if weight else ())
    return Part(name, weight, score if score is not None else ZERO)
