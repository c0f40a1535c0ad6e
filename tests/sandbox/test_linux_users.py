"""The attacks once more, where the grader itself is an ordinary user."""

from __future__ import annotations

import subprocess

import pytest

from tests import ordinary


@pytest.mark.slow
@pytest.mark.parametrize(
    "level", ["isolated", pytest.param("confined", marks=pytest.mark.thorough)]
)
def test_an_ordinary_user_has_the_same_walls(level, tmp_path):
    if ordinary.cannot():
        pytest.skip(ordinary.cannot())
    aside = tmp_path / "aside"
    aside.mkdir()
    done = subprocess.run(
        ordinary.command(
            aside,
            *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "-x"),
            *("--confcutdir", "tests/sandbox", "tests/sandbox/test_linux.py"),
            *("-k", f"{level} and not home"),
        ),
        cwd=ordinary.REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout.splitlines()[-1]
