"""A box at each level of the `linux` sandbox, and things outside that it must not reach."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from grader.course import Limits
from grader.errors import SandboxError
from grader.sandbox import BoxSpec
from grader.sandbox.watchdog import Watchdog

pytest.importorskip("resource", reason="the linux sandbox needs Linux")

Run = Callable[..., str]
STRONGEST: Any = [None, pytest.param(2, marks=pytest.mark.thorough)]
"""Levels for tests whose subject is the same at both: without `--every-level`, one is enough."""

IN_MANY_PROCESSES = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        kept = b"x" * (200 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
"""
"""800 MiB in four processes at once."""


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watchdog that sees nothing but what the kernel of the machine tells it."""
    monkeypatch.setattr(Watchdog, "_charged", lambda self: {})


@pytest.fixture(scope="module", params=[3, 2], ids=["isolated", "confined"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One sandbox per level and test file."""
    yield from opened_at(request.param)


def opened_at(level: int | None) -> Iterator[Any]:
    """The linux sandbox of a level, or the strongest; tests that cannot have it are skipped."""
    if sys.platform != "linux":
        pytest.skip("the linux sandbox needs Linux")
    from grader.sandbox.linux import LinuxSandbox

    try:
        opened = LinuxSandbox(level=level)
    except SandboxError as error:
        pytest.skip(f"level {level} cannot be had: {error}")
    with opened:
        yield opened


@pytest.fixture
def box(sandbox: Any) -> Iterator[Any]:
    """A fresh box with two files."""
    with sandbox.open(BoxSpec(Limits(), files={"data.csv": b"1,2\n", "empty": b""})) as opened:
        yield opened


@pytest.fixture
def run() -> Run:
    """Runs a cell in a box and returns what it printed, or the exception that ended it."""
    return run_cell


def run_cell(box: Any, code: str, timeout: float = 60) -> str:
    client = BlockingKernelClient()
    connection: Any = dict(box.connection)
    client.load_connection_info(connection)
    client.start_channels(hb=False)
    printed: list[str] = []
    try:
        _subscribe(client, box, timeout)
        request = client.execute(code)
        for message in _answers(client, box, request, timeout):
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    printed.append(content["text"])
                case "error":
                    printed.append(f"{content['ename']}: {content['evalue']}")
    finally:
        client.stop_channels()
        client.context.destroy(linger=0)
    return "".join(printed).strip()


def _subscribe(client: Any, box: Any, timeout: float) -> None:
    """Wait until what the kernel says arrives: before that, it is lost."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        client.kernel_info()
        try:
            client.get_iopub_msg(timeout=0.5)
        except Empty:
            if not box.alive():
                raise RuntimeError("the kernel is gone") from None
        else:
            return
    raise TimeoutError(f"the kernel says nothing in {timeout} seconds")


def _answers(client: Any, box: Any, request: str, timeout: float) -> Iterator[dict[str, Any]]:
    """What a kernel says to a request until it is idle again; a dead one is not waited for."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            message = client.get_iopub_msg(timeout=0.1)
        except Empty:
            if not box.alive():
                raise RuntimeError("the kernel is gone") from None
            continue
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["content"].get("execution_state") == "idle":
            return
        yield message
    raise TimeoutError(f"the cell still runs after {timeout} seconds")


@pytest.fixture(scope="session")
def box_uid() -> int:
    """The user that boxes of this process run as, seen from outside."""
    from grader.sandbox.zygote import spare_uid

    uid = spare_uid()
    return os.getuid() if uid is None else uid


class Outside:
    """Things of the same user as the box, with all permissions, that only walls protect."""

    def __init__(self, folder: Path, uid: int) -> None:
        self.folder = folder
        self.secret = folder / "secret"
        self.secret.write_text("expected values")
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.abstract = f"outside-{os.getpid()}"
        self.sockets = [self.tcp]
        for address in ("\0" + self.abstract, str(folder / "socket")):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(address)
            listener.listen()
            self.sockets.append(listener)
        for path in (folder, self.secret, folder / "socket"):
            os.chown(path, uid, -1)
            path.chmod(0o777)
        for parent in folder.parents:
            if parent.stat().st_uid == os.getuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
        self.victim = subprocess.Popen(
            ["sleep", "600"], user=uid if os.getuid() == 0 else None, env={"SECRET": "expected"}
        )

    @property
    def names(self) -> dict[str, Any]:
        """What attacks are told about the outside."""
        return {
            "folder": str(self.folder),
            "secret": str(self.secret),
            "port": self.tcp.getsockname()[1],
            "abstract": self.abstract,
            "path": str(self.folder / "socket"),
            "victim": self.victim.pid,
            "grader": os.getpid(),
        }

    def close(self) -> None:
        for listener in self.sockets:
            listener.close()
        self.victim.kill()
        self.victim.wait()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory, box_uid: int) -> Iterator[Outside]:
    """What attacks go for."""
    laid_out = Outside(tmp_path_factory.mktemp("outside"), box_uid)
    yield laid_out
    laid_out.close()
