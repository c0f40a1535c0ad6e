"""From `solution.py` to what students get: notebooks without solutions, and a bundle of them.

The format of `solution.py` is described in docs/architecture.md. Whatever the file says that this
module does not understand is an error with line and remedy: a misspelt marker must not publish a
solution. What is above the first cell may only be a docstring and stays here.
"""

from __future__ import annotations

import ast
import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from grader.course import Assignment
from grader.errors import BrokenAssignment
from grader.leaks import Leak, find_leaks
from grader.magics import parse, without_magics
from grader.solutionfile import (
    BEGIN,
    check_source,
    split_lines,
    without_markers,
    without_solution,
)
from grader.written import marker

LANGUAGES = ("zh", "en")
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class _Cell:
    """A cell on its way into a notebook."""

    kind: str
    source: str
    language: str | None = None
    hidden: bool = False
    """Only in the solved notebook."""
    written: str | None = None
    functions: tuple[str, ...] = ()


def build(assignment: Assignment, language: str, *, solved: bool = False) -> nbformat.NotebookNode:
    """The notebook of an assignment in one language.

    Args:
        assignment: which one.
        language: "zh" or "en".
        solved: whether to keep the solutions; for verification, never for students.

    Raises:
        BrokenAssignment: `solution.py` is missing or wrong; names the line and the remedy.
    """
    cells = [
        cell
        for cell in _read(assignment)
        if cell.language in (None, language) and (solved or not cell.hidden)
    ]
    _check_written(assignment, cells, language)
    cells = _with_markers(cells)
    if solved:
        cells = [replace(cell, source=without_markers(cell.source)) for cell in cells]
    else:
        cells = [replace(cell, source=without_solution(cell.source)) for cell in cells]
    made = [
        _node(cell, number, f"{assignment.id} {language}") for number, cell in enumerate(cells)
    ]
    whole = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "grader": {"assignment": assignment.id, "language": language},
            "kernelspec": _KERNEL,
            "language_info": {"name": "python"},
        },
        "cells": made,
    }
    notebook: nbformat.NotebookNode = nbformat.from_dict(whole)
    nbformat.validate(notebook)
    return notebook


def notebook_name(assignment: Assignment, language: str) -> str:
    """The file name of the student notebook; Chinese is the default language."""
    return f"{assignment.id}.ipynb" if language == "zh" else f"{assignment.id}.{language}.ipynb"


def notebook_bytes(assignment: Assignment, language: str) -> bytes:
    """The file of the student notebook: equal sources give equal bytes."""
    text: str = nbformat.writes(build(assignment, language))
    return text.rstrip("\n").encode() + b"\n"


def write(assignment: Assignment, folder: Path | None = None) -> tuple[Path, ...]:
    """Write the student notebooks of all languages.

    Args:
        assignment: which one.
        folder: where to; None for `assignments/ID/`.

    Raises:
        BrokenAssignment: `solution.py` is missing or wrong.
    """
    folder = folder or assignment.folder
    made = {notebook_name(assignment, x): notebook_bytes(assignment, x) for x in LANGUAGES}
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        (folder / name).write_bytes(data)
    return tuple(folder / name for name in made)


def released_files(assignment: Assignment) -> tuple[Path, ...]:
    """What is published of `assignments/ID/`: no hidden and no compiled files.

    Raises:
        BrokenAssignment: a link leads away from there.
    """
    found = []
    for path in sorted(assignment.folder.rglob("*")):
        inside = path.relative_to(assignment.folder)
        if any(part.startswith(".") or part == "__pycache__" for part in inside.parts):
            continue
        if path.is_symlink():
            raise BrokenAssignment(f"{path} is a link", "Copy the file instead")
        if path.is_file() and path.suffix != ".pyc":
            found.append(path)
    return tuple(found)


def leaks(assignment: Assignment) -> tuple[Leak, ...]:
    """The lines of solutions that students would get to see, in files that are released.

    Both the notebooks that lie in `assignments/ID/` and those that would be written now are looked
    at.

    Raises:
        BrokenAssignment: `solution.py` is missing or wrong.
    """
    files = {
        Path(name): notebook_bytes(assignment, language)
        for language in LANGUAGES
        for name in [notebook_name(assignment, language)]
    }
    files |= {path: path.read_bytes() for path in released_files(assignment)}
    text = _load(assignment.reference / "solution.py")
    return find_leaks(*split_lines(text), files)


def bundle(assignment: Assignment, path: Path) -> Path:
    """Write a zip file of what the student gets: equal files give equal bytes.

    Raises:
        BrokenAssignment: `solution.py` is wrong, or a released file holds a line of a solution.
    """
    found = leaks(assignment)
    if found:
        raise BrokenAssignment(str(found[0]), "Remove the line, then bundle again")
    members = {
        file.relative_to(assignment.folder).as_posix(): file.read_bytes()
        for file in released_files(assignment)
    }
    for language in LANGUAGES:
        members[notebook_name(assignment, language)] = notebook_bytes(assignment, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as zipped:
        for name, data in sorted(members.items()):
            member = zipfile.ZipInfo(f"{assignment.id}/{name}", (1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            member.external_attr = 0o644 << 16
            zipped.writestr(member, data)
    return path


def _load(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BrokenAssignment(f"{path}: {error.strerror}", "Write it") from None
    except UnicodeDecodeError:
        raise BrokenAssignment(f"{path} is not UTF-8", "Save it as UTF-8") from None


def _read(assignment: Assignment) -> tuple[_Cell, ...]:
    """The cells of `solution.py`, all languages, with solutions."""
    path = assignment.reference / "solution.py"
    text = _load(path)
    prologue = check_source(path, text)
    raw = jupytext.reads(text, fmt="py:percent").cells
    if prologue:
        raw = raw[1:]
    cells = tuple(_cell(node, assignment) for node in raw)
    _check_functions(path, assignment, cells)
    return cells


def _cell(node: Any, assignment: Assignment) -> _Cell:
    names = assignment.functions
    return _Cell(
        kind=node.cell_type,
        source=node.source,
        language=node.metadata.get("lang"),
        hidden=node.metadata.get("solution") == "hidden",
        written=node.metadata.get("written"),
        functions=tuple(d.name for d in _definitions(node) if d.name in names),
    )


def _definitions(node: Any) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    tree = parse(without_magics(node.source)) if node.cell_type == "code" else None
    for statement in tree.body if tree else []:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield statement


def _check_functions(path: Path, assignment: Assignment, cells: tuple[_Cell, ...]) -> None:
    for name in assignment.functions:
        found = [c for c in cells if name in c.functions and not c.hidden]
        if not found:
            raise BrokenAssignment(
                f"{path} defines no function {name!r}, which assignment.toml promises",
                "Write it in a cell of its own, or correct assignment.toml",
            )
        if not all(BEGIN.search(c.source) for c in found):
            raise BrokenAssignment(
                f"{path}: the function {name!r} has no solution region",
                "Put its body between `# BEGIN SOLUTION` and `# END SOLUTION`",
            )


def _check_written(assignment: Assignment, cells: list[_Cell], language: str) -> None:
    path = assignment.reference / "solution.py"
    asked = {q.id for q in assignment.questions if q.written}
    given = {c.written for c in cells if c.written is not None}
    for question in sorted(asked - given):
        raise BrokenAssignment(
            f"{path} has no cell for the written question {question!r} ({language})",
            f'Add a cell with the option written="{question}"',
        )
    for question in sorted(given - asked):
        raise BrokenAssignment(
            f"{path}: written={question!r} is not a written question of assignment.toml",
            f"Known: {', '.join(sorted(asked)) or 'none'}",
        )


def _with_markers(cells: list[_Cell]) -> list[_Cell]:
    """Name each written question in the text cell above its answer, which students leave alone."""
    made = list(cells)
    for number, cell in enumerate(cells):
        if cell.written is None:
            continue
        above = [
            n for n, c in enumerate(cells[:number]) if c.kind == "markdown" and c.written is None
        ]
        place = above[-1] if above else number
        comment = marker(cell.written)
        old = made[place].source
        text = f"{old}\n\n{comment}" if above else f"{comment}\n\n{old}"
        made[place] = replace(made[place], source=text)
    return made


def _node(cell: _Cell, number: int, salt: str) -> dict[str, Any]:
    role: dict[str, Any] = {"given": True}
    if cell.functions:
        role["function"] = list(cell.functions)
    if cell.written is not None:
        role |= {"placeholder": cell.source, "written": cell.written}
    digest = hashlib.sha256(f"{salt} {number}\n{cell.source}".encode()).hexdigest()
    node: dict[str, Any] = {
        "id": digest[:8],
        "cell_type": cell.kind,
        "source": cell.source,
        "metadata": {"grader": role},
    }
    if cell.kind == "code":
        node |= {"outputs": [], "execution_count": None}
    return node
