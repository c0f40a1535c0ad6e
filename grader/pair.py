"""A wrong result beside the right one, and what is equal up to rounding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from grader.compare import as_tensor, entry_errors, kind_of, leaves
from grader.observation import Observation


@dataclass(frozen=True)
class Pair:
    """A wrong tensor and the right one, finite, of one shape."""

    a: torch.Tensor
    b: torch.Tensor
    tolerance: float

    @property
    def difference(self) -> torch.Tensor:
        """What is too much."""
        return self.a - self.b

    @property
    def small(self) -> bool:
        """Whether there is too little to see a pattern of places in."""
        return self.b.numel() < 3 or max(self.b.shape) < 3

    def equal(self, a: torch.Tensor, b: torch.Tensor) -> bool:
        """Within the tolerance, at the scale of the larger of the two."""
        if not a.numel():
            return True
        scale = max(a.abs().max().item(), b.abs().max().item())
        return bool((entry_errors(a, b, scale) <= self.tolerance).all())

    def negligible(self, rest: torch.Tensor) -> bool:
        """Whether what a pattern leaves of the difference is rounding and nothing else."""
        size = self.difference.abs().max().item()
        rounding = max(self.tolerance / 10 * self.b.abs().max().item(), 1e-6 * size)
        return rest.abs().max().item() <= min(rounding, size / 100)


def pairs(leaf: str, calls: tuple[Observation, ...]) -> Iterator[tuple[Pair, Observation]]:
    """The results of the failing calls at a leaf, where both are finite numbers of one shape."""
    for call in calls:
        if call.raised or not any(m.leaf == leaf for m in call.mismatches):
            continue
        values = [dict(leaves(value)).get(leaf) for value in (call.actual, call.expected)]
        if any(kind_of(v) not in ("floating", "integer") for v in values):
            continue
        a, b = (as_tensor(v).to(torch.float64) for v in values)
        if a.shape != b.shape or not a.numel():
            continue
        if a.isfinite().all() and b.isfinite().all() and not torch.equal(a, b):
            yield Pair(a, b, call.tolerance), call
