"""Runs commands and says what they cost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.account import account


@dataclass(frozen=True)
class Took:
    """What some commands cost together."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, of everything that was started."""

    steady: float = 0.0
    """Seconds from one submission to the next, once it is under way; 0 where nobody measured."""

    def __add__(self, other: Took) -> Took:
        steady = self.steady + other.steady
        return Took(self.wall + other.wall, self.cpu + other.cpu, steady)


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> Took:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    log = folder / "command.log"
    started = time.perf_counter()
    with account() as spent, log.open("wb") as out:
        done = subprocess.run(
            command,
            cwd=folder,
            stdout=out,
            stderr=out,
            env=os.environ | (environment or {}),
            preexec_fn=spent.enter,
        )
        took = Took(time.perf_counter() - started, spent.seconds())
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()[-3000:]}")
    return took


def pace(moments: Iterable[float]) -> float:
    """Seconds from one to the next, given when each was done."""
    ordered = sorted(moments)
    return (ordered[-1] - ordered[0]) / max(1, len(ordered) - 1)
