"""Charts of a class as inline SVG: widths in percent, so that they fit any screen.

Each carries the data it shows as its text alternative; numbers and names are written in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

_ABOVE, _BELOW = 20.0, 40.0
_NAMES = 12.0
"""Height of a line of text."""
_LEFT = 8.0
"""Percent of the width that is kept for the numbers on the left."""

_ABREAST = 4
"""More names than that stand on two lines in turn, so that they fit a phone."""


@dataclass(frozen=True)
class Axis:
    """What is written along a chart."""

    label: str
    """The whole chart in one sentence."""
    across: str
    """What the horizontal axis counts."""


def histogram(
    counts: Sequence[int],
    edges: Sequence[str],
    axis: Axis,
    *,
    every: int = 1,
    height: float = 210.0,
    mark: tuple[float, str] | None = None,
) -> Markup:
    """Columns with their numbers above and the borders between them below.

    Args:
        counts: one a column.
        edges: one more than there are columns; "" leaves a border without a number.
        axis: what it shows. The counts are added to the text alternative.
        every: every so-many-th border has its number written, so that they fit a phone.
        height: pixels.
        mark: a place from 0 to 1 that is marked with a line, and what is written there.
    """
    slot, most = 100 / max(1, len(counts)), max([*counts, 1])
    ground, top = height - _BELOW, _ABOVE + (_NAMES if mark else 0.0) + 4
    drawn = []
    for i, count in enumerate(counts):
        tall = (ground - top) * count / most
        drawn.append(
            Markup(
                '<rect class="column" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"/>'
            ).format(slot * (i + 0.06), ground - tall, slot * 0.88, tall)
        )
        if count:
            drawn.append(
                Markup('<text class="middle count" x="{:.2f}%" y="{:.1f}">{}</text>').format(
                    slot * (i + 0.5), ground - tall - 6, count
                )
            )
    drawn += [
        _edge(i / max(1, len(counts)), name, ground)
        for i, name in enumerate(edges)
        if name and i % every == 0
    ]
    drawn.append(_across(axis.across, height))
    drawn.append(
        Markup('<line x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>').format(y=ground + 0.5)
    )
    if mark:
        drawn.append(_marked(*mark, ground))
    label = f"{axis.label}: {_told(counts, edges)}" if any(counts) else axis.label
    return Markup(
        '<svg class="histogram" height="{:g}" role="img" aria-label="{}">{}</svg>'
    ).format(height, label, Markup("").join(drawn))


def boxes(rows: Sequence[tuple[str, Sequence[float] | None]], axis: Axis) -> Markup:
    """Box plots side by side on a scale from 0 to 100.

    Args:
        rows: name, and minimum, quartiles and maximum; None where there is nothing to draw.
        axis: what it shows. The numbers are added to the text alternative.
    """
    height, slot = 270.0, (100 - _LEFT) / max(1, len(rows))
    lines = 2 if len(rows) > _ABREAST else 1
    top, ground = 12.0, height - _BELOW - (lines - 1) * (_NAMES + 2)

    def place(value: float) -> float:
        return ground - (ground - top) * min(100.0, max(0.0, value)) / 100

    drawn = [
        Markup(
            '<line x1="{:g}%" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
            '<text class="end" x="{:g}%" dx="-6" y="{t:.1f}">{}</text>'
        ).format(_LEFT, _LEFT, tick, y=place(tick), t=place(tick) + 4)
        for tick in range(0, 101, 25)
    ]
    for i, (name, quarters) in enumerate(rows):
        middle = _LEFT + slot * (i + 0.5)
        drawn.append(
            Markup('<text class="middle" x="{:.2f}%" y="{:.1f}">{}</text>').format(
                middle, ground + 17 + (i % lines) * (_NAMES + 2), name
            )
        )
        if quarters is not None:
            drawn.append(_box(middle, slot, [place(q) for q in quarters], quarters[2]))
    told = "; ".join(
        f"{name}: {' – '.join(f'{q:.0f}' for q in quarters)}"
        for name, quarters in rows
        if quarters
    )
    return Markup('<svg class="boxes" height="{:g}" role="img" aria-label="{}">{}{}</svg>').format(
        height,
        f"{axis.label}: {told}" if told else axis.label,
        Markup("").join(drawn),
        _across(axis.across, height),
    )


def _box(middle: float, slot: float, heights: Sequence[float], median: float) -> Markup:
    low, first, half, third, high = heights
    wide = min(slot * 0.5, 9.0)
    return Markup(
        '<line class="whisker" x1="{m:.2f}%" x2="{m:.2f}%" y1="{:.1f}" y2="{:.1f}"/>'
        '<rect class="box" x="{left:.2f}%" width="{wide:.2f}%" y="{:.1f}" height="{:.1f}" rx="2"/>'
        '<line class="median" x1="{left:.2f}%" x2="{right:.2f}%" y1="{h:.1f}" y2="{h:.1f}"/>'
        '<text class="count" x="{right:.2f}%" dx="5" y="{t:.1f}">{:.0f}</text>'
    ).format(
        low,
        high,
        third,
        max(1.0, first - third),
        median,
        m=middle,
        left=middle - wide / 2,
        right=middle + wide / 2,
        wide=wide,
        h=half,
        t=half + 4,
    )


def _edge(place: float, name: str, ground: float) -> Markup:
    anchor = "start" if place <= 0 else "end" if place >= 1 else "middle"
    return Markup('<text class="{}" x="{:.2f}%" y="{:.1f}">{}</text>').format(
        anchor, 100 * place, ground + 15, name
    )


def _across(text: str, height: float) -> Markup:
    return Markup('<text class="middle axis" x="50%" y="{:.1f}">{}</text>').format(
        height - 6, text
    )


def _marked(place: float, text: str, ground: float) -> Markup:
    place = min(1.0, max(0.0, place))
    anchor = "end" if place > 0.5 else "start"
    return Markup(
        '<line class="mark" x1="{p:.2f}%" x2="{p:.2f}%" y1="2" y2="{:.1f}"/>'
        '<text class="{} mark" x="{p:.2f}%" dx="{}" y="12">{}</text>'
    ).format(ground, anchor, -5 if anchor == "end" else 5, text, p=100 * place)


def _told(counts: Sequence[int], edges: Sequence[str]) -> str:
    """The counts in words; borders without a number are counted in tenths."""
    known = all(edges)
    names = [f"{a}–{b}" for a, b in pairwise(edges)] if known else None
    parts = (
        f"{names[i] if names else f'{i + 1}/{len(counts)}'}: {count}"
        for i, count in enumerate(counts)
        if count
    )
    return "; ".join(parts)
