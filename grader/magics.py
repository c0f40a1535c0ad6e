r"""Which lines of a cell are IPython's rather than Python's.

A line is a magic only where a statement may begin: `% b` inside brackets is arithmetic, and
`!pip install` inside a docstring is text. `%%time` and its like take a body of Python, other cell
magics (`%%bash`, `%%html`) a body that is none. Help (`x?`, `?x`) counts as a magic; names that
IPython would expand without a sign (`ls`, `pip install x` alone in a cell) count only for
installers.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

PYTHON_BODIES = frozenset({"time", "timeit", "capture", "prun", "memit"})
"""Cell magics whose body is Python code."""

_TOKEN = re.compile(
    r"""
    (?P<skip>\#[^\n]*+
      | \"{3} [^\"\\]*+ (?:(?:\\.|\"(?!\"\")) [^\"\\]*+)*+ (?:\"{3}|\Z)
      | '{3} [^'\\]*+ (?:(?:\\.|'(?!'')) [^'\\]*+)*+ (?:'{3}|\Z)
      | \" [^\"\\\n]*+ (?:\\. [^\"\\\n]*+)*+ \"?
      | ' [^'\\\n]*+ (?:\\. [^'\\\n]*+)*+ '?
      | \\\n)
    | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<line>\n)
    """,
    re.VERBOSE | re.DOTALL,
)
_MAGIC = re.compile(
    r"""[ \t]*(?:
        [!%?][^\n]*
      | (?:sudo[ \t]+)?(?:pip3?|conda|mamba)[ \t]+(?:install|uninstall)[ \t][^\n]*
      | [\w.]+\?{1,2}[ \t]*$
      | (?P<target>[^\W\d][\w., \t]*=[ \t]*)[!%](?![=])[^\n]*
    )""",
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True)
class Magic:
    """One magic of a cell: its lines, counted from 0, and its text."""

    first: int
    last: int
    """Differs from `first` where the line is continued by a backslash."""
    text: str
    """Without indentation and without the target of an assignment."""
    indent: str
    target: str = ""
    """What it is assigned to, with the sign: `"files = "`."""


def cell_magic(source: str) -> str | None:
    """The name of the cell magic that `source` begins with, such as "bash", or None."""
    found = re.match(r"\s*%%(\w+|!)", source)
    return found.group(1) if found else None


def magics(source: str) -> Iterator[Magic]:
    """The line magics, shell lines and cell-magic lines of a cell, from top to bottom."""
    place, line = 0, 0
    while place <= len(source):
        found = _MAGIC.match(source, place)
        if found:
            end = _end_of_line(source, found.start())
            text = source[found.start() : end]
            last = line + text.count("\n")
            target = found["target"] or ""
            bare = text.lstrip(" \t")
            indent = text[: len(text) - len(bare)]
            yield Magic(line, last, bare[len(target) :], indent, target)
            place, line = end + 1, last + 1
        else:
            end = _end_of_statement_line(source, place)
            line += source.count("\n", place, end) + 1
            place = end + 1


def without_magics(source: str) -> str:
    """The cell as Python with every magic replaced by `pass`, line for line."""
    name = cell_magic(source)
    lines = source.split("\n")
    if name is not None and name not in PYTHON_BODIES:
        return "\n" * (len(lines) - 1)
    for magic in magics(source):
        lines[magic.first] = magic.indent + magic.target + _value(magic)
        for number in range(magic.first + 1, magic.last + 1):
            lines[number] = ""
    return "\n".join(lines)


def parse(source: str, *, whole_cell: bool = True) -> ast.Module | None:
    """The syntax tree of code without magics; None if Python would refuse to run it.

    Args:
        source: the code.
        whole_cell: whether Python compiles it as it stands; False for cells that were joined,
            where `from __future__` may be below the top.
    """
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = compile(source, "<cell>", "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
            if whole_cell:
                # `return` outside a function is found only here.
                compile(source, "<cell>", "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    assert isinstance(tree, ast.Module)  # noqa: S101 - compile() cannot say so
    return tree


def _value(magic: Magic) -> str:
    """What stands for the magic: the statement that `%time` runs, else nothing."""
    timed = re.match(r"%time[ \t]+(?=[^-\s])", magic.text)
    if timed and not magic.target and magic.first == magic.last:
        statement = magic.text[timed.end() :]
        if parse(statement) is not None:
            return statement
    return "None" if magic.target else "pass"


def _end_of_line(source: str, place: int) -> int:
    """Where the magic at `place` ends: a backslash carries it over the line's end."""
    while True:
        end = source.find("\n", place)
        if end < 0:
            return len(source)
        if source[end - 1] != "\\" or end == place:
            return end
        place = end + 1


def _end_of_statement_line(source: str, place: int) -> int:
    """The first line end after `place` that is not inside brackets or a string."""
    depth = 0
    for token in _TOKEN.finditer(source, place):
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth = max(0, depth - 1)
        elif token["line"] and depth == 0:
            return token.start()
    return len(source)
