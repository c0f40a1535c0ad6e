"""The reference's answers: float64 on the CPU, computed once per class and input.

Lives on the trusted side only. What it raises on our own inputs is our fault; what it raises while
it answers for a callee (follow-through), on inputs that student code chose, is the student's.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch

from grader.catalogue import Catalogue
from grader.course import Assignment
from grader.diagnosis import digest
from grader.errors import BrokenAssignment, RunTimeError
from grader.result import Diagnosis, Text

MEMORY = 4096
"""Answers kept."""
EFFORT = 10**8
"""Elements times largest integer argument that a stubbed callee may be asked for."""


class Oracle:
    """Answers as the reference would.

    Args:
        assignment: whose reference.
        catalogue: the loaded reference folder.
    """

    def __init__(self, assignment: Assignment, catalogue: Catalogue) -> None:
        self.assignment = assignment
        self.catalogue = catalogue
        self._known: OrderedDict[tuple[str, bytes], Any] = OrderedDict()

    def value(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """The reference's result for these inputs, floating tensors widened to float64.

        Raises:
            BrokenAssignment: the reference raised, or there is none.
        """
        key = name, digest((arguments, dict(keywords)))
        if key not in self._known:
            self._known[key] = self._compute(name, arguments, keywords)
            if len(self._known) > MEMORY:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return copy.deepcopy(self._known[key])

    def _compute(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        function = self.catalogue.function(name)
        trains = name in self.assignment.functions and self.assignment.functions[name].trains
        prepare: Callable[[Any], Any] = copy.deepcopy if trains else widened
        inputs = [prepare(a) for a in arguments]
        named = {k: prepare(v) for k, v in keywords.items()}
        try:
            with torch.random.fork_rng(devices=[]):
                return plain(function(*inputs, **named))
        except Exception as error:
            raise BrokenAssignment(
                f"the reference {name} raised {type(error).__name__}: {error}",
                f"Correct {self.assignment.reference / 'solution.py'}",
            ) from error

    def answer(self, name: str, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
        """Answer for a callee on inputs that student code chose, in the dtype they came in.

        Raises:
            RunTimeError: the inputs are not what the function takes, or far too large.
        """
        if _effort([arguments, dict(keywords)]) > EFFORT:
            raise _refused(name)
        try:
            with torch.random.fork_rng(devices=[]):
                function = self.catalogue.function(name)
                return plain(function(*copy.deepcopy(arguments), **copy.deepcopy(dict(keywords))))
        except Exception:
            raise _refused(name) from None


def widened(value: Any) -> Any:
    """A copy of a value in which every floating tensor is float64 on the CPU."""
    if isinstance(value, torch.Tensor):
        copied = value.detach().cpu().clone()
        return copied.double() if copied.is_floating_point() else copied
    if isinstance(value, list | tuple):
        return type(value)(widened(v) for v in value)
    if isinstance(value, dict):
        return {k: widened(v) for k, v in value.items()}
    return value


def plain(value: Any) -> Any:
    """A value without autograd history, tuples as lists: as it would cross the border."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def _effort(value: Any) -> int:
    """Elements in all tensors times the largest integer."""
    elements, largest = 1, 1
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, torch.Tensor):
            elements += item.numel()
        elif isinstance(item, int):
            largest = max(largest, abs(item))
        elif isinstance(item, list | tuple):
            elements += len(item)
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
    return elements * largest


def _refused(name: str) -> RunTimeError:
    return RunTimeError(
        Diagnosis(
            "callee_inputs",
            Text(f"传给 `{name}` 的参数不合要求。", f"`{name}` was called with unfit arguments."),
        )
    )
