"""What the watchdog is too slow to see, the machine ends itself; nothing is left of a group."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grader.course import Limits
from grader.result import Verdict
from grader.sandbox import BoxSpec, groups
from tests.sandbox.conftest import IN_MANY_PROCESSES, STRONGEST, opened_at, run_cell

HOME = groups.home() or Path("nowhere")
pytestmark = pytest.mark.skipif(
    not HOME.exists(), reason="this machine has no control group for us; root mostly has"
)
GREEDY = "import time; kept = bytearray({size} << 20); time.sleep(30)"


@pytest.fixture(scope="module", params=STRONGEST, ids=["strongest", "confined"])
def sandbox(request):
    yield from opened_at(request.param)


def left():
    """Groups of this process; others may be grading beside it."""
    return sorted(HOME.glob(f"dl-grader-{os.getpid()}-*"))


def grown(group, size):
    with subprocess.Popen([sys.executable, "-c", GREEDY.format(size=size)]) as process:
        group.admit(process.pid)
        try:
            return process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            return None


def test_a_process_that_takes_more_is_ended_and_it_is_known():
    with groups.Group(64, HOME) as group:
        assert grown(group, 16) is None
        assert not group.overdrawn()
        assert grown(group, 200) == -signal.SIGKILL
        assert group.overdrawn()
    assert group.overdrawn()
    assert not left()


def test_a_process_that_has_ended_is_no_error():
    with subprocess.Popen(["true"]) as process:
        process.wait()
        with groups.Group(64, HOME) as group:
            group.admit(process.pid)


def test_groups_of_a_grader_that_was_killed_are_removed():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    ours = HOME / f"dl-grader-{os.getpid()}-0"
    theirs = HOME / f"dl-grader-{process.pid}-1"
    for folder in (ours, theirs):
        folder.mkdir()
    groups.home.cache_clear()
    groups.home()
    assert ours.exists()
    assert not theirs.exists()
    ours.rmdir()


def test_a_box_is_held_in_sum_at_every_moment(sandbox, blind):
    limits = Limits(memory=256, disk=16)
    with sandbox.open(BoxSpec(limits)) as box:
        with pytest.raises(RuntimeError, match="the kernel is gone"):
            run_cell(box, IN_MANY_PROCESSES, timeout=20)
        fault = box.fault()
        assert not box.lost()
    assert fault is not None
    assert fault.verdict is Verdict.MEMORY_LIMIT_EXCEEDED
    assert "256 MiB" in fault.diagnosis.message.en
    assert not left()


def test_files_in_memory_do_not_count_against_what_programs_may_use(sandbox):
    """Of 256 MiB of memory and 256 MiB of files."""
    code = """
with open("large", "wb") as file:
    for _ in range(200): file.write(bytes(1 << 20))
kept = b"x" * (100 << 20)
print(len(kept) >> 20)
"""
    with sandbox.open(BoxSpec(Limits(memory=256, disk=256))) as box:
        assert run_cell(box, code) == "100"
        assert box.fault() is None
