"""Which top-level functions of a piece of source can reach which, by name."""

from __future__ import annotations

import ast
from collections.abc import Collection


def callers(source: str, functions: Collection[str]) -> set[str]:
    """The top-level functions of `source` that can reach one of `functions`, those included.

    By names alone: a function that mentions the name of another may call it.
    """
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(functions)
    names: dict[str, set[str]] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    found = set(functions)
    while True:
        more = {name for name, used in names.items() if used & found} - found
        if not more:
            return found
        found |= more
