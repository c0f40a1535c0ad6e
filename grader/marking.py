"""Written answers for a marker: which there are, what each says, and as a sheet to fill in.

A mark is for the attempt that was read. When another one counts by now and says something else,
the mark still counts, and the answer waits for a marker again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from grader.course import Assignment, Question
from grader.entries import Scope
from grader.errors import UsageError
from grader.filled import Filled
from grader.gradebook import Gradebook, Mark
from grader.records import MarkRow, Student
from grader.result import SubmissionResult, WrittenAnswer
from grader.standing import Standing
from grader.unseen import visible

HEADERS = {
    "zh": ("学号", "姓名", "题号", "得分", "满分", "评语", "评分人", "提交", "回答"),
    "en": (
        "student",
        "name",
        "question",
        "points",
        "of",
        "comment",
        "marker",
        "attempt",
        "answer",
    ),
}
"""The columns of a sheet; `grader record marks` understands both."""


@dataclass(frozen=True)
class Answer:
    """One answer of one student, in the attempt that counts."""

    student: Student
    question: Question
    attempt: int
    grading: int
    """The number of the result that holds it."""
    mark: Mark | None = None
    """What it was given so far."""
    decided: bool = False
    """Whether it needs no mark: it has one of this answer, or its points were overridden."""

    @property
    def superseded(self) -> bool:
        """Whether the mark was given on another attempt that says something else."""
        return self.mark is not None and not self.decided


@dataclass(frozen=True)
class Wanted:
    """What a marker wants to go through; what is empty leaves it open."""

    questions: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    section: str = ""
    again: bool = False
    """What has a mark already, too."""
    shuffled: bool = False
    """Not in the order of student numbers, but the same order every time."""


def answers(
    lines: Sequence[Standing], assignment: Assignment, book: Gradebook, wanted: Wanted
) -> tuple[Answer, ...]:
    """The answers that a marker wants, one question after the other; who has left is left out.

    Args:
        lines: where the students stand.
        assignment: whose written questions.
        book: an open gradebook that holds them.
        wanted: which of them.

    Raises:
        UsageError: there is no such question, student or section, or nothing of that student.
    """
    questions = [q for q in assignment.questions if q.written]
    _known("written question", wanted.questions, [q.id for q in questions])
    _known("student", wanted.students, [line.student.id for line in lines])
    sections = {line.student.section for line in lines} - {""}
    _known("section", [wanted.section] if wanted.section else [], sorted(sections))
    chosen = [line for line in lines if _is_wanted(line, wanted)]
    for line in chosen:
        if wanted.students and assignment.id not in line.results:
            problem = f"{line.student.id} has no result for {assignment.id}"
            raise UsageError(
                problem, f"Run `grader grade {assignment.id} {line.student.id}` first"
            )
    if wanted.shuffled:
        chosen.sort(key=lambda line: _shuffled(assignment.id, line.student.id))
    found = (
        _answer(line, assignment, question, book)
        for question in questions
        if not wanted.questions or question.id in wanted.questions
        for line in chosen
        if assignment.id in line.results
    )
    return tuple(a for a in found if wanted.again or not a.decided)


def superseded(
    lines: Sequence[Standing], assignment: Assignment, book: Gradebook
) -> tuple[Answer, ...]:
    """The answers whose mark was given on another attempt that says something else."""
    found = answers(lines, assignment, book, Wanted())
    return tuple(answer for answer in found if answer.superseded)


def on_attempts(
    rows: Iterable[MarkRow], assignment: str, lines: Iterable[Standing], book: Gradebook
) -> list[MarkRow]:
    """Marks that do not say which attempt was read are of the one that counts now.

    What repeats a mark that there is stays a mark of the attempt that it was given on.
    """
    there = {(m.student, m.question): m for m in book.marks(assignment)}
    known = {line.student.id: line.results.get(assignment) for line in lines}

    def said(row: MarkRow) -> int | None:
        mark, counting = there.get((row.student, row.question)), known.get(row.student)
        if mark and (mark.points, mark.comment) == (row.points, row.comment):
            return mark.attempt
        return counting.attempt if counting else None

    return [row if row.attempt else replace(row, attempt=said(row)) for row in rows]


def answer_in(result: SubmissionResult, question: str) -> WrittenAnswer | None:
    """What a result holds of a written question; None: it was graded when there was none."""
    return next((w for w in result.written if w.question == question), None)


def shown(answer: WrittenAnswer) -> str:
    """What was written, with nothing in it that commands a terminal or hides in a cell."""
    return visible(answer.text.replace("\r\n", "\n").replace("\r", "\n"))


def sheet(
    chosen: Sequence[Answer], assignment: Assignment, book: Gradebook, language: str, by: str
) -> Filled:
    """A row per answer, to be filled in and given to `grader record marks`.

    Args:
        chosen: which answers.
        assignment: whose they are.
        book: an open gradebook that holds them.
        language: of the headers, "zh" or "en".
        by: who will mark; goes into the rows that have no mark yet.
    """
    gradings = {a.grading for a in chosen}
    texts = {
        (result.student, written.question): shown(written)
        for result in book.results(assignment.id, gradings)
        for written in result.written
    }
    return Filled(
        [
            HEADERS[language],
            *(_row(a, texts.get((a.student.id, a.question.id), ""), by) for a in chosen),
        ]
    )


def _row(answer: Answer, text: str, by: str) -> tuple[str, ...]:
    mark, question = answer.mark, answer.question
    read = mark.attempt if mark and not answer.superseded else answer.attempt
    return (
        answer.student.id,
        answer.student.name,
        question.id,
        format(mark.points, "f") if mark else "",
        format(question.points, "f"),
        mark.comment if mark else "",
        mark.marker if mark else by,
        str(read or ""),
        text,
    )


def _is_wanted(line: Standing, wanted: Wanted) -> bool:
    student = line.student
    there = student.id in wanted.students if wanted.students else student.active
    return there and wanted.section in ("", student.section)


def _answer(line: Standing, assignment: Assignment, question: Question, book: Gradebook) -> Answer:
    row = line.results[assignment.id]
    mark = line.marks.get((assignment.id, question.id))
    overridden = any(
        o.assignment == assignment.id and o.scope is Scope.QUESTION and o.target == question.id
        for o in line.overrides
    )
    decided = overridden or (mark is not None and _still_says(mark, row.attempt, book))
    return Answer(line.student, question, row.attempt, row.id, mark, decided)


def _still_says(mark: Mark, attempt: int, book: Gradebook) -> bool:
    """Whether what was marked is what the attempt says; marks without an attempt are believed."""
    if mark.attempt in (None, attempt):
        return True
    results = (book.result(mark.student, mark.assignment, n) for n in (mark.attempt, attempt))
    marked, now = (answer_in(r, mark.question) if r else None for r in results)
    if marked is None or now is None:
        return False
    unread = now.filled and not now.text  # graded before texts were kept
    return (marked.text, marked.filled) == (now.text, now.filled) and not unread


def _known(what: str, given: Collection[str], there: Sequence[str]) -> None:
    for name in given:
        if name not in there:
            told = f"{', '.join(there[:5])}{', …' if len(there) > 5 else ''}"
            raise UsageError(f"there is no {what} {name!r}", f"Known: {told or 'none'}")


def _shuffled(assignment: str, student: str) -> bytes:
    return hashlib.sha256(f"{assignment} {student}".encode()).digest()
