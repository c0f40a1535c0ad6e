"""A result in one line: what a table, a progress bar and a script want to know of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from grader.result import SubmissionResult, Verdict
from grader.scoring import earned, outcome


@dataclass(frozen=True)
class Headline:
    """What became of one submission."""

    student: str
    attempt: int
    verdict: Verdict
    """Why the notebook could not be graded; else what cost most points; else accepted."""
    earned: Decimal
    points: Decimal
    undecided: Decimal
    """Points on which the grader failed."""
    misconceptions: tuple[str, ...]
    """Named mistakes, in the order of the checks that found them."""
    seconds: float
    """Wall time in the sandbox."""
    needs_human: bool

    def as_dict(self) -> dict[str, object]:
        """The same for JSON; points are strings, as everywhere."""
        return {
            "student": self.student,
            "attempt": self.attempt,
            "verdict": self.verdict.value,
            "earned": str(self.earned),
            "points": str(self.points),
            "undecided": str(self.undecided),
            "misconceptions": list(self.misconceptions),
            "seconds": round(self.seconds, 3),
            "needs_human": self.needs_human,
        }


def headline(result: SubmissionResult) -> Headline:
    """The one line of a result."""
    summary = outcome(result)
    found = (c.diagnosis.misconceptions for c in result.checks if c.diagnosis)
    return Headline(
        student=result.student,
        attempt=result.attempt,
        verdict=_verdict(result),
        earned=summary.earned,
        points=summary.points,
        undecided=summary.undecided,
        misconceptions=tuple(dict.fromkeys(name for names in found for name in names)),
        seconds=result.usage.wall_time,
        needs_human=result.needs_human,
    )


def _verdict(result: SubmissionResult) -> Verdict:
    if result.needs_human:
        return Verdict.JUDGE_ERROR
    return _costliest(result) if result.verdict is Verdict.ACCEPTED else result.verdict


def _costliest(result: SubmissionResult) -> Verdict:
    """The verdict that cost most points; of equals, the one that came first."""
    costs: dict[Verdict, Decimal] = defaultdict(Decimal)
    for check in result.checks:
        if check.verdict is not Verdict.ACCEPTED:
            costs[check.verdict] += check.points - earned(check)
    lost = {verdict: cost for verdict, cost in costs.items() if cost > 0}
    return max(lost, key=lambda v: lost[v], default=Verdict.ACCEPTED)
