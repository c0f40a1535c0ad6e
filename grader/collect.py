"""Takes in what students handed in: who, which attempt, when; and says what does not fit.

Nothing is changed before everything has been looked at: `look` says what would be done,
`take_in` does it. Collecting the same again changes nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from grader.arrivals import Spool
from grader.clones import is_clone
from grader.course import Assignment, Course
from grader.entries import Collected
from grader.errors import GraderError, UsageError
from grader.gradebook import Gradebook
from grader.layouts import recognise
from grader.sorting import Collection, Sorting
from grader.whose import Whose


def look(
    course: Course,
    assignment: Assignment,
    spool: Spool,
    source: Path,
    book: Gradebook,
    whose: Whose,
    *,
    named: str | None = None,
    times: Mapping[str, datetime] | None = None,
) -> Collection:
    """What has been handed over, and whose it is.

    Args:
        course: where submissions are kept.
        assignment: what it is for.
        spool: has taken in `source`.
        source: the folder or archive.
        book: knows the roster and what was collected before.
        whose: finds the students.
        named: the layout, if it is not to be recognised.
        times: when students handed in, where something better than the files says so.

    Raises:
        UsageError: there is no notebook in it.
    """
    if not spool.arrivals:
        refused = f" ({spool.refused[0].name}: {spool.refused[0].reason})" if spool.refused else ""
        raise UsageError(f"{source} holds no notebook{refused}", "Name what holds *.ipynb files")
    roster = book.students()
    clones = source.is_dir() and any(is_clone(p) for p in source.iterdir() if p.is_dir())
    whose.tail = whose.tail or clones
    way = recognise(
        [a.parts for a in spool.arrivals],
        lambda claim: whose.find(claim.owner, claim.account, is_name=claim.is_name) is not None,
        clones=clones,
        named=named,
    )
    sorted_out = Sorting(course, assignment, source, book, way.layout)
    sorted_out.times = times or {}
    sorted_out.open = not roster
    for arrival in spool.arrivals:
        sorted_out.put(arrival, way.claim(arrival.parts), whose)
    for path in spool.left_out:
        sorted_out.put_aside(path, way.claim(path), whose)
    return sorted_out.result(roster, tuple(spool.refused))


def take_in(collection: Collection, course: Course, book: Gradebook, author: str = "") -> int:
    """Put the files into their places and tell the gradebook; returns how many attempts are new.

    Raises:
        GraderError: a file cannot be written; what was written before it is kept.
        GradebookError: the gradebook cannot be written.
    """
    root = course.submissions / collection.assignment
    for taken in collection.new:
        entry = taken.entry
        _place(root, entry, taken.blob, f"{collection.assignment}.ipynb")
    known = {(e.student, e.attempt) for e in book.submissions(collection.assignment)}
    untold = (t.entry for t in collection.unchanged)
    entries = [
        *(t.entry for t in collection.new),
        *(e for e in untold if (e.student, e.attempt) not in known),
    ]
    book.add_submissions(entries, author)
    return len(collection.new)


def _place(root: Path, entry: Collected, blob: Path, name: str) -> None:
    """One attempt appears whole or not at all, under a name of ours, inside of `root`."""
    student, target = root / entry.student, root / entry.student / str(entry.attempt)
    try:
        student.mkdir(parents=True, exist_ok=True)
        if student.is_symlink() or student.resolve().parent != root.resolve():
            raise GraderError(f"{student} is a link", "Make it a folder")
        half = student / f".{entry.attempt}.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        shutil.copyfile(blob, half / name)
        if entry.submitted_at is not None:
            stamp = entry.submitted_at.timestamp()
            os.utime(half / name, (stamp, stamp))
        half.rename(target)
    except OSError as error:
        problem = f"{target} cannot be written: {error.strerror or error}"
        raise GraderError(problem, "Make room or correct the rights, and collect again") from None
