"""The roster inside the gradebook: the one table that is brought up to date in place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from grader.entries import AuditEntry
from grader.gradebook import audit, schema
from grader.gradebook.connected import Connected
from grader.records import Student


class People(Connected):
    """Who is in the course."""

    def put_students(
        self, students: Iterable[Student], *, author: str = "", reason: str = ""
    ) -> int:
        """Bring the roster up to date; empty fields leave what is there. Returns the changes.

        Whether somebody is active is not changed: `set_active` does that.
        """
        with self._transaction(writing=True) as connection:
            return merge(connection, students, (author, reason))

    def set_active(
        self, students: Iterable[str], active: bool, *, author: str = "", reason: str = ""
    ) -> int:
        """Note who has left the course, or is back; returns how many are news.

        What they have earned stays. Student numbers that nobody has are passed over.
        """
        table, numbers = schema.students, tuple(dict.fromkeys(students))
        what = "is back" if active else "has left the course"
        with self._transaction(writing=True) as connection:
            query = sa.select(table.c.id).where(table.c.active.is_not(active))
            news = sorted(set(connection.execute(query).scalars()).intersection(numbers))
            for number in news:
                change = sa.update(table).where(table.c.id == number).values(active=active)
                connection.execute(change)
            lines = [AuditEntry(author, "roster", what, reason, student) for student in news]
            audit.record(connection, lines)
            return len(news)

    def students(self) -> tuple[Student, ...]:
        """Everybody who is on the roster or has a result or score, by student number."""
        rows = self._all(sa.select(schema.students).order_by(schema.students.c.id))
        return tuple(Student(**row) for row in rows)


def merge(
    connection: sa.Connection, students: Iterable[Student], told: tuple[str, str] | None = None
) -> int:
    """Add who is new; for the others, let what is given replace what is there.

    Args:
        connection: in a transaction that holds the writer's lock.
        students: whom.
        told: who says so and why, for the audit log; None where it only follows from something
            that is logged itself.
    """
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
    if told is not None:
        who, why = told
        lines = [(row["id"], _said(known.get(row["id"]), row)) for row in changed]
        audit.record(connection, [AuditEntry(who, "roster", what, why, s) for s, what in lines])
    return len(changed)


def _filled(row: dict[str, Any], known: bool) -> dict[str, Any]:
    if not known:
        return row
    return {name: text for name, text in row.items() if text and name != "active"}


def _said(before: dict[str, Any] | None, row: dict[str, Any]) -> str:
    if before is None:
        told = [row[name] for name in ("name", "email", "section", "github") if row[name]]
        return ": ".join(filter(None, ("is new", ", ".join(told))))
    changes = (n for n, value in row.items() if before[n] != value)
    return ", ".join(f"{n} {before[n] or 'nothing'} → {row[n]}" for n in changes)
