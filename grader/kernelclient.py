"""nbclient over a box: runs one cell at a time and says how it ended.

The only module that touches nbclient and jupyter_client; their exceptions do not leave it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from grader.codec import encodable
from grader.errors import SandboxError
from grader.faults import is_full_disk
from grader.result import Verdict
from grader.sandbox import Box

START_TIME = 90.0
"""Seconds a kernel has to come up."""
GRACE = 3.0
"""Seconds a cell has to stop after an interrupt; then the kernel is killed."""
MESSAGE = 16 * 1024 * 1024
"""Bytes of one message; a kernel that sends more is cut off."""
_PLACE = re.compile(r"(?:Cell In\[\d+\]|<ipython-input[^>]*>)[^\n]*?line (\d{1,6})")
_SYNTAX_PLACE = re.compile(r"line (\d{1,6})")


@dataclass(frozen=True)
class CellEnd:
    """How one cell ended."""

    verdict: Verdict
    seconds: float
    error: str = ""
    """`TypeName: message` of the student's exception."""
    line: int | None = None
    dead: bool = False
    """The kernel did not survive the cell."""


class BoxClient(AsyncKernelClient):
    """A kernel client that asks the box whether the kernel lives."""

    box: Box

    async def is_alive(self) -> bool:
        """Whether the kernel process is there."""
        return self.box.alive()


class _Manager:
    """The little that nbclient wants of a kernel manager."""

    has_kernel = True

    def __init__(self, box: Box) -> None:
        self._box = box

    def is_alive(self) -> bool:
        return self._box.alive()

    def interrupt_kernel(self) -> None:
        self._box.interrupt()


class BoundedClient(NotebookClient):
    """Counts what a notebook puts out, and stops keeping it beyond a budget."""

    budget: int = 0
    exceeded: bool = False

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Drop outputs once the budget is spent; state messages always pass."""
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "update_display_data"):
            self.budget -= _size(msg["content"])
            if self.budget < 0:
                self.exceeded = True
                return None
        if msg["msg_type"].startswith("comm_"):
            return None
        return super().process_message(msg, cell, cell_index)


def cell_end(reply: Mapping[str, Any], seconds: float) -> CellEnd:
    """How a cell ended whose kernel lives on, from its reply, which student code can write."""
    if reply.get("status") != "error":
        return CellEnd(Verdict.ACCEPTED, seconds)
    name = encodable(str(reply.get("ename", "error"))[:100])
    value = encodable(str(reply.get("evalue", ""))[:500])
    trace = "\n".join(_lines(reply))[:20_000]
    pattern = _SYNTAX_PLACE if name in ("SyntaxError", "IndentationError") else _PLACE
    places = pattern.findall(trace)
    verdict = Verdict.RUN_TIME_ERROR
    if name == "MemoryError" or "can't allocate memory" in value:
        verdict = Verdict.MEMORY_LIMIT_EXCEEDED
    elif is_full_disk(f"{name}: {value}"):
        verdict = Verdict.OUTPUT_LIMIT_EXCEEDED
    line = int(places[-1]) if places else None
    return CellEnd(verdict, seconds, f"{name}: {value}".rstrip(": "), line)


def _content(message: Any) -> dict[str, Any]:
    """What a message says; student code can write it."""
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, dict) else {}


def _sources(reply: Mapping[str, Any]) -> list[Any]:
    payload = reply.get("payload")
    entries = payload if isinstance(payload, list) else []
    return [entry.get("source") for entry in entries if isinstance(entry, dict)]


def _lines(reply: Mapping[str, Any]) -> list[str]:
    trace = reply.get("traceback")
    return (
        [line for line in trace[:50] if isinstance(line, str)] if isinstance(trace, list) else []
    )


def _size(content: Any) -> int:
    if isinstance(content, str):
        return len(content)
    if isinstance(content, Mapping):
        return sum(_size(v) for v in content.values())
    if isinstance(content, list):
        return sum(_size(v) for v in content)
    return 8


class KernelCells:
    """Executes the cells of one notebook in the kernel of one box.

    Args:
        box: a box with a kernel.
        document: an nbformat 4 notebook; outputs are written into it.
        output: bytes that the whole notebook may put out.
    """

    def __init__(self, box: Box, document: NotebookNode, output: int) -> None:
        assert box.connection is not None  # noqa: S101  (the fake box never comes here)
        self._box = box
        self._runner = asyncio.Runner()
        self._context = zmq.asyncio.Context()
        # Set on the context: sockets inherit it, and a forged giant never reaches our memory.
        self._context.setsockopt(zmq.MAXMSGSIZE, MESSAGE)
        self._context.setsockopt(zmq.RCVHWM, 256)
        self._client = BoxClient(context=self._context)
        self._client.box = box
        self._client.load_connection_info(cast(Any, dict(box.connection)))
        self._notebook = BoundedClient(
            document, km=cast(Any, _Manager(box)), allow_errors=True, timeout=None, iopub_timeout=2
        )
        self._notebook.budget = output
        self._reply: dict[str, Any] = {}
        self._notebook.on_cell_executed = self._remember
        self._executed = 0
        self.cell_of: dict[int, int] = {}
        """Cell number by ordinal of execution."""

    def _remember(self, cell: Any, cell_index: int, execute_reply: dict[str, Any]) -> None:
        self._reply = _content(execute_reply)

    def start(self) -> None:
        """Wait until the kernel answers.

        Raises:
            SandboxError: it does not; nothing of the student's has run yet.
        """
        try:
            self._runner.run(asyncio.wait_for(self._ready(), START_TIME))
        except (TimeoutError, RuntimeError) as error:
            fault = self._box.fault()
            reason = f"the kernel did not start: {error or 'no answer'}"
            raise SandboxError(f"{reason} ({fault})" if fault else reason) from None

    async def _ready(self) -> None:
        client = self._client
        # No heartbeat: the box knows whether the kernel lives, and a thread that waits for the
        # beat of a kernel whose sockets were torn down waits for ever.
        client.start_channels(stdin=False, hb=False)
        client.allow_stdin = False
        self._notebook.kc = client
        self._notebook.reset_execution_trackers()
        greeted = asyncio.ensure_future(client.iopub_channel.get_msg(timeout=None))
        request = client.kernel_info()
        reply = asyncio.ensure_future(self._shell_reply(request))
        pending: set[asyncio.Future[Any]] = {greeted, reply}
        while pending:
            _, pending = await asyncio.wait(pending, timeout=0.1)
            if pending and not self._box.alive():
                for task in pending:
                    task.cancel()
                raise RuntimeError("the kernel process ended")

    async def _shell_reply(self, request: str) -> None:
        while True:
            message = await self._client.shell_channel.get_msg(timeout=None)
            if message["parent_header"].get("msg_id") == request:
                return

    def execute(self, index: int, time_limit: float) -> CellEnd:
        """Run the cell at `index` (from 0) of the document.

        Never raises for anything that the cell does.
        """
        self._executed += 1
        self.cell_of[self._executed] = index + 1
        return self._runner.run(self._execute(index, time_limit))

    async def _execute(self, index: int, time_limit: float) -> CellEnd:
        started = time.monotonic()
        self._reply = {}
        task = asyncio.ensure_future(
            self._notebook.async_execute_cell(self._notebook.nb.cells[index], index)
        )
        verdict = await self._watch(task, started + time_limit)
        seconds = time.monotonic() - started
        dead = not task.done() or not self._box.alive()
        if dead:
            self._box.kill()
            with contextlib.suppress(BaseException):
                task.cancel()
                await task
            return CellEnd(self._cause(verdict), seconds, dead=True)
        with contextlib.suppress(Exception):
            task.result()
        if verdict is not None:
            return CellEnd(verdict, seconds)
        if "ask_exit" in _sources(self._reply):
            self._box.kill()  # `exit` ends the kernel a moment later
            return CellEnd(Verdict.RUN_TIME_ERROR, seconds, dead=True)
        return cell_end(self._reply, seconds)

    async def _watch(self, task: asyncio.Future[Any], deadline: float) -> Verdict | None:
        """Wait for a cell; interrupt it when it must stop, and say why it had to."""
        verdict: Verdict | None = None
        while not task.done() and self._box.alive():
            await asyncio.wait({task}, timeout=0.05)
            late = time.monotonic() > deadline
            if verdict is None and not task.done() and (late or self._notebook.exceeded):
                exceeded = self._notebook.exceeded
                verdict = (
                    Verdict.OUTPUT_LIMIT_EXCEEDED if exceeded else Verdict.TIME_LIMIT_EXCEEDED
                )
                deadline = time.monotonic() + GRACE
                self._box.interrupt()
            elif verdict is not None and late:
                break
        if verdict is None and self._notebook.exceeded:
            return Verdict.OUTPUT_LIMIT_EXCEEDED
        return verdict

    def _cause(self, verdict: Verdict | None) -> Verdict:
        fault = self._box.fault()
        if fault is not None:
            return fault.verdict
        return verdict or Verdict.RUN_TIME_ERROR

    def hang_up(self) -> None:
        """Stop listening to the kernel: before hidden inputs go in, all its channels close."""
        self._client.stop_channels()

    def close(self) -> None:
        """Release sockets and the event loop."""
        with contextlib.suppress(DeadKernelError, RuntimeError):
            self._client.stop_channels()
        self._context.destroy(linger=0)
        self._runner.close()
