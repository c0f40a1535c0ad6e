"""What the summary of a class says: how it went, what to explain again, who needs a human.

For instructors only: it holds evidence, and lines of all students. Results are taken one by one
and not kept, so a large class needs no more memory than a small one. Students who have left the
course are not counted anywhere.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from grader.classtally import CheckStatistics, Failure, Finding, Tally
from grader.consumption import Consumption, consumption
from grader.course import Assignment, Course
from grader.entries import Override
from grader.errors import SubmissionFault
from grader.notebook import read
from grader.program import code
from grader.result import SubmissionResult, Text
from grader.scoring import AssignmentScore, State, score_questions
from grader.spread import tenths
from grader.standing import Standing
from grader.winnowing import Pair, alike, fingerprints


@dataclass(frozen=True)
class QuestionStatistics:
    """How the class did on one question, with what people decided about it."""

    id: str
    title: Text
    points: Decimal
    earned: tuple[Decimal, ...]
    """Of the students of whom it is decided, before late deductions."""

    @property
    def mean(self) -> Decimal | None:
        """Earned points on average; None: decided for nobody."""
        return statistics.mean(self.earned) if self.earned else None

    @property
    def median(self) -> Decimal | None:
        """The median of the earned points; None: decided for nobody."""
        return statistics.median(self.earned) if self.earned else None

    @property
    def full(self) -> int:
        """How many have all the points."""
        return sum(points >= self.points for points in self.earned)

    @property
    def nothing(self) -> int:
        """How many have none."""
        return sum(points <= 0 for points in self.earned)

    @property
    def distribution(self) -> tuple[int, ...]:
        """How many are in each tenth of the points; all of them belong to the last."""
        return tenths(self.earned, self.points)


@dataclass(frozen=True)
class Line:
    """One student in the table."""

    standing: Standing
    score: AssignmentScore
    shares: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class ClassReport:
    """Everything that a class summary shows."""

    course: Course
    assignment: Assignment
    lines: tuple[Line, ...]
    """Of those who are in the course."""
    questions: tuple[QuestionStatistics, ...]
    checks: tuple[CheckStatistics, ...]
    misconceptions: tuple[Finding, ...]
    others: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    unreadable: tuple[str, ...]
    """Students whose notebook could not be run at all."""
    confined: int
    """Results that were graded below full isolation."""
    alike: tuple[Pair, ...] = ()
    """Nearly equal notebooks, most alike first."""
    decisions: tuple[Override, ...] = ()
    """What people decided in place of the grader."""
    seconds: Consumption | None = None
    memory: Consumption | None = None
    """In MiB."""
    inactive: int = 0
    """Students who have left the course and are not counted."""

    def count(self, *states: State) -> int:
        """How many students are in one of the states."""
        return sum(line.score.state in states for line in self.lines)

    @property
    def graded(self) -> int:
        """How many students have a result."""
        return sum(line.score.attempt > 0 for line in self.lines)

    @property
    def late(self) -> int:
        """How many handed in after their deadline."""
        return sum(bool(line.score.late and line.score.late.days) for line in self.lines)

    @cached_property
    def percents(self) -> tuple[Decimal, ...]:
        """The scores that are known, on the 100-point scale."""
        return tuple(p for line in self.lines if (p := line.score.percent) is not None)

    @property
    def mean(self) -> Decimal | None:
        """The mean of the known scores."""
        return statistics.mean(self.percents) if self.percents else None

    @property
    def median(self) -> Decimal | None:
        """The median of the known scores."""
        return statistics.median(self.percents) if self.percents else None

    @property
    def distribution(self) -> tuple[int, ...]:
        """How many scores are in each tenth of the scale; 100 belongs to the last."""
        return tenths(self.percents, Decimal(100))


def class_report(
    course: Course,
    assignment: Assignment,
    standings: Sequence[Standing],
    results: Iterable[SubmissionResult],
) -> ClassReport:
    """Gather what a class summary shows; `results` are those that count."""
    known = {s.student.id: s for s in standings}
    gone = {s.student.id for s in standings if not s.student.active}
    tally, questions = Tally(), _Questions(assignment)
    for result in results:
        if result.student not in gone:
            tally.add(result)
            questions.add(result, known.get(result.student))
    there = [s for s in standings if s.student.active]
    lines = ((s, s.score(assignment.id)) for s in there)
    order = {q.id: i for i, q in enumerate(assignment.questions)}
    checks = sorted(tally.statistics(), key=lambda c: (order.get(c.question, len(order)), c.id))
    named, others = tally.findings()
    limits = assignment.limits
    return ClassReport(
        course=course,
        assignment=assignment,
        lines=tuple(Line(s, score, _shares(score)) for s, score in lines if score is not None),
        questions=questions.statistics(),
        checks=tuple(checks),
        misconceptions=named,
        others=others,
        failures=tally.failures(),
        unreadable=tuple(tally.unreadable),
        confined=tally.confined,
        alike=tuple(alike(tally.prints, _handed_out(assignment))),
        decisions=tuple(o for s in there for o in s.overrides if o.assignment == assignment.id),
        seconds=consumption(tally.seconds, limits.wall_time),
        memory=consumption(tally.memory, limits.memory),
        inactive=len(gone),
    )


def _shares(score: AssignmentScore) -> tuple[tuple[str, Decimal], ...]:
    late, pending, undecided = score.deducted, score.pending, score.undecided
    return ("earned", score.earned), ("late", late), ("pending", pending), ("open", undecided)


def _handed_out(assignment: Assignment) -> frozenset[int]:
    """Fingerprints of the notebooks that everybody got."""
    found: set[int] = set()
    for path in assignment.folder.glob("*.ipynb"):
        try:
            found.update(fingerprints(code(read(path)).source))
        except SubmissionFault:
            continue  # one that cannot be read has nothing in common with anybody
    return frozenset(found)


@dataclass
class _Questions:
    """Points of each question over the class."""

    assignment: Assignment
    earned: dict[str, list[Decimal]] = field(default_factory=dict)

    def add(self, result: SubmissionResult, standing: Standing | None) -> None:
        name = self.assignment.id
        marks = standing.marks.items() if standing else ()
        overrides = standing.overrides if standing else ()
        scores = score_questions(
            self.assignment,
            result,
            {question: mark.points for (a, question), mark in marks if a == name},
            [o for o in overrides if o.assignment == name],
        )
        for score in scores:
            if score.state is State.COMPLETE and score.points > 0:
                self.earned.setdefault(score.id, []).append(score.earned)

    def statistics(self) -> tuple[QuestionStatistics, ...]:
        return tuple(
            QuestionStatistics(q.id, q.title, q.points, tuple(self.earned.get(q.id, ())))
            for q in self.assignment.questions
            if q.points > 0
        )
