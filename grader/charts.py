"""Small charts as inline SVG. Every chart says in words what it shows, colour is never alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from markupsafe import Markup

_WIDTH, _HEIGHT = 640.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 66.0, 12.0, 12.0, 30.0
_POINTS = 400
"""A curve is thinned to about so many points."""


def bar(shares: Iterable[tuple[str, Decimal]], total: Decimal, label: str) -> Markup:
    """A horizontal bar; `shares` are (class in the style sheet, amount) out of `total`."""
    drawn, start = [], 0.0
    for kind, amount in shares:
        width = min(100 * float(amount / total), 100 - start) if total > 0 and amount > 0 else 0.0
        if width > 0:
            drawn.append(
                Markup('<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>').format(
                    kind, start, width
                )
            )
            start += width
    return Markup(
        '<svg class="bar" role="img" aria-label="{}">'
        '<rect class="rest" width="100%" height="100%"/>{}</svg>'
    ).format(label, Markup("").join(drawn))


def curves(student: Sequence[float], reference: Sequence[float], label: str) -> Markup:
    """Training histories over their steps: the student's as a line, the reference's dashed."""
    finite = [v for v in (*student, *reference) if math.isfinite(v)]
    low, high = min(finite, default=math.nan), max(finite, default=math.nan)
    if not math.isfinite(high - low):
        return Markup("")
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    steps = max(len(student), len(reference))

    def place(i: int, value: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * i / max(1, steps - 1)
        return x, _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)

    lines = Markup("").join(
        Markup('<path class="{}" d="{}"/>').format(kind, _path(values, place))
        for kind, values in (("reference", reference), ("student", student))
    )
    return Markup(
        '<svg class="curve" viewBox="0 0 {w:g} {h:g}" role="img" aria-label="{label}">{grid}'
        '<text x="{left:g}" y="{base:g}">1</text>'
        '<text class="end" x="{right:g}" y="{base:g}">{steps}</text>{lines}</svg>'
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        label=label,
        grid=_grid(low, high),
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        base=_HEIGHT - 8,
        steps=steps,
        lines=lines,
    )


def histogram(counts: Sequence[int], names: Sequence[str], label: str) -> Markup:
    """Columns with their numbers above and their names below."""
    top = max([*counts, 1])
    slot = (_WIDTH - 2 * _RIGHT) / max(1, len(counts))
    drawn = []
    for i, (count, name) in enumerate(zip(counts, names, strict=True)):
        height = (_HEIGHT - 2 * _BOTTOM) * count / top
        y = _HEIGHT - _BOTTOM - height
        x = _RIGHT + slot * i
        drawn.append(
            Markup(
                '<rect class="column" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
                '<text class="middle count" x="{m:.1f}" y="{:.1f}">{}</text>'
                '<text class="middle" x="{m:.1f}" y="{:.1f}">{}</text>'
            ).format(
                x + slot * 0.08,
                y,
                slot * 0.84,
                height,
                y - 6,
                count or "",
                _HEIGHT - 10,
                name,
                m=x + slot / 2,
            )
        )
    return Markup(
        '<svg class="histogram" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">{}</svg>'
    ).format(_WIDTH, _HEIGHT, label, Markup("").join(drawn))


def _grid(low: float, high: float) -> Markup:
    lines = []
    for share in (0.0, 0.5, 1.0):
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * share
        value = high - (high - low) * share
        lines.append(
            Markup(
                '<line x1="{:g}" x2="{:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
                '<text class="end" x="{:g}" y="{:.1f}">{:.3g}</text>'
            ).format(_LEFT, _WIDTH - _RIGHT, _LEFT - 8, y + 4, value, y=y)
        )
    return Markup("").join(lines)


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
