"""Reading the audit log, and telling whether it is whole."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from grader.entries import AuditEntry
from grader.gradebook import audit, schema
from grader.gradebook.connected import Connected


class Audited(Connected):
    """The audit log of a gradebook."""

    def note(self, entries: Iterable[AuditEntry]) -> None:
        """Append lines about what changed no table by itself, such as a regrade."""
        with self._transaction(writing=True) as connection:
            audit.record(connection, entries)

    def audit(
        self, student: str | None = None, assignment: str | None = None
    ) -> tuple[AuditEntry, ...]:
        """The lines of the log, oldest first."""
        table = schema.audit
        names = ("at", "who", "action", "student", "assignment", "what", "why")
        query = sa.select(*(table.c[name] for name in names)).order_by(table.c.id)
        if student is not None:
            query = query.where(table.c.student == student)
        if assignment is not None:
            query = query.where(table.c.assignment == assignment)
        return tuple(AuditEntry(**row) for row in self._all(query))

    def audit_broken_at(self) -> int | None:
        """The number of the first line that is not what was written; None: the log is whole."""
        digest = ""
        for expected, row in enumerate(self._all(sa.select(schema.audit).order_by("id")), 1):
            digest = audit.chained(digest, dict(row))
            if row["id"] != expected or digest != row["digest"]:
                return expected
        return None
