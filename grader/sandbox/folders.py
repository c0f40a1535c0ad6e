"""The temporary folders of zygotes: locked by their owner, and removed when the owner is gone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
import weakref
from pathlib import Path

from grader.sandbox.removal import remove

PREFIX = "grader-"
LONGEST = 70
"""Characters of a name; the paths of sockets in it may have 107."""
YOUNG = 60.0
"""Seconds in which a folder may not have been locked yet."""


class Folder:
    """A new folder, removed by `close`, and at the latest at the end of the program."""

    def __init__(self) -> None:
        parent = Path(tempfile.gettempdir())
        if len(str(parent)) > LONGEST - len(PREFIX) - 8:
            parent = Path("/tmp")  # noqa: S108  (mkdtemp makes a folder that is only ours)
        _sweep(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        if os.geteuid() == 0:
            self.path.chmod(0o711)  # boxes of the spare user pass through it
        lock = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.close = weakref.finalize(self, _release, self.path, lock)


def _release(path: Path, lock: int) -> None:
    remove(path)
    os.close(lock)


def _sweep(parent: Path) -> None:
    """Remove what graders that were killed have left behind."""
    for path in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            if status.st_uid == os.geteuid() and time.time() - status.st_mtime > YOUNG:
                _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(path)
    finally:
        os.close(lock)
