"""Small mistakes made by rule: do the hidden tests notice them?

Where the catalogue holds the mistakes that people make, these are the ones that fingers make: an
operator, an index, a constant, an axis, a term that is missing. Applied one at a time to the
reference; a mutant that no check notices is either equivalent, which a person writes down with the
reason in `reference/ID/equivalent_mutants.toml`, or a gap in the tests.
"""

from __future__ import annotations

import ast
import copy
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from grader.compose import compose_module
from grader.course import Assignment
from grader.errors import ConfigError

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
METHODS = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "amax": "amin",
    "exp": "expm1",
    "log": "log1p",
    "tanh": "sigmoid",
    "sigmoid": "tanh",
    "maximum": "minimum",
    "minimum": "maximum",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "floor": "ceil",
    "ceil": "floor",
    "sin": "cos",
    "cos": "sin",
}


@dataclass(frozen=True)
class Mutant:
    """One small change of one function."""

    function: str
    """The top-level function that was changed."""
    kind: str
    """Which rule made it."""
    before: str
    """The changed expression or statement."""
    after: str
    line: str
    """The line of the reference in which the change shows, as `ast.unparse` writes it."""
    source: str
    """The whole function, changed."""

    def __str__(self) -> str:
        return f"{self.function}: {self.before}  →  {self.after}"


@dataclass(frozen=True)
class Equivalent:
    """A mutant that computes the same as the original, or nothing that the task defines."""

    function: str
    before: str
    after: str
    reason: str
    line: str = ""
    """Only in this line; in every line if empty."""


Change = tuple[str, ast.AST]
Rule = Callable[[ast.AST], Iterator[Change]]


def mutants(assignment: Assignment) -> list[Mutant]:
    """All mutants of the functions that value rows test, and of the helpers they use.

    Training functions are left out: nearly every change of a learning rate is equivalent there.
    """
    tree = ast.parse(compose_module(assignment))
    bodies = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    found: list[Mutant] = []
    seen: set[tuple[str, str]] = set()
    for name in _tested(assignment, bodies):
        for mutant in _mutants_of(bodies[name]):
            if (name, mutant.source) not in seen:
                seen.add((name, mutant.source))
                found.append(mutant)
    return found


def _tested(assignment: Assignment, bodies: dict[str, ast.FunctionDef]) -> list[str]:
    graded = [
        f.name
        for q in assignment.questions
        if not any(g.trains for g in q.functions)
        for f in q.functions
    ]
    reached = [name for name in graded if name in bodies]
    for name in reached:  # grows while it is read
        used = {n.id for n in ast.walk(bodies[name]) if isinstance(n, ast.Name)}
        reached += [u for u in bodies if u in used and u not in reached]
    return reached


def _mutants_of(function: ast.FunctionDef) -> Iterator[Mutant]:
    body = copy.deepcopy(function)
    if ast.get_docstring(body) is not None:
        body.body = body.body[1:]
    places = [n for n in ast.walk(body) if n is not body and not _in_signature(n, body)]
    for index, node in enumerate(places):
        for rule in RULES:
            for number, (kind, _) in enumerate(rule(node)):
                yield _apply(body, places, index, rule, number, kind)


def _in_signature(node: ast.AST, function: ast.FunctionDef) -> bool:
    return any(node is n for n in ast.walk(function.args))


def _apply(
    body: ast.FunctionDef,
    places: list[ast.AST],
    index: int,
    rule: Rule,
    number: int,
    kind: str,
) -> Mutant:
    target = places[index]
    replacement = list(rule(target))[number][1]
    before = ast.unparse(target)
    changed = _Swap(target, replacement).visit(copy.deepcopy(body, {id(target): target}))
    source = ast.unparse(ast.fix_missing_locations(changed))
    line = _first_difference(ast.unparse(body), source)
    return Mutant(body.name, kind, before, ast.unparse(replacement), line, source)


def _first_difference(before: str, after: str) -> str:
    lines = zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    return next((old.strip() for old, new in lines if old != new), "")


class _Swap(ast.NodeTransformer):
    def __init__(self, target: ast.AST, replacement: ast.AST) -> None:
        self.target = target
        self.replacement = replacement

    def visit(self, node: ast.AST) -> ast.AST:
        return self.replacement if node is self.target else super().visit(node)


def _binary(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BinOp):
        if type(node.op) in OPERATORS:
            yield "operator", _with(node, op=OPERATORS[type(node.op)]())
        yield "left term only", node.left
        if isinstance(node.op, ast.Add | ast.Mult | ast.MatMult):
            yield "right term only", node.right
    if isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        yield "operator", _with(node, op=OPERATORS[type(node.op)]())
        plain = ast.Assign([node.target], node.value)
        yield "assigned, not accumulated", ast.copy_location(plain, node)


def _unary(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield "sign or negation dropped", node.operand


def _comparison(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield "comparison", _with(node, ops=[COMPARISONS[type(node.ops[0])](), *node.ops[1:]])
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or", _with(node, op=other)
    if isinstance(node, ast.IfExp):
        yield "condition", _with(node, body=node.orelse, orelse=node.body)


def _constant(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield "truth", ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield "constant", ast.Constant(node.value + 1)
        if node.value > 0:
            yield "constant", ast.Constant(node.value - 1)
    elif isinstance(node.value, float):
        yield "constant", ast.Constant(node.value * 2 or 1.0)


def _call(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Call):
        return
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr in METHODS:
        yield "function", _with(node, func=_with(function, attr=METHODS[function.attr]))
    if isinstance(function, ast.Name) and function.id == "range" and len(node.args) == 1:
        shorter = ast.BinOp(node.args[0], ast.Sub(), ast.Constant(1))
        yield "one round less", _with(node, args=[shorter])
    for i, keyword in enumerate(node.keywords):
        if keyword.arg in ("dim", "keepdim", "unbiased", "correction", "dims"):
            left = node.keywords[:i] + node.keywords[i + 1 :]
            yield f"no {keyword.arg}", _with(node, keywords=left)
    if isinstance(function, ast.Attribute) and not node.args and not node.keywords:
        yield "call dropped", function.value


def _index(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Slice):
        if node.lower is not None:
            yield "slice from the start", _with(node, lower=None)
        if node.upper is not None:
            yield "slice to the end", _with(node, upper=None)
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield "not transposed", node.value


def _statement(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.AugAssign | ast.Expr):
        yield "statement dropped", ast.Pass()
    if isinstance(node, ast.If):
        yield "condition", _with(node, test=ast.UnaryOp(ast.Not(), node.test))


RULES: tuple[Rule, ...] = (_binary, _unary, _comparison, _constant, _call, _index, _statement)


def _with(node: ast.AST, **changes: object) -> ast.AST:
    fields = {name: getattr(node, name, None) for name in node._fields}
    return ast.copy_location(type(node)(**(fields | changes)), node)


def equivalents(assignment: Assignment) -> tuple[Equivalent, ...]:
    """What a person has found to be equivalent.

    Raises:
        ConfigError: the file is not as it should be.
    """
    path = assignment.reference / "equivalent_mutants.toml"
    if not path.is_file():
        return ()
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
        return tuple(Equivalent(**entry) for entry in entries)
    except (tomllib.TOMLDecodeError, TypeError) as error:
        remedy = "Each [[equivalent]] has function, before, after, reason and perhaps line"
        raise ConfigError(path, "equivalent", str(error), remedy) from None


def is_equivalent(mutant: Mutant, known: tuple[Equivalent, ...]) -> bool:
    """Whether a person has written this mutant down."""
    return any(
        (e.function, e.before, e.after) == (mutant.function, mutant.before, mutant.after)
        and e.line in ("", mutant.line)
        for e in known
    )
