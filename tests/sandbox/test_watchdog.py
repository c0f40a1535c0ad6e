"""Sums over a process tree, in plain processes without any sandbox."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from grader.course import Limits
from grader.errors import (
    MemoryLimitExceeded,
    OutputLimitExceeded,
    RunTimeError,
    TimeLimitExceeded,
)
from grader.sandbox.watchdog import Watchdog

SLEEPERS = """
import subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
children = [subprocess.Popen(sleep) for _ in "abcd"]
print("ready", flush=True)
time.sleep(60)
"""
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("ready", flush=True)
        time.sleep(60)
    sys.stdin.readline()
    os._exit(0)
os.wait()
"""


@contextlib.contextmanager
def watched(code, limits, **options):
    """A watchdog over a Python process, the list of what it reported, and the process."""
    reported = []
    command = [sys.executable, "-c", textwrap.dedent(code)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        watchdog = Watchdog(lambda: process.pid, limits, reported.append, **options)
        watchdog.start()
        try:
            yield watchdog, reported, process
        finally:
            for pid in watchdog.members():
                with contextlib.suppress(psutil.Error):
                    psutil.Process(pid).kill()
            process.kill()
            watchdog.stop()


def wait_for(reported, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not reported:
        assert time.monotonic() < deadline, "nothing was reported"
        time.sleep(0.02)
    return reported[0]


def test_memory():
    code = "import time; kept = bytearray(b'x') * (200 << 20); time.sleep(60)"
    with watched(code, Limits(memory=100)) as (watchdog, reported, _):
        assert isinstance(wait_for(reported), MemoryLimitExceeded)
        assert watchdog.fault is reported[0]
        assert 100 < watchdog.usage().memory < 300


def test_cpu_time():
    with watched("while True: pass", Limits(cpu_time=0.3)) as (watchdog, reported, _):
        fault = wait_for(reported)
        assert isinstance(fault, TimeLimitExceeded)
        assert "0.3" in fault.diagnosis.message.zh
        assert watchdog.usage().cpu_time > 0.3


def test_cpu_time_of_children_that_ended():
    code = """
    import subprocess, sys, time
    work = "import time\\nwhile time.process_time() < 0.3: pass"
    for _ in range(3):
        subprocess.run([sys.executable, "-c", work])
    time.sleep(60)
    """
    with watched(code, Limits(cpu_time=0.8)) as (_, reported, _):
        assert isinstance(wait_for(reported), TimeLimitExceeded)


def test_processes():
    with watched(SLEEPERS, Limits(processes=3)) as (_, reported, _):
        fault = wait_for(reported)
        assert isinstance(fault, RunTimeError)
        assert fault.diagnosis.code == "process_limit"


def test_the_root_need_not_count():
    options = {"charge_root": False}
    with watched(SLEEPERS, Limits(processes=4), **options) as (watchdog, reported, process):
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        assert not reported
        assert len(watchdog.members()) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="no daemons")
def test_who_left_the_tree_is_remembered():
    with watched(DAEMON, Limits()) as (watchdog, _, process):
        process.stdout.readline()
        assert len(watchdog.members()) == 3
        process.stdin.write("end\n")
        process.stdin.flush()
        process.wait()
        assert len(watchdog.members()) == 1


@pytest.mark.parametrize("fill", ["size", "files", "depth"])
def test_a_full_folder(tmp_path, fill):
    if fill == "size":
        (tmp_path / "large").write_bytes(b"x" * (2 << 20))
    elif fill == "files":
        for number in range(17000):
            (tmp_path / str(number)).touch()
    else:
        tmp_path.joinpath(*["d"] * 120).mkdir(parents=True)
    code = "import time; time.sleep(60)"
    with watched(code, Limits(disk=1), folder=tmp_path) as (_, reported, _):
        assert isinstance(wait_for(reported), OutputLimitExceeded)


def test_within_the_limits_nothing_is_reported(tmp_path):
    (tmp_path / "small").write_text("x")
    (tmp_path / "link").symlink_to("/usr")
    code = "import time; time.sleep(60)"
    with watched(code, Limits(), folder=tmp_path) as (watchdog, reported, _):
        time.sleep(0.3)
        watchdog.stop()
        watchdog.stop()
        assert not reported
        assert watchdog.fault is None
        assert 0 < watchdog.usage().wall_time < 5
