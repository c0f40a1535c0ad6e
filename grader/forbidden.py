"""Which forbidden interfaces a graded function can reach, found by reading the code.

Reading starts at the last definition of the function and follows every name of the notebook that
it uses: functions, classes, aliases, imports, module-level values, `getattr(F, "name")`,
`globals()["name"]`, `F.__dict__["name"]`, functions put on modules. What cannot be reached from
the function (a comparison with autograd in another cell, a comment, a string, a local variable of
the same name) is not looked at.

What reading cannot see: a method of an object that comes in as an argument; names made at run time
from data; code that another cell gives to `exec` or to IPython and that replaces a function which
is also defined openly; a library that the patterns do not name. Against autograd the call runs in
`inference_mode`, and a recorder of operators sees what really ran (`grader.operators`); reading is
for what those two miss. Everything inside a function counts, also branches that are never taken.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from grader.interfaces import AUTOGRAD, DYNAMIC, expand
from grader.magics import parse
from grader.meaning import Meanings, meanings_of
from grader.names import TooComplex, module_of
from grader.operators import forbidden_operators, interfaces_of
from grader.program import Program
from grader.reading import Finding, Reader
from grader.result import Diagnosis, Text

__all__ = [
    "Violation",
    "describe",
    "describe_operators",
    "find_forbidden",
    "forbidden_operators",
]


@dataclass(frozen=True)
class Violation:
    """A forbidden interface that a graded function can reach."""

    interface: str
    """As "torch.nn.functional.cross_entropy"."""
    cell: int
    """Where it is used; cells and lines count from 1."""
    line: int
    via: tuple[str, ...]
    """From the graded function to the function or value that uses it."""


@dataclass(frozen=True)
class _Parsed:
    tree: ast.Module
    meanings: Meanings
    methods: frozenset[str]
    """The methods that the notebook's classes define."""


@lru_cache(maxsize=8)
def _parsed(program: Program) -> _Parsed:
    tree = parse(program.source, whole_cell=False)
    if tree is None:
        # Every cell compiles on its own, so this is a limit of the parser.
        raise RecursionError
    places = enumerate(program.places, 1)
    failed = {line for line, place in places if place.cell in program.failed}
    methods = frozenset(
        method.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef)
    )
    return _Parsed(tree, meanings_of(tree, module_of(tree, failed)), methods)


def find_forbidden(
    program: Program, function: str, patterns: Sequence[str], allow_autograd: bool
) -> tuple[Violation, ...]:
    """The forbidden interfaces that `function` can reach, in the order of the notebook.

    Args:
        program: the code of the notebook.
        function: the graded name.
        patterns: what the question forbids, such as "torch.optim", "F.*pool*" or "nn.*Loss".
        allow_autograd: whether the question allows automatic differentiation.
    """
    if not patterns and allow_autograd:
        return ()
    wanted = expand([*patterns, *DYNAMIC, *(() if allow_autograd else AUTOGRAD)])
    try:
        parsed = _parsed(program)
        reader = Reader(parsed.tree, parsed.meanings, wanted, not allow_autograd, parsed.methods)
        findings = reader.read(function)
    except (RecursionError, TooComplex):
        findings = [Finding("code too complex to be read", 1, (function,))]
    found: dict[tuple[str, int, int], Violation] = {}
    for finding in findings:
        place = program.place(finding.line)
        key = (finding.interface, place.cell, place.line)
        found.setdefault(key, Violation(key[0], place.cell, place.line, finding.via))
    return tuple(sorted(found.values(), key=lambda v: (v.cell, v.line, v.interface)))


def describe(violations: Sequence[Violation]) -> Diagnosis:
    """What to tell the student about one function's violations; there is at least one."""
    first, more = violations[0], len(violations) - 1
    way = " → ".join(first.via)
    indirect = len(first.via) > 1
    zh = (
        f"本题要求自己实现，不得使用 {first.interface}"
        f"（第 {first.cell} 格第 {first.line} 行{f'，经由 {way}' if indirect else ''}）。"
    )
    en = (
        f"This question is to be solved by hand, without {first.interface} "
        f"(cell {first.cell}, line {first.line}{f', reached by {way}' if indirect else ''})."
    )
    if more:
        zh += f"另有 {more} 处。"
        en += f" {more} more use{'s' if more > 1 else ''} of forbidden interfaces."
    return Diagnosis(code="forbidden_api", message=Text(zh, en), hint=_HINT)


def describe_operators(function: str, operators: Sequence[str]) -> Diagnosis:
    """What to tell the student when a forbidden operator ran inside a function."""
    operator = operators[0]
    names = interfaces_of(operator)
    known = f" ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})" if names else ""
    return Diagnosis(
        code="forbidden_api",
        message=Text(
            f"本题要求自己实现，但 {function} 运行时调用了 PyTorch 的现成算子 {operator}{known}。",
            f"This question is to be solved by hand, but {function} ran the ready-made operator "
            f"{operator}{known} of PyTorch.",
        ),
        hint=_HINT,
    )


_HINT = Text(
    "请用基本的张量运算重写；想与库函数比较，可以在别的单元格里进行。",
    "Write it with basic tensor operations; comparing with a library in another cell is fine.",
)
