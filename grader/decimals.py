"""How numbers are written for people."""

from __future__ import annotations

from decimal import Decimal

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def digits(value: Decimal) -> str:
    """All digits, no exponent and no zeros at the end: 12, 12.5."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def roughly(value: float) -> str:
    """A size to one digit: 0.9, 300, 2×10⁻⁵."""
    digit, _, power = f"{value:.0e}".partition("e")
    if not power or -4 < int(power) < 5:
        return f"{float(f'{value:.0e}'):g}"
    return f"{digit}×10{str(int(power)).translate(_RAISED)}"
