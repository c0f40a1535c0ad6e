"""Which term of a function is wrong? Asked with inputs that switch the other terms off.

Where nothing names the cause, the function is called again on the probes of `probes.py`: inputs of
our own, in the style of the public ones, not from the hidden set. The first on which it differs
names the term, and gives the student the next thing to try (curriculum 11.3). Probes come after
all checks have been settled and are recorded nowhere: they cannot change a point.
"""

from __future__ import annotations

from dataclasses import replace

from grader.callgraph import callers
from grader.catalogue import Probe
from grader.compare import compare
from grader.errors import SubmissionFault, TimeLimitExceeded
from grader.proxy import Subject
from grader.result import Diagnosis, Text
from grader.tolerance import tolerance_for

MOST = 8
"""Probes of a function that are asked."""
UNEXPLAINED = ("value", "exact", "relation.multiple")
"""Codes of findings that say how much and not why; those that only say where are such as well."""


class Probing:
    """Asks the probes of a function once, however many checks fail because of it."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._known: dict[str, Probe | None] = {}

    def of(self, diagnosis: Diagnosis, function: str) -> Diagnosis:
        """A finding with the first probe that fails, where it leaves open what is wrong."""
        if not unexplained(diagnosis):
            return diagnosis
        if function not in self._known:
            self._known[function] = first_failing(function, self._subject)
        found = self._known[function]
        return diagnosis if found is None else replace(diagnosis, hint=_next(diagnosis, found))


def unexplained(diagnosis: Diagnosis) -> bool:
    """Whether a finding leaves open what is wrong."""
    return diagnosis.code in UNEXPLAINED or diagnosis.code.startswith("location.")


def _next(diagnosis: Diagnosis, probe: Probe) -> Text:
    said = Text(diagnosis.hint.zh, f"{diagnosis.hint.en} ") if diagnosis.hint else Text("", "")
    what = probe.words
    return Text(
        f"{said.zh}{what.zh}，结果就已经不对了：先用这样的小例子核对这一项。",
        f"{said.en}{what.en[0].upper()}{what.en[1:]}, the result differs already: check that part "
        "first, on a small example of this kind.",
    )


def first_failing(function: str, subject: Subject) -> Probe | None:
    """The first probe on which a student's function is not the reference's."""
    oracle = subject.oracle
    if oracle is None or function not in subject.assignment.functions:
        return None
    probes = oracle.catalogue.probes(function)[:MOST]
    wrong = {r.function for r in subject.records if r.failed} - {function}
    # With a callee that is wrong, a probe would blame the caller for it.
    if not probes or function in callers(subject.source, wrong):
        return None
    subject.session.fresh()
    tolerance = tolerance_for(subject.function(function), single=False)
    scale = subject.function(function).scale
    for probe in probes:
        try:
            inputs = probe.given()
            expected = oracle.value(function, inputs.arguments, inputs.keywords)
        except Exception:
            # A broken probe is found by `grader verify`; here it costs a hint and no grading.
            return None
        try:
            actual = subject.ask(function, inputs.arguments, inputs.keywords)
        except TimeLimitExceeded:
            return None
        except SubmissionFault:
            return probe
        if compare(actual, expected, tolerance=tolerance, scale=scale):
            return probe
    return None
