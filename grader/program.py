"""The code of a notebook as one Python text, for reading without running it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Collection
from dataclasses import dataclass

from grader.magics import parse, without_magics
from grader.notebook import Notebook

_LONGEST = 50_000
"""IPython reads a cell over and over; a longer one is not worth it."""


@dataclass(frozen=True)
class Place:
    """A line of a cell, both counted from 1."""

    cell: int
    line: int


@dataclass(frozen=True)
class Program:
    """All code cells that Python can compile, joined; magics and shell lines are blanked."""

    source: str
    places: tuple[Place, ...]
    """Where line n + 1 of `source` comes from."""
    skipped: tuple[int, ...] = ()
    """Code cells with syntax errors: Python runs no line of them."""
    failed: frozenset[int] = frozenset()
    """Cells that raised when they ran: what they define after that line does not exist."""

    def place(self, line: int) -> Place:
        """Where line `line` (from 1) of `source` comes from."""
        return self.places[min(max(line, 1), len(self.places)) - 1]


def code(notebook: Notebook, failed: Collection[int] = ()) -> Program:
    """The program that a notebook's code cells form, from top to bottom.

    Args:
        notebook: as read.
        failed: numbers of cells that are known to have raised.
    """
    lines: list[str] = []
    places: list[Place] = []
    skipped: list[int] = []
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        source = without_magics(cell.source)
        if parse(source) is None:
            source = _as_ipython_reads(cell.source)
        if parse(source) is None:
            skipped.append(cell.number)
            continue
        found = source.split("\n")
        lines += found
        places += [Place(cell.number, line) for line in range(1, len(found) + 1)]
    return Program("\n".join(lines), tuple(places), tuple(skipped), frozenset(failed))


def _as_ipython_reads(source: str) -> str:
    """The cell after IPython's own changes, which also undo pasted prompts and indentation."""
    if len(source) > _LONGEST:
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    # What it raises and warns about in broken code is not specified.
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed: str = TransformerManager().transform_cell(source)
        return changed.removesuffix("\n")
    return source
