"""Programs that crash or take too much, in a cell or in a call. Each costs itself and is told why.

What wants points or harm is in the catalogue (`everything`) and tried by `test_attacks`.

They are graded as in a batch, in the strongest sandbox that this machine holds.
"""

from __future__ import annotations

import pytest

from grader.errors import SandboxError
from grader.result import Verdict
from grader.sandbox.choose import open_sandbox
from tests.tiny import RIGHT

OWN = {"1a", "1c"}
"""The checks that a wrong half_square loses."""


@pytest.fixture(scope="module")
def sandbox():
    try:
        opened = open_sandbox("linux")
    except SandboxError as error:
        pytest.skip(f"no linux sandbox here: {error}")
    with opened:
        yield opened


@pytest.fixture
def graded(grade_tiny, sandbox, course_folder):
    """Grades cells within limits that make an endless loop end soon."""
    settings = course_folder / "assignments" / "tiny" / "assignment.toml"
    before, after = "cell_time = 20\ncall_time = 10", "cell_time = 6\ncall_time = 2\nmemory = 1024"
    assert before in settings.read_text()
    settings.write_text(settings.read_text().replace(before, after))
    return lambda *cells: grade_tiny(*cells, sandbox=sandbox)


def lost(result):
    return {c.id for c in result.checks if c.verdict is not Verdict.ACCEPTED and not c.public}


CRASHES = {
    "os._exit(0)": ("import os\nos._exit(0)", "cell_died", Verdict.RUN_TIME_ERROR),
    "sys.exit()": ("import sys\nsys.exit()", "cell_error", Verdict.RUN_TIME_ERROR),
    "recursion": ("def f(): f()\nf()", "cell_error", Verdict.RUN_TIME_ERROR),
    "100 MB of output": (
        "print('a' * 10**8)", "cell_output", Verdict.OUTPUT_LIMIT_EXCEEDED,
    ),
    "memory": (
        "import torch\nkept = [torch.ones(2**26) for _ in range(100)]",
        None, Verdict.MEMORY_LIMIT_EXCEEDED,
    ),
    "endless loop": ("while True: pass", "cell_time", Verdict.TIME_LIMIT_EXCEEDED),
}  # fmt: skip


@pytest.mark.parametrize("crash", CRASHES)
def test_right_work_beside_a_crash_keeps_its_points(graded, crash):
    cell, code, verdict = CRASHES[crash]
    result = graded(RIGHT, cell)
    assert lost(result) == set()
    run = result.notebook.cells[1]
    assert run.verdict is verdict
    assert code is None or run.diagnosis.code == code


CALLS = {
    "os._exit(0)": "import os; os._exit(0)",
    "sys.exit()": "import sys; sys.exit()",
    "recursion": "return half_square(x)",
    "100 MB of output": "print('a' * 10**8); return x.sum()",
    "memory": "kept = [torch.ones(2**26) for _ in range(100)]; return x.sum()",
    "endless loop": "\n    while True: pass",
    "endless reply": "return torch.zeros(1).expand(10**12)",
    "killed parent": "import os; os.kill(os.getppid(), 9); return x.sum()",
}


@pytest.mark.parametrize("crash", CALLS)
def test_a_crash_in_one_function_costs_that_function(graded, crash):
    result = graded(RIGHT.replace("return (x * x).sum() * 0.5", CALLS[crash]))
    assert lost(result) >= OWN
    assert {"1b"} & lost(result) == set()
    assert not result.needs_human
    for check in result.checks:
        if check.id in OWN:
            assert check.diagnosis is not None
