"""References follow the device of their inputs, shown as far as a machine without a GPU can.

Fake CUDA tensors carry shapes, dtypes and devices but no numbers: mixing devices is an error as on
a real GPU. Where a function needs a number (`int(y.max())`) they end, and so does what is shown.
"""

from __future__ import annotations

import inspect
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    UnsupportedOperatorException,
)

from grader import catalogue
from grader.calibrate import recorded
from grader.compare import compare
from grader.config import load_assignment, load_course
from grader.oracle import plain
from grader.proxy import tensors_in
from grader.tolerance import VALUE

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)
ASSIGNMENTS = [a.id for a in COURSE.assignments]
NUMBERS_NEEDED = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedOperatorException,
)

pytestmark = pytest.mark.slow


@lru_cache(maxsize=8)
def calls(assignment: str):
    return [r for r in recorded(load_assignment(COURSE, assignment), 0) if r.compared]


def mapped(value, change):
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)(mapped(v, change) for v in value)
    if isinstance(value, dict):
        return {k: mapped(v, change) for k, v in value.items()}
    return value


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_solutions_follow_a_device_that_is_not_there(name):
    assignment = load_assignment(COURSE, name)
    book = catalogue.load(assignment.reference)
    mode = FakeTensorMode()

    def fake(tensor):
        return FakeTensor(mode, tensor.to("meta"), torch.device("cuda", 0))

    shown = set()
    for record in calls(name):
        if assignment.functions[record.function].trains:
            continue
        own = [book.function(record.function)]
        for solution in own + [a.call for a in book.alternatives(record.function)]:
            if "grad" in inspect.getsource(solution):
                continue  # differentiating a fake CUDA tensor aborts the process
            arguments = mapped(record.arguments, fake)
            keywords = mapped(dict(record.keywords), fake)
            with mode:
                try:
                    result = solution(*arguments, **keywords)
                except NUMBERS_NEEDED:
                    continue
                except RuntimeError as error:
                    if "not linked with support for cuda" in str(error):
                        continue  # indexing wants a real device
                    raise
            if tensors_in(record.arguments, record.keywords):
                assert {str(t.device) for t in tensors_in(result)} <= {"cuda:0"}
                shown.add(record.function)
    assert len(shown) >= 3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_references_agree_on_a_gpu(name):
    assignment = load_assignment(COURSE, name)
    book = catalogue.load(assignment.reference)
    for record in calls(name):
        if assignment.functions[record.function].trains or record.single:
            continue
        arguments = mapped(record.arguments, lambda t: t.cuda())
        keywords = mapped(dict(record.keywords), lambda t: t.cuda())
        actual = plain(book.function(record.function)(*arguments, **keywords))
        assert compare(actual, record.expected, tolerance=VALUE, scale=record.scale) == ()
