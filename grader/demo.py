"""The whole cycle on a small class, in a course folder of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from grader import release
from grader.config import load_assignment, load_course
from grader.course import Assignment, Course
from grader.errors import SandboxError
from grader.export import export_csv
from grader.feedback import Written, write_course, write_feedback
from grader.gradebook import Gradebook
from grader.headline import Headline, headline
from grader.init import make_course
from grader.overview import class_standings
from grader.personas import Persona, hand_in, personas
from grader.records import MarkRow, ScoreRow, Student
from grader.result import Isolation, SubmissionResult
from grader.round import isolation_of, plan, run

SHOWN = "gd"
"""The assignment to show, where it is there."""
CELL_TIME = 10
"""Seconds for one cell, so that the endless loop ends soon."""


@dataclass(frozen=True)
class Stage:
    """A course with a class that has handed in."""

    course: Course
    assignment: Assignment
    cast: tuple[Persona, ...]


@dataclass(frozen=True)
class Played:
    """What the demonstration made."""

    results: tuple[tuple[Persona, Headline], ...]
    feedback: Written
    grades: Path


def strongest(sandbox: str) -> tuple[str, Isolation, str]:
    """The backend, its isolation, and why it is weaker than hoped for.

    Raises:
        SandboxError: `sandbox` was named and cannot be had.
    """
    try:
        return sandbox, isolation_of(sandbox), ""
    except SandboxError as error:
        if sandbox != "auto":
            raise
        return "plain", isolation_of("plain"), error.problem


def set_stage(folder: Path, source: Path | None = None) -> Stage:
    """Make a course in `folder` and have a composed class hand in.

    Args:
        folder: must not exist or be empty.
        source: where the assignment comes from, as in `make_course`.

    Raises:
        UsageError: the folder is not empty.
        GraderError: a file cannot be written.
    """
    make_course(folder, source, only=SHOWN)
    path = folder / "course.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"cell_time = \d+", f"cell_time = {CELL_TIME}", text), encoding="utf-8")
    course = load_course(folder)
    assignment = load_assignment(course, course.assignments[0].id)
    release.write(assignment)
    cast = personas(assignment)
    for persona in cast:
        hand_in(course.submissions, assignment, persona)
    return Stage(course, assignment, cast)


def play(
    stage: Stage, sandbox: str, workers: int, on_result: Callable[[Headline], None]
) -> Played:
    """Record, grade, write feedback, export.

    Args:
        stage: the course and its class.
        sandbox: what `strongest` found.
        workers: submissions at once.
        on_result: called with each result.

    Raises:
        GraderError: something on our side failed.
    """
    course, assignment, found = stage.course, stage.assignment, dict[str, Headline]()

    def keep(result: SubmissionResult) -> None:
        found[result.student] = headline(result)
        on_result(found[result.student])

    with Gradebook(course.gradebook) as book:
        _record(book, assignment, stage.cast)
        run(plan(course, assignment, book, sandbox=sandbox), book, workers, keep)
        lines = class_standings(course, book)
        written = write_feedback(
            course, assignment, book, course.feedback, lines=lines, course_page=True
        )
    write_course(course, {assignment.id: assignment}, lines, course.feedback)
    grades = course.root / "grades.csv"
    export_csv(lines, grades)
    return Played(tuple((p, found[p.number]) for p in stage.cast), written, grades)


def _record(book: Gradebook, assignment: Assignment, cast: Sequence[Persona]) -> None:
    """What people decide; one student has no project, one no participation, some no marks."""
    book.put_students(Student(p.number, p.name) for p in cast)
    book.add_participation(
        ScoreRow(p.number, Decimal(100 - 4 * i)) for i, p in enumerate(cast) if i != 5
    )
    book.add_project(ScoreRow(p.number, Decimal(95 - 5 * i)) for i, p in enumerate(cast) if i != 3)
    written = [q for q in assignment.questions if q.written]
    book.add_marks(
        assignment.id,
        [MarkRow(p.number, q.id, q.points - i) for i, p in enumerate(cast[:4]) for q in written],
        by="demo",
    )
