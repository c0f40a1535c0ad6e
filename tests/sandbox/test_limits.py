"""Each limit, through a graded notebook: a verdict of its own, a sentence that names it and where.

What the cell did costs the cell; the functions beside it keep their points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from grader.result import Verdict
from grader.sandbox import groups
from tests.sandbox.conftest import IN_MANY_PROCESSES, STRONGEST, opened_at
from tests.tiny import RIGHT


@pytest.fixture(scope="module", params=STRONGEST, ids=["strongest", "confined"])
def sandbox(request):
    yield from opened_at(request.param)


@dataclass(frozen=True)
class Case:
    """A limit, what breaks it, and what is said."""

    limits: str
    cell: str
    verdict: Verdict
    code: str
    words: tuple[str, str]
    """Chinese and English words that name the limit."""


BOMB = """
import os, time
for _ in range(60):
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
time.sleep(30)
"""
THREADS = """
import threading, time
try:
    for _ in range(500):
        threading.Thread(target=time.sleep, args=(2,), daemon=True).start()
except RuntimeError:
    time.sleep(3)  # until there is room again for the copies that answer calls
    raise
"""
MANY_FILES = """
import time
for n in range(40):
    open(f"file{n}", "wb").write(bytes(1 << 20))
time.sleep(5)
"""
ONE_FILE = """
with open("large", "wb") as file:
    for _ in range(40): file.write(bytes(1 << 20)); file.flush()
import time
time.sleep(5)
"""
GROWING = """
import numpy as np, time
kept = []
while True:
    kept.append(np.ones(2 << 20)); time.sleep(0.01)
"""
CASES = {
    "memory, in small steps": Case(
        "memory = 600", GROWING, Verdict.MEMORY_LIMIT_EXCEEDED, "memory_limit",
        ("600 MiB", "600 MiB"),
    ),
    "memory, at once": Case(
        "memory = 600", "import torch\ntorch.ones(1 << 31)", Verdict.MEMORY_LIMIT_EXCEEDED,
        "cell_memory", ("600 MiB", "600 MiB"),
    ),
    "CPU time": Case(
        "cpu_time = 3", "while True: pass", Verdict.TIME_LIMIT_EXCEEDED, "cpu_limit",
        ("CPU 时间超过了允许的 3 秒", "3 seconds of CPU time"),
    ),
    "time of a cell": Case(
        "cell_time = 1.5", "import time\ntime.sleep(30)", Verdict.TIME_LIMIT_EXCEEDED, "cell_time",
        ("1.5 秒", "more than 1.5 seconds"),
    ),
    "time of the notebook": Case(
        "wall_time = 4", "import time\ntime.sleep(30)", Verdict.TIME_LIMIT_EXCEEDED,
        "notebook_time", ("整个笔记本的 4 秒", "The 4 seconds of the whole notebook"),
    ),
    "processes": Case(
        "processes = 24", BOMB, Verdict.RUN_TIME_ERROR, "process_limit",
        ("24 个", "24 processes"),
    ),
    "threads": Case(
        "processes = 24", THREADS, Verdict.RUN_TIME_ERROR, "process_limit",
        ("24 个", "24 processes"),
    ),
    "disk, in many files": Case(
        "disk = 16", MANY_FILES, Verdict.OUTPUT_LIMIT_EXCEEDED, "disk_limit",
        ("16 MiB", "16 MiB"),
    ),
    "disk, in one file": Case(
        "disk = 16", ONE_FILE, Verdict.OUTPUT_LIMIT_EXCEEDED, "disk_limit",
        ("16 MiB", "16 MiB"),
    ),
    "output": Case(
        "output = 1048576", "while True: print('a' * 100)", Verdict.OUTPUT_LIMIT_EXCEEDED,
        "cell_output", ("超过了 1 MiB", "more than 1 MiB"),
    ),
}  # fmt: skip
CALLS = {
    "memory": Case(
        "memory = 600", GROWING, Verdict.MEMORY_LIMIT_EXCEEDED, "memory_limit",
        ("600 MiB", "600 MiB"),
    ),
    "time of a call": Case(
        "call_time = 1", "import time\ntime.sleep(30)", Verdict.TIME_LIMIT_EXCEEDED, "call_time",
        ("1 秒", "within 1 seconds"),
    ),
    "CPU time": Case(
        "cpu_time = 3\ncall_time = 60", "while True: pass", Verdict.TIME_LIMIT_EXCEEDED,
        "cpu_limit", ("3 秒", "3 seconds of CPU time"),
    ),
    "processes": Case(
        "processes = 24", BOMB, Verdict.RUN_TIME_ERROR, "process_limit",
        ("24 个", "24 processes"),
    ),
    "processes, as the system says it": Case(
        "processes = 24", "raise BlockingIOError(11, 'Resource temporarily unavailable')",
        Verdict.RUN_TIME_ERROR, "process_limit", ("24 个", "24 processes"),
    ),
    "what is returned": Case(
        "call_time = 9", "import torch\nreturn torch.zeros(1).expand(10**9)",
        Verdict.OUTPUT_LIMIT_EXCEEDED, "reply_size", ("太大", "too large"),
    ),
}  # fmt: skip
OWN = {"1a", "1c"}
"""The checks that call half_square and nothing else."""


@pytest.fixture
def limited(grade_tiny, sandbox, course_folder):
    """Grades cells within limits."""
    settings = course_folder / "assignments" / "tiny" / "assignment.toml"

    def grade(limits, *cells):
        before = settings.read_text()
        given = "cell_time = 20\ncall_time = 10"
        assert given in before
        kept = [line for line in given.split("\n") if line.split()[0] not in limits]
        settings.write_text(before.replace(given, "\n".join([*kept, limits])))
        return grade_tiny(*cells, sandbox=sandbox)

    return grade


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_in_a_cell(limited, sandbox, name):
    case = CASES[name]
    result = limited(case.limits, RIGHT, case.cell, "x = 1")
    first, broken, *_ = result.notebook.cells
    assert first.verdict is Verdict.ACCEPTED
    assert broken.verdict is case.verdict
    assert broken.diagnosis.code == case.code
    assert case.words[0] in broken.diagnosis.message.zh
    assert case.words[1] in broken.diagnosis.message.en
    assert re.search(r"\bcell 2\b", broken.diagnosis.message.en, re.IGNORECASE)
    assert "第 2 个单元" in broken.diagnosis.message.zh
    assert not result.needs_human
    if sandbox.isolation.level == 2 and name == "disk, in one file":
        return  # the file stays: watched, not limited, what is full is the submission's own share
    assert {c.verdict for c in result.checks} == {Verdict.ACCEPTED}


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_in_a_call(limited, name):
    case = CALLS[name]
    body = "\n".join(f"    {line}" for line in case.cell.strip().split("\n"))
    result = limited(case.limits, RIGHT.replace("    return (x * x).sum() * 0.5", body))
    checks = {c.id: c for c in result.checks}
    assert checks["1b"].verdict is Verdict.ACCEPTED
    for check in OWN:
        diagnosis = checks[check].diagnosis
        assert checks[check].verdict is case.verdict
        assert diagnosis.code == case.code
        assert case.words[0] in diagnosis.message.zh
        assert case.words[1] in diagnosis.message.en
        assert "`half_square`" in diagnosis.message.en
        assert "`half_square`" in diagnosis.message.zh
    assert not result.needs_human


@pytest.mark.slow
@pytest.mark.skipif(groups.home() is None, reason="this machine has no control group for us")
@pytest.mark.usefixtures("blind")
def test_what_only_the_machine_sees_reads_the_same(limited):
    """Memory in many processes, before a watchdog that is asleep."""
    result = limited("memory = 256\ndisk = 16", RIGHT, IN_MANY_PROCESSES, "x = 1")
    cell = result.notebook.cells[1]
    assert (cell.verdict, cell.diagnosis.code) == (Verdict.MEMORY_LIMIT_EXCEEDED, "memory_limit")
    assert "256 MiB" in cell.diagnosis.message.en
    assert {c.verdict for c in result.checks} == {Verdict.ACCEPTED}


@pytest.mark.slow
def test_cells_after_the_time_of_the_notebook_are_not_run(limited):
    result = limited("wall_time = 4", RIGHT, "import time\ntime.sleep(30)", "x = 1")
    late = result.notebook.cells[2]
    assert late.verdict is Verdict.SKIPPED
    assert late.diagnosis.code == "notebook_time"
    assert "cell 3" in late.diagnosis.message.en
