"""Before an assignment goes out, its public tests run with the reference: the handout is made.

What comes of it is the handout (`grader.handout`): the form of every right result, and per wrong
variant a hint sealed with the outputs by which the variant can be recognised. An output that is as
good as a right one, of the reference or of a second solution, never opens a hint.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader import catalogue
from grader.catalogue import Catalogue, Misconception
from grader.checks import Grading, judge
from grader.checks.opening import write_hint
from grader.course import Assignment
from grader.diagnosis import VariantOutputs
from grader.errors import BrokenAssignment
from grader.handout import NAME, Handout, call_key, form_of
from grader.notebook import read
from grader.oracle import plain
from grader.proxy import Record, Subject
from grader.result import Verdict
from grader.sandbox.fake import FakeSandbox
from grader.sealedhints import SealedHint, fingerprints, seal
from grader.session import Session

BLANK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def rehearse(assignment: Assignment) -> Handout:
    """Run the public tests with the reference, and make the handout of what they ask.

    Raises:
        BrokenAssignment: the reference does not pass a public test, or cannot be loaded.
    """
    known = catalogue.load(assignment.reference)
    calls = _public_calls(assignment, known)
    return Handout(
        assignment=assignment.id,
        forms={key: form for key, call in calls.items() if (form := form_of(_value(call)))},
        parameters=_parameters(assignment, known),
        hints=tuple(_hints(known, calls)),
    )


def write_handout(assignment: Assignment, folder: Path | None = None) -> Path:
    """Write `handout.json` into the assignment's folder, or into another one.

    Raises:
        BrokenAssignment: as `rehearse`.
    """
    path = (folder or assignment.folder) / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rehearse(assignment).to_json(), encoding="utf-8")
    return path


def _public_calls(assignment: Assignment, known: Catalogue) -> dict[str, Record]:
    """The calls that public tests make, without training, by their key."""
    if not assignment.public_tests.is_dir():
        return {}
    namespace = dict(vars(known.solution))
    with Session(FakeSandbox(namespace), read(BLANK), assignment.limits) as session:
        subject = Subject(assignment, session, None, {})
        judgement = judge(
            Grading(assignment, subject, b"public", assignment.id), hidden=False, training=False
        )
    wrong = next((c for c in judgement.checks if c.verdict is not Verdict.ACCEPTED), None)
    if wrong is not None:
        said = wrong.diagnosis.message.en if wrong.diagnosis else wrong.verdict.value
        raise BrokenAssignment(
            f"the reference does not pass the public check {wrong.id}: {said}",
            f"Correct {assignment.public_tests}",
        )
    return {
        call_key(r.function, r.arguments, r.keywords): r
        for r in subject.records
        if r.reply is not None
    }


def _value(record: Record) -> Any:
    return plain(record.reply.value) if record.reply else None


def _parameters(assignment: Assignment, known: Catalogue) -> dict[str, tuple[str, ...]]:
    found = {}
    for name in assignment.functions:
        code = getattr(known.function(name), "__code__", None)
        if code is not None:
            found[name] = tuple(code.co_varnames[: code.co_argcount])
    return found


def _hints(known: Catalogue, calls: Mapping[str, Record]) -> list[SealedHint]:
    outputs = VariantOutputs()
    right = {key: _right(known, key, call, outputs) for key, call in calls.items()}
    found = []
    for wrong in known.all_misconceptions:
        about = {key: call for key, call in calls.items() if call.function == wrong.function}
        hint = _sealed(wrong, about, right, outputs)
        if hint is not None:
            found.append(hint)
    return found


def _sealed(
    wrong: Misconception,
    calls: Mapping[str, Record],
    right: Mapping[str, set[bytes]],
    outputs: VariantOutputs,
) -> SealedHint | None:
    telling = {}
    for key, call in calls.items():
        output = outputs.of(wrong.call, call.arguments, call.keywords, key.encode())
        if output.raised or right[key].intersection(fingerprints(output.value)):
            continue
        telling[key] = output.value
    return seal(write_hint(wrong), telling)


def _right(known: Catalogue, key: str, call: Record, outputs: VariantOutputs) -> set[bytes]:
    """The fingerprints of all that is right for a call."""
    marks = set(fingerprints(_value(call)))
    for other in known.alternatives(call.function):
        output = outputs.of(other.call, call.arguments, call.keywords, key.encode())
        if not output.raised:
            marks.update(fingerprints(output.value))
    return marks
