"""A round that is killed half-way and started again ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from grader.gradebook import Gradebook
from tests.tiny import RIGHT, hand_in

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
SLOW = "import time\ntime.sleep(0.5)"


def round_of(course: Path) -> list[str]:
    command = [sys.executable, "-m", "grader", "-C", str(course)]
    return [*command, "grade", "tiny", "--sandbox", "plain", "--jobs", "2"]


def graded(course: Path) -> dict[str, tuple[object, ...]]:
    with Gradebook(course / "gradebook.db") as book:
        return {
            row.student: (row.outcome.verdict, row.outcome.earned, row.key)
            for row in book.current_results("tiny")
        }


def rows(course: Path) -> int:
    with Gradebook(course / "gradebook.db") as book:
        return sum(len(book.history(s, "tiny")) for s in graded(course))


@pytest.mark.slow
def test_sigkill_half_way_loses_nothing(course_folder, tmp_path):
    wrong = RIGHT.replace("* 0.5", "* 1.0")
    for n in range(6):
        hand_in(course_folder, f"s{n}", wrong if n % 2 else RIGHT, SLOW)
    secret = course_folder / ".grader"
    secret.mkdir(mode=0o700)
    (secret / "secret").write_text("ab" * 32)
    (secret / "secret").chmod(0o600)
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(course_folder, undisturbed)

    first = subprocess.Popen(round_of(course_folder), start_new_session=True)
    workers: list[psutil.Process] = []
    for _ in range(1200):
        time.sleep(0.05)
        with contextlib.suppress(Exception):
            if len(graded(course_folder)) >= 2:
                break
    workers = psutil.Process(first.pid).children(recursive=True)
    first.send_signal(signal.SIGKILL)
    first.wait()
    kept = graded(course_folder)
    assert 2 <= len(kept) < 6
    assert psutil.wait_procs(workers, timeout=20)[1] == []

    assert subprocess.run(round_of(course_folder), check=False).returncode == 0
    assert subprocess.run(round_of(undisturbed), check=False).returncode == 0
    assert graded(course_folder) == graded(undisturbed)
    assert rows(course_folder) == 6
