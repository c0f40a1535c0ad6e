"""`plain`: a subprocess with limits, and no walls.

For a student's own laptop, for macOS and Windows, and for machines where an instructor accepts
it: student code can read what the grader's user can read. The limits hold, the judging is as
outside as ever, so forged verdicts are no easier; hidden tests on the same disk can be read.
"""

from __future__ import annotations

import contextlib
import shutil
import signal

import psutil

from grader.closing import Closing
from grader.errors import SubmissionFault
from grader.result import Isolation, Usage
from grader.sandbox import FOREIGN_SIGNALS, BoxSpec
from grader.sandbox.process import end, start
from grader.sandbox.processes import wait_for
from grader.sandbox.watchdog import Watchdog

ISOLATION = Isolation(
    backend="plain",
    level=0,
    name="plain",
    details=("subprocess", "memory, time, file size and output limits"),
    missing=("file system", "network", "other processes"),
)


class PlainBox(Closing):
    """A kernel in a subprocess with a folder of its own."""

    def __init__(self, spec: BoxSpec) -> None:
        self._started = start(spec)
        self.connection = self._started.connection
        self.control = self._started.control
        self._own_end: int | None = None
        """How the kernel ended before we ended it; None if it did not."""
        self._killing = False
        self._watchdog = Watchdog(
            lambda: self._started.process.pid,
            spec.limits,
            lambda _: self.kill(),
            folder=self._started.folder / "work",
        )
        self._watchdog.start()

    def alive(self) -> bool:
        """Whether the kernel process is still there."""
        return self._started.process.poll() is None

    def interrupt(self) -> None:
        """SIGINT to the kernel."""
        with contextlib.suppress(OSError, ValueError):
            self._started.process.send_signal(getattr(signal, "CTRL_C_EVENT", signal.SIGINT))

    def kill(self) -> None:
        """End the kernel and its descendants."""
        if not self._killing:
            self._killing = True
            self._own_end = self._started.process.poll()
        descendants = []
        with contextlib.suppress(psutil.Error):
            descendants = psutil.Process(self._started.process.pid).children(recursive=True)
        end(self._started)
        for process in descendants:
            with contextlib.suppress(psutil.Error):
                process.kill()
        wait_for(descendants, 2.0)

    def lost(self) -> bool:
        """Never known: nothing here tells a kernel that was killed from one that ended itself."""
        return False

    def killed(self) -> bool:
        """Whether the kernel was ended by a signal that may have come from outside the box."""
        end = self._own_end if self._killing else self._started.process.poll()
        return end is not None and -end in FOREIGN_SIGNALS

    def fault(self) -> SubmissionFault | None:
        """The limit that ended the box, if one did."""
        return self._watchdog.fault

    def usage(self) -> Usage:
        """What the box has cost so far."""
        return self._watchdog.usage()

    def close(self) -> None:
        """Kill, and remove the folder."""
        self._watchdog.stop()
        self.kill()
        self.control.close()
        shutil.rmtree(self._started.folder, ignore_errors=True)


class PlainSandbox(Closing):
    """Opens subprocesses."""

    isolation = ISOLATION

    def open(self, spec: BoxSpec) -> PlainBox:
        """A box with a kernel that is starting.

        Raises:
            SandboxError: the process or its folder could not be made.
        """
        return PlainBox(spec)

    def close(self) -> None:
        """Nothing is shared between boxes."""
