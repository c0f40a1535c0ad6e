"""Simple relations between a wrong result and the right one, without knowledge of the task.

"Your `W` is N times ours, N the number of rows of `X`": a factor that has a name, a sign, an axis
that is turned or shifted, a constant that was added, a term that is missing (curriculum 11.2).
They are the safety net under the catalogue of named variants.

A relation is said only if it holds on every failing call in which it could be seen: what holds by
chance on one input set, or on a batch of two, does not hold on the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

import torch

from grader.arrangements import Named, arranged
from grader.compare import Mismatch
from grader.factors import Factor, factors
from grader.observation import Observation, subject
from grader.pair import Pair, pairs
from grader.result import Diagnosis, Text
from grader.terms import added, penalties

SETS = 3
"""On how many input sets a single number must show a relation before it is believed."""
ASKED = 16
"""Failing calls that are looked at."""

Search = Callable[[Pair, Text, Observation], Iterator[Named]]


def explain_relation(
    mismatch: Mismatch, observation: Observation, others: tuple[Observation, ...] = ()
) -> Diagnosis | None:
    """The most specific relation that holds for a leaf on every failing call, if one does.

    Args:
        mismatch: a leaf of numbers with a wrong value.
        observation: the call that it belongs to.
        others: further calls of the same function; a single number needs them.
    """
    own = observation
    if not any(m.leaf == mismatch.leaf for m in own.mismatches):
        own = _with(observation, mismatch)
    same = tuple(o for o in others if o is not observation and o.function == own.function)
    seen = list(pairs(mismatch.leaf, (own, *same)))[:ASKED]
    who = subject(mismatch.leaf)
    whole = [(pair, call) for pair, call in seen if pair.b.numel() > 1]
    if not whole:
        return _scalar(who, [(p.a.item(), p.b.item(), call) for p, call in seen])
    telling = [(pair, call) for pair, call in whole if not pair.small] or whole
    shared: dict[str, Diagnosis] | None = None
    for pair, call in telling:
        found = dict(chain.from_iterable(search(pair, who, call) for search in _SEARCHES))
        shared = found if shared is None else {k: d for k, d in shared.items() if k in found}
        if not shared:
            return None
    return next(iter(shared.values()), None) if shared else None


def _with(observation: Observation, mismatch: Mismatch) -> Observation:
    return replace(observation, mismatches=(mismatch, *observation.mismatches))


def _scalar(who: Text, rows: list[tuple[float, float, Observation]]) -> Diagnosis | None:
    """A relation that explains the single number of at least `SETS` calls."""
    if not rows:
        return None
    if all(a == 0 for a, _, _ in rows):
        return Diagnosis("relation.zero", Text(f"{who.zh}是零。", f"{who.en} is zero."))
    if len(rows) < SETS:
        return None
    shared: dict[str, Factor] | None = None
    for a, b, call in rows:
        found = {f.key: f for f in _matching(a, b, call)}
        shared = found if shared is None else {k: f for k, f in shared.items() if k in found}
    if shared:
        return _as_factor(next(iter(shared.values())), who)
    tolerance = max(call.tolerance for _, _, call in rows)
    actual, expected = (torch.tensor([r[i] for r in rows], dtype=torch.float64) for i in (0, 1))
    joined = Pair(actual, expected, tolerance)
    others = chain(
        penalties(rows, who, tolerance),
        _offset(joined, who),
        _functions(joined, who, rows[0][2]),
    )
    return next((diagnosis for _, diagnosis in others), None)


def _offset(joined: Pair, who: Text) -> Iterator[Named]:
    d = joined.difference
    if joined.negligible(d - d.mean()):
        message = Text(
            f"{who.zh}与参考值总是相差同一个常数。",
            f"{who.en} differs from ours by the same constant every time.",
        )
        yield "offset", Diagnosis("relation.offset", message)


def _matching(a: float, b: float, call: Observation) -> Iterator[Factor]:
    for factor in factors(call):
        if b and abs(a / b - factor.value) <= 3 * call.tolerance * abs(factor.value):
            yield factor


def _as_factor(factor: Factor, who: Text) -> Diagnosis:
    if factor.key == "-1":
        message = Text(f"{who.zh}的符号相反。", f"{who.en} has the opposite sign.")
        return Diagnosis("relation.sign", message)
    zh, en = (f"，{factor.meaning.zh}", f"; {factor.meaning.en}") if factor.meaning else ("", "")
    message = Text(
        f"{who.zh}是参考值的 {factor.phrase} 倍{zh}。",
        f"{who.en} is {factor.phrase} times ours{en}.",
    )
    return Diagnosis("relation.factor", message, factor.hint)


def _unchanged(pair: Pair, who: Text, observation: Observation) -> Iterator[Named]:
    if not pair.a.any():
        yield (
            "zero",
            Diagnosis("relation.zero", Text(f"{who.zh}全是零。", f"{who.en} is zero everywhere.")),
        )
        return
    for name, x in observation.tensors:
        if x.shape == pair.a.shape and pair.equal(pair.a, x.to(torch.float64)):
            message = Text(f"{who.zh}就是输入 `{name}`。", f"{who.en} is just the input `{name}`.")
            yield f"unchanged.{name}", Diagnosis("relation.unchanged", message)


def _factor(pair: Pair, who: Text, observation: Observation) -> Iterator[Named]:
    norm = (pair.b * pair.b).sum().item()
    c = (pair.a * pair.b).sum().item() / norm if norm and math.isfinite(norm) else 0.0
    if c and math.isfinite(c) and pair.equal(pair.a, c * pair.b):
        for factor in _matching(c, 1.0, observation):
            yield f"factor.{factor.key}", _as_factor(factor, who)


def _multiple(pair: Pair, who: Text, observation: Observation) -> Iterator[Named]:
    """A factor without a name."""
    norm = (pair.b * pair.b).sum().item()
    c = (pair.a * pair.b).sum().item() / norm if norm and math.isfinite(norm) else 0.0
    varied = pair.b.numel() >= 4 and int((pair.b != 0).sum()) >= 4
    if c and math.isfinite(c) and varied and pair.equal(pair.a, c * pair.b):
        message = Text(
            f"{who.zh}处处是参考值的同一个倍数。",
            f"{who.en} is the same multiple of ours everywhere.",
        )
        hint = Text(
            "检查平均、归一化和系数：这个倍数不是常见的数。",
            "Check means, normalisation and coefficients: the factor is none of the usual ones.",
        )
        yield "multiple", Diagnosis("relation.multiple", message, hint)


_FORMS: tuple[tuple[str, Text, Callable[[torch.Tensor], torch.Tensor]], ...] = (
    ("abs", Text("绝对值", "the absolute value"), torch.abs),
    ("square", Text("平方", "the square"), torch.square),
    ("sqrt", Text("平方根", "the square root"), lambda b: b.sqrt()),
    ("exp", Text("指数 exp", "the exponential"), torch.exp),
    ("log", Text("对数", "the logarithm"), lambda b: b.log()),
    ("1/x", Text("倒数", "the reciprocal"), torch.reciprocal),
    ("1-x", Text("1 减去它的差", "1 minus the value"), lambda b: 1 - b),
    ("sigmoid", Text("sigmoid", "the sigmoid"), torch.sigmoid),
    ("tanh", Text("tanh", "the tanh"), torch.tanh),
    ("relu", Text("ReLU", "the ReLU"), torch.relu),
)


def _functions(pair: Pair, who: Text, observation: Observation) -> Iterator[Named]:
    """A step too many: an elementary function of the right result."""
    if pair.b.numel() < SETS:
        return
    for name, words, form in _FORMS:
        changed = form(pair.b)
        if changed.isfinite().all() and pair.equal(pair.a, changed):
            message = Text(f"{who.zh}是参考值的{words.zh}。", f"{who.en} is {words.en} of ours.")
            hint = Text("最后一步多做了，或漏做了逆运算？", "Is one step too many at the end?")
            yield f"function.{name}", Diagnosis("relation.function", message, hint)
        undone = form(pair.a)
        own_inverse = name in ("1/x", "1-x", "relu")
        if not own_inverse and undone.isfinite().all() and pair.equal(undone, pair.b):
            message = Text(
                f"你的结果的{words.zh}才是参考值。",
                f"It takes {words.en} of your result to get ours.",
            )
            hint = Text("最后一步漏了？", "Is the last step missing?")
            yield f"undone.{name}", Diagnosis("relation.function", message, hint)


_SEARCHES: tuple[Search, ...] = (_unchanged, _factor, arranged, added, _functions, _multiple)
