"""Tables to which rows are only added: the newest row about a thing counts.

What is added is put into the audit log in the same transaction: from what, to what, by whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from grader.entries import AuditEntry
from grader.gradebook import audit, roster
from grader.records import Student

_UNSAID = ("student", "assignment", "marker", "author", "reason")
"""Columns of which the audit log has its own."""


def newest(table: sa.Table, group: Sequence[str], **where: str | None) -> sa.ColumnElement[bool]:
    """The rows with the highest number of their group.

    Args:
        table: a table to which rows are only added.
        group: the columns that say what a row is about.
        where: columns of the group that must have a value; None leaves a column free.
    """
    numbers = sa.select(sa.func.max(table.c.id)).group_by(*(table.c[name] for name in group))
    for name, value in where.items():
        if value is not None:
            numbers = numbers.where(table.c[name] == value)
    return table.c.id.in_(numbers)


def without(table: sa.Table, *names: str) -> list[sa.Column[Any]]:
    """The columns of a table but for some."""
    return [column for column in table.c if column.name not in names]


def append(
    connection: sa.Connection,
    table: sa.Table,
    group: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    action: str,
    *,
    stamp: str = "entered_at",
    people: Iterable[Student] = (),
) -> int:
    """Add the rows that differ from the newest about the same thing; returns how many.

    Args:
        connection: in a transaction that holds the writer's lock.
        table: where to.
        group: the columns that say what a row is about.
        rows: all columns but the number and the stamp.
        action: what the audit log calls this.
        stamp: the column that says when.
        people: students to add to the roster, if they are not there.
    """
    query = sa.select(*without(table, "id", stamp)).where(newest(table, group))
    there = [dict(row) for row in connection.execute(query).mappings()]
    known = {_about(row, group): row for row in there}
    roster.merge(connection, people)
    news, lines = [], []
    for row in rows:
        before = known.get(_about(row, group))
        if before == row:
            continue
        known[_about(row, group)] = dict(row)
        news.append(row)
        lines.append(_line(action, group, before or {}, row))
    if news:
        now = {stamp: datetime.now(UTC)}
        connection.execute(sa.insert(table), [dict(row) | now for row in news])
        audit.record(connection, lines)
    return len(news)


def _about(row: Mapping[str, Any], group: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in group)


def _line(
    action: str, group: Sequence[str], before: Mapping[str, Any], row: Mapping[str, Any]
) -> AuditEntry:
    about = [
        str(row[name]) for name in group if name not in _UNSAID and row[name] not in ("", False)
    ]
    changes = [
        _change(name, before.get(name), value)
        for name, value in row.items()
        if name not in (*group, *_UNSAID) and before.get(name) != value and (before or value)
    ]
    return AuditEntry(
        who=row.get("author") or row.get("marker") or "",
        action=action,
        what=": ".join(filter(None, (" ".join(about), ", ".join(changes)))),
        why=row.get("reason") or "",
        student=row.get("student") or row.get("subject") or "",
        assignment=row.get("assignment") or "",
    )


def _change(name: str, before: Any, after: Any) -> str:
    if before in (None, ""):
        return f"{name} {_said(after)}"
    return f"{name} {_said(before)} → {_said(after)}"


def _said(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return str(value)
