"""Where every student stands: gradebook and course together, through scoring."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from grader.config import load_assignment
from grader.course import Assignment, Course, ScheduledAssignment
from grader.coursegrade import CourseGrade, course_grade
from grader.entries import SessionRecord
from grader.gradebook import Gradebook, Mark, ResultRow, Score
from grader.participation import ParticipationScore, held, participation_score
from grader.records import Student
from grader.result import Text
from grader.rubric import ProjectScore, Rubric, project_scores
from grader.rubricfile import load_rubric
from grader.scoring import ZERO, AssignmentScore, State, score_assignment


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

    @property
    def scores(self) -> tuple[AssignmentScore, ...]:
        """One score per assignment of the course, in the order of the calendar."""
        return tuple(item.score for item in self.grade.items)

    def score(self, assignment: str) -> AssignmentScore | None:
        """The score of one assignment; None when the course does not have it."""
        return next((s for s in self.scores if s.assignment == assignment), None)


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
) -> tuple[Standing, ...]:
    """The lines of all students, by student number; a handful of queries for the whole class.

    Args:
        course: weights, late policy and calendar.
        assignments: the assignments that exist on disk, by id; others are not open yet.
        book: an open gradebook.
        handed_in: by assignment, the students of whom there is a submission.
        missing_as_zero: whether what is missing counts as zero.
        now: tells "missing" from "not due yet".
    """
    kept = _Kept(book, load_rubric(course))
    today = _Calendar(course, assignments, handed_in or {}, missing_as_zero, now)
    return tuple(_line(student, kept, today) for student in book.students())


@dataclass(frozen=True)
class _Calendar:
    course: Course
    assignments: Mapping[str, Assignment]
    handed_in: Mapping[str, Collection[str]]
    missing_as_zero: bool
    now: datetime | None


class _Kept:
    """What the gradebook holds, read once for the whole class."""

    def __init__(self, book: Gradebook, rubric: Rubric | None) -> None:
        self.results = book.counting_results()
        self.participation = book.participation()
        self.project = book.project()
        self.sessions: dict[str, list[SessionRecord]] = {}
        for record in book.sessions():
            self.sessions.setdefault(record.student, []).append(record)
        self.held = held(r for records in self.sessions.values() for r in records)
        self.rubrics: dict[str, ProjectScore] = {}
        if rubric is not None:
            self.rubrics = project_scores(rubric, book.criteria(), book.memberships())
        self.marks: dict[str, dict[tuple[str, str], Mark]] = {}
        for mark in book.marks():
            self.marks.setdefault(mark.student, {})[mark.assignment, mark.question] = mark


def _line(student: Student, kept: _Kept, today: _Calendar) -> Standing:
    calendar = today.course.assignments
    marks = kept.marks.get(student.id, {})
    results = {a.id: r for a in calendar if (r := kept.results.get((student.id, a.id)))}
    participation, project = kept.participation.get(student.id), kept.project.get(student.id)
    noted = (
        participation_score(
            today.course.participation, kept.held, kept.sessions.get(student.id, ())
        )
        if kept.sessions
        else None
    )
    rubric = kept.rubrics.get(student.id)
    grade = course_grade(
        today.course,
        tuple(_score(student, a, results.get(a.id), marks, today) for a in calendar),
        participation.score if participation else noted.score if noted else None,
        project.score if project else rubric.score if rubric else None,
        missing_as_zero=today.missing_as_zero,
    )
    return Standing(student, grade, results, marks, participation, project, noted, rubric)


def _score(
    student: Student,
    scheduled: ScheduledAssignment,
    row: ResultRow | None,
    marks: Mapping[tuple[str, str], Mark],
    today: _Calendar,
) -> AssignmentScore:
    assignment = today.assignments.get(scheduled.id)
    if assignment is None:
        title = Text(scheduled.id, scheduled.id)
        return AssignmentScore(scheduled.id, title, ZERO, State.OPEN, scheduled.weight)
    return score_assignment(
        assignment,
        scheduled,
        row.outcome if row else None,
        {question: m.points for (a, question), m in marks.items() if a == scheduled.id},
        policy=today.course.late,
        handed_in=student.id in today.handed_in.get(scheduled.id, ()),
        now=today.now,
    )
