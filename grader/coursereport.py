"""What the summary of a course says: how assignment follows assignment, who stands where.

For instructors only. Students who have left the course are not counted anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from grader.course import Assignment, Course
from grader.coursegrade import CourseGrade
from grader.result import Text
from grader.rubric import CriterionResult, Given
from grader.scoring import AssignmentScore, State
from grader.spread import Quarters, quarters, tenths
from grader.standing import Standing

_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Progress:
    """How the class did on one assignment."""

    id: str
    title: Text
    due: datetime | None
    students: int
    on_time: int
    late: int
    missing: int
    """Nothing handed in, though it is due."""
    undecided: int
    """Students on whom the grader failed."""
    pending: int
    """Students who wait for a mark of a written question."""
    quarters: Quarters | None
    """Minimum, quartiles and maximum of the known scores on the 100-point scale."""

    @property
    def handed_in(self) -> int:
        """How many handed in."""
        return self.on_time + self.late

    @property
    def shares(self) -> tuple[tuple[str, Decimal], ...]:
        """The bar of who handed in."""
        return ("earned", Decimal(self.on_time)), ("late", Decimal(self.late))


@dataclass(frozen=True)
class Apart:
    """A criterion of a project on which the markers are far apart."""

    subject: str
    """The team, or the student."""
    students: tuple[str, ...]
    result: CriterionResult


@dataclass(frozen=True)
class Marker:
    """One marker beside the others, over what several have marked."""

    name: str
    given: int
    """Scores that this marker gave for criteria that another one scored, too."""
    offset: Decimal
    """How far above the mean of the markers on average, in percent of the criterion; below 0:
    stricter than the others."""


@dataclass(frozen=True)
class CourseReport:
    """Everything that the summary of a course shows."""

    course: Course
    lines: tuple[Standing, ...]
    """Of those who are in the course."""
    progress: tuple[Progress, ...]
    apart: tuple[Apart, ...] = ()
    """Where markers of projects disagree, the farthest first."""
    markers: tuple[Marker, ...] = ()
    """By offset, the strictest first; empty where nothing was marked twice."""
    inactive: int = 0
    """Students who have left the course and are not counted."""

    @property
    def percents(self) -> tuple[Decimal, ...]:
        """Where the students stand, on the 100-point scale over what is known."""
        return tuple(p for line in self.lines if (p := percent(line.grade)) is not None)

    @property
    def final(self) -> int:
        """How many course grades are final."""
        return sum(line.grade.total is not None for line in self.lines)

    @property
    def distribution(self) -> tuple[int, ...]:
        """How many stand in each tenth of the scale; 100 belongs to the last."""
        return tenths(self.percents, _HUNDRED)

    @property
    def quarters(self) -> Quarters | None:
        """Minimum, quartiles and maximum of where the students stand."""
        return quarters(self.percents)


def percent(grade: CourseGrade) -> Decimal | None:
    """The course grade over what is known, on the 100-point scale; None: nothing is known."""
    return grade.so_far * _HUNDRED / grade.reachable if grade.reachable else None


def course_report(
    course: Course, assignments: Mapping[str, Assignment], standings: Iterable[Standing]
) -> CourseReport:
    """Gather what the summary of a course shows.

    Args:
        course: its calendar says which assignments there are.
        assignments: those that exist on disk, by id; others are left out.
        standings: the lines of all students.
    """
    everybody = tuple(standings)
    there = tuple(s for s in everybody if s.student.active)
    marked = _marked(there)
    return CourseReport(
        course=course,
        lines=there,
        progress=tuple(
            _progress(assignments[a.id], a.due, there)
            for a in course.assignments
            if a.id in assignments
        ),
        apart=_apart(marked.values()),
        markers=_markers(m.result for m in marked.values()),
        inactive=len(everybody) - len(there),
    )


def _progress(assignment: Assignment, due: datetime | None, lines: Sequence[Standing]) -> Progress:
    scores = [s for line in lines if (s := line.score(assignment.id)) is not None]
    states = [s.state for s in scores]
    late = sum(map(_late, scores))
    return Progress(
        id=assignment.id,
        title=assignment.title,
        due=due,
        students=len(scores),
        on_time=sum(s.attempt > 0 or s.state is State.NOT_GRADED for s in scores) - late,
        late=late,
        missing=states.count(State.MISSING),
        undecided=states.count(State.UNDECIDED),
        pending=states.count(State.PENDING),
        quarters=quarters([p for s in scores if (p := s.percent) is not None]),
    )


def _late(score: AssignmentScore) -> bool:
    return bool(score.late and score.late.days)


@dataclass
class _Marked:
    """One criterion of one project, and whose it is."""

    subject: str
    result: CriterionResult
    students: list[str] = field(default_factory=list)


def _marked(lines: Iterable[Standing]) -> dict[tuple[str, str, str], _Marked]:
    """Every criterion of every project once, though a team has many members."""
    found: dict[tuple[str, str, str], _Marked] = {}
    for line in lines:
        if line.rubric is None or line.project is not None:
            continue
        for result in line.rubric.criteria:
            alone = result.own or not line.rubric.team
            team = "" if alone else line.rubric.team
            subject = line.student.id if alone else team
            key = team, subject, result.criterion.id
            found.setdefault(key, _Marked(subject, result)).students.append(line.student.id)
    return found


def _apart(marked: Iterable[_Marked]) -> tuple[Apart, ...]:
    found = [Apart(m.subject, tuple(m.students), m.result) for m in marked if m.result.disagrees]
    return tuple(sorted(found, key=lambda a: (-_distance(a.result), a.subject)))


def _distance(result: CriterionResult) -> Decimal:
    return result.spread * _HUNDRED / result.criterion.weight


def _markers(results: Iterable[CriterionResult]) -> tuple[Marker, ...]:
    offsets: dict[str, list[Decimal]] = {}
    for result in results:
        if len(result.given) > 1:
            for given in result.given:
                offsets.setdefault(given.marker, []).append(_offset(given, result))
    found = (
        Marker(name, len(some), sum(some, Decimal(0)) / len(some))
        for name, some in offsets.items()
    )
    return tuple(sorted(found, key=lambda m: (m.offset, m.name)))


def _offset(given: Given, result: CriterionResult) -> Decimal:
    mean = result.points or Decimal(0)
    return (given.points - mean) * _HUNDRED / result.criterion.weight
