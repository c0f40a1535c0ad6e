"""Runs the checks of an assignment against one submission.

Whose fault it is gets decided here, in one place: a `SubmissionFault` that ends a check is the
submission's and becomes its verdict; anything else is ours and becomes a judge_error.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from grader.checks.collection import Tests, fixtures_of, mark_of, tests_in
from grader.checks.mark import Mark
from grader.checks.naming import name_causes
from grader.checks.opening import open_hints
from grader.checks.trial import Trial
from grader.course import Assignment
from grader.draw import Draw
from grader.errors import BrokenAssignment, SubmissionFault
from grader.proxy import Subject
from grader.result import CheckResult, Curve, Diagnosis, Text, Verdict

UNTRIED = Trial(Mark("", Text("", ""), Decimal(0)))


@dataclass
class Grading:
    """The state of one submission's checks."""

    assignment: Assignment
    subject: Subject
    key: bytes
    """Seeds the hidden inputs."""
    path: str
    """What else seeds them: assignment and attempt."""
    trial: Trial = field(default_factory=lambda: UNTRIED)
    curves: list[Curve] = field(default_factory=list)

    def draw(self) -> Draw:
        """The generator of the running check."""
        return Draw(self.key, f"{self.path}/{self.trial.mark.id}")


@dataclass(frozen=True)
class Judgement:
    """What all checks came to."""

    checks: tuple[CheckResult, ...]
    curves: tuple[Curve, ...] = ()


def judge(
    grading: Grading,
    *,
    public: bool = True,
    hidden: bool = True,
    only: Collection[str] = (),
    checks: Collection[str] = (),
    fail_fast: bool = False,
    training: bool = True,
) -> Judgement:
    """Run the checks of an assignment against one submission.

    Args:
        grading: the submission and everything that judges it.
        public: whether to run the public checks.
        hidden: whether to run the hidden ones.
        only: run only the checks about one of these functions; all if empty.
        checks: run only the checks with these ids; all if empty.
        fail_fast: stop at the first hidden check that is not accepted.
        training: whether to run the checks that train.

    Raises:
        BrokenAssignment: the tests cannot be collected.
    """
    assignment = grading.assignment
    folders = [assignment.hidden_tests] if hidden else []
    folders += [assignment.public_tests] if public and assignment.public_tests.is_dir() else []
    if not folders:
        return Judgement(())
    tests = tests_in(tuple(folders))
    items = wanted(tests.items, assignment, only, checks, training)
    results = Run(tests, grading, fail_fast).results(items)
    return Judgement(tuple(results), tuple(grading.curves))


def wanted(
    items: Collection[pytest.Item],
    assignment: Assignment,
    only: Collection[str],
    checks: Collection[str],
    training: bool,
) -> list[pytest.Item]:
    """What was asked for, in the order of the table, hygiene last; arguments as of `judge`."""
    order = {q.id: i for i, q in enumerate(assignment.questions)}
    kept = []
    for item in items:
        mark = mark_of(item)
        if mark is None or (checks and mark.id not in checks):
            continue
        if only and not any(name in mark.functions for name in only):
            continue
        if training or "train" not in fixtures_of(item):
            kept.append(item)
    return sorted(kept, key=lambda item: _place(item, order))


class Run:
    """Runs the checks of one submission in order, and settles each.

    Args:
        tests: where the checks come from.
        grading: the submission and everything that judges it.
        fail_fast: stop at the first hidden check that is not accepted.
    """

    def __init__(self, tests: Tests, grading: Grading, fail_fast: bool = False) -> None:
        self.tests = tests
        self.grading = grading
        self.fail_fast = fail_fast

    def results(self, items: list[pytest.Item]) -> list[CheckResult]:
        """Run every check; then once more those that a wrong callee may have failed."""
        results = []
        for item in items:
            results.append(self._run(item, ()))
            failed = results[-1].verdict is not Verdict.ACCEPTED and not results[-1].public
            if failed and self.fail_fast:
                return results
        results = list(map(self._follow_through, items, results))
        results = open_hints(results, self.grading.subject.records, self.grading.subject.handout)
        return name_causes(results, self.grading.subject)

    def _follow_through(self, item: pytest.Item, result: CheckResult) -> CheckResult:
        """The same check with failed callees answered by the reference (curriculum 0.8)."""
        if result.public or result.verdict in (Verdict.ACCEPTED, Verdict.JUDGE_ERROR):
            return result
        stubs = tuple(n for n in self._failed_functions() if n not in result.functions)
        if not stubs or not result.functions or "hygiene" in fixtures_of(item):
            return result
        records, curves = list(self.grading.subject.records), list(self.grading.curves)
        again = self._run(item, stubs)
        asked = tuple(dict.fromkeys(self.grading.subject.now.asked))
        if asked and again.earned > result.earned:
            return replace(again, given_correct=asked, functions=result.functions)
        # What happened with stubs says nothing about the student's own functions.
        self.grading.subject.records, self.grading.curves = records, curves
        return result

    def _failed_functions(self) -> tuple[str, ...]:
        functions = self.grading.assignment.functions
        failed = dict.fromkeys(r.function for r in self.grading.subject.records if r.failed)
        return tuple(name for name in failed if name in functions and not functions[name].trains)

    def _run(self, item: pytest.Item, stubs: tuple[str, ...]) -> CheckResult:
        mark = mark_of(item)
        assert mark is not None  # noqa: S101  (`Tests` refuses others)
        hidden = not _is_public(item, self.grading.assignment)
        subject, started = self.grading.subject, time.perf_counter()
        known = len(subject.records)
        self.grading.trial = Trial(mark)
        subject.begin(mark.id, hidden, stubs)
        raised = self.tests.run(item, self.grading)
        called = tuple(dict.fromkeys(r.function for r in subject.records[known:]))
        blank = CheckResult(
            id=mark.id,
            question=mark.question,
            title=mark.title,
            verdict=Verdict.ACCEPTED,
            points=mark.points,
            earned=mark.points,
            public=not hidden,
            functions=called or mark.functions,
            seconds=time.perf_counter() - started,
        )
        return self._settled(blank, raised)

    def _settled(self, blank: CheckResult, raised: BaseException | None) -> CheckResult:
        if raised is not None and not isinstance(raised, SubmissionFault):
            return _judge_error(blank, raised)
        try:
            settlement = self.grading.trial.settle(raised)
        except BrokenAssignment as problem:
            return _judge_error(blank, problem)
        fault = settlement.fault
        if fault is None:
            return replace(blank, parts=settlement.parts, earned=settlement.earned)
        return replace(
            blank,
            verdict=fault.verdict,
            parts=settlement.parts,
            earned=settlement.earned,
            diagnosis=fault.diagnosis,
            evidence=fault.evidence[:4000],
        )


def _judge_error(blank: CheckResult, raised: BaseException) -> CheckResult:
    trace = "".join(traceback.format_exception(raised))
    return replace(
        blank,
        verdict=Verdict.JUDGE_ERROR,
        earned=Decimal(0),
        diagnosis=Diagnosis(
            "judge_error",
            Text(
                "评分程序自身出错，本项分数待定。",
                "The grader itself failed here; these points are not decided yet.",
            ),
            Text("老师会处理，你不需要做什么。", "A person will look at it; you need do nothing."),
        ),
        evidence=trace[-4000:],
    )


def _is_public(item: pytest.Item, assignment: Assignment) -> bool:
    return item.path.is_relative_to(assignment.public_tests)


def _place(item: pytest.Item, order: dict[str, int]) -> tuple[bool, int]:
    mark = mark_of(item)
    question = mark.question if mark else ""
    return "hygiene" in fixtures_of(item), order.get(question, len(order))
