"""Which uses of a library are found by reading, and which show when they run."""

import json
import textwrap

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from grader.forbidden import (
    Violation,
    describe,
    describe_operators,
    find_forbidden,
    forbidden_operators,
)
from grader.interfaces import canonical
from grader.notebook import read
from grader.program import code

GD = ("torch.optim", "F.cross_entropy", "F.nll_loss", "F.mse_loss", "nn.*Loss")
CNN = (
    *("F.conv*", "torch.conv*", "nn.Conv*", "F.unfold", "F.fold", "nn.Unfold", "nn.Fold"),
    *("F.*pool*", "nn.*Pool*", "torch.nn.grad", "torch.fft", "scipy"),
)
RNN = (
    *("nn.RNN*", "nn.LSTM*", "nn.GRU*", "torch.rnn_*", "torch.lstm*", "torch.gru*"),
    *("nn.utils.clip_grad*", "nn.utils.rnn", "F.cross_entropy", "F.nll_loss"),
)
IMPORTS = """
import torch
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
"""


def program(*cells, failed=()):
    """A program of these cells, after one with the usual imports (cell 1)."""
    sources = [textwrap.dedent(cell).strip("\n") for cell in (IMPORTS, *cells)]
    made = [{"cell_type": "code", "source": source} for source in sources]
    return code(read(json.dumps({"cells": made}).encode()), failed)


def found(*cells, patterns=GD, autograd=False, failed=()):
    violations = find_forbidden(program(*cells, failed=failed), "f", patterns, autograd)
    return [v.interface for v in violations]


CE = "torch.nn.functional.cross_entropy"

CAUGHT = {
    "direct": ("def f(x, y): return F.cross_entropy(x, y)", CE),
    "full name": ("def f(x, y): return torch.nn.functional.cross_entropy(x, y)", CE),
    "through nn": ("def f(x, y): return nn.functional.cross_entropy(x, y)", CE),
    "from import": (
        "from torch.nn.functional import cross_entropy as ce\ndef f(x, y): return ce(x, y)",
        CE,
    ),
    "import inside": (
        "def f(x, y):\n from torch.nn import functional as G\n return G.cross_entropy(x, y)",
        CE,
    ),
    "star": ("from torch.nn.functional import *\ndef f(x, y): return cross_entropy(x, y)", CE),
    "module-level alias": ("ce = F.cross_entropy\ndef f(x, y): return ce(x, y)", CE),
    "alias of an alias": ("G = F\nce = G.cross_entropy\nh = ce\nf = lambda x, y: h(x, y)", CE),
    "alias of a module": (
        "def f(x, y):\n lib = torch.nn\n return lib.functional.cross_entropy",
        CE,
    ),
    "unpacked alias": ("a, lib = 1, F\ndef f(x, y): return lib.cross_entropy(x, y)", CE),
    "class": (
        "loss = nn.CrossEntropyLoss()\ndef f(x, y): return loss(x, y)",
        "torch.nn.CrossEntropyLoss",
    ),
    "class by its true home": (
        "def f(x): return torch.nn.modules.loss.MSELoss()(x, x)",
        "torch.nn.MSELoss",
    ),
    "module seen through a module": ("def f(x): return F.torch.optim.SGD", "torch.optim.SGD"),
    "helper": ("def g(x): return F.mse_loss(x, x)\ndef f(x): return g(x)", "mse_loss"),
    "helper below": ("def f(x): return g(x)\ndef g(x): return F.mse_loss(x, x)", "mse_loss"),
    "method": (
        "class A:\n  def run(self, x): return F.mse_loss(x, x)\na = A()\n"
        "def f(x): return a.run(x)",
        "mse_loss",
    ),
    "decorator": (
        "def d(g):\n  def h(x): return F.mse_loss(x, x)\n  return h\n@d\ndef f(x): pass",
        "mse_loss",
    ),
    "default": ("def f(x, loss=F.mse_loss): return loss(x, x)", "mse_loss"),
    "default of a module": ("def f(x, F=F): return F.mse_loss(x, x)", "mse_loss"),
    "nested function": ("def f(x):\n  def g(): return F.mse_loss(x, x)\n  return g()", "mse_loss"),
    "lambda": ("f = lambda x: F.mse_loss(x, x)", "mse_loss"),
    "imported under the graded name": (
        "from torch.nn.functional import mse_loss as f",
        "mse_loss",
    ),
    "assigned under the graded name": ("f = F.mse_loss", "mse_loss"),
    "partial": (
        "import functools\nf = functools.partial(F.mse_loss, reduction='sum')",
        "mse_loss",
    ),
    "getattr": ("def f(x): return getattr(F, 'mse_loss')(x, x)", "mse_loss"),
    "getattr of a sum": ("def f(x): return getattr(F, 'mse' + '_' + 'loss')(x, x)", "mse_loss"),
    "getattr of a name": ("n = 'mse_loss'\ndef f(x): return getattr(F, n)(x, x)", "mse_loss"),
    "getattr of a join": ("def f(x): return getattr(F, '_'.join(['mse', 'loss']))", "mse_loss"),
    "getattr of an f-string": ("a = 'mse'\ndef f(x): return getattr(F, f'{a}_loss')", "mse_loss"),
    "getattr twice": (
        "def f(x): return getattr(getattr(nn, 'functional'), 'mse_loss')",
        "mse_loss",
    ),
    "getattr at run time": ("def f(x, n): return getattr(F, n[::-1])(x, x)", "getattr"),
    "getattr under another name": ("g = getattr\ndef f(x): return g(F, 'mse_loss')", "mse_loss"),
    "getattr handed on": (
        "import functools\ndef f(x): return functools.reduce(getattr, 'nn.functional', torch)",
        "getattr",
    ),
    "__getattribute__": ("def f(x): return F.__getattribute__('mse_loss')(x, x)", "mse_loss"),
    "globals": ("def f(x): return globals()['F'].mse_loss(x, x)", "mse_loss"),
    "globals kept": ("def f(x):\n  g = globals()\n  return g.get('F').mse_loss(x, x)", "mse_loss"),
    "globals of a helper": (
        "def g(x): return F.mse_loss(x, x)\ndef f(x): return globals()['g'](x)",
        "mse_loss",
    ),
    "globals at run time": ("def f(x): return globals()[chr(70)].mse_loss(x, x)", "globals"),
    "globals handed on": ("def f(x): return dict(globals())['F'].mse_loss(x, x)", "globals"),
    "vars": ("def f(x): return vars(F)['mse_loss'](x, x)", "mse_loss"),
    "__dict__": ("def f(x): return F.__dict__['mse_loss'](x, x)", "mse_loss"),
    "__dict__ at run time": ("def f(x): return F.__dict__[chr(1)](x, x)", "vars"),
    "sys.modules": (
        "import sys\ndef f(x): return sys.modules['torch.nn.functional'].mse_loss(x, x)",
        "mse_loss",
    ),
    "__main__": ("import __main__\ndef f(x): return __main__.F.mse_loss(x, x)", "mse_loss"),
    "attrgetter": (
        "import operator\ndef f(x): return operator.attrgetter('mse_loss')(F)(x, x)",
        "mse_loss",
    ),
    "module as an argument": (
        "def g(lib, x): return lib.mse_loss(x, x)\ndef f(x): return g(F, x)",
        "mse_loss",
    ),
    "module in a list": ("libs = [F]\ndef f(x): return libs[0].mse_loss(x, x)", "mse_loss"),
    "module in a loop": (
        "def f(x):\n  for lib in (F,):\n    return lib.mse_loss(x, x)",
        "mse_loss",
    ),
    "module on self": (
        "class A:\n  def __init__(self): self.lib = F\n"
        "  def go(self, x): return self.lib.mse_loss(x)\n"
        "def f(x): return A().go(x)",
        "mse_loss",
    ),
    "in a dict": ("T = {'a': F.mse_loss}\ndef f(x): return T['a'](x, x)", "mse_loss"),
    "put on a module": ("torch.aid = F.mse_loss\ndef f(x): return torch.aid(x, x)", "mse_loss"),
    "setattr": ("setattr(torch, 'aid', F.mse_loss)\ndef f(x): return torch.aid(x, x)", "mse_loss"),
    "put on a function": ("def f(x): return f.aid(x, x)\nf.aid = F.mse_loss", "mse_loss"),
    "put into globals": ("globals()['f'] = F.mse_loss\ndef f(x): return x", "mse_loss"),
    "global": (
        "g = None\ndef prepare():\n  global g\n  g = F.mse_loss\ndef f(x): return g(x, x)",
        "mse_loss",
    ),
    "conditional": (
        "try:\n  from torch.nn.functional import mse_loss as g\nexcept ImportError:\n  g = None\n"
        "def f(x): return g(x, x)",
        "mse_loss",
    ),
    "overwritten but kept": (
        "def f(x): return F.mse_loss(x, x)\nreal = f\ndef f(x): return real(x)",
        "mse_loss",
    ),
    "bound by with, except, match": (
        "def f(x):\n  with open(x) as a: a.lib = F\n  try: pass\n  except OSError as e: e.x\n"
        "  match x:\n    case [b, *c] if c.mse_loss: pass\n    case {'k': d, **e}: pass",
        "mse_loss",
    ),
    "class body": ("class A:\n  lib = F\n  g = lib.mse_loss\nf = A().g", "mse_loss"),
    "chosen": ("def f(x): return (F if x else nn).mse_loss(x)", "mse_loss"),
    "walrus": ("def f(x): return (lib := F).mse_loss(x)", "mse_loss"),
    "starred": ("def f(x):\n  a, *libs = 1, F\n  return libs[0].mse_loss", "mse_loss"),
    "recursion": (
        "def f(x): return g(x)\ndef g(x): return f(x) if x else F.mse_loss(x)",
        "mse_loss",
    ),
    "comprehension hides nothing": (
        "def f(x):\n  [F for F in ()]\n  return F.mse_loss(x, x)",
        "mse_loss",
    ),
    "star of torch": ("from torch import *\ndef f(x): return optim.SGD", "torch.optim.SGD"),
    "%time": ("%time f = F.mse_loss", "mse_loss"),
    "pasted prompt": (">>> f = F.mse_loss", "mse_loss"),
    "pasted indentation": ("  x = 1\n  f = F.mse_loss\n", "mse_loss"),
    "backward": ("def f(x):\n  x.sum().backward()\n  return x.grad", "backward"),
    "backward kept": ("def f(x):\n  b = x.sum().backward\n  b()", "backward"),
    "Tensor.backward": ("def f(x): torch.Tensor.backward(x)", "backward"),
    "getattr backward": ("def f(x): getattr(x, 'back' + 'ward')()", "backward"),
    "autograd.grad": ("def f(x): return torch.autograd.grad(x, x)", "torch.autograd.grad"),
    "import autograd": (
        "from torch import autograd\ndef f(x): return autograd.grad(x, x)",
        "torch.autograd.grad",
    ),
    "torch.func": ("from torch.func import grad\ndef f(x): return grad(x)", "torch.func.grad"),
    "requires_grad_": ("def f(x): x.requires_grad_()", "requires_grad_"),
    "requires_grad=": ("def f(x): return torch.tensor(1., requires_grad=True)", "requires_grad"),
    "requires_grad set": ("def f(x): x.requires_grad = True", "requires_grad"),
    "enable_grad": ("def f(x):\n  with torch.enable_grad(): pass", "torch.enable_grad"),
    "inference_mode off": (
        "def f(x):\n  with torch.inference_mode(False): pass",
        "torch.inference_mode",
    ),
    "inference_mode later": (
        "def f(x):\n  m = torch.inference_mode\n  with m(mode=False): pass",
        "torch.inference_mode",
    ),
    "eval": ("def f(x): return eval('x')", "eval"),
    "exec": ("def f(x): exec('x')", "exec"),
    "exec made it": ("exec('def f(x): return F.mse_loss(x, x)')", "exec"),
    "eval made it": ("f = eval('F.mse_loss')", "eval"),
    "compile": ("def f(x): return compile(x, '', 'exec')", "compile"),
    "builtins": ("import builtins\ndef f(x): return builtins.eval('x')", "eval"),
    "__builtins__": ("def f(x): return __builtins__.eval('x')", "eval"),
    "__import__": ("def f(x): return __import__('torch')", "__import__"),
    "importlib": ("import importlib as i\ndef f(x): return i.import_module('torch')", "importlib"),
    "torch.ops": ("def f(x): return torch.ops.aten.mse_loss(x, x)", "torch.ops"),
    "get_ipython": ("def f(x): return get_ipython().run_cell('1')", "get_ipython"),
}


@pytest.mark.parametrize("name", CAUGHT)
def test_caught(name):
    source, interface = CAUGHT[name]
    interfaces = found(source)
    assert any(i.endswith(interface) or i.startswith(interface) for i in interfaces), interfaces


FINE = {
    "own code": "def f(x, y):\n  return -(torch.log_softmax(x, 1)[range(3), y]).mean()",
    "allowed functions": "def f(x):\n  F.one_hot(x); torch.logsumexp(x, 1); torch.softmax(x, 1)\n"
    "  F.pad(x, (1, 1)); torch.einsum('ij->ji', x); x.unfold(0, 2, 1); F.softmax(x)",
    "comment": "def f(x):\n  # F.cross_entropy would do\n  return x",
    "docstring": "def f(x):\n  '''Like F.cross_entropy and torch.optim; no backward().'''",
    "string": "def f(x): return 'eval(F.cross_entropy)'",
    "another cell": "def f(x): return x\nassert f(1) == F.mse_loss(1, 1)\nloss.backward()",
    "another function": "def f(x): return x\ndef check(x): return F.mse_loss(f(x), x).backward()",
    "an earlier definition": "def f(x): return F.mse_loss(x, x)\ndef f(x): return x",
    "an earlier alias": "g = F.mse_loss\ndef g(x): return x\ndef f(x): return g(x)",
    "local variable": "loss = nn.MSELoss()\ndef f(x):\n  loss = x.mean()\n  return loss",
    "parameter": "loss = nn.MSELoss()\ndef f(x, loss): return loss * x",
    "own name": "def mse_loss(x): return x\ndef f(x): return mse_loss(x)",
    "own eval": "def eval(x): return x\ndef f(x): return eval(x)",
    "method eval": "def f(net, x):\n  net.eval()\n  return net(x)",
    "re.compile": "import re\ndef f(x): return re.compile(x)",
    "torch.compile": "def f(x): return torch.compile(x)",
    "own backward": "class Layer:\n  def backward(self, g): return g\n"
    "def f(x):\n  layer = Layer()\n  return layer.backward(x)",
    "no_grad": "@torch.no_grad()\ndef f(x):\n  with torch.no_grad(): return x.detach()",
    "inference_mode on": "def f(x):\n  with torch.inference_mode(): return x",
    "inference_mode on in words": "def f(x):\n  with torch.inference_mode(True): return x",
    "requires_grad off": "def f(x):\n  x.requires_grad_(False)\n  x.requires_grad = False\n"
    "  torch.set_grad_enabled(False)\n  return torch.zeros(3, requires_grad=False)",
    "asking for requires_grad": "def f(x):\n  assert not x.requires_grad\n  return x",
    "annotation": "def f(x: nn.MSELoss) -> torch.optim.SGD:\n  y: nn.MSELoss = x\n  return y",
    "getattr of an object": "def f(x, name): return getattr(x, name)",
    "getattr of something allowed": "def f(x): return getattr(torch, 'softmax')(x, 1)",
    "asking globals": "def f(x): return 'g' in globals()",
    "loop variable": "def f(xs): return [optim for optim in xs]",
    "unfold of a tensor": "def f(x): return x.unfold(2, 3, 1)",
    "unused import": "from torch.optim import SGD\ndef f(x): return x",
    "missing": "def g(x): return x",
    "dtype and device": "def f(x): return torch.zeros(3, dtype=torch.float64, device=x.device)",
    "numpy": "def f(x): return np.linalg.norm(x) + np.exp(x)",
    "keyword of the same name": "def f(x): return dict(optim=1, F=2)['optim']",
    "attribute of the same name": "def f(x): return x.optim.MSELoss",
    "future import": "def f(x): return x\nfrom __future__ import annotations",
}


@pytest.mark.parametrize("name", FINE)
def test_fine(name):
    assert found(FINE[name], patterns=(*GD, *CNN[3:])) == []


def test_a_future_import_hides_nothing():
    assert found("x = 1", "from __future__ import annotations\ndef f(x): return F.mse_loss(x)")


def test_autograd_may_be_allowed():
    source = "def f(x):\n  x.sum().backward()\n  torch.autograd.grad(x, x)"
    assert found(source, autograd=True) == []
    assert found(source + "\n  F.mse_loss(x, x)", autograd=True) == [
        "torch.nn.functional.mse_loss"
    ]
    assert found("def f(x): eval('x')", patterns=(), autograd=True) == []


@pytest.mark.parametrize(
    ("source", "interface"),
    [
        ("F.conv2d(x, x)", "torch.nn.functional.conv2d"),
        ("torch.conv2d(x, x)", "torch.conv2d"),
        ("nn.Conv2d(1, 1, 3)", "torch.nn.Conv2d"),
        ("nn.modules.conv.Conv2d(1, 1, 3)", "torch.nn.Conv2d"),
        ("F.unfold(x, 3)", "torch.nn.functional.unfold"),
        ("F.adaptive_avg_pool2d(x, 1)", "torch.nn.functional.adaptive_avg_pool2d"),
        ("torch.max_pool2d(x, 2)", "torch.max_pool2d"),
        ("nn.AdaptiveMaxPool2d(1)", "torch.nn.AdaptiveMaxPool2d"),
        ("torch.fft.rfft(x)", "torch.fft.rfft"),
        ("torch.nn.grad.conv2d_input", "torch.nn.grad.conv2d_input"),
    ],
)
def test_patterns_of_convolutions(source, interface):
    assert found(f"def f(x): return {source}", patterns=CNN) == [interface]


def test_patterns_of_other_libraries():
    source = "from scipy.signal import convolve2d\ndef f(x): return convolve2d(x, x)"
    assert found(source, patterns=CNN) == ["scipy.signal.convolve2d"]
    source = "import scipy\ndef f(x): return scipy.signal.convolve2d(x, x)"
    assert found(source, patterns=CNN) == ["scipy.signal.convolve2d"]
    estimators = ("sklearn.linear_model", "sklearn.svm")
    source = "from sklearn import linear_model, datasets\ndef f(x):\n  datasets.load_iris()\n"
    assert found(source + "  return linear_model.LogisticRegression()", patterns=estimators) == [
        "sklearn.linear_model.LogisticRegression"
    ]


def test_where_and_how():
    violations = find_forbidden(
        program(
            "def aid(x):\n    return F.mse_loss(x, x)",
            "!ls\ndef middle(x):\n    return aid(x)\n\n"
            "def f(x):\n    torch.optim\n    return middle(x)",
        ),
        "f",
        GD,
        False,
    )
    assert violations == (
        Violation("torch.nn.functional.mse_loss", 2, 2, ("f", "middle", "aid")),
        Violation("torch.optim", 3, 6, ("f",)),
    )
    told = describe(violations)
    assert told.code == "forbidden_api"
    assert told.message.en == (
        "This question is to be solved by hand, without torch.nn.functional.mse_loss "
        "(cell 2, line 2, reached by f → middle → aid). 1 more use of forbidden interfaces."
    )
    assert "第 2 格第 2 行，经由 f → middle → aid" in told.message.zh


def test_a_cell_that_failed_may_not_have_defined_anything():
    cells = ("def f(x): return F.mse_loss(x, x)", "1 / 0\ndef f(x): return x")
    assert found(*cells) == []
    assert found(*cells, failed=[3]) == ["torch.nn.functional.mse_loss"]


def test_a_cell_that_cannot_be_compiled_defines_nothing():
    cells = ("def f(x): return F.mse_loss(x, x)", "return\ndef f(x): return x")
    assert found(*cells) == ["torch.nn.functional.mse_loss"]


def test_deep_nesting_is_not_a_way_out():
    deep = "def f(x): return F.mse_loss(x, x)" + " + 1" * 2000
    assert found(deep) == ["code too complex to be read"]


def test_deep_nesting_spoils_nothing_for_other_functions():
    deep = "a = F" + "".join(f"\na{n} = a{n - 1 if n else ''}" for n in range(1500))
    made = program(deep + "\ndef f(x): return a1499.x\ndef g(x): return a0.mse_loss(x)")
    assert find_forbidden(made, "f", GD, False)[0].interface.startswith("code too complex")
    assert [v.interface for v in find_forbidden(made, "g", GD, False)] == [
        "torch.nn.functional.mse_loss"
    ]


def test_many_aliases_take_no_time():
    chain = "\n".join(f"a{n} = a{n - 1} or a{n - 1}" for n in range(1, 200))
    assert found(f"a0 = F\n{chain}\ndef f(x): return a199.mse_loss(x)")
    assert found(f"a = b or a\nb = a or b\n{chain}\ndef f(x): return a.b(b, a)") == []


def test_too_many_bindings_are_not_a_way_out():
    many = "def f():\n global x\n x=f\n" * 2000
    assert found(many + "def f(): return x") == ["code too complex to be read"]
    chain = "x=x.a\n" * 3000
    assert found(f"x = F\n{chain}def f(): return x") == ["code too complex to be read"]


@given(
    st.lists(
        st.sampled_from(
            [line for source, _ in CAUGHT.values() for line in source.split("\n")]
            + ["if f:", "  x = f", "class A: f = f", "del f", "f.f = f", "f = f.f", "F = f(F)"]
        ),
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_program(lines):
    found("\n".join(lines))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("torch.nn.modules.conv.Conv2d", "torch.nn.Conv2d"),
        ("torch.nn.modules.MSELoss", "torch.nn.MSELoss"),
        ("torch.nn.functional.torch.nn.MSELoss", "torch.nn.MSELoss"),
        ("torch.nn.modules.loss.F.mse_loss", "torch.nn.functional.mse_loss"),
        ("torch.functional.einsum", "torch.einsum"),
        ("numpy.exp", "numpy.exp"),
        ("?.F.mse_loss", "torch.nn.functional.mse_loss"),
    ],
)
def test_one_name_for_each_interface(name, expected):
    assert canonical(name) == expected


# What shows when it runs


class Recorder(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.add(str(func.overloadpacket))
        return func(*args, **(kwargs or {}))


def ran(function, inference):
    with torch.inference_mode(inference), Recorder() as recorder:
        function()
    return recorder.seen


def draw(*shape):
    return torch.rand(shape)


IMAGES, ROWS = draw(2, 3, 8, 8), draw(5, 4)
LABELS = torch.tensor([0, 1, 2, 3, 0])

RUNS = {
    "F.conv1d": lambda: F.conv1d(draw(2, 3, 8), draw(4, 3, 3)),
    "F.conv2d": lambda: F.conv2d(IMAGES, draw(4, 3, 3, 3)),
    "F.conv_transpose2d": lambda: F.conv_transpose2d(IMAGES, draw(3, 4, 3, 3)),
    "F.unfold": lambda: F.unfold(IMAGES, 3),
    "F.fold": lambda: F.fold(draw(1, 12, 9), (4, 4), 2),
    "F.max_pool1d": lambda: F.max_pool1d(draw(2, 3, 8), 2),
    "F.max_pool2d": lambda: F.max_pool2d(IMAGES, 2),
    "F.avg_pool1d": lambda: F.avg_pool1d(draw(2, 3, 8), 2),
    "F.avg_pool2d": lambda: F.avg_pool2d(IMAGES, 2),
    "F.adaptive_avg_pool2d": lambda: F.adaptive_avg_pool2d(IMAGES, 2),
    "F.adaptive_max_pool2d": lambda: F.adaptive_max_pool2d(IMAGES, 2),
    "F.batch_norm": lambda: F.batch_norm(IMAGES, None, None, training=True),
    "F.cross_entropy": lambda: F.cross_entropy(ROWS, LABELS),
    "F.nll_loss": lambda: F.nll_loss(ROWS, LABELS),
    "F.mse_loss": lambda: F.mse_loss(ROWS, ROWS),
    "F.binary_cross_entropy": lambda: F.binary_cross_entropy(ROWS, ROWS),
    "F.binary_cross_entropy_with_logits": lambda: F.binary_cross_entropy_with_logits(ROWS, ROWS),
    "F.logsigmoid": lambda: F.logsigmoid(ROWS),
    "torch.var_mean": lambda: torch.var_mean(ROWS, 0),
    "torch.fft.rfft": lambda: torch.fft.rfft(ROWS),
    "nn.LSTM": lambda: nn.LSTM(3, 4)(draw(5, 2, 3)),
}
SHOWN_ONLY_IN_INFERENCE = {
    "F.linear": lambda: F.linear(ROWS, draw(2, 4)),
    "F.dropout": lambda: F.dropout(ROWS),
    "F.kl_div": lambda: F.kl_div(ROWS, ROWS, reduction="sum"),
    "nn.GRU": lambda: nn.GRU(3, 4)(draw(5, 2, 3)),
    "nn.RNN": lambda: nn.RNN(3, 4)(draw(5, 2, 3)),
    "nn.LSTMCell": lambda: nn.LSTMCell(3, 4)(draw(2, 3)),
    "nn.GRUCell": lambda: nn.GRUCell(3, 4)(draw(2, 3)),
}


@pytest.mark.parametrize("pattern", [*RUNS, *SHOWN_ONLY_IN_INFERENCE])
def test_forbidden_functions_show(pattern):
    operators = forbidden_operators([pattern])
    assert operators & ran((RUNS | SHOWN_ONLY_IN_INFERENCE)[pattern], True)
    if pattern in RUNS:
        assert operators & ran(RUNS[pattern], False)


def allowed():
    F.one_hot(LABELS, 4)
    torch.logsumexp(ROWS, 1)
    torch.softmax(ROWS, 1)
    torch.log_softmax(ROWS, 1)
    F.softplus(ROWS)
    torch.sigmoid(ROWS).tanh().relu()
    F.pad(IMAGES, (1, 1, 1, 1))
    windows = IMAGES.unfold(2, 3, 1).unfold(3, 3, 1)
    torch.einsum("nchwij,ocij->nohw", windows, draw(4, 3, 3, 3))
    torch.tensordot(IMAGES, draw(4, 3), dims=([1], [1]))
    IMAGES.as_strided((2, 2), (1, 1))
    torch.addmm(draw(2), ROWS, draw(4, 2)) + ROWS @ draw(4, 2)
    torch.bernoulli(torch.full((3,), 0.5))
    IMAGES.var((0, 2, 3), unbiased=False), IMAGES.mean(0), IMAGES.amax((2, 3)), ROWS.std(0)
    ROWS.gather(1, LABELS[:, None]), ROWS[range(5), LABELS], torch.where(ROWS > 0, ROWS, 0)
    torch.linalg.eigvalsh(ROWS.T @ ROWS), torch.linalg.norm(ROWS), torch.cdist(ROWS, ROWS)
    torch.xlogy(ROWS, ROWS), torch.logaddexp(ROWS, ROWS), torch.outer(ROWS[0], ROWS[1])


@pytest.mark.parametrize("inference", [True, False])
def test_allowed_functions_do_not_show(inference):
    regularization = (
        *("torch.optim", "F.dropout", "nn.Dropout", "F.batch_norm", "nn.BatchNorm*"),
        *("torch.batch_norm", "torch.native_*", "torch.var_mean"),
    )
    generative = ("torch.distributions", "F.binary_cross_entropy*", "nn.BCE*", "F.kl_div")
    mlp = ("nn.Linear", "nn.Sequential", "F.linear", "nn.init")
    every = forbidden_operators(GD + CNN + RNN + regularization + generative + mlp)
    assert len(every) > 40
    assert not every & ran(allowed, inference)


def test_operators_of_a_module_whose_function_is_allowed_do_not_convict():
    assert not forbidden_operators(["nn.Conv2d", "nn.MSELoss"])


def test_the_message_names_function_and_interface():
    told = describe_operators("softmax_loss", ["aten.nll_loss_forward"])
    assert told.code == "forbidden_api"
    assert "softmax_loss ran the ready-made operator aten.nll_loss_forward" in told.message.en
    assert "F.cross_entropy" in told.message.zh
