"""Comparing what a submission returned with what was expected, leaf by leaf.

The error of a floating leaf `a` against the expected `b` is (curriculum 7.2)

    e(a, b) = max_i |a_i - b_i| / (|b_i| + S),    S = max_j |b_j|  (1 if b is zero everywhere)

in float64. It does not depend on the units of the output and is harmless near zeros; in terms of
`torch.testing.assert_close` it is `rtol = t`, `atol = t * max|b|`. Everything else is exact.
Structure, kind of dtype and shape are compared before any number is.

Student values are plain data here (`grader.codec`); nothing of them is ever executed.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import torch

Kind: TypeAlias = Literal[
    "structure", "dtype", "device", "shape", "nonfinite", "value", "exact"
]  # fmt: skip


@dataclass(frozen=True)
class Mismatch:
    """One leaf that is not as expected."""

    kind: Kind
    leaf: str
    """Where, in terms of the expected value: "w", "hidden[1]", "" for the whole result."""
    error: float = math.inf
    """The error measure of the leaf; inf where it has none."""
    worst: tuple[int, ...] = ()
    """Index of the entry with the largest error."""
    off: int = 0
    """How many entries are beyond the tolerance."""
    total: int = 0
    """How many entries the leaf has."""
    actual: Any = field(default=None, compare=False, repr=False)
    """What came; where a key is missing, the dict that lacks it."""
    expected: Any = field(default=None, compare=False, repr=False)
    missing: bool = False
    """Whether `leaf` is a key that is not there."""


@dataclass(frozen=True)
class FloatingLeaf:
    """A floating tensor in a result."""

    path: str
    dtype: torch.dtype
    device: str


def compare(
    actual: Any,
    expected: Any,
    *,
    tolerance: float,
    scale: float | None = None,
    only: tuple[str, ...] = (),
) -> tuple[Mismatch, ...]:
    """Everything that differs, one mismatch for each leaf; structure, dtype and shape first.

    A Python number and a 0-dim tensor are the same, and so are a list and a tuple. Every floating
    dtype is as good as any other. NaN equals nothing; infinities must sit at the same places.

    Args:
        actual: what the submission returned.
        expected: what the reference returned.
        tolerance: bound of the error measure.
        scale: S of the error measure, where it is not the largest expected entry.
        only: the leaves whose values count; structure, dtype and shape count everywhere.
    """
    found = []
    for path, a, b in _pairs(actual, expected, ""):
        mismatch = _misfit(path, a, b)
        if mismatch is None and (not only or any(covers(name, path) for name in only)):
            mismatch = _difference(path, a, b, tolerance, scale)
        if mismatch is not None:
            found.append(mismatch)
    return tuple(sorted(found, key=lambda m: _ORDER.index(m.kind)))


def conform(actual: Any, expected: Any) -> Mismatch | None:
    """The first difference in structure, kind of dtype or shape; None if one can compute with it.

    Values are not looked at.
    """
    misfits = (_misfit(path, a, b) for path, a, b in _pairs(actual, expected, ""))
    return min((m for m in misfits if m), key=lambda m: _ORDER.index(m.kind), default=None)


def error(
    actual: Any, expected: Any, scale: float | None = None, *, nan_equal: bool = False
) -> float:
    """The error measure of a result, the largest over its leaves; inf if not comparable.

    An exact leaf that differs counts as inf. `nan_equal` lets NaN equal NaN, which is for asking
    whether two results came about in the same way, never for deciding that one is right.
    """
    largest = 0.0
    for path, a, b in _pairs(actual, expected, ""):
        if _misfit(path, a, b) is not None:
            return math.inf
        if kind_of(b) != "floating":
            largest = max(largest, 0.0 if not _unequal(a, b).any() else math.inf)
        else:
            errors = entry_errors(as_tensor(a), as_tensor(b), scale, nan_equal=nan_equal)
            largest = max(largest, errors.max().item() if errors.numel() else 0.0)
    return largest


def entry_errors(
    a: torch.Tensor, b: torch.Tensor, scale: float | None = None, *, nan_equal: bool = False
) -> torch.Tensor:
    """The error measure entry by entry, for tensors of one shape; inf where NaN or infinities are.

    Equal infinities are no error; NaN always is, unless `nan_equal` and both are.
    """
    a, b = a.to(torch.float64), b.to(torch.float64)
    finite = a.isfinite() & b.isfinite()
    if scale is None:
        magnitudes = b[b.isfinite()].abs()
        scale = magnitudes.max().item() if magnitudes.numel() else 0.0
    scale = scale or 1.0
    # Halves, because the difference of two finite numbers may overflow.
    relative = (a / 2 - b / 2).abs() / (b.abs() / 2 + scale / 2)
    if finite.all():
        return relative
    same = (a == b) & ~finite
    if nan_equal:
        same |= a.isnan() & b.isnan()
    return torch.where(finite, relative, torch.where(same, 0.0, math.inf))


def identical(a: Any, b: Any) -> bool:
    """Whether two values are the same bit for bit, NaN included; a list and a tuple may be."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and tensor_bytes(a) == tensor_bytes(b)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(identical(a[k], b[k]) for k in a)
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    return bool(a == b)


def infinities(value: Any) -> tuple[Mismatch, ...]:
    """The floating leaves of a result that are not finite, as if zeros had been expected."""
    found = []
    for path, leaf in leaves(value):
        if kind_of(leaf) == "floating" and not as_tensor(leaf).isfinite().all():
            a = as_tensor(leaf)
            bad = ~a.isfinite()
            worst = tuple(int(i) for i in torch.unravel_index(bad.int().argmax(), a.shape))
            zeros = torch.zeros_like(a)
            found.append(
                Mismatch("nonfinite", path, math.inf, worst, int(bad.sum()), a.numel(), a, zeros)
            )
    return tuple(found)


def floating_leaves(value: Any) -> tuple[FloatingLeaf, ...]:
    """The floating tensors in a result, with their dtypes; Python numbers have none."""
    return tuple(
        FloatingLeaf(path, leaf.dtype, str(leaf.device))
        for path, leaf in leaves(value)
        if isinstance(leaf, torch.Tensor) and leaf.is_floating_point()
    )


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in a result that is not a container, with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, _below(path, key))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from leaves(item, f"{path}[{i}]")
    else:
        yield path, value


def covers(name: str, path: str) -> bool:
    """Whether the leaf at `path` is the leaf `name` or lies in the container of that name."""
    return path == name or path.startswith((f"{name}.", f"{name}[")) or not name


def kind_of(leaf: Any) -> str:
    """One of "floating", "integer", "bool", "other": what is compared exactly, and what is not."""
    if isinstance(leaf, torch.Tensor):
        if leaf.dtype == torch.bool:
            return "bool"
        return "floating" if leaf.is_floating_point() else "integer"
    if isinstance(leaf, bool):
        return "bool"
    return {int: "integer", float: "floating"}.get(type(leaf), "other")


def as_tensor(leaf: Any) -> torch.Tensor:
    """A number or tensor as a detached tensor on the CPU; floating numbers in float64."""
    if isinstance(leaf, torch.Tensor):
        return leaf.detach().cpu()
    if type(leaf) is int and not -(2**63) <= leaf < 2**63:
        leaf = float(leaf) if abs(leaf) < 2**1023 else math.inf if leaf > 0 else -math.inf
    return torch.tensor(leaf, dtype=torch.float64 if isinstance(leaf, float) else None)


def tensor_bytes(tensor: torch.Tensor) -> bytes:
    """The elements of a tensor, in order."""
    flat = tensor.detach().cpu().clone(memory_format=torch.contiguous_format).reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()


_ORDER: tuple[Kind, ...] = (
    "structure", "dtype", "device", "shape", "nonfinite", "exact", "value",
)  # fmt: skip


@dataclass(frozen=True)
class _Lacking:
    """Stands for the value of a key that is not in a dict."""

    container: Mapping[Any, Any]


def _below(path: str, key: object) -> str:
    if not isinstance(key, str):
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def _pairs(actual: Any, expected: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Leaf by leaf along `expected`; where containers do not fit, the containers themselves.

    Excess keys are the student's words: only the fact that there are some is told.
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, item in expected.items():
            if key in actual:
                yield from _pairs(actual[key], item, _below(path, key))
            else:
                yield _below(path, key), _Lacking(actual), item
        if len(actual) > len(expected) and all(key in actual for key in expected):
            yield path, actual, expected
    elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if len(actual) != len(expected):
            yield path, actual, expected
            return
        for i, item in enumerate(expected):
            yield from _pairs(actual[i], item, f"{path}[{i}]")
    else:
        yield path, actual, expected


def _misfit(path: str, actual: Any, expected: Any) -> Mismatch | None:
    """Structure, kind of dtype, shape."""

    def mismatch(kind: Kind) -> Mismatch:
        return Mismatch(kind, path, actual=actual, expected=expected)

    if isinstance(actual, _Lacking):
        return Mismatch(
            "structure", path, actual=actual.container, expected=expected, missing=True
        )
    if isinstance(expected, Mapping | list | tuple):
        return mismatch("structure")
    wanted, got = kind_of(expected), kind_of(actual)
    if wanted == "other":
        return None if type(actual) is type(expected) else mismatch("structure")
    if got == "other":
        return mismatch("structure")
    whole_number = wanted == "floating" and type(actual) is int
    if wanted != got and not whole_number:
        return mismatch("dtype")
    return None if _shape(actual) == _shape(expected) else mismatch("shape")


def _difference(
    path: str, actual: Any, expected: Any, tolerance: float, scale: float | None
) -> Mismatch | None:
    bad = _unequal(actual, expected)
    if kind_of(expected) == "other":
        return Mismatch("exact", path, math.inf, (), 1, 1, actual, expected) if bad.any() else None
    a, b = as_tensor(actual), as_tensor(expected)
    errors = entry_errors(a, b, scale)
    kind: Kind = "exact"
    if kind_of(expected) == "floating":
        broken = errors.isinf() & ~(a.isfinite() & b.isfinite())
        kind = "nonfinite" if broken.any() else "value"
        # Not `errors > tolerance`: whatever is not known to be close is off.
        bad = broken if broken.any() else ~(errors <= tolerance)
    if not bad.any():
        return None
    worst = tuple(int(i) for i in torch.unravel_index(errors.argmax(), b.shape))
    largest = errors.max().item()
    return Mismatch(kind, path, largest, worst, int(bad.sum()), b.numel(), actual, expected)


def _unequal(actual: Any, expected: Any) -> torch.Tensor:
    """Which entries of two leaves of one kind and shape differ, exactly."""
    if kind_of(expected) == "other":
        return torch.tensor(actual != expected)
    a, b = as_tensor(actual), as_tensor(expected)
    if kind_of(expected) == "integer" and a.is_floating_point():
        # A Python number too large for int64: its float might round to the expected one.
        return torch.ones(b.shape, dtype=torch.bool)
    return a != b


def _shape(leaf: Any) -> tuple[int, ...]:
    return tuple(leaf.shape) if isinstance(leaf, torch.Tensor) else ()
