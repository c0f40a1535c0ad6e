"""The roster inside the gradebook: the one table that is brought up to date in place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import sqlalchemy as sa

from grader.gradebook import schema
from grader.records import Student


def merge(connection: sa.Connection, students: Iterable[Student]) -> int:
    """Add who is new; for the others, let what is given replace what is there."""
    table = schema.students
    given = {s.id: asdict(s) for s in students}
    query = sa.select(table)
    if len(given) == 1:
        query = query.where(table.c.id == next(iter(given)))
    known = {row["id"]: dict(row) for row in connection.execute(query).mappings()}
    merged = {key: known.get(key, {}) | _filled(row, key in known) for key, row in given.items()}
    changed = [row for key, row in merged.items() if known.get(key) != row]
    for row in changed:
        if row["id"] in known:
            connection.execute(sa.update(table).where(table.c.id == row["id"]).values(row))
        else:
            connection.execute(sa.insert(table).values(row))
    return len(changed)


def _filled(row: dict[str, str], only: bool) -> dict[str, str]:
    return {name: text for name, text in row.items() if text or not only}
