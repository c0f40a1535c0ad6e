"""Does grading the same submission again, or in another sandbox, give the same result?

Everything is compared but what the clock and the machine's load decide: time stamps, seconds and
the memory that was in use; between sandboxes, which of them it was, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import nbformat

from grader import catalogue, release
from grader.compose import compose
from grader.course import Assignment, Course
from grader.result import SubmissionResult, Usage
from grader.sandbox import Sandbox
from grader.verify import Finding, Trial, graded

NEVER = datetime.fromtimestamp(0, UTC)


def repeated(
    course: Course, assignment: Assignment, sandbox: Sandbox, times: int
) -> Iterator[Finding]:
    """Grade our solution, and one with a mistake in every function that has one, `times` times.

    Raises:
        BrokenAssignment: the assignment's reference or catalogue cannot be read.
    """
    trial = Trial(course.root, assignment.id, "repeated")
    for label, mistakes in (
        ("the reference", {}),
        ("a mistake in every function", _a_mistake_each(assignment)),
    ):
        notebook = nbformat.writes(compose(assignment, replace=mistakes)).encode()
        first = graded(trial, notebook, sandbox)
        problem = ""
        for number in range(2, times + 1):
            again = graded(trial, notebook, sandbox)
            if not problem and timeless(again) != timeless(first):
                problem = f"the result of run {number} is another: {difference(first, again)}"
        subject = f"{label}, graded {times} times"
        yield Finding(subject, not problem, problem, first.earned)


def everywhere(
    course: Course, assignment: Assignment, sandboxes: Mapping[str, Sandbox], layers: int
) -> Iterator[Finding]:
    """Grade composed submissions in several sandboxes: right, untouched and wrong ones.

    Args:
        course: whose assignment.
        assignment: which one.
        sandboxes: by name; the first is what the others are compared with.
        layers: how many wrong notebooks: the first has the first variant of every function in it,
            the second the second of those that have one, and so on.

    Raises:
        BrokenAssignment: the assignment's reference or catalogue cannot be read.
    """
    trial = Trial(course.root, assignment.id, "everywhere")
    composed = {"our solution": compose(assignment)}
    composed["the untouched notebook"] = release.build(assignment, course.languages[0])
    for number, mistakes in enumerate(_layers(assignment)[:layers], 1):
        composed[f"wrong in every function ({number})"] = compose(assignment, replace=mistakes)
    for label, document in composed.items():
        notebook = nbformat.writes(document).encode()
        results = {name: graded(trial, notebook, box) for name, box in sandboxes.items()}
        (first, expected), *others = results.items()
        problem = "; ".join(
            f"{first} and {name} differ: {difference(expected, result)}"
            for name, result in others
            if _placeless(result) != _placeless(expected)
        )
        subject = f"{label}: {', '.join(sandboxes)}"
        yield Finding(subject, not problem, problem, expected.earned)


def _layers(assignment: Assignment) -> list[dict[str, str]]:
    """Wrong variants, one per function at a time, until each has been in one."""
    layers: list[dict[str, str]] = []
    for variant in catalogue.load(assignment.reference).all_misconceptions:
        layer = next((known for known in layers if variant.function not in known), None)
        if layer is None:
            layers.append(layer := {})
        layer[variant.function] = variant.name
    return layers


def _placeless(result: SubmissionResult) -> str:
    return timeless(replace(result, isolation=None))


def _a_mistake_each(assignment: Assignment) -> dict[str, str]:
    book = catalogue.load(assignment.reference)
    return {m.function: m.name for m in reversed(book.all_misconceptions)}


def timeless(result: SubmissionResult) -> str:
    """The result as JSON, without what the clock and the load decide."""
    notebook = result.notebook
    if notebook is not None:
        cells = tuple(replace(cell, seconds=0.0) for cell in notebook.cells)
        notebook = replace(notebook, cells=cells)
    return replace(
        result,
        graded_at=NEVER,
        submitted_at=None,
        usage=Usage(),
        checks=tuple(replace(check, seconds=0.0) for check in result.checks),
        notebook=notebook,
    ).to_json()


def difference(first: SubmissionResult, again: SubmissionResult) -> str:
    """Where two results differ, in words."""
    for one, other in zip(first.checks, again.checks, strict=False):
        if replace(one, seconds=0.0) != replace(other, seconds=0.0):
            return f"{one.id}: {one.verdict} ({one.earned}), then {other.verdict} ({other.earned})"
    if [c.id for c in first.checks] != [c.id for c in again.checks]:
        return "other checks"
    return "outside the checks"
