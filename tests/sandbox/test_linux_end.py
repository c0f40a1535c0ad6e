"""However a box ends, and whoever is killed, no process of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from grader.course import Limits
from grader.errors import (
    MemoryLimitExceeded,
    OutputLimitExceeded,
    RunTimeError,
    SandboxError,
    TimeLimitExceeded,
)
from grader.sandbox import BoxSpec
from tests.adopting import adopt_orphans, descendants

DAEMON = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                time.sleep(1)
        os._exit(0)
print("ready")
"""


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


@pytest.fixture
def nobody_left(sandbox):
    """Afterwards nothing more descends from us than before."""
    adopt_orphans()
    with sandbox.open(BoxSpec(Limits())):
        pass
    wait_until(lambda: not boxes_of(sandbox))
    before = descendants()
    yield
    wait_until(lambda: descendants() <= before)


def boxes_of(sandbox):
    launcher = psutil.Process(sandbox._zygote._process.pid)
    below = launcher.children(recursive=True)
    return [p for p in below if _runs(p) and _parent(p) != launcher.pid]


def _parent(process):
    try:
        return process.ppid()
    except psutil.Error:
        return None


def test_daemons_die_with_the_box(sandbox, run, nobody_left):
    with sandbox.open(BoxSpec(Limits())) as box:
        assert run(box, DAEMON).endswith("ready")
        started = time.monotonic()
        box.kill()
        assert time.monotonic() - started < 2
        assert not boxes_of(sandbox)
        assert not box.alive()
        assert box.fault() is None


@pytest.mark.parametrize(
    "death",
    [
        "import os; os._exit(3)",
        "import os; os.kill(os.getpid(), 9)",
        "import ctypes; ctypes.string_at(0)",
        "import os; os.closerange(0, 1024); os.abort()",
    ],
)
def test_daemons_die_with_the_kernel(sandbox, run, nobody_left, death):
    with sandbox.open(BoxSpec(Limits())) as box:
        run(box, DAEMON)
        with pytest.raises((TimeoutError, RuntimeError)):
            run(box, death, timeout=2)
        wait_until(lambda: not box.alive())
        wait_until(lambda: not boxes_of(sandbox))
        assert box.fault() is None


def test_a_box_can_be_killed_twice_and_while_it_computes(sandbox, nobody_left):
    with sandbox.open(BoxSpec(Limits())) as box:
        box.kill()
        box.kill()
        box.close()
        assert not box.alive()
    assert box.usage().wall_time > 0


@pytest.mark.slow
@pytest.mark.parametrize("level", [3, 2])
@pytest.mark.parametrize("victim", ["grader", "zygote"])
def test_nothing_survives_a_killed_grader(level, victim):
    script = f"""
    import signal, sys, time
    sys.path.insert(0, {str(Path.cwd())!r})
    from tests.sandbox.conftest import run_cell
    from tests.sandbox.test_linux_end import DAEMON
    from grader.course import Limits
    from grader.errors import SandboxError
    from grader.sandbox import BoxSpec
    from grader.sandbox.linux import LinuxSandbox
    try:
        sandbox = LinuxSandbox({level})
    except SandboxError as error:
        sys.exit(print("cannot be had:", error))
    box = sandbox.open(BoxSpec(Limits()))
    run_cell(box, DAEMON)
    print(sandbox._zygote._process.pid, flush=True)
    time.sleep(600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True
    ) as grader:
        assert grader.stdout is not None
        try:
            line = grader.stdout.readline()
            if line.startswith("cannot be had"):
                pytest.skip(f"level {level} {line}")
            launcher = psutil.Process(int(line))
            family = [launcher, *launcher.children(recursive=True)]
            assert len(family) >= 6
            os.kill(grader.pid if victim == "grader" else launcher.pid, signal.SIGKILL)
            # At level 2 the boxes outlive the zygote, and end with the grader.
            if victim == "zygote" and level == 2:
                wait_until(lambda: not _runs(launcher))
                grader.kill()
            wait_until(lambda: not any(_runs(p) for p in family))
        finally:
            grader.kill()


def _runs(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@pytest.mark.slow
def test_a_dead_zygote_is_replaced(sandbox, run):
    first = sandbox._zygote
    for process in psutil.Process(first._process.pid).children():
        process.kill()
    with pytest.raises(SandboxError, match=r"zygote|box"):
        sandbox.open(BoxSpec(Limits()))
    with sandbox.open(BoxSpec(Limits())) as box:
        assert run(box, "print(1)") == "1"
    assert sandbox._zygote is not first


# Limits: what ends a box, and what only fails in it.


def faulted(sandbox, run, limits, code, seconds=20.0):
    """The fault of a box in which `code` ran until something ended it."""
    with sandbox.open(BoxSpec(limits)) as box:
        with pytest.raises((TimeoutError, RuntimeError)):
            run(box, textwrap.dedent(code), timeout=seconds)
        wait_until(lambda: box.fault() is not None)
        wait_until(lambda: not box.alive())
        wait_until(lambda: not boxes_of(sandbox))
        return box.fault(), box.usage()


GROW = """
    import numpy as np, time
    kept = []
    while True:
        kept.append(np.ones(2 << 20))
        time.sleep(0.005)
"""


@pytest.mark.slow
def test_memory_of_one_process(sandbox, run):
    fault, usage = faulted(sandbox, run, Limits(memory=600), GROW, 5)
    assert isinstance(fault, MemoryLimitExceeded)
    assert "600 MiB" in fault.diagnosis.message.en
    assert "600 MiB" in fault.diagnosis.message.zh
    assert 600 < usage.memory < 1200


@pytest.mark.slow
def test_memory_of_four_processes(sandbox, run):
    code = """
    import os, time
    import numpy as np
    for _ in range(4):
        if os.fork() == 0:
            kept = []
            for _ in range(40):
                kept.append(np.ones(1 << 20)); time.sleep(0.01)
            time.sleep(60)
            os._exit(0)
    time.sleep(60)
    """
    fault, usage = faulted(sandbox, run, Limits(memory=1000), code, 5)
    assert isinstance(fault, MemoryLimitExceeded)
    assert usage.memory < 2000


@pytest.mark.slow
def test_shared_memory(sandbox, run):
    code = """
    import mmap, time
    kept = []
    while True:
        page = mmap.mmap(-1, 16 << 20)
        page.write(bytes(16 << 20))
        kept.append(page)
        time.sleep(0.005)
    """
    fault, _ = faulted(sandbox, run, Limits(memory=600), code, 5)
    assert isinstance(fault, MemoryLimitExceeded)


def test_too_much_at_once_is_an_exception(box, run):
    assert "can't allocate memory" in run(box, "import torch; torch.ones(1 << 33)")
    assert run(box, "b = bytearray(8 << 30)").startswith("MemoryError")
    assert run(box, "print(1)") == "1"


def test_forks_share_memory(sandbox, run):
    code = """
    import os, time
    import numpy as np
    kept = np.ones(25 << 20)
    for _ in range(6):
        if os.fork() == 0:
            time.sleep(0.6)
            os._exit(0)
    time.sleep(1)
    print("alive")
    """
    with sandbox.open(BoxSpec(Limits(memory=700))) as box:
        assert run(box, textwrap.dedent(code)) == "alive"
        assert box.fault() is None


@pytest.mark.slow
def test_cpu_time(sandbox, run):
    fault, usage = faulted(sandbox, run, Limits(cpu_time=1.0), "while True: pass", 5)
    assert isinstance(fault, TimeLimitExceeded)
    assert fault.diagnosis.code == "cpu_limit"
    assert 1 < usage.cpu_time < 2


@pytest.mark.slow
def test_fork_bomb(sandbox, run, nobody_left):
    code = """
    import os, time
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)
    """
    fault, _ = faulted(sandbox, run, Limits(processes=32), code, 5)
    assert isinstance(fault, RunTimeError)
    assert fault.diagnosis.code == "process_limit"


@pytest.mark.slow
def test_a_full_disk(sandbox, run):
    code = """
    import os, tempfile
    written = 0
    try:
        for n in range(64):
            with open(f"{tempfile.gettempdir() if n % 2 else '.'}/{n}", "wb") as f:
                f.write(bytes(4 << 20))
                written += 4
    except OSError as error:
        print(error.errno, written)
    """
    limits = Limits(disk=16)
    if sandbox.isolation.level == 2:
        fault, _ = faulted(sandbox, run, limits, code + "\n    import time; time.sleep(9)", 3)
        assert isinstance(fault, OutputLimitExceeded)
        return
    with sandbox.open(BoxSpec(limits)) as box:
        error, written = map(int, run(box, textwrap.dedent(code)).split())
        assert error == 28
        assert written <= 16
        assert run(box, "print(1)") == "1"


def test_one_large_file_and_many_small_ones(box, run, sandbox):
    large = """
    import os, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("large", "wb") as file:
            for _ in range(80): file.write(bytes(1 << 20))
    except OSError as error: print("refused")
    os.remove("large")
    """
    assert run(box, textwrap.dedent(large)) == "refused"
    if sandbox.isolation.level == 3:
        many = """
        try:
            for n in range(20000): open(f"f{n}", "w").close()
        except OSError as error: print("refused", error.errno)
        """
        assert run(box, textwrap.dedent(many)) == "refused 28"


def test_descriptors(box, run):
    code = """
    import os
    kept = []
    try:
        while True: kept.append(os.dup(1))
    except OSError as error:
        for fd in kept: os.close(fd)
        print(error.errno, len(kept) < 1024)
    """
    assert run(box, textwrap.dedent(code)) == "24 True"
