"""`grader grade` on a small class: what is graded, what is not graded again, what is kept."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.gradebook import Gradebook
from tests.once import once
from tests.tiny import RIGHT, hand_in, write_course

pytestmark = pytest.mark.slow
WRONG = RIGHT.replace("* 0.5", "")
CLASS = {"s1": RIGHT, "s2": WRONG, "s3": "raise ValueError('no')", "s4": RIGHT + "\n1 / 0"}


@dataclass(frozen=True)
class Printed:
    """What a command printed and how it ended."""

    stdout: str
    stderr: str
    exit_code: int


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """A class that has been graded once, and what was printed."""
    root = once(tmp_path_factory, "graded", grade_class)
    return root, Printed(**json.loads((root / "printed.json").read_text("utf-8")))


def grade_class(root):
    write_course(root)
    for student, source in CLASS.items():
        hand_in(root, student, source)
    done = run(root, "grade", "tiny")
    printed = Printed(done.stdout, done.stderr, done.exit_code)
    (root / "printed.json").write_text(json.dumps(asdict(printed)), "utf-8")


@pytest.fixture
def course(graded, tmp_path):
    """A copy of the graded class, to go on from."""
    return Path(shutil.copytree(graded[0], tmp_path / "course"))


def command(root, *arguments):
    return ["--course", str(root), *arguments, "--sandbox", "plain", "--jobs", "2"]


def run(root, *arguments):
    return CliRunner().invoke(main, command(root, *arguments))


def kept(root):
    """What the gradebook says of each student, but for times and costs."""
    with Gradebook(root / "gradebook.db") as book:
        return {
            row.student: (
                row.attempt,
                row.outcome.verdict,
                row.outcome.earned,
                [(c.id, c.verdict, c.earned) for c in book.result(row.student, "tiny").checks],
                len(book.history(row.student, "tiny")),
            )
            for row in book.current_results("tiny")
        }


def test_the_table(graded):
    _, result = graded
    assert result.exit_code == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["student", "verdict", "points", "misconceptions", "seconds"]
    assert lines[1][:3] == ["s1", "accepted", "18/18"]
    assert lines[2][:3] == ["s2", "wrong", "answer"]
    assert lines[3][0] == "s3"
    assert lines[4][:3] == ["s4", "accepted", "18/18"]


def test_progress_goes_to_stderr_as_lines(graded):
    lines = graded[1].stderr.splitlines()
    assert lines[0] == "4 submissions to grade, 0 current; sandbox plain, level 0 (plain)"
    assert {line.split()[0] for line in lines[1:]} == {"[1/4]", "[2/4]", "[3/4]", "[4/4]"}


def test_what_is_current_is_left_alone(course):
    before = kept(course)
    result = run(course, "grade", "tiny")
    assert result.exit_code == 0
    assert result.stdout == "Nothing to grade: every submission has a current result.\n"
    assert result.stderr.startswith("0 submissions to grade, 4 current;")
    assert kept(course) == before


def test_what_has_changed_is_graded(course):
    hand_in(course, "s3", RIGHT)
    result = run(course, "grade", "tiny", "--json")
    told = json.loads(result.stdout)
    assert [line["student"] for line in told["graded"]] == ["s3"]
    assert told["graded"][0]["earned"] == "18"
    assert {line["student"] for line in told["current"]} == {"s1", "s2", "s4"}
    assert kept(course)["s3"][-1] == 2


def test_again_and_only_some(course):
    result = run(course, "grade", "tiny", "s1", "--again")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["student", "s1"]
    assert kept(course)["s1"][-1] == 2


def test_our_fault_is_no_zero_and_is_tried_again(course):
    test = course / "hidden_tests" / "tiny" / "test_q1.py"
    whole = test.read_text()
    test.write_text(whole.replace("x = draw.normal(6)", "x = draw.normals(6)"))
    result = run(course, "grade", "tiny", "s1")
    assert result.exit_code == 1
    assert "judge error" in result.stdout
    assert result.stderr.splitlines()[-1] == (
        "grader: judge_error on 1 submission: s1. No points of it are decided; "
        "`grader show STUDENT --evidence` says what broke"
    )
    assert run(course, "grade", "tiny", "s1").stderr.startswith("1 submission to grade, 0 current")
    shown = CliRunner().invoke(main, ["-C", str(course), "show", "s1", "tiny", "--evidence"])
    assert "has no attribute 'normals'" in shown.stdout


@pytest.mark.parametrize(
    ("kill", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)]
)
def test_a_round_that_was_stopped_is_gone_on_with(graded, course, kill, code):
    whole = kept(graded[0])
    for name in course.glob("gradebook.db*"):
        name.unlink()
    argv = [sys.executable, "-m", "grader", *command(course, "grade", "tiny")]
    first = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_results(course / "gradebook.db")
    family = psutil.Process(first.pid).children(recursive=True)
    first.send_signal(kill)
    _, said = first.communicate(timeout=120)
    assert first.returncode == code
    if kill == signal.SIGINT:
        assert "finishing what is being graded; Ctrl-C again stops at once" in said
        assert "The same command goes on from here" in said
    assert psutil.wait_procs(family, timeout=20)[1] == []
    assert kept(course)
    assert kill == signal.SIGINT or len(kept(course)) < len(CLASS)
    assert run(course, "grade", "tiny").exit_code == 0
    assert kept(course) == whole


def wait_for_results(path):
    for _ in range(600):
        time.sleep(0.1)
        if path.exists():
            with closing(sqlite3.connect(path)) as connection:
                try:
                    if connection.execute("SELECT count(*) FROM results").fetchone()[0]:
                        return
                except sqlite3.OperationalError:
                    continue
    pytest.fail("nothing was graded in a minute")
