"""Temporary folders go away, whatever a student put into them and however their owner ended."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader.sandbox.removal import remove

pytest.importorskip("fcntl", reason="the folders are of the linux sandbox")


def test_folders_are_removed_however_deep_and_links_are_not_followed(tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("x")
    folder = tmp_path / "left behind"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    code = "import os\nfor _ in range(1500): os.mkdir('d'); os.chdir('d')\nos.chmod('.', 0)"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    (folder / "locked").mkdir(mode=0)
    remove(folder)
    assert not folder.exists()
    assert kept.read_text() == "x"


@pytest.fixture
def short_path():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # sockets have short names
        yield Path(folder)


def test_what_a_killed_grader_left_is_swept_away(short_path, monkeypatch):
    from grader.sandbox.folders import Folder

    monkeypatch.setattr(tempfile, "tempdir", str(short_path))
    alive = Folder()
    abandoned, young = short_path / "grader-abandoned", short_path / "grader-young"
    for folder in (abandoned, young):
        folder.mkdir()
    for folder in (alive.path, abandoned):
        os.utime(folder, (0, 0))
    other = Folder()
    assert alive.path.exists()
    assert young.exists()
    assert not abandoned.exists()
    for folder in (alive, other):
        folder.close()
        folder.close()
        assert not folder.path.exists()
