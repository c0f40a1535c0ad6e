"""What one more sandbox takes, beside those that there are."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from benchmarks import lesson, table

BUDGET = 80.0


def measure(folder: Path, boxes: int) -> dict[str, Any]:
    """Open box after box, each with a notebook that has run, and weigh all of them together."""
    from grader.course import Limits
    from grader.notebook import read
    from grader.sandbox.linux import LinuxSandbox
    from grader.session import Session

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "lesson.ipynb"
    lesson.write_notebook(path)
    weights = []
    with LinuxSandbox() as sandbox, contextlib.ExitStack() as stack:
        sandbox._zygote.wait()
        weights.append(_weight(sandbox))
        for _ in range(boxes):
            stack.enter_context(Session(sandbox, read(path), Limits()))
            weights.append(_weight(sandbox))
    each = (weights[-1] - weights[1]) / (boxes - 1)
    rows = [("fork server alone", weights[0]), ("with one box", weights[1])]
    rows += [(f"with {boxes} boxes", weights[-1]), ("one more box", each)]
    table.show("Memory (PSS, MiB)", ("", "MiB"), rows)
    print(f"{each:.0f} MiB of at most {BUDGET:.0f}: {'held' if each <= BUDGET else 'MISSED'}")
    return {"pss_mib": {name: round(value, 1) for name, value in rows}}


def _weight(sandbox: Any) -> float:
    """PSS of the fork server and of everything below it, in MiB."""
    from grader.sandbox.processes import tree

    total = 0
    for pid in tree([sandbox._zygote._process.pid]):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024
