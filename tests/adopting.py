"""Who descends from this process, orphans included: what tests may count and end.

Other processes of the same user, such as those of a test run beside this one, are left alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys

import psutil

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on a descendant whose parent ends stays a descendant."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants() -> set[tuple[int, float]]:
    """Number and time of birth of every descendant that runs."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.add((process.pid, process.create_time()))
    return found
