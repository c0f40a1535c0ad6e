"""The training curves of our own solution, to be shown beside a student's.

They are trained once, by `grader verify --curves`, and kept beside the solution as `curves.json`:
{check: {history: [values]}}. A student trains on other hidden draws, so the two curves are alike,
not the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from grader.course import Assignment
from grader.errors import ConfigError
from grader.result import Curve

FILE = "curves.json"
DIGITS = 5


def reference_curves(assignment: Assignment) -> Mapping[tuple[str, str], tuple[float, ...]]:
    """The histories of our solution by check and name; empty where they were never kept.

    Raises:
        ConfigError: the file is there, and is not what `keep_curves` wrote.
    """
    path = assignment.reference / FILE
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError:
        return {}


def keep_curves(assignment: Assignment, curves: Iterable[Curve]) -> Path:
    """Write the histories of our solution; returns the file."""
    kept: dict[str, dict[str, list[float]]] = {}
    for curve in curves:
        values = [float(f"{value:.{DIGITS}g}") for value in curve.student]
        kept.setdefault(curve.check, {})[curve.name] = values
    path = assignment.reference / FILE
    lines = (f"  {json.dumps(check)}: {json.dumps(kept[check])}" for check in sorted(kept))
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return path


@lru_cache(maxsize=32)
def _read(path: Path, changed: int) -> Mapping[tuple[str, str], tuple[float, ...]]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {
            (check, name): tuple(float(value) for value in values)
            for check, histories in kept.items()
            for name, values in histories.items()
        }
    except (ValueError, AttributeError, TypeError):
        problem = "is not a table of training curves"
        raise ConfigError(path, "", problem, "Write it again: `grader verify --curves`") from None
