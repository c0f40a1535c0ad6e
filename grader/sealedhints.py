"""Hints that open only with the wrong output they belong to.

A student's machine has no reference and no wrong variants, yet the self-check should name a known
misconception as grading does. So a released assignment carries, per public call and variant, a
fingerprint of what the variant returns, and the hint locked with it: no code, no value, and no
hint that could be read before its mistake was made. It is a lock against spoilers and no more:
who guesses the wrong output can read the hint, and learns what they computed.

A fingerprint rounds to four digits, after scaling by one of three factors: numbers that lie on an
edge of one grid do not lie on one of the others, so sums in another order open the same hint.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from grader.compare import leaves

FACTORS = (1.0, 1.0341357, 0.9713391)
KEY = 16
"""Bytes."""
LARGEST = 20_000
"""Entries of an output beyond which there is no fingerprint."""
NOTHING = 1e-6
"""Entries so small beside the largest of their leaf are rounding noise around zero."""


@dataclass(frozen=True)
class SealedHint:
    """A text and the ways to open it."""

    text: str
    """Base64 of the locked text."""
    proof: str
    """By which the right key is known."""
    keys: Mapping[str, tuple[str, ...]]
    """Per call, the key of the text locked with each fingerprint of the wrong output."""


def fingerprints(value: Any) -> tuple[bytes, ...]:
    """The fingerprints of an output under each factor; none for what is too large or no data."""
    found = list(leaves(value))
    if sum(_size(leaf) for _, leaf in found) > LARGEST:
        return ()
    try:
        return tuple(
            hashlib.sha256(
                "\n".join(f"{path}={_rounded(leaf, factor)}" for path, leaf in found).encode()
            ).digest()
            for factor in FACTORS
        )
    except TypeError:
        return ()


def seal(text: str, outputs: Mapping[str, Any]) -> SealedHint | None:
    """Lock a text with the outputs of a wrong variant.

    Args:
        text: what to tell.
        outputs: what the variant returns, by the key of the call.

    Returns:
        None if no output has a fingerprint.
    """
    marks = {call: fingerprints(value) for call, value in sorted(outputs.items())}
    marks = {call: found for call, found in marks.items() if found}
    if not marks:
        return None
    plain = text.encode()
    grown = b"".join(mark for found in marks.values() for mark in found)
    key = hashlib.sha256(plain + grown).digest()[:KEY]
    return SealedHint(
        text=base64.b64encode(_xor(plain, key)).decode(),
        proof=_proof(key, plain),
        keys={
            call: tuple(_lock(key, call, mark).hex() for mark in found)
            for call, found in marks.items()
        },
    )


def unseal(hint: SealedHint, call: str, value: Any) -> str | None:
    """The text, if `value` is the wrong output of that call which it belongs to."""
    locked = hint.keys.get(call, ())
    for mark, wrapped in zip(fingerprints(value), locked, strict=False):
        key = _lock(bytes.fromhex(wrapped), call, mark)
        plain = _xor(base64.b64decode(hint.text), key)
        if _proof(key, plain) == hint.proof:
            return plain.decode()
    return None


def _lock(key: bytes, call: str, mark: bytes) -> bytes:
    """Lock or unlock a key with a fingerprint: the same operation."""
    pad = hashlib.sha256(call.encode() + mark).digest()[:KEY]
    return bytes(a ^ b for a, b in zip(key, pad, strict=True))


def _xor(data: bytes, key: bytes) -> bytes:
    pad = hashlib.shake_256(key).digest(len(data))
    return bytes(a ^ b for a, b in zip(data, pad, strict=True))


def _proof(key: bytes, plain: bytes) -> str:
    return hashlib.sha256(b"proof" + key + plain).hexdigest()[:16]


def _size(leaf: Any) -> int:
    return leaf.numel() if isinstance(leaf, torch.Tensor) else 1


def _rounded(leaf: Any, factor: float) -> str:
    """A leaf as text: its shape, its kind, its entries.

    Raises:
        TypeError: it is not data.
    """
    if leaf is None or isinstance(leaf, str):
        return repr(leaf)
    if not isinstance(leaf, torch.Tensor | bool | int | float):
        raise TypeError(type(leaf).__name__)
    tensor = torch.as_tensor(leaf).detach().cpu()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    shape = "x".join(map(str, tensor.shape))
    if not tensor.is_floating_point():
        return f"{shape} i {tensor.to(torch.int64).flatten().tolist()}"
    entries = tensor.to(torch.float64).flatten().tolist()
    finite = [abs(x) for x in entries if math.isfinite(x)]
    floor = NOTHING * max(finite, default=0.0)
    shown = ("0" if abs(x) <= floor else f"{x * factor:.3e}" for x in entries)
    return f"{shape} f {' '.join(shown)}"
