"""How far a correct result may lie from the reference.

The error measure is in `grader.compare`. The numbers come from running the references and second
correct solutions with permuted and chunked sums in float32 and float64 (curriculum 7.3, 7.4): each
is at least 2.5 times the largest error of any correct solution. They are calibrated, not guessed;
a row whose float32 error exceeds 4e-5 gets smaller sizes or float64 inputs, not a larger number.
"""

from __future__ import annotations

from grader.course import Function

VALUE = 2e-5
"""Value rows in float64. Correct solutions stay below 3e-14; it is wide on purpose, so that one
that slips into float32 somewhere keeps its points and loses only the precision row."""

PRECISION = 1e-10
"""The precision row H3 in float64: 4000 times the largest measured error."""

SINGLE = 1e-4
"""Everything in float32, on the CPU or on a GPU without TF32: measured 3.9e-5, typically 3e-7."""


def tolerance_for(function: Function | None, single: bool) -> float:
    """The tolerance for a value row.

    Args:
        function: what was called; its own `tolerance` overrides `VALUE`. None for a value that
            does not belong to one function.
        single: whether the inputs were sent in float32. An override that is wider than `SINGLE`
            holds there as well, a tighter one is about float64 and does not.
    """
    own = None if function is None else function.tolerance
    if single:
        return SINGLE if own is None else max(own, SINGLE)
    return VALUE if own is None else own
