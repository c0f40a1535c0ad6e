"""How many submissions a minute: cold and warm, with one worker and with two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import table
from benchmarks.ours import Ours


def measure(folder: Path, rounds: int, class_size: int) -> dict[str, Any]:
    """Grade the same class by turns; medians. Cold: `plain`, a new Python for each."""
    ours = Ours(folder / "ours", class_size)
    ways = [(s, w) for s in ("linux", "plain") for w in (1, 2)]
    seen: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for sandbox, workers in ways:
            count = class_size if sandbox == "linux" else max(2, class_size // 6)
            took = ours.grade(count, workers, sandbox, feedback=False)
            seen.setdefault((sandbox, workers), []).append((took.steady, took.cpu / count))
    rows = []
    for (sandbox, workers), tooks in seen.items():
        wall, cpu = (table.median(t[i] for t in tooks) for i in (0, 1))
        temperature = "warm" if sandbox == "linux" else "cold"
        rows.append((temperature, workers, 60 / wall, wall, cpu))
    headers = ("", "workers", "submissions/min", "seconds each", "CPU-s each, whole command")
    table.show("Throughput", headers, rows)
    return {"throughput": [dict(zip(("kernel", *headers[1:]), row, strict=True)) for row in rows]}
