"""Column types that mean the same in every database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa


class Exact(sa.TypeDecorator[Decimal]):
    """Decimals as text: exact in every database."""

    impl = sa.String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        """Plain digits, no exponent."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """The number, with the digits it was entered with."""
        return None if value is None else Decimal(value)


class Moment(sa.TypeDecorator[datetime]):
    """Aware datetimes as ISO text in UTC: the same everywhere, and sorts by time."""

    impl = sa.String(40)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:
        """The moment in UTC."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """An aware datetime."""
        return None if value is None else datetime.fromisoformat(value)


KEY = sa.String(100)
"""Ids of students, assignments, questions and checks."""
