"""Grades one notebook in a workflow, with the public checks or with the hidden ones.

With public checks only, the assignment is the one in the student's repository. With hidden ones,
everything that judges comes from the instructor: the repository contributes its notebook.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from grader import autograding
from grader.autograding import Autograding
from grader.cellplaces import places
from grader.checkpage import check_markdown, check_page
from grader.config import load_assignment, load_course
from grader.errors import SandboxError, UsageError
from grader.feedback import render_markdown, render_student
from grader.grade import grade
from grader.result import CellRun, CheckResult, Diagnosis, NotebookRun, Verdict
from grader.sandbox import Sandbox
from grader.sandbox.choose import open_sandbox
from grader.sealing import take_key, unsealed
from grader.secret import course_secret
from grader.selfcheck import check_notebook
from grader.submission import GradingJob, Submission
from grader.workflow import Annotation

WALLS = 2
"""The least level of isolation at which hidden tests are unsealed."""
STUB = b"raise NotImplementedError"
SHOWN = 10
"""GitHub shows so many annotations of a step."""


@dataclass(frozen=True)
class Graded:
    """A notebook graded in a workflow, ready to be told."""

    assignment: str
    language: str
    checks: tuple[CheckResult, ...]
    scores: Autograding
    run: NotebookRun
    markdown: str
    html: str
    hidden: bool
    document: dict[str, Any]
    """The JSON artifact."""


@dataclass(frozen=True)
class Hidden:
    """Where the hidden tests come from: a course folder, or a bundle."""

    course: Path | None = None
    sealed: Path | None = None


def grade_public(
    notebook: Path,
    folder: Path | None,
    sandbox: str,
    language: str,
    points: Decimal | None = None,
) -> Graded:
    """Grade with the public checks of the repository.

    Raises:
        UsageError: there is no notebook, or no assignment near it.
        SandboxError: this machine cannot hold the sandbox.
    """
    with open_sandbox(sandbox) as opened:
        done = check_notebook(notebook, folder, opened)
    scores = autograding.of_public(done.checks, points)
    return Graded(
        assignment=done.assignment.id,
        language=language,
        checks=done.checks,
        scores=scores,
        run=done.run,
        markdown=check_markdown(done, language),
        html=check_page(done, language),
        hidden=False,
        document=_document(done.assignment.id, scores, done.checks, done.run, language),
    )


def grade_hidden(notebook: Path, hidden: Hidden, sandbox: str, language: str) -> Graded:
    """Grade with the instructor's tests; the repository's own are not looked at.

    Raises:
        UsageError: the notebook, the course, the bundle or its key is not there.
        SandboxError: this machine cannot hold a sandbox that hides the tests.
    """
    if not notebook.is_file():
        raise UsageError(f"{notebook} is not a file", "Give the path of a notebook")
    with _course(hidden) as root, open_sandbox(sandbox, hidden=(root,)) as opened:
        _require_walls(opened)
        course = load_course(root)
        assignment = load_assignment(course, _only(root, notebook))
        submission = Submission(assignment.id, _whose(), notebook)
        job = GradingJob(root, submission, sandbox, secret=course_secret(course.private))
        result = grade(job, opened)
        scores = autograding.of_result(result)
        run = result.notebook or NotebookRun(result.verdict, result.diagnosis)
        return Graded(
            assignment=assignment.id,
            language=language,
            checks=result.checks,
            scores=scores,
            run=run,
            markdown=render_markdown(result, assignment, course, language=language),
            html=render_student(result, assignment, course, language=language),
            hidden=True,
            document=_document(assignment.id, scores, result.checks, run, language),
        )


def find_notebook(place: Path) -> Path:
    """The notebook to grade: `place` itself, or in a repository the one that was worked on.

    A template repository holds the notebook in both languages; the one with fewer functions left
    to write counts, the Chinese one if they are equal.

    Raises:
        UsageError: the folder holds no notebook.
    """
    if not place.is_dir():
        return place
    found = sorted(p for p in place.glob("*.ipynb") if p.is_file())
    if not found:
        raise UsageError(f"{place} holds no notebook", "Hand in the notebook that you were given")
    return min(found, key=lambda p: (p.read_bytes().count(STUB), p.suffixes != [".ipynb"], p.name))


@contextmanager
def _course(hidden: Hidden) -> Iterator[Path]:
    with ExitStack() as stack:
        if hidden.sealed is None:
            assert hidden.course is not None  # noqa: S101  (one of the two is given)
            yield hidden.course.resolve()
            return
        key = take_key()
        try:
            sealed = hidden.sealed.read_bytes()
        except OSError as error:
            raise UsageError(f"{hidden.sealed}: {error.strerror}", "Name the bundle") from None
        yield stack.enter_context(unsealed(sealed, key))


def _require_walls(sandbox: Sandbox) -> None:
    if sandbox.isolation.level < WALLS:
        raise SandboxError(
            f"the sandbox {sandbox.isolation.backend!r} does not hide files, and hidden tests "
            "are not opened where student code could read them",
            "Use --sandbox linux; `grader doctor` says what this machine lacks",
        )


def _only(root: Path, notebook: Path) -> str:
    """The assignment that a notebook belongs to: that of its name, or the only one there is."""
    there = sorted(p.parent.name for p in root.glob("assignments/*/assignment.toml"))
    wanted = notebook.name.split(".")[0]
    if wanted in there:
        return wanted
    if len(there) == 1:
        return there[0]
    raise UsageError(
        f"{notebook.name} belongs to no assignment of {root}", f"Known: {', '.join(there)}"
    )


def _whose() -> str:
    """Whose repository this is, as GitHub says; it names the student on the report."""
    name = os.environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    return re.sub(r"[^\w.-]", "", name) or "student"


def remarks(graded: Graded, notebook: Path) -> list[Annotation]:
    """Remarks at the lines of the notebook: cells that stopped, then checks that failed."""
    found = places(notebook.read_bytes())
    name = _in_workspace(notebook)
    told = [
        Annotation(
            _cell_message(c, graded.language), f"cell {c.number}", name, found.of(c.number, c.line)
        )
        for c in graded.run.cells
        if c.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED)
    ]
    if graded.run.diagnosis is not None:
        top = graded.run.diagnosis
        told.append(Annotation(_told(top, graded.language), "", name, 1))
    for check in graded.checks:
        if check.verdict is Verdict.ACCEPTED or check.diagnosis is None:
            continue
        ours = check.verdict is Verdict.JUDGE_ERROR
        line = found.of_function(check.functions[0]) if check.functions else 1
        told.append(
            Annotation(
                _told(check.diagnosis, graded.language),
                f"{check.id} {check.title[graded.language]}",
                name,
                line,
                "warning" if ours or check.verdict is Verdict.SKIPPED else "error",
            )
        )
    return told[:SHOWN]


def _cell_message(cell: CellRun, language: str) -> str:
    said = _told(cell.diagnosis, language) if cell.diagnosis else cell.verdict.value
    return f"{cell.error}\n{said}" if cell.error else said


def _told(diagnosis: Diagnosis, language: str) -> str:
    hint = f"\n{diagnosis.hint[language]}" if diagnosis.hint else ""
    return diagnosis.message[language] + hint


def _in_workspace(path: Path) -> str:
    """The path as GitHub knows it."""
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    resolved = path.resolve()
    inside = resolved.is_relative_to(workspace)
    return (resolved.relative_to(workspace) if inside else path).as_posix()


def _document(
    assignment: str,
    scores: Autograding,
    checks: tuple[CheckResult, ...],
    run: NotebookRun,
    language: str,
) -> dict[str, Any]:
    return scores.as_dict(language) | {
        "assignment": assignment,
        "score": str(scores.score),
        "verdict": run.verdict.value,
        "checks": [
            {
                "id": c.id,
                "public": c.public,
                "verdict": c.verdict.value,
                "points": str(c.points),
                "earned": str(c.earned),
                "diagnosis": c.diagnosis.message[language] if c.diagnosis else None,
                "misconceptions": list(c.diagnosis.misconceptions) if c.diagnosis else [],
            }
            for c in checks
        ],
        "cells": [
            {"number": c.number, "verdict": c.verdict.value, "error": c.error} for c in run.cells
        ],
    }
