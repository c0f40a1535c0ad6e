"""How often is the cause of a wrong result named rightly? Measured on causes that are known.

The hidden tests run once with the reference in the student's place, which gives every call that is
compared, with its inputs and tolerances. Then results whose cause is known take the place of the
right ones: every wrong variant, every wrong variant with its own entry withheld from the
catalogue, and every distortion of every function. They go through the comparison and the search
for causes that submissions go through, without notebook and sandbox, and without the calls that
probes would add.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from grader import catalogue
from grader.calls import Answer, Reply, Request
from grader.catalogue import Catalogue, Misconception
from grader.checks import Grading, judge
from grader.compare import compare
from grader.course import Assignment
from grader.diagnosis import find_cause
from grader.distortions import Distortion, distorted, distortions
from grader.observation import Observation
from grader.oracle import Oracle, plain
from grader.proxy import Subject
from grader.result import Diagnosis
from grader.tolerance import PRECISION
from grader.variants import VariantOutputs, agreement, inputs_of

Outcome: TypeAlias = Literal["right", "equivalent", "placed", "unnamed", "wrong"]
OUTCOMES: tuple[Outcome, ...] = ("right", "equivalent", "placed", "unnamed", "wrong")
"""`equivalent`: another name that fits the data as well. `placed`: it is said where, not why."""
Kind: TypeAlias = Literal["misconception", "withheld", "distortion"]
KINDS: tuple[Kind, ...] = ("misconception", "withheld", "distortion")


@dataclass(frozen=True)
class Named:
    """One wrong result and what was said about it."""

    assignment: str
    kind: Kind
    function: str
    family: str
    """Of the distortion; empty for variants."""
    detail: str
    outcome: Outcome
    code: str
    message: str
    """What was said, in English."""


def diagnose(assignment: Assignment) -> list[Named]:
    """Every wrong variant and every distortion of an assignment, and what is said about them."""
    book = catalogue.load(assignment.reference)
    found: list[Named] = []
    for function, calls in recorded(assignment, book).items():
        found += _measured(assignment.id, book, function, calls)
    return found


def recorded(assignment: Assignment, book: Catalogue) -> dict[str, tuple[Observation, ...]]:
    """The calls that hidden checks compare with the reference, by function."""
    oracle = Oracle(assignment, book)
    subject = Subject(assignment, Right(book), oracle, {})
    grading = Grading(assignment, subject, b"diagnosis".ljust(32), f"{assignment.id}/1")
    judge(grading, public=False, training=False)
    calls: dict[str, list[Observation]] = {}
    for record in subject.records:
        if record.compared:
            observation = record.observation(subject.parameter_names(record.function))
            calls.setdefault(record.function, []).append(observation)
    return {function: tuple(seen) for function, seen in calls.items()}


class Right:
    """Stands in the student's place and answers as the reference."""

    def __init__(self, book: Catalogue) -> None:
        self._book = book

    def call(self, request: Request, answer: Answer | None = None) -> Reply:
        """The reference's result in the dtype of the inputs."""
        function = self._book.function(request.name)
        return Reply(plain(function(*request.arguments, **(request.keywords or {}))))

    def fresh(self) -> None:
        """There is nothing to forget."""


def _measured(
    assignment: str, book: Catalogue, function: str, calls: tuple[Observation, ...]
) -> Iterator[Named]:
    outputs = VariantOutputs()
    for variant in book.misconceptions(function):
        wrong = _by_variant(variant, calls, book, outputs)
        if not any(o.failed for o in wrong):
            continue  # caught by another kind of check
        tried: tuple[tuple[Kind, Catalogue], ...] = (
            ("misconception", book),
            ("withheld", _without(book, variant)),
        )
        for kind, known in tried:
            diagnosis = find_cause(wrong, known, function, outputs)
            outcome = _of_variant(diagnosis, variant, wrong, known, outputs)
            yield _named(assignment, kind, function, "", variant.name, outcome, diagnosis)
    for distortion in distortions(calls):
        wrong = _by_distortion(distortion, calls)
        if any(o.failed for o in wrong):
            diagnosis = find_cause(wrong, book, function, outputs)
            outcome = _of_distortion(diagnosis, distortion, wrong, book, outputs)
            yield _named(
                assignment, "distortion", function, distortion.family, distortion.detail,
                outcome, diagnosis,
            )  # fmt: skip


def _by_variant(
    variant: Misconception,
    calls: tuple[Observation, ...],
    book: Catalogue,
    outputs: VariantOutputs,
) -> tuple[Observation, ...]:
    made = []
    for o in calls:
        output = inputs_of(o, book).output_of(variant.call, outputs)
        made.append(replace(o, raised=True) if output.raised else _seen(o, output.value))
    return tuple(made)


def _by_distortion(
    distortion: Distortion, calls: tuple[Observation, ...]
) -> tuple[Observation, ...]:
    if distortion.family == "float32":
        calls = tuple(replace(o, tolerance=PRECISION) for o in calls)
    return tuple(_seen(o, distorted(o.expected, o, distortion.change)) for o in calls)


def _seen(observation: Observation, actual: object) -> Observation:
    """A call with another result, compared as its check compares it."""
    found = compare(
        actual,
        observation.expected,
        tolerance=observation.tolerance,
        scale=observation.scale,
        only=observation.only,
    )
    return replace(observation, actual=actual, mismatches=found)


def _without(book: Catalogue, variant: Misconception) -> Catalogue:
    kept = tuple(m for m in book.all_misconceptions if m.id != variant.id)
    return replace(book, all_misconceptions=kept)


SILENT = ("value", "exact", "shape", "structure.type", "exception")
"""Findings that name no cause."""


def _of_variant(
    diagnosis: Diagnosis,
    variant: Misconception,
    calls: tuple[Observation, ...],
    book: Catalogue,
    outputs: VariantOutputs,
) -> Outcome:
    if variant.id in diagnosis.misconceptions:
        return "right" if len(diagnosis.misconceptions) == 1 else "equivalent"
    return _of_other(diagnosis, calls, book, outputs)


def _of_distortion(
    diagnosis: Diagnosis,
    distortion: Distortion,
    calls: tuple[Observation, ...],
    book: Catalogue,
    outputs: VariantOutputs,
) -> Outcome:
    if diagnosis.code in distortion.right:
        return "right"
    return _of_other(diagnosis, calls, book, outputs)


def _of_other(
    diagnosis: Diagnosis,
    calls: tuple[Observation, ...],
    book: Catalogue,
    outputs: VariantOutputs,
) -> Outcome:
    """What another finding than the expected one is worth.

    A variant that equals the wrong result on every call, and a relation that the search has found
    on every failing call, cannot be told from the true cause on these data.
    """
    if diagnosis.misconceptions:
        found = [m for m in book.all_misconceptions if m.id in diagnosis.misconceptions]
        full = all(agreement(m, calls, book, outputs) == 1 for m in found)
        return "equivalent" if full else "wrong"
    if diagnosis.code.startswith("location.") or diagnosis.code == "nonfinite":
        return "placed"
    if diagnosis.code.startswith(("relation.", "shape.")):
        return "equivalent"
    return "unnamed" if diagnosis.code in SILENT else "wrong"


def _named(
    assignment: str, kind: Kind, function: str, family: str, detail: str,
    outcome: Outcome, diagnosis: Diagnosis,
) -> Named:  # fmt: skip
    message = diagnosis.message.en + (f" {diagnosis.hint.en}" if diagnosis.hint else "")
    return Named(assignment, kind, function, family, detail, outcome, diagnosis.code, message)


def shares(found: Iterable[Named]) -> dict[Outcome, int]:
    """How many there are of each outcome."""
    counted = Counter(n.outcome for n in found)
    return {outcome: counted[outcome] for outcome in OUTCOMES}


def share_right(found: Iterable[Named]) -> float | None:
    """The share of causes that were named rightly, or by a name that fits as well."""
    counted = shares(found)
    total = sum(counted.values())
    return (counted["right"] + counted["equivalent"]) / total if total else None
