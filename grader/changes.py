"""Two gradings of one submission side by side: what went up or down, and through which check."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from grader.result import CheckResult, SubmissionResult, Verdict
from grader.scoring import ZERO, earned, outcome


@dataclass(frozen=True)
class CheckChange:
    """One check that came to something else."""

    id: str
    before: Decimal | None
    """Points; None: there was no such check."""
    after: Decimal | None
    verdict_before: Verdict | None
    verdict_after: Verdict | None

    @property
    def difference(self) -> Decimal:
        """Points won (or lost, if negative) by the second grading."""
        return (self.after or ZERO) - (self.before or ZERO)

    def __str__(self) -> str:
        """`4a +3 (wrong answer → accepted)`; the verdicts only where they differ."""
        text = f"{self.id} {self.difference:+f}"
        if self.verdict_before == self.verdict_after:
            return text
        return f"{text} ({_word(self.verdict_before)} → {_word(self.verdict_after)})"


@dataclass(frozen=True)
class Change:
    """What a second grading did to one submission."""

    student: str
    attempt: int
    before: Decimal
    """Automatic points."""
    after: Decimal
    checks: tuple[CheckChange, ...]
    """Those that differ, in the order of the new grading."""
    executed: bool
    """False: counted anew from what was recorded."""
    needs_human: bool = False
    """The grader failed on the second grading."""

    @property
    def difference(self) -> Decimal:
        """Points won, or lost if negative."""
        return self.after - self.before

    @property
    def why(self) -> str:
        """The checks that differ, as one line."""
        return ", ".join(map(str, self.checks))


def change(before: SubmissionResult, after: SubmissionResult, *, executed: bool) -> Change:
    """Compare the recorded grading of a submission with a new one."""
    old = {c.id: c for c in before.checks}
    new = {c.id: c for c in after.checks}
    pairs = [(name, old.get(name), new.get(name)) for name in dict.fromkeys((*new, *old))]
    return Change(
        student=after.student,
        attempt=after.attempt,
        before=outcome(before).earned,
        after=outcome(after).earned,
        checks=tuple(_check_change(*pair) for pair in pairs if _differ(*pair[1:])),
        executed=executed,
        needs_human=after.needs_human,
    )


def _differ(before: CheckResult | None, after: CheckResult | None) -> bool:
    if before is None or after is None:
        return True
    return before.verdict is not after.verdict or earned(before) != earned(after)


def _check_change(name: str, before: CheckResult | None, after: CheckResult | None) -> CheckChange:
    return CheckChange(
        id=name,
        before=earned(before) if before else None,
        after=earned(after) if after else None,
        verdict_before=before.verdict if before else None,
        verdict_after=after.verdict if after else None,
    )


def _word(verdict: Verdict | None) -> str:
    return verdict.value.replace("_", " ") if verdict else "no such check"
