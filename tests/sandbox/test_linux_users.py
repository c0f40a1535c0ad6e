"""The attacks once more, where the grader itself is an ordinary user."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
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


@pytest.mark.slow
@pytest.mark.parametrize("level", ["isolated", "confined"])
def test_an_ordinary_user_has_the_same_walls(level, tmp_path):
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("needs root, to become an ordinary user; an ordinary user has run them above")
    if not os.access(REPOSITORY, os.R_OK | os.X_OK) or not REPOSITORY.stat().st_mode & 0o005:
        pytest.skip("the repository is closed to others")
    aside = tmp_path / "aside"
    aside.mkdir()
    done = subprocess.run(
        [
            *(sys.executable, "-c", textwrap.dedent(BECOME), str(aside)),
            *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "-x"),
            *("--confcutdir", "tests/sandbox", "tests/sandbox/test_linux.py"),
            *("-k", f"{level} and not home"),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout.splitlines()[-1]
