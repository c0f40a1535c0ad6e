"""Every attack, at every level that this machine holds: none earns, reads, changes or outlives.

By default the strongest level meets all attacks and the others a sample; `--every-level` (also
`make test-attacks`) tries everything everywhere, as root and as an ordinary user. The table of
what came of it is in docs/security.md: `python -m tests.hostile.table docs/security.md`.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from grader.errors import SandboxError
from tests import ordinary
from tests.adopting import PR_SET_CHILD_SUBREAPER
from tests.hostile.arena import NAMES, Arena, Outcome
from tests.hostile.everything import ATTACKS, SAMPLE
from tests.hostile.known import unexpected
from tests.hostile.outside import Outside

if sys.platform != "linux":
    pytest.skip("what is outside is Linux's", allow_module_level=True)

WALLS = [3, 2]
STRANGER = """
import os, sys
pid = os.fork()
if pid == 0:
    os.setsid()
    null = os.open('/dev/null', os.O_RDWR)
    for fd in 0, 1, 2: os.dup2(null, fd)
    os.execv("/bin/sh", ["sh", "-c", sys.argv[1]])
print(pid)
"""
"""A process whose parent ends at once."""


def _which(config, level):
    full = config.getoption("--every-level") or level == WALLS[0]
    return ATTACKS if full else SAMPLE


def pytest_generate_tests(metafunc):
    if "attack" in metafunc.fixturenames:
        met = [(level, a) for level in WALLS for a in _which(metafunc.config, level)]
        names = [f"{NAMES[level]}-{a.kind}: {a.name}" for level, a in met]
        metafunc.parametrize(("arena", "attack"), met, ids=names, indirect=["arena"])


@pytest.fixture(scope="module")
def held():
    """The arena that is open, if one is: it takes ten seconds, so it stays for the next attack."""
    held = []
    yield held
    for arena in held:
        arena.close()


@pytest.fixture
def arena(request, held):
    if held and held[0].level != request.param:
        held.pop().close()
    if not held:
        try:
            held.append(Arena(request.param))
        except SandboxError as error:
            pytest.skip(f"level {request.param} cannot be had: {error}")
    return held[0]


def test_attack_comes_to_nothing(arena, attack):
    outcome = arena.attempt(attack)
    assert not unexpected(outcome), outcome


@pytest.mark.slow
@pytest.mark.parametrize(
    "level", [3, *(pytest.param(level, marks=pytest.mark.thorough) for level in (2, 0))]
)
def test_attacks_on_an_ordinary_user(level, tmp_path, request):
    """Root has the attacks above; here the grader is nobody special. `plain` is only tried so."""
    full = [] if request.config.getoption("--every-level") else ["--sample"]
    arguments = ["-m", "tests.hostile.arena", str(level), *full]
    command = [sys.executable, *arguments]
    if os.getuid() == 0:
        if ordinary.cannot():
            pytest.skip(ordinary.cannot())
        (tmp_path / "aside").mkdir()
        command = ordinary.command(tmp_path / "aside", *arguments)
    elif level:
        pytest.skip("an ordinary user has tried this level above")
    done = subprocess.run(
        command, cwd=ordinary.REPOSITORY, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = [json.loads(line) for line in done.stdout.splitlines()]
    if "cannot" in said[0]:
        pytest.skip(f"level {level} cannot be had: {said[0]['cannot']}")
    outcomes = [Outcome(**fields) for fields in said]
    assert len(outcomes) == len(SAMPLE if full else ATTACKS)
    for outcome in outcomes:
        assert not unexpected(outcome), outcome


def test_there_is_an_attack_of_every_class():
    assert len(ATTACKS) >= 50
    assert len({(a.kind, a.name) for a in ATTACKS}) == len(ATTACKS)
    assert {a.kind for a in SAMPLE} == {a.kind for a in ATTACKS}


def test_processes_that_nobody_here_started_are_left_alone(tmp_path):
    """Two test runs of one user at once, or an editor that is opened meanwhile."""
    go, told = tmp_path / "go", tmp_path / "told"
    script = f"while [ ! -e {go} ]; do sleep 0.02; done; sleep 60 & echo $! > {told}; wait"
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)  # so that it goes to process 1
    stranger = subprocess.run(
        [sys.executable, "-c", STRANGER, script], check=True, capture_output=True, text=True
    )
    outside = Outside(os.getuid())
    try:
        go.touch()
        while not (told.exists() and told.read_text()):
            time.sleep(0.02)
        assert list(outside.left()) == []
        assert psutil.pid_exists(int(told.read_text()))
    finally:
        outside.close()
        psutil.Process(int(told.read_text())).kill()
        with contextlib.suppress(psutil.Error):
            psutil.Process(int(stranger.stdout)).kill()
