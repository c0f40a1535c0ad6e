"""Takes in what students handed in: who, which attempt, when; and says what does not fit.

Nothing is changed before everything has been looked at: `look` says what would be done,
`take_in` does it. Collecting the same again changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from grader.archive import Refused, printable
from grader.arrivals import Arrival, Spool
from grader.clones import committed_at, is_clone
from grader.course import Assignment, Course
from grader.entries import Collected
from grader.errors import GraderError, UsageError
from grader.gradebook import Gradebook
from grader.handin import attempts_of
from grader.layouts import Claim, Layout, recognise
from grader.likeness import code_digest, handed_out
from grader.records import Student, number_problem
from grader.whose import Whose

_DOWNLOAD = timedelta(minutes=10)
"""Dates in a platform's archive that all lie within so long are those of the download."""


@dataclass(frozen=True)
class Taken:
    """One hand-in of a student."""

    entry: Collected
    blob: Path
    code: str
    """Digest of its code."""


@dataclass(frozen=True)
class Twice:
    """A student of whom there is more than one attempt."""

    student: str
    attempts: int


@dataclass(frozen=True)
class Alike:
    """Students whose code is the same."""

    students: tuple[str, ...]


@dataclass(frozen=True)
class Collection:
    """What was found, and what is to be done about it."""

    assignment: str
    source: str
    """The layout and the file or folder."""
    new: tuple[Taken, ...]
    unchanged: tuple[Taken, ...]
    """What had been taken in before."""
    missing: tuple[Student, ...]
    """Active students of whom there is nothing, neither in this nor from before."""
    twice: tuple[Twice, ...]
    strangers: tuple[Refused, ...]
    """Whose owner is not on the roster."""
    alike: tuple[Alike, ...]
    refused: tuple[Refused, ...]
    left_out: tuple[Refused, ...]
    """Notebooks beside the one that was taken, and what students sent instead of one."""


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
    sorted_out = _Sorting(course, assignment, source, book, way.layout)
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


@dataclass(frozen=True)
class _Candidate:
    arrival: Arrival
    claim: Claim
    code: str


class _Sorting:
    """Arrivals by student and hand-in, while they are being sorted."""

    times: Mapping[str, datetime]
    open: bool
    """No roster: whoever hands in is a student."""

    def __init__(
        self, course: Course, assignment: Assignment, source: Path, book: Gradebook, layout: Layout
    ) -> None:
        self._assignment = assignment
        self._source = source
        self._layout = layout
        self._folder = course.submissions / assignment.id
        self._given = handed_out(assignment)
        self._due = next((a.due for a in course.assignments if a.id == assignment.id), None)
        self._recorded = book.submissions(assignment.id)
        self._found: dict[str, dict[str, list[_Candidate]]] = {}
        self._strangers: dict[str, Refused] = {}
        self._left_out: list[Refused] = []
        self._instead: dict[str, list[str]] = {}
        self._all: list[datetime | None] = []

    def put(self, arrival: Arrival, claim: Claim | None, whose: Whose) -> None:
        """Sort one notebook."""
        shown = printable("/".join(arrival.parts))
        self._all.append(arrival.modified)
        if claim is None:
            self._left_out.append(Refused(shown, f"does not lie like the others ({self._name})"))
            return
        student = self._student(claim, whose)
        if student is None:
            self._strangers.setdefault(shown, Refused(shown, f"{printable(claim.owner)!r}"))
            return
        code = code_digest(arrival.blob.read_bytes())
        hand_ins = self._found.setdefault(student, {})
        hand_ins.setdefault(claim.hand_in, []).append(_Candidate(arrival, claim, code))

    def put_aside(self, path: tuple[str, ...], claim: Claim | None, whose: Whose) -> None:
        """Remember a file that is no notebook, should its owner have sent nothing else."""
        student = self._student(claim, whose) if claim else None
        if student is not None:
            self._instead.setdefault(student, []).append(printable("/".join(path)))

    def result(self, roster: Sequence[Student], refused: tuple[Refused, ...]) -> Collection:
        """What there is to do."""
        new: list[Taken] = []
        unchanged: list[Taken] = []
        attempts: dict[str, int] = {}
        codes: dict[str, set[str]] = {}
        for student, hand_ins in sorted(self._found.items()):
            chosen = [
                self._choose(student, files, whole=len(hand_ins)) for files in hand_ins.values()
            ]
            before = self._before(student)
            fresh, same = _numbered(before, chosen)
            new += fresh
            unchanged += same
            attempts[student] = len(before) + len(fresh)
        for student in _folders(self._folder):
            attempts.setdefault(
                student, len(attempts_of(self._folder / student, self._assignment.id))
            )
            for _, notebook in attempts_of(self._folder / student, self._assignment.id):
                codes.setdefault(code_digest(notebook.read_bytes()), set()).add(student)
        for taken in (*new, *unchanged):
            codes.setdefault(taken.code, set()).add(taken.entry.student)
        there = {student for student, n in attempts.items() if n}
        return Collection(
            assignment=self._assignment.id,
            source=self._name,
            new=tuple(new),
            unchanged=tuple(unchanged),
            missing=tuple(s for s in roster if s.active and s.id not in there),
            twice=tuple(Twice(s, n) for s, n in sorted(attempts.items()) if n > 1),
            strangers=tuple(self._strangers.values()),
            alike=tuple(
                Alike(tuple(sorted(students)))
                for code, students in sorted(codes.items())
                if len(students) > 1 and code not in self._given
            ),
            refused=refused,
            left_out=(
                *self._left_out,
                *(
                    Refused(name, f"is no notebook; {student} sent nothing else")
                    for student, names in sorted(self._instead.items())
                    for name in names
                    if student not in there
                ),
            ),
        )

    @property
    def _name(self) -> str:
        return f"{self._layout.name}: {self._source.name}"

    def _student(self, claim: Claim, whose: Whose) -> str | None:
        found = whose.find(claim.owner, claim.account, is_name=claim.is_name)
        if found is None and self.open and not number_problem(claim.owner):
            owner = claim.owner.removesuffix(".ipynb")
            return owner.split("_")[0] if self._layout.name == "flat" else owner
        return found

    def _choose(self, student: str, files: list[_Candidate], whole: int) -> Taken:
        """The notebook of a hand-in: one that was worked on, named like the assignment, newest."""
        name = self._assignment.id

        def rank(c: _Candidate) -> tuple[bool, bool, float, str]:
            moment = c.arrival.modified.timestamp() if c.arrival.modified else 0.0
            named = c.claim.file_name.casefold().startswith(name)
            return c.code not in self._given, named, moment, c.arrival.sha256

        best = max(files, key=rank)
        others = {c.arrival.sha256: c for c in files if c.arrival.sha256 != best.arrival.sha256}
        notes = []
        for other in others.values():
            if other.code not in self._given:
                shown = printable("/".join(other.arrival.parts))
                self._left_out.append(Refused(shown, f"{student} sent several; not this one"))
                notes.append(f"not taken: {printable(other.claim.file_name)}")
        if best.code in self._given:
            notes.append("is the notebook as it was handed out")
        when, told = self._when(student, best, only=whole == 1)
        entry = Collected(
            student=student,
            assignment=name,
            attempt=0,
            submitted_at=when,
            source=self._name,
            sha256=best.arrival.sha256,
            file_name=printable(best.claim.file_name),
            note="; ".join(filter(None, (*notes, told))),
        )
        return Taken(entry, best.arrival.blob, best.code)

    def _when(
        self, student: str, candidate: _Candidate, *, only: bool
    ) -> tuple[datetime | None, str]:
        """When it was handed in, from the best that says so, and what to note about it."""
        if only and student in self.times:
            return self.times[student], ""
        arrival, late = candidate.arrival, candidate.claim.late
        if self._layout.name == "classroom" and self._source.is_dir():
            top = self._source.joinpath(*arrival.parts[: len(arrival.parts) - 1])
            clone = next((p for p in (top, *top.parents) if is_clone(p)), None)
            when = committed_at(clone, self._source.joinpath(*arrival.parts)) if clone else None
            return when, "" if when else "git does not say when it was committed"
        when = arrival.modified if self._layout.dated or self._dates_differ() else None
        if not late:
            return when, ""
        if when is not None and self._due is not None and when > self._due:
            return when, "marked late"
        if self._due is None:
            return when, "marked late, but the assignment has no deadline"
        just = self._due + timedelta(seconds=1)
        return just, "marked late, not how late: counted as just after the deadline (--times)"

    def _dates_differ(self) -> bool:
        known = [moment for moment in self._all if moment is not None]
        return bool(known) and max(known) - min(known) > _DOWNLOAD

    def _before(self, student: str) -> list[Taken]:
        """The attempts that are there already, from the disk and from the gradebook."""
        recorded = {e.attempt: e for e in self._recorded if e.student == student}
        found = []
        for number, notebook in attempts_of(self._folder / student, self._assignment.id):
            data = notebook.read_bytes()
            entry = recorded.get(number) or _undocumented(
                student, self._assignment.id, number, notebook, data
            )
            found.append(Taken(entry, notebook, code_digest(data)))
        return found


def _undocumented(
    student: str, assignment: str, number: int, notebook: Path, data: bytes
) -> Collected:
    """An attempt that somebody put there by hand."""
    when = datetime.fromtimestamp(notebook.stat().st_mtime, UTC)
    digest = hashlib.sha256(data).hexdigest()
    return Collected(student, assignment, number, when, "by hand", digest, notebook.name)


def _numbered(before: list[Taken], chosen: Iterable[Taken]) -> tuple[list[Taken], list[Taken]]:
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


def _folders(folder: Path) -> tuple[str, ...]:
    if not folder.is_dir():
        return ()
    return tuple(sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != "."))
