"""The host's end of the control socket: one call of one student function, and what it came to.

A kernel answers through a copy of itself (`open`), one per check, which is ended when a call
breaks it. Whatever goes wrong in here is the submission's fault and carries its verdict; only the
caller knows whether the kernel itself is still worth anything (`Calls.broken`).
"""

from __future__ import annotations

import secrets
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from grader.codec import (
    BadFrame,
    Closed,
    Header,
    Late,
    TooLarge,
    decode,
    pack,
    read_frame,
    send_frame,
)
from grader.errors import (
    NotAttempted,
    OutputLimitExceeded,
    RunTimeError,
    SubmissionFault,
    TimeLimitExceeded,
)
from grader.faults import Raised, fault_of_exception
from grader.result import Diagnosis, Text
from grader.sandbox import FOREIGN_SIGNALS

PID = struct.Struct("<i")
QUESTIONS = 100_000
"""Stub calls answered within one call; its time limit comes first."""
COMMAND_TIME = 5.0
"""Seconds a kernel has to obey a command between calls."""


@dataclass(frozen=True)
class Request:
    """What to call, and how."""

    name: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] | None = None
    time_limit: float = 10.0
    """Seconds."""
    seed: int = 0
    """Seeds the global generators of the guest before the call."""
    inference: bool = False
    """Run under torch.inference_mode, so that autograd is of no use."""
    record: bool = False
    """Report which operators ran."""
    stubs: tuple[str, ...] = ()
    """Callees that `answer` answers instead of the student's own (follow-through)."""
    device: str = "cpu"


@dataclass(frozen=True)
class Reply:
    """What a call came to."""

    value: Any
    """Plain data, or `codec.Opaque` where it was not."""
    seconds: float = 0.0
    changed: tuple[str, ...] = ()
    """Positions (as text) or names of the arguments that the call changed in place."""
    rng_moved: bool = False
    """Whether the global torch generator was used."""
    operators: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    printed: str = ""
    """For instructors only."""
    asked: tuple[str, ...] = ()
    """The stubs that were called."""


Answer = Callable[[str, list[Any], Mapping[str, Any]], Any]
"""Answers a stub: name, arguments, keywords → value. Raises SubmissionFault to refuse."""


class Calls:
    """Calls into one box.

    Args:
        control: the host's end of the control socket.
        direct: calls are answered on the control socket itself (`fake`).
        cell_of: the cell number that belongs to the ordinal of an execution.
    """

    def __init__(
        self,
        control: socket.socket,
        direct: bool = False,
        cell_of: Callable[[int], int | None] = lambda ordinal: ordinal,
        lines: Mapping[int, int] | None = None,
    ) -> None:
        self._control = control
        self._cell_of = cell_of
        self._lines = lines or {}
        self._direct = direct
        self._link: socket.socket | None = control if direct else None
        self._pid = 0
        self.broken = False
        """The kernel itself no longer answers; only a new box helps."""
        self.killed = False
        """A copy died in a call, by a signal that may have come from outside (the kernel says)."""

    def fresh(self) -> None:
        """End the copy that answered so far; the next call meets the state the notebook left."""
        self._end_copy()

    def _end_copy(self) -> int:
        """End the copy, if there is one; returns the status with which it ended."""
        if self._link is None or self._link is self._control:
            return 0
        self._link.close()
        self._link = None
        try:
            send_frame(self._control, b"K" + PID.pack(self._pid), time.monotonic() + COMMAND_TIME)
            return self._reply(b"k")[1]
        except (OSError, BadFrame):
            self.broken = True
            return 0

    def close(self) -> None:
        """Hang up on the copy; the box ends it."""
        if self._link is not None and self._link is not self._control:
            self._link.close()
            self._link = None

    def call(self, request: Request, answer: Answer | None = None) -> Reply:
        """Call a student function.

        Raises:
            SubmissionFault: it is missing, raised, hung, died, or sent what is not a value.
        """
        link = self._open()
        nonce = secrets.randbits(52)
        deadline = time.monotonic() + request.time_limit
        try:
            send_frame(link, _frame(request, nonce), deadline)
            return self._converse(link, request, nonce, deadline, answer)
        except Late:
            self._drop()
            raise _too_slow(request) from None
        except Closed:
            self.killed = self._drop() & 0x7F in FOREIGN_SIGNALS
            raise _died(request) from None
        except TooLarge:
            self._drop()
            raise _too_much(request) from None
        except BadFrame as error:
            self._drop()
            raise _not_a_reply(request, str(error)) from None

    def execute(self, source: str, ordinal: int, time_limit: float) -> Header:
        """Run one cell without a kernel (`fake`).

        Raises:
            BadFrame: no answer came.
        """
        head = {"op": "execute", "id": ordinal, "source": source, "ordinal": ordinal}
        deadline = time.monotonic() + time_limit
        send_frame(self._control, pack(head, {}), deadline)
        return decode(*read_frame(self._control, deadline))

    def _open(self) -> socket.socket:
        if self._link is None:
            if self.broken:
                raise _unreachable()
            try:
                self._link = self._ask_for_copy()
            except (OSError, BadFrame):
                self.broken = True
                raise _unreachable() from None
        return self._link

    def _ask_for_copy(self) -> socket.socket:
        self._control.settimeout(COMMAND_TIME)
        if not hasattr(socket, "send_fds"):
            self._control.sendall(b"O")
            self._reply(b"i")
            return self._control
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [b"O"], [theirs.fileno()])
                kind, self._pid = self._reply(b"oi")
        except (OSError, BadFrame):
            ours.close()
            raise
        if kind == b"i":
            ours.close()
            return self._control
        return ours

    def _reply(self, expected: bytes) -> tuple[bytes, int]:
        data = bytearray()
        self._control.settimeout(COMMAND_TIME)
        while len(data) < 1 + PID.size:
            chunk = self._control.recv(1 + PID.size - len(data))
            if not chunk:
                raise Closed("control")
            data += chunk
        if data[:1] not in expected:
            raise BadFrame(f"{bytes(data[:1])!r} on the control socket")
        return bytes(data[:1]), PID.unpack(data[1:])[0]

    def _drop(self) -> int:
        """End the copy, which cannot be trusted to be in step any more; returns its status."""
        if self._link is self._control:
            self.broken = True
            self._link = None
        return self._end_copy()

    def _converse(
        self,
        link: socket.socket,
        request: Request,
        nonce: int,
        deadline: float,
        answer: Answer | None,
    ) -> Reply:
        asked: list[str] = []
        while True:
            header = decode(*read_frame(link, deadline))
            if header.integer("id") != nonce:
                raise BadFrame("a reply to another call")
            if header.text("op") != "ask" or answer is None or len(asked) >= QUESTIONS:
                return self._outcome(request, header, tuple(dict.fromkeys(asked)))
            name = header.text("name")
            if name not in request.stubs:
                raise BadFrame("asks for what was not offered")
            asked.append(name)
            send_frame(link, _answered(header, name, answer), deadline)

    def _outcome(self, request: Request, header: Header, asked: tuple[str, ...]) -> Reply:
        match header.text("op"):
            case "value":
                return _reply_of(header, asked)
            case "missing":
                raise _missing(request)
            case "too_large":
                raise _too_much(request)
            case "raise":
                cell, line = self._place(header.integer("ordinal"), header.integer("line"))
                raised = Raised(
                    type=header.text("type", 100),
                    message=header.text("message"),
                    cell=cell,
                    line=line,
                    stub=header.fields.get("stub") is True,
                )
                raise fault_of_exception(request.name, raised, header.text("printed"))
        raise BadFrame("not a reply")

    def _place(self, ordinal: int | None, line: int | None) -> tuple[int | None, int | None]:
        """A place that the notebook has; another one is a number that student code made up."""
        cell = None if ordinal is None else self._cell_of(ordinal)
        if cell is None or line is None or not 1 <= line <= self._lines.get(cell, 0):
            return None, None
        return cell, line


def _answered(header: Header, name: str, answer: Answer) -> bytes:
    arguments, keywords = header.value("args"), header.value("keywords")
    if not isinstance(arguments, list) or not isinstance(keywords, dict):
        raise BadFrame("a question without arguments")
    try:
        value = answer(name, arguments, keywords)
    except SubmissionFault:
        return pack({"op": "refuse"}, {})
    return pack({"op": "answer"}, {"value": value})


def _frame(request: Request, nonce: int) -> bytes:
    head = {
        "op": "call",
        "id": nonce,
        "name": request.name,
        "seed": request.seed,
        "inference": request.inference,
        "record": request.record,
        "stubs": list(request.stubs),
        "device": request.device,
    }
    values = {"args": list(request.arguments), "keywords": dict(request.keywords or {})}
    return pack(head, values)


def _reply_of(header: Header, asked: tuple[str, ...]) -> Reply:
    seconds = header.fields.get("seconds")
    return Reply(
        value=header.value("value"),
        seconds=float(seconds) if isinstance(seconds, float) else 0.0,
        changed=header.texts("changed"),
        rng_moved=header.fields.get("rng") is True,
        operators=header.texts("operators"),
        devices=header.devices,
        printed=header.text("printed"),
        asked=asked,
    )


def _missing(request: Request) -> NotAttempted:
    name = request.name
    return NotAttempted(
        Diagnosis(
            "missing",
            Text(f"没有找到函数 `{name}`。", f"There is no function `{name}`."),
            Text(
                "检查函数名是否拼写正确，定义它的单元是否在运行时报错。",
                "Check the spelling, and whether the cell that defines it raised an error.",
            ),
        )
    )


def _too_slow(request: Request) -> TimeLimitExceeded:
    name, limit = request.name, f"{request.time_limit:g}"
    return TimeLimitExceeded(
        Diagnosis(
            "call_time",
            Text(
                f"`{name}` 在 {limit} 秒内没有返回。",
                f"`{name}` did not return within {limit} seconds.",
            ),
            Text(
                "是否有死循环，或者可以向量化的多重循环？",
                "Is there an endless loop, or nested loops that could be vectorised?",
            ),
        )
    )


def _died(request: Request) -> RunTimeError:
    name = request.name
    return RunTimeError(
        Diagnosis(
            "died",
            Text(
                f"调用 `{name}` 时进程终止了。", f"The process ended while `{name}` was running."
            ),
            Text(
                "不要在函数里调用 exit、os._exit 或结束进程；也可能是内存不足。",
                "Do not call exit, os._exit or kill in a function; running out of memory also "
                "ends a process.",
            ),
        )
    )


def _too_much(request: Request) -> OutputLimitExceeded:
    name = request.name
    return OutputLimitExceeded(
        Diagnosis(
            "reply_size",
            Text(
                f"`{name}` 的返回值太大或嵌套太深。",
                f"What `{name}` returned is too large or nested too deeply.",
            ),
            Text(
                "检查返回值的形状是否与题目要求一致。",
                "Check the shape of the result against the docstring.",
            ),
        )
    )


def _not_a_reply(request: Request, why: str) -> RunTimeError:
    name = request.name
    return RunTimeError(
        Diagnosis(
            "protocol",
            Text(
                f"调用 `{name}` 后收到的不是一个返回值。",
                f"What came back from `{name}` is not a return value.",
            ),
            Text(
                "作业代码不应读写评分程序的通信通道。",
                "Homework code must leave the grader's communication channel alone.",
            ),
        ),
        evidence=why,
    )


def _unreachable() -> RunTimeError:
    return RunTimeError(
        Diagnosis(
            "unreachable",
            Text("内核不再响应。", "The kernel no longer answers."),
            Text(
                "检查笔记本是否结束了内核，或留下了仍在运行的代码。",
                "Check whether the notebook ends the kernel or leaves code running.",
            ),
        )
    )
