"""Small charts as inline SVG. Every chart says in words what it shows, colour is never alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

_WIDTH, _HEIGHT = 400.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 66.0, 10.0, 42.0
_POINTS = 200
"""A curve is thinned to about so many points."""
_DECADES = 1.3
"""From so many powers of ten on, a curve is drawn on a logarithmic scale."""


def bar(shares: Iterable[tuple[str, Decimal]], total: Decimal, label: str) -> Markup:
    """A horizontal bar; `shares` are (class in the style sheet, amount) out of `total`."""
    drawn, start = [], 0.0
    for kind, amount in shares:
        width = min(100 * float(amount / total), 100 - start) if total > 0 and amount > 0 else 0.0
        if width > 0:
            drawn.append(
                f'<rect class="{kind}" x="{start:.2f}%" width="{width:.2f}%" height="100%"/>'
            )
            start += width
    return Markup(
        '<svg class="bar" role="img" aria-label="{}">'
        '<rect class="rest" width="100%" height="100%"/>{}</svg>'
    ).format(label, Markup("".join(drawn)))  # noqa: S704  # classes are our own words


@dataclass(frozen=True)
class CurveWords:
    """What is written in a chart of curves."""

    label: str
    """The whole chart in one sentence."""
    across: str
    """What the horizontal axis counts."""
    student: str
    reference: str
    log: str
    """"logarithmic scale"."""


def curves(student: Sequence[float], reference: Sequence[float], words: CurveWords) -> Markup:
    """Training histories over their steps: the student's as a line, the reference's dashed.

    Both carry their name at their end. The scale is logarithmic where the values are positive and
    spread over more than a power of ten. Nothing is drawn where no value is finite.
    """
    scale = _Scale.of([v for v in (*student, *reference) if math.isfinite(v)])
    if scale is None:
        return Markup("")
    steps = max(len(student), len(reference))

    def place(i: int, value: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * i / max(1, steps - 1)
        return x, _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - scale.place(value))

    drawn = [
        Markup('<path class="{}" d="{}"/>').format(kind, _path(values, place))
        for kind, values in (("reference", reference), ("student", student))
        if values
    ]
    ends = _ends(student, reference, place, words)
    return Markup(
        '<svg class="curve" viewBox="0 0 {w:g} {h:g}" role="img" aria-label="{label}">{grid}'
        '<text class="middle" x="{left:g}" y="{base:g}">1</text>'
        '<text class="middle" x="{right:g}" y="{base:g}">{steps}</text>'
        '<text class="middle" x="{mid:g}" y="{low:g}">{across}</text>{lines}{ends}</svg>'
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        label=words.label + (f" ({words.log})" if scale.log else ""),
        grid=_grid(scale),
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        mid=(_LEFT + _WIDTH - _RIGHT) / 2,
        base=_HEIGHT - 22,
        low=_HEIGHT - 5,
        steps=steps,
        across=words.across + (f" · {words.log}" if scale.log else ""),
        lines=Markup("").join(drawn),
        ends=ends,
    )


@dataclass(frozen=True)
class _Scale:
    """From values to a height between 0 and 1."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]

    @staticmethod
    def of(values: Sequence[float]) -> _Scale | None:
        """A scale on which all the values are; None where there is none."""
        low, high = min(values, default=math.nan), max(values, default=math.nan)
        if not math.isfinite(high - low):
            return None
        if low > 0 and math.log10(high) - math.log10(low) > _DECADES:
            first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
            stride = -(-(last - first) // 5)
            ticks = tuple(10.0**n for n in range(first, last + 1, stride) if -300 < n < 300)
            return _Scale(math.log10(low) - 0.05, math.log10(high) + 0.05, True, ticks)
        if high - low < 1e-12 * max(1.0, abs(high)):
            room = 0.5 * max(1.0, abs(low))
            return _Scale(low - room, high + room, False, (low,))
        step = _round_step((high - low) / 4)
        ticks = tuple(step * n for n in range(math.floor(low / step), math.ceil(high / step) + 1))
        room = (high - low) * 0.03
        return _Scale(low - room, high + room, False, ticks)

    def place(self, value: float) -> float:
        """The height of a value."""
        return ((math.log10(value) if self.log else value) - self.low) / (self.high - self.low)


def _round_step(step: float) -> float:
    """The next step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= step * 0.999)


def _grid(scale: _Scale) -> Markup:
    lines = []
    for tick in scale.ticks:
        height = scale.place(tick)
        if not -0.001 <= height <= 1.001:
            continue
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - height)
        lines.append(
            f'<line x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="end" x="{_LEFT - 7:g}" y="{y + 4:.1f}">{tick:.3g}</text>'
        )
    return Markup("".join(lines))  # noqa: S704  # numbers only


def _ends(
    student: Sequence[float],
    reference: Sequence[float],
    place: Callable[[int, float], tuple[float, float]],
    words: CurveWords,
) -> Markup:
    """A mark and a name where each curve ends; the names make room for each other."""
    found = []
    for kind, name, values in (
        ("student", words.student, student),
        ("reference", words.reference, reference),
    ):
        last = max((i for i, v in enumerate(values) if math.isfinite(v)), default=None)
        if last is not None:
            found.append((kind, name, *place(last, values[last])))
    heights = {kind: y for kind, _, _, y in found}
    if len(found) == 2 and abs(heights["student"] - heights["reference"]) < 15:
        middle = min(max(sum(heights.values()) / 2, _TOP + 8), _HEIGHT - _BOTTOM - 8)
        above, below = sorted(heights, key=lambda kind: heights[kind])
        heights = {above: middle - 7.5, below: middle + 7.5}
    return Markup("").join(
        Markup(
            '<circle class="{kind}" cx="{:.1f}" cy="{:.1f}" r="3"/>'
            '<text class="name {kind}" x="{:.1f}" y="{:.1f}">{}</text>'
        ).format(x, y, x + 8, heights[kind] + 4, name, kind=kind)
        for kind, name, x, y in found
    )


def _path(values: Sequence[float], place: Callable[[int, float], tuple[float, float]]) -> str:
    """The line through the values; it is lifted where a value is not finite."""
    steps, pen = [], "M"
    stride = len(values) // _POINTS + 1
    for i, value in enumerate(values):
        if i % stride and i < len(values) - 1:
            continue
        if not math.isfinite(value):
            pen = "M"
            continue
        x, y = place(i, value)
        steps.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(steps)
