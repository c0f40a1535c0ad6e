"""A kernel that is killed alone: from outside it costs nothing, from inside what it always did."""

from __future__ import annotations

import contextlib
import threading

import psutil
import pytest

from grader.result import Verdict
from grader.sandbox.choose import open_sandbox
from tests.sandbox.conftest import STRONGEST, opened_at
from tests.tiny import RIGHT

CUE = "struck"
"""A process of this name is killed, one of the other has its parent killed."""
ORPHAN = "orphaned"
WAIT = """
import builtins, ctypes, time
def wait(name, seconds=2.0):
    libc = ctypes.CDLL(None)
    libc.prctl(15, name.encode(), 0, 0, 0)
    time.sleep(seconds)
    libc.prctl(15, b"calm", 0, 0, 0)
setattr(builtins, "paused", wait)  # under a name that who reads the program does not know
"""
IN_A_CELL = (WAIT, f"wait({CUE!r})", RIGHT)
IN_A_CALL = (WAIT, RIGHT.replace("return (x", f"paused({CUE!r}, 0.5); return (x"))
UNDER_A_CALL = (WAIT, RIGHT.replace("return (x", f"paused({ORPHAN!r}, 0.5); return (x"))
SUICIDE = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


class Killer:
    """Kills what gives the cue, so many times."""

    def __init__(self, times=1):
        self._victims = set()
        self._times = times
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._kill)

    @property
    def killed(self):
        return len(self._victims)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _kill(self):
        while self.killed < self._times and not self._stop.wait(0.05):
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if process.name() == CUE:
                        victim = process
                    elif process.name() == ORPHAN:
                        victim = process.parent()
                    else:
                        continue
                    if victim not in self._victims:
                        victim.kill()
                        self._victims.add(victim)
                        break


class Counted:
    """A sandbox that counts its boxes."""

    def __init__(self, sandbox):
        self._sandbox = sandbox
        self.isolation = sandbox.isolation
        self.opened = 0

    def open(self, spec):
        self.opened += 1
        return self._sandbox.open(spec)


COLD = pytest.param(0, marks=pytest.mark.thorough)  # each kernel takes five seconds to start


@pytest.fixture(scope="module", params=[*STRONGEST, COLD], ids=["strongest", "confined", "plain"])
def sandbox(request):
    if request.param == 0:
        with open_sandbox("plain") as opened:
            yield opened
    else:
        yield from opened_at(request.param)


def points(result):
    return {c.id: c.earned for c in result.checks}


@pytest.mark.slow
@pytest.mark.parametrize(
    "cells", [IN_A_CELL, IN_A_CALL, UNDER_A_CALL], ids=["cell", "call", "under a call"]
)
def test_from_outside_once_it_is_graded_as_if_nothing_had_been(sandbox, grade_tiny, cells):
    with Killer() as killer:
        result = grade_tiny(*cells, sandbox=sandbox)
    assert killer.killed == 1
    assert not result.needs_human
    assert {c.verdict for c in result.checks} == {Verdict.ACCEPTED}
    assert {c.verdict for c in result.notebook.cells} == {Verdict.ACCEPTED}


@pytest.mark.slow
def test_the_second_run_decides(sandbox, grade_tiny):
    """What dies whenever it runs is the notebook's own, whoever killed it."""
    with Killer(times=9) as killer:
        result = grade_tiny(*IN_A_CELL, sandbox=sandbox)
    assert killer.killed == 2
    assert result.notebook.cells[1].diagnosis.code == "cell_died"
    assert {c.verdict for c in result.checks} == {Verdict.ACCEPTED}
    with Killer(times=99):
        result = grade_tiny(*IN_A_CALL, sandbox=sandbox)
    checks = {c.id: c for c in result.checks}
    assert checks["1a"].diagnosis.code == "died"
    assert checks["1b"].verdict is Verdict.ACCEPTED
    assert not result.needs_human


@pytest.mark.slow
def test_a_notebook_that_kills_itself_gets_one_more_run_and_no_other_result(sandbox, grade_tiny):
    counted = Counted(sandbox)
    result = grade_tiny(RIGHT, SUICIDE, sandbox=counted)
    assert counted.opened == 3  # it dies, dies again, and runs without that cell
    assert result.notebook.cells[1].diagnosis.code == "cell_died"
    assert {c.verdict for c in result.checks} == {Verdict.ACCEPTED}
    counted = Counted(sandbox)
    cells = [f"x = {n}\n{SUICIDE}" for n in range(9)]
    result = grade_tiny(RIGHT, *cells, sandbox=counted)
    assert counted.opened == 5
    assert result.verdict is Verdict.RUN_TIME_ERROR
    assert not any(points(result).values())


def test_other_ends_are_the_notebooks_own_at_once(sandbox, grade_tiny):
    counted = Counted(sandbox)
    result = grade_tiny("import os\nos._exit(0)", "import os\nos.abort()", RIGHT, sandbox=counted)
    assert counted.opened == 3
    assert [c.verdict for c in result.notebook.cells][:2] == [Verdict.RUN_TIME_ERROR] * 2
    assert {c.verdict for c in result.checks} == {Verdict.ACCEPTED}
