"""Finds the wrong variants that explain what a submission returned.

Every variant of the function is run on the inputs of the calls, in the dtype of the submission:
float32 overflows elsewhere than float64. The agreement of a variant is the share of calls on which
the submission equals it within ten tolerances, NaN for NaN; where both raise, they agree
(curriculum 11.1). Variants are our own code, so they run here and not in a sandbox.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import struct
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grader.catalogue import Catalogue, Misconception
from grader.compare import error, floating_leaves, tensor_bytes
from grader.observation import Observation

ENOUGH = 0.75
"""The least agreement at which a variant is named: on all calls, and on those that are wrong."""
CLOSE = 10.0
"""How many tolerances a submission may lie from a variant and still be it."""


@dataclass(frozen=True)
class Output:
    """What a variant returned for some inputs, or that it raised."""

    value: Any = None
    raised: bool = False


class VariantOutputs:
    """What the variants return, kept for the whole class: all submissions see the same inputs.

    Args:
        capacity: how many outputs are kept; the one that was not asked for longest goes first.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._outputs: OrderedDict[tuple[Callable[..., Any], bytes], Output] = OrderedDict()

    def of(
        self,
        call: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: Mapping[str, Any],
        key: bytes,
    ) -> Output:
        """The output of `call` for the inputs whose digest is `key`."""
        found = self._outputs.pop((call, key), None) or _run(call, arguments, keywords)
        self._outputs[call, key] = found
        if len(self._outputs) > self._capacity:
            self._outputs.popitem(last=False)
        return found


_shared = VariantOutputs()


def name_misconceptions(
    observations: Sequence[Observation],
    catalogue: Catalogue,
    function: str,
    outputs: VariantOutputs = _shared,
) -> tuple[Misconception, ...]:
    """The variants that explain all that the submission returned: none, one, or two that tie.

    Args:
        observations: calls of all rows; those of other functions are ignored.
        catalogue: where the variants are.
        function: the function whose variants are tried.
        outputs: what is known already; shared by the whole process.
    """
    calls = [inputs_of(o, catalogue) for o in observations if o.function == function]
    right: list[Inputs] = []
    wrong: list[Inputs] = []
    for call in calls:
        (right if call.agrees(Output(call.observation.expected)) else wrong).append(call)
    if not wrong:
        return ()
    agreed = {m: _agreed(m, wrong, right, outputs) for m in catalogue.misconceptions(function)}
    best = max(agreed.values(), default=0)
    if best <= len(right):
        return ()
    found = tuple(m for m, count in agreed.items() if count == best)
    # Three that cannot be told apart are no explanation.
    return found if len(found) <= 2 else ()


def _agreed(
    variant: Misconception, wrong: list[Inputs], right: list[Inputs], outputs: VariantOutputs
) -> int:
    """On how many calls a variant agrees; 0 as soon as that can no longer be enough.

    It has to be enough on the calls that are wrong, too: those that are right anyway speak for
    every variant that is seldom wrong.
    """
    every = len(wrong) + len(right)
    failures = 0
    for calls, among in ((wrong, len(wrong)), (right, every)):
        for call in calls:
            failures += not call.agrees(call.output_of(variant.call, outputs))
            if failures > (1 - ENOUGH) * among:
                return 0
    return every - failures


def agreement(
    variant: Misconception,
    observations: Sequence[Observation],
    catalogue: Catalogue,
    outputs: VariantOutputs = _shared,
) -> float:
    """The share of the calls on which the submission equals the variant; 0 without calls."""
    calls = [inputs_of(o, catalogue) for o in observations]
    agreed = [c.agrees(c.output_of(variant.call, outputs)) for c in calls]
    return sum(agreed) / len(agreed) if agreed else 0.0


def digest(value: Any) -> bytes:
    """SHA-256 over structure, types, dtypes, shapes and elements of a plain value."""
    hashed = hashlib.sha256()
    _feed(value, hashed.update)
    return hashed.digest()


@dataclass(frozen=True)
class Inputs:
    """A call of the student's function, ready to be made to a variant."""

    observation: Observation
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    key: bytes

    def output_of(self, call: Callable[..., Any], outputs: VariantOutputs) -> Output:
        """What a variant returns for them."""
        return outputs.of(call, self.arguments, self.keywords, self.key)

    def agrees(self, output: Output) -> bool:
        """Whether the submission returned the same, or raised as well."""
        if self.observation.raised or output.raised:
            return self.observation.raised and output.raised
        distance = error(
            self.observation.actual, output.value, self.observation.scale, nan_equal=True
        )
        return distance <= CLOSE * self.observation.tolerance


def inputs_of(observation: Observation, catalogue: Catalogue) -> Inputs:
    """The inputs of a call in the dtype of its result, ready to be given to a variant."""
    given = dict(observation.arguments)
    if _is_single(observation.actual):
        given = {name: _as_single(value) for name, value in given.items()}
    parameters = inspect.signature(catalogue.function(observation.function)).parameters
    arguments = []
    by_position = True
    # A variant may name its parameters differently, so what can go by position does.
    for name, parameter in parameters.items():
        by_position &= name in given and parameter.kind is not parameter.KEYWORD_ONLY
        if by_position:
            arguments.append(given.pop(name))
    return Inputs(observation, tuple(arguments), given, digest((arguments, given)))


def _run(
    call: Callable[..., Any], arguments: tuple[Any, ...], keywords: Mapping[str, Any]
) -> Output:
    arguments, keywords = copy.deepcopy((arguments, dict(keywords)))
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        try:
            return Output(_plain(call(*arguments, **keywords)))
        except Exception:
            return Output(raised=True)


def _plain(value: Any) -> Any:
    """A variant's result as it would arrive from a sandbox."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _is_single(value: Any) -> bool:
    found = {leaf.dtype for leaf in floating_leaves(value)}
    return found == {torch.float32}


def _as_single(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.float() if value.dtype == torch.float64 else value
    if isinstance(value, Mapping):
        return {key: _as_single(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_as_single(item) for item in value)
    return value


def _feed(value: Any, update: Callable[[bytes], object]) -> None:
    if isinstance(value, torch.Tensor):
        update(f"t{value.dtype}{tuple(value.shape)}".encode())
        update(tensor_bytes(value))
    elif isinstance(value, Mapping):
        update(f"d{len(value)};".encode())
        for key, item in value.items():
            _feed(key, update)
            _feed(item, update)
    elif isinstance(value, list | tuple):
        update(f"l{len(value)};".encode())
        for item in value:
            _feed(item, update)
    elif isinstance(value, float):
        update(b"f" + struct.pack("<d", value))
    else:
        text = repr(value).encode()
        update(f"{type(value).__name__}{len(text)};".encode() + text)
