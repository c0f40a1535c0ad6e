"""Measures how far right solutions lie from the truth, beside the tolerances in use.

The reference and the second right solutions run on the inputs that the hidden tests send, with the
summation order of every contraction and reduction permuted, in float64, in float32, and in float32
with the inputs of products rounded to the ten mantissa bits of TF32. The largest error over all of
that is what a tolerance has to leave room for: 2.5 times, or 30 times the typical one. This is the
procedure of curriculum 7.4.
"""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from grader import catalogue
from grader.checks import Grading, judge
from grader.checks.hygiene import narrowed
from grader.compare import error
from grader.compose import as_notebook, compose_module
from grader.course import Assignment
from grader.notebook import read
from grader.oracle import Oracle, plain, widened
from grader.proxy import Record, Subject
from grader.sandbox.fake import FakeSandbox
from grader.session import Session
from grader.tolerance import tolerance_for

ROOM = 2.5
TYPICAL_ROOM = 30.0
ORDERS = 3
"""Permutations tried per input."""

aten = torch.ops.aten


@dataclass(frozen=True)
class Spread:
    """The largest error of any right solution of a function, by precision."""

    function: str
    double: float
    single: float
    tf32: float
    typical_single: float
    """Median over inputs, solutions and orders."""
    tolerance: float
    """In use for float64 inputs."""
    tolerance_single: float
    """For float32 inputs."""
    single_in_use: bool
    """Whether a row sends float32 inputs; most send float64 so that rounding cannot matter."""
    inputs: int

    @property
    def fits(self) -> bool:
        """Whether the tolerances in use leave enough room."""
        enough = max(ROOM * self.single, TYPICAL_ROOM * self.typical_single)
        narrow = self.single_in_use and enough > self.tolerance_single
        return self.double * ROOM <= self.tolerance and not narrow


class Permuted(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds in another order: permutes what is contracted or reduced.

    Args:
        seed: of the permutations.
        round_inputs: emulate TF32 on the inputs of products.
    """

    def __init__(self, seed: int, round_inputs: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._generator = torch.Generator().manual_seed(seed)
        self._round = round_inputs

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in PRODUCTS:
            args = self._product(args, *PRODUCTS[func])
        elif func is aten.convolution.default:
            args = self._convolution(args)
        elif func in REDUCTIONS:
            args = (self._reduced(*args), *args[1:])
        return func(*args, **kwargs)

    def _product(self, args: tuple[Any, ...], left: int, right: int) -> tuple[Any, ...]:
        a, b = args[left], args[right]
        order = self._order(a.shape[-1])
        axis = -2 if b.ndim > 1 else -1
        changed = list(args)
        changed[left] = self._rounded(a.index_select(a.ndim - 1, order))
        changed[right] = self._rounded(b.index_select(b.ndim + axis, order))
        return tuple(changed)

    def _convolution(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        x, w, *rest = args
        if rest[-1] != 1 or rest[-3]:  # groups, transposed
            return args
        order = self._order(x.shape[1])
        return (
            self._rounded(x.index_select(1, order)),
            self._rounded(w.index_select(1, order)),
            *rest,
        )

    def _reduced(self, x: torch.Tensor, axes: Any = None, *_: Any) -> torch.Tensor:
        if not x.is_floating_point() or x.ndim == 0:
            return x
        chosen = range(x.ndim) if axes is None or axes == [] else axes
        for axis in [axes] if isinstance(axes, int) else chosen:
            x = x.index_select(axis % x.ndim, self._order(x.shape[axis]))
        return x

    def _order(self, n: int) -> torch.Tensor:
        return torch.randperm(n, generator=self._generator)

    def _rounded(self, x: torch.Tensor) -> torch.Tensor:
        if not self._round or x.dtype is not torch.float32:
            return x
        return (x.view(torch.int32).add(1 << 12) & ~((1 << 13) - 1)).view(torch.float32)


PRODUCTS = {
    aten.mm.default: (0, 1),
    aten.bmm.default: (0, 1),
    aten.mv.default: (0, 1),
    aten.dot.default: (0, 1),
    aten.addmm.default: (1, 2),
    aten.baddbmm.default: (1, 2),
}
REDUCTIONS = {
    aten.sum.default,
    aten.sum.dim_IntList,
    aten.mean.default,
    aten.mean.dim,
}


def calibrate(assignment: Assignment, seeds: int = 3) -> list[Spread]:
    """The spread of every function with floating results that value rows compare.

    Args:
        assignment: whose functions.
        seeds: hidden seeds from which inputs are taken.

    Raises:
        BrokenAssignment: the reference cannot be loaded or does not run.
    """
    book = catalogue.load(assignment.reference)
    records = [r for seed in range(seeds) for r in recorded(assignment, seed)]
    spreads = []
    for name, function in assignment.functions.items():
        own = [r for r in records if r.function == name and r.compared]
        if not own or function.trains or not function.floating:
            continue
        calls = [book.function(name), *(a.call for a in book.alternatives(name))]
        double = list(_errors(own, calls, widened, tf32=False))
        single = list(_errors(own, calls, narrowed, tf32=False))
        rounded = list(_errors(own, calls, narrowed, tf32=True))
        spreads.append(
            Spread(
                name,
                max(double, default=0.0),
                max(single, default=0.0),
                max(rounded, default=0.0),
                statistics.median(single) if single else 0.0,
                tolerance_for(function, single=False),
                tolerance_for(function, single=True),
                any(r.single for r in own),
                len(own),
            )
        )
    return spreads


def recorded(assignment: Assignment, seed: int) -> list[Record]:
    """The calls that the hidden tests make of our own solution."""
    oracle = Oracle(assignment, catalogue.load(assignment.reference))
    notebook = read(as_notebook(compose_module(assignment)))
    with Session(FakeSandbox(), notebook, assignment.limits) as session:
        subject = Subject(assignment, session, oracle, {})
        key = f"calibrate {seed}".encode().ljust(32)
        grading = Grading(assignment, subject, key, f"{assignment.id}/1")
        judge(grading, public=False, training=False)
    return subject.records


def _errors(
    records: list[Record],
    calls: list[Callable[..., Any]],
    convert: Callable[[Any], Any],
    *,
    tf32: bool,
) -> Iterator[float]:
    for record in records:
        arguments, keywords = convert(record.arguments), convert(dict(record.keywords))
        for call in calls:
            for order in range(ORDERS):
                with Permuted(order, tf32):
                    actual = call(*copy.deepcopy(arguments), **copy.deepcopy(keywords))
                found = error(plain(actual), record.expected, record.scale)
                if found != float("inf"):  # an exact leaf, such as a share of wrong rows
                    yield found
