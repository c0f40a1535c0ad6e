"""An open gradebook: one engine, short transactions, foreign exceptions translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from grader.closing import Closing
from grader.errors import GradebookError
from grader.gradebook import opening, schema
from grader.gradebook.upgrade import Upgrade, bring_up_to_date


class Connected(Closing):
    """What every part of the gradebook works on.

    Args:
        target: path of an SQLite file, or an SQLAlchemy URL.
        create: whether to make it when it is not there.
        wait: seconds to wait for another process that is writing.

    Raises:
        GradebookError: from every method, when the gradebook cannot be opened, read or written;
            one line and a remedy.
    """

    def __init__(self, target: str | Path, *, create: bool = True, wait: float = 10.0) -> None:
        self._target = target
        self._create = create
        self._wait = wait
        self._engine: sa.Engine | None = None
        self.upgrade: Upgrade | None = None
        """What opening it did to an older gradebook."""

    @property
    def name(self) -> str:
        """What messages call it; a password in the URL is not shown."""
        if (path := opening.place(self._target)) is not None:
            return str(path)
        return sa.make_url(str(self._target)).render_as_string(hide_password=True)

    def __enter__(self) -> Self:
        with opening.explained(self.name):
            self._engine = opening.engine(self._target, create=self._create, wait=self._wait)
        try:
            with self._transaction() as connection:
                version = opening.version_of(connection, self.name)
            if version != schema.VERSION:
                with self._transaction(writing=True) as connection:
                    path = opening.place(self._target)
                    self.upgrade = bring_up_to_date(connection, self.name, path)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Give up the connections; what was added is already on the disk."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _transaction(self, *, writing: bool = False) -> Iterator[sa.Connection]:
        if self._engine is None:
            raise GradebookError(f"{self.name} is not open", "Use it inside a `with` block")
        with (
            opening.explained(self.name),
            self._engine.execution_options(writing=writing).begin() as connection,
        ):
            yield connection

    def _all(self, query: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
        with self._transaction() as connection:
            result = connection.execute(query)
            names = tuple(result.keys())
            # What `mappings()` would make, in half the time: a semester has 30,000 rows.
            return [dict(zip(names, row, strict=True)) for row in result]
