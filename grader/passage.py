"""Lines of the student's own code around a place, so that a report can point at them."""

from __future__ import annotations

from grader.notebook import Notebook
from grader.result import Passage, Place

AROUND = 2
"""Lines before and after."""
WIDTH = 200
"""Characters of a line that are kept."""


def passage(notebook: Notebook, place: Place) -> Passage | None:
    """The lines around a place; None when the notebook has no such line.

    Args:
        notebook: as it was run, so that its lines count as Python counted them.
        place: taken from student code: it may be wrong.
    """
    if not 1 <= place.cell <= len(notebook.cells):
        return None
    lines = notebook.cells[place.cell - 1].source.split("\n")  # as Python counts them
    if not 1 <= place.line <= len(lines):
        return None
    first = max(1, place.line - AROUND)
    shown = lines[first - 1 : place.line + AROUND]
    return Passage(place, first, tuple(_printable(line) for line in shown))


def _printable(line: str) -> str:
    kept = line.rstrip().encode("utf-8", "replace").decode("utf-8")
    return kept if len(kept) <= WIDTH else kept[:WIDTH] + " …"
