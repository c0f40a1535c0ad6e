"""Removes what a student left behind, however deep and however locked."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder and everything in it; links are removed, never followed."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(folder)
    if not folder.exists():
        return
    # Thousands of folders in each other, or folders that forbid even their owner to enter.
    for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        tool = shutil.which(command[0])
        if tool is not None:
            arguments = [tool, *command[1:], "--", str(folder)]
            subprocess.run(arguments, check=False, capture_output=True)  # noqa: S603
