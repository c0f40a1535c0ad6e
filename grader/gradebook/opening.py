"""Opens the database behind a gradebook, and says in one line why it cannot be used."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from grader.errors import GradebookError
from grader.gradebook import schema

_REASONS = (
    (
        ("locked", "busy"),
        "is in use by another process",
        "Wait until the other command has finished, then run this again",
    ),
    (
        ("not a database", "malformed", "corrupt", "encrypted"),
        "is damaged, or is not a gradebook",
        "Restore it from a backup, or move it away to start a new one",
    ),
    (("full",), "cannot grow: the disk is full", "Make room; nothing recorded so far is lost"),
    (
        ("disk i/o error",),
        "was not taken by the disk",
        "Check its room, your quota and the drive; nothing recorded so far is lost",
    ),
    (
        ("readonly", "read-only", "unable to open", "permission"),
        "cannot be written",
        "Make the file and its folder writable",
    ),
    (
        ("kept for good",),
        "is only ever added to",
        "Enter a newer value instead: the newest counts, and the older one stays visible",
    ),
)


def place(target: str | Path) -> Path | None:
    """The file behind `target`; None when it is a URL."""
    return None if "://" in str(target) else Path(target)


def engine(target: str | Path, *, create: bool, wait: float) -> sa.Engine:
    """An engine for a path or URL; nothing is connected yet.

    A file that may not be written is opened for reading.

    Raises:
        GradebookError: the file or its folder cannot be used, or the driver is not installed.
    """
    path = place(target)
    if path is not None:
        _usable(path, create)
        if path.exists() and not _writable(path):
            return _reader(path, wait)
    url = sa.URL.create("sqlite", database=str(path)) if path else sa.make_url(str(target))
    sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {"timeout": wait} if sqlite else {}
    try:
        made = sa.create_engine(url, connect_args=options)
    except (ImportError, exc.ArgumentError) as error:
        problem = f"the gradebook {url} cannot be opened: {error}"
        raise GradebookError(problem, "Install the driver, or correct the URL") from None
    if sqlite:
        event.listen(made, "connect", _prepare)
        event.listen(made, "begin", _begin)
    return made


def version_of(connection: sa.Connection, name: str) -> int | None:
    """The version of the tables; None when the database is empty.

    Raises:
        GradebookError: the database holds something else, or is newer than this grader.
    """
    present = set(sa.inspect(connection).get_table_names())
    if not present:
        return None
    if schema.meta.name not in present:
        problem = f"{name} is a database, but not a gradebook"
        raise GradebookError(problem, "Name another file or database")
    query = sa.select(schema.meta.c.value).where(schema.meta.c.name == "schema_version")
    version = int(connection.execute(query).scalar_one())
    if version > schema.VERSION:
        problem = (
            f"{name} was written by a newer grader (version {version}, "
            f"this one reads {schema.VERSION})"
        )
        remedy = "Upgrade with `pip install -U dl-grader`; nothing was changed"
        raise GradebookError(problem, remedy)
    return version


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what a database raises into a `GradebookError` about the gradebook `name`."""
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        said = " ".join(str(cause).split())
        for words, problem, remedy in _REASONS:
            if any(word in said.lower() for word in words):
                raise GradebookError(f"{name} {problem} ({said})", remedy) from error
        problem = f"{name} cannot be used: {said}"
        raise GradebookError(problem, "Check that it is a gradebook of this grader") from error


def _usable(path: Path, create: bool) -> None:
    folder = path.parent
    if path.is_dir():
        raise GradebookError(f"{path} is a folder, not a gradebook", "Name a file")
    if not folder.is_dir():
        raise GradebookError(f"there is no folder {folder}", "Make it, or name another one")
    if not path.exists() and not create:
        problem = f"there is no gradebook {path}"
        raise GradebookError(problem, "Grade something first: `grader grade ASSIGNMENT`")
    if not path.exists() and not os.access(folder, os.W_OK):
        problem = f"{folder} cannot be written"
        raise GradebookError(problem, "Make the folder of the gradebook writable")


def _writable(path: Path) -> bool:
    """SQLite keeps its journal beside the file, so the folder must be writable, too."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _reader(path: Path, wait: float) -> sa.Engine:
    """An engine that writes nothing at all, not even a journal."""
    journal = path.with_name(f"{path.name}-wal")
    # Without a journal there is no writer to look out for, and SQLite needs no files of its own.
    quiet = not (journal.exists() and journal.stat().st_size)
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if quiet else ''}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, timeout=wait, isolation_level=None)

    made = sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.NullPool)
    event.listen(made, "begin", _begin)
    return made


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    """Readers never wait for the writer (WAL); we begin transactions ourselves."""
    connection.isolation_level = None
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        # The mode stays with the file; a database that is not ours is left as it is.
        connection.execute("PRAGMA journal_mode=WAL").close()
    connection.execute("PRAGMA synchronous=FULL").close()


def _begin(connection: sa.Connection) -> None:
    """A writer takes the lock at once: two writers queue instead of failing half-way."""
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
