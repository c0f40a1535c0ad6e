"""Finds what has been handed in under `submissions/`.

submissions/gd/2026001/homework.ipynb            one attempt
submissions/gd/2026001/1/…  submissions/gd/2026001/2/…   several, by number
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from grader.course import Course
from grader.errors import UsageError
from grader.submission import Submission


def find_submissions(
    course: Course, assignment: str, students: tuple[str, ...] = ()
) -> list[Submission]:
    """Everything handed in for an assignment, by student and attempt.

    Args:
        course: whose submissions.
        assignment: which assignment.
        students: only these; all if empty.

    Raises:
        UsageError: there is nothing, or nothing of one of the students.
    """
    folder = course.submissions / assignment
    found = [s for path in _folders(folder) for s in _of_student(assignment, path)]
    if not found:
        raise UsageError(
            f"nothing has been handed in under {folder}",
            "Put each notebook into a folder named after the student, "
            f"as in {folder / '2026001' / f'{assignment}.ipynb'}",
        )
    if not students:
        return found
    known = {s.student for s in found}
    for student in students:
        if student not in known:
            raise UsageError(f"{student} has handed in nothing for {assignment} under {folder}")
    return [s for s in found if s.student in students]


def _of_student(assignment: str, folder: Path) -> Iterator[Submission]:
    attempts = [p for p in _folders(folder) if p.name.isdigit()]
    if not attempts:
        attempts = [folder]
    for place in sorted(attempts, key=lambda p: int(p.name) if p is not folder else 1):
        notebook = _notebook(place, assignment)
        if notebook is not None:
            number = 1 if place is folder else int(place.name)
            when = datetime.fromtimestamp(notebook.stat().st_mtime, UTC)
            yield Submission(assignment, folder.name, notebook, number, when)


def _notebook(folder: Path, assignment: str) -> Path | None:
    """The notebook in a folder: the one named after the assignment, or the newest."""
    notebooks = [p for p in folder.iterdir() if p.suffix == ".ipynb" and p.is_file()]
    named = [p for p in notebooks if p.stem.startswith(assignment)]
    return max(named or notebooks, key=lambda p: p.stat().st_mtime, default=None)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
