"""A module that starts a thread when it is imported: what a fork loses, and who is told."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from grader.calls import Request
from grader.course import Limits
from grader.errors import TimeLimitExceeded
from grader.notebook import read
from grader.result import Verdict
from grader.sandbox.process import GUEST
from grader.session import Session
from tests.tiny import notebook

THREADED = b"""
import queue, threading
questions, answers = queue.Queue(), queue.Queue()
def serve():
    while True:
        answers.put(2 * questions.get())
threading.Thread(target=serve, daemon=True).start()
def ask(x):
    questions.put(x)
    return answers.get()
"""


def test_it_is_not_imported_before_a_fork(tmp_path):
    (tmp_path / "threaded.py").write_bytes(THREADED)
    (tmp_path / "broken.py").write_text("1 / 0")
    code = f"""
    import sys
    sys.path.insert(0, {str(GUEST)!r})
    import zygote
    print([zygote.imports_quietly(n) for n in ("json", "threaded", "absent", "broken")])
    print("threaded" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["[True, False, False, False]", "False"]


@pytest.mark.slow
def test_cells_have_the_thread_and_calls_do_not(sandbox):
    """docs/security.md says so: calls are answered by a fork of the kernel."""
    cells = ["import threaded\nassert threaded.ask(3) == 6", "def f(x): return threaded.ask(x)"]
    cells.append("def g(x): return x + 1")
    session = Session(sandbox, read(notebook(*cells)), Limits(), files={"threaded.py": THREADED})
    with session:
        assert {r.verdict for r in session.run.cells} == {Verdict.ACCEPTED}
        with pytest.raises(TimeLimitExceeded):
            session.call(Request("f", (1,), time_limit=1.0))
        assert session.call(Request("g", (1,))).value == 2
