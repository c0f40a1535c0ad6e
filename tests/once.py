"""What takes long to make is made once for all tests, however many workers there are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def shared(factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of this run have in common."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A path that `make` has made, in this worker or in another; the others wait for it."""
    path = shared(factory) / name
    with FileLock(f"{path}.lock"):
        done = path.with_name(f"{name}.done")
        if not done.exists():
            make(path)
            done.touch()
    return path
