"""Runs Python as an ordinary user, for tests that root runs."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
UID = 123456
BECOME = f"""
import os, sys
sys.path.insert(0, {str(REPOSITORY / "grader" / "guest")!r})
import linuxcalls as linux

# A Python inside root's closed home is shown, alone, to everybody in this mount namespace.
linux.unshare(linux.NEWNS)
linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)
home = "/root/"
if os.path.realpath(sys.executable).startswith(home):
    prefix = sys.base_prefix
    aside = sys.argv[1]
    linux.mount(prefix, aside, None, linux.MS_BIND)
    linux.mount("tmpfs", home, "tmpfs", 0, "mode=755")
    os.makedirs(prefix)
    linux.mount(aside, prefix, None, linux.MS_BIND)
os.setgroups([])
os.setresgid({UID}, {UID}, {UID})
os.setresuid({UID}, {UID}, {UID})
os.environ["HOME"] = "/nowhere"
os.execv(sys.executable, [sys.executable, "-P", *sys.argv[2:]])
"""


def cannot() -> str:
    """Why there is no becoming an ordinary user; empty if there is."""
    if sys.platform != "linux" or os.getuid() != 0:
        return "needs root, to become an ordinary user; an ordinary user is one already"
    if not os.access(REPOSITORY, os.R_OK | os.X_OK) or not REPOSITORY.stat().st_mode & 0o005:
        return "the repository is closed to others"
    return ""


def command(aside: Path, *arguments: str) -> list[str]:
    """The command line that runs Python with `arguments` as an ordinary user.

    Args:
        aside: an empty folder, on which the interpreter is mounted meanwhile.
        arguments: of the interpreter; the current folder should be `REPOSITORY`.
    """
    return [sys.executable, "-c", textwrap.dedent(BECOME), str(aside), *arguments]
