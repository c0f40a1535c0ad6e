"""Makes a gradebook of today: a new one from nothing, an old one by migration, after a backup.

Everything happens in one transaction that holds the writer's lock: it is done as a whole or not at
all, and of two processes that open an old gradebook one migrates and the other waits.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from grader.entries import AuditEntry
from grader.errors import GradebookError
from grader.gradebook import audit, opening, schema
from grader.version import VERSION

MIGRATIONS = Path(__file__).with_name("migrations")


@dataclass(frozen=True)
class Upgrade:
    """A gradebook was brought to the version of this grader."""

    before: int
    after: int
    backup: Path | None
    """The gradebook as it was; None where a server keeps the database."""


def bring_up_to_date(connection: sa.Connection, name: str, path: Path | None) -> Upgrade | None:
    """Make the tables what this grader needs; None when nothing old was there.

    Args:
        connection: in a transaction that holds the writer's lock.
        name: what messages call the gradebook.
        path: its file; None where a server keeps it.

    Raises:
        GradebookError: it cannot be backed up; nothing was changed.
    """
    before = opening.version_of(connection, name)
    if before == schema.VERSION:
        return None  # another process was faster
    if before is None:
        schema.metadata.create_all(connection)
        row = {"name": "schema_version", "value": str(schema.VERSION)}
        connection.execute(sa.insert(schema.meta), row)
        _alembic(connection, stamp=schema.VERSION)
        return None
    backup = _back_up(path, before) if path else None
    _alembic(connection, stamp=before)
    _alembic(connection)
    version = sa.update(schema.meta).where(schema.meta.c.name == "schema_version")
    connection.execute(version.values(value=str(schema.VERSION)))
    what = f"tables of version {before} → {schema.VERSION}"
    why = f"opened by grader {VERSION}" + (f"; backup in {backup.name}" if backup else "")
    audit.record(connection, [AuditEntry("grader", "upgrade", what, why)])
    return Upgrade(before, schema.VERSION, backup)


def _alembic(connection: sa.Connection, stamp: int | None = None) -> None:
    # Only here: a gradebook of today is opened without waiting for Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if stamp is not None:
        command.stamp(config, f"{stamp:04}")
    else:
        command.upgrade(config, f"{schema.VERSION:04}")


def _back_up(path: Path, version: int) -> Path:
    """A copy beside the file, complete or not there at all."""
    now = datetime.now(UTC)
    target = path.with_name(f"{path.stem}.version-{version}.{now:%Y%m%dT%H%M%SZ}{path.suffix}")
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(unfinished)) as copy,
        ):
            source.backup(copy)
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(target)
    except (sqlite3.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        problem = f"{path} needs an upgrade, and no backup can be written beside it ({error})"
        raise GradebookError(problem, "Make room there; nothing was changed") from error
    return target
