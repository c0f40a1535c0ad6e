"""How numbers are written for people."""

from __future__ import annotations

from decimal import Decimal


def digits(value: Decimal) -> str:
    """All digits, no exponent and no zeros at the end: 12, 12.5."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
