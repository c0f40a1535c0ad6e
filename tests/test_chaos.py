"""Whatever is killed while a class is graded, in the end the gradebook is that of a quiet day.

`--chaos N` kills N of each kind, in as many rounds as that takes, and prints what it did.
"""

from __future__ import annotations

import contextlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest

from grader.errors import SandboxError
from grader.gradebook import Gradebook
from grader.repetition import timeless
from tests.tiny import RIGHT, hand_in

if sys.platform != "linux":
    pytest.skip("the linux sandbox is Linux's", allow_module_level=True)

KINDS = ("copy", "kernel", "warden", "zygote", "launcher", "worker", "coordinator")
"""What there is to kill, from the inside out: the answering copy of a kernel comes first."""
ASKED = ("kernel", "zygote", "worker", "coordinator")
"""What is killed by default."""
SHORT = ("copy", "kernel", "warden")
"""Those that live for a tenth of a second."""
NAME = "import ctypes\nctypes.CDLL(None).prctl(15, b's{:02}', 0, 0, 0)"
"""Names the kernel's process, and with it its copies, after the student."""
VARIANTS = (
    RIGHT,
    RIGHT.replace("* 0.5", "* 1.0"),
    RIGHT.replace("factor * x", "factor + x"),
    RIGHT.replace("2 * half_square(x)", "half_square(x)"),
    RIGHT.replace("return (x * x)", "raise ValueError(x)"),
    RIGHT.replace("return (x * x)", "import os; os._exit(0)"),
    RIGHT + "\nraise RuntimeError",
    RIGHT.replace("def scaled", "def renamed"),
    "def half_square(x): raise NotImplementedError",
    RIGHT + "\nimport os; os._exit(0)",
)


def write_class(course, size):
    """A class of right, wrong and crashing submissions, each a little different."""
    for n in range(size):
        hand_in(course, f"s{n:02}", NAME.format(n), VARIANTS[n % len(VARIANTS)], "import math")
    (course / ".grader").mkdir(mode=0o700)
    secret = course / ".grader" / "secret"
    secret.write_text("ab" * 32)
    secret.chmod(0o600)


def gradings(course):
    """What the gradebook says of everybody, but for time and memory."""
    with Gradebook(course / "gradebook.db") as book:
        return {result.student: timeless(result) for result in book.results("tiny")}


def start(course):
    command = [sys.executable, "-m", "grader", "-C", str(course), "grade", "tiny", "--jobs", "2"]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def parts(coordinator):
    """The living processes of a batch: kind → processes."""
    found = {kind: [] for kind in KINDS}
    found["coordinator"] = [coordinator]
    with contextlib.suppress(psutil.Error):
        children = coordinator.children()
        found["worker"] = [p for p in children if "spawn_main" in " ".join(p.cmdline())]
    generation = found["worker"]
    for kind in ("launcher", "zygote", "warden", "kernel", "copy"):
        below = []
        for process in generation:
            with contextlib.suppress(psutil.Error):
                below += process.children()
        found[kind] = generation = below
    return found


class Chaos:
    """Kills parts of batches, so many of each kind, in an order and at moments of a seed."""

    def __init__(self, seed, each):
        self.random = random.Random(seed)  # noqa: S311  (moments, not secrets)
        self.pause = 1.0 if each > 1 else 0.4
        """Seconds between two kills, at most."""
        self.struck = set()
        """Whose kernel has been killed: a second time it would be the submission's own doing."""
        self.left = [kind for kind in (KINDS if each > 1 else ASKED) for _ in range(each)]
        self.random.shuffle(self.left)
        self.killed = Counter()
        self.starts = 0

    def grade(self, course):
        """Grade a class under fire: killed batches are started again, as a person would."""
        self.struck.clear()
        while True:
            self.starts += 1
            with start(course) as batch:
                done = self.harass(batch)
                said = batch.stderr.read().decode()
            if done:
                return said

    def harass(self, batch):
        """Kill parts of one batch until it ends; whether it ended by itself."""
        coordinator = psutil.Process(batch.pid)
        family = {coordinator}
        ready = 0.0
        while batch.poll() is None:
            time.sleep(0.01)
            if not self.left or time.monotonic() < ready:
                continue
            there = parts(coordinator)
            family.update(p for some in there.values() for p in some)
            # One that is not there now is put off: there may be no time left for it in this batch.
            kind = next((k for k in self.left[:3] if there[k] and there["worker"]), None)
            if kind is None:
                continue
            time.sleep(self.random.uniform(0, 0.04 if kind in SHORT else 0.4))
            with contextlib.suppress(psutil.Error):
                victim = self.random.choice(there[kind])
                name = victim.name()
                if kind in ("copy", "kernel") and name in self.struck:
                    continue
                victim.send_signal(signal.SIGKILL)
                self.struck |= {name} if re.fullmatch(r"s\d\d", name) else set()
                self.left.remove(kind)
                self.killed[kind] += 1
            ready = time.monotonic() + self.random.uniform(0, self.pause)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
        return batch.returncode >= 0


@pytest.mark.slow
def test_nothing_is_lost(course_folder, tmp_path, request, capsys):
    try:
        from grader.sandbox.probe import isolation_at

        isolation_at(None)
    except SandboxError as error:
        pytest.skip(f"no linux sandbox here: {error}")
    each = request.config.getoption("--chaos")
    chaos = Chaos(seed=each, each=each or 1)
    write_class(course_folder, 30 if each else 8)
    quiet = tmp_path / "quiet"
    shutil.copytree(course_folder, quiet)
    with start(quiet) as batch:
        batch.communicate()
    expected = gradings(quiet)
    rounds = 0
    while chaos.left:
        course = tmp_path / f"round-{rounds}"
        shutil.copytree(course_folder, course)
        chaos.grade(course)
        with start(course) as batch:  # what ended in a judge_error is graded again by this
            said = batch.communicate()[1].decode()
        assert batch.returncode == 0, said
        assert gradings(course) == expected
        rounds += 1
        if each:
            with capsys.disabled():
                sys.stdout.write(f"round {rounds}: {chaos.starts} starts, {dict(chaos.killed)}\n")
        else:
            break
    assert chaos.killed
