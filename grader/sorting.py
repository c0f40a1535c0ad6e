"""Sorts what has arrived by student and hand-in, and says what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from grader.archive import Refused, printable
from grader.arrivals import Arrival
from grader.attempts import Taken, attempts_before, numbered
from grader.clones import committed_at, is_clone
from grader.course import Assignment, Course
from grader.entries import Collected
from grader.gradebook import Gradebook
from grader.handin import attempts_of
from grader.layouts import Claim, Layout
from grader.likeness import code_digest, handed_out
from grader.records import Student, number_problem
from grader.whose import Whose

_DOWNLOAD = timedelta(minutes=10)
"""Dates in a platform's archive that all lie within so long are those of the download."""


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


@dataclass(frozen=True)
class _Candidate:
    arrival: Arrival
    claim: Claim
    code: str


class Sorting:
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
        self._recorded: dict[str, list[Collected]] = {}
        for entry in book.submissions(assignment.id):
            self._recorded.setdefault(entry.student, []).append(entry)
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
            before = attempts_before(
                self._folder / student,
                student,
                self._assignment.id,
                self._recorded.get(student, ()),
            )
            fresh, same = numbered(before, chosen)
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


def _folders(folder: Path) -> tuple[str, ...]:
    if not folder.is_dir():
        return ()
    return tuple(sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != "."))
