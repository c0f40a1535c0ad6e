"""What crosses the border, and what a hostile process may put in its place."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import threading
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.codec import (
    PREFIX,
    BadFrame,
    Caps,
    Closed,
    Late,
    Opaque,
    TooLarge,
    decode,
    pack,
    read_frame,
    send_frame,
)

SMALL = Caps(header=4096, body=4096, tensors=4, dimensions=3, depth=5, nodes=50)


def cross(value):
    """A value packed, and rebuilt from the bytes."""
    frame = pack({}, {"value": value})
    header_size, body_size = PREFIX.unpack(frame[: PREFIX.size])
    header = frame[PREFIX.size : PREFIX.size + header_size]
    assert len(frame) == PREFIX.size + header_size + body_size
    return decode(header, bytearray(frame[PREFIX.size + header_size :])).value("value")


def deep(levels: int):
    return {"l": [deep(levels - 1)]} if levels else None


def parse(header: object, body: bytes = b"", caps: Caps = SMALL):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return decode(text, bytearray(body), caps)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple)
    | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(plain)
def test_plain_values_come_back_as_they_went(value):
    assert cross(value) == value


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float32, torch.float16, torch.int64, torch.uint8, torch.bool],
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_tensors_come_back_as_they_went(dtype, shape):
    tensor = (torch.rand(shape) * 10).to(dtype)
    back = cross([tensor])[0]
    assert type(back) is torch.Tensor
    assert (back.dtype, back.shape) == (dtype, tensor.shape)
    assert torch.equal(back, tensor)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks(value):
    assert repr(cross({"x": value})["x"]) == repr(value)


def test_layout_is_told_to_the_guest():
    frame = pack({}, {"value": torch.zeros(2, 3).T})
    header = json.loads(frame[PREFIX.size : PREFIX.size + PREFIX.unpack(frame[:12])[0]])
    assert header["tensors"] == [{"dtype": "float32", "shape": [3, 2], "strides": [1, 3]}]


def test_only_our_own_values_are_packed():
    with pytest.raises(TypeError):
        pack({}, {"value": object()})


def test_what_is_not_data_stays_a_name():
    assert parse({"value": {"?": "generator"}}).value("value") == Opaque("generator")


@pytest.mark.parametrize(
    "tree",
    [
        {"l": 3},
        {"d": [[1]]},
        {"d": [[{"l": []}, 1]]},
        {"d": {"a": 1}},
        {"t": 0},
        {"t": -1},
        {"t": True},
        {"f": "1e5"},
        {"x": 1},
        {},
        {"l": [], "u": []},
        [1],
        2**64,
        deep(8),
        {"l": [0] * 60},
    ],
)
def test_what_is_not_a_value_tree_is_refused(tree):
    with pytest.raises(BadFrame):
        parse({"value": tree}).value("value")


@pytest.mark.parametrize(
    ("tensor", "body"),
    [
        ({"dtype": "float32", "shape": [2]}, b"1234"),
        ({"dtype": "float32", "shape": [1]}, b"12345678"),
        ({"dtype": "object", "shape": [1]}, b"1234"),
        ({"dtype": "float32", "shape": [-1]}, b""),
        ({"dtype": "float32", "shape": [0, 4096, 4096]}, b""),
        ({"dtype": "float32", "shape": [1.0]}, b"1234"),
        ({"dtype": "float32", "shape": [True]}, b"1234"),
        ({"dtype": "float32", "shape": [2**62, 4]}, b""),
        ({"dtype": "float32", "shape": [1, 1, 1, 1]}, b"1234"),
        ({"dtype": "float32"}, b""),
        ({"shape": []}, b""),
        ("float32", b""),
        (None, b""),
    ],
)
def test_tensors_that_do_not_fit_their_bytes_are_refused(tensor, body):
    with pytest.raises(BadFrame):
        parse({"tensors": [tensor], "value": None}, body)


def test_empty_tensors_beyond_every_address_are_refused():
    for shape in ([0] + [2**26] * 15, [2**26] * 15 + [0], [2**26, 2**26, 0, 2**26]):
        with pytest.raises(BadFrame):
            parse({"tensors": [{"dtype": "float64", "shape": shape}], "value": None}, caps=Caps())


def test_text_that_cannot_be_stored_is_replaced():
    sent = {"d": [["\ud800", {"l": ["a\udfff", {"?": "\ud800T"}]}]]}
    assert parse({"value": sent}).value("value") == {"?": ["a?", Opaque("?T")]}


def test_other_bytes_than_0_and_1_are_plain_truths():
    header = {"tensors": [{"dtype": "bool", "shape": [3]}], "value": {"t": 0}}
    assert parse(header, b"\x00\x01\xff").value("value").tolist() == [False, True, True]


@pytest.mark.parametrize(
    "header",
    [b"", b"[]", b"{", b"\xff\xfe", b'{"value": NaN}', b"[" * 4000, b'{"tensors": 3}',
     b'{"tensors": [0, 0, 0, 0, 0]}', b"1" * 4001],
)  # fmt: skip
def test_headers_that_are_none_are_refused(header):
    with pytest.raises(BadFrame):
        parse(header)


@given(st.binary(max_size=300), st.binary(max_size=64))
def test_no_bytes_do_more_than_be_refused(header, body):
    with contextlib.suppress(BadFrame):
        parse(header, body).value("value")


@given(plain, st.data())
def test_no_mutation_does_more_than_be_refused(value, data):
    frame = bytearray(pack({"id": 1}, {"value": [value, torch.ones(2)]}))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    header_size = PREFIX.unpack(frame[: PREFIX.size])[0]
    with contextlib.suppress(BadFrame):
        decode(
            bytes(frame[PREFIX.size : PREFIX.size + header_size]),
            frame[PREFIX.size + header_size :],
        ).value("value")


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def test_a_frame_crosses_a_socket(pair):
    ours, theirs = pair
    frame = pack({"id": 7}, {"value": torch.arange(100_000)})
    sender = threading.Thread(target=send_frame, args=(theirs, frame, soon()))
    sender.start()
    header = decode(*read_frame(ours, soon()))
    sender.join()
    assert header.integer("id") == 7
    assert torch.equal(header.value("value"), torch.arange(100_000))


def test_announced_giants_are_refused_unread(pair):
    ours, theirs = pair
    theirs.sendall(PREFIX.pack(10, 2**60))
    with pytest.raises(TooLarge):
        read_frame(ours, soon(), SMALL)


def test_a_hang_up_is_told(pair):
    ours, theirs = pair
    theirs.sendall(PREFIX.pack(10, 0) + b"abc")
    theirs.close()
    with pytest.raises(Closed):
        read_frame(ours, soon())


def test_dribbled_bytes_do_not_extend_the_deadline(pair):
    ours, theirs = pair
    stop = threading.Event()

    def dribble():
        theirs.sendall(PREFIX.pack(4000, 0))
        while not stop.wait(0.02):
            theirs.send(b" ")

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        with pytest.raises(Late):
            read_frame(ours, soon(0.3), SMALL)
    finally:
        stop.set()
        thread.join()


def test_an_end_that_does_not_read_is_late(pair):
    ours, _ = pair
    with pytest.raises(Late):
        send_frame(ours, bytes(10_000_000), soon(0.2))
