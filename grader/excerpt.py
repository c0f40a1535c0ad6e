"""Cutting one function out of a reference file, to compose notebooks whose verdict is known.

What comes out is source text for one notebook cell: the function without its decorators, and
before or after it whatever module-level definitions and imports of the same file it needs. Names
imported from `.solution` are left out, because the notebook defines them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import BrokenAssignment

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def extract(path: Path, name: str, rename: str | None = None) -> str:
    """The source of function `name` of a file, with all that it needs of that file.

    Where a variant calls the very function that it replaces, the solution's own comes along under
    the name `_plain_{rename}`.

    Args:
        path: a file in a reference folder.
        name: the function, such as "squared_loss__missing_half".
        rename: the name that it gets, such as "squared_loss".

    Raises:
        BrokenAssignment: the file has no such function, or imports the solution as a module.
    """
    source = _Source.of(path)
    if not isinstance(source.defined.get(name), _Function):
        raise BrokenAssignment(f"{path} defines no function {name}", "Check the name")
    wanted = source.needed(name)
    names = {name: rename} if rename else {}
    borrowed = source.borrowed(wanted)
    blocks = []
    if rename and any(alias.name == rename for alias in borrowed):
        names[rename] = f"_plain_{rename}"
        original = _Source.of(path.with_name("solution.py"))
        blocks.append(original.text(original.defined[rename], names))
    for alias in borrowed:
        if alias.asname:
            blocks.append(f"{alias.asname} = {names.get(alias.name, alias.name)}")
    own = [s for s in wanted if not (isinstance(s, ast.ImportFrom) and s.level)]
    blocks += [source.text(statement, names) for statement in own]
    return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True)
class _Source:
    path: Path
    lines: list[bytes]
    body: list[ast.stmt]
    defined: dict[str, ast.stmt] = field(default_factory=dict)
    """Module-level name → the statement that defines it."""

    @staticmethod
    def of(path: Path) -> _Source:
        content = path.read_bytes()
        body = ast.parse(content, str(path)).body
        source = _Source(path, content.splitlines(), body)
        for statement in body:
            source.defined.update(dict.fromkeys(_defines(statement), statement))
        return source

    def needed(self, name: str) -> list[ast.stmt]:
        """The statements that a function needs, itself included, in the order of the file."""
        found: list[ast.stmt] = []
        waiting = [name]
        while waiting:
            statement = self.defined.get(waiting.pop())
            if statement is None or statement in found:
                continue
            found.append(statement)
            waiting += _uses(statement)
        return sorted(found, key=lambda s: s.lineno)

    def borrowed(self, statements: list[ast.stmt]) -> list[ast.alias]:
        """The names of the solution that the statements really use."""
        imports = [s for s in statements if isinstance(s, ast.ImportFrom) and s.level]
        for statement in imports:
            if statement.module != "solution":
                raise BrokenAssignment(
                    f"{self.path}: line {statement.lineno} imports a module of the course",
                    "Write `from .solution import name`: a notebook has names, not modules",
                )
        used = {name for statement in statements for name in _uses(statement)}
        return [a for s in imports for a in s.names if (a.asname or a.name) in used]

    def text(self, statement: ast.stmt, names: dict[str, str]) -> str:
        """The source of a statement, without decorators, with other names for some names."""
        first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
        lines = self.lines[first:last]
        places = [
            (n.lineno - 1 - first, n.col_offset, n.id)
            for n in ast.walk(_undecorated(statement))
            if isinstance(n, ast.Name) and n.id in names
        ]
        for row, column, old in sorted(places, reverse=True):
            tail = lines[row][column + len(old.encode()) :]
            lines[row] = lines[row][:column] + names[old].encode() + tail
        text = b"\n".join(lines).decode()
        if isinstance(statement, _Function) and statement.name in names:
            return re.sub(rf"\b{statement.name}\b", names[statement.name], text, count=1)
        return text


def _undecorated(statement: ast.stmt) -> ast.stmt:
    if isinstance(statement, _Function | ast.ClassDef):
        statement.decorator_list.clear()
    return statement


def _defines(statement: ast.stmt) -> set[str]:
    if isinstance(statement, _Function | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {a.asname or a.name.split(".")[0] for a in statement.names}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        stored = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
        return {n.id for n in stored if isinstance(n.ctx, ast.Store)}
    return set()


def _uses(statement: ast.stmt) -> list[str]:
    return [n.id for n in ast.walk(_undecorated(statement)) if isinstance(n, ast.Name)]
