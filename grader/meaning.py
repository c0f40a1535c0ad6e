"""Which interfaces an expression may stand for, without evaluating it.

A meaning is a dotted name: `F.relu` is "torch.nn.functional.relu", a builtin is "builtins.len",
the namespace of the notebook is "__main__.__dict__". What is known only at run time is "?", its
attributes are "?.name". An expression may have several meanings.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from grader.names import Binding, Definition, Module, Scope, TooComplex

UNKNOWN = "?"
NAMESPACE = ".__dict__"
GLOBALS = "__main__" + NAMESPACE
_LONGEST = 200
_STEPS = 500_000
"""About a hundred times what an assignment takes, and a few seconds."""
_ITEMS = frozenset({"get", "__getitem__", "pop", "setdefault"})
_MEMBERS = frozenset({"__getattribute__", "__getattr__"})


@dataclass(frozen=True)
class Lookup:
    """A member that is asked for by a string: `getattr(F, "relu")`, `vars(F)["relu"]`."""

    bases: frozenset[str]
    """What the thing may be; a namespace ends in `NAMESPACE`."""
    key: str | None
    """None: the string is known only at run time."""
    name: str
    """The word for it: "getattr", "globals", …."""


@dataclass(eq=False)
class Meanings:
    """Answers for one module, with memory."""

    module: Module
    members: dict[str, list[ast.expr]] = field(default_factory=dict)
    """Values that the notebook puts on modules, by dotted name, and on its own functions and
    classes, by name."""
    _known: dict[Binding, frozenset[str]] = field(default_factory=dict)
    _steps: int = 0
    _open: set[Binding | ast.expr] = field(default_factory=set)
    """What is being worked out right now; meeting it again is a circle."""

    def of(self, node: ast.expr, scope: Scope) -> frozenset[str]:
        """What `node` may stand for; never empty.

        Raises:
            TooComplex: the program asks for more than `_STEPS` answers.
        """
        self._steps += 1
        if self._steps > _STEPS:
            raise TooComplex
        match node:
            case ast.Name():
                return self.of_name(node.id, scope)
            case ast.Attribute():
                bases = self.of(node.value, scope)
                return frozenset(m for b in bases for m in self._member(b, node.attr))
            case ast.IfExp():
                return self.of(node.body, scope) | self.of(node.orelse, scope)
            case ast.BoolOp():
                return frozenset(m for part in node.values for m in self.of(part, scope))
            case ast.NamedExpr():
                return self.of(node.value, scope)
            case ast.Call() | ast.Subscript():
                lookup = self.lookup(node, scope)
                if lookup is not None and lookup.key is not None:
                    key = lookup.key
                    return frozenset(m for b in lookup.bases for m in self._looked_up(b, key))
                return self._namespace(node, scope) if isinstance(node, ast.Call) else _NOTHING
        return _NOTHING

    def of_name(self, name: str, scope: Scope) -> frozenset[str]:
        """What a name may stand for in a scope."""
        found, owner = scope.find(name)
        if not found:
            if name == "__builtins__":
                return frozenset({"builtins"})
            return frozenset({f"builtins.{name}", *(f"{m}.{name}" for m in self.module.stars)})
        return frozenset(m for b in found for m in self._of_binding(b, owner))

    def lookup(self, node: ast.Call | ast.Subscript, scope: Scope) -> Lookup | None:
        """The member that `node` asks for by a string; None if it is something else."""
        if isinstance(node, ast.Subscript):
            spaces = frozenset(b for b in self.of(node.value, scope) if _is_namespace(b))
            key = self.literal(node.slice, scope)
            return Lookup(spaces, key, _word(spaces)) if spaces else None
        if not node.args:
            return None
        if isinstance(node.func, ast.Attribute):
            bases = self.of(node.func.value, scope)
            spaces = frozenset(b for b in bases if _is_namespace(b))
            if spaces and node.func.attr in _ITEMS:
                return Lookup(spaces, self.literal(node.args[0], scope), _word(spaces))
            if node.func.attr in _MEMBERS:
                return Lookup(bases, self.literal(node.args[-1], scope), node.func.attr)
        if "builtins.getattr" in self.of(node.func, scope) and len(node.args) > 1:
            bases = self.of(node.args[0], scope)
            return Lookup(bases, self.literal(node.args[1], scope), "getattr")
        return None

    def literal(self, node: ast.expr, scope: Scope) -> str | None:
        """The string that an expression always is; None if that is known only at run time."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.BinOp(op=ast.Add()):
                left, right = self.literal(node.left, scope), self.literal(node.right, scope)
                return None if left is None or right is None else (left + right)[:_LONGEST]
            case ast.JoinedStr():
                parts = [self.literal(part, scope) for part in node.values]
                return None if None in parts else "".join(p for p in parts if p is not None)
            case ast.FormattedValue(conversion=-1, format_spec=None):
                return self.literal(node.value, scope)
            case ast.Call(
                func=ast.Attribute(value=ast.Constant(value=str(glue)), attr="join"),
                args=[ast.List(elts=elements) | ast.Tuple(elts=elements)],
            ):
                texts = [self.literal(part, scope) for part in elements]
                return None if None in texts else glue.join(t for t in texts if t is not None)
            case ast.Name():
                return self._literal_of_name(node.id, scope)
        return None

    def _literal_of_name(self, name: str, scope: Scope) -> str | None:
        found, owner = scope.find(name)
        if len(found) != 1 or found[0] in self._open:
            return None
        value = found[0].node if found[0].exact else None
        if not isinstance(value, ast.expr):
            return None
        with _while_open(self._open, found[0]):
            return self.literal(value, scope_of(found[0], owner))

    def _of_binding(self, binding: Binding, owner: Scope) -> frozenset[str]:
        if binding.dotted is not None:
            return frozenset({binding.dotted})
        if not binding.exact or not isinstance(binding.node, ast.expr):
            return _NOTHING
        if binding in self._open:
            # `def f(F=F)`: the default is a name of the scope around.
            return self.of_name(binding.name, owner.parent) if owner.parent else _NOTHING
        if binding not in self._known:
            with _while_open(self._open, binding):
                self._known[binding] = self.of(binding.node, scope_of(binding, owner))
        return self._known[binding]

    def _member(self, base: str, name: str) -> Iterator[str]:
        if base == "__main__":
            yield from self.of_name(name, Scope(self.module))
            return
        dotted = f"{base}.{name}"
        yield dotted if len(dotted) <= _LONGEST else UNKNOWN
        for value in self.members.get(dotted, ()):
            if value not in self._open:
                with _while_open(self._open, value):
                    found = self.of(value, Scope(self.module))
                yield from found

    def _looked_up(self, base: str, key: str) -> Iterator[str]:
        if base == "sys.modules":
            yield key
        elif base.endswith(NAMESPACE):
            yield from self._member(base.removesuffix(NAMESPACE), key)
        else:
            yield from self._member(base, key)

    def _namespace(self, call: ast.Call, scope: Scope) -> frozenset[str]:
        made = self.of(call.func, scope)
        if "builtins.globals" in made or ("builtins.vars" in made and not call.args):
            return frozenset({GLOBALS})
        if "builtins.vars" in made:
            return frozenset(base + NAMESPACE for base in self.of(call.args[0], scope))
        return _NOTHING


_NOTHING = frozenset({UNKNOWN})


@contextlib.contextmanager
def _while_open(opened: set[Binding | ast.expr], item: Binding | ast.expr) -> Iterator[None]:
    # The memory outlives a RecursionError, so nothing may stay open.
    opened.add(item)
    try:
        yield
    finally:
        opened.discard(item)


def scope_of(binding: Binding, owner: Scope) -> Scope:
    """The scope in which the value of a binding is evaluated."""
    if owner.parent is None:
        return replace(owner, before=binding.position)
    return owner


def meanings_of(tree: ast.Module, module: Module) -> Meanings:
    """The meanings in a program, with what it puts on modules, functions and classes."""
    meanings = Meanings(module)
    scope = Scope(module)
    for node in ast.walk(tree):
        for base, name, value in _puts(node, meanings, scope):
            if base in ("__main__", GLOBALS):
                module.floating.setdefault(name, []).append(
                    Binding(name, value.lineno, node=value, certain=False)
                )
            elif not base.startswith(UNKNOWN):
                dotted = f"{base.removesuffix(NAMESPACE)}.{name}"
                meanings.members.setdefault(dotted, []).append(value)
        for owner, value in _own(node, module):
            meanings.members.setdefault(owner, []).append(value)
    meanings._known.clear()
    return meanings


def _puts(node: ast.AST, meanings: Meanings, scope: Scope) -> Iterator[tuple[str, str, ast.expr]]:
    """What is put where: `torch.f = g`, `globals()["f"] = g`, `setattr(torch, "f", g)`."""
    match node:
        case ast.Assign(value=value):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    for base in meanings.of(target.value, scope):
                        yield base, target.attr, value
                elif isinstance(target, ast.Subscript):
                    lookup = meanings.lookup(target, scope)
                    if lookup is not None and lookup.key is not None:
                        for base in lookup.bases:
                            yield base, lookup.key, value
        case ast.Call(func=ast.Name(id="setattr"), args=[base_node, key, value]):
            name = meanings.literal(key, scope)
            if name is not None:
                for base in meanings.of(base_node, scope):
                    yield base, name, value


def _own(node: ast.AST, module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Values put on functions and classes of the notebook: `f.helper = g`."""
    match node:
        case ast.Assign(value=value):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    name = target.value.id
                    if any(isinstance(b.node, Definition) for b in module.find(name)):
                        yield name, value
        case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=name), _, value]):
            if any(isinstance(b.node, Definition) for b in module.find(name)):
                yield name, value


def _is_namespace(base: str) -> bool:
    return base == "sys.modules" or (base.endswith(NAMESPACE) and not base.startswith(UNKNOWN))


def _word(spaces: frozenset[str]) -> str:
    if "sys.modules" in spaces:
        return "sys.modules"
    return "globals" if GLOBALS in spaces else "vars"
