"""Sealed bundles: only the key opens them, in memory, where student code cannot look."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.ci import Hidden, grade_hidden
from grader.cli import main
from grader.config import load_assignment, load_course
from grader.errors import SandboxError, UsageError
from grader.sandbox.choose import open_sandbox
from grader.sealing import MEMORY, VARIABLE, new_key, pack, unpack, unsealed
from tests.tiny import RIGHT, notebook

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not MEMORY.is_dir(), reason="needs /dev/shm"
)


@pytest.fixture
def sealed(course_folder):
    course = load_course(course_folder)
    key = new_key()
    return pack(course, load_assignment(course, "tiny"), key), key


def leftovers():
    return {p.name for p in MEMORY.glob("grader-*")}


def test_what_is_inside_is_there_while_it_is_open_and_private(sealed, course_folder):
    before = leftovers()
    with unsealed(*sealed) as root:
        assert root.parent == MEMORY
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        assert (root / "hidden_tests/tiny/test_q1.py").read_bytes() == (
            course_folder / "hidden_tests/tiny/test_q1.py"
        ).read_bytes()
        secret = (root / ".grader/secret").read_text()
        assert secret != (course_folder / ".grader/secret").read_text()
        assert load_assignment(load_course(root), "tiny").id == "tiny"
    assert leftovers() == before
    with pytest.raises(ZeroDivisionError), unsealed(*sealed):
        1 / 0  # noqa: B018
    assert leftovers() == before


def test_without_the_key_nothing_can_be_read(sealed):
    data, key = sealed
    for word in b"agree", b"half_square", b"assert_close", b"missing_half":
        assert word not in data
    other = new_key()
    with pytest.raises(UsageError, match="another key, or changed"):
        unpack(data, other)
    for place in 25, len(data) - 1:
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(UsageError):
            unpack(bytes(changed), key)
    with pytest.raises(UsageError, match="too short"):
        unpack(data, "password")
    with pytest.raises(UsageError, match="no sealed bundle"):
        unpack(b"PK", key)


def test_packing_twice_gives_different_files(sealed, course_folder):
    course = load_course(course_folder)
    again = pack(course, load_assignment(course, "tiny"), sealed[1])
    assert again != sealed[0]
    assert len(unpack(again, sealed[1])) == len(unpack(*sealed))


def test_a_sandbox_without_walls_is_refused(sealed, tmp_path, monkeypatch):
    path, bundle = tmp_path / "tiny.ipynb", tmp_path / "hidden.sealed"
    path.write_bytes(notebook(RIGHT))
    bundle.write_bytes(sealed[0])
    before = leftovers()
    for name in "plain", "fake":
        monkeypatch.setenv(VARIABLE, sealed[1])
        with pytest.raises(SandboxError, match="does not hide files"):
            grade_hidden(path, Hidden(sealed=bundle), name, "en")
    assert leftovers() == before
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UsageError, match="no GRADER_KEY"):
        grade_hidden(path, Hidden(sealed=bundle), "linux", "en")


def test_the_key_is_nowhere_once_it_was_taken():
    code = (
        "from grader.sealing import take_key; import os, pathlib\n"
        "key = take_key()\n"
        "shown = pathlib.Path('/proc/self/environ').read_bytes()\n"
        "child = os.popen('env').read()\n"
        "print(len(key), key.encode() in shown, key in child, 'GRADER_KEY' in os.environ)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {VARIABLE: new_key()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "43 False False False\n"


@pytest.mark.slow
def test_a_notebook_finds_neither_key_nor_tests(course_folder, tmp_path):
    """Packed, opened and graded from the command line, by a notebook that looks everywhere."""
    try:
        open_sandbox("linux").close()
    except SandboxError as error:
        pytest.skip(f"no linux sandbox here: {error}")
    packed = CliRunner().invoke(
        main, ["-C", str(course_folder), "pack", "tiny", "-o", str(tmp_path / "hidden.sealed")]
    )
    assert packed.exit_code == 0, packed.output
    key = packed.stdout.strip().removeprefix("GRADER_KEY=")
    look = f"""
import glob, os
found = [n for n in os.environ if "GRADER_KEY" in n or "GITHUB" in n]
for path in glob.glob("/proc/*/environ") + glob.glob("/dev/shm/**", recursive=True) + glob.glob(
    "{tmp_path}/**", recursive=True
) + glob.glob("{course_folder}/**", recursive=True):
    try:
        text = open(path, "rb").read()
    except OSError:
        continue
    if b"GRADER_KEY" in text or b"def test_" in text or b"sealed" in text:
        found.append(path)
if found:
    raise ValueError(found)
"""
    (tmp_path / "tiny.ipynb").write_bytes(notebook(RIGHT, look))
    command = [sys.executable, "-m", "grader", "ci", "tiny.ipynb", "--sealed", "hidden.sealed"]
    done = subprocess.run(
        [*command, "--lang", "en", "--artifacts", "report"],
        cwd=tmp_path,
        env=os.environ | {VARIABLE: key, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ValueError" not in done.stdout, done.stdout
    assert "18 of 18 points" in done.stdout
    assert key not in done.stdout + done.stderr
    for artifact in (tmp_path / "report").iterdir():
        assert key not in artifact.read_text(encoding="utf-8")
