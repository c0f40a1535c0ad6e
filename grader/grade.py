"""Grades one submission. Whatever happens, a result comes back that says what happened."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from grader import catalogue
from grader.calls import Answer, Reply, Request
from grader.checks import Grading, Judgement, judge
from grader.config import load_assignment, load_course
from grader.course import Assignment
from grader.errors import ForbiddenApi, KernelKilled, SandboxLost, SubmissionFault
from grader.forbidden import describe, find_forbidden
from grader.handout import read_handout
from grader.notebook import Notebook, read
from grader.oracle import Oracle
from grader.passage import passage
from grader.program import Program, code
from grader.proxy import Subject
from grader.result import (
    CheckResult,
    NotebookRun,
    SubmissionResult,
    Verdict,
    WrittenAnswer,
)
from grader.sandbox import Sandbox
from grader.session import Session
from grader.submission import GradingJob
from grader.undecided import OUR_FAULT, undecided
from grader.winnowing import fingerprints
from grader.written import answer_text, is_filled

TRIES = 3
"""How often a submission is graded whose sandbox is killed under it."""


def grade(job: GradingJob, sandbox: Sandbox) -> SubmissionResult:
    """Grade one submission.

    Never raises: a fault of the submission ends in its verdicts, a fault of ours in judge_error.
    """
    blank = replace(undecided(job), isolation=sandbox.isolation)
    left, doubt = TRIES, True
    while True:
        try:
            return _graded(job, sandbox, blank, doubt)
        except KernelKilled:
            doubt = False  # the second run decides, however often a notebook kills its kernel
        except Exception as error:
            left -= 1
            if isinstance(error, SandboxLost) and left:
                continue
            return replace(
                blank,
                diagnosis=OUR_FAULT,
                evidence="".join(traceback.format_exception(error))[-8000:],
            )


def _graded(
    job: GradingJob, sandbox: Sandbox, blank: SubmissionResult, doubt: bool
) -> SubmissionResult:
    bench = _bench(job.course, job.submission.assignment)
    assignment = bench.assignment
    try:
        notebook = read(job.submission.path)
    except SubmissionFault as fault:
        judgement = _judge(job, bench, Unreadable(fault), {}, "")
        run = NotebookRun(fault.verdict, fault.diagnosis)
        return replace(
            _filled_in(blank, judgement, run, _unwritten(assignment)),
            verdict=fault.verdict,
            diagnosis=fault.diagnosis,
        )
    limits = assignment.limits
    with Session(
        sandbox,
        notebook,
        limits,
        packages=assignment.packages,
        device=job.device,
        doubt=doubt,
    ) as session:
        failed = [c.number for c in session.run.cells if c.verdict is not Verdict.ACCEPTED]
        program = code(notebook, failed)
        violations = find_violations(program, assignment)
        judgement = _judge(job, bench, session, violations, program.source)
        usage = session.usage()
    if session.lost is not None:
        raise session.lost
    result = _filled_in(blank, judgement, session.run, _written(notebook, assignment))
    return replace(
        result,
        checks=tuple(_with_passage(c, notebook) for c in result.checks),
        usage=usage,
        fingerprints=fingerprints(program.source),
    )


def _with_passage(check: CheckResult, notebook: Notebook) -> CheckResult:
    """The check with the student's own lines at the place that its diagnosis names."""
    place = check.diagnosis.place if check.diagnosis else None
    return replace(check, passage=passage(notebook, place)) if place else check


def _filled_in(
    blank: SubmissionResult,
    judgement: Judgement,
    run: NotebookRun,
    written: tuple[WrittenAnswer, ...],
) -> SubmissionResult:
    return replace(
        blank,
        verdict=run.verdict,
        diagnosis=run.diagnosis,
        checks=judgement.checks,
        curves=judgement.curves,
        notebook=run,
        written=written,
    )


class Bench:
    """An assignment with its reference loaded, kept for the next submission."""

    def __init__(self, course: Path, name: str) -> None:
        self.assignment = load_assignment(load_course(course), name)
        self.oracle = Oracle(self.assignment, catalogue.load(self.assignment.reference))
        self.handout = read_handout(self.assignment.folder)


@lru_cache(maxsize=8)
def _bench(course: Path, name: str) -> Bench:
    return Bench(course, name)


def _judge(
    job: GradingJob,
    bench: Bench,
    session: Session | Unreadable,
    violations: Mapping[str, ForbiddenApi],
    source: str,
) -> Judgement:
    subject = Subject(
        bench.assignment, session, bench.oracle, violations, job.device, source, bench.handout
    )
    path = f"{bench.assignment.id}/{job.submission.attempt}"
    grading = Grading(bench.assignment, subject, job.secret, path)
    return judge(grading, checks=job.checks, fail_fast=job.fail_fast)


class Unreadable:
    """Stands in for the session of a notebook that cannot be read: every call has its fault."""

    def __init__(self, fault: SubmissionFault) -> None:
        self._fault = fault

    def call(self, request: Request, answer: Answer | None = None) -> Reply:
        """Raises the fault."""
        raise type(self._fault)(self._fault.diagnosis, self._fault.evidence)

    def fresh(self) -> None:
        """There is nothing to forget."""


def find_violations(program: Program, assignment: Assignment) -> dict[str, ForbiddenApi]:
    """The graded functions whose code, or what it calls, names a forbidden interface."""
    found = {}
    for question in assignment.questions:
        if not question.forbidden and question.allow_autograd:
            continue
        for function in question.functions:
            violations = find_forbidden(
                program, function.name, question.forbidden, question.allow_autograd
            )
            if violations:
                found[function.name] = ForbiddenApi(describe(violations))
    return found


def _written(notebook: Notebook, assignment: Assignment) -> tuple[WrittenAnswer, ...]:
    return tuple(
        replace(w, filled=True, text=answer_text(notebook, w.question))
        if is_filled(notebook, w.question)
        else w
        for w in _unwritten(assignment)
    )


def _unwritten(assignment: Assignment) -> tuple[WrittenAnswer, ...]:
    return tuple(
        WrittenAnswer(q.id, q.title, q.points, filled=False)
        for q in assignment.questions
        if q.written
    )


def forget_benches() -> None:
    """Load assignments anew next time (after files have changed)."""
    _bench.cache_clear()
