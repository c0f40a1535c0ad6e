"""The tables of the gradebook. Types are chosen to mean the same in every database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

VERSION = 1
"""Version of the tables; a gradebook of a newer version is not touched."""


class _Exact(sa.TypeDecorator[Decimal]):
    """Decimals as text: exact in every database."""

    impl = sa.String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class _Moment(sa.TypeDecorator[datetime]):
    """Aware datetimes as ISO text in UTC: the same everywhere, and sorts by time."""

    impl = sa.String(40)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


metadata = sa.MetaData()
_key = sa.String(100)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(200), nullable=False),
)
students = sa.Table(
    "students",
    metadata,
    sa.Column("id", _key, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("email", sa.Text, nullable=False, default=""),
    sa.Column("section", sa.Text, nullable=False, default=""),
    sa.Column("github", sa.Text, nullable=False, default=""),
)
results = sa.Table(
    "results",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("assignment", _key, nullable=False),
    sa.Column("student", _key, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("verdict", sa.String(40), nullable=False),
    sa.Column("earned", _Exact, nullable=False),
    sa.Column("points", _Exact, nullable=False),
    sa.Column("undecided", _Exact, nullable=False),
    sa.Column("submitted_at", _Moment),
    sa.Column("graded_at", _Moment, nullable=False),
    sa.Column("isolation", sa.Integer),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("results_current", "assignment", "student", "attempt", "id"),
)
marks = sa.Table(
    "marks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("assignment", _key, nullable=False),
    sa.Column("student", _key, nullable=False),
    sa.Column("question", _key, nullable=False),
    sa.Column("points", _Exact, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("marker", sa.Text, nullable=False),
    sa.Column("entered_at", _Moment, nullable=False),
    sa.Index("marks_current", "assignment", "student", "question", "id"),
)


def _score_table(name: str) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("student", _key, nullable=False),
        sa.Column("score", _Exact, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("marker", sa.Text, nullable=False),
        sa.Column("entered_at", _Moment, nullable=False),
        sa.Index(f"{name}_current", "student", "id"),
    )


participation = _score_table("participation")
project = _score_table("project")
