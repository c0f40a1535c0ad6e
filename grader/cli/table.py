"""Tables on stdout: aligned text for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import click
from rich.cells import cell_len

from grader.decimals import digits
from grader.errors import UsageError
from grader.result import Verdict
from grader.unseen import visible

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, not a table.")


def echo_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()
) -> None:
    """Print rows under headers; a Chinese character takes two columns.

    Args:
        headers: the first line.
        rows: the cells as text.
        right: headers of the columns that are aligned to the right.
    """
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(cell_len(row[i]) for row in (headers, *rows)) for i in range(len(headers))]
    for row in (headers, *rows):
        cells = [
            _pad(cell, width, header in right)
            for cell, width, header in zip(row, widths, headers, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def echo_json(value: Any) -> None:
    """Print a value as JSON; decimal numbers as strings, so that none is rounded."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def number(value: Decimal | None) -> str:
    """Points as people write them: 12, 12.5; a dash for what is not known."""
    return "-" if value is None else digits(value)


def parse_points(text: str | None) -> Decimal | None:
    """The points that an option names.

    Raises:
        UsageError: it is no number of points.
    """
    if text is None:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(-1)
    if not (found.is_finite() and found >= 0):
        raise UsageError(f"{text!r} is no number of points", "Give a number such as 10")
    return found


def word(verdict: Verdict) -> str:
    """A verdict as it is shown: in the words of the JSON, with blanks."""
    return verdict.value.replace("_", " ")


def count(n: int, thing: str) -> str:
    """`1 student`, `2 students`."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def _pad(text: str, width: int, right: bool) -> str:
    fill = " " * (width - cell_len(text))
    return fill + text if right else text + fill


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple | frozenset):
        return list(value)
    return str(value)
