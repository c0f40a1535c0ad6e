"""Lines of a solution that turn up in files that students get."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|[^\w\s]")
_TRIVIAL = 6
"""So many tokens may be equal by chance: `n = x.shape[0]` has eight, `return loss` two."""


@dataclass(frozen=True)
class Leak:
    """A line of a solution in a released file."""

    number: int
    """Its line in `solution.py`, from 1."""
    line: str
    file: Path
    found: int
    """The line of the file, from 1; for a notebook, counted over all its texts."""

    def __str__(self) -> str:
        return (
            f"{self.file}, line {self.found} holds line {self.number} of solution.py: {self.line}"
        )


def find_leaks(
    secret: Iterable[tuple[int, str]], public: Iterable[str], files: Mapping[Path, bytes]
) -> tuple[Leak, ...]:
    """The secret lines that released files hold, whatever their spacing.

    Args:
        secret: numbered lines of solutions.
        public: lines that students get anyway; what is among them is no secret.
        files: what is released.
    """
    known = [_tokens(line) for line in public]
    wanted: dict[str, tuple[int, str]] = {}
    for number, line in secret:
        tokens = _tokens(line)
        if tokens.count(" ") - 1 > _TRIVIAL and not any(tokens in other for other in known):
            wanted.setdefault(tokens, (number, line.strip()))
    return tuple(
        Leak(number, line, path, found)
        for path, data in files.items()
        for found, text in enumerate(_lines(path, data), 1)
        for tokens, (number, line) in wanted.items()
        if tokens in _tokens(text)
    )


def _tokens(line: str) -> str:
    """The line with one space around every token."""
    return " " + " ".join(_TOKEN.findall(line)) + " "


def _lines(path: Path, data: bytes) -> Iterator[str]:
    text = data.decode("utf-8", errors="replace")
    if path.suffix == ".ipynb":
        with contextlib.suppress(ValueError):
            text = "\n".join(_strings(json.loads(text)))
    yield from text.split("\n")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
