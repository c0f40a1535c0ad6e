from __future__ import annotations

from decimal import Decimal

import pytest

from grader.decimals import digits, roughly


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.94, "0.9"),
        (3.4e-3, "0.003"),
        (2.4e-5, "2×10⁻⁵"),
        (31234.0, "30000"),
        (3.12e12, "3×10¹²"),
        (float("inf"), "inf"),
    ],
)
def test_a_size_has_one_digit_and_no_exponent_of_a_programmer(value, written):
    assert roughly(value) == written


@pytest.mark.parametrize(("value", "written"), [("12.50", "12.5"), ("1E+2", "100"), ("0", "0")])
def test_all_digits_of_a_mark(value, written):
    assert digits(Decimal(value)) == written
