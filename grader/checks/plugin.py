"""The pytest plugin: runs the checks of an assignment against one submission.

Whose fault it is gets decided here, in one place: a `SubmissionFault` that ends a check is the
submission's and becomes its verdict; anything else is ours and becomes a judge_error.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest

from grader.checks.fixtures import GRADING
from grader.checks.mark import Mark
from grader.checks.naming import name_causes
from grader.checks.opening import open_hints
from grader.checks.trial import Trial
from grader.course import Assignment
from grader.draw import Draw
from grader.errors import BrokenAssignment, SubmissionFault
from grader.proxy import Subject
from grader.result import CheckResult, Curve, Diagnosis, Text, Verdict

HERE = Path(__file__).resolve().parent
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
        BrokenAssignment: the tests cannot be collected, or there are none.
    """
    assignment = grading.assignment
    folders = [assignment.hidden_tests] if hidden else []
    folders += [assignment.public_tests] if public and assignment.public_tests.is_dir() else []
    plugin = Plugin(grading, only, checks, fail_fast)
    plugin.training = training
    code = pytest.main([*ARGUMENTS, *map(str, folders)], plugins=[plugin])
    if plugin.problem is not None:
        raise plugin.problem
    if code not in FINISHED:
        raise BrokenAssignment(
            f"pytest ended with {code!r}", f"Look into {assignment.hidden_tests}"
        )
    return Judgement(tuple(plugin.results), tuple(grading.curves))


FINISHED = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)

ARGUMENTS = [
    f"--rootdir={HERE}",
    f"--config-file={HERE / 'pytest.ini'}",
    "--import-mode=importlib",
    "--assert=plain",
    "--capture=no",
    "--disable-plugin-autoload",
    "--noconftest",
    *(
        f"-pno:{name}"
        for name in (
            "cacheprovider",
            "terminal",
            "logging",
            "junitxml",
            "pastebin",
            "doctest",
            "unittest",
            "setuponly",
            "setupplan",
            "stepwise",
            "warnings",
            "faulthandler",
            "debugging",
            "legacypath",
            "unraisableexception",
            "threadexception",
        )
    ),
    "-pgrader.checks.fixtures",
]


class Plugin:
    """Collects checks, runs them in order, and settles each."""

    def __init__(
        self,
        grading: Grading,
        only: Collection[str] = (),
        checks: Collection[str] = (),
        fail_fast: bool = False,
    ) -> None:
        self.grading = grading
        self.only = only
        self.checks = checks
        self.fail_fast = fail_fast
        self.training = True
        self.results: list[CheckResult] = []
        self.problem: BrokenAssignment | None = None
        self._raised: BaseException | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Give the fixtures their grading."""
        config.stash[GRADING] = self.grading

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test module that cannot be imported is our fault."""
        if report.failed and self.problem is None:
            last = str(report.longrepr).strip().splitlines()[-1:]
            self.problem = BrokenAssignment(
                f"{report.nodeid} cannot be collected: {''.join(last)}", "Correct the test module"
            )

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what was asked for, in the order of the table, hygiene last."""
        for item in items:
            if mark_of(item) is None and self.problem is None:
                self.problem = BrokenAssignment(
                    f"{item.nodeid} is a test without @check", "Mark it, or rename the function"
                )
        order = {q.id: i for i, q in enumerate(self.grading.assignment.questions)}
        kept = [i for i in items if (m := mark_of(i)) and self._wanted(m)]
        kept = [i for i in kept if self.training or "train" not in _fixtures(i)]
        kept.sort(key=lambda i: _place(i, order))
        items[:] = kept

    def _wanted(self, mark: Mark) -> bool:
        if self.checks and mark.id not in self.checks:
            return False
        return not self.only or any(name in mark.functions for name in self.only)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every check; then once more those that a wrong callee may have failed."""
        if self.problem is None:
            try:
                self.results = self._run_all(session.items)
            except BrokenAssignment as problem:
                self.problem = problem
        return True

    def _run_all(self, items: list[pytest.Item]) -> list[CheckResult]:
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
        if not stubs or not result.functions or "hygiene" in _fixtures(item):
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
        assert mark is not None  # noqa: S101  (pytest_collection_modifyitems refuses others)
        hidden = not _is_public(item, self.grading.assignment)
        subject, started = self.grading.subject, time.perf_counter()
        known = len(subject.records)
        self.grading.trial = Trial(mark)
        self._raised = None
        subject.begin(mark.id, hidden, stubs)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
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
        return self._settled(blank)

    def _settled(self, blank: CheckResult) -> CheckResult:
        raised = self._raised
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

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None]:
        """Keep the first exception of the three phases."""
        if call.excinfo is not None and self._raised is None:
            self._raised = call.excinfo.value
        return (yield)


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


def mark_of(item: pytest.Item) -> Mark | None:
    """The mark that `@check` left on a test."""
    mark = getattr(getattr(item, "function", None), "__check__", None)
    return mark if isinstance(mark, Mark) else None


def _is_public(item: pytest.Item, assignment: Assignment) -> bool:
    return item.path.is_relative_to(assignment.public_tests)


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", []))


def _place(item: pytest.Item, order: dict[str, int]) -> tuple[bool, int]:
    mark = mark_of(item)
    question = mark.question if mark else ""
    return "hygiene" in _fixtures(item), order.get(question, len(order))
