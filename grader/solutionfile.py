"""The form of `solution.py`: cell headers, their options, and the markers of solutions."""

from __future__ import annotations

import ast
import difflib
import re
from pathlib import Path

from grader.errors import BrokenAssignment
from grader.magics import parse, without_magics

BEGIN = re.compile(r"^[ \t]*# BEGIN SOLUTION[ \t]*$", re.MULTILINE)
END = re.compile(r"^[ \t]*# END SOLUTION[ \t]*$", re.MULTILINE)
_EXACT = re.compile(r"^[ \t]*(?:# )?# (BEGIN|END) SOLUTION[ \t]*$")
_MEANT = re.compile(r"^[\s#]*#[\s#]*(begin|end)[\s_-]*solution", re.IGNORECASE)
_HEADER = re.compile(r"^# ?%%+(?:\s.*)?$")
_OPTION = re.compile(r'([\w-]+)\s*=\s*("[^"]*"|\[[^\]]*\]|[^\s"]+)')

_OPTIONS: dict[str, tuple[str, ...] | None] = {
    "active": ("ipynb",),
    "lang": ("zh", "en"),
    "solution": ("hidden",),
    "tags": None,
    "written": None,
}
"""What a cell may say of itself; None allows any value."""


def check_source(path: Path, text: str) -> bool:
    """Check the headers and markers of a solution file.

    Returns:
        Whether there is anything above the first cell.

    Raises:
        BrokenAssignment: something is wrong; names the line and the remedy.
    """
    lines = text.split("\n")
    headers = [n for n, line in enumerate(lines, 1) if _HEADER.match(line)]
    if not headers:
        raise _wrong(path, 1, "has no cells", "Begin each cell with a line `# %%`")
    for number in headers:
        _check_header(path, number, lines[number - 1])
    _check_markers(path, lines)
    prologue = "\n".join(lines[: headers[0] - 1])
    _check_prologue(path, prologue)
    return bool(prologue.strip())


def split_lines(text: str) -> tuple[tuple[tuple[int, str], ...], tuple[str, ...]]:
    """The numbered lines that only we see, and the lines that are released."""
    secret: list[tuple[int, str]] = []
    public: list[str] = []
    hidden = inside = False
    for number, line in enumerate(text.split("\n"), 1):
        marker = _EXACT.match(line)
        if _HEADER.match(line):
            hidden = 'solution="hidden"' in line
        elif marker:
            inside = marker[1] == "BEGIN"
        elif hidden or inside:
            # Text and `active` cells are comments here and come alive in the notebook.
            secret.append((number, line.removeprefix("# ")))
        else:
            public.append(line.removeprefix("# "))
    return tuple(secret), tuple(public)


def without_solution(source: str) -> str:
    """The source of a cell with every solution region replaced by a stub."""
    lines: list[str] = []
    inside = False
    spans = _function_spans(source)
    for number, line in enumerate(source.split("\n"), 1):
        if BEGIN.match(line):
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            stub = bool(indent) if spans is None else any(a < number <= b for a, b in spans)
            lines.append(indent + ("raise NotImplementedError" if stub else "..."))
        elif END.match(line):
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def _function_spans(source: str) -> list[tuple[int, int]] | None:
    """The first and last lines of all functions; None if the cell is not Python."""
    tree = parse(without_magics(source))
    if tree is None:
        return None
    return [
        (node.lineno, max(node.end_lineno or 0, _last_comment(source, node)))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _last_comment(source: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The last line below a function that is indented further than its `def`."""
    last = node.end_lineno or node.lineno
    for number, line in enumerate(source.split("\n")[last:], last + 1):
        if line.strip():
            if len(line) - len(line.lstrip()) <= node.col_offset:
                break
            last = number
    return last


def without_markers(source: str) -> str:
    """The source of a cell with its solution, but without the markers."""
    return "\n".join(x for x in source.split("\n") if not BEGIN.match(x) and not END.match(x))


def _check_header(path: Path, number: int, line: str) -> None:
    for name, value in _OPTION.findall(line):
        if name not in _OPTIONS:
            close = difflib.get_close_matches(name, _OPTIONS, n=1)
            guess = f"Did you mean {close[0]!r}? " if close else ""
            remedy = f"{guess}Known: {', '.join(_OPTIONS)}"
            raise _wrong(path, number, f"unknown cell option {name!r}", remedy)
        allowed = _OPTIONS[name]
        if allowed is not None and value.strip('"') not in allowed:
            remedy = f"Known values: {', '.join(allowed)}"
            raise _wrong(path, number, f"cell option {name} is {value}", remedy)


def _check_markers(path: Path, lines: list[str]) -> None:
    opened: int | None = None
    for number, line in enumerate(lines, 1):
        marker = _EXACT.match(line)
        if _HEADER.match(line) and opened is not None:
            break
        if not marker and _MEANT.match(line):
            remedy = "Write exactly `# BEGIN SOLUTION` or `# END SOLUTION`"
            raise _wrong(path, number, f"{line.strip()!r} is no marker", remedy)
        if marker and marker[1] == "BEGIN":
            if opened is not None:
                remedy = f"End the region of line {opened} first"
                raise _wrong(path, number, "a solution region inside another", remedy)
            opened = number
        elif marker:
            if opened is None:
                remedy = "Add `# BEGIN SOLUTION` above it in the same cell"
                raise _wrong(path, number, "the end of no solution region", remedy)
            opened = None
    if opened is not None:
        remedy = "Add `# END SOLUTION` in the same cell"
        raise _wrong(path, opened, "the solution region has no end in its cell", remedy)


def _check_prologue(path: Path, prologue: str) -> None:
    try:
        body = ast.parse(prologue).body
    except SyntaxError as error:
        raise _wrong(path, error.lineno or 1, "is not Python", "Correct the line") from None
    for statement in body:
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            remedy = "Put a line `# %%` above it: what is above the first cell is not released"
            raise _wrong(path, statement.lineno, "code above the first cell", remedy)


def _wrong(path: Path, line: int, problem: str, remedy: str) -> BrokenAssignment:
    return BrokenAssignment(f"{path}:{line}: {problem}", remedy)
