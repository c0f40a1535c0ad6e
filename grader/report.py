"""What a student's report says, before it becomes HTML or Markdown.

The report is made from a result without its evidence: what only instructors may see is gone
before a template can show it.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from grader.course import Assignment, Course, ScheduledAssignment
from grader.coursegrade import CourseGrade
from grader.curves import reference_curves
from grader.entries import Comment, Override, Scope
from grader.participation import ParticipationScore
from grader.records import Student
from grader.result import (
    CellRun,
    CheckResult,
    Curve,
    Figure,
    SubmissionResult,
    Verdict,
    WrittenAnswer,
)
from grader.rubric import ProjectScore
from grader.scoring import (
    ZERO,
    AssignmentScore,
    QuestionScore,
    earned,
    outcome,
    score_assignment,
    score_questions,
)

if TYPE_CHECKING:
    from grader.gradebook import Mark

COSTLY = 5
"""So many checks are named among what cost most points."""
FAULTS = 8
"""So many stopped cells are shown in full; the others are counted."""
PIXELS = 40_000_000
"""A picture of more than these is not shown: a few kilobytes can unpack to gigabytes."""
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class CheckLine:
    """A check as it is shown."""

    check: CheckResult
    earned: Decimal
    kind: str
    """"won", "partly", "lost" or "open"."""
    curves: tuple[Curve, ...] = ()
    override: Override | None = None
    """A person decided these points."""

    @property
    def lost(self) -> Decimal:
        """What it cost; nothing where the grader has not decided."""
        return ZERO if self.kind == "open" else self.check.points - self.earned


@dataclass(frozen=True)
class Said:
    """What people said about one homework beyond marks: overrides and comments."""

    overrides: tuple[Override, ...] = ()
    comments: tuple[Comment, ...] = ()

    @staticmethod
    def about(assignment: str, overrides: Iterable[Override], comments: Iterable[Comment]) -> Said:
        """The part of it that is about one assignment."""
        return Said(
            tuple(o for o in overrides if o.assignment == assignment),
            tuple(c for c in comments if c.assignment == assignment),
        )


NOTHING = Said()


@dataclass(frozen=True)
class Grounds:
    """What the other two parts of the course grade rest on; None where one score was entered."""

    participation: ParticipationScore | None = None
    project: ProjectScore | None = None


UNTOLD = Grounds()


@dataclass(frozen=True)
class QuestionBlock:
    """A question with its checks, or with the answer that a person marks."""

    score: QuestionScore
    checks: tuple[CheckLine, ...] = ()
    public: tuple[CheckLine, ...] = ()
    """Checks that are worth nothing."""
    answer: WrittenAnswer | None = None
    mark: Mark | None = None
    comment: Comment | None = None
    """What a person tells the student about the question."""

    @property
    def overrides(self) -> tuple[Override, ...]:
        """What a person decided here in place of the grader."""
        found = (self.score.override, *(line.override for line in self.checks))
        return tuple(o for o in found if o is not None)

    @property
    def shares(self) -> tuple[tuple[str, Decimal], ...]:
        """The bar: what was earned, what waits for a person, what the grader owes."""
        score = self.score
        return ("earned", score.earned), ("pending", score.pending), ("open", score.undecided)


@dataclass(frozen=True)
class StudentReport:
    """Everything that a student's report shows."""

    course: Course
    assignment: Assignment
    result: SubmissionResult
    student: Student
    score: AssignmentScore
    questions: tuple[QuestionBlock, ...]
    grade: CourseGrade | None = None
    due: datetime | None = None
    grounds: Grounds = UNTOLD

    @property
    def shares(self) -> tuple[tuple[str, Decimal], ...]:
        """The bar of the whole assignment."""
        score = self.score
        return (
            ("earned", score.earned),
            ("late", score.deducted),
            ("pending", score.pending),
            ("open", score.undecided),
        )

    @property
    def costly(self) -> tuple[CheckLine, ...]:
        """The checks that cost most points, most first: where to begin."""
        lines = [line for q in self.questions for line in q.checks if line.lost > 0]
        return tuple(sorted(lines, key=lambda line: -line.lost)[:COSTLY])

    @property
    def costly_elsewhere(self) -> int:
        """How many more checks lost points."""
        lost = sum(line.lost > 0 for q in self.questions for line in q.checks)
        return lost - len(self.costly)

    @property
    def stopped(self) -> tuple[CellRun, ...]:
        """The cells that did not run to their end."""
        cells = self.result.notebook.cells if self.result.notebook else ()
        return tuple(c for c in cells if c.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED))

    @property
    def not_run(self) -> int:
        """How many cells were not run at all."""
        cells = self.result.notebook.cells if self.result.notebook else ()
        return sum(c.verdict is Verdict.SKIPPED for c in cells)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The student's pictures that really are pictures."""
        figures = self.result.notebook.figures if self.result.notebook else ()
        return tuple(f for f in figures if _is_picture(f))


def student_report(
    result: SubmissionResult,
    assignment: Assignment,
    course: Course,
    grade: CourseGrade | None = None,
    *,
    student: Student | None = None,
    marks: Mapping[str, Mark] | None = None,
    said: Said = NOTHING,
    grounds: Grounds = UNTOLD,
) -> StudentReport:
    """Gather what a report shows.

    Args:
        result: the grading to report on.
        assignment: what was asked.
        course: weights and late policy.
        grade: where the student stands in the course; without it that section is left out.
        student: the line of the roster.
        marks: marks of the written questions by question.
        said: overrides and comments.
        grounds: sessions and rubric behind the other two parts of the grade.
    """
    result = _for_students(result)
    marks = marks or {}
    points = {w.question: w.earned for w in result.written if w.earned is not None}
    points |= {question: mark.points for question, mark in marks.items()}
    scheduled = next(
        (s for s in course.assignments if s.id == assignment.id),
        ScheduledAssignment(assignment.id),
    )
    result = replace(result, curves=_beside_ours(result.curves, assignment))
    return StudentReport(
        course=course,
        assignment=assignment,
        result=result,
        student=student or Student(result.student),
        score=_counted(grade, result)
        or score_assignment(
            assignment,
            scheduled,
            outcome(result, assignment, said.overrides),
            points,
            policy=course.late,
        ),
        questions=tuple(
            _block(score, result, marks, said)
            for score in score_questions(assignment, result, points, said.overrides)
        ),
        grade=grade,
        grounds=grounds,
        due=scheduled.due,
    )


def _counted(grade: CourseGrade | None, result: SubmissionResult) -> AssignmentScore | None:
    """The score that entered the course grade, where it is the one of this result."""
    for item in grade.items if grade else ():
        if item.score.assignment == result.assignment and item.score.attempt == result.attempt:
            return item.score
    return None


def _block(
    score: QuestionScore, result: SubmissionResult, marks: Mapping[str, Mark], said: Said
) -> QuestionBlock:
    decided = {o.target: o for o in said.overrides if o.scope is Scope.CHECK}
    lines = [_line(c, result, decided.get(c.id)) for c in result.checks if c.question == score.id]
    return QuestionBlock(
        score=score,
        checks=tuple(line for line in lines if not line.check.public),
        public=tuple(line for line in lines if line.check.public),
        answer=next((w for w in result.written if w.question == score.id), None),
        mark=marks.get(score.id),
        comment=next((c for c in said.comments if c.question == score.id), None),
    )


def _line(check: CheckResult, result: SubmissionResult, override: Override | None) -> CheckLine:
    won = earned(check) if override is None else override.points or ZERO
    if override is not None:
        kind = "won" if won >= check.points else "partly" if won > ZERO else "lost"
    elif check.verdict is Verdict.JUDGE_ERROR:
        kind = "open"
    elif check.verdict is Verdict.ACCEPTED and won == check.points:
        kind = "won"
    else:
        kind = "partly" if won > ZERO else "lost"
    curves = tuple(c for c in result.curves if c.check == check.id)
    return CheckLine(check, won, kind, curves, override)


def _beside_ours(curves: tuple[Curve, ...], assignment: Assignment) -> tuple[Curve, ...]:
    """The curves, each with that of our solution where there is one."""
    ours = reference_curves(assignment)
    return tuple(
        c if c.reference else replace(c, reference=ours.get((c.check, c.name), ())) for c in curves
    )


def _for_students(result: SubmissionResult) -> SubmissionResult:
    """The result without what only instructors may see."""
    checks = tuple(replace(check, evidence="") for check in result.checks)
    return replace(result, checks=checks, evidence="")


def _is_picture(figure: Figure) -> bool:
    """Whether it is a PNG, and of a size that a reader's machine can hold."""
    try:
        data = base64.b64decode(figure.data, validate=True)
        signature, _, kind, width, height = struct.unpack_from(">8sI4sII", data)
    except (binascii.Error, struct.error, ValueError):
        return False
    png = figure.mime == "image/png" and (signature, kind) == (_PNG, b"IHDR")
    return png and width * height <= PIXELS
