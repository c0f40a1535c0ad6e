"""Which attempt a hand-in is: one that is there already, or the next."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from grader.entries import Collected
from grader.handin import attempts_of
from grader.likeness import code_digest


@dataclass(frozen=True)
class Taken:
    """One hand-in of a student."""

    entry: Collected
    blob: Path
    code: str
    """Digest of its code."""


def attempts_before(
    folder: Path, student: str, assignment: str, recorded: Iterable[Collected]
) -> list[Taken]:
    """The attempts of a student that are there already, from the disk and from the gradebook.

    Args:
        folder: where the student's attempts lie.
        student: whose.
        assignment: for which assignment.
        recorded: what the gradebook knows of this student.
    """
    known = {e.attempt: e for e in recorded}
    found = []
    for number, notebook in attempts_of(folder, assignment):
        data = notebook.read_bytes()
        entry = known.get(number) or _undocumented(student, assignment, number, notebook, data)
        found.append(Taken(entry, notebook, code_digest(data)))
    return found


def _undocumented(
    student: str, assignment: str, number: int, notebook: Path, data: bytes
) -> Collected:
    """An attempt that somebody put there by hand."""
    when = datetime.fromtimestamp(notebook.stat().st_mtime, UTC)
    digest = hashlib.sha256(data).hexdigest()
    return Collected(student, assignment, number, when, "by hand", digest, notebook.name)


def numbered(before: list[Taken], chosen: Iterable[Taken]) -> tuple[list[Taken], list[Taken]]:
    """The chosen hand-ins as new attempts, by time, and those that are there already."""
    there, new, same = list(before), [], []
    far = datetime.max.replace(tzinfo=UTC)
    for taken in sorted(chosen, key=lambda t: (t.entry.submitted_at or far, t.entry.file_name)):
        known = _known(there, taken.entry)
        if known is not None:
            same.append(replace(taken, entry=known.entry))
            continue
        number = max((t.entry.attempt for t in there), default=0) + 1
        placed = replace(taken, entry=replace(taken.entry, attempt=number))
        there.append(placed)
        new.append(placed)
    return new, same


def _known(there: Sequence[Taken], entry: Collected) -> Taken | None:
    """The attempt that this is; an old file that was handed in again later is a new attempt."""
    if there and there[-1].entry.sha256 == entry.sha256:
        return there[-1]
    for taken in there:
        if taken.entry.sha256 == entry.sha256:
            newest = there[-1].entry.submitted_at
            again = entry.submitted_at and newest and entry.submitted_at > newest
            return None if again else taken
    return None
