"""`grader check` of a small notebook, beside the notebook alone on a stock kernel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks import lesson, table
from benchmarks.timing import Took, run

BUDGET = 1.5
PUBLIC = '''
import torch

from grader import assert_close, check


@check("p1", points=0, functions=("mse",))
def test_mse(student):
    """例子
    an example"""
    w, X = torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert_close(student.mse(w, torch.tensor(0.0), X, torch.zeros(2)), 1.25)
'''
STOCK = """
import sys, nbclient, nbformat
nbclient.NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=60).execute()
"""


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """By turns; medians."""
    lesson.write_ours(folder, 0)
    path = folder / "assignments" / lesson.NAME / "public_tests" / "test_public.py"
    path.parent.mkdir()
    path.write_text(PUBLIC, encoding="utf-8")
    notebook = path.parents[1] / f"{lesson.NAME}.ipynb"
    lesson.write_notebook(notebook)
    commands = {
        "stock kernel": [sys.executable, "-c", STOCK, str(notebook)],
        "grader check": [sys.executable, "-m", "grader", "check", str(notebook)],
    }
    seen: dict[str, list[Took]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            seen[name].append(run(command, folder))
    rows = [
        (n, table.median(t.wall for t in ts), table.median(t.cpu for t in ts))
        for n, ts in seen.items()
    ]
    table.show("Self-check of a small notebook", ("", "seconds", "CPU-s"), rows)
    ratio = rows[1][1] / rows[0][1]
    print(f"{ratio:.2f} x; at most {BUDGET}: {'held' if ratio <= BUDGET else 'MISSED'}")
    return {
        "selfcheck": {row[0]: {"seconds": row[1], "cpu": row[2]} for row in rows},
        "ratio": round(ratio, 2),
    }
