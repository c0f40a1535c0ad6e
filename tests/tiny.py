"""A course with one small assignment, for tests that need one."""

from __future__ import annotations

import textwrap
from pathlib import Path

import nbformat

COURSE = """
[course]
title = "Tiny"

[[assignments]]
id = "tiny"
"""

ASSIGNMENT = """
id = "tiny"
title = { zh = "小", en = "Tiny" }

[limits]
cell_time = 20
call_time = 10

[[questions]]
id = "1"
title = { zh = "一", en = "One" }
points = 10
autograd = false
forbidden = ["F.mse_loss"]
functions = [{ name = "half_square" }, { name = "scaled" }]

[[questions]]
id = "2"
title = { zh = "二", en = "Two" }
points = 4
functions = [{ name = "twice_half_square" }]

[[questions]]
id = "h"
title = { zh = "卫生", en = "Hygiene" }
points = 4

[[questions]]
id = "w1"
title = { zh = "思考", en = "Think" }
points = 5
written = true
"""

SOLUTION = '''
# %% [markdown] lang="zh"
# # 小作业

# %%
import torch

# %%
def half_square(x):
    """(N,) -> ()"""
    # BEGIN SOLUTION
    return (x**2).sum() / 2
    # END SOLUTION

# %%
def scaled(x, factor):
    """(N,), float -> dict(value (N,), total ())"""
    # BEGIN SOLUTION
    value = x * factor
    return {"value": value, "total": value.sum()}
    # END SOLUTION

# %%
def twice_half_square(x):
    """(N,) -> (): twice half_square"""
    # BEGIN SOLUTION
    return 2 * half_square(x)
    # END SOLUTION

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*
'''

MISCONCEPTIONS = """
from grader.catalogue import misconception


@misconception(zh="漏了 1/2。", en="The factor 1/2 is missing.", words="no 1/2")
def half_square__missing_half(x):
    return (x**2).sum()


@misconception(words="the mean")
def half_square__mean(x):
    return (x**2).mean() / 2
"""

HIDDEN = '''
from grader import assert_close, check


@check("1a", points=4)
def test_value(agree, draw):
    """数值正确
    the value is right"""
    for n in 1, 7:
        agree("half_square", draw.normal(n))


@check("1b", points={"value": 3, "total": 1})
def test_parts(agree, draw):
    """两个部分
    both parts"""
    for n in 2, 5:
        agree("scaled", draw.normal(n), 2.5)


@check("1c", points=2)
def test_quadratic(student, draw):
    """放大两倍，结果变为四倍
    twice the input, four times the value"""
    x = draw.normal(6)
    assert_close(student.half_square(2 * x), 4 * student.half_square(x), tolerance=1e-9)


@check("2a", points=4)
def test_caller(agree, draw):
    """调用正确
    the caller is right"""
    agree("twice_half_square", draw.normal(4))
'''

HYGIENE = '''
from grader import check


@check("h1", points=1)
def test_dtype(hygiene):
    """类型
    dtype"""
    hygiene.dtype_and_device()


@check("h2", points=1)
def test_arguments(hygiene):
    """参数
    arguments"""
    hygiene.arguments_unchanged()


@check("h3", points=1)
def test_precision(hygiene):
    """精度
    precision"""
    hygiene.precision()


@check("h4", points=1)
def test_repeatable(hygiene):
    """重复
    repeatable"""
    hygiene.repeatable()
'''

PUBLIC = '''
import torch

from grader import assert_close, check


@check("p1a", points=0, functions=("half_square",))
def test_example(student):
    """例子
    an example"""
    assert_close(student.half_square(torch.tensor([1.0, 2.0])), 2.5)
'''

RIGHT = """
import torch

def half_square(x):
    return (x * x).sum() * 0.5

def scaled(x, factor):
    value = factor * x
    return {"value": value, "total": value.sum()}

def twice_half_square(x):
    return 2 * half_square(x)
"""


def write_course(root: Path, hidden: str = HIDDEN, solution: str = SOLUTION) -> Path:
    """Write the course and return its folder."""
    files = {
        "course.toml": COURSE,
        "assignments/tiny/assignment.toml": ASSIGNMENT,
        "assignments/tiny/public_tests/test_public.py": PUBLIC,
        "reference/tiny/solution.py": solution,
        "reference/tiny/misconceptions.py": MISCONCEPTIONS,
        "hidden_tests/tiny/test_q1.py": hidden,
        "hidden_tests/tiny/test_hygiene.py": HYGIENE,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def notebook(*cells: str) -> bytes:
    """A notebook file with these code cells."""
    made = [nbformat.v4.new_code_cell(textwrap.dedent(source)) for source in cells]
    return nbformat.writes(nbformat.v4.new_notebook(cells=made)).encode()


def hand_in(root: Path, student: str, *cells: str) -> Path:
    """Put a notebook into the submissions folder."""
    path = root / "submissions" / "tiny" / student / "tiny.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook(*cells))
    return path
