"""Where every student stands: gradebook and course together, through scoring."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol, TypeVar

from grader.config import load_assignment
from grader.counting import Work, count_all, homework_marks
from grader.course import Assignment, Course
from grader.coursegrade import CourseGrade, course_grade
from grader.entries import Comment, Override, Scope
from grader.gradebook import Gradebook, Mark, ResultRow, Score
from grader.participation import ParticipationScore, held, participation_score
from grader.records import Student
from grader.result import SubmissionResult
from grader.rubric import ProjectScore, Rubric, project_scores
from grader.rubricfile import load_rubric
from grader.scoring import AssignmentScore, Outcome, outcome


class _OfStudent(Protocol):
    @property
    def student(self) -> str: ...


_Entry = TypeVar("_Entry", bound=_OfStudent)


@dataclass(frozen=True)
class Standing:
    """One student's line: homework, the other two parts, and the course grade."""

    student: Student
    grade: CourseGrade
    results: Mapping[str, ResultRow]
    """The gradings that count, by assignment."""
    marks: Mapping[tuple[str, str], Mark]
    """Marks of written questions by assignment and question."""
    participation: Score | None = None
    project: Score | None = None
    noted: ParticipationScore | None = None
    """Participation from what was noted in sessions; a score in `participation` replaces it."""
    rubric: ProjectScore | None = None
    """The project by the rubric; a score in `project` replaces it."""
    overrides: tuple[Override, ...] = ()
    """What people decided in place of the grader."""
    comments: tuple[Comment, ...] = ()
    """What people tell the student about questions."""
    free_days: int = 0
    """Free late days of the course."""

    @property
    def free_days_spent(self) -> int:
        """Free late days that paid for late homework."""
        return sum(s.late.free for s in self.scores if s.late and s.total is None)

    @cached_property
    def scores(self) -> tuple[AssignmentScore, ...]:
        """One score per assignment of the course, in the order of the calendar."""
        return tuple(item.score for item in self.grade.items)

    def score(self, assignment: str) -> AssignmentScore | None:
        """The score of one assignment; None when the course does not have it."""
        return self._scores.get(assignment)

    @cached_property
    def _scores(self) -> dict[str, AssignmentScore]:
        return {s.assignment: s for s in self.scores}


def published(course: Course) -> dict[str, Assignment]:
    """The assignments of the calendar that exist on disk, by id.

    Raises:
        ConfigError: one of their files is wrong.
    """
    folder = course.root / "assignments"
    there = (a.id for a in course.assignments if (folder / a.id / "assignment.toml").is_file())
    return {name: load_assignment(course, name) for name in there}


def standings(
    course: Course,
    assignments: Mapping[str, Assignment],
    book: Gradebook,
    *,
    handed_in: Mapping[str, Collection[str]] | None = None,
    missing_as_zero: bool = False,
    now: datetime | None = None,
    only: str | None = None,
) -> tuple[Standing, ...]:
    """The lines of all students, by student number; a handful of queries for the whole class.

    Args:
        course: weights, late policy and calendar.
        assignments: the assignments that exist on disk, by id; others are not open yet.
        book: an open gradebook.
        handed_in: by assignment, the students of whom there is a submission.
        missing_as_zero: whether what is missing counts as zero.
        now: tells "missing" from "not due yet".
        only: the one student who is asked about.
    """
    kept = _Kept(book, load_rubric(course), only)
    today = _Calendar(course, assignments, handed_in or {}, missing_as_zero, now)
    return tuple(
        _line(student, kept, today) for student in book.students() if only in (None, student.id)
    )


@dataclass(frozen=True)
class _Calendar:
    course: Course
    assignments: Mapping[str, Assignment]
    handed_in: Mapping[str, Collection[str]]
    missing_as_zero: bool
    now: datetime | None


class _Kept:
    """What the gradebook holds, read once for the whole class."""

    def __init__(self, book: Gradebook, rubric: Rubric | None, only: str | None) -> None:
        self.results: dict[str, dict[str, list[ResultRow]]] = {}
        for row in book.current_results(student=only):
            self.results.setdefault(row.student, {}).setdefault(row.assignment, []).append(row)
        self.participation = book.participation()
        self.project = book.project()
        self.sessions = _by_student(book.sessions())
        self.held = held(r for records in self.sessions.values() for r in records)
        self.rubrics: dict[str, ProjectScore] = {}
        if rubric is not None:
            self.rubrics = project_scores(rubric, book.criteria(), book.memberships())
        self.marks = _by_student(book.marks(student=only))
        self.extensions = _by_student(book.extensions(student=only))
        self.overrides = _by_student(book.overrides(student=only))
        self.comments = _by_student(book.comments(student=only))
        self.documents = _overridden(book, self.overrides, self.results)


def _by_student(entries: Iterable[_Entry]) -> dict[str, list[_Entry]]:
    found: dict[str, list[_Entry]] = {}
    for entry in entries:
        found.setdefault(entry.student, []).append(entry)
    return found


def _overridden(
    book: Gradebook,
    overrides: Mapping[str, Sequence[Override]],
    results: Mapping[str, Mapping[str, Sequence[ResultRow]]],
) -> dict[tuple[str, str, int], SubmissionResult]:
    """The documents of which single checks or questions were overridden; few, as a rule."""
    numbers: dict[str, set[int]] = {}
    for student, decided in overrides.items():
        for o in decided:
            if o.scope is not Scope.TOTAL:
                rows = results.get(student, {}).get(o.assignment, ())
                numbers.setdefault(o.assignment, set()).update(row.id for row in rows)
    return {
        (r.student, r.assignment, r.attempt): r
        for assignment, wanted in numbers.items()
        for r in book.results(assignment, wanted)
    }


def _line(student: Student, kept: _Kept, today: _Calendar) -> Standing:
    course = today.course
    works = {a.id: _work(student, a.id, kept, today) for a in course.assignments}
    scores, results = count_all(course, today.assignments, works, today.now)
    participation, project = kept.participation.get(student.id), kept.project.get(student.id)
    noted = (
        participation_score(course.participation, kept.held, kept.sessions.get(student.id, ()))
        if kept.sessions
        else None
    )
    rubric = kept.rubrics.get(student.id)
    return Standing(
        student=student,
        grade=course_grade(
            course,
            scores,
            participation.score if participation else noted.score if noted else None,
            project.score if project else rubric.score if rubric else None,
            missing_as_zero=today.missing_as_zero,
        ),
        results=results,
        marks={(m.assignment, m.question): m for m in kept.marks.get(student.id, ())},
        participation=participation,
        project=project,
        noted=noted,
        rubric=rubric,
        overrides=tuple(kept.overrides.get(student.id, ())),
        comments=tuple(kept.comments.get(student.id, ())),
        free_days=course.late.free_days,
    )


def _work(student: Student, name: str, kept: _Kept, today: _Calendar) -> Work:
    assignment = today.assignments.get(name)
    overrides = [o for o in kept.overrides.get(student.id, ()) if o.assignment == name]
    marks = {m.question: m.points for m in kept.marks.get(student.id, ()) if m.assignment == name}
    extensions = (e for e in kept.extensions.get(student.id, ()) if e.assignment == name)
    return Work(
        attempts=tuple(
            (row, _outcome(row, assignment, overrides, kept))
            for row in kept.results.get(student.id, {}).get(name, ())
        ),
        marks=homework_marks(assignment, marks, overrides),
        handed_in=student.id in today.handed_in.get(name, ()),
        extension=next(extensions, None),
        total=next((o for o in overrides if o.scope is Scope.TOTAL), None),
    )


def _outcome(
    row: ResultRow, assignment: Assignment | None, overrides: Sequence[Override], kept: _Kept
) -> Outcome:
    document = kept.documents.get((row.student, row.assignment, row.attempt))
    if document is None or not overrides:
        return row.outcome
    return outcome(document, assignment, overrides)
