"""The audit log: who did what, when and why. Rows are chained, so that a missing one shows.

Each row carries a digest of its content and of the digest before it; triggers in the database
refuse to change or delete a row, and the chain tells when somebody went around them.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from grader.entries import AuditEntry
from grader.gradebook import schema


def record(connection: sa.Connection, entries: Iterable[AuditEntry]) -> None:
    """Append lines, in the transaction of what they are about."""
    table, now = schema.audit, datetime.now(UTC)
    last = sa.select(table.c.digest).order_by(table.c.id.desc()).limit(1)
    digest = connection.execute(last).scalar() or ""
    rows = []
    for entry in entries:
        row: dict[str, Any] = {
            "at": now,
            "who": entry.who or login(),
            "action": entry.action,
            "student": entry.student,
            "assignment": entry.assignment,
            "what": entry.what,
            "why": entry.why,
        }
        digest = chained(digest, row)
        rows.append(row | {"digest": digest})
    if rows:
        connection.execute(sa.insert(table), rows)


def chained(before: str, row: dict[str, Any]) -> str:
    """The digest of a row, given that of the row before it."""
    told = [*(row[k] for k in ("who", "action", "student", "assignment", "what", "why"))]
    moment = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps([before, moment, *told], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def login() -> str:
    """The name of whoever is logged in; what is noted when nobody says who they are."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
