"""Numbers on the terminal and in a file."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from grader.version import VERSION

RESULTS = Path(__file__).parent / "results"


def median(values: Iterable[float]) -> float:
    """The median, to four digits."""
    return float(f"{statistics.median(values):.4g}")


def show(title: str, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table."""
    table = Table(*headers, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(f"{v:.3g}" if isinstance(v, float) else str(v) for v in row))
    Console().print(table)


def keep(name: str, numbers: dict[str, Any]) -> None:
    """Write `results/NAME.json`, with where and when it was measured."""
    RESULTS.mkdir(exist_ok=True)
    where = {
        "version": VERSION,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }
    text = json.dumps({"where": where, **numbers}, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
