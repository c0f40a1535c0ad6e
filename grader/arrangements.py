"""Right numbers at wrong places: an axis that is swapped, turned, shifted, mixed or repeated."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch

from grader.observation import Observation
from grader.pair import Pair
from grader.result import Diagnosis, Text

PERMUTED = 64
"""The longest axis whose entries are searched for in another order."""

Named = tuple[str, Diagnosis]
"""A relation: what identifies it over all calls, and what is said."""


def arranged(pair: Pair, who: Text, observation: Observation) -> Iterator[Named]:
    """The rearrangements of the right result that give the wrong one."""
    a, b = pair.a, pair.b
    for i, j in itertools.combinations(range(b.ndim), 2):
        if b.shape[i] == b.shape[j] > 1 and pair.equal(a, b.transpose(i, j)):
            message = Text(
                f"{who.zh}的轴 {i} 与轴 {j} 互换了。", f"{who.en} has axes {i} and {j} swapped."
            )
            yield f"transposed.{i}.{j}", Diagnosis("relation.transposed", message)
    for axis in range(b.ndim):
        n = b.shape[axis]
        if n >= 3 and _constant(a, axis) and not _constant(b, axis):
            yield f"repeated.{axis}", _repeated(who, axis)
        if n >= 2 and pair.equal(a, b.flip(axis)):
            message = Text(
                f"{who.zh}沿轴 {axis} 的次序颠倒了。", f"{who.en} is reversed along axis {axis}."
            )
            yield f"reversed.{axis}", Diagnosis("relation.reversed", message)
        yield from _shifted(pair, who, axis)
        if 3 <= n <= PERMUTED and _permuted(pair, axis):
            message = Text(
                f"{who.zh}沿轴 {axis} 的各项都对，但次序不同。",
                f"{who.en} has the right entries along axis {axis}, in another order.",
            )
            yield f"permuted.{axis}", Diagnosis("relation.permuted", message)


def _shifted(pair: Pair, who: Text, axis: int) -> Iterator[Named]:
    a, b, n = pair.a, pair.b, pair.b.shape[axis]
    inner, outer = b.narrow(axis, 0, max(n - 1, 0)), b.narrow(axis, 1, max(n - 1, 0))
    # Along an axis on which nothing changes, everything looks shifted.
    if n < 3 or pair.equal(inner, outer):
        return
    for late, mine, ours in (True, 1, inner), (False, 0, outer):
        if pair.equal(a.narrow(axis, mine, n - 1), ours):
            message = Text(
                f"{who.zh}沿轴 {axis} {'晚' if late else '早'}了一位。",
                f"{who.en} is one place too {'late' if late else 'early'} along axis {axis}.",
            )
            yield f"shifted.{axis}.{late}", Diagnosis("relation.shifted", message)


def _constant(x: torch.Tensor, axis: int) -> bool:
    return torch.equal(x, x.narrow(axis, 0, 1).expand_as(x))


def _repeated(who: Text, axis: int) -> Diagnosis:
    message = Text(
        f"{who.zh}沿轴 {axis} 的各项完全相同。",
        f"{who.en} repeats the same entries all along axis {axis}.",
    )
    hint = Text("是否多次保存了同一个张量？", "Was one tensor stored several times?")
    return Diagnosis("relation.repeated", message, hint)


def _permuted(pair: Pair, axis: int) -> bool:
    """Whether every slice of the right result is one of the wrong result, and no two are alike."""
    a = pair.a.movedim(axis, 0).flatten(1) if pair.a.ndim > 1 else pair.a[:, None]
    b = pair.b.movedim(axis, 0).flatten(1) if pair.b.ndim > 1 else pair.b[:, None]
    scale = b.abs().max().item() or 1.0
    if a.shape[0] * a.shape[0] * a.shape[1] > 2_000_000:
        return False
    near = (a[:, None] - b[None]).abs().amax(-1) <= pair.tolerance * scale
    alike = (b[:, None] - b[None]).abs().amax(-1) <= pair.tolerance * scale
    return bool((near.sum(0) == 1).all() and (near.sum(1) == 1).all() and alike.sum() == len(b))
