"""Explains a mismatch: one finding, the most specific that holds, in Chinese and English.

The order is that of curriculum 11: structure, dtype, shape, NaN and infinities, a generic
relation, a pattern of places, and at last how far off and where. Named variants come before
relations; `name_misconceptions` finds them from all calls together, and
`misconception_diagnosis` turns them into words.

For hidden checks no expected value, no input value and no number of the student's own output is
quoted, except sizes of errors, known factors and indices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from grader.catalogue import Catalogue, Misconception
from grader.compare import Mismatch, as_tensor, compare, infinities
from grader.decimals import roughly
from grader.errors import WrongAnswer
from grader.localisation import agreeing, condition, explain_nonfinite, locate
from grader.observation import Observation, subject
from grader.relations import explain_relation
from grader.result import Diagnosis, Extent, Text
from grader.shape import explain_shape
from grader.structure import explain_dtype, explain_structure
from grader.tolerance import PRECISION, VALUE
from grader.variants import VariantOutputs, digest, name_misconceptions

__all__ = [
    "Observation",
    "VariantOutputs",
    "assert_close",
    "digest",
    "explain",
    "extent",
    "find_cause",
    "misconception_diagnosis",
    "name_misconceptions",
]


def explain(
    mismatch: Mismatch,
    observation: Observation | None = None,
    others: Sequence[Observation] = (),
    *,
    hidden: bool = True,
) -> Diagnosis:
    """Why one leaf is not as expected.

    Args:
        mismatch: what `compare` found.
        observation: the call that it belongs to; without it no argument can be named.
        others: the calls of the function so far, right ones included. They tell a condition under
            which it fails, and a single number needs them before a factor is believed.
        hidden: whether values must not be quoted.
    """
    match mismatch.kind:
        case "structure":
            return explain_structure(mismatch, hidden)
        case "dtype":
            return explain_dtype(mismatch)
        case "shape":
            return explain_shape(mismatch, observation, hidden)
        case "nonfinite":
            return explain_nonfinite(mismatch, observation)
        case _:
            return _explain_values(mismatch, observation, tuple(others), hidden)


def find_cause(
    observations: Sequence[Observation],
    catalogue: Catalogue,
    function: str,
    outputs: VariantOutputs,
) -> Diagnosis:
    """What is said about a function that is wrong, from all of its calls together.

    Args:
        observations: the calls of the function, right ones included; at least one is wrong.
        catalogue: holds the wrong variants.
        function: its name.
        outputs: what the variants are known to return.
    """
    found = name_misconceptions(observations, catalogue, function, outputs)
    if found:
        return misconception_diagnosis(found)
    wrong = next((o for o in observations if o.mismatches), None)
    if wrong is None:
        return Diagnosis(
            "exception",
            Text(f"`{function}` 抛出了异常。", f"`{function}` raised an exception."),
        )
    return explain(wrong.mismatches[0], wrong, observations)


def extent(mismatch: Mismatch, code: str) -> Extent | None:
    """How many entries are off and by how much, for a finding whose message says something else.

    Args:
        mismatch: what `compare` found.
        code: of the diagnosis; a message that only gives the size needs no second one.
    """
    if mismatch.kind not in ("value", "exact", "nonfinite") or code == mismatch.kind:
        return None
    if mismatch.total <= 1 or not mismatch.off:
        return None
    sized = mismatch.kind == "value" and math.isfinite(mismatch.error)
    # One digit: an error is the student's number as well.
    error = float(f"{mismatch.error:.0e}") if sized else None
    return Extent(mismatch.off, mismatch.total, error, mismatch.worst)


def misconception_diagnosis(found: Sequence[Misconception]) -> Diagnosis:
    """The diagnosis that names variants; those that tie are joined by "or".

    Args:
        found: at least one variant, as `name_misconceptions` returns them.
    """
    names = tuple(m.id for m in found)
    words = Text(" 或 ".join(m.words.zh for m in found), " or ".join(m.words.en for m in found))
    message = Text(
        f"你的结果与这样计算的结果相同：{words.zh}。",
        f"Your result equals the one obtained with: {words.en}.",
    )
    hints = [m.hint for m in found if m.hint is not None]
    hint = Text(" 或：".join(h.zh for h in hints), " Or: ".join(h.en for h in hints))
    return Diagnosis("misconception", message, hint if hints else None, names)


def assert_close(
    actual: Any,
    expected: Any,
    tolerance: float | None = None,
    what: Text | str | None = None,
    *,
    scale: float | None = None,
    hidden: bool = True,
    finite: bool = True,
) -> None:
    """Demands that a student's value equals an expected one; NaN equals nothing.

    Infinities are wrong even where they agree: both values may be the student's, and a function
    that always returns infinity would fulfil every relation between its results.

    Args:
        actual: the student's value.
        expected: the right one.
        tolerance: bound of the error measure; `tolerance.VALUE` if not given.
        what: what was compared, in front of the finding.
        scale: S of the error measure, where it is not the largest expected entry.
        hidden: whether values must not be quoted.
        finite: False where the right value has infinities, which are then to be at their places.

    Raises:
        WrongAnswer: they differ; the diagnosis says how.
    """
    bound = VALUE if tolerance is None else tolerance
    found = compare(actual, expected, tolerance=bound, scale=scale)
    if finite and not found:
        found = infinities(actual)
    if not found:
        return
    observation = Observation(
        "", actual=actual, expected=expected, mismatches=found, tolerance=bound, scale=scale
    )
    diagnosis = explain(found[0], observation, hidden=hidden)
    raise WrongAnswer(diagnosis if what is None else _about(what, diagnosis))


def _explain_values(
    mismatch: Mismatch,
    observation: Observation | None,
    others: tuple[Observation, ...],
    hidden: bool,
) -> Diagnosis:
    """Steps 7 to 9 and, where nothing else can be said, the size of the error."""
    if observation is None:
        return _place(mismatch, None, hidden)
    if observation.tolerance <= PRECISION and mismatch.error <= VALUE:
        return _precision(mismatch)
    found = None
    if isinstance(mismatch.expected, str) or mismatch.expected is None:
        return _place(mismatch, None, hidden)
    found = explain_relation(mismatch, observation, others) or locate(mismatch, observation)
    context = condition(observation, others) or agreeing(observation)
    if found is None:
        return _place(mismatch, context or _shapes(observation), hidden)
    if found.hint is None and context is not None:
        return Diagnosis(found.code, found.message, context)
    return found


def _place(mismatch: Mismatch, hint: Text | None, hidden: bool) -> Diagnosis:
    """How far off, where, and how many entries."""
    who = subject(mismatch.leaf)
    zh, en = f"{who.zh}不对", f"{who.en} is wrong"
    if mismatch.kind == "value":
        # One digit: an error is the student's number as well.
        zh += f"：最大误差约 {roughly(mismatch.error)}"
        en += f": the largest error is about {roughly(mismatch.error)}"
    if mismatch.total > 1:
        index = list(mismatch.worst)
        zh += f"，{mismatch.total} 个元素中有 {mismatch.off} 个出错，最大误差在 {index}"
        en += f", {mismatch.off} of {mismatch.total} entries are off, the worst is at {index}"
    if not hidden:
        yours, ours = _entry(mismatch.actual, mismatch), _entry(mismatch.expected, mismatch)
        zh, en = f"{zh}；得到 {yours}，应为 {ours}", f"{en}; got {yours}, expected {ours}"
    return Diagnosis(mismatch.kind, Text(f"{zh}。", f"{en}."), hint)


def _entry(value: Any, mismatch: Mismatch) -> str:
    if isinstance(value, str) or value is None:
        return repr(value)
    return f"{as_tensor(value)[mismatch.worst].item():.6g}"


def _shapes(observation: Observation) -> Text | None:
    shapes = observation.shapes
    if not shapes:
        return None
    return Text(
        f"这组输入的形状：{shapes}。可以用自己的小例子手算核对。",
        f"The inputs had the shapes {shapes}. Check a small example of your own by hand.",
    )


def _precision(mismatch: Mismatch) -> Diagnosis:
    who = subject(mismatch.leaf)
    return Diagnosis(
        "precision",
        Text(f"{who.zh}只有单精度的准确度。", f"{who.en} is only as precise as float32."),
        Text(
            "函数内部产生了 float32 张量（如 torch.zeros(n)、.float()）：跟随输入的 dtype。",
            "A float32 tensor was made inside, as by torch.zeros(n) or .float(): "
            "follow the dtype of the input.",
        ),
    )


def _about(what: Text | str, diagnosis: Diagnosis) -> Diagnosis:
    prefix = what if isinstance(what, Text) else Text(what, what)
    message = Text(f"{prefix.zh}：{diagnosis.message.zh}", f"{prefix.en}: {diagnosis.message.en}")
    return Diagnosis(diagnosis.code, message, diagnosis.hint, diagnosis.misconceptions)
