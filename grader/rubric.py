"""The rubric of the final project, and how the scores of several markers become one.

A marker gives each criterion a level or points; several markers are averaged, criterion by
criterion, and where they are far apart it is shown. A team's score is that of its members, each
with an adjustment of their own; a criterion that was scored for a member alone counts instead of
the team's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from grader.entries import CriterionScore, Membership
from grader.participation import plain
from grader.result import Text

_ZERO, _HUNDRED = Decimal(0), Decimal(100)
OVERALL = ""
"""The criterion of comments on the whole project."""


@dataclass(frozen=True)
class Level:
    """One level of a criterion."""

    id: str
    title: Text
    share: Decimal
    """Percent of the criterion's weight."""
    description: Text


@dataclass(frozen=True)
class Criterion:
    """One line of the rubric."""

    id: str
    title: Text
    weight: Decimal
    """Points of the 100-point scale."""
    description: Text
    levels: tuple[Level, ...] = ()

    def level(self, name: str) -> Level | None:
        """The level of that id or title."""
        return _called(name, self.levels)


@dataclass(frozen=True)
class Rubric:
    """All criteria; their weights add up to 100."""

    title: Text
    criteria: tuple[Criterion, ...]
    disagreement: Decimal = Decimal(20)
    """Markers disagree when they are further apart than so many percent of a criterion."""

    def criterion(self, name: str) -> Criterion | None:
        """The criterion of that id or title."""
        return _called(name, self.criteria)


_T = TypeVar("_T", Level, Criterion)


def _called(name: str, among: Iterable[_T]) -> _T | None:
    text = name.casefold()
    names = ((one, (one.id, one.title.zh, one.title.en)) for one in among)
    return next((one for one, words in names if text in map(str.casefold, words)), None)


@dataclass(frozen=True)
class Given:
    """What one marker gave for one criterion."""

    marker: str
    points: Decimal
    level: Level | None
    comment: str


@dataclass(frozen=True)
class CriterionResult:
    """One criterion of one project."""

    criterion: Criterion
    given: tuple[Given, ...]
    own: bool
    """Whether it was scored for this member of a team alone."""
    disagrees: bool
    """Whether the markers are far apart."""

    @property
    def points(self) -> Decimal | None:
        """The mean over the markers; None: nobody has scored it yet."""
        if not self.given:
            return None
        return sum((g.points for g in self.given), _ZERO) / len(self.given)

    @property
    def spread(self) -> Decimal:
        """How far the markers are apart, in points."""
        points = [g.points for g in self.given]
        return max(points) - min(points) if points else _ZERO


@dataclass(frozen=True)
class ProjectScore:
    """The project of one student with everything the score was made from."""

    rubric: Rubric
    criteria: tuple[CriterionResult, ...]
    comments: tuple[Given, ...] = ()
    """On the whole project; the points mean nothing."""
    team: str = ""
    adjustment: Decimal = _ZERO
    reason: str = ""
    """Why there is an adjustment."""

    @property
    def missing(self) -> tuple[Criterion, ...]:
        """What nobody has scored yet; while there is any, there is no score."""
        return tuple(c.criterion for c in self.criteria if c.points is None)

    @property
    def before_adjustment(self) -> Decimal | None:
        """The sum over the criteria; None while one is missing."""
        if self.missing:
            return None
        return sum((c.points for c in self.criteria if c.points is not None), _ZERO)

    @property
    def score(self) -> Decimal | None:
        """Within the 100-point scale; None while a criterion is missing."""
        total = self.before_adjustment
        if total is None:
            return None
        return min(_HUNDRED, max(_ZERO, total + self.adjustment))

    @property
    def disagreements(self) -> tuple[CriterionResult, ...]:
        """Where the markers are far apart."""
        return tuple(c for c in self.criteria if c.disagrees)

    @property
    def arithmetic(self) -> Text:
        """How the score comes about."""
        if self.missing:
            return Text(
                f"尚未评分：{'、'.join(c.title.zh for c in self.missing)}。",
                f"Not scored yet: {', '.join(c.title.en for c in self.missing)}.",
            )
        terms = " + ".join(plain(c.points) for c in self.criteria if c.points is not None)
        text = f"{terms} = {plain(self.before_adjustment or _ZERO)}"
        if not self.adjustment:
            return Text(text, text)
        sign = "+" if self.adjustment > 0 else "−"
        more = f"{sign} {plain(abs(self.adjustment))} = {plain(self.score or _ZERO)}"
        return Text(f"{text}；个人调整 {more}", f"{text}; own adjustment {more}")


def project_scores(
    rubric: Rubric,
    entries: Iterable[CriterionScore],
    memberships: Mapping[str, Membership],
) -> dict[str, ProjectScore]:
    """The project of everybody of whom anything is known, by student."""
    given: dict[tuple[bool, str], list[CriterionScore]] = {}
    for entry in entries:
        given.setdefault((entry.team, entry.subject), []).append(entry)
    students = {subject for team, subject in given if not team} | set(memberships)
    found = {}
    for student in sorted(students):
        membership = memberships.get(student)
        own = given.get((False, student), [])
        shared = given.get((True, membership.team), []) if membership else []
        if own or shared:
            found[student] = _project(rubric, own, shared, membership)
    return found


def _project(
    rubric: Rubric,
    own: list[CriterionScore],
    shared: list[CriterionScore],
    membership: Membership | None,
) -> ProjectScore:
    results = []
    for criterion in rubric.criteria:
        mine = tuple(_given(criterion, e) for e in own if e.criterion == criterion.id)
        theirs = tuple(_given(criterion, e) for e in shared if e.criterion == criterion.id)
        given = mine or theirs
        points = [g.points for g in given]
        apart = (max(points) - min(points)) * 100 if points else _ZERO
        far = apart > rubric.disagreement * criterion.weight
        results.append(CriterionResult(criterion, given, bool(mine and shared), far))
    comments = (Given(e.marker, _ZERO, None, e.comment) for e in (*own, *shared) if _overall(e))
    return ProjectScore(
        rubric=rubric,
        criteria=tuple(results),
        comments=tuple(comments),
        team=membership.team if membership else "",
        adjustment=membership.adjustment if membership else _ZERO,
        reason=membership.reason if membership else "",
    )


def _overall(entry: CriterionScore) -> bool:
    return entry.criterion == OVERALL and bool(entry.comment)


def _given(criterion: Criterion, entry: CriterionScore) -> Given:
    """A level counts as its share of the weight as the rubric is now."""
    level = criterion.level(entry.level) if entry.level else None
    if entry.points is not None:
        points = min(entry.points, criterion.weight)
    else:
        points = criterion.weight * level.share / 100 if level else _ZERO
    return Given(entry.marker, points, level, entry.comment)
