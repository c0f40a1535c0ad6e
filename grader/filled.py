"""A table for another program: cells as text, and what did not find its place in it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from grader.errors import GraderError

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_HARMLESS = re.compile(r"-|[-+]?\d+(\.\d+)?", re.ASCII)
"""A number, and what Moodle writes for none: whatever they begin with."""


@dataclass(frozen=True)
class Filled:
    """The rows of a table, header included."""

    rows: Sequence[Sequence[str]]
    lost: tuple[str, ...] = ()
    """Students of ours who are not in the other grade book."""
    unused: tuple[str, ...] = ()
    """Columns of ours that are not in it."""


def fitting(cells: Sequence[str], width: int) -> list[str]:
    """A row of exactly so many cells."""
    return [*cells, *[""] * (width - len(cells))][:width]


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    risky = text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA)
    return f"'{text}" if risky else text


def typed(cell: str) -> str:
    """What was made a cell by `safe`."""
    return cell[1:] if cell[:1] == "'" and safe(cell[1:]) == cell else cell


def write_table(filled: Filled, target: Path | TextIO) -> None:
    """Write CSV; a file as UTF-8 with the mark that spreadsheets look for.

    Raises:
        GraderError: the file cannot be written.
    """
    if not isinstance(target, Path):
        _write(filled, target)
        return
    try:
        with target.open("w", encoding="utf-8-sig", newline="") as stream:
            _write(filled, stream)
    except OSError as error:
        raise unwritable(target, error) from None


def unwritable(target: Path, error: OSError) -> GraderError:
    """What to raise when a file cannot be written."""
    problem = f"{target} cannot be written: {error.strerror or error}"
    return GraderError(problem, "Name a file in a folder that you may write to")


def _write(filled: Filled, stream: TextIO) -> None:
    rows = ([c if _HARMLESS.fullmatch(c) else safe(c) for c in row] for row in filled.rows)
    csv.writer(stream).writerows(rows)
