"""What the names of a program stand for, found without running it.

A `Scope` knows the bindings of one function, class or comprehension and asks its parent for the
rest; the outermost one is a view of the module. Code at module level sees the bindings above it,
code inside functions sees the last ones, because it runs later. A binding inside `if`, `for`,
`try` or a cell that raised may or may not have happened: it counts beside the earlier ones.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


MOST = 1000
"""A name with more bindings than this is not written to be read."""


class TooComplex(Exception):
    """The program cannot be read in a reasonable time."""


@dataclass(frozen=True, eq=False)
class Binding:
    """One way in which a name gets its meaning; compared by identity."""

    name: str
    line: int
    dotted: str | None = None
    """The interface, if it is an import."""
    node: ast.AST | None = None
    """The definition or the value; None for what is known only at run time."""
    exact: bool = True
    """Whether `node` is the value itself and not something the value is taken from."""
    position: int = 0
    certain: bool = True


@dataclass(eq=False)
class Module:
    """The bindings at module level in their order."""

    history: dict[str, list[Binding]] = field(default_factory=dict)
    floating: dict[str, list[Binding]] = field(default_factory=dict)
    """Made by `global` inside functions: at any time."""
    stars: list[str] = field(default_factory=list)
    """Modules from which everything was imported."""

    def find(self, name: str, before: int | None = None) -> list[Binding]:
        """The bindings that `name` may have: before a position, or in the end.

        Raises:
            TooComplex: there are more than `MOST`.
        """
        every = self.history.get(name, [])
        known = [b for b in every if before is None or b.position < before] or every
        certain = [n for n, binding in enumerate(known) if binding.certain]
        found = known[certain[-1] if certain else 0 :] + self.floating.get(name, [])
        if len(found) > MOST:
            raise TooComplex
        return found


@dataclass(eq=False)
class Scope:
    """The names of one block; the outermost scope has no parent and stands for the module."""

    module: Module
    parent: Scope | None = None
    names: dict[str, list[Binding]] = field(default_factory=dict)
    hidden: bool = False
    """Whether functions inside do not see the names: the body of a class."""
    before: int | None = None
    """At module level: the position up to which bindings have happened; None for all."""

    def find(self, name: str) -> tuple[list[Binding], Scope]:
        """The bindings of a name, and the scope that they belong to."""
        if name in self.names:
            return self.names[name], self
        if self.parent is not None:
            return self.parent.find(name)
        return self.module.find(name, self.before), self

    def later(self) -> Scope:
        """The scope as a function sees it that is defined here and called later."""
        if self.parent is None:
            return replace(self, before=None)
        return self.parent.later() if self.hidden else replace(self, parent=self.parent.later())

    def function(self, node: Function) -> Scope:
        """The scope inside a function."""
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        names: dict[str, list[Binding]] = {}
        for argument in [*every, arguments.vararg, arguments.kwarg]:
            if argument is not None:
                names[argument.arg] = [Binding(argument.arg, node.lineno)]
        positional = every[: len(every) - len(arguments.kwonlyargs)]
        defaults = [
            *zip(positional[::-1], arguments.defaults[::-1], strict=False),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        for argument, default in defaults:
            names[argument.arg].append(Binding(argument.arg, node.lineno, node=default))
        body = [] if isinstance(node, ast.Lambda) else node.body
        return self._inner(self.later(), names, body)

    def class_body(self, node: ast.ClassDef) -> Scope:
        """The scope of the statements of a class."""
        return replace(self._inner(self, {}, node.body), hidden=True)

    def comprehension(self, node: Comprehension) -> Scope:
        """The scope inside a comprehension."""
        names: dict[str, list[Binding]] = {}
        for generator in node.generators:
            for binding in _targets(generator.target, generator.iter, exact=False):
                names.setdefault(binding.name, []).append(binding)
        return Scope(self.module, self, names)

    def _inner(
        self, parent: Scope, names: dict[str, list[Binding]], body: Iterable[ast.stmt]
    ) -> Scope:
        outside: set[str] = set()
        for statement in body:
            for node in within(statement):
                if isinstance(node, ast.Global | ast.Nonlocal):
                    outside.update(node.names)
                for binding in bindings(node):
                    names.setdefault(binding.name, []).append(binding)
        kept = {name: found for name, found in names.items() if name not in outside}
        return Scope(self.module, parent, kept)


def within(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that belong to the same scope as `node`: not what is inside functions."""
    todo = [node]
    while todo:
        top = todo.pop()
        yield top
        if not isinstance(top, Definition | ast.Lambda):
            todo += reversed(list(ast.iter_child_nodes(top)))


def bindings(node: ast.AST) -> Iterator[Binding]:
    """What one node binds in its own scope."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield Binding(node.name, node.lineno, node=node)
        case ast.Import():
            for name in node.names:
                first = name.name.split(".")[0]
                dotted = name.name if name.asname else first
                yield Binding(name.asname or first, node.lineno, dotted)
        case ast.ImportFrom():
            for name in node.names:
                dotted = f"{'.' * node.level}{node.module or ''}.{name.name}"
                yield Binding(name.asname or name.name, node.lineno, dotted)
        case ast.Assign():
            for target in node.targets:
                yield from _targets(target, node.value)
        case ast.AnnAssign(value=ast.expr() as value) | ast.NamedExpr(value=value):
            yield from _targets(node.target, value)
        case ast.AugAssign():
            yield from _targets(node.target, node.value, exact=False)
        case ast.For() | ast.AsyncFor():
            yield from _targets(node.target, node.iter, exact=False)
        case ast.withitem(optional_vars=ast.expr() as target):
            yield from _targets(target, node.context_expr, exact=False)
        case ast.ExceptHandler(name=str(caught)):
            yield Binding(caught, node.lineno)
        case ast.MatchAs(name=str(caught)) | ast.MatchStar(name=str(caught)):
            yield Binding(caught, node.lineno)
        case ast.MatchMapping(rest=str(caught)):
            yield Binding(caught, node.lineno)


def _targets(target: ast.expr, value: ast.expr, *, exact: bool = True) -> Iterator[Binding]:
    match target, value:
        case ast.Name(), _:
            yield Binding(target.id, target.lineno, node=value, exact=exact)
        case ast.Starred(), _:
            yield from _targets(target.value, value, exact=False)
        case (ast.Tuple() | ast.List(), ast.Tuple() | ast.List()) if (
            exact
            and len(target.elts) == len(value.elts)
            and not any(isinstance(e, ast.Starred) for e in [*target.elts, *value.elts])
        ):
            for inner, part in zip(target.elts, value.elts, strict=True):
                yield from _targets(inner, part)
        case ((ast.Tuple() | ast.List()), _):
            for inner in target.elts:
                yield from _targets(inner, value, exact=False)


def module_of(tree: ast.Module, uncertain: Collection[int] = ()) -> Module:
    """The bindings of a program; those on the lines `uncertain` may not have happened."""
    module = Module()
    position = 0
    for statement in tree.body:
        whole = isinstance(
            statement,
            Definition | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign,
        )
        for node in within(statement):
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                module.stars.append(node.module or "")
            position += 1
            for binding in bindings(node):
                certain = whole and binding.line not in uncertain
                module.history.setdefault(binding.name, []).append(
                    replace(binding, position=position, certain=certain)
                )
    for name, binding in _globals(tree):
        module.floating.setdefault(name, []).append(binding)
    return module


def _globals(tree: ast.Module) -> Iterator[tuple[str, Binding]]:
    """The bindings of module names that functions make."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = [n for statement in function.body for n in within(statement)]
            declared = {m for n in inside if isinstance(n, ast.Global) for m in n.names}
            if declared:
                for node in inside:
                    for binding in bindings(node):
                        if binding.name in declared:
                            yield binding.name, replace(binding, certain=False)
