"""Submissions whose verdict is known: our solution with some functions replaced or left out.

They are composed when they are needed and stored nowhere: for verifying an assignment, for the
demonstration, for tests.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader import release
from grader.catalogue import extract
from grader.course import Assignment
from grader.errors import BrokenAssignment


def compose(
    assignment: Assignment,
    *,
    language: str = "zh",
    replace: Mapping[str, str] | None = None,
    omit: Iterable[str] = (),
    append: Iterable[str] = (),
) -> NotebookNode:
    """The released notebook with our solutions, some of them replaced.

    Args:
        assignment: which one.
        language: "zh" or "en".
        replace: variant by function: the name of a misconception or of an alternative.
        omit: functions to leave out.
        append: source of further cells.

    Raises:
        BrokenAssignment: there is no such function or variant.
    """
    notebook: NotebookNode = release.build(assignment, language, solved=True)
    sources = _sources(assignment, replace or {}) | dict.fromkeys(omit, "")
    left = set(sources)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source, done = replaced(cell.source, sources)
            left -= done
    if left:
        raise BrokenAssignment(f"the notebook of {assignment.id} defines no {sorted(left)[0]}")
    for source in append:
        notebook.cells.append(nbformat.v4.new_code_cell(source, id=f"more-{len(notebook.cells)}"))
    return notebook


def compose_module(
    assignment: Assignment, replace: Mapping[str, str] | None = None, omit: Iterable[str] = ()
) -> str:
    """The same as one piece of Python source, without plots and experiments."""
    source = (assignment.reference / "solution.py").read_text(encoding="utf-8")
    sources = _sources(assignment, replace or {}) | dict.fromkeys(omit, "")
    return replaced(source, sources)[0]


def as_notebook(source: str) -> bytes:
    """A notebook file with `source` as its only cell."""
    cell = nbformat.v4.new_code_cell(source, id="all")
    text: str = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    return text.encode()


def _sources(assignment: Assignment, replace: Mapping[str, str]) -> dict[str, str]:
    return {f: variant_source(assignment, f, name) for f, name in replace.items()}


def variant_source(assignment: Assignment, function: str, variant: str) -> str:
    """The source of a misconception or an alternative under the plain name of its function.

    Raises:
        BrokenAssignment: there is no such variant.
    """
    name = f"{function}__{variant}"
    for stem in "misconceptions", "alternatives":
        path = assignment.reference / f"{stem}.py"
        if path.is_file() and _defines(path, name):
            return extract(path, name, rename=function)
    raise BrokenAssignment(f"{assignment.reference} has no variant {name}")


def _defines(path: Path, name: str) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)


def replaced(source: str, sources: Mapping[str, str]) -> tuple[str, set[str]]:
    """`source` with the top-level functions named in `sources` replaced, and which ones were."""
    lines = source.splitlines()
    done: set[str] = set()
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a cell with magics
        return source, done
    for node in reversed(body):
        if isinstance(node, ast.FunctionDef) and node.name in sources:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            lines[first - 1 : node.end_lineno] = sources[node.name].splitlines()
            done.add(node.name)
    return "\n".join(lines), done
