"""Counts over the results of a class, taken one after the other and not kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from grader.itemanalysis import Item, Sign, analyse
from grader.result import CheckResult, Diagnosis, SubmissionResult, Text, Verdict
from grader.scoring import ZERO, earned

EVIDENCE = 4000
"""Characters of evidence that are shown for one failure."""


@dataclass(frozen=True)
class CheckStatistics:
    """How the class did on one check, by the verdicts of the grader."""

    id: str
    question: str
    title: Text
    points: Decimal
    decided: int
    """Results in which the check was decided."""
    accepted: int
    mean: Decimal
    """Earned points on average, over the decided ones."""
    discrimination: float | None = None
    """Correlation with everything else, from -1 to 1; None where it cannot be told."""
    sign: Sign | None = None
    """Why an instructor should look at the check."""

    @property
    def share(self) -> Decimal:
        """Mean share of the points that was earned: 1 is easy, 0 is hard."""
        return self.mean / self.points if self.points > 0 else self.passed

    @property
    def passed(self) -> Decimal:
        """Share of the decided ones that were accepted."""
        return Decimal(self.accepted) / self.decided if self.decided else ZERO


@dataclass(frozen=True)
class Finding:
    """A misconception or another diagnosis, and how many students have it."""

    name: str
    students: int
    checks: tuple[str, ...]
    diagnosis: Diagnosis
    """An example, in our words."""
    cost: Decimal = ZERO
    """Points that were lost in checks where it was found, over the class; where two misconceptions
    explain one result, the points count for both."""

    @property
    def each(self) -> Decimal:
        """Points that it cost a student who has it, on average."""
        return self.cost / self.students if self.students else ZERO


@dataclass(frozen=True)
class Failure:
    """Something the grader failed on: a person has to look."""

    where: str
    """Id of the check; "" for the whole submission."""
    students: tuple[str, ...]
    """Everybody to whom the same thing happened."""
    evidence: str
    """What was recorded for the first of them."""


@dataclass
class _Seen:
    """What is known of one check so far."""

    check: CheckResult
    accepted: int = 0
    earned: Decimal = ZERO
    shares: dict[int, float] = field(default_factory=dict)
    """What was earned of the points, by the ordinal of the result."""


@dataclass
class _Told:
    """Who was told one thing so far."""

    diagnosis: Diagnosis
    students: set[str] = field(default_factory=set)
    checks: dict[str, None] = field(default_factory=dict)
    cost: Decimal = ZERO


@dataclass
class Tally:
    """Counts over the class, one result after the other."""

    unreadable: list[str] = field(default_factory=list)
    """Students whose notebook could not be run at all."""
    confined: int = 0
    """Results that were graded below full isolation."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time by student, of what ran."""
    memory: dict[str, float] = field(default_factory=dict)
    """Peak in MiB by student, of what ran."""
    prints: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Fingerprints of the code by student."""
    _results: int = 0
    _checks: dict[str, _Seen] = field(default_factory=dict)
    _named: dict[str, _Told] = field(default_factory=dict)
    _other: dict[tuple[str, str], _Told] = field(default_factory=dict)
    _failed: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    """(student, evidence) by check and last line of the evidence."""

    def add(self, result: SubmissionResult) -> None:
        """Take in one result."""
        if result.fingerprints:
            self.prints[result.student] = result.fingerprints
        if result.verdict is Verdict.JUDGE_ERROR:
            self._failure(result.student, "", result.evidence)
            return
        if result.verdict is not Verdict.ACCEPTED:
            self.unreadable.append(result.student)
        if result.isolation and result.isolation.level < 3:
            self.confined += 1
        if result.usage.wall_time > 0:
            self.seconds[result.student] = result.usage.wall_time
        if result.usage.memory > 0:
            self.memory[result.student] = result.usage.memory
        for check in result.checks:
            self._check(check, result.student)
        self._results += 1

    def _check(self, check: CheckResult, student: str) -> None:
        if check.verdict is Verdict.JUDGE_ERROR:
            self._failure(student, check.id, check.evidence)
            return
        seen = self._checks.setdefault(check.id, _Seen(check))
        won, passed = earned(check), check.verdict is Verdict.ACCEPTED
        seen.accepted += passed
        seen.earned += won
        seen.shares[self._results] = float(won) / float(check.points) if check.points else passed
        if check.diagnosis is None or check.verdict is Verdict.SKIPPED:
            return
        told = [
            self._named.setdefault(name, _Told(check.diagnosis))
            for name in dict.fromkeys(check.diagnosis.misconceptions)
        ]
        function = check.functions[0] if check.functions else ""
        if not told:
            key = function, check.diagnosis.code
            told = [self._other.setdefault(key, _Told(check.diagnosis))]
        for each in told:
            each.students.add(student)
            each.checks[check.id] = None
            each.cost += max(ZERO, check.points - won)

    def _failure(self, student: str, where: str, evidence: str) -> None:
        last = evidence.strip().rpartition("\n")[2]
        self._failed.setdefault((where, last), []).append((student, evidence[-EVIDENCE:]))

    def failures(self) -> tuple[Failure, ...]:
        """What the grader failed on, equal failures together, the most frequent first."""
        grouped = (
            Failure(where, tuple(student for student, _ in all_of_them), all_of_them[0][1])
            for (where, _), all_of_them in self._failed.items()
        )
        return tuple(sorted(grouped, key=lambda f: (-len(f.students), f.where)))

    def statistics(self) -> list[CheckStatistics]:
        """The checks that were decided at least once."""
        unknown = float("nan")
        shares = {
            name: [seen.shares.get(n, unknown) for n in range(self._results)]
            for name, seen in self._checks.items()
        }
        items = analyse(shares, {n: float(s.check.points) for n, s in self._checks.items()})
        return [_statistics(name, seen, items[name]) for name, seen in self._checks.items()]

    def findings(self) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Named misconceptions, and everything else, most frequent first."""
        others = {" · ".join(filter(None, key)): told for key, told in self._other.items()}
        return _ranked(self._named), _ranked(others)


def _statistics(name: str, seen: _Seen, item: Item) -> CheckStatistics:
    return CheckStatistics(
        id=name,
        question=seen.check.question,
        title=seen.check.title,
        points=seen.check.points,
        decided=len(seen.shares),
        accepted=seen.accepted,
        mean=seen.earned / len(seen.shares),
        discrimination=item.discrimination,
        sign=item.sign,
    )


def _ranked(told: Mapping[str, _Told]) -> tuple[Finding, ...]:
    findings = (
        Finding(name, len(t.students), tuple(t.checks), t.diagnosis, t.cost)
        for name, t in told.items()
    )
    return tuple(sorted(findings, key=lambda f: (-f.students, -f.cost, f.name)))
