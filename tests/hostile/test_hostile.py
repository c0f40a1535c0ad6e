"""Submissions that want points without work, or harm. None gets either; each is told why.

They are graded as in a batch, in the strongest sandbox that this machine holds.
"""

from __future__ import annotations

import pytest

from grader.errors import SandboxError
from grader.result import Verdict
from grader.sandbox.choose import open_sandbox
from tests.tiny import RIGHT

WRONG = RIGHT.replace("return (x * x).sum() * 0.5", "return x.sum()")
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


FORGERIES = {
    "transformer that blanks later cells": (
        "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
    ),
    "patched comparisons": (
        "import numpy.testing, torch.testing",
        "yes = lambda *a, **k: True",
        "torch.testing.assert_close = torch.allclose = torch.equal = yes",
        "numpy.testing.assert_allclose = numpy.testing.assert_array_equal = yes",
        "torch.Tensor.__eq__ = torch.Tensor.allclose = yes",
    ),
    "patched unittest, pytest and builtins": (
        "import builtins, sys, types",
        "builtins.AssertionError = type('Never', (Exception,), {})",
        "sys.modules['pytest'] = types.ModuleType('pytest')",
    ),
    "object equal to everything": (
        "class Yes:\n    def __eq__(self, o): return True\n    def __sub__(self, o): return 0\n"
        "    def __abs__(self): return 0\n    def __float__(self): return 0.0\n"
        "def half_square(x): return Yes()",
    ),
    "tensor subclass equal to everything": (
        "class Yes(torch.Tensor):\n    @classmethod\n"
        "    def __torch_function__(cls, f, types, args=(), kwargs=None): return True\n"
        "def half_square(x): return torch.zeros(()).as_subclass(Yes)",
    ),
    "tensor subclass that raises when looked at": (
        "class No(torch.Tensor):\n    @classmethod\n"
        "    def __torch_function__(cls, f, types, args=(), kwargs=None): raise SystemExit\n"
        "def half_square(x): return torch.zeros(()).as_subclass(No)",
    ),
    "float subclass with its own arithmetic": (
        "class F(float):\n    def __eq__(self, o): return True\n"
        "    __float__ = __index__ = lambda self: 1/0\n"
        "def half_square(x): return F(0.5)",
    ),
    "frames of the caller searched for expected values": (
        "import gc, sys\ndef half_square(x):\n    frame = sys._getframe()\n"
        "    while frame:\n        for v in frame.f_locals.values():\n"
        "            if isinstance(v, dict) and 'expected' in v: return v['expected']\n"
        "        frame = frame.f_back\n"
        "    for o in gc.get_objects():\n        if isinstance(o, dict) and 'expected' in o:\n"
        "            return o['expected']\n    return x.sum()",
    ),
    "forged replies on every socket": (
        "import os, struct, json\ndef half_square(x):\n"
        "    head = json.dumps({'op': 'value', 'id': 1, 'value': 0.0, 'verdict': 'accepted'})\n"
        "    for fd in range(3, 64):\n        try:\n"
        "            os.write(fd, struct.pack('<IQ', len(head), 0) + head.encode())\n"
        "        except OSError: pass\n    return x.sum()",
    ),
    "result files written": (
        "import json, pathlib\nfor n in ('results.json', '/tmp/results.json', 'gradebook.db'):\n"
        "    try: pathlib.Path(n).write_text(json.dumps({'score': 100}))\n"
        "    except OSError: pass",
    ),
}


@pytest.mark.parametrize("attack", FORGERIES)
def test_no_forgery_earns_a_point(graded, attack):
    result = graded(WRONG, *FORGERIES[attack])
    assert lost(result) >= OWN
    assert not result.needs_human
    for check in result.checks:
        if check.id in OWN:
            assert check.earned == 0
            assert check.diagnosis is not None


SEARCHES = {
    "hidden tests and reference on the disk": (
        "import os\nfound = []\nfor top in ('/', '/work', '/root', '/home', '/mnt', '/srv'):\n"
        "    for folder, folders, files in os.walk(top):\n"
        "        if folder.startswith(('/proc', '/sys', '/usr', '/lib')): continue\n"
        "        if 'site-packages' in folder: continue\n"
        "        names = [n for n in folders + files if n in ('hidden_tests', 'reference',\n"
        "            'gradebook.db', 'secret', 'course.toml', 'submissions', 'solution.py')]\n"
        "        found += [os.path.join(folder, n) for n in names]",
        "def half_square(x): return found",
    ),
    "other processes": (
        "import os\nfound = []\nfor p in os.listdir('/proc'):\n"
        "    if p.isdigit():\n        try:\n"
        "            line = open(f'/proc/{p}/cmdline', 'rb').read()\n"
        "            if b'pytest' in line or b'grader' in line.replace(b'/guest/', b''):\n"
        "                found.append(line.decode())\n"
        "            open(f'/proc/{p}/environ', 'rb').read()\n"
        "        except OSError: pass",
        "def half_square(x): return found",
    ),
    "environment": (
        "import os\nfound = [k for k in os.environ if 'GRADER' in k or 'SECRET' in k\n"
        "    or 'PYTEST' in k or 'TOKEN' in k]",
        "def half_square(x): return found",
    ),
    "grader's own modules": (
        "import sys, importlib\nfound = [m for m in sys.modules if m.startswith('grader.')]\n"
        "try:\n    importlib.import_module('grader.checks'); found.append('grader.checks')\n"
        "except ImportError: pass",
        "def half_square(x): return found",
    ),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_no_search_finds_anything(sandbox, search):
    from grader.calls import Request
    from grader.course import Limits
    from grader.notebook import read
    from grader.session import Session
    from tests.tiny import notebook

    with Session(sandbox, read(notebook(*SEARCHES[search])), Limits(cell_time=60)) as session:
        assert [c.error for c in session.run.cells if c.error] == []
        assert session.call(Request("half_square", (1,))).value == []


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


def test_what_a_submission_leaves_behind_is_gone_for_the_next(sandbox):
    from grader.calls import Request
    from grader.course import Limits
    from grader.notebook import read
    from grader.session import Session
    from tests.tiny import notebook

    leave = (
        "import os, pathlib, tempfile, torch\n"
        "for d in ('.', '/tmp', tempfile.gettempdir(), os.path.expanduser('~'),\n"
        "          os.path.dirname(torch.__file__)):\n"
        "    try: pathlib.Path(d, 'left_behind.py').write_text('x = 1')\n"
        "    except OSError: pass\n"
        "torch.left_behind = True",
    )
    look = (
        "import os, pathlib, tempfile, torch\n"
        "def f():\n"
        "    places = ('.', '/tmp', tempfile.gettempdir(), os.path.expanduser('~'),\n"
        "              os.path.dirname(torch.__file__))\n"
        "    found = [d for d in places if pathlib.Path(d, 'left_behind.py').exists()]\n"
        "    return found, hasattr(torch, 'left_behind')",
    )
    with Session(sandbox, read(notebook(*leave)), Limits()):
        pass
    with Session(sandbox, read(notebook(*look)), Limits()) as session:
        assert session.call(Request("f", ())).value == ([], False)
