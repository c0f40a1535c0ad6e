"""What a written question asks of students, and what its markers go by; from `solution.py`.

The prompt is the text cell above the answer cell, the marking guide are the hidden text cells
right below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from grader.course import Assignment, Question


@dataclass(frozen=True)
class Asked:
    """A written question as its markers see it."""

    question: Question
    prompt: str = ""
    """Markdown; empty when the reference folder does not hold it."""
    guide: str = ""
    """What to give points for, as Markdown; empty when nobody has written it down."""


def asked(assignment: Assignment, language: str) -> tuple[Asked, ...]:
    """The written questions of an assignment, in its order.

    Args:
        assignment: which one.
        language: "zh" or "en".
    """
    cells = _cells(assignment, language)
    return tuple(_asked(q, cells) for q in assignment.questions if q.written)


def _asked(question: Question, cells: Sequence[Any]) -> Asked:
    places = [n for n, c in enumerate(cells) if c.metadata.get("written") == question.id]
    if not places:
        return Asked(question)
    above = [c for c in cells[: places[0]] if _is_text(c) and not _is_hidden(c)]
    guide = [c for c in takewhile(_is_hidden, cells[places[0] + 1 :]) if _is_text(c)]
    return Asked(
        question,
        above[-1].source.strip() if above else "",
        "\n\n".join(c.source.strip() for c in guide),
    )


def _cells(assignment: Assignment, language: str) -> list[Any]:
    try:
        text = (assignment.reference / "solution.py").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []  # marking goes on without; `grader verify` says what is wrong with the file
    import jupytext

    cells = jupytext.reads(text, fmt="py:percent").cells
    return [c for c in cells if c.metadata.get("lang") in (None, language)]


def _is_text(cell: Any) -> bool:
    return cell.cell_type == "markdown" and "written" not in cell.metadata


def _is_hidden(cell: Any) -> bool:
    return bool(cell.metadata.get("solution") == "hidden")
