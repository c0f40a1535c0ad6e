"""A sandbox that is killed under a submission costs the submission nothing: it is graded again."""

from __future__ import annotations

import contextlib
import threading
import time

import psutil
import pytest

from grader.errors import SandboxLost
from grader.result import Isolation, Verdict
from grader.sandbox.zygote import Zygote
from tests.sandbox.conftest import STRONGEST, opened_at
from tests.tiny import RIGHT

SLOW_CELL = "import time\ntime.sleep(1)"
SLOW_CALL = RIGHT.replace("return (x", "import time; time.sleep(0.2); return (x")


@pytest.fixture(scope="module", params=STRONGEST, ids=["strongest", "confined"])
def sandbox(request):
    yield from opened_at(request.param)


class Killer:
    """Kills what a sandbox consists of, once, while a box of it is at work."""

    def __init__(self, sandbox, generation):
        self.killed = 0
        self._sandbox = sandbox
        self._generation = generation
        self._thread = threading.Thread(target=self._kill)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join()

    def _kill(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if any(box.alive() for box in list(self._sandbox._boxes)):
                break
            time.sleep(0.01)
        time.sleep(0.4)
        family = [psutil.Process(self._sandbox._zygote._process.pid)]
        for _ in range(self._generation):
            family = [child for parent in family for child in parent.children()]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
                self.killed += 1


@pytest.mark.slow
@pytest.mark.parametrize("generation", [1, 2], ids=["zygote", "warden"])
@pytest.mark.parametrize("cells", [(RIGHT, SLOW_CELL), (SLOW_CALL,)], ids=["cell", "call"])
def test_what_was_in_flight_is_graded_again(sandbox, grade_tiny, cells, generation):
    with Killer(sandbox, generation) as killer:
        result = grade_tiny(*cells, sandbox=sandbox)
    assert killer.killed
    assert not result.needs_human
    assert {c.verdict for c in result.checks} == {Verdict.ACCEPTED}
    assert {c.verdict for c in result.notebook.cells} == {Verdict.ACCEPTED}


def test_a_zygote_killed_before_it_read_its_orders_is_lost(sandbox):
    # Were this an error of its own, the level would be given up for a weaker one.
    zygote = Zygote(sandbox.isolation.level, preload=False)
    try:
        zygote._process.kill()  # long before its interpreter has started
        with pytest.raises(SandboxLost):
            zygote.wait()
    finally:
        zygote.close()


def test_a_sandbox_that_never_lives_is_our_fault(grade_tiny):
    class Doomed:
        isolation = Isolation("linux", 3, "isolated")
        opened = 0

        def open(self, spec):
            self.opened += 1
            raise SandboxLost("killed")

    doomed = Doomed()
    result = grade_tiny(RIGHT, sandbox=doomed)
    assert result.verdict is Verdict.JUDGE_ERROR
    assert doomed.opened == 3
