"""Control groups: the kernel of the machine holds the memory of a box, where it lets us.

The watchdog adds up what a box uses and says so in our words, but it looks some ten times a
second, and what is taken in between is real. A control group holds at every moment. It is the
backstop: its limit is what memory, files and shared memory may come to together, so that it ends
only what the watchdog would have ended a moment later, and no verdict depends on whether there is
one.

Both versions of the interface are spoken; they are described in the kernel's documentation,
admin-guide/cgroup-v1/memory.rst and admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader.closing import Closing
from grader.course import Limits
from grader.errors import SandboxError

MIB = 1024 * 1024
SLACK = 64
"""MiB for what the kernel itself keeps for a box: page tables, pipes, sockets."""
PATIENCE = 1.0
"""Seconds until the last process of a box must be out of the books."""
_PREFIX = "dl-grader"
_NUMBERS = itertools.count(1)


class Group(Closing):
    """A group whose processes may use so much memory together.

    Args:
        size: in MiB, of everything that is charged to them: their own pages, files in memory,
            and what the kernel keeps for them.
        parent: the group to make it in.

    Raises:
        OSError: the kernel of the machine does not let us.
    """

    def __init__(self, size: int, parent: Path) -> None:
        self._folder = parent / f"{_PREFIX}-{os.getpid()}-{next(_NUMBERS)}"
        self._overdrawn = False
        self._folder.mkdir()
        try:
            self._limit(size * MIB)
        except OSError:
            self.close()
            raise

    def _limit(self, size: int) -> None:
        version_2 = (self._folder / "memory.max").exists()
        limit = "memory.max" if version_2 else "memory.limit_in_bytes"
        # What is swapped out is used all the same. Version 1 counts both together.
        swap = "memory.swap.max" if version_2 else "memory.memsw.limit_in_bytes"
        (self._folder / limit).write_text(str(size))
        if (self._folder / swap).exists():
            (self._folder / swap).write_text("0" if version_2 else str(size))

    def admit(self, pid: int) -> None:
        """Take in a process; what it starts from now on belongs to the group, too.

        Raises:
            OSError: the kernel of the machine does not let us; a process that has ended is no
                error.
        """
        with contextlib.suppress(ProcessLookupError):
            (self._folder / "cgroup.procs").write_text(str(pid))

    def overdrawn(self) -> bool:
        """Whether the kernel of the machine has ended a process of the group for its memory."""
        if not self._overdrawn:
            self._overdrawn = any(self._kills())
        return self._overdrawn

    def _kills(self) -> Iterator[int]:
        for name in ("memory.events", "memory.oom_control"):  # of version 2, of version 1
            with contextlib.suppress(OSError):
                for line in (self._folder / name).read_text().splitlines():
                    if line.startswith("oom_kill "):
                        yield int(line.split()[1])

    def close(self) -> None:
        """Remove the group; its processes have ended. May be called twice."""
        self.overdrawn()
        deadline = time.monotonic() + PATIENCE
        while self._folder.exists():
            try:
                self._folder.rmdir()
            except OSError:  # a process that is gone may be in the books a moment longer
                if time.monotonic() > deadline:
                    return  # the next grader clears it away
                time.sleep(0.005)


def group_for(limits: Limits) -> Group | None:
    """A group for a box with these limits; None where the machine has none for us.

    Raises:
        SandboxError: there are groups here, and yet this one cannot be made.
    """
    parent = home()
    if parent is None:
        return None
    shared = max(limits.disk, limits.memory // 8)  # as `grader/guest/isolate.py` mounts it
    try:
        return Group(limits.memory + limits.disk + shared + SLACK, parent)
    except OSError as error:
        raise SandboxError(f"a box cannot be given a control group: {error}") from error


@cache
def home() -> Path | None:
    """The group that ours can be made in, found by trying; None: there is none."""
    for parent in _candidates():
        try:
            _try(parent)
        except OSError:
            continue
        _clear(parent)
        return parent
    return None


def _try(parent: Path) -> None:
    """Make a group, move a process there, end both."""
    with Group(SLACK, parent) as group:
        process = subprocess.Popen(["/bin/sleep", "60"], env={})
        try:
            group.admit(process.pid)
        finally:
            process.kill()
            process.wait()


def _clear(parent: Path) -> None:
    """Remove the groups of graders that were killed."""
    for left in parent.glob(f"{_PREFIX}-*"):
        owner = left.name.split("-")[2]
        if not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                left.rmdir()


def _candidates() -> Iterator[Path]:
    """Groups that might let us, the nearest to our own first, so that its limits go on holding."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        own = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    ours = {names: place for _, names, place in (line.split(":", 2) for line in own)}
    for line in mounts:
        fields, (kind, _, options) = _mount(line)
        root, point = fields[3], Path(fields[4])
        if kind == "cgroup" and "memory" in options.split(","):
            place = next((p for names, p in ours.items() if "memory" in names.split(",")), "/")
            yield point / _below(place, root)
        elif kind == "cgroup2":
            nearest = point / _below(ours.get("", "/"), root)
            for group in (nearest, *nearest.parents):
                if group.is_relative_to(point) and _hands_down_memory(group):
                    yield group


def _mount(line: str) -> tuple[list[str], list[str]]:
    """The fields of a mount before and after the dash; see proc(5)."""
    before, _, after = line.partition(" - ")
    return before.split(), after.split(maxsplit=2)


def _below(place: str, root: str) -> str:
    """Our place in the tree of groups, seen from where the tree is mounted."""
    return os.path.relpath(place, root) if Path(place).is_relative_to(root) else "."


def _hands_down_memory(group: Path) -> bool:
    with contextlib.suppress(OSError):
        return "memory" in (group / "cgroup.subtree_control").read_text().split()
    return False
