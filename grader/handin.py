"""Finds what has been handed in under `submissions/`.

submissions/gd/2026001/homework.ipynb            one attempt
submissions/gd/2026001/1/…  submissions/gd/2026001/2/…   several, by number

`grader collect` writes the second form, and the gradebook then knows when each was handed in; for
what was put there by hand, the date of the file says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from grader.course import Course
from grader.entries import Collected
from grader.errors import UsageError
from grader.submission import Submission


def find_submissions(
    course: Course,
    assignment: str,
    students: tuple[str, ...] = (),
    collected: Iterable[Collected] = (),
) -> list[Submission]:
    """Everything handed in for an assignment, by student and attempt.

    Args:
        course: whose submissions.
        assignment: which assignment.
        students: only these; all if empty.
        collected: what is known about when they were handed in.

    Raises:
        UsageError: there is nothing, or nothing of one of the students.
    """
    folder = course.submissions / assignment
    known = {(c.student, c.attempt): c for c in collected if c.assignment == assignment}
    found = [s for path in _folders(folder) for s in _of_student(assignment, path, known)]
    if not found:
        raise UsageError(
            f"nothing has been handed in under {folder}",
            f"Take it in with `grader collect {assignment} PATH`, or put each notebook into a "
            f"folder named after the student, as in {folder / '2026001' / f'{assignment}.ipynb'}",
        )
    if not students:
        return found
    there = {s.student for s in found}
    for student in students:
        if student not in there:
            raise UsageError(f"{student} has handed in nothing for {assignment} under {folder}")
    return [s for s in found if s.student in students]


def attempts_of(folder: Path, assignment: str) -> list[tuple[int, Path]]:
    """The attempts in the folder of a student, by number, with their notebooks.

    A notebook that lies directly in it is the first attempt, unless there is a folder `1`.
    """
    numbered = {int(p.name): p for p in _folders(folder) if p.name.isdecimal()}
    places = {1: folder} | numbered
    found = ((n, _notebook(place, assignment)) for n, place in sorted(places.items()))
    return [(n, notebook) for n, notebook in found if notebook is not None]


def _of_student(
    assignment: str, folder: Path, known: Mapping[tuple[str, int], Collected]
) -> Iterator[Submission]:
    for number, notebook in attempts_of(folder, assignment):
        entry = known.get((folder.name, number))
        when = (
            entry.submitted_at
            if entry is not None
            else datetime.fromtimestamp(notebook.stat().st_mtime, UTC)
        )
        yield Submission(assignment, folder.name, notebook, number, when)


def _notebook(folder: Path, assignment: str) -> Path | None:
    """The notebook in a folder: the one named after the assignment, or the newest."""
    if not folder.is_dir():
        return None
    notebooks = [p for p in folder.iterdir() if p.suffix == ".ipynb" and p.is_file()]
    named = [p for p in notebooks if p.stem.startswith(assignment)]
    return max(named or notebooks, key=lambda p: p.stat().st_mtime, default=None)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
