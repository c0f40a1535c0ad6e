"""What is known about one call of a student's function, for those who explain why it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from grader.compare import Mismatch, kind_of, leaves
from grader.result import Text
from grader.tolerance import VALUE


@dataclass(frozen=True)
class Observation:
    """One call: what went in, what came out, what should have."""

    function: str
    arguments: tuple[tuple[str, Any], ...] = field(default=(), repr=False)
    """(parameter, value) pairs in the order of the signature, with the values that were sent."""
    actual: Any = field(default=None, repr=False)
    expected: Any = field(default=None, repr=False)
    raised: bool = False
    """Whether the student's function raised; `actual` means nothing then."""
    mismatches: tuple[Mismatch, ...] = ()
    check: str = ""
    tolerance: float = VALUE
    scale: float | None = None
    """S of the error measure, where it is not the largest expected entry."""
    only: tuple[str, ...] = ()
    """The leaves whose values count; all if empty."""

    @property
    def failed(self) -> bool:
        """Whether this call shows that the function is wrong."""
        return self.raised or bool(self.mismatches)

    @property
    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The tensors among the arguments with their names, such as "params.W1"."""
        for path, leaf in self._leaves:
            if isinstance(leaf, torch.Tensor) and leaf.ndim > 0:
                yield path, leaf.detach()

    @property
    def numbers(self) -> Iterator[tuple[str, float]]:
        """The numbers among the arguments, 0-dim tensors included, truth values left out."""
        for path, leaf in self._leaves:
            if kind_of(leaf) in ("integer", "floating") and getattr(leaf, "ndim", 0) == 0:
                yield path, float(leaf)

    @property
    def flags(self) -> Iterator[tuple[str, bool]]:
        """The truth values among the arguments."""
        for path, leaf in self._leaves:
            if isinstance(leaf, bool):
                yield path, leaf

    @property
    def shapes(self) -> str:
        """The shapes of the tensors among the arguments: "X (20, 4), y (20,)"."""
        return ", ".join(f"`{name}` {tuple(x.shape)}" for name, x in self.tensors)

    @property
    def _leaves(self) -> Iterator[tuple[str, Any]]:
        for name, value in self.arguments:
            yield from leaves(value, name)


def subject(leaf: str) -> Text:
    """The student's leaf at the beginning of a sentence."""
    if not leaf:
        return Text("你的返回值", "Your result")
    return Text(f"你的 `{leaf}` ", f"Your `{leaf}`")
