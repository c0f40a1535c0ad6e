"""Two commands that grade one assignment at once: a clear line, and nothing lost."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from grader.config import load_course
from grader.errors import GraderError
from grader.gradebook import Gradebook
from grader.underway import alone
from tests.tiny import RIGHT, hand_in

HOLD = """
import sys, time
from pathlib import Path
from grader.config import load_course
from grader.underway import alone
with alone(load_course(Path(sys.argv[1])), "tiny"):
    print("holding", flush=True)
    time.sleep(120)
"""


def command(course, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "grader", "-C", course, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def round_of(course, what="grade"):
    return command(course, what, "tiny", "--sandbox", "plain", "--jobs", "1")


@pytest.mark.slow
def test_the_second_round_says_so_and_the_first_loses_nothing(course_folder):
    for student in "s1", "s2":
        hand_in(course_folder, student, RIGHT, "import time\ntime.sleep(4)")
    first = round_of(course_folder)
    note = course_folder / ".grader" / "grading-tiny.txt"
    while not note.exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.05)
    for what in "grade", "regrade":
        second = round_of(course_folder, what)
        out, error = second.communicate(timeout=60)
        assert first.poll() is None, "the first was too quick for this test"
        assert (second.returncode, out) == (1, "")
        assert re.fullmatch(
            rf"grader: tiny is being graded by another command \(process {first.pid} on .*, "
            r"since \d\d:\d\d:\d\d\)\. Nothing was changed; when that has ended, the same command "
            r"grades what is left\n",
            error,
        ), error
    first.communicate(timeout=120)
    assert first.returncode == 0
    with Gradebook(course_folder / "gradebook.db") as book:
        assert [len(book.history(s, "tiny")) for s in ("s1", "s2")] == [1, 1]
    assert not note.exists()


def test_whoever_is_killed_is_in_nobody_s_way(course_folder):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, course_folder], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "holding\n"
    course = load_course(course_folder)
    with pytest.raises(GraderError, match=f"process {holder.pid} on "), alone(course, "tiny"):
        pass
    with alone(course, "other"):  # another assignment has nothing to do with it
        pass
    os.kill(holder.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    holder.communicate()
    with alone(course, "tiny"):
        note = course.private / "grading-tiny.txt"
        assert note.read_text().startswith(f"process {os.getpid()} on ")
    assert not note.exists()


def test_a_round_that_fails_gives_its_place_back(course_folder):
    course = load_course(course_folder)
    with pytest.raises(KeyError), alone(course, "tiny"):
        raise KeyError
    with alone(course, "tiny"):
        pass
