"""The class at a glance: which assignments there are, who handed in, where everybody stands."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from grader.config import load_assignment
from grader.course import Assignment, Course, ScheduledAssignment
from grader.coursegrade import rounded
from grader.errors import UsageError
from grader.gradebook import Gradebook
from grader.scoring import ZERO, State
from grader.standing import Standing, standings


@dataclass(frozen=True)
class AssignmentStatus:
    """How far the class and the grader are with one assignment."""

    id: str
    due: datetime | None
    handed_in: int
    """Students."""
    graded: int
    complete: int
    """Students of whom all points are decided."""
    pending: int
    """Students who wait for a mark of a written question."""
    needs_human: tuple[str, ...]
    """Students on whom the grader failed."""
    mean: Decimal | None
    """Of the earned points of those on whom the grader did not fail."""
    points: Decimal


def assignments_of(course: Course) -> dict[str, Assignment]:
    """The assignments that exist on disk: those of the calendar first, in its order.

    Raises:
        ConfigError: one of their files is wrong.
    """
    found = {p.parent.name for p in course.root.glob("assignments/*/assignment.toml")}
    scheduled = [a.id for a in course.assignments if a.id in found]
    return {name: load_assignment(course, name) for name in dict.fromkeys(scheduled)} | {
        name: load_assignment(course, name) for name in sorted(found - set(scheduled))
    }


def handed_in(course: Course, only: str | None = None) -> dict[str, frozenset[str]]:
    """The students of whom there is something under `submissions/`, by assignment.

    Args:
        course: whose submissions.
        only: the one student who is asked about.
    """
    folder = "[!.]*" if only is None else glob.escape(only)
    return {
        a.id: frozenset(
            p.name for p in course.submissions.glob(f"{a.id}/{folder}") if _holds_notebook(p)
        )
        for a in course.assignments
    }


def _holds_notebook(folder: Path) -> bool:
    # os.walk asks the system once a folder; pathlib's glob asks thrice, 1,800 times for a class.
    found = (name for _, _, files in os.walk(folder) for name in files)
    return any(name.endswith(".ipynb") for name in found)


def class_standings(
    course: Course,
    book: Gradebook,
    *,
    missing_as_zero: bool = False,
    only: str | None = None,
    there: Mapping[str, frozenset[str]] | None = None,
) -> tuple[Standing, ...]:
    """The line of every student, or of one of them, as of now.

    Args:
        course: whose students.
        book: what is known of them.
        missing_as_zero: count what is missing as zero.
        only: the one student who is asked about.
        there: what `handed_in` found, if it was asked already.
    """
    return standings(
        course,
        assignments_of(course),
        book,
        handed_in=handed_in(course, only) if there is None else there,
        missing_as_zero=missing_as_zero,
        now=datetime.now(UTC),
        only=only,
    )


def standing_of(course: Course, book: Gradebook, student: str) -> Standing:
    """The line of one student.

    Raises:
        UsageError: the gradebook does not know the student.
    """
    for line in class_standings(course, book, only=student):
        return line
    there = book.students()
    known = ", ".join(s.id for s in there[:5]) or "none"
    raise UsageError(
        f"the gradebook knows no student {student!r}",
        f"It knows {len(there)}: {known}{', …' if len(there) > 5 else ''}",
    )


def assignment_statuses(
    course: Course, lines: tuple[Standing, ...], there: Mapping[str, frozenset[str]]
) -> tuple[AssignmentStatus, ...]:
    """One line per assignment of the calendar; who has left the course does not count.

    Args:
        course: whose calendar.
        lines: of every student.
        there: what `handed_in` found.
    """
    known = assignments_of(course)
    here = tuple(line for line in lines if line.student.active)
    gone = {line.student.id for line in lines} - {line.student.id for line in here}
    return tuple(_status(a, known.get(a.id), there[a.id] - gone, here) for a in course.assignments)


def _status(
    scheduled: ScheduledAssignment,
    assignment: Assignment | None,
    there: frozenset[str],
    lines: tuple[Standing, ...],
) -> AssignmentStatus:
    scores = {line.student.id: line.score(scheduled.id) for line in lines}
    graded = {student: s for student, s in scores.items() if s and s.attempt}
    states = [s.state for s in graded.values()]
    decided = [s.earned for s in graded.values() if s.state is not State.UNDECIDED]
    return AssignmentStatus(
        id=scheduled.id,
        due=scheduled.due,
        handed_in=len(there | graded.keys()),
        graded=len(graded),
        complete=states.count(State.COMPLETE),
        pending=states.count(State.PENDING),
        needs_human=tuple(
            line.student.id
            for line in lines
            if (row := line.results.get(scheduled.id)) and row.needs_human
        ),
        mean=rounded(sum(decided, ZERO) / len(decided)) if decided else None,
        points=sum((q.points for q in assignment.questions), ZERO) if assignment else ZERO,
    )
