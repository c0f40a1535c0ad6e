"""Reads a program from one function on and notes every wanted interface that it meets.

A module that is handed on as a value (`helper(F)`) has escaped: from then on every attribute of an
unknown object may be one of its functions.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grader.interfaces import AUTOGRAD_METHODS, canonical, leads_to, matches, shown
from grader.meaning import NAMESPACE, UNKNOWN, Meanings, scope_of
from grader.names import Binding, Comprehension, Scope

_HARMLESS = {"torch.inference_mode": (True, None), "torch.set_grad_enabled": (False,)}
"""Switches that forbid autograd when called with these values (None: with no argument)."""
_LOOKING = frozenset(
    f"builtins.{name}" for name in ("getattr", "hasattr", "vars", "isinstance", "type", "print")
)
"""Functions that look at a module without handing it on."""


@dataclass(frozen=True)
class Finding:
    """A wanted interface in the program."""

    interface: str
    line: int
    via: tuple[str, ...]


@dataclass(frozen=True)
class _Task:
    node: ast.AST
    scope: Scope
    via: tuple[str, ...]
    kept: bool


@dataclass(eq=False)
class Reader:
    """Follows one graded function through a program."""

    tree: ast.Module
    meanings: Meanings
    wanted: Sequence[str]
    autograd_forbidden: bool
    own_methods: frozenset[str] = frozenset()
    """Methods of the notebook's classes: `layer.backward()` may be one of them."""
    _findings: list[Finding] = field(default_factory=list)
    _queue: deque[_Task] = field(default_factory=deque)
    _met: set[Binding | ast.expr] = field(default_factory=set)
    _via: tuple[str, ...] = ()
    _escaped: set[str] = field(default_factory=set)
    _unknown: list[Finding] = field(default_factory=list)
    """Attributes of unknown objects, judged at the end against what has escaped."""

    def read(self, function: str) -> list[Finding]:
        """Everything wanted that `function` can reach, the shortest way first."""
        top = Scope(self.meanings.module)
        found, _ = top.find(function)
        if not found:
            return self._made_at_run_time(top, function)
        self._via = (function,)
        self._reach(function, top)
        for binding in found:
            if binding.dotted is not None:
                self._judge([binding.dotted], binding.line)
        while self._queue:
            task = self._queue.popleft()
            self._via = task.via
            self._visit(task.node, task.scope, kept=task.kept)
        for item in self._unknown:
            if item.interface == "getattr" and self._escaped:
                self._findings.append(item)
            self._judge_unknown(item)
        return self._findings

    def _judge_unknown(self, item: Finding) -> None:
        """`a.b.c` of an unknown `a`: `a` or `a.b` may be a module that escaped."""
        parts = item.interface.split(".")
        rests = [".".join(parts[start:]) for start in range(len(parts))]
        for module in sorted(self._escaped):
            for name in (canonical(f"{module}.{rest}") for rest in rests):
                if matches(name, self.wanted):
                    self._findings.append(Finding(shown(name), item.line, item.via))

    def _made_at_run_time(self, top: Scope, function: str) -> list[Finding]:
        """A function without a definition: `exec` may have made it."""
        wanted = {"builtins.exec", "builtins.eval"}
        return [
            Finding(node.func.id, node.lineno, (function,))
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and wanted & self.meanings.of_name(node.func.id, top)
        ]

    def _note(self, interface: str, line: int) -> None:
        self._findings.append(Finding(interface, line, self._via))

    def _reach(self, name: str, scope: Scope) -> None:
        """Queue what a name of the module stands for."""
        found, owner = scope.find(name)
        if owner.parent is not None:
            return  # what is local is read where it stands
        via = self._via if name in self._via else (*self._via, name)
        for binding in found:
            if binding.node is not None and binding not in self._met:
                self._met.add(binding)
                inside = scope_of(binding, owner)
                self._queue.append(_Task(binding.node, inside, via, binding.exact))
        self._reach_members(name, via)

    def _reach_members(self, name: str, via: tuple[str, ...]) -> None:
        for value in self.meanings.members.get(name, ()):
            if value not in self._met:
                self._met.add(value)
                self._queue.append(_Task(value, Scope(self.meanings.module), via, kept=True))

    def _judge(self, names: Iterable[str], line: int) -> bool:
        """Note what is wanted among the meanings of an expression."""
        guilty = False
        for name in names:
            full = canonical(name)
            methods = AUTOGRAD_METHODS.intersection(name.split(".")) - self.own_methods
            if matches(full, self.wanted):
                self._note(shown(full), line)
                guilty = True
            elif self.autograd_forbidden and methods:
                self._note(min(methods), line)
                guilty = True
            elif name.startswith(f"{UNKNOWN}."):
                self._unknown.append(Finding(name[2:], line, self._via))
        return guilty

    def _escape(self, names: Iterable[str], line: int) -> None:
        for name in names:
            if name.endswith(NAMESPACE) and not name.startswith(UNKNOWN):
                self._note("globals" if name.startswith("__main__") else "vars", line)
            elif leads_to(canonical(name), self.wanted):
                self._escaped.add(canonical(name))

    def _visit(self, node: ast.AST, scope: Scope, *, kept: bool = False) -> None:
        """Read one node; `kept` says that its value is followed by other means."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._function(node, scope)
            case ast.ClassDef():
                self._all([*node.decorator_list, *node.bases, *node.keywords], scope)
                self._all(node.body, scope.class_body(node))
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node, scope)
            case ast.Name() | ast.Attribute():
                self._value(node, scope, kept=kept)
            case ast.Call():
                self._call(node, scope, kept=kept)
            case ast.Subscript():
                self._lookup(node, scope, kept=kept)
                self._visit(node.value, scope, kept=True)
                self._visit(node.slice, scope)
            case ast.Assign() | ast.AnnAssign():
                self._assign(node, scope)
            case ast.Compare():
                for part in [node.left, *node.comparators]:
                    self._visit(part, scope, kept=True)
            case ast.Expr():
                self._visit(node.value, scope, kept=True)
            case ast.IfExp() | ast.BoolOp() | ast.NamedExpr():
                for child in ast.iter_child_nodes(node):
                    self._visit(child, scope, kept=kept)
            case _:
                self._all(ast.iter_child_nodes(node), scope)

    def _all(self, nodes: Iterable[ast.AST], scope: Scope) -> None:
        for node in nodes:
            self._visit(node, scope)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope
    ) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self._visit(default, scope, kept=True)
        inside = scope.function(node)
        if isinstance(node, ast.Lambda):
            self._visit(node.body, inside)
        else:
            self._all(node.decorator_list, scope)
            self._all(node.body, inside)

    def _comprehension(self, node: Comprehension, scope: Scope) -> None:
        inside = scope.comprehension(node)
        self._visit(node.generators[0].iter, scope)
        for number, generator in enumerate(node.generators):
            if number:
                self._visit(generator.iter, inside)
            self._all(generator.ifs, inside)
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._all(results, inside)

    def _value(self, node: ast.Name | ast.Attribute, scope: Scope, *, kept: bool) -> None:
        """A name or a chain of attributes, as a whole."""
        meanings = self.meanings.of(node, scope)
        if not self._judge(meanings, node.lineno) and not kept:
            self._escape(meanings, node.lineno)
            if "builtins.getattr" in meanings:
                self._unknown.append(Finding("getattr", node.lineno, self._via))
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            for name in self.meanings.of(root, scope):
                self._reach_members(name, self._via)
            root = root.value
        if isinstance(root, ast.Name):
            self._reach(root.id, scope)
        else:
            self._visit(root, scope, kept=True)

    def _call(self, node: ast.Call, scope: Scope, *, kept: bool) -> None:
        made = self.meanings.of(node.func, scope)
        harmless = self._switches_off(node, made)
        if not harmless:
            self._visit(node.func, scope, kept=True)
        self._lookup(node, scope, kept=kept)
        looking = bool(_LOOKING & made)
        for argument in node.args:
            self._visit(argument, scope, kept=looking)
        if made & {"operator.attrgetter", "operator.methodcaller"}:
            texts = [self.meanings.literal(argument, scope) for argument in node.args]
            self._judge([f"{UNKNOWN}.{text}" for text in texts if text], node.lineno)
        for keyword in node.keywords:
            if keyword.arg == "requires_grad":
                self._requires_grad(keyword.value)
            self._visit(keyword.value, scope)

    def _switches_off(self, node: ast.Call, made: frozenset[str]) -> bool:
        """Whether the call only forbids autograd: `inference_mode()`, `requires_grad_(False)`."""
        values = [*node.args, *(k.value for k in node.keywords)]
        value = values[0].value if values and isinstance(values[0], ast.Constant) else None
        if len(values) > 1 or (values and not isinstance(values[0], ast.Constant)):
            return False
        if isinstance(node.func, ast.Attribute) and node.func.attr == "requires_grad_":
            return value is False
        return all(value in _HARMLESS.get(canonical(name), ()) for name in made)

    def _lookup(self, node: ast.Call | ast.Subscript, scope: Scope, *, kept: bool) -> None:
        lookup = self.meanings.lookup(node, scope)
        if lookup is None:
            meanings = self.meanings.of(node, scope)
        elif lookup.key is not None:
            meanings = self.meanings.of(node, scope)
            if lookup.name == "globals":
                self._reach(lookup.key, Scope(self.meanings.module))
        else:
            for base in lookup.bases:
                full = canonical(base.removesuffix(NAMESPACE))
                if full in ("__main__", "sys.modules") or leads_to(full, self.wanted):
                    self._note(lookup.name, node.lineno)
                elif full.startswith(UNKNOWN):
                    self._unknown.append(Finding("getattr", node.lineno, self._via))
            return
        if not self._judge(meanings, node.lineno) and not kept:
            self._escape(meanings, node.lineno)

    def _assign(self, node: ast.Assign | ast.AnnAssign, scope: Scope) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == "requires_grad":
                self._requires_grad(node.value)
            self._visit(target, scope, kept=True)
        if node.value is not None:
            followed = all(isinstance(target, ast.Name) for target in targets)
            self._visit(node.value, scope, kept=followed)

    def _requires_grad(self, value: ast.expr | None) -> None:
        off = isinstance(value, ast.Constant) and value.value is False
        if self.autograd_forbidden and value is not None and not off:
            self._note("requires_grad", value.lineno)
