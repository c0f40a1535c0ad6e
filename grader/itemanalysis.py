"""What a check tells about a class: how hard it is, and whether it separates strong from weak.

Classical item analysis (Crocker and Algina, Introduction to Classical and Modern Test Theory,
1986, ch. 14). Facility is the mean share of the points that was earned. Discrimination is the
correlation of a check with the sum of all the *others*, the corrected item-total correlation
(Henrysson, Psychometrika 28, 1963, 211-218); for a check that is won or lost as a whole it is the
point-biserial correlation. Near 0, who passes it is chance; below 0, the strong ones fail it,
which most often means that the check or its wording is wrong. Below 0.2 it is called poor (Ebel
and Frisbie, Essentials of Educational Measurement, 1991, ch. 13).
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


FEWEST = 20
"""Students without whom a correlation says nothing: its standard error is 0.23 then."""
WEAK = 0.2
EASY, HARD = 0.97, 0.2
_CHANCE = 1.645
"""So many standard errors below 0, chance makes one in twenty unrelated checks look reversed."""


class Sign(enum.StrEnum):
    """What should make an instructor look at a check."""

    REVERSED = "reversed"
    """Strong students fail it more often than weak ones, by more than chance."""
    CHANCE = "chance"
    """Neither easy nor hard, and unrelated to everything else."""
    HARD = "hard"
    """Hardly anybody earns it."""
    EASY = "easy"
    """Everybody earns it: it tells nobody apart."""


@dataclass(frozen=True)
class Item:
    """One check in numbers."""

    facility: float
    """From 0, nobody earns anything, to 1."""
    discrimination: float | None
    """From -1 to 1; None: fewer than `FEWEST` students, or all earned the same."""
    sign: Sign | None = None


def analyse(shares: Mapping[str, Sequence[float]], points: Mapping[str, float]) -> dict[str, Item]:
    """Facility and discrimination of every check.

    Args:
        shares: by check, what each student earned of its points, from 0 to 1, in one order of
            students for all checks; NaN where it is not decided.
        points: what each check is worth; a check worth nothing is compared with the sum, but is
            no part of it.
    """
    import numpy as np

    if not shares:
        return {}
    names = list(shares)
    table = np.array([shares[name] for name in names], dtype=float)
    worth = np.array([[points[name]] for name in names], dtype=float)
    earned = np.nan_to_num(table) * worth
    possible = np.where(np.isnan(table), 0.0, worth)
    return {
        name: _item(row, earned.sum(0) - earned[i], possible.sum(0) - possible[i])
        for i, (name, row) in enumerate(zip(names, table, strict=True))
    }


def _item(row: np.ndarray, earned: np.ndarray, possible: np.ndarray) -> Item:
    import numpy as np

    known = ~np.isnan(row) & (possible > 0)
    decided = row[~np.isnan(row)]
    facility = float(decided.mean()) if decided.size else 0.0
    discrimination = _correlation(row[known], earned[known] / possible[known])
    return Item(facility, discrimination, _sign(facility, discrimination, decided.size))


def _correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    import numpy as np

    if a.size < FEWEST or np.ptp(a) < 1e-9 or np.ptp(b) < 1e-9:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _sign(facility: float, discrimination: float | None, decided: int) -> Sign | None:
    if decided < FEWEST:
        return None
    if discrimination is not None and discrimination < -_CHANCE / math.sqrt(decided - 1):
        return Sign.REVERSED
    if facility <= HARD:
        return Sign.HARD
    if facility >= EASY:
        return Sign.EASY
    if discrimination is not None and discrimination < WEAK:
        return Sign.CHANCE
    return None
