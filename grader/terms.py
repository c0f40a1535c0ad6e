"""A term too many or too few: what the difference to the right result is made of.

A constant, something that does not change along an axis (as a bias does), a multiple of an input,
a squared or absolute norm of an input (as a penalty is).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from grader.arrangements import Named
from grader.observation import Observation
from grader.pair import Pair
from grader.result import Diagnosis, Text

_HAPPENED = (
    (-1.0, Text("缺少这一项", "is missing")),
    (1.0, Text("多算了一次", "is counted once too often")),
    (-2.0, Text("符号相反", "has the wrong sign")),
)
"""Coefficients of a term in the difference, and what they mean."""


def added(pair: Pair, who: Text, observation: Observation) -> Iterator[Named]:
    """The terms that explain the difference, the inputs first."""
    yield from _inputs(pair, who, observation)
    d = pair.difference
    if pair.b.numel() > 1 and pair.negligible(d - d.mean()):
        message = Text(
            f"{who.zh}与参考值处处相差同一个常数。",
            f"{who.en} differs from ours by one constant everywhere.",
        )
        yield "offset", Diagnosis("relation.offset", message)
    for axis in range(d.ndim if d.ndim >= 2 else 0):
        if d.shape[axis] >= 2 and pair.negligible(d - d.mean(dim=axis, keepdim=True)):
            message = Text(
                f"{who.zh}与参考值之差沿轴 {axis} 不变。",
                f"{who.en} differs from ours by something that does not change along axis {axis}.",
            )
            hint = Text(
                "缺少或重复了偏置一类的项？", "Is a term like a bias missing or counted twice?"
            )
            yield f"offset_axis.{axis}", Diagnosis("relation.offset_axis", message, hint)


def _inputs(pair: Pair, who: Text, observation: Observation) -> Iterator[Named]:
    """A multiple of an input, laid out over the batch where it has fewer axes."""
    d = pair.difference
    general: list[Named] = []
    for name, x in observation.tensors:
        fits = 0 < x.ndim <= d.ndim and x.shape == d.shape[d.ndim - x.ndim :]
        if not fits or d.numel() < 3 or x.numel() < 2:
            continue
        term = x.to(torch.float64).expand_as(d)
        norm = (term * term).sum().item()
        k = (d * term).sum().item() / norm if norm and math.isfinite(norm) else 0.0
        if not k or not pair.negligible(d - k * term):
            continue
        bias = x.ndim < d.ndim
        message = Text(
            f"{who.zh}与参考值之差是输入 `{name}` 的倍数。",
            f"{who.en} differs from ours by a multiple of the input `{name}`.",
        )
        code = "relation.bias" if bias else "relation.input"
        for key, hint in _coefficients(k, name, observation):
            yield f"input.{name}.{key}", Diagnosis(code, message, hint)
        general.append((f"input.{name}", Diagnosis(code, message)))
    yield from general


def _coefficients(k: float, name: str, observation: Observation) -> Iterator[tuple[str, Text]]:
    # The scalars first: where `lam` is 2, "-2" more likely means that `lam`·`W` is missing.
    named = [(v, f"`{number}`·`{name}`") for number, v in observation.numbers if v]
    named.append((1.0, f"`{name}`"))
    for v, term in named:
        for c, what in _HAPPENED:
            if abs(k - c * v) <= 1e-4 * abs(v):
                yield f"{term}.{c:g}", Text(f"{term}：{what.zh}？", f"Perhaps {term} {what.en}?")


def penalties(
    rows: list[tuple[float, float, Observation]], who: Text, tolerance: float
) -> Iterator[Named]:
    """A norm of an input in a single number, from several calls: `lam`/2·‖`W`‖² is missing.

    Args:
        rows: wrong number, right number, call.
        who: whose result.
        tolerance: of the comparison.
    """
    candidates: dict[str, Text] | None = None
    for a, b, call in rows:
        d, size = a - b, tolerance * max(abs(a), abs(b), 1e-12) * 3
        found = {}
        for term, value in _norms(call):
            for c, what in _HAPPENED:
                if value and abs(d - c * value) <= min(size, abs(d) / 100):
                    hint = Text(f"{term}：{what.zh}？", f"Perhaps {term} {what.en}?")
                    found[f"penalty.{term}.{c:g}"] = hint
        candidates = (
            found
            if candidates is None
            else {key: hint for key, hint in candidates.items() if key in found}
        )
    message = Text(
        f"{who.zh}与参考值之差是由一个输入算出的一项。",
        f"{who.en} differs from ours by a term that one input gives.",
    )
    for key, hint in (candidates or {}).items():
        yield key, Diagnosis("relation.term", message, hint)


def _norms(call: Observation) -> Iterator[tuple[str, float]]:
    """Terms that are one number, with the scalars that may stand before them."""
    scalars = [("", 1.0), *((f"`{n}`·", v) for n, v in call.numbers if v not in (0.0, 1.0))]
    for name, x in call.tensors:
        if not x.is_floating_point() or not x.numel():
            continue
        x = x.to(torch.float64)
        square, absolute = (x * x).sum().item(), x.abs().sum().item()
        for before, v in scalars:
            yield f"{before}‖`{name}`‖²/2", v * square / 2
            yield f"{before}‖`{name}`‖²", v * square
            yield f"{before}‖`{name}`‖₁", v * absolute
    for name, v in call.numbers:
        yield f"`{name}`", v
