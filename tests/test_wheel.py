"""Students install the wheel: it holds the grader and its templates, and no solution."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("out")
    for name in "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md":
        shutil.copy(ROOT / name, source)
    for tree in "grader", "templates", "assignments", "reference", "hidden_tests", "tests":
        shutil.copytree(ROOT / tree, source / tree, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_only_the_grader_is_in_it(names):
    assert {name.split("/")[0].split("-")[0] for name in names} == {"grader", "dl_grader"}


def test_nothing_secret_is_in_it(names):
    parts = {part for name in names for part in Path(name).parts}
    assert parts.isdisjoint({"reference", "hidden_tests", "tests", "assignments", "submissions"})


def test_what_it_needs_is_in_it(names):
    needed = {
        "grader/cli/__init__.py",
        "grader/checks/pytest.ini",
        "grader/guest/kernel.py",
        "grader/py.typed",
        "grader/sample/solution.py",
    }
    assert needed <= set(names)
    templates = {str(p.relative_to(ROOT)) for p in (ROOT / "templates").rglob("*") if p.is_file()}
    assert {f"grader/{name}" for name in templates} <= set(names)
