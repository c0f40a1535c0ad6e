"""Students check themselves: the public tests, the same comparison, on their own machine.

There is no reference here and nothing to hide. `check_here` asks the functions of the notebook it
is called in; `check_notebook` runs a notebook from top to bottom first, as grading will.
"""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from grader.checks import Grading, Judgement, judge
from grader.config import load_handed_out
from grader.course import Assignment
from grader.errors import ForbiddenApi, UsageError
from grader.grade import find_violations
from grader.notebook import read
from grader.program import code
from grader.proxy import Session as Answers
from grader.proxy import Subject
from grader.result import CheckResult, NotebookRun, Verdict
from grader.sandbox.fake import FakeSandbox
from grader.sandbox.plain import PlainSandbox
from grader.session import Session

SIGNS = {Verdict.ACCEPTED: "✓", Verdict.SKIPPED: "–", Verdict.JUDGE_ERROR: "?"}


def check_here(*functions: str, language: str | None = None) -> None:
    """Check functions of the notebook this is called in, with the public tests beside it.

    Args:
        functions: names of graded functions; all of them if none is given.
        language: "zh" or "en"; that of the machine by default.
    """
    assignment = load_handed_out(find_handed_out(Path.cwd()))
    namespace = sys._getframe(1).f_globals
    empty = read(b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    chosen = language or preferred_language()
    with Session(FakeSandbox(namespace), empty, assignment.limits) as session:
        judgement = _judge(assignment, session, {}, functions)
        for line in lines(judgement.checks, chosen):
            print(line)  # noqa: T201  (this is the answer to the student)


def check_notebook(path: Path, folder: Path | None = None) -> tuple[Judgement, NotebookRun]:
    """Run a notebook from top to bottom, then the public tests of its assignment.

    Args:
        path: the notebook.
        folder: the assignment's folder; found near the notebook by default.

    Raises:
        UsageError: no assignment is found.
        SubmissionFault: the notebook cannot be read.
    """
    assignment = load_handed_out(folder or find_handed_out(path.resolve().parent, path.stem))
    notebook = read(path)
    with (
        PlainSandbox() as sandbox,
        Session(sandbox, notebook, assignment.limits, packages=assignment.packages) as session,
    ):
        failed = [c.number for c in session.run.cells if c.verdict is not Verdict.ACCEPTED]
        violations = find_violations(code(notebook, failed), assignment)
        return _judge(assignment, session, violations, ()), session.run


def _judge(
    assignment: Assignment,
    session: Answers,
    violations: Mapping[str, ForbiddenApi],
    only: tuple[str, ...],
) -> Judgement:
    subject = Subject(assignment, session, None, violations)
    grading = Grading(assignment, subject, b"public", assignment.id)
    return judge(grading, hidden=False, only=only)


def find_handed_out(start: Path, name: str = "") -> Path:
    """The assignment's folder: here, above, or in an `assignments/` folder above.

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
