"""Every attack, at every level that this machine holds: none earns, reads, changes or outlives.

By default the strongest level meets all attacks and the others a sample; `--every-level` (also
`make test-attacks`) tries everything everywhere, as root and as an ordinary user. The table of
what came of it is in docs/security.md: `python -m tests.hostile.table docs/security.md`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from grader.errors import SandboxError
from tests import ordinary
from tests.hostile.arena import NAMES, Arena, Outcome
from tests.hostile.everything import ATTACKS, SAMPLE
from tests.hostile.known import unexpected

if sys.platform != "linux":
    pytest.skip("what is outside is Linux's", allow_module_level=True)

WALLS = [3, 2]


def _which(config, level):
    full = config.getoption("--every-level") or level == WALLS[0]
    return ATTACKS if full else SAMPLE


def pytest_generate_tests(metafunc):
    if "attack" in metafunc.fixturenames:
        met = [(level, a) for level in WALLS for a in _which(metafunc.config, level)]
        names = [f"{NAMES[level]}-{a.kind}: {a.name}" for level, a in met]
        metafunc.parametrize(("arena", "attack"), met, ids=names, indirect=["arena"])


@pytest.fixture(scope="module")
def arena(request):
    try:
        opened = Arena(request.param)
    except SandboxError as error:
        pytest.skip(f"level {request.param} cannot be had: {error}")
    with opened:
        yield opened


def test_attack_comes_to_nothing(arena, attack):
    outcome = arena.attempt(attack)
    assert not unexpected(outcome), outcome


@pytest.mark.slow
@pytest.mark.parametrize("level", [3, 2, 0])
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
