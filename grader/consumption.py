"""How much time and memory the submissions of a class took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

HIGH = 95
"""The percentile that is called high."""


@dataclass(frozen=True)
class Consumption:
    """One kind of cost over a class, in the unit of its values."""

    median: float
    high: float
    """The 95th percentile, interpolated linearly."""
    largest: float
    whose: str
    """The student with the largest."""
    limit: float | None = None
    """What the assignment allows."""


def consumption(values: Mapping[str, float], limit: float | None = None) -> Consumption | None:
    """Median, 95th percentile and maximum; None where there are no values.

    Args:
        values: seconds or MiB by student.
        limit: of the assignment.
    """
    if not values:
        return None
    whose = max(values, key=lambda student: values[student])
    median, high = np.percentile(list(values.values()), (50, HIGH))
    return Consumption(float(median), float(high), values[whose], whose, limit)
