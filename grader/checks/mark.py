"""`@check`: what a test function is worth."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from grader.errors import BrokenAssignment
from grader.result import Text

_Test = TypeVar("_Test", bound=Callable[..., Any])


@dataclass(frozen=True)
class Mark:
    """The identity and the worth of a check."""

    id: str
    title: Text
    points: Decimal
    parts: tuple[tuple[str, Decimal], ...] = ()
    functions: tuple[str, ...] = ()
    """The student's functions it is about, where they must be known before it runs."""

    @property
    def question(self) -> str:
        """The question it belongs to: the digits of "3a", the letter of "h1"."""
        digits = self.id.lstrip("p")
        number = "".join(c for c in digits if c.isdigit())
        return number if digits[:1].isdigit() else digits[:1]


def check(
    id: str,  # noqa: A002  (reads as the tables do: check "3a")
    points: float | Mapping[str, float],
    functions: tuple[str, ...] = (),
) -> Callable[[_Test], _Test]:
    """Make a test function a check.

    The docstring's first line is its sentence in Chinese, the second in English.

    Args:
        id: as in the assignment's table, such as "3a"; public checks begin with "p".
        points: what it is worth, or what each of its parts is worth.
        functions: the student's functions it is about, so that `check_here` can select it.

    Raises:
        BrokenAssignment: the docstring lacks one of its two lines.
    """
    parts = points if isinstance(points, Mapping) else {}
    total = sum(parts.values()) if parts else points

    def mark(test: _Test) -> _Test:
        test.__check__ = Mark(  # type: ignore[attr-defined]
            id=id,
            title=_title(id, test),
            points=Decimal(str(total)),
            parts=tuple((name, Decimal(str(p))) for name, p in parts.items()),
            functions=functions,
        )
        return test

    return mark


def _title(id: str, test: Callable[..., Any]) -> Text:  # noqa: A002
    lines = [line.strip() for line in (inspect.getdoc(test) or "").splitlines() if line.strip()]
    if len(lines) < 2:
        raise BrokenAssignment(
            f"check {id!r} says what it tests in fewer than two languages",
            "Give its docstring a Chinese line and an English line",
        )
    return Text(lines[0], " ".join(lines[1:]))
