"""Participation, homework and project become the course grade. Exact, and with every summand.

Rounding happens once, at the end, as `[scale]` of the course says; by default to one decimal,
halves up. A part of which nothing is known is missing, never zero, unless the instructor says so;
then the grade is what is known "so far", out of what was reachable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal

from grader.course import Course, Scale
from grader.result import Text
from grader.scoring import ZERO, AssignmentScore, State

_MODES = {
    "half_up": (ROUND_HALF_UP, "四舍五入", "halves up"),
    "half_even": (ROUND_HALF_EVEN, "四舍六入五成双", "halves to even"),
    "down": (ROUND_DOWN, "舍去尾数", "down"),
    "up": (ROUND_UP, "进位", "up"),
}


def rounding_rule(scale: Scale) -> Text:
    """How grades are rounded and called, for those who read them."""
    _, zh, en = _MODES[scale.rounding]
    places_zh = f"保留 {scale.places} 位小数" if scale.places else "取整数"
    decimals = "one decimal" if scale.places == 1 else f"{scale.places} decimals"
    places_en = f"to {decimals}" if scale.places else "to whole points"
    letters = " · ".join(f"{row.letter} ≥ {row.at_least}" for row in scale.letters)
    return Text(
        f"百分制成绩只在最后一步{zh}，{places_zh}。" + (f"等级：{letters}。" if letters else ""),
        f"Grades on the 100-point scale are rounded once, at the end: {places_en}, {en}."
        + (f" Letters: {letters}." if letters else ""),
    )


ROUNDING = rounding_rule(Scale())


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
    dropped: bool = False
    """Whether it is one of the lowest that do not count."""


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
    scale: Scale = field(default_factory=Scale)

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
        return None if self.gaps else on_scale(self.so_far, self.scale)

    @property
    def letter(self) -> str:
        """The letter of the final grade; empty while it is open, or where there are none."""
        return "" if self.total is None else letter_of(self.total, self.scale)


def rounded(value: Decimal, places: int = 1) -> Decimal:
    """Round halves up, after noise of a division in digit 28 is gone."""
    return on_scale(value, Scale(places))


def on_scale(value: Decimal, scale: Scale) -> Decimal:
    """Round as the course rounds; noise of a division in digit 28 decides nothing."""
    exact = value.quantize(Decimal("1e-12"), ROUND_HALF_EVEN)
    return exact.quantize(Decimal(1).scaleb(-scale.places), _MODES[scale.rounding][0])


def letter_of(total: Decimal, scale: Scale) -> str:
    """The letter for a rounded grade; empty where the course has none."""
    return next((row.letter for row in scale.letters if total >= row.at_least), "")


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
    items = _without_lowest(
        [Counted(s, ZERO if missing_as_zero and _is_missing(s) else s.percent) for s in homework],
        course.homework.drop_lowest,
    )
    weights = course.weights
    return CourseGrade(
        participation=_part(
            "participation", weights.participation, participation, missing_as_zero
        ),
        homework=Part(
            "homework",
            weights.homework,
            _mean(items, course.homework.maximum),
            _homework_gaps(items, missing_as_zero) if weights.homework else (),
        ),
        project=_part("project", weights.project, project, missing_as_zero),
        items=items,
        scale=course.scale,
    )


def _is_missing(score: AssignmentScore) -> bool:
    return score.state is State.MISSING


def _without_lowest(items: Sequence[Counted], n: int) -> tuple[Counted, ...]:
    """The items, the `n` lowest marked as dropped; what is missing is lowest of all.

    One always stays, and bonus assignments, which can only add, are never dropped.
    """
    able = [
        i for i in items if not i.score.bonus and (i.percent is not None or _is_missing(i.score))
    ]
    # Of equals, the heavier one is dropped first, then the later one.
    order = {id(i): place for place, i in enumerate(items)}
    able.sort(key=lambda i: (_low(i.percent), -i.score.weight, -order[id(i)]))
    regular = sum(not i.score.bonus for i in items)
    gone = {id(i) for i in able[: max(0, min(n, regular - 1))]}
    return tuple(replace(i, dropped=True) if id(i) in gone else i for i in items)


def _low(percent: Decimal | None) -> Decimal:
    return Decimal(-1) if percent is None else percent


def _mean(items: Iterable[Counted], maximum: Decimal) -> Decimal | None:
    """The weighted mean; bonus assignments add their share and are not divided by."""
    counted = [i for i in items if i.percent is not None and not i.dropped]
    total = sum((i.score.weight for i in counted if not i.score.bonus), ZERO)
    if not total:
        return None
    reached = sum((i.score.weight * i.percent for i in counted if i.percent is not None), ZERO)
    return min(reached / total, maximum)


def _homework_gaps(items: tuple[Counted, ...], missing_as_zero: bool) -> tuple[Gap, ...]:
    if not items:
        return (Gap("homework", State.MISSING),)
    done = {State.COMPLETE, State.MISSING} if missing_as_zero else {State.COMPLETE}
    return tuple(
        Gap(i.score.assignment, i.score.state)
        for i in items
        if i.score.state not in done
        and not i.dropped
        and not (i.score.bonus and i.score.state is State.MISSING)
    )


def _part(name: str, weight: Decimal, score: Decimal | None, missing_as_zero: bool) -> Part:
    if score is None and not missing_as_zero:
        return Part(name, weight, None, (Gap(name, State.MISSING),) if weight else ())
    return Part(name, weight, score if score is not None else ZERO)
