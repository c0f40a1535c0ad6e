"""Numbers that mistakes are made of: constants, sizes of inputs, scalar arguments, by name.

"N is the number of rows of `X`" says more than "20", and gives no number of a hidden input away.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from grader.observation import Observation
from grader.result import Text


@dataclass(frozen=True)
class Factor:
    """A number that has a name in the call."""

    key: str
    """The same over all calls, such as "-1" or "N:X.0"."""
    value: float
    phrase: str
    """The number in a sentence: "2", "1/N", "1-`p`"."""
    meaning: Text | None = None
    """What the letters stand for: "N is the number of rows of `X`"."""
    hint: Text | None = None


_LOGARITHM = Text(
    "应使用自然对数 torch.log。", "Logarithms are natural here: torch.log, not log2 or log10."
)
_SUMMED = Text("应取平均而不是求和？", "A sum instead of a mean?")
_AVERAGED = Text(
    "多除了一次，或应求和而不是取平均？",
    "Divided once too often, or a mean instead of a sum?",
)
_VARIANCE = Text(
    "方差该除以 N 还是 N−1？检查 unbiased 或 correction。",
    "Is the variance divided by N or by N−1? Check unbiased or correction.",
)
_ROOT = Text("开方漏了，或多开了一次？", "Is a square root missing, or one too many?")

CONSTANTS = (
    Factor("-1", -1.0, "−1"),
    Factor("2", 2.0, "2", hint=Text("系数多了 2？", "Is there a factor 2 too many?")),
    Factor("1/2", 0.5, "1/2", hint=Text("系数少了 2？", "Is a factor 2 missing?")),
    Factor("-2", -2.0, "−2", hint=Text("符号和系数 2？", "The sign and a factor 2?")),
    Factor("-1/2", -0.5, "−1/2", hint=Text("符号和系数 1/2？", "The sign and a factor 1/2?")),
    Factor("4", 4.0, "4", hint=Text("两个系数 2？", "Two factors 2 too many?")),
    Factor("1/4", 0.25, "1/4", hint=Text("少了两个系数 2？", "Are two factors 2 missing?")),
    Factor("ln2", math.log(2), "ln 2", hint=_LOGARITHM),
    Factor("1/ln2", 1 / math.log(2), "1/ln 2", hint=_LOGARITHM),
    Factor("ln10", math.log(10), "ln 10", hint=_LOGARITHM),
    Factor("1/ln10", 1 / math.log(10), "1/ln 10", hint=_LOGARITHM),
    Factor("root2", math.sqrt(2), "√2", hint=_ROOT),
    Factor("1/root2", math.sqrt(0.5), "1/√2", hint=_ROOT),
)


def factors(observation: Observation) -> Iterator[Factor]:
    """The named numbers of a call, the more likely ones first."""
    yield from CONSTANTS
    sizes = [
        (name, axis, n, x.ndim)
        for name, x in observation.tensors
        for axis, n in enumerate(x.shape)
        if n
    ]
    for size in sizes:
        yield from _powers(*size, ("N", 1), ("1/N", -1))
    for name, x in observation.tensors:
        if x.ndim >= 2 and x.numel():
            yield from _entries(name, x.numel())
    for name, v in observation.numbers:
        yield from _scalar(name, v)
    for size in sizes:
        yield from _powers(*size, ("N²", 2), ("1/N²", -2), ("√N", 0.5), ("1/√N", -0.5))
        yield from _corrected(*size)
    for name, v in observation.numbers:
        yield from _unlikely(name, v)


def _meaning(letter: str, name: str, axis: int, rank: int) -> Text:
    zh, en = {
        (1, 0): (f"`{name}` 的长度", f"the length of `{name}`"),
        (2, 0): (f"`{name}` 的行数", f"the number of rows of `{name}`"),
        (2, 1): (f"`{name}` 的列数", f"the number of columns of `{name}`"),
    }.get((rank, axis), (f"`{name}` 第 {axis} 轴的长度", f"the size of axis {axis} of `{name}`"))
    return Text(f"{letter} 是 {zh}", f"{letter} is {en}")


def _powers(
    name: str, axis: int, n: int, rank: int, *powers: tuple[str, float]
) -> Iterator[Factor]:
    meaning = _meaning("N", name, axis, rank)
    for sign, minus in (1, ""), (-1, "−"):
        for phrase, power in powers:
            hint = _SUMMED if power > 0 else _AVERAGED
            key = f"{minus}{phrase}:{name}.{axis}"
            yield Factor(key, sign * float(n) ** power, f"{minus}{phrase}", meaning, hint)


def _entries(name: str, n: int) -> Iterator[Factor]:
    meaning = Text(f"M 是 `{name}` 的元素个数", f"M is the number of entries of `{name}`")
    yield Factor(f"M:{name}", float(n), "M", meaning, _SUMMED)
    yield Factor(f"1/M:{name}", 1.0 / n, "1/M", meaning, _AVERAGED)


def _corrected(name: str, axis: int, n: int, rank: int) -> Iterator[Factor]:
    """Bessel's correction, there or not, for a variance and for a standard deviation."""
    if n < 2:
        return
    meaning = _meaning("N", name, axis, rank)
    ratio = n / (n - 1)
    for phrase, value in (
        ("N/(N−1)", ratio),
        ("(N−1)/N", 1 / ratio),
        ("√(N/(N−1))", math.sqrt(ratio)),
        ("√((N−1)/N)", math.sqrt(1 / ratio)),
        ("1/(N−1)", 1 / (n - 1)),
        ("N−1", n - 1.0),
    ):
        yield Factor(f"{phrase}:{name}.{axis}", value, phrase, meaning, _VARIANCE)


def _scalar(name: str, v: float) -> Iterator[Factor]:
    if v == 0 or not math.isfinite(v):
        return
    for phrase, value in (
        (f"`{name}`", v),
        (f"1/`{name}`", 1 / v),
        (f"−`{name}`", -v),
        (f"1-`{name}`", 1 - v),
        (f"1/(1-`{name}`)", 1 / (1 - v) if v != 1 else math.inf),
    ):
        if value and math.isfinite(value):
            yield Factor(phrase, value, phrase)


def _unlikely(name: str, v: float) -> Iterator[Factor]:
    if v and math.isfinite(v):
        yield Factor(f"`{name}`²", v * v, f"`{name}`²")
        yield Factor(f"1+`{name}`", 1 + v, f"1+`{name}`")
