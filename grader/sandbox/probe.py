"""Which walls this machine can raise, found out by raising them and running against them.

What a kernel's version or settings promise is no evidence: distributions and containers forbid
parts of it in ways that only show when the last step fails. So a box is made, and code in it tries
to get out.
"""

from __future__ import annotations

import contextlib
import os
import platform
import socket
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.course import Limits
from grader.errors import SandboxError, SandboxLost
from grader.result import Isolation
from grader.sandbox import BoxSpec
from grader.sandbox.box import LinuxBox
from grader.sandbox.zygote import Zygote

LEVELS = (3, 2)
TRIES = 3
"""How often a level is tried whose box is killed meanwhile."""
REMEDY = (
    "Where user namespaces are restricted (Ubuntu 24.04): sudo sysctl -w "
    "kernel.apparmor_restrict_unprivileged_userns=0. In Docker: --security-opt "
    "seccomp=unconfined --security-opt systempaths=unconfined. Or accept a sandbox that limits "
    "but does not hide: --sandbox plain"
)
MEMORY = "memory: address space per process, watchdog for the sum"
GROUPED = "memory: address space per process, watchdog and control group for the sum"
SPACES = "user, pid, mount, network, ipc, uts and cgroup namespaces"
MISSING_AT_2 = (
    "process numbers, users and the network stack are shared; walls are Landlock and seccomp",
    "files outside can be seen to exist, with size and date, but not read",
    "disk use is watched, not limited by a file system",
    "no shared memory and no sockets: DataLoader needs num_workers=0",
)


@dataclass(frozen=True)
class Finding:
    """What trying one level showed."""

    level: int
    isolation: Isolation | None
    """None if the level cannot be had."""
    reason: str = ""
    """Why not."""
    attempts: tuple[tuple[str, bool], ...] = ()
    """What code in a box of this level tried, and whether it was refused."""


@cache
def attempt(level: int) -> Finding:
    """Make a box at `level` and let code in it try to get out."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return Finding(level, None, f"{sys.platform} on {platform.machine()} is not supported")
    try:
        isolation, tried = _try_again(level)
    except SandboxError as error:
        return Finding(level, None, str(error))
    refused = tuple((name, not succeeded) for name, succeeded in tried.items())
    leaks = [name for name, held in refused if not held]
    if leaks:
        return Finding(level, None, "code in the box could " + ", ".join(leaks), refused)
    return Finding(level, isolation, "", refused)


def survey() -> tuple[Finding, ...]:
    """All levels, the strongest first."""
    return tuple(attempt(level) for level in LEVELS)


def isolation_at(level: int | None) -> Isolation:
    """The isolation of `level`, or the strongest that this machine holds.

    Raises:
        SandboxError: it cannot be had; says why and what to do.
    """
    if level not in (None, *LEVELS):
        raise SandboxError(f"there is no isolation level {level}", f"Levels are {LEVELS}")
    reasons: list[str] = []
    for candidate in LEVELS if level is None else (level,):
        finding = attempt(candidate)
        if finding.isolation is not None:
            return _with_reasons(finding.isolation, reasons)
        reasons.append(f"level {candidate}: {finding.reason}")
    raise SandboxError("this machine cannot hold a sandbox: " + "; ".join(reasons), REMEDY)


def _with_reasons(isolation: Isolation, reasons: list[str]) -> Isolation:
    return Isolation(
        backend=isolation.backend,
        level=isolation.level,
        name=isolation.name,
        details=isolation.details,
        missing=(*isolation.missing, *reasons),
    )


def _try_again(level: int) -> tuple[Isolation, dict[str, bool]]:
    """A level is not given up because somebody killed the box that tried it."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(SandboxLost):
            return _try(level)
    return _try(level)


def _try(level: int) -> tuple[Isolation, dict[str, bool]]:
    with tempfile.TemporaryDirectory(prefix="bait-") as folder, _sockets(Path(folder)) as bait:
        zygote = Zygote(level, preload=False)
        try:
            spec = BoxSpec(Limits(memory=256))
            with LinuxBox(zygote, spec, 0, {}, trial=bait.trial()) as box:
                return _describe(level, box, zygote), box.attempts
        finally:
            zygote.close()


def _describe(level: int, box: LinuxBox, zygote: Zygote) -> Isolation:
    landlock = any(wall.startswith("landlock") for wall in box.walls)
    memory = GROUPED if box.grouped else MEMORY
    details = (*((SPACES,) if level == 3 else ()), *box.walls, memory)
    missing: tuple[str, ...] = () if level == 3 else MISSING_AT_2
    if not landlock:
        missing += ("Landlock: this kernel does not have it",)
    if zygote.capabilities:
        missing += ("a user that cannot pass closed folders: Python is installed in one",)
    name = "isolated" if level == 3 else "confined"
    return Isolation("linux", level, name, details, missing)


class _sockets:  # noqa: N801  (a context, used like a function)
    """Bait: a secret file, this process, and two listening sockets."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._abstract = f"bait-{os.getpid()}-{folder.name}"
        self._open: list[socket.socket] = []

    def __enter__(self) -> _sockets:
        (self._folder / "secret").write_text("the expected values")
        for folder in (self._folder, self._folder / "secret"):
            folder.chmod(0o755)  # so that only the walls protect it
        for address in ("\0" + self._abstract, str(self._folder / "path")):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(address)
            listener.listen()
            self._open.append(listener)
        (self._folder / "path").chmod(0o777)
        return self

    def trial(self) -> dict[str, object]:
        """What the guest is told to go for."""
        return {
            "file": str(self._folder / "secret"),
            "path": str(self._folder / "path"),
            "abstract": self._abstract,
            "pid": os.getpid(),
        }

    def __exit__(self, *_: object) -> None:
        for listener in self._open:
            listener.close()
