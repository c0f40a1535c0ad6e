"""CPU time of processes and of everything they start, those killed included.

What the kernel of a killed box has used is in no parent's account, because nobody waits for the
members of a pid namespace that ends; `getrusage` would flatter us. A control group misses nobody.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NUMBERS = itertools.count(1)


class Account:
    """A control group and what its processes have used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def enter(self) -> None:
        """Move the calling process in; what it starts will be in it, too."""
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))

    def seconds(self) -> float:
        """CPU seconds so far."""
        old = self._folder / "cpuacct.usage"
        if old.exists():
            return int(old.read_text()) / 1e9
        fields = dict(
            line.split() for line in (self._folder / "cpu.stat").read_text().splitlines()
        )
        return int(fields["usage_usec"]) / 1e6


@contextmanager
def account() -> Iterator[Account]:
    """A new, empty account.

    Raises:
        RuntimeError: no control group can be made here; being root helps.
    """
    for home in _homes():
        folder = home / f"benchmark-{os.getpid()}-{next(_NUMBERS)}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            yield Account(folder)
        finally:
            for pid in (folder / "cgroup.procs").read_text().split():
                with contextlib.suppress(OSError):
                    (home / "cgroup.procs").write_text(pid)
            with contextlib.suppress(OSError):
                folder.rmdir()
        return
    raise RuntimeError("no control group can be made here: measure as root")


def _homes() -> Iterator[Path]:
    """Groups of this process in which another can be made: version 1, then version 2."""
    root = Path("/sys/fs/cgroup")
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "cpuacct" or "cpuacct" in controllers.split(","):
            yield root / controllers / path.lstrip("/")
        if not controllers:
            yield root / path.lstrip("/")
