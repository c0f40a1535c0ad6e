"""Whatever a process sends instead of a reply ends in a verdict, never in an error of ours.

`pytest tests/test_codec_fuzz.py --hypothesis-profile=campaign` tries a hundred times as much.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.calls import Calls, Reply, Request
from grader.codec import PREFIX, BadFrame, Caps, Closed, decode, pack, read_frame
from grader.errors import SubmissionFault
from grader.kernelclient import CellEnd, cell_end

SMALL = Caps(header=4096, body=4096, tensors=4, dimensions=3, depth=5, nodes=50)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-3, 70),
    st.sampled_from([2**31, 2**63, 2**64, 2**200, -(2**63), 1e308, -0.0]),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["nan", "inf", "-inf", "float32", "int64", "bool", "cpu", "cuda", "\ud800"]),
)
ANY = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
TREE = st.recursive(
    ODD,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"l": st.lists(inner, max_size=4)}),
        st.fixed_dictionaries({"u": st.lists(inner, max_size=4)}),
        st.fixed_dictionaries(
            {"d": st.lists(st.lists(inner, min_size=1, max_size=3), max_size=3)}
        ),
        st.fixed_dictionaries({"t": ODD}),
        st.fixed_dictionaries({"f": ODD}),
        st.fixed_dictionaries({"?": ODD}),
        st.dictionaries(st.sampled_from("lutdf?x"), inner, max_size=2),
        ANY,
    ),
    max_leaves=12,
)
TENSOR = ANY | st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["float64", "float32", "float16", "bool", "uint8", "object"])
        | ANY,
        "shape": st.lists(st.integers(-1, 5) | ODD | st.just(2**26), max_size=6) | ANY,
    },
    optional={"strides": ANY, "device": ANY},
)
FIELDS = {
    "op": st.sampled_from(["value", "raise", "missing", "too_large", "ask", "done"]) | ANY,
    "id": ANY,
    "value": TREE,
    "args": TREE,
    "keywords": TREE,
    "name": st.sampled_from(["f", "g"]) | ANY,
    "seconds": ANY,
    "changed": ANY,
    "rng": ANY,
    "operators": ANY,
    "printed": ANY,
    "type": ANY,
    "message": ANY,
    "line": ANY,
    "ordinal": ANY,
    "stub": ANY,
    "tensors": st.lists(TENSOR, max_size=3) | ANY,
}
HEADER = st.fixed_dictionaries({}, optional=FIELDS)


def text(value) -> bytes:
    """JSON as a hostile process may write it: NaN, lone surrogates and all."""
    return json.dumps(value).encode("utf-8", "surrogatepass")


def frame(header: bytes, body: bytes) -> bytes:
    return PREFIX.pack(len(header), len(body)) + header + body


def read_all(header) -> None:
    """Every way in which the grader looks at a header."""
    for name in ("value", "args", "keywords", "absent"):
        with contextlib.suppress(BadFrame):
            header.value(name)
    for name in FIELDS:
        header.text(name)
        header.integer(name)
        header.texts(name)
    assert all(isinstance(device, str) for device in header.devices)


@given(HEADER | ANY, st.binary(max_size=40))
def test_no_header_does_more_than_be_refused(header, body):
    with contextlib.suppress(BadFrame):
        read_all(decode(text(header), bytearray(body), SMALL))


@given(st.binary(max_size=64), st.integers(0, 5000), st.sampled_from(["[", '{"l":', '{"d":[[']))
def test_no_nesting_does_more_than_be_refused(end, levels, opening):
    header = b'{"value": ' + (opening * levels).encode() + end
    for complete in (header, header + b"]" * levels + b"}"):
        with contextlib.suppress(BadFrame):
            read_all(decode(complete, bytearray()))


class Far:
    """A process that answers one call with the bytes it was given, and hangs up."""

    def __init__(self, answer):
        self.ours, self._theirs = socket.socketpair()
        self._answer = answer
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        with contextlib.suppress(OSError, Closed), self._theirs:
            head, body = read_frame(self._theirs, time.monotonic() + 5)
            nonce = decode(head, body).integer("id")
            self._theirs.sendall(self._answer(nonce))

    def __enter__(self):
        self._thread.start()
        return self.ours

    def __exit__(self, *_):
        self.ours.close()
        self._thread.join()


def call(answer) -> None:
    """A call ends in a reply or in a fault of the submission."""
    with Far(answer) as ours:
        calls = Calls(ours, direct=True, lines={1: 3})
        request = Request("f", (torch.ones(2), 3), time_limit=1.0, stubs=("g",))
        with contextlib.suppress(SubmissionFault):
            reply = calls.call(request, lambda name, arguments, keywords: 1.0)
            assert isinstance(reply, Reply)
            pack({}, {"value": reply.seconds})


@given(HEADER, st.binary(max_size=40), st.booleans())
def test_every_answer_to_a_call_is_a_verdict(header, body, right):
    def answer(nonce):
        return frame(text({**header, "id": nonce} if right else header), body)

    call(answer)


@given(
    st.binary(max_size=40)
    | st.builds(
        lambda h, b, rest: struct.pack("<IQ", h, b) + rest,
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**64 - 1),
        st.binary(max_size=20),
    )
)
def test_every_stream_of_bytes_is_a_verdict(data):
    call(lambda nonce: data)


@given(
    st.floats(0, 1),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
)
def test_a_truncated_or_changed_answer_is_a_verdict(kept, changes):
    def answer(nonce):
        whole = bytearray(pack({"op": "value", "id": nonce}, {"value": [torch.ones(3), 1.5]}))
        for place, byte in changes:
            whole[int(place * len(whole))] = byte
        return bytes(whole[: len(whole) if changes else int(kept * len(whole))])

    call(answer)


@given(st.binary(max_size=12))
def test_every_answer_on_the_control_socket_is_a_verdict(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        calls = Calls(ours)
        for _ in range(2):
            with contextlib.suppress(SubmissionFault):
                calls.call(Request("f", time_limit=0.05))
            calls.fresh()
        calls.close()


REPLY = st.fixed_dictionaries(
    {"status": st.just("error") | ANY},
    optional={
        "ename": st.sampled_from(["SyntaxError", "MemoryError", "OSError"]) | ANY,
        "evalue": ANY,
        "traceback": ANY
        | st.lists(st.builds("Cell In[{}], line {}".format, st.text(max_size=3), ODD), max_size=3),
        "payload": ANY,
    },
)


@given(REPLY)
def test_every_reply_of_a_kernel_is_an_end_of_its_cell(reply):
    end = cell_end(reply, 1.0)
    assert isinstance(end, CellEnd)
    end.error.encode()


def test_a_line_of_five_thousand_digits_is_no_place():
    trace = ["SyntaxError: line " + "1" * 5000]
    assert cell_end({"status": "error", "ename": "SyntaxError", "traceback": trace}, 0.0).error
