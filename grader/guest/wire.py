"""The sandbox's end of the call socket: frames in, frames out. Runs as a file inside the box.

Imports nothing of grader. `grader/codec.py` describes the format. What comes in was written by
the grader; what goes out was computed by student code, whose objects are looked at through
`type()` and the methods of the built-in classes only, so that no method of theirs is called.
"""

import json
import math
import struct

import torch

PREFIX = struct.Struct("<IQ")
MAX_BODY = 64 * 1024 * 1024
MAX_HEADER = 4 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 20
DTYPES = {
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
NAMES = {dtype: name for name, dtype in DTYPES.items()}
_Parameter = torch.nn.Parameter
_contiguous = torch.Tensor.contiguous
_detach = torch.Tensor.detach


class TooLarge(Exception):
    """The reply would be larger than the host accepts."""


def receive(sock):
    """Header fields and a function that rebuilds a tree, or None when the host hung up."""
    prefix = _exactly(sock, PREFIX.size)
    if prefix is None:
        return None
    header_size, body_size = PREFIX.unpack(prefix)
    header, body = _exactly(sock, header_size), _exactly(sock, body_size)
    if header is None or body is None:
        return None
    fields = json.loads(header)
    tensors, offset = [], 0
    for entry in fields.pop("tensors", []):
        tensor, size = _tensor(entry, body, offset)
        tensors.append(tensor)
        offset += size
    return fields, lambda tree: _value(tree, tensors)


def send(sock, head, **trees):
    """Send the JSON fields of `head` and the encoded `trees`.

    Raises:
        TooLarge: the values are more than the host accepts; nothing has been sent.
    """
    tensors, count = [], [0]
    header = {**head, **{name: _tree(value, tensors, count, 0) for name, value in trees.items()}}
    header["tensors"] = [
        {"dtype": NAMES[t.dtype], "shape": list(t.shape), "device": device}
        for t, device in tensors
    ]
    body = b"".join(t.numpy().tobytes() for t, _ in tensors)
    text = json.dumps(header, ensure_ascii=True, allow_nan=False).encode()
    if len(text) > MAX_HEADER:
        raise TooLarge
    sock.sendall(PREFIX.pack(len(text), len(body)) + text + body)


def fingerprint(value):
    """Structure and bytes of a value, to see whether a call changed it."""
    tensors = []
    try:
        tree = _tree(value, tensors, [0], 0)
    except TooLarge:
        return None
    return repr(tree), [(str(t.dtype), tuple(t.shape), t.numpy().tobytes()) for t, _ in tensors]


def _exactly(sock, size):
    data = bytearray()
    while len(data) < size:
        chunk = sock.recv(min(size - len(data), 1 << 20))
        if not chunk:
            return None
        data += chunk
    return data


def _tensor(entry, body, offset):
    dtype, shape = DTYPES[entry["dtype"]], entry["shape"]
    size = math.prod(shape) * dtype.itemsize
    if size == 0:
        return torch.empty(shape, dtype=dtype), 0
    flat = torch.frombuffer(body, dtype=torch.uint8, count=size, offset=offset).clone()
    tensor = flat.view(dtype).reshape(shape)
    if "strides" in entry:  # the same values in a layout that is not contiguous
        strided = torch.empty_strided(shape, entry["strides"], dtype=dtype)
        tensor = strided.copy_(tensor)
    return tensor, size


def _value(tree, tensors):
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "l":
        return [_value(v, tensors) for v in content]
    if kind == "u":
        return tuple(_value(v, tensors) for v in content)
    if kind == "d":
        return {_value(k, tensors): _value(v, tensors) for k, v in content}
    if kind == "t":
        return tensors[content]
    return float(content)


def _tree(value, tensors, count, depth):
    count[0] += 1
    if count[0] > MAX_NODES or depth > MAX_DEPTH:
        raise TooLarge
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, int):
        number = int.__int__(value)
        return number if -(2**63) <= number < 2**64 else {"?": "int of more than 64 bits"}
    if issubclass(kind, float):
        number = float.__float__(value)
        return number if math.isfinite(number) else {"f": str(number)}
    if kind is torch.Tensor or kind is _Parameter:
        return _tensor_tree(value, tensors)
    if issubclass(kind, list):
        return {"l": [_tree(v, tensors, count, depth + 1) for v in list.__iter__(value)]}
    if issubclass(kind, tuple):
        return {"u": [_tree(v, tensors, count, depth + 1) for v in tuple.__iter__(value)]}
    if issubclass(kind, dict):
        pairs = [(k, dict.__getitem__(value, k)) for k in dict.__iter__(value)]
        return {"d": [[_key(k), _tree(v, tensors, count, depth + 1)] for k, v in pairs]}
    if kind.__module__ == "numpy" and kind.__name__ in SCALARS:
        return _tree(value.item(), tensors, count, depth)
    return {"?": type_name(kind)}


SCALARS = {"float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"}


def _key(key):
    if key is None or type(key) in (bool, int, str):
        return key
    if issubclass(type(key), str):
        return str.__str__(key)
    return f"<{type_name(type(key))}>"


def _tensor_tree(value, tensors):
    with torch._C.DisableTorchFunctionSubclass():
        plain = _detach(value)
        if plain.layout is not torch.strided or plain.is_quantized or plain.is_meta:
            return {"?": "torch.Tensor that is sparse, quantized or meta"}
        if plain.numel() * plain.element_size() > MAX_BODY:
            raise TooLarge
        if plain.dtype is torch.bfloat16:
            plain = plain.float()
        if plain.dtype not in NAMES:
            return {"?": f"torch.Tensor of dtype {str(plain.dtype).removeprefix('torch.')}"}
        plain = _contiguous(plain.resolve_conj().resolve_neg().cpu())
    tensors.append((plain, value.device.type))
    if len(tensors) > 1024 or sum(t.numel() * t.element_size() for t, _ in tensors) > MAX_BODY:
        raise TooLarge
    return {"t": len(tensors) - 1}


def type_name(kind):
    """Module and name of a type, without calling anything that the type defines."""
    try:
        module = type.__getattribute__(kind, "__module__")
        name = type.__getattribute__(kind, "__qualname__")
    except Exception:
        return "an object"
    return str(name)[:60] if module in ("builtins", "__main__") else f"{module}.{name}"[:100]
