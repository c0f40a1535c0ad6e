"""What the summary of a class says: how it went, what to explain again, who needs a human.

For instructors only: it holds evidence, and lines of all students. Results are taken one by one
and not kept, so a large class needs no more memory than a small one.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from grader.course import Assignment, Course
from grader.result import CheckResult, Diagnosis, SubmissionResult, Text, Verdict
from grader.scoring import ZERO, AssignmentScore, State, earned
from grader.standing import Standing

BINS = 10
EVIDENCE = 4000
"""Characters of evidence that are shown for one failure."""


@dataclass(frozen=True)
class CheckStatistics:
    """How the class did on one check."""

    id: str
    question: str
    title: Text
    points: Decimal
    decided: int
    """Results in which the check was decided."""
    accepted: int
    mean: Decimal
    """Earned points on average, over the decided ones."""

    @property
    def share(self) -> Decimal:
        """Mean share of the points that was earned: 1 is easy, 0 is hard."""
        if self.points > 0:
            return self.mean / self.points
        return Decimal(self.accepted) / self.decided if self.decided else ZERO


@dataclass(frozen=True)
class Finding:
    """A misconception or another diagnosis, and how many students have it."""

    name: str
    students: int
    checks: tuple[str, ...]
    diagnosis: Diagnosis
    """An example, in our words."""


@dataclass(frozen=True)
class Failure:
    """Something the grader failed on: a person has to look."""

    where: str
    """Id of the check; "" for the whole submission."""
    students: tuple[str, ...]
    """Everybody to whom the same thing happened."""
    evidence: str
    """What was recorded for the first of them."""


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
    checks: tuple[CheckStatistics, ...]
    misconceptions: tuple[Finding, ...]
    others: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    unreadable: tuple[str, ...]
    """Students whose notebook could not be run at all."""
    confined: int
    """Results that were graded below full isolation."""

    def count(self, *states: State) -> int:
        """How many students are in one of the states."""
        return sum(line.score.state in states for line in self.lines)

    @property
    def graded(self) -> int:
        """How many students have a result."""
        return sum(line.score.attempt > 0 for line in self.lines)

    @property
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
        counts = [0] * BINS
        for percent in self.percents:
            counts[max(0, min(BINS - 1, int(percent * BINS / 100)))] += 1
        return tuple(counts)


def class_report(
    course: Course,
    assignment: Assignment,
    standings: Sequence[Standing],
    results: Iterable[SubmissionResult],
) -> ClassReport:
    """Gather what a class summary shows; who has left the course is not part of the class.

    Args:
        course: weights and late policy.
        assignment: what to report on.
        standings: where the students stand.
        results: those that count; all are read.
    """
    gone = {s.student.id for s in standings if not s.student.active}
    tally = _Tally()
    for result in results:
        if result.student not in gone:
            tally.add(result)
    lines = ((s, s.score(assignment.id)) for s in standings if s.student.active)
    order = {q.id: i for i, q in enumerate(assignment.questions)}
    checks = sorted(tally.statistics(), key=lambda c: (order.get(c.question, len(order)), c.id))
    named, others = tally.findings()
    return ClassReport(
        course=course,
        assignment=assignment,
        lines=tuple(Line(s, score, _shares(score)) for s, score in lines if score is not None),
        checks=tuple(checks),
        misconceptions=named,
        others=others,
        failures=tally.failures(),
        unreadable=tuple(tally.unreadable),
        confined=tally.confined,
    )


def _shares(score: AssignmentScore) -> tuple[tuple[str, Decimal], ...]:
    late, pending, undecided = score.deducted, score.pending, score.undecided
    return ("earned", score.earned), ("late", late), ("pending", pending), ("open", undecided)


@dataclass
class _Seen:
    """What is known of one check so far."""

    check: CheckResult
    decided: int = 0
    accepted: int = 0
    earned: Decimal = ZERO


@dataclass
class _Told:
    """Who was told one thing so far."""

    diagnosis: Diagnosis
    students: set[str] = field(default_factory=set)
    checks: dict[str, None] = field(default_factory=dict)


@dataclass
class _Tally:
    """Counts over the class, one result after the other."""

    checks: dict[str, _Seen] = field(default_factory=dict)
    named: dict[str, _Told] = field(default_factory=dict)
    other: dict[tuple[str, str], _Told] = field(default_factory=dict)
    failed: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    """(student, evidence) by check and last line of the evidence."""
    unreadable: list[str] = field(default_factory=list)
    confined: int = 0

    def add(self, result: SubmissionResult) -> None:
        """Take in one result."""
        if result.verdict is Verdict.JUDGE_ERROR:
            self._failure(result.student, "", result.evidence)
            return
        if result.verdict is not Verdict.ACCEPTED:
            self.unreadable.append(result.student)
        if result.isolation and result.isolation.level < 3:
            self.confined += 1
        for check in result.checks:
            self._check(check, result.student)

    def _check(self, check: CheckResult, student: str) -> None:
        if check.verdict is Verdict.JUDGE_ERROR:
            self._failure(student, check.id, check.evidence)
            return
        seen = self.checks.setdefault(check.id, _Seen(check))
        seen.decided += 1
        seen.accepted += check.verdict is Verdict.ACCEPTED
        seen.earned += earned(check)
        if check.diagnosis is None or check.verdict is Verdict.SKIPPED:
            return
        told = [
            self.named.setdefault(name, _Told(check.diagnosis))
            for name in check.diagnosis.misconceptions
        ]
        function = check.functions[0] if check.functions else ""
        if not told:
            key = function, check.diagnosis.code
            told = [self.other.setdefault(key, _Told(check.diagnosis))]
        for each in told:
            each.students.add(student)
            each.checks[check.id] = None

    def _failure(self, student: str, where: str, evidence: str) -> None:
        last = evidence.strip().rpartition("\n")[2]
        self.failed.setdefault((where, last), []).append((student, evidence[-EVIDENCE:]))

    def failures(self) -> tuple[Failure, ...]:
        """What the grader failed on, equal failures together, the most frequent first."""
        grouped = (
            Failure(where, tuple(student for student, _ in all_of_them), all_of_them[0][1])
            for (where, _), all_of_them in self.failed.items()
        )
        return tuple(sorted(grouped, key=lambda f: (-len(f.students), f.where)))

    def statistics(self) -> list[CheckStatistics]:
        """The checks that were decided at least once."""
        return [
            CheckStatistics(
                id=name,
                question=seen.check.question,
                title=seen.check.title,
                points=seen.check.points,
                decided=seen.decided,
                accepted=seen.accepted,
                mean=seen.earned / seen.decided,
            )
            for name, seen in self.checks.items()
        ]

    def findings(self) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Named misconceptions, and everything else, most frequent first."""
        others = {" · ".join(filter(None, key)): told for key, told in self.other.items()}
        return _ranked(self.named), _ranked(others)


def _ranked(told: dict[str, _Told]) -> tuple[Finding, ...]:
    findings = (
        Finding(name, len(t.students), tuple(t.checks), t.diagnosis) for name, t in told.items()
    )
    return tuple(sorted(findings, key=lambda f: (-f.students, f.name)))
