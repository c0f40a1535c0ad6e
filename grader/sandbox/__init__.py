"""Where student code runs: the `Sandbox` and `Box` protocols.

A sandbox opens boxes, one per submission. A box holds one live kernel that has run nothing yet, a
control socket on which it answers calls once the notebook has run, and limits that hold. When a
box is closed, everything that ever ran in it is dead and everything it wrote is gone.

Backends: `linux` (namespaces, Landlock, seccomp), `plain` (a subprocess with limits), `fake` (this
process, for tests and for one's own code). `tests/sandbox/test_conformance.py` holds them to one
behaviour.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from grader.course import Limits
from grader.errors import SubmissionFault
from grader.result import Isolation, Usage

FOREIGN_SIGNALS = frozenset((9, 15))
"""SIGKILL and SIGTERM, with which people and machines end processes, and programs each other.

What a program does to itself by mistake ends it with other signals.
"""


@dataclass(frozen=True)
class BoxSpec:
    """What one box is to hold."""

    limits: Limits
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Plain file names and contents, put into the working folder of the box."""
    packages: tuple[str, ...] = ()
    """Modules worth having imported before the notebook runs."""
    device: str = "cpu"


class Box(Protocol):
    """A live kernel and the means to reach it, interrupt it and end it."""

    @property
    def connection(self) -> Mapping[str, Any] | None:
        """Jupyter connection info: transport, ip, ports, key, signature_scheme.

        None when cells are executed over the control socket (`fake`).
        """
        ...

    @property
    def control(self) -> socket.socket:
        """The host's end of the control socket; see `grader.calls` for the protocol."""
        ...

    def alive(self) -> bool:
        """Whether the kernel process is still there."""
        ...

    def interrupt(self) -> None:
        """Ask the kernel to stop what it is doing (KeyboardInterrupt in a cell)."""
        ...

    def kill(self) -> None:
        """End every process of the box; returns when they are gone. May be called twice."""
        ...

    def lost(self) -> bool:
        """Whether the box was ended by what no student code can do: then it is to run again."""
        ...

    def killed(self) -> bool:
        """Whether the kernel was ended by a signal that may have come from outside the box.

        Student code can do that too, so it is no proof. False for what `kill` ended.
        """
        ...

    def fault(self) -> SubmissionFault | None:
        """The limit that ended the box (memory, disk, CPU, processes), if one did."""
        ...

    def usage(self) -> Usage:
        """What the box has cost so far."""
        ...

    def close(self) -> None:
        """Kill, and remove what was written. May be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Sandbox(Protocol):
    """Opens boxes. One sandbox serves one worker process."""

    @property
    def isolation(self) -> Isolation:
        """What stands between a box and the machine."""
        ...

    def open(self, spec: BoxSpec) -> Box:
        """A box with a kernel that is starting or ready.

        Raises:
            SandboxError: the box could not be made; that is never the student's fault.
        """
        ...

    def close(self) -> None:
        """End everything that the sandbox started."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
