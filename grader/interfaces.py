"""Names of library interfaces: how a question writes them, how code reaches them, how they show.

A pattern such as "F.cross_entropy", "nn.*Loss" or "torch.optim" stands for the interface and for
everything below it; `*` stays within one part of the name. The same function has several homes
(`torch.nn.modules.loss.MSELoss` is `torch.nn.MSELoss`), so names are brought into one form first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

_SHORT: Mapping[str, str] = MappingProxyType(
    {"F": "torch.nn.functional", "nn": "torch.nn", "optim": "torch.optim", "np": "numpy"}
)

AUTOGRAD = (
    "torch.autograd",
    "torch.func",
    "torch._functorch",
    "functorch",
    "torch.enable_grad",
    "torch.set_grad_enabled",
    "torch.inference_mode",
)
"""Interfaces that a question without autograd forbids."""

AUTOGRAD_METHODS = frozenset({"backward", "requires_grad_", "retain_grad"})
"""The same as methods of tensors, whatever the tensor is called."""

DYNAMIC = (
    *("builtins.eval", "builtins.exec", "builtins.compile", "builtins.__import__"),
    *("importlib", "imp", "runpy", "IPython.get_ipython", "builtins.get_ipython"),
    *("ctypes", "pickle", "marshal", "dill", "cloudpickle", "types.FunctionType"),
    *("torch.ops", "torch._C", "torch._VF"),
)
"""Ways around any reading of the code; never needed in a graded function with forbidden names."""


def canonical(name: str) -> str:
    """The name under which an interface is known, whichever way it was reached."""
    parts = name.split(".")
    for home, full in (("torch", "torch"), ("F", "torch.nn.functional")):
        # Modules show what they import: `F.torch.optim` is `torch.optim`.
        if home in parts[1:]:
            place = len(parts) - 1 - parts[::-1].index(home)
            parts = [*full.split("."), *parts[place + 1 :]]
    if parts[:3] == ["torch", "nn", "modules"] and len(parts) > 3:
        parts = ["torch", "nn", *parts[min(4, len(parts) - 1) :]]
    if parts[:2] == ["torch", "functional"] and len(parts) > 2:
        parts = ["torch", *parts[2:]]
    return ".".join(parts)


def expand(patterns: Iterable[str]) -> tuple[str, ...]:
    """Patterns with full names; what a question forbids of F it forbids of torch as well."""
    full: list[str] = []
    for pattern in patterns:
        head, _, rest = pattern.partition(".")
        full.append(f"{_SHORT.get(head, head)}.{rest}" if rest else _SHORT.get(head, head))
        if head == "F" and rest:
            full.append(f"torch.{rest}")
    return tuple(dict.fromkeys(full))


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether `name`, in canonical form, is what a full pattern names or something below it."""
    parts = name.split(".")
    return any(_covers(pattern.split("."), parts) for pattern in patterns)


def leads_to(name: str, patterns: Sequence[str]) -> bool:
    """Whether something that a pattern names is below the module `name`."""
    parts = name.split(".")
    return any(
        len(wanted) > len(parts) and _covers(wanted[: len(parts)], parts)
        for wanted in (pattern.split(".") for pattern in patterns)
    )


def shown(name: str) -> str:
    """The name as a student writes it."""
    return name.removeprefix("builtins.").removeprefix("?.")


def _covers(wanted: Sequence[str], parts: Sequence[str]) -> bool:
    return len(parts) >= len(wanted) and all(map(fnmatchcase, parts, wanted))
