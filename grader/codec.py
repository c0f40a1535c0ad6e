"""The border: frames on the call socket, and the only decoder of what comes out of a sandbox.

A frame is `u32 header length, u64 body length` (little endian), a JSON header, raw tensor bytes.
The header holds value trees, and under "tensors" the dtype, shape and (inwards only) the strides
of every tensor; the body holds their elements one after the other. A tree is JSON's null,
booleans, numbers and strings for themselves, and for the rest an object with one key:

    {"l": [tree, …]} list   {"u": [tree, …]} tuple   {"d": [[tree, tree], …]} dict
    {"t": index} tensor     {"f": "nan" | "inf" | "-inf"}   {"?": "type name"} not data

Everything here can be written by a hostile process. Nothing is unpickled, evaluated or mapped into
memory; every size is checked before it is used; what is built is a plain tensor or container.
`grader/guest/wire.py` is the other end.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

PREFIX = struct.Struct("<IQ")

DTYPES: Mapping[str, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "int64": torch.int64,
    "int32": torch.int32,
    "int16": torch.int16,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
"""What may cross. bfloat16 is widened to float32 by the guest; complex is not data."""

_NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True)
class Caps:
    """How much one frame may hold."""

    header: int = 4 * 1024 * 1024
    """Bytes."""
    body: int = 64 * 1024 * 1024
    """Bytes."""
    tensors: int = 1024
    dimensions: int = 16
    depth: int = 20
    nodes: int = 200_000


CAPS = Caps()


@dataclass(frozen=True)
class Opaque:
    """Stands for a value that is not data, such as a generator, a module or a tensor subclass."""

    type_name: str


class BadFrame(Exception):
    """What arrived is not a frame."""


class TooLarge(BadFrame):
    """What arrived is larger than `Caps` allow."""


class Closed(BadFrame):
    """The other end is gone."""


class Late(BadFrame):
    """The other end did not finish before the deadline."""


def pack(head: Mapping[str, Any], values: Mapping[str, Any]) -> bytes:
    """One frame with the JSON fields of `head` and the encoded `values`.

    Raises:
        TypeError: a value is not data; only our own values are packed here, so that is our fault.
    """
    tensors: list[torch.Tensor] = []
    header: dict[str, Any] = {**head, **{k: _tree(v, tensors) for k, v in values.items()}}
    header["tensors"] = [_describe(t) for t in tensors]
    body = b"".join(_elements(t) for t in tensors)
    text = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    return PREFIX.pack(len(text), len(body)) + text + body


def _tree(value: Any, tensors: list[torch.Tensor]) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"f": str(value)}
    if isinstance(value, torch.Tensor):
        tensors.append(value.detach())
        return {"t": len(tensors) - 1}
    if isinstance(value, list):
        return {"l": [_tree(v, tensors) for v in value]}
    if isinstance(value, tuple):
        return {"u": [_tree(v, tensors) for v in value]}
    if isinstance(value, Mapping):
        return {"d": [[_tree(k, tensors), _tree(v, tensors)] for k, v in value.items()]}
    if isinstance(value, Opaque):
        return {"?": value.type_name}
    raise TypeError(f"{type(value).__name__} cannot cross the border")


def _describe(tensor: torch.Tensor) -> dict[str, Any]:
    described: dict[str, Any] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape)}
    if not tensor.is_contiguous():
        described["strides"] = list(tensor.stride())
    return described


def _elements(tensor: torch.Tensor) -> bytes:
    return tensor.cpu().contiguous().numpy().tobytes()


def read_frame(sock: socket.socket, deadline: float, caps: Caps = CAPS) -> tuple[bytes, bytearray]:
    """Header and body of the next frame; `deadline` is on `time.monotonic`'s clock.

    Raises:
        Closed: the other end hung up.
        Late: the frame was not complete at the deadline, however fast its bytes dribbled in.
        TooLarge: the announced sizes are beyond `caps`; nothing of them has been read.
    """
    header_size, body_size = PREFIX.unpack(_read(sock, PREFIX.size, deadline))
    if header_size > caps.header or body_size > caps.body:
        raise TooLarge(f"{header_size} + {body_size} bytes")
    header = bytes(_read(sock, header_size, deadline))
    return header, _read(sock, body_size, deadline)


def _read(sock: socket.socket, size: int, deadline: float) -> bytearray:
    buffer = bytearray()
    while len(buffer) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Late(f"{len(buffer)} of {size} bytes")
        sock.settimeout(left)
        try:
            chunk = sock.recv(min(size - len(buffer), 1 << 20))
        except TimeoutError:
            raise Late(f"{len(buffer)} of {size} bytes") from None
        except OSError as error:
            raise Closed(str(error)) from None
        if not chunk:
            raise Closed(f"after {len(buffer)} of {size} bytes")
        buffer += chunk
    return buffer


def send_frame(sock: socket.socket, frame: bytes, deadline: float) -> None:
    """Send `frame` before `deadline`.

    Raises:
        Closed: the other end hung up.
        Late: the other end does not read.
    """
    view = memoryview(frame)
    while view:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Late("the other end does not read")
        sock.settimeout(left)
        try:
            sent = sock.send(view[: 1 << 20])
        except TimeoutError:
            raise Late("the other end does not read") from None
        except OSError as error:
            raise Closed(str(error)) from None
        view = view[sent:]


@dataclass(frozen=True)
class Header:
    """A decoded header: plain JSON fields, and the tensors that its trees refer to."""

    fields: Mapping[str, Any]
    tensors: tuple[torch.Tensor, ...]
    devices: tuple[str, ...]
    """Where each tensor lived in the sandbox: "cpu" or "cuda"."""
    caps: Caps

    def text(self, name: str, limit: int = 4000) -> str:
        """A string field, cut at `limit` characters; "" when it is missing or something else."""
        value = self.fields.get(name)
        return encodable(value[:limit]) if isinstance(value, str) else ""

    def integer(self, name: str) -> int | None:
        """An integer field, or None."""
        value = self.fields.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def texts(self, name: str, limit: int = 256) -> tuple[str, ...]:
        """A field that is a list of strings, cut at `limit` entries."""
        value = self.fields.get(name)
        if not isinstance(value, list):
            return ()
        return tuple(encodable(v[:200]) for v in value[:limit] if isinstance(v, str))

    def value(self, name: str) -> Any:
        """The value tree under `name`, rebuilt.

        Raises:
            BadFrame: it is not a tree, or larger than the caps allow.
        """
        if name not in self.fields:
            raise BadFrame(f"no {name!r}")
        return _Builder(self.tensors, self.caps).build(self.fields[name], 0)


def decode(header: bytes, body: bytearray, caps: Caps = CAPS) -> Header:
    """Check and rebuild one frame.

    Raises:
        BadFrame: anything about it is not as it should be.
    """
    try:
        fields = json.loads(header, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"header: {error}") from None
    if not isinstance(fields, dict):
        raise BadFrame("the header is not an object")
    described = fields.pop("tensors", [])
    if not isinstance(described, list):
        raise BadFrame("tensors is not a list")
    if len(described) > caps.tensors:
        raise TooLarge(f"{len(described)} tensors")
    tensors = _tensors(described, body, caps)
    devices = tuple("cuda" if entry.get("device") == "cuda" else "cpu" for entry in described)
    return Header(fields, tensors, devices, caps)


def encodable(text: str) -> str:
    """The text with lone surrogates replaced: they cannot be stored or shown."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _tensors(described: list[Any], body: bytearray, caps: Caps) -> tuple[torch.Tensor, ...]:
    built, offset = [], 0
    for entry in described:
        dtype, shape = _dtype_and_shape(entry, caps)
        count = math.prod(shape)
        size = count * dtype.itemsize
        if offset + size > len(body):
            raise BadFrame("the body is shorter than its tensors")
        built.append(_tensor(body, dtype, shape, offset, count))
        offset += size
    if offset != len(body):
        raise BadFrame("the body is longer than its tensors")
    return tuple(built)


def _dtype_and_shape(entry: Any, caps: Caps) -> tuple[torch.dtype, list[int]]:
    if not isinstance(entry, dict):
        raise BadFrame("a tensor is described by an object")
    name, shape = entry.get("dtype"), entry.get("shape")
    if not isinstance(name, str) or name not in DTYPES:
        raise BadFrame(f"dtype {str(name)[:40]!r}")
    if not isinstance(shape, list) or len(shape) > caps.dimensions:
        raise BadFrame("shape")
    if not all(type(n) is int and 0 <= n <= caps.body for n in shape):
        raise BadFrame("shape")
    if math.prod(max(n, 1) for n in shape) > caps.body:  # empty, and yet beyond every address
        raise BadFrame("shape")
    return DTYPES[name], shape


def _tensor(
    body: bytearray, dtype: torch.dtype, shape: list[int], offset: int, count: int
) -> torch.Tensor:
    if count == 0:
        return torch.empty(shape, dtype=dtype)
    if dtype is torch.bool:  # any other byte than 0 and 1 would be undefined behaviour
        raw = torch.frombuffer(body, dtype=torch.uint8, count=count, offset=offset)
        return (raw != 0).reshape(shape)
    raw = torch.frombuffer(body, dtype=torch.uint8, count=count * dtype.itemsize, offset=offset)
    return raw.clone().view(dtype).reshape(shape)


class _Builder:
    """Rebuilds one tree, counting what it builds."""

    def __init__(self, tensors: tuple[torch.Tensor, ...], caps: Caps) -> None:
        self.tensors = tensors
        self.caps = caps
        self.nodes = 0

    def build(self, tree: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > self.caps.nodes:
            raise TooLarge(f"more than {self.caps.nodes} values")
        if depth > self.caps.depth:
            raise BadFrame(f"nested more than {self.caps.depth} deep")
        if tree is None or isinstance(tree, bool | float):
            return tree
        if isinstance(tree, str):
            return encodable(tree)
        if isinstance(tree, int):
            if not -(2**63) <= tree < 2**64:
                raise BadFrame("an integer of more than 64 bits")
            return tree
        if not isinstance(tree, dict) or len(tree) != 1:
            raise BadFrame("not a value tree")
        ((kind, content),) = tree.items()
        return self._composite(kind, content, depth)

    def _composite(self, kind: str, content: Any, depth: int) -> Any:
        match kind, content:
            case "l", list():
                return [self.build(v, depth + 1) for v in content]
            case "u", list():
                return tuple(self.build(v, depth + 1) for v in content)
            case "d", list():
                return dict(self._pair(pair, depth + 1) for pair in content)
            case "t", int() if not isinstance(content, bool) and 0 <= content < len(self.tensors):
                return self.tensors[content]
            case "f", "nan" | "inf" | "-inf":
                return float(content)
            case "?", str():
                return Opaque(encodable(content[:100]))
        raise BadFrame(f"not a value tree: {kind[:20]!r}")

    def _pair(self, pair: Any, depth: int) -> tuple[Any, Any]:
        if not isinstance(pair, list) or len(pair) != 2:
            raise BadFrame("a dict is a list of pairs")
        key = self.build(pair[0], depth)
        if not (key is None or isinstance(key, bool | int | float | str)):
            raise BadFrame("a dict key is a string or a number")
        return key, self.build(pair[1], depth)
