"""One behaviour for every sandbox. What `fake` cannot do is named, not hidden."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import torch

from grader.calls import Request
from grader.course import Limits
from grader.errors import (
    NotAttempted,
    OutputLimitExceeded,
    RunTimeError,
    SandboxError,
    SubmissionFault,
    TimeLimitExceeded,
)
from grader.notebook import read
from grader.result import Verdict
from grader.sandbox import Sandbox
from grader.sandbox.choose import open_sandbox
from grader.session import Session
from tests.tiny import notebook

LIMITS = Limits(wall_time=90, cell_time=20, call_time=20, output=200_000, memory=1024)
BACKENDS = ["fake", "plain", "linux"]
CANNOT = {"fake": {"hang", "die", "wall", "limit", "output"}}
"""Known failures: there is no process to end."""


@pytest.fixture(scope="module", params=BACKENDS)
def sandbox(request) -> Iterator[Sandbox]:
    try:
        opened = open_sandbox(request.param)
    except (SandboxError, ImportError) as error:
        pytest.skip(f"{request.param}: {error}")
    with opened:
        yield opened


@pytest.fixture(autouse=True)
def known_failures(request, sandbox):
    needs = {m.args[0] for m in request.node.iter_markers("needs")}
    lacking = needs & CANNOT.get(sandbox.isolation.backend, set())
    if lacking:
        pytest.skip(f"{sandbox.isolation.backend} has no {', '.join(lacking)}")


def run(sandbox: Sandbox, *cells: str, limits: Limits = LIMITS) -> Session:
    return Session(sandbox, read(notebook(*cells)), limits)


def call(session: Session, name: str, *arguments, limit: float = 20.0, **keywords):
    return session.call(Request(name, arguments, keywords, time_limit=limit)).value


def test_values_cross_in_both_directions(sandbox):
    value = {
        "tensor": torch.arange(6, dtype=torch.float64).reshape(2, 3).T,
        "list": [1, 2.5, True, None, "文", float("inf")],
        "tuple": (1, [2]),
        "empty": torch.empty(0, 3),
    }
    with run(sandbox, "def f(x, *, y): return x, y") as session:
        back, y = call(session, "f", value, y=3)
    assert y == 3
    assert torch.equal(back.pop("tensor"), value.pop("tensor"))
    assert back.pop("empty").shape == value.pop("empty").shape
    assert back == value


def test_strides_arrive(sandbox):
    with run(sandbox, "def f(x): return x.is_contiguous(), list(x.stride())") as session:
        assert call(session, "f", torch.zeros(3, 2).T) == (False, [1, 2])


def test_a_failing_cell_does_not_end_the_run(sandbox):
    cells = ["def f(): return 1", "x = 1\n1 / 0", "def g(): return 2", "def h(:\n  pass"]
    with run(sandbox, *cells) as session:
        runs = {r.number: r for r in session.run.cells}
        assert call(session, "g") == 2
    assert runs[2].verdict is Verdict.RUN_TIME_ERROR
    assert runs[2].error == "ZeroDivisionError: division by zero"
    assert (runs[2].line, runs[2].source_line) == (2, "1 / 0")
    assert runs[4].error.startswith("SyntaxError")
    assert runs[1].verdict is runs[3].verdict is Verdict.ACCEPTED


def test_the_place_of_an_exception_is_known(sandbox):
    with (
        run(sandbox, "import torch", "# a comment\ndef f():\n    a = 1\n    raise ValueError(a)")
        as session,
        pytest.raises(RunTimeError) as caught,
    ):  # fmt: skip
        call(session, "f")
    assert "(cell 2, line 4)" in caught.value.diagnosis.message.en


def test_a_missing_function_and_a_stub_are_not_attempted(sandbox):
    with run(sandbox, "def stub(): raise NotImplementedError") as session:
        for name, code in ("absent", "missing"), ("stub", "not_implemented"):
            with pytest.raises(NotAttempted) as caught:
                call(session, name)
            assert caught.value.diagnosis.code == code


@pytest.mark.parametrize(
    "value", ["(i for i in [1])", "int", "object()", "lambda: 0", "__import__('torch')"]
)
def test_what_is_not_data_comes_back_as_a_name(sandbox, value):
    with run(sandbox, f"def f(): return {value}") as session:
        assert type(call(session, "f")).__name__ == "Opaque"


def test_a_reply_that_is_too_large_is_refused(sandbox):
    cells = ["import torch", "def f(): return torch.zeros(10**10).expand(10**10)[:0], 1",
             "def g(): return torch.zeros(1).expand(10**9)", "def h():\n  a=[]\n  a.append(a)\n"
             "  return a"]  # fmt: skip
    with run(sandbox, *cells) as session:
        for name in "gh":
            with pytest.raises(OutputLimitExceeded):
                call(session, name)


@pytest.mark.needs("die")
def test_what_a_call_changes_is_forgotten_for_the_next_check(sandbox):
    with run(sandbox, "seen = []\ndef f():\n    seen.append(1)\n    return len(seen)") as session:
        assert [call(session, "f"), call(session, "f")] == [1, 2]
        session.fresh()
        assert call(session, "f") == 1


def test_changed_arguments_and_generators_are_reported(sandbox):
    cells = ["import torch", "def f(x, y):\n    x += 1\n    return torch.rand(2) + y"]
    with run(sandbox, *cells) as session:
        reply = session.call(Request("f", (torch.zeros(2), torch.zeros(2))))
    assert reply.changed == ("0",)
    assert reply.rng_moved


@pytest.mark.needs("hang")
@pytest.mark.parametrize("body", ["\n    while True: pass", "import time; time.sleep(100)",
    "\n    while True:\n        try:\n            while True: pass\n"
    "        except BaseException: pass"])  # fmt: skip
def test_a_call_that_hangs_costs_itself_only(sandbox, body):
    with run(sandbox, f"def f(): {body}\ndef g(): return 5") as session:
        with pytest.raises(TimeLimitExceeded):
            call(session, "f", limit=0.5)
        assert call(session, "g") == 5


@pytest.mark.needs("die")
@pytest.mark.parametrize(
    "body",
    ["import os; os._exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
     "import ctypes; ctypes.string_at(0)", "import sys; sys.exit()", "f2 = f; f2()"],
)  # fmt: skip
def test_a_call_that_dies_costs_itself_only(sandbox, body):
    with run(sandbox, f"def f(): {body}\ndef g(): return 5") as session:
        with pytest.raises(SubmissionFault):
            call(session, "f")
        assert call(session, "g") == 5


@pytest.mark.needs("die")
def test_a_call_that_kills_the_kernel_costs_itself_only(sandbox):
    body = "import os, signal; os.kill(os.getppid(), signal.SIGKILL); import time; time.sleep(9)"
    with run(sandbox, f"def f(): {body}\ndef g(): return 5") as session:
        with pytest.raises(SubmissionFault):
            call(session, "f", limit=1.0)
        assert call(session, "g") == 5


@pytest.mark.needs("die")
@pytest.mark.parametrize("cell", ["import os\nos._exit(0)", "import ctypes\nctypes.string_at(0)"])
def test_a_cell_that_ends_the_kernel_is_left_out(sandbox, cell):
    with run(sandbox, "def f(): return 1", cell, "def g(): return 2") as session:
        runs = {r.number: r for r in session.run.cells}
        assert [call(session, "f"), call(session, "g")] == [1, 2]
    assert runs[2].verdict is Verdict.RUN_TIME_ERROR
    assert runs[2].diagnosis.code == "cell_died"


@pytest.mark.needs("hang")
@pytest.mark.parametrize("cell", ["while True: pass", "import time\nwhile True:\n    try:\n"
    "        time.sleep(60)\n    except BaseException:\n        pass"])  # fmt: skip
def test_an_endless_cell_is_stopped(sandbox, cell):
    with run(sandbox, cell, "def g(): return 2", limits=Limits(cell_time=1.5)) as session:
        assert call(session, "g") == 2
        assert session.run.cells[0].verdict is Verdict.TIME_LIMIT_EXCEEDED


@pytest.mark.needs("output")
@pytest.mark.parametrize("cell", ["print('a' * 100_000_000)", "while True: print('a' * 100)",
    "for i in range(10**7): print(i)"])  # fmt: skip
def test_a_flood_of_output_is_stopped(sandbox, cell):
    with run(sandbox, cell, "def g(): return 2") as session:
        assert call(session, "g") == 2
        assert session.run.cells[0].verdict is Verdict.OUTPUT_LIMIT_EXCEEDED


@pytest.mark.needs("limit")
@pytest.mark.skipif(sys.platform != "linux", reason="memory limits are Linux's")
def test_a_cell_that_fills_memory_is_named(sandbox):
    hog = "import torch\nkept = [torch.ones(2**24) for _ in range(200)]"
    with run(sandbox, hog, "def g(): return 2") as session:
        assert session.run.cells[0].verdict is Verdict.MEMORY_LIMIT_EXCEEDED
        said = session.run.cells[0].diagnosis.message
        assert "1024 MiB" in said.en
        assert "ell 1" in said.en
        assert "第 1 个单元" in said.zh
        assert call(session, "g") == 2


@pytest.mark.needs("limit")
@pytest.mark.skipif(sys.platform != "linux", reason="memory limits are Linux's")
def test_a_call_that_fills_memory_is_named(sandbox):
    hog = "import torch\ndef f(): return [torch.ones(2**24) for _ in range(200)]"
    with run(sandbox, hog, "def g(): return 2") as session:
        with pytest.raises(SubmissionFault) as caught:
            call(session, "f")
        assert caught.value.verdict is Verdict.MEMORY_LIMIT_EXCEEDED
        assert call(session, "g") == 2


@pytest.mark.needs("wall")
def test_ipython_is_there(sandbox):
    shell = "x = 0" if sandbox.isolation.level == 2 else "!echo hello"  # level 2: no terminal
    cells = ["%matplotlib inline\nimport matplotlib.pyplot as plt", "plt.plot([1, 2])\nplt.show()",
             shell, "%%time\nx = 1", "input('name?')"]  # fmt: skip
    with run(sandbox, *cells) as session:
        verdicts = [r.verdict for r in session.run.cells]
        assert len(session.run.figures) == 1
        assert session.run.cells[4].diagnosis.code == "cell_input"
    assert verdicts == [Verdict.ACCEPTED] * 4 + [Verdict.RUN_TIME_ERROR]


@pytest.mark.needs("wall")
def test_figures_are_kept_without_a_magic(sandbox):
    cells = ["import matplotlib.pyplot as plt", "plt.plot([1, 2])\nplt.show()", "plt.plot([1, 2])"]
    with run(sandbox, *cells) as session:
        assert [figure.cell for figure in session.run.figures] == [2, 3]


def test_the_grader_in_the_box_is_a_stand_in(sandbox):
    if sandbox.isolation.backend == "fake":
        pytest.skip("fake shares this process, where grader is the real one")
    cells = [
        "from grader import check_here\ncheck_here('f')",
        "def f():\n    import grader\n    return [n for n in dir(grader) if n[0] != '_']",
    ]
    with run(sandbox, *cells) as session:
        assert session.run.cells[0].verdict is Verdict.ACCEPTED
        assert call(session, "f") == ["check_here"]


def test_a_transformer_that_blanks_cells_harms_its_author_only(sandbox):
    blank = "ip = get_ipython()\nip.input_transformers_cleanup.append(lambda lines: ['pass\\n'])"
    if sandbox.isolation.backend == "fake":
        pytest.skip("fake has no IPython")
    with run(sandbox, "def f(): return 1", blank, "def g(): return 2") as session:
        assert call(session, "f") == 1
        with pytest.raises(NotAttempted):
            call(session, "g")
