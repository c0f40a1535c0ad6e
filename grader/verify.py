"""Is an assignment sound? Its own test bench (curriculum 12).

The reference and the second right solutions earn everything, each wrong variant loses points where
it should and nowhere else and is named, points add up, and nothing of a solution is released.
Variants are our own code, so they are graded in this process (`fake`); the released notebook with
and without solutions goes through the real sandbox.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import nbformat
import torch

from grader import catalogue, release
from grader.callgraph import callers
from grader.compare import compare
from grader.compose import as_notebook, compose, compose_module, replaced
from grader.config import load_assignment, load_course
from grader.course import Assignment, Course
from grader.grade import grade
from grader.oracle import Oracle, plain
from grader.result import CheckResult, SubmissionResult, Verdict
from grader.sandbox import Sandbox
from grader.sandbox.fake import FakeSandbox
from grader.submission import GradingJob, Submission
from grader.tolerance import VALUE

SEEDS = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was tried."""

    subject: str
    """What was graded, such as "squared_loss.missing_half"."""
    passed: bool
    problem: str = ""
    earned: Decimal | None = None
    lost: tuple[str, ...] = ()
    """Ids of the checks that were not accepted."""
    named: tuple[str, ...] = ()
    """The misconceptions that the feedback names."""


@dataclass(frozen=True)
class Verification:
    """Everything that was tried with an assignment."""

    assignment: str
    points: tuple[Finding, ...] = ()
    right: tuple[Finding, ...] = ()
    wrong: tuple[Finding, ...] = ()
    released: tuple[Finding, ...] = ()
    repeated: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return self.points + self.right + self.wrong + self.released + self.repeated

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return all(f.passed for f in self.findings)


@dataclass(frozen=True)
class Trial:
    """One composed solution to grade in this process."""

    course: Path
    assignment: str
    label: str
    replace: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    sources: Mapping[str, str] = field(default_factory=dict)
    """Functions replaced by these sources."""
    checks: tuple[str, ...] = ()
    """The checks that it can affect; all if empty."""
    fail_fast: bool = False
    device: str = "cpu"


def grade_trial(trial: Trial) -> SubmissionResult:
    """Grade a composed solution; called in worker processes."""
    torch.set_num_threads(1)  # as in the sandbox
    assignment = load_assignment(load_course(trial.course), trial.assignment)
    source = replaced(compose_module(assignment, trial.replace), trial.sources)[0]
    return graded(trial, as_notebook(source), FakeSandbox())


def graded(trial: Trial, notebook: bytes, sandbox: Sandbox) -> SubmissionResult:
    """Grade a notebook file as the trial says; in this process if the sandbox is `fake`."""
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        path = Path(folder) / f"{trial.assignment}.ipynb"
        path.write_bytes(notebook)
        job = GradingJob(
            trial.course,
            Submission(trial.assignment, "verify", path, 1, datetime.now(UTC)),
            "fake",
            device=trial.device,
            secret=f"verify {trial.seed}".encode().ljust(32),
            checks=trial.checks,
            fail_fast=trial.fail_fast,
        )
        return grade(job, sandbox)


def right_trials(
    course: Course, assignment: Assignment, seeds: int = SEEDS, device: str = "cpu"
) -> list[Trial]:
    """The reference and the second right solutions, on several hidden seeds."""
    books = [("reference", {}), *_second_solutions(assignment)]
    return [
        Trial(course.root, assignment.id, label, replace, seed, device=device)
        for label, replace in books
        for seed in range(seeds)
    ]


def _second_solutions(assignment: Assignment) -> Iterator[tuple[str, dict[str, str]]]:
    """Whole solutions from the alternatives: the first of every function, the second, ….

    Functions whose alternatives carry the labels of a training function's belong to it: a state
    is read by the `predict` that goes with it.
    """
    book = catalogue.load(assignment.reference)
    names = {f: [a.name for a in book.alternatives(f)] for f in assignment.functions}
    trains = [f for f, spec in assignment.functions.items() if spec.trains]
    for k in range(max(map(len, names.values()), default=0)):
        chosen: dict[str, str] = {}
        for function in [*trains, *(f for f in names if f not in trains)]:
            labels = names[function]
            partner = next((t for t in trains if set(labels) & set(names[t])), function)
            if partner != function and function not in trains:
                if partner in chosen and chosen[partner] in labels:
                    chosen[function] = chosen[partner]
            elif k < len(labels):
                chosen[function] = labels[k]
        yield f"solution {k + 2}", chosen


def wrong_trials(
    course: Course, assignment: Assignment, reference: SubmissionResult | None = None
) -> list[Trial]:
    """Every wrong variant, one at a time.

    Args:
        course: whose assignment.
        assignment: which one.
        reference: the result of our solution. Checks that never reach the function that is
            replaced give what they gave there, so they need not run again.
    """
    book = catalogue.load(assignment.reference)
    checks: dict[str, tuple[str, ...]] = dict.fromkeys(assignment.functions, ())
    if reference is not None:
        source = compose_module(assignment)
        checks = {f: affected(reference, callers(source, [f])) for f in checks}
    return [
        Trial(
            course.root,
            assignment.id,
            f"{m.function}.{m.name}",
            {m.function: m.name},
            checks=checks[m.function],
        )
        for m in book.all_misconceptions
    ]


def affected(reference: SubmissionResult | None, reaching: set[str]) -> tuple[str, ...]:
    """The hidden checks that call one of the functions `reaching`, and the hygiene rows."""
    if reference is None:
        return ()
    return tuple(
        c.id
        for c in reference.checks
        if not c.public and (c.question == "h" or reaching.intersection(c.functions))
    )


def run_trials(trials: Iterable[Trial], executor: Executor | None) -> Iterator[SubmissionResult]:
    """Grade trials in order, in parallel where there is an executor."""
    if executor is None:
        return map(grade_trial, trials)
    return executor.map(grade_trial, trials)


def judge_right(trial: Trial, result: SubmissionResult) -> Finding:
    """A right solution earns everything."""
    label = f"{trial.label}, seed {trial.seed}"
    broken = _our_fault(result)
    lost = tuple(c.id for c in result.checks if c.verdict is not Verdict.ACCEPTED)
    problem = broken or (f"lost {', '.join(lost)}: {_reasons(result, lost)}" if lost else "")
    return Finding(label, not problem, problem, result.earned, lost)


def judge_wrong(trial: Trial, result: SubmissionResult) -> Finding:
    """A wrong variant loses rows of its own function, no others, and is named."""
    ((function, variant),) = trial.replace.items()
    hidden = [c for c in result.checks if not c.public]
    lost = [c for c in hidden if c.verdict is not Verdict.ACCEPTED and not _vacuous(trial, c)]
    own = [c for c in lost if function in c.functions and c.question != "h"]
    elsewhere = [c.id for c in lost if c not in own]
    named = _named(own)
    problem = _our_fault(result)
    if not problem and not own:
        problem = "not caught"
    if not problem and elsewhere:
        problem = f"charged elsewhere: {', '.join(elsewhere)} {_reasons(result, elsewhere)}"
    if not problem and named != (f"{function}.{variant}",):
        problem = f"named {', '.join(named) or 'nothing'}: {_reasons(result, [own[0].id])}"
    ids = tuple(c.id for c in lost)
    return Finding(trial.label, not problem, problem, result.earned, ids, named)


def _vacuous(trial: Trial, check: CheckResult) -> bool:
    """A hygiene row that found no running function because the other functions were left out."""
    return bool(trial.checks and check.diagnosis and check.diagnosis.code == "nothing_runs")


def _named(checks: list[CheckResult]) -> tuple[str, ...]:
    found = [m for c in checks if c.diagnosis for m in c.diagnosis.misconceptions]
    return tuple(dict.fromkeys(found))


def _reasons(result: SubmissionResult, ids: Iterable[str]) -> str:
    wanted = list(ids)[:1]
    return "; ".join(
        f"{c.id}: {c.diagnosis.message.en} [{c.evidence[:200]}]"
        for c in result.checks
        if c.id in wanted and c.diagnosis
    )


def _our_fault(result: SubmissionResult) -> str:
    if result.verdict is Verdict.JUDGE_ERROR:
        return f"judge_error: {result.evidence.strip().splitlines()[-1:]}"
    broken = result.judge_errors
    if broken:
        return f"judge_error in {broken[0].id}: {broken[0].evidence.strip().splitlines()[-1:]}"
    return ""


def check_points(assignment: Assignment, result: SubmissionResult) -> tuple[Finding, ...]:
    """The points of the checks are what assignment.toml promises, question by question."""
    findings = []
    for question in assignment.questions:
        if question.written:
            continue
        checks = [c for c in result.checks if c.question == question.id]
        total = sum((c.points for c in checks), Decimal(0))
        fits = total == question.points
        problem = "" if fits else f"checks add up to {total}, promised are {question.points}"
        findings.append(Finding(f"question {question.id}", fits, problem, total))
    known = {q.id for q in assignment.questions}
    stray = sorted({c.id for c in result.checks if c.question not in known})
    if stray:
        findings.append(Finding("questions", False, f"checks of no question: {stray}"))
    return tuple(findings)


def check_probes(assignment: Assignment) -> tuple[Finding, ...]:
    """The reference and the second right solutions agree on every probe."""
    book = catalogue.load(assignment.reference)
    oracle = Oracle(assignment, book)
    problems = []
    for probe in book.all_probes:
        name = f"{probe.function}__{probe.name}"
        try:
            inputs = probe.given()
            expected = oracle.value(probe.function, inputs.arguments, inputs.keywords)
            for other in book.alternatives(probe.function):
                actual = plain(other.call(*inputs.arguments, **inputs.keywords))
                if compare(actual, expected, tolerance=VALUE):
                    problems.append(f"{name}: {other.name} does not agree")
        except Exception as error:
            problems.append(f"{name}: {error}")
    return (Finding("probes", not problems, "; ".join(problems)),) if book.all_probes else ()


def grade_solved(
    course: Course, assignment: Assignment, language: str, sandbox: Sandbox
) -> SubmissionResult:
    """Grade the released notebook with our solutions filled in."""
    solved = nbformat.writes(compose(assignment, language=language)).encode()
    return graded(Trial(course.root, assignment.id, "released"), solved, sandbox)


def check_released(
    course: Course,
    assignment: Assignment,
    sandbox: Sandbox,
    known: Mapping[str, SubmissionResult] | None = None,
) -> Iterator[Finding]:
    """The released notebooks: solved they earn everything, untouched nothing; nothing leaks.

    Args:
        course: whose assignment, in which languages.
        assignment: which one.
        sandbox: grades them.
        known: results of `grade_solved` that need not be found again, by language.
    """
    trial = Trial(course.root, assignment.id, "released")
    automatic = sum((q.points for q in assignment.questions if not q.written), Decimal(0))
    known = known or {}
    for language in course.languages:
        result = known.get(language) or grade_solved(course, assignment, language, sandbox)
        yield _expect(f"solved notebook ({language})", result, automatic)
        blank = nbformat.writes(release.build(assignment, language)).encode()
        result = graded(trial, blank, sandbox)
        yield _expect(f"untouched notebook ({language})", result, Decimal(0))
    leaks = release.leaks(assignment)
    problem = f"{leaks[0]} and {len(leaks) - 1} more" if leaks else ""
    yield Finding("released files hold no solution", not leaks, problem)


def _expect(subject: str, result: SubmissionResult, points: Decimal) -> Finding:
    lost = tuple(c.id for c in result.checks if c.verdict is not Verdict.ACCEPTED)
    problem = _our_fault(result)
    if not problem and result.earned != points:
        problem = f"earned {result.earned} instead of {points}: {_reasons(result, lost)}"
    return Finding(subject, not problem, problem, result.earned, lost)


def verify(
    course: Course,
    assignment: Assignment,
    sandbox: Sandbox | None,
    executor: Executor | None = None,
    *,
    seeds: int = SEEDS,
    device: str = "cpu",
    on_finding: Callable[[Finding], None] | None = None,
) -> Verification:
    """Try everything.

    Args:
        course: whose assignment.
        assignment: which one.
        sandbox: for the released notebooks; None leaves them out.
        executor: grades the composed solutions in parallel.
        seeds: hidden seeds for the right solutions.
        device: where the right solutions compute.
        on_finding: called with each `Finding` as it is made.

    Raises:
        GraderError: the assignment cannot be loaded.
    """
    tell = on_finding or (lambda finding: None)
    started = datetime.now(UTC)
    rights = right_trials(course, assignment, seeds, device)
    first: SubmissionResult | None = None
    right: list[Finding] = []
    wrong: list[Finding] = []
    points: tuple[Finding, ...] = ()
    for trial, result in zip(rights, run_trials(rights, executor), strict=True):
        if first is None:
            first = result
            points = (*check_points(assignment, result), *check_probes(assignment))
            for finding in points:
                tell(finding)
        right.append(judge_right(trial, result))
        tell(right[-1])
    wrongs = wrong_trials(course, assignment, first)
    for trial, result in zip(wrongs, run_trials(wrongs, executor), strict=True):
        wrong.append(judge_wrong(trial, result))
        tell(wrong[-1])
    released: list[Finding] = []
    if sandbox is not None:
        for finding in check_released(course, assignment, sandbox):
            released.append(finding)
            tell(finding)
    seconds = (datetime.now(UTC) - started).total_seconds()
    return Verification(
        assignment.id,
        tuple(points),
        tuple(right),
        tuple(wrong),
        tuple(released),
        seconds=seconds,
    )
