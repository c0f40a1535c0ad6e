"""How hard a check is and whom it tells apart, against a recomputation by other formulas."""

import math
import statistics

import numpy as np
import pytest

from grader.itemanalysis import FEWEST, WEAK, Sign, analyse

POINTS = {"a": 2.0, "b": 3.0, "c": 5.0}
# One row a student: what was won of checks a, b and c. a and b are won or lost, c has parts.
CLASS = [
    (1, 1, 1.0), (1, 1, 1.0), (1, 1, 0.6), (1, 1, 1.0), (1, 0, 0.6), (1, 1, 0.4), (0, 1, 1.0),
    (1, 1, 0.8), (1, 0, 0.4), (0, 1, 0.4), (1, 0, 0.2), (0, 0, 0.6), (1, 1, 0.6), (0, 1, 0.2),
    (0, 0, 0.4), (1, 0, 0.0), (0, 0, 0.2), (0, 0, 0.0), (1, 0, 0.2), (0, 1, 0.0), (0, 0, 0.0),
]  # fmt: skip


def columns(rows=CLASS):
    return dict(zip("abc", zip(*rows, strict=True), strict=True))


def point_biserial(passed, rest):
    """The textbook's formula, for a check that is won or lost as a whole."""
    right = [r for p, r in zip(passed, rest, strict=True) if p]
    wrong = [r for p, r in zip(passed, rest, strict=True) if not p]
    p = len(right) / len(rest)
    apart = statistics.fmean(right) - statistics.fmean(wrong)
    return apart / statistics.pstdev(rest) * math.sqrt(p * (1 - p))


def test_facility_is_the_mean_share():
    items = analyse(columns(), POINTS)
    assert items["a"].facility == pytest.approx(12 / 21)
    assert items["b"].facility == pytest.approx(11 / 21)
    assert items["c"].facility == pytest.approx(9.6 / 21)


def test_discrimination_is_the_point_biserial_correlation_with_everything_else():
    items = analyse(columns(), POINTS)
    for name, others in (("a", "bc"), ("b", "ac")):
        rest = [
            sum(POINTS[o] * columns()[o][n] for o in others) / sum(POINTS[o] for o in others)
            for n in range(len(CLASS))
        ]
        expected = point_biserial(columns()[name], rest)
        assert items[name].discrimination == pytest.approx(expected)
        assert abs(expected) > 0.1
    # A check of several parts: Pearson's correlation, from its definition.
    c, rest = columns()["c"], [(2 * a + 3 * b) / 5 for a, b, _ in CLASS]
    expected = statistics.correlation(c, rest)
    assert items["c"].discrimination == pytest.approx(expected)


def test_what_is_not_decided_is_left_out():
    rows = [*CLASS, (math.nan, 1, 1.0), (1, math.nan, 0.0)]
    items = analyse(columns(rows), POINTS)
    assert items["a"].facility == pytest.approx(13 / 22)
    known = [(a, (3 * b + 5 * c) / 8) for a, b, c in CLASS] + [(1, 0.0)]
    expected = point_biserial(*zip(*known, strict=True))
    assert items["a"].discrimination == pytest.approx(expected)


def test_too_few_students_say_nothing():
    few = analyse(columns(CLASS[: FEWEST - 1]), POINTS)
    assert {item.discrimination for item in few.values()} == {None}
    assert {item.sign for item in few.values()} == {None}
    enough = analyse(columns(CLASS[:FEWEST]), POINTS)
    assert None not in {item.discrimination for item in enough.values()}


def test_where_all_are_alike_there_is_no_discrimination():
    rows = [(1, b, c) for _, b, c in CLASS]
    item = analyse(columns(rows), POINTS)["a"]
    assert (item.facility, item.discrimination, item.sign) == (1.0, None, Sign.EASY)


def test_a_check_without_points_is_compared_and_not_counted():
    without = analyse(columns(), POINTS)
    shares = columns() | {"public": [1 - a for a, _, _ in CLASS]}
    items = analyse(shares, POINTS | {"public": 0.0})
    assert items["a"] == without["a"]
    assert items["public"].discrimination == pytest.approx(
        -np.corrcoef([a for a, _, _ in CLASS], [2 * a + 3 * b + 5 * c for a, b, c in CLASS])[0, 1]
    )
    assert items["public"].sign is Sign.REVERSED


def test_no_checks_no_items():
    assert analyse({}, {}) == {}


def test_signs():
    chance = np.random.default_rng(4)
    ability = chance.normal(size=400)

    def check(pull, hard):
        return (pull * ability + chance.normal(size=400) > hard).astype(float)

    shares = {f"x{n}": check(1, 0) for n in range(8)} | {
        "reversed": check(-1, 0),
        "chance": check(0, 0),
        "hard": check(1, 2.2),
        "easy": check(1, -4),
    }
    items = analyse(shares, dict.fromkeys(shares, 1.0))
    told = {name: item.sign for name, item in items.items()}
    assert {told[f"x{n}"] for n in range(8)} == {None}
    assert told["reversed"] is Sign.REVERSED
    assert told["chance"] is Sign.CHANCE
    assert told["hard"] is Sign.HARD
    assert told["easy"] is Sign.EASY


def test_a_correlation_that_chance_explains_is_not_called_reversed():
    # 24 students, uncorrelated but for noise: r is below 0, and not far enough.
    rows = [(n % 2, int(n % 4 < 2), (n % 3) / 2) for n in range(24)]
    rows[0] = (0, 1, 1.0)
    item = analyse(columns(rows), POINTS)["a"]
    assert item.discrimination is not None
    assert -1.645 / math.sqrt(23) < item.discrimination < WEAK
    assert item.sign is Sign.CHANCE
