"""Wrong results made by rule, of which the cause is known: does the diagnosis name it?

Each distortion changes what the reference returned in one way that mistakes are known for: a sign,
a factor, an axis, a row, a term. Unlike the catalogue of wrong variants they know nothing of the
task, so they can be applied to every function of every assignment (`grader verify --diagnosis`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import torch

from grader.compare import kind_of
from grader.observation import Observation

Change: TypeAlias = Callable[[torch.Tensor, Observation], "torch.Tensor | None"]
"""Changes a floating leaf in float64; None where the distortion does not apply to it."""


@dataclass(frozen=True)
class Distortion:
    """A way to be wrong, and the findings that name it rightly."""

    family: str
    """What it is, the same for all functions: "factor", "transposed"."""
    detail: str
    """Which one of its family: "N of `X` axis 0"."""
    change: Change
    right: tuple[str, ...]
    """Codes of the findings that say what it is."""


def distorted(value: Any, observation: Observation, change: Change) -> Any:
    """A result with every floating leaf changed that the distortion applies to."""
    if isinstance(value, Mapping):
        return {k: distorted(v, observation, change) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [distorted(v, observation, change) for v in value]
    if kind_of(value) != "floating":
        return value
    changed = change(torch.as_tensor(value, dtype=torch.float64).detach().clone(), observation)
    return value if changed is None else changed


def distortions(observations: tuple[Observation, ...]) -> Iterator[Distortion]:
    """All distortions for a function, given its calls.

    Args:
        observations: all calls; their arguments give sizes, scalars and terms.
    """
    yield from _FIXED
    yield from _axes(max((_rank(o.expected) for o in observations), default=0))
    sizes: dict[tuple[str, int], None] = {}
    scalars: dict[str, None] = {}
    terms: dict[str, None] = {}
    for o in observations:
        for name, x in o.tensors:
            sizes |= dict.fromkeys((name, axis) for axis in range(x.ndim))
            if x.is_floating_point():
                terms[name] = None
        scalars |= {name: None for name, _ in o.numbers}
    for name, axis in sizes:
        yield from _sized(name, axis)
    for name in scalars:
        yield _factor("scalar", f"`{name}`", partial(_scalar, name))
    for name in terms:
        yield from _termed(name)


def _rank(value: Any) -> int:
    if isinstance(value, Mapping):
        return max(map(_rank, value.values()), default=0)
    if isinstance(value, list | tuple):
        return max(map(_rank, value), default=0)
    return value.ndim if isinstance(value, torch.Tensor) else 0


def _factor(family: str, detail: str, factor: Callable[[Observation], float | None]) -> Distortion:
    def change(b: torch.Tensor, o: Observation) -> torch.Tensor | None:
        c = factor(o)
        return None if c is None or not math.isfinite(c) else b * c

    return Distortion(family, detail, change, ("relation.factor",))


def _constant(family: str, detail: str, c: float, code: str = "relation.factor") -> Distortion:
    return Distortion(family, detail, lambda b, o: b * c, (code,))


def _sized(name: str, axis: int) -> Iterator[Distortion]:
    where = f"`{name}` axis {axis}"

    def size(o: Observation) -> int | None:
        return next((x.shape[axis] for n, x in o.tensors if n == name and x.ndim > axis), None)

    def of(f: Callable[[int], float]) -> Callable[[Observation], float | None]:
        return lambda o: f(n) if (n := size(o)) else None

    yield _factor("N", where, of(lambda n: n))
    yield _factor("1/N", where, of(lambda n: 1 / n))
    yield _factor("biased", where, of(lambda n: (n - 1) / n if n > 1 else 1))
    yield _factor("unbiased", where, of(lambda n: n / (n - 1) if n > 1 else 1))


def _scalar(name: str, o: Observation) -> float | None:
    value = dict(o.numbers).get(name)
    return None if value in (None, 0.0) else value


def _termed(name: str) -> Iterator[Distortion]:
    def fitting(b: torch.Tensor, o: Observation) -> torch.Tensor | None:
        x = dict(o.tensors).get(name)
        return x.double() if x is not None and x.shape == b.shape and b.numel() > 1 else None

    def bias(b: torch.Tensor, o: Observation) -> torch.Tensor | None:
        x = dict(o.tensors).get(name)
        fits = x is not None and x.ndim == 1 and b.ndim >= 2 and x.shape[0] == b.shape[-1]
        return x.double() if fits and x is not None else None

    def add(term: Change, k: float) -> Change:
        def change(b: torch.Tensor, o: Observation) -> torch.Tensor | None:
            t = term(b, o)
            return None if t is None else b + k * t

        return change

    input_codes = ("relation.input", "relation.zero", "relation.unchanged")
    yield Distortion("term missing", f"`{name}`", add(fitting, -1), input_codes)
    yield Distortion("term doubled", f"`{name}`", add(fitting, 1), input_codes)
    bias_codes = ("relation.offset_axis", "relation.bias")
    yield Distortion("bias missing", f"`{name}`", add(bias, -1), bias_codes)
    yield Distortion("bias doubled", f"`{name}`", add(bias, 1), bias_codes)


def _on(axis: int, shortest: int, change: Callable[[torch.Tensor, int], torch.Tensor]) -> Change:
    """A change along an axis, for tensors on which that axis is long enough."""

    def changed(b: torch.Tensor, o: Observation) -> torch.Tensor | None:
        return change(b, axis) if b.ndim > axis and b.shape[axis] >= shortest else None

    return changed


_ALONG: tuple[tuple[str, int, Callable[[torch.Tensor, int], torch.Tensor], str], ...] = (
    ("reversed", 2, lambda b, k: b.flip(k), "relation.reversed"),
    ("shifted", 3, lambda b, k: b.roll(1, k), "relation.shifted"),
    ("shifted back", 3, lambda b, k: b.roll(-1, k), "relation.shifted"),
    ("one short", 2, lambda b, k: b.narrow(k, 0, b.shape[k] - 1), "shape.missing_at_end"),
    ("one late", 2, lambda b, k: b.narrow(k, 1, b.shape[k] - 1), "shape.missing_at_start"),
    ("one too many", 1, lambda b, k: torch.cat([b, b.narrow(k, 0, 1)], k), "shape.extra_at_end"),
    ("reduced", 2, lambda b, k: b.sum(k), "shape.reduced"),
    ("axis kept", 2, lambda b, k: b.unsqueeze(k), "shape.squeeze"),
)
"""Family, the least length of the axis, the change, the code that names it."""


def _axes(rank: int) -> Iterator[Distortion]:
    for axis in range(rank):
        for family, shortest, change, code in _ALONG:
            yield Distortion(family, f"axis {axis}", _on(axis, shortest, change), (code,))
    swapped = _on(1, 2, lambda b, k: b.transpose(-1, -2))
    codes = "relation.transposed", "shape.transposed"
    yield Distortion("transposed", "last axes", swapped, codes)
    flat = _on(1, 2, lambda b, k: b.reshape(-1))
    yield Distortion("flattened", "", flat, ("shape.reshape", "shape.squeeze"))
    last = _on(0, 3, lambda b, k: torch.cat([b[:-1], b[-1:].sin() + 1]))
    yield Distortion("last row", "", last, ("location.last",))
    broken = _on(0, 3, lambda b, k: torch.cat([b[:1] * math.nan, b[1:]]))
    yield Distortion("NaN in a row", "", broken, ("nonfinite",))


def _negated(b: torch.Tensor, o: Observation) -> torch.Tensor | None:
    """Wrong only where an input of the same shape is negative."""
    for _, x in o.tensors:
        if x.shape == b.shape and x.is_floating_point() and 0 < int((x < 0).sum()) < x.numel():
            return torch.where(x < 0, b * 0.37 - 0.71, b)
    return None


_FIXED = (
    _constant("sign", "", -1, "relation.sign"),
    _constant("2", "", 2),
    _constant("1/2", "", 0.5),
    _constant("log base 2", "", 1 / math.log(2)),
    _constant("log base 10", "", 1 / math.log(10)),
    Distortion("zeros", "", lambda b, o: b * 0, ("relation.zero",)),
    Distortion("constant offset", "", lambda b, o: b + 0.375, ("relation.offset",)),
    Distortion("float32", "", lambda b, o: b.float().double(), ("precision",)),
    Distortion("whole numbers", "", lambda b, o: b.round().long(), ("dtype",)),
    Distortion("NaN", "", lambda b, o: b * math.nan, ("nonfinite",)),
    Distortion("negative inputs", "", _negated, ("location.negative",)),
)
