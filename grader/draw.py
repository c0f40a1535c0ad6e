"""Hidden inputs: seeded, so that an appeal can reproduce them, and new for each attempt.

A generator is seeded with HMAC-SHA256(course secret, assignment/attempt/check): nobody without the
secret can foresee an input, and the checks do not depend on each other's order. Floating inputs
are rounded to float32 before they are handed out as float64, so that a run in float32 or on a GPU
sees exactly the same numbers (curriculum 0.5, 7.1).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch

Item = TypeVar("Item")


class Draw:
    """The source of hidden inputs of one check.

    Args:
        key: the secret of the course.
        path: what is graded, such as "gd/2/3a".
    """

    def __init__(self, key: bytes, path: str) -> None:
        digest = hmac.new(key, path.encode(), hashlib.sha256).digest()
        # SeedSequence and PCG64 are the parts of numpy whose streams are promised not to change.
        self._generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))

    @property
    def numpy(self) -> np.random.Generator:
        """The generator itself; what is drawn from it counts like any other draw."""
        return self._generator

    def normal(self, *shape: int, scale: float = 1, offset: float = 0) -> torch.Tensor:
        """Normal numbers, float64; no shape gives a 0-dim tensor."""
        return _rounded(offset + scale * self._generator.standard_normal(shape))

    def uniform(self, *shape: int, low: float = 0, high: float = 1) -> torch.Tensor:
        """Numbers between `low` and `high`, float64; no shape gives a 0-dim tensor."""
        return _rounded(low + (high - low) * self._generator.random(shape))

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """Integers from `low` to `high` - 1, int64; no shape gives a 0-dim tensor."""
        return torch.tensor(self._generator.integers(low, high, size=shape), dtype=torch.int64)

    def number(self, low: float, high: float) -> float:
        """A Python float between `low` and `high`."""
        return self.uniform(low=low, high=high).item()

    def integer(self, low: int, high: int) -> int:
        """A Python int from `low` to `high` - 1."""
        return int(self._generator.integers(low, high))

    def permutation(self, n: int) -> torch.Tensor:
        """The numbers 0 to `n` - 1 in random order, int64."""
        return torch.tensor(self._generator.permutation(n), dtype=torch.int64)

    def choice(self, options: Sequence[Item]) -> Item:
        """One of the options."""
        return options[self.integer(0, len(options))]

    def seed(self) -> int:
        """A seed for the student's own generator."""
        return self.integer(0, 2**31)

    @staticmethod
    def strided(x: torch.Tensor) -> torch.Tensor:
        """The same values in a tensor that is not contiguous.

        A tensor of fewer than two entries along every axis that could be strided is contiguous
        whatever one does, and comes back as a plain copy.
        """
        if x.ndim >= 2:
            return (
                x.transpose(-1, -2).clone(memory_format=torch.contiguous_format).transpose(-1, -2)
            )
        if x.ndim == 1:
            return torch.stack((x, torch.zeros_like(x)), dim=1)[:, 0]
        return x.clone()


def _rounded(values: np.ndarray | float) -> torch.Tensor:
    return torch.tensor(np.asarray(values, dtype=np.float32), dtype=torch.float64)
