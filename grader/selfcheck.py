"""Students check themselves: the public tests, the same comparison, on their own machine.

There is no reference here and nothing to hide. `check_here` asks the functions of the notebook it
is called in; `check_notebook` runs a notebook from top to bottom first, as grading will. What
imports torch is imported while the kernel starts, so that the two do not wait for each other.
"""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.config import load_handed_out
from grader.course import Assignment
from grader.errors import ForbiddenApi, SubmissionFault, UsageError
from grader.result import CheckResult, NotebookRun, Verdict
from grader.sandbox import BoxSpec, Sandbox
from grader.sandbox.early import EarlySandbox
from grader.sandbox.plain import PlainSandbox

if TYPE_CHECKING:
    from grader.checks import Judgement
    from grader.proxy import Session as Answers

SIGNS = {Verdict.ACCEPTED: "✓", Verdict.SKIPPED: "–", Verdict.JUDGE_ERROR: "?"}


@dataclass(frozen=True)
class SelfCheck:
    """What a self-check came to."""

    assignment: Assignment
    checks: tuple[CheckResult, ...]
    run: NotebookRun

    @property
    def passed(self) -> int:
        """How many public checks were passed."""
        return sum(c.verdict is Verdict.ACCEPTED for c in self.checks)

    @property
    def stopped(self) -> bool:
        """Whether a cell did not run to its end, or the notebook could not be run."""
        done = (Verdict.ACCEPTED, Verdict.SKIPPED)
        return self.run.verdict is not Verdict.ACCEPTED or any(
            c.verdict not in done for c in self.run.cells
        )

    @property
    def judge_error(self) -> bool:
        """Whether a public test itself failed."""
        return any(c.verdict is Verdict.JUDGE_ERROR for c in self.checks)

    @property
    def right(self) -> bool:
        """Whether every public check was passed."""
        return bool(self.checks) and self.passed == len(self.checks)


def check_here(*functions: str, language: str | None = None) -> None:
    """Check functions of the notebook this is called in, with the public tests beside it.

    Args:
        functions: names of graded functions; all of them if none is given.
        language: "zh" or "en"; that of the machine by default.
    """
    from grader.notebook import read
    from grader.sandbox.fake import FakeSandbox
    from grader.session import Session

    assignment = load_handed_out(find_handed_out(Path.cwd()))
    namespace = sys._getframe(1).f_globals
    empty = read(b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    chosen = language or preferred_language()
    with Session(FakeSandbox(namespace), empty, assignment.limits) as session:
        judgement = _judge(assignment, session, {}, functions)
        for line in lines(judgement.checks, chosen):
            print(line)  # noqa: T201  (this is the answer to the student)


def check_notebook(
    path: Path, folder: Path | None = None, sandbox: Sandbox | None = None
) -> SelfCheck:
    """Run a notebook from top to bottom, then the public tests of its assignment.

    Args:
        path: the notebook.
        folder: the assignment's folder; found near the notebook by default.
        sandbox: where to run it; a subprocess by default, as it is one's own code.

    Raises:
        UsageError: no assignment is found, or it needs a newer grader.
    """
    assignment = load_handed_out(folder or find_handed_out(path.resolve().parent, path.stem))
    if not path.is_file():
        raise UsageError(f"{path} is not a file", "Give the path of a notebook")
    spec = BoxSpec(assignment.limits, {}, assignment.packages)
    with EarlySandbox(sandbox or PlainSandbox(), spec) as early:
        return _checked(path, assignment, early)


def _checked(path: Path, assignment: Assignment, sandbox: Sandbox) -> SelfCheck:
    from grader.grade import Unreadable, find_violations
    from grader.notebook import read
    from grader.program import code
    from grader.session import Session

    try:
        notebook = read(path)
    except SubmissionFault as fault:
        judgement = _judge(assignment, Unreadable(fault), {}, ())
        run = NotebookRun(fault.verdict, fault.diagnosis)
        return SelfCheck(assignment, _for_students(judgement), run)
    packages = assignment.packages
    with Session(sandbox, notebook, assignment.limits, packages=packages) as session:
        failed = [c.number for c in session.run.cells if c.verdict is not Verdict.ACCEPTED]
        program = code(notebook, failed)
        violations = find_violations(program, assignment)
        judgement = _judge(assignment, session, violations, (), program.source)
        return SelfCheck(assignment, _for_students(judgement), session.run)


def _judge(
    assignment: Assignment,
    session: Answers,
    violations: Mapping[str, ForbiddenApi],
    only: tuple[str, ...],
    source: str = "",
) -> Judgement:
    from grader.checks import Grading, judge
    from grader.handout import read_handout
    from grader.proxy import Subject

    handout = read_handout(assignment.folder)
    subject = Subject(assignment, session, None, violations, source=source, handout=handout)
    grading = Grading(assignment, subject, b"public", assignment.id)
    return judge(grading, hidden=False, only=only)


def _for_students(judgement: Judgement) -> tuple[CheckResult, ...]:
    return tuple(replace(check, evidence="") for check in judgement.checks)


def find_handed_out(start: Path, name: str = "") -> Path:
    """The assignment's folder: here, above, in an `assignments/` folder above, or right below.

    Args:
        start: where to begin.
        name: file name of the notebook without its ending, such as "gd" or "gd.en".

    Raises:
        UsageError: there is none.
    """
    wanted = name.split(".")[0]
    for folder in (start, *start.parents):
        if (folder / "assignment.toml").is_file():
            return folder
        inside = folder / "assignments" / wanted
        if wanted and (inside / "assignment.toml").is_file():
            return inside
    below = list(start.glob("*/assignment.toml"))
    if len(below) == 1:  # where a bundle was unpacked beside an open notebook, as in Colab
        return below[0].parent
    raise UsageError(
        f"no assignment.toml in {start} or above",
        "Keep the notebook in the folder you were given, beside assignment.toml and public_tests",
    )


def preferred_language() -> str:
    """The language of the machine: "zh" or "en"."""
    for variable in "LC_ALL", "LC_MESSAGES", "LANG":
        if os.environ.get(variable):
            return "zh" if os.environ[variable].lower().startswith("zh") else "en"
    return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


def lines(checks: tuple[CheckResult, ...], language: str) -> list[str]:
    """The outcome of checks, one line each, with the diagnosis below."""
    found: list[str] = []
    for check in checks:
        sign = SIGNS.get(check.verdict, "✗")
        found.append(f"{sign} {check.title[language]}")
        if check.diagnosis is not None:
            found.append(f"    {check.diagnosis.message[language]}")
            if check.diagnosis.hint is not None:
                found.append(f"    → {check.diagnosis.hint[language]}")
    return found
