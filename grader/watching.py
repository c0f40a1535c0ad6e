"""Waits for a file to be saved, by looking: works on every system and on network folders."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

PAUSE = 0.3
"""Seconds between two looks."""


def saves(path: Path, pause: float = PAUSE) -> Iterator[None]:
    """Yields at once, and then each time the file has been saved anew; never ends.

    Editors write in several steps, or put another file in the place of the old one: a change
    counts once the file is there and has looked the same twice.
    """
    last = None
    while True:
        now = _state(path)
        if now is not None and now != last and _is_settled(path, now, pause):
            last = now
            yield
        else:
            time.sleep(pause)


def _is_settled(path: Path, now: tuple[int, int], pause: float) -> bool:
    time.sleep(pause / 3)
    return _state(path) == now


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
