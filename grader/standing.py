"""Where every student stands: gradebook and course together, through scoring."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from grader.course import Assignment, Course, ScheduledAssignment
from grader.coursegrade import CourseGrade, course_grade
from grader.gradebook import Gradebook, Mark, ResultRow, Score
from grader.records import Student
from grader.result import Text
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

    @property
    def scores(self) -> tuple[AssignmentScore, ...]:
        """One score per assignment of the course, in the order of the calendar."""
        return tuple(item.score for item in self.grade.items)

    def score(self, assignment: str) -> AssignmentScore | None:
        """The score of one assignment; None when the course does not have it."""
        return next((s for s in self.scores if s.assignment == assignment), None)


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
    results = book.counting_results()
    marks: dict[str, dict[tuple[str, str], Mark]] = {}
    for mark in book.marks():
        marks.setdefault(mark.student, {})[mark.assignment, mark.question] = mark
    participation, project = book.participation(), book.project()
    lines = []
    for student in book.students():
        mine = marks.get(student.id, {})
        scores = tuple(
            _score(
                course,
                scheduled,
                assignments.get(scheduled.id),
                results.get((student.id, scheduled.id)),
                {q: m.points for (a, q), m in mine.items() if a == scheduled.id},
                handed_in=student.id in (handed_in or {}).get(scheduled.id, ()),
                now=now,
            )
            for scheduled in course.assignments
        )
        taken_part, built = participation.get(student.id), project.get(student.id)
        grade = course_grade(
            course,
            scores,
            taken_part.score if taken_part else None,
            built.score if built else None,
            missing_as_zero=missing_as_zero,
        )
        own = {
            a.id: results[student.id, a.id]
            for a in course.assignments
            if (student.id, a.id) in results
        }
        lines.append(Standing(student, grade, own, mine, taken_part, built))
    return tuple(lines)


def _score(
    course: Course,
    scheduled: ScheduledAssignment,
    assignment: Assignment | None,
    row: ResultRow | None,
    marks: Mapping[str, Decimal],
    *,
    handed_in: bool,
    now: datetime | None,
) -> AssignmentScore:
    if assignment is None:
        title = Text(scheduled.id, scheduled.id)
        return AssignmentScore(scheduled.id, title, ZERO, State.OPEN, scheduled.weight)
    return score_assignment(
        assignment,
        scheduled,
        row.outcome if row else None,
        marks,
        policy=course.late,
        handed_in=handed_in,
        now=now,
    )
