"""`fake`: this very process, for tests, for composed submissions and for one's own code.

The guest's `answer.py` runs in a thread on the other end of the control socket, so everything that
crosses the border crosses it here too. There are no walls and no limits but those of the codec and
the time limit of a call, and a call that hangs goes on hanging in its thread.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import socket
import sys
import threading
import time
from functools import cache
from types import ModuleType
from typing import Any

from grader.closing import Closing
from grader.errors import SubmissionFault
from grader.result import Isolation, Usage
from grader.sandbox import BoxSpec
from grader.sandbox.process import GUEST

ISOLATION = Isolation(
    backend="fake",
    level=0,
    name="fake",
    details=("in this process",),
    missing=("everything",),
)


class FakeBox(Closing):
    """A namespace in this process."""

    connection = None

    def __init__(self, namespace: dict[str, Any] | None = None) -> None:
        self.namespace = {"__name__": "__main__"} if namespace is None else namespace
        self.control, self._theirs = socket.socketpair()
        self._started = time.perf_counter()
        answer = _warm_guest()
        self._thread = threading.Thread(
            target=self._serve, args=(answer,), daemon=True, name="fake-box"
        )
        self._thread.start()

    def _serve(self, answer: ModuleType) -> None:
        with contextlib.suppress(OSError):
            answer.serve(self._theirs, self.namespace, answer.cell_places)

    def alive(self) -> bool:
        """Whether the thread still answers."""
        return self._thread.is_alive()

    def interrupt(self) -> None:
        """A thread cannot be interrupted."""

    def kill(self) -> None:
        """Hang up; a thread that hangs is left behind."""
        for sock in self.control, self._theirs:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def lost(self) -> bool:
        """Never known: nothing here tells a kernel that was killed from one that ended itself."""
        return False

    def killed(self) -> bool:
        """There is no process to kill."""
        return False

    def fault(self) -> SubmissionFault | None:
        """There are no limits to break."""
        return None

    def usage(self) -> Usage:
        """Wall time only."""
        return Usage(wall_time=time.perf_counter() - self._started)

    def close(self) -> None:
        """Hang up and wait a moment for the thread; one that runs on is asked to end."""
        self.kill()
        self._thread.join(timeout=1)
        if self._thread.is_alive():  # ends Python code, though not a call into C
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread.ident or 0), ctypes.py_object(SystemExit)
            )
        self.control.close()
        self._theirs.close()


class FakeSandbox(Closing):
    """Opens namespaces in this process.

    Args:
        namespace: answer from these names instead of a fresh namespace, as in a live notebook.
    """

    isolation = ISOLATION

    def __init__(self, namespace: dict[str, Any] | None = None) -> None:
        self._namespace = namespace

    def open(self, spec: BoxSpec) -> FakeBox:
        """A fresh namespace, or the given one."""
        return FakeBox(self._namespace)

    def close(self) -> None:
        """Nothing is shared between boxes."""


@cache
def _warm_guest() -> ModuleType:
    answer = _guest("answer")
    answer.warm_up()
    return answer


def _guest(name: str) -> ModuleType:
    """A guest file as a module of this process."""
    for needed in "wire", name:
        if needed not in sys.modules:
            spec = importlib.util.spec_from_file_location(needed, GUEST / f"{needed}.py")
            assert spec is not None  # noqa: S101  (a file of this package)
            assert spec.loader is not None  # noqa: S101
            module = importlib.util.module_from_spec(spec)
            sys.modules[needed] = module
            spec.loader.exec_module(module)
    return sys.modules[name]
