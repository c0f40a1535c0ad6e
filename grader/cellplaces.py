"""Where a line of a cell lies in the notebook file, for remarks on a file that is JSON."""

from __future__ import annotations

import ast
import bisect
import json
import re
from dataclasses import dataclass
from typing import Any

from grader.magics import without_magics

_SOURCE = re.compile(r'"source"\s*:')


@dataclass(frozen=True)
class Places:
    """The lines of the file, by cell and line of the cell, both from 1."""

    lines: tuple[tuple[int, ...], ...] = ()
    sources: tuple[str, ...] = ()

    def of(self, cell: int, line: int | None = None) -> int:
        """The line of the file, from 1; the start of the cell, or 1, where it is not known."""
        if not 1 <= cell <= len(self.lines) or not self.lines[cell - 1]:
            return 1
        found = self.lines[cell - 1]
        return found[min(max((line or 1) - 1, 0), len(found) - 1)]

    def of_function(self, name: str) -> int:
        """The line where the last definition of a function or class begins; 1 if there is none."""
        for number in range(len(self.sources), 0, -1):
            line = _definition(self.sources[number - 1], name)
            if line is not None:
                return self.of(number, line)
        return 1


def places(data: bytes) -> Places:
    """Find the cells in a notebook file; nothing is found in a file that is none."""
    text = data.decode("utf-8", errors="replace")
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return Places()
    if not isinstance(cells, list):
        return Places()
    starts = [i for i, c in enumerate(text) if c == "\n"]
    lines, sources, at = [], [], 0
    for cell in cells:
        source = cell.get("source", "") if isinstance(cell, dict) else ""
        found = _SOURCE.search(text, at)
        at = found.end() if found else at
        rows, at = _rows(text, source, at, starts)
        lines.append(rows)
        is_code = isinstance(cell, dict) and cell.get("cell_type") == "code"
        sources.append(_joined(source) if is_code else "")
    return Places(tuple(lines), tuple(sources))


def _rows(text: str, source: Any, at: int, starts: list[int]) -> tuple[tuple[int, ...], int]:
    rows = []
    parts = source if isinstance(source, list) else [source]
    for part in parts:
        if not isinstance(part, str):
            continue
        spelled = {json.dumps(part), json.dumps(part, ensure_ascii=False)}
        found = [place for s in spelled if (place := text.find(s, at)) >= 0]
        if found:
            at = min(found)
            row = bisect.bisect_left(starts, at) + 1
            rows += [row] * max(1, part.rstrip("\n").count("\n") + 1)
            at += 1
    return tuple(rows), at


def _joined(source: Any) -> str:
    parts = source if isinstance(source, list) else [source]
    return "".join(p for p in parts if isinstance(p, str))


def _definition(source: str, name: str) -> int | None:
    try:
        tree = ast.parse(without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = re.search(rf"^(?:def|class) {re.escape(name)}\b", source, re.MULTILINE)
        return source[: found.start()].count("\n") + 1 if found else None
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    lines = [n.lineno for n in tree.body if isinstance(n, kinds) and n.name == name]
    return lines[-1] if lines else None
