"""One run of one check: which parts were tried, which were lost, and what that earns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from grader.checks.mark import Mark
from grader.errors import BrokenAssignment, SubmissionFault
from grader.result import Part, Verdict


class Partly(SubmissionFault):
    """Not good enough for all points, good enough for some."""

    verdict = Verdict.WRONG_ANSWER

    def __init__(self, fault: SubmissionFault, earned: Decimal) -> None:
        super().__init__(fault.diagnosis, fault.evidence)
        self.args = (fault, earned)
        self.earned = earned


@dataclass
class Trial:
    """What has happened so far in a running check."""

    mark: Mark
    tried: set[str] = field(default_factory=set)
    lost: dict[str, SubmissionFault] = field(default_factory=dict)
    won: set[str] = field(default_factory=set)
    """Parts that are over and were not lost."""
    within: str | None = None
    """The part whose block is running."""
    evidence: bool = False
    """Whether the student's work was looked at at all."""

    @property
    def parts(self) -> dict[str, Decimal]:
        """Points by part; a check without parts is one part without a name."""
        return dict(self.mark.parts) or {"": self.mark.points}

    def worth(self) -> Decimal:
        """What the running part, or the check, is worth."""
        return self.parts[self.within] if self.within is not None else self.mark.points

    def lose(self, part: str, fault: SubmissionFault) -> None:
        """The first fault of a part is the one that is told."""
        self.tried.add(part)
        self.lost.setdefault(part, fault)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Faults in the block cost this part only.

        Raises:
            BrokenAssignment: the check has no such part.
        """
        if name not in dict(self.mark.parts):
            raise BrokenAssignment(f"check {self.mark.id!r} has no part {name!r}")
        self.tried.add(name)
        self.within = name
        try:
            yield
        except SubmissionFault as fault:
            self.lose(name, fault)
        else:
            if name not in self.lost:
                self.won.add(name)
        finally:
            self.within = None

    def settle(self, fault: SubmissionFault | None) -> Settlement:
        """What the check came to, `fault` being the one that ended it.

        Raises:
            BrokenAssignment: it ended well without having tried everything it is worth.
        """
        if fault is not None:
            for part in self.parts:
                if part not in self.won:
                    self.lose(part, fault)
        untried = [p for p in self.parts if p and p not in self.tried]
        if untried:
            raise BrokenAssignment(f"check {self.mark.id!r} never tried its part {untried[0]!r}")
        if not self.evidence and fault is None:
            raise BrokenAssignment(f"check {self.mark.id!r} ended without calling the student")
        parts = tuple(Part(n, p, self._earned(n, p)) for n, p in self.parts.items())
        first = next((self.lost[n] for n in self.parts if n in self.lost), None)
        return Settlement(parts if self.mark.parts else (), _total(parts), first)

    def _earned(self, name: str, points: Decimal) -> Decimal:
        fault = self.lost.get(name)
        if fault is None:
            return points
        return min(fault.earned, points) if isinstance(fault, Partly) else Decimal(0)


def _total(parts: tuple[Part, ...]) -> Decimal:
    return sum((p.earned for p in parts), Decimal(0))


@dataclass(frozen=True)
class Settlement:
    """What a check came to."""

    parts: tuple[Part, ...]
    earned: Decimal
    fault: SubmissionFault | None
