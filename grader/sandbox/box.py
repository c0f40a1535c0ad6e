"""One box of the `linux` sandbox: a warden process, a kernel below it, and the ways to them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from grader.closing import Closing
from grader.errors import SandboxError, SandboxLost, SubmissionFault
from grader.result import Usage
from grader.sandbox import FOREIGN_SIGNALS, BoxSpec
from grader.sandbox.channels import Channels
from grader.sandbox.exceeded import memory_limit
from grader.sandbox.groups import group_for
from grader.sandbox.log import Log
from grader.sandbox.removal import remove
from grader.sandbox.watchdog import Watchdog
from grader.sandbox.zygote import Zygote

ANSWER = 20.0
"""Seconds until the walls must stand; it takes a fiftieth of one."""
KERNEL_DIED = "RuntimeError: the kernel died behind its walls"
"""What a warden says whose kernel was killed before anything ran in it."""
END = 10.0
"""Seconds until a killed box must be gone."""


class LinuxBox(Closing):
    """A kernel behind walls, forked from a zygote.

    Args:
        zygote: makes the box.
        spec: what it is to hold.
        number: tells boxes of one zygote apart.
        settings: what the guest kernel is told.
        trial: bait that the box is to go for instead of running a kernel.

    Raises:
        SandboxError: the walls could not be raised.
    """

    connection: Mapping[str, Any] | None

    def __init__(
        self,
        zygote: Zygote,
        spec: BoxSpec,
        number: int,
        settings: Mapping[str, Any],
        trial: Mapping[str, Any] | None = None,
    ) -> None:
        self.log = Log()
        self.walls: tuple[str, ...] = ()
        self.attempts: dict[str, bool] = {}
        self._level = zygote.level
        self._folder = zygote.folder / f"box-{number}"
        self._killing = threading.Lock()
        self._warden = self._kernel = -1
        self._dead = self._lost = self._killed = False
        self._watchdog: Watchdog | None = None
        self._limits = spec.limits
        self._group = group_for(spec.limits)
        self._channels = Channels(zygote.folder / str(number))
        self.connection = self._channels.connection
        self.control, theirs = socket.socketpair()
        self._leash, leash = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs, leash:
                self._request(zygote, spec, settings, trial, (leash, theirs))
            self._listen()
            self._hold()
        except BaseException:
            self.close()
            raise
        self._watchdog = self._watch()

    def _request(
        self,
        zygote: Zygote,
        spec: BoxSpec,
        settings: Mapping[str, Any],
        trial: Mapping[str, Any] | None,
        ends: tuple[socket.socket, socket.socket],
    ) -> None:
        order: dict[str, Any] = {
            "limits": asdict(spec.limits),
            "settings": dict(settings),
            "connection": self.connection,
            "files": [(Path(name).name, len(data)) for name, data in spec.files.items()],
            **self._places(zygote),
        }
        if trial is not None:
            order["trial"] = dict(trial)
        files = os.memfd_create("files")
        try:
            with os.fdopen(os.dup(files), "wb") as file:
                file.writelines(spec.files.values())
            os.lseek(files, 0, os.SEEK_SET)
            leash, control = (end.fileno() for end in ends)
            listeners = [listener.fileno() for listener in self._channels.listeners]
            zygote.fork(order, [leash, control, self.log.fileno(), files, *listeners])
        finally:
            os.close(files)
            self._channels.release()

    def _places(self, zygote: Zygote) -> dict[str, Any]:
        """Where the box works, and how many others its user's processes already are."""
        if self._level == 3:
            return {"work": "/box", "scratch": "/tmp", "others": 0}  # noqa: S108  (the box's own)
        self._folder.mkdir()
        for name in ("work", "scratch"):
            (self._folder / name).mkdir()
            zygote.own(self._folder / name)
        return {
            "work": str(self._folder / "work"),
            "scratch": str(self._folder / "scratch"),
            "others": _tasks_of(os.getuid() if zygote.uid is None else zygote.uid),
        }

    def _listen(self) -> None:
        """Wait until the walls stand and take the handles of warden and kernel."""
        self._leash.settimeout(ANSWER)
        try:
            packet, fds, _, _ = socket.recv_fds(self._leash, 1 << 16, 2)
            told = json.loads(packet or b"{}")
        except ConnectionResetError as error:
            raise SandboxLost("the box died while it was made", self.log.text()) from error
        except (OSError, ValueError) as error:
            raise SandboxError(f"the box does not answer: {error}", self.log.text()) from error
        if len(fds) == 2:
            self._warden, self._kernel = fds
        if not told or told.get("error") == KERNEL_DIED:
            raise SandboxLost("the box died while it was made", self.log.text())
        if "error" in told or len(fds) != 2:
            raise SandboxError(f"the box cannot be made: {told.get('error')}", self.log.text())
        self.walls, self.attempts = tuple(told["walls"]), dict(told.get("attempts", {}))

    def _hold(self) -> None:
        """Put the kernel, and with it all that it will start, under the machine's own eye.

        Nothing of the student's has run yet. The warden stays outside: it has to tell.
        """
        pid = _pid_of(self._kernel)
        if self._group is not None and pid is not None:
            try:
                self._group.admit(pid)
            except OSError as error:
                problem = f"the box cannot be put into its control group: {error}"
                raise SandboxError(problem) from error

    def _watch(self) -> Watchdog:
        pid = _pid_of(self._warden)
        watchdog = Watchdog(
            lambda: pid,
            self._limits,
            lambda _: self.kill(),
            folder=self._folder if self._level != 3 else None,
            charge_root=False,
            overdrawn=self._overdrawn,
        )
        watchdog.start()
        return watchdog

    def _overdrawn(self) -> bool:
        return self._group is not None and self._group.overdrawn()

    @property
    def grouped(self) -> bool:
        """Whether the kernel of the machine holds the sum of its memory, too."""
        return self._group is not None

    def alive(self) -> bool:
        """Whether the kernel process is still there."""
        return not self._dead and not _ended(self._kernel, 0)

    def interrupt(self) -> None:
        """SIGINT to the kernel."""
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._kernel, signal.SIGINT)

    def kill(self) -> None:
        """End every process of the box; returns when they are gone. May be called twice.

        Raises:
            SandboxError: something survived; the machine needs a look.
        """
        if self._watchdog is not None:
            self._watchdog.stop()
        with self._killing:
            if self._dead:
                return
            self._lost = not self._taken_leave()
            self._leash.close()
            if self._warden >= 0:
                self._end()
            if self._group is not None:
                self._group.close()
            self._dead = True

    def _end(self) -> None:
        """The end of a pid namespace's process 1 ends all; at level 2 the warden ends them."""
        if self._level == 3:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._warden, signal.SIGKILL)
        if not _ended(self._warden, END):
            raise SandboxError("a killed box is still running", "Look for its processes with ps")

    def _taken_leave(self) -> bool:
        """Whether the kernel lives, or its warden lived to tell how it ended."""
        if self._kernel < 0 or not _ended(self._kernel, 0):
            return True
        self._leash.settimeout(END)
        try:
            told = json.loads(self._leash.recv(64) or b"{}")
        except (OSError, ValueError):
            return False
        self._killed = told.get("signal") in FOREIGN_SIGNALS
        return bool(told)

    def lost(self) -> bool:
        """Whether zygote or warden were killed, and the kernel with them.

        No student code can do that: it is nobody's fault but the machine's.
        """
        if not self._dead and not self.alive():
            self.kill()
        return self._lost

    def killed(self) -> bool:
        """Whether the kernel was ended by a signal that may have come from outside the box."""
        if not self._dead and not self.alive():
            self.kill()
        return self._killed

    def fault(self) -> SubmissionFault | None:
        """The limit that ended the box, if one did."""
        fault = None if self._watchdog is None else self._watchdog.fault
        if fault is None and self._overdrawn():  # before the watchdog has looked again
            fault = memory_limit(self._limits.memory)
        return fault

    def usage(self) -> Usage:
        """What the box has cost so far."""
        return Usage() if self._watchdog is None else self._watchdog.usage()

    def close(self) -> None:
        """Kill, and remove what was written. May be called twice."""
        try:
            self.kill()
        finally:
            self.control.close()
            self._channels.close()
            self.log.close()
            for fd in (self._warden, self._kernel):
                if fd >= 0:
                    os.close(fd)
            self._warden = self._kernel = -1
            remove(self._folder)


def _ended(pidfd: int, seconds: float) -> bool:
    """Whether the process ends within so many seconds."""
    if pidfd < 0:
        return True
    watched = select.poll()
    watched.register(pidfd, select.POLLIN)
    deadline = time.monotonic() + seconds
    while not watched.poll(max(0, deadline - time.monotonic()) * 1000):
        if time.monotonic() >= deadline:
            return False
    return True


def _pid_of(pidfd: int) -> int | None:
    """The process id, in our own pid namespace, that a descriptor from the box stands for."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            pid = int(line.split()[1])
            return pid if pid > 0 else None
    return None


def _tasks_of(uid: int) -> int:
    """Threads that a user has on this machine."""
    count = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == uid:
                count += process.num_threads()
    return count
