"""How the values of a class are spread: in tenths, and in quarters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np

BINS = 10
"""Columns of a distribution."""

Quarters = tuple[float, float, float, float, float]
"""Minimum, lower quartile, median, upper quartile, maximum."""


def tenths(values: Iterable[Decimal], total: Decimal) -> tuple[int, ...]:
    """How many values are in each tenth of 0 to `total`; what is outside belongs to the ends."""
    counts = [0] * BINS
    for value in values:
        counts[max(0, min(BINS - 1, int(value * BINS / total)))] += 1
    return tuple(counts)


def quarters(values: Sequence[Decimal]) -> Quarters | None:
    """Quartiles, interpolated linearly; None where there are no values."""
    if not values:
        return None
    low, first, middle, third, high = np.percentile([float(v) for v in values], range(0, 101, 25))
    return float(low), float(first), float(middle), float(third), float(high)
