"""After all checks have run: what explains what a function returned?

All calls of a function are looked at together (curriculum 11.1), so this comes last: a named
misconception, else the finding of the check, made again with the evidence of all calls.
"""

from __future__ import annotations

from dataclasses import replace

from grader.catalogue import Misconception
from grader.checks.probing import Probing
from grader.diagnosis import misconception_diagnosis, name_misconceptions
from grader.proxy import Record, Subject
from grader.result import CheckResult, Diagnosis, Verdict

EXPLAINED = (Verdict.WRONG_ANSWER, Verdict.RUN_TIME_ERROR)


def name_causes(results: list[CheckResult], subject: Subject) -> list[CheckResult]:
    """The results, with named misconceptions in place of what was seen."""
    if subject.oracle is None:
        return results
    named = {
        function: misconception_diagnosis(found)
        for function in dict.fromkeys(r.function for r in subject.records if r.failed)
        if (found := _misconceptions(function, subject))
    }
    probing = Probing(subject)
    return [_explained(result, subject, named, probing) for result in results]


def _misconceptions(function: str, subject: Subject) -> tuple[Misconception, ...]:
    assert subject.oracle is not None  # noqa: S101  (name_causes asked)
    catalogue = subject.oracle.catalogue
    if not catalogue.misconceptions(function):
        return ()
    names = subject.parameter_names(function)
    records = [r for r in subject.records if r.function == function and _tells(r)]
    observations = [r.observation(names) for r in records]
    return name_misconceptions(observations, catalogue, function)


def _tells(record: Record) -> bool:
    return record.expected is not None or record.fault is not None


def _explained(
    result: CheckResult, subject: Subject, named: dict[str, Diagnosis], probing: Probing
) -> CheckResult:
    if result.verdict not in EXPLAINED or result.public:
        return result
    failed = [r.function for r in subject.records if r.check == result.id and r.failed]
    diagnosis = next((named[f] for f in failed if f in named), None)
    seen = result.diagnosis.extent if result.diagnosis else None
    if diagnosis is None and result.diagnosis is not None:
        again = subject.explain_again(result.diagnosis)
        if again is not None:
            diagnosis = probing.of(again.diagnosis, again.record.function)
    if diagnosis is None:
        return result
    return replace(result, diagnosis=replace(diagnosis, extent=diagnosis.extent or seen))
