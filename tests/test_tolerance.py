"""Which tolerance holds for which call."""

import pytest

from grader.course import Function
from grader.tolerance import SINGLE, VALUE, tolerance_for


@pytest.mark.parametrize(
    ("own", "single", "expected"),
    [
        (None, False, VALUE),
        (None, True, SINGLE),
        (1e-7, False, 1e-7),
        (1e-7, True, SINGLE),
        (1e-3, True, 1e-3),
    ],
)
def test_a_function_overrides_the_policy_and_float32_is_never_held_to_float64(
    own, single, expected
):
    assert tolerance_for(Function("f", 10, tolerance=own), single) == expected


def test_what_belongs_to_no_function_follows_the_policy():
    assert tolerance_for(None, False) == VALUE
    assert tolerance_for(None, True) == SINGLE
