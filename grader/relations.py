"""Simple relations between a wrong result and the right one, without knowledge of the task.

"Your `W` is N times ours, N the number of rows of `X`": a factor that has a name, a sign, an axis
that is turned or shifted, a constant that was added, a multiple of an input that was added
(curriculum 11.2). They are the safety net under the catalogue of named variants.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from grader.compare import Mismatch, as_tensor, entry_errors, kind_of, leaves
from grader.observation import Observation, subject
from grader.result import Diagnosis, Text

SETS = 3
"""On how many input sets a single number must show a factor before the factor is believed."""


@dataclass(frozen=True)
class Factor:
    """A number that has a name in the call."""

    key: str
    """The same over all calls, such as "-1" or "X.0"."""
    value: float
    phrase: str
    """The number in a sentence: "2", "1/N", "1-`p`"."""
    meaning: Text | None = None
    """What the letters stand for: "N is the number of rows of `X`"."""
    hint: Text | None = None


def explain_relation(
    mismatch: Mismatch, observation: Observation, others: tuple[Observation, ...] = ()
) -> Diagnosis | None:
    """The first relation that holds for a leaf of the right shape, if one does.

    Args:
        mismatch: a leaf of numbers with a wrong value.
        observation: the call that it belongs to.
        others: further calls of the same function; a single number needs them.
    """
    a, b = (as_tensor(x).to(torch.float64) for x in (mismatch.actual, mismatch.expected))
    if not (a.isfinite().all() and b.isfinite().all()) or torch.equal(a, b):
        return None
    who = subject(mismatch.leaf)
    if a.numel() == 1:
        return _scalar(mismatch.leaf, who, observation, others)
    pair = _Pair(a, b, observation.tolerance)
    searches = _unchanged, _factor, _rearranged, _added, _input_added
    return next(filter(None, (search(pair, who, observation) for search in searches)), None)


def factors(observation: Observation) -> Iterator[Factor]:
    """The numbers that mistakes are made of: constants, sizes of inputs, scalar arguments."""
    doubled, halved = "系数多了 2？", "系数少了 2？"
    yield Factor("2", 2, "2", hint=Text(doubled, "Is there a factor 2 too many?"))
    yield Factor("1/2", 0.5, "1/2", hint=Text(halved, "Is a factor 2 missing?"))
    logarithm = Text("应使用自然对数。", "Logarithms are natural here.")
    yield Factor("ln2", math.log(2), "ln 2", hint=logarithm)
    yield Factor("1/ln2", 1 / math.log(2), "1/ln 2", hint=logarithm)
    for name, x in observation.tensors:
        for axis, n in enumerate(x.shape):
            if n >= 2:
                yield from _sizes(name, axis, n, x.ndim)
    for name, v in observation.numbers:
        if v not in (0, 1, -1) and math.isfinite(v):
            for phrase, value in (
                (f"`{name}`", v),
                (f"1/`{name}`", 1 / v),
                (f"1-`{name}`", 1 - v),
                (f"1/(1-`{name}`)", 1 / (1 - v)),
            ):
                yield Factor(phrase, value, phrase)


def _sizes(name: str, axis: int, n: int, rank: int) -> Iterator[Factor]:
    zh, en = {
        (1, 0): (f"`{name}` 的长度", f"the length of `{name}`"),
        (2, 0): (f"`{name}` 的行数", f"the number of rows of `{name}`"),
        (2, 1): (f"`{name}` 的列数", f"the number of columns of `{name}`"),
    }.get((rank, axis), (f"`{name}` 第 {axis} 轴的长度", f"the size of axis {axis} of `{name}`"))
    meaning = Text(f"N 是 {zh}", f"N is {en}")
    summed = Text("应取平均而不是求和？", "A sum instead of a mean?")
    averaged = Text(
        "多除了一次，或应求和而不是取平均？",
        "Divided once too often, or a mean instead of a sum?",
    )
    for sign, minus in (-1, "−"), (1, ""):
        for phrase, power in ("N", 1), ("1/N", -1), ("N²", 2), ("1/N²", -2):
            value = sign * float(n) ** power
            hint = summed if power > 0 else averaged
            key = f"{minus}{phrase}:{name}.{axis}"
            yield Factor(key, value, f"{minus}{phrase}", meaning, hint)


@dataclass(frozen=True)
class _Pair:
    """A wrong tensor and the right one, finite, of one shape, with more than one entry."""

    a: torch.Tensor
    b: torch.Tensor
    tolerance: float

    @property
    def difference(self) -> torch.Tensor:
        return self.a - self.b

    def equal(self, a: torch.Tensor, b: torch.Tensor) -> bool:
        """Within the tolerance, at the scale of the larger of the two."""
        scale = max(a.abs().max().item(), b.abs().max().item())
        return bool((entry_errors(a, b, scale) <= self.tolerance).all())

    def negligible(self, rest: torch.Tensor) -> bool:
        """Whether what a pattern leaves of the difference is rounding and nothing else."""
        size = self.difference.abs().max().item()
        rounding = max(self.tolerance / 10 * self.b.abs().max().item(), 1e-6 * size)
        return rest.abs().max().item() <= min(rounding, size / 100)


def _scalar(
    leaf: str, who: Text, observation: Observation, others: tuple[Observation, ...]
) -> Diagnosis | None:
    """A factor that explains the single number of at least `SETS` calls."""
    seen = [observation, *(o for o in others if o is not observation)]
    shared: dict[str, Factor] | None = None
    count = 0
    for call in seen:
        pair = _numbers(call, leaf)
        if call.function != observation.function or pair is None:
            continue
        a, b = pair
        if abs(a - b) <= call.tolerance * (abs(b) or 1):
            continue
        count += 1
        found = {f.key: f for f in _matching(a, b, call)}
        shared = found if shared is None else {k: f for k, f in shared.items() if k in found}
    if not shared or count < SETS:
        return None
    return _as_factor(next(iter(shared.values())), who)


def _numbers(call: Observation, leaf: str) -> tuple[float, float] | None:
    """What came and what should have come at a leaf that holds one number."""
    pair = []
    for value in (call.actual, call.expected):
        number = dict(leaves(value)).get(leaf)
        if call.raised or kind_of(number) not in ("floating", "integer"):
            return None
        x = as_tensor(number)
        if x.numel() != 1 or not x.isfinite().all():
            return None
        pair.append(x.item())
    return pair[0], pair[1]


def _matching(a: float, b: float, call: Observation) -> Iterator[Factor]:
    negative = Factor("-1", -1, "−1")
    for factor in (negative, *factors(call)):
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


def _unchanged(pair: _Pair, who: Text, observation: Observation) -> Diagnosis | None:
    if not pair.a.any():
        return Diagnosis(
            "relation.zero", Text(f"{who.zh}全是零。", f"{who.en} is zero everywhere.")
        )
    for name, x in observation.tensors:
        if x.shape == pair.a.shape and pair.equal(pair.a, x.to(torch.float64)):
            message = Text(f"{who.zh}就是输入 `{name}`。", f"{who.en} is just the input `{name}`.")
            return Diagnosis("relation.unchanged", message)
    return None


def _factor(pair: _Pair, who: Text, observation: Observation) -> Diagnosis | None:
    norm = (pair.b * pair.b).sum().item()
    c = (pair.a * pair.b).sum().item() / norm if norm else 0.0
    if not c or not math.isfinite(c) or not pair.equal(pair.a, c * pair.b):
        return None
    found = next(_matching(c, 1.0, observation), None)
    return None if found is None else _as_factor(found, who)


def _rearranged(pair: _Pair, who: Text, observation: Observation) -> Diagnosis | None:
    a, b = pair.a, pair.b
    for i, j in itertools.combinations(range(b.ndim), 2):
        if b.shape[i] == b.shape[j] and pair.equal(a, b.transpose(i, j)):
            message = Text(
                f"{who.zh}的轴 {i} 与轴 {j} 互换了。", f"{who.en} has axes {i} and {j} swapped."
            )
            return Diagnosis("relation.transposed", message)
    for axis in range(b.ndim):
        n = b.shape[axis]
        if n >= 3 and _constant(a, axis) and not _constant(b, axis):
            return _repeated(who, axis)
        if n >= 2 and pair.equal(a, b.flip(axis)):
            message = Text(
                f"{who.zh}沿轴 {axis} 的次序颠倒了。", f"{who.en} is reversed along axis {axis}."
            )
            return Diagnosis("relation.reversed", message)
        inner, outer = b.narrow(axis, 0, max(n - 1, 0)), b.narrow(axis, 1, max(n - 1, 0))
        # Along an axis on which nothing changes, everything looks shifted.
        if n < 3 or pair.equal(inner, outer):
            continue
        late = pair.equal(a.narrow(axis, 1, n - 1), inner)
        if late or pair.equal(a.narrow(axis, 0, n - 1), outer):
            message = Text(
                f"{who.zh}沿轴 {axis} {'晚' if late else '早'}了一位。",
                f"{who.en} is one place too {'late' if late else 'early'} along axis {axis}.",
            )
            return Diagnosis("relation.shifted", message)
    return None


def _constant(x: torch.Tensor, axis: int) -> bool:
    return torch.equal(x, x.narrow(axis, 0, 1).expand_as(x))


def _repeated(who: Text, axis: int) -> Diagnosis:
    message = Text(
        f"{who.zh}沿轴 {axis} 的各项完全相同。",
        f"{who.en} repeats the same entries all along axis {axis}.",
    )
    hint = Text("是否多次保存了同一个张量？", "Was one tensor stored several times?")
    return Diagnosis("relation.repeated", message, hint)


def _added(pair: _Pair, who: Text, observation: Observation) -> Diagnosis | None:
    d = pair.difference
    if pair.negligible(d - d.mean()):
        message = Text(
            f"{who.zh}与参考值处处相差同一个常数。",
            f"{who.en} differs from ours by one constant everywhere.",
        )
        return Diagnosis("relation.offset", message)
    for axis in range(d.ndim if d.ndim >= 2 else 0):
        if d.shape[axis] >= 2 and pair.negligible(d - d.mean(dim=axis, keepdim=True)):
            message = Text(
                f"{who.zh}与参考值之差沿轴 {axis} 不变。",
                f"{who.en} differs from ours by something that does not change along axis {axis}.",
            )
            hint = Text(
                "缺少或重复了偏置一类的项？", "Is a term like a bias missing or counted twice?"
            )
            return Diagnosis("relation.offset_axis", message, hint)
    return None


def _input_added(pair: _Pair, who: Text, observation: Observation) -> Diagnosis | None:
    """A multiple of an input of the same shape on top of the right result."""
    d = pair.difference
    for name, x in observation.tensors:
        if x.shape != d.shape or d.numel() < 3:
            continue
        x = x.to(torch.float64)
        norm = (x * x).sum().item()
        k = (d * x).sum().item() / norm if norm else 0.0
        if not k or not pair.negligible(d - k * x):
            continue
        message = Text(
            f"{who.zh}与参考值之差是输入 `{name}` 的倍数。",
            f"{who.en} differs from ours by a multiple of the input `{name}`.",
        )
        return Diagnosis("relation.input", message, _coefficient(k, name, observation))
    return None


def _coefficient(k: float, name: str, observation: Observation) -> Text | None:
    # The scalars first: where `lam` is 2, "-2" more likely means that `lam`·`W` is missing.
    named = [(v, f"`{number}`·`{name}`") for number, v in observation.numbers if v]
    named.append((1.0, f"`{name}`"))
    for v, term in named:
        for c, zh, en in (
            (-1, "缺少这一项", "is missing"),
            (1, "多算了一次", "is counted once too often"),
            (-2, "符号相反", "has the wrong sign"),
        ):
            if abs(k - c * v) <= 1e-4 * abs(v):
                return Text(f"{term}：{zh}？", f"Perhaps {term} {en}?")
    return None
