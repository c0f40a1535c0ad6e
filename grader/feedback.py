"""Feedback: the report of a student, the summary of a class, and the folder that holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from grader import page
from grader.classreport import BINS, ClassReport, class_report
from grader.course import Assignment, Course
from grader.coursegrade import CourseGrade, rounding_rule
from grader.errors import GraderError
from grader.gradebook import Gradebook, Mark
from grader.records import Student
from grader.report import FAULTS, NOTHING, UNTOLD, Grounds, Said, student_report
from grader.result import SubmissionResult
from grader.scoring import State
from grader.standing import Standing, published, standings


@dataclass(frozen=True)
class Written:
    """Where feedback was written."""

    folder: Path
    summaries: tuple[Path, ...]
    """The class summary, one page per language."""
    students: int
    """How many students have a report."""


_SYMBOLS = {"won": "✓", "partly": "◐", "lost": "✗", "open": "?"}


def render_student(
    result: SubmissionResult,
    assignment: Assignment,
    course: Course,
    grade: CourseGrade | None = None,
    language: str = "zh",
    *,
    student: Student | None = None,
    marks: Mapping[str, Mark] | None = None,
    links: Sequence[tuple[str, str]] = (),
    said: Said = NOTHING,
    grounds: Grounds = UNTOLD,
) -> str:
    """The report of one student as a self-contained HTML page.

    Args:
        result: the grading to report on.
        assignment: what was asked.
        course: weights and late policy.
        grade: where the student stands in the course; without it that section is left out.
        language: "zh" or "en".
        student: the line of the roster.
        marks: marks of the written questions by question.
        links: (language, address) of the same report in other languages.
        said: overrides of single checks and questions, and comments on questions.
        grounds: sessions and rubric behind the other two parts of the grade.
    """
    report = student_report(
        result, assignment, course, grade, student=student, marks=marks, said=said, grounds=grounds
    )
    return page.html(
        "student.html",
        language,
        report=report,
        links=links,
        faults=FAULTS,
        rounding=rounding_rule(course.scale),
    )


def render_markdown(
    result: SubmissionResult,
    assignment: Assignment,
    course: Course,
    grade: CourseGrade | None = None,
    language: str = "zh",
    *,
    student: Student | None = None,
    marks: Mapping[str, Mark] | None = None,
    said: Said = NOTHING,
    grounds: Grounds = UNTOLD,
) -> str:
    """The same report as Markdown, for step summaries and terminals; arguments as above."""
    report = student_report(
        result, assignment, course, grade, student=student, marks=marks, said=said, grounds=grounds
    )
    return page.markdown(
        "student.md",
        language,
        report=report,
        faults=FAULTS,
        rounding=rounding_rule(course.scale),
        symbols=_SYMBOLS,
    )


def render_class(
    report: ClassReport,
    language: str = "zh",
    *,
    pages: Mapping[str, str] | None = None,
    links: Sequence[tuple[str, str]] = (),
) -> str:
    """The summary of a class as a self-contained HTML page, for instructors only.

    Args:
        report: what `grader.classreport.class_report` gathered.
        language: "zh" or "en".
        pages: address of each student's report by student number.
        links: (language, address) of the same summary in other languages.
    """
    width = 100 // BINS
    return page.html(
        "class.html",
        language,
        report=report,
        pages=pages or {},
        links=links,
        bins=[f"{i * width}–{(i + 1) * width}" for i in range(BINS)],
        states=State,
        one=Decimal(1),
    )


def write_feedback(
    course: Course,
    assignment: Assignment,
    book: Gradebook,
    folder: Path,
    languages: Sequence[str] = ("zh", "en"),
    *,
    lines: Sequence[Standing] | None = None,
) -> Written:
    """Write every student's report and the class summary of one assignment.

    The folder gets `ASSIGNMENT/students/STUDENT/LANGUAGE.html`, and for instructors
    `ASSIGNMENT/class.LANGUAGE.html`. A student's folder holds nothing of another student.

    Args:
        course: weights and late policy.
        assignment: what to report on.
        book: an open gradebook.
        folder: where to write; made when it is not there.
        languages: one page each; the first is the one the class summary links to.
        lines: where the students stand; read from the gradebook when not given.

    Raises:
        GraderError: a page cannot be written.
    """
    if lines is None:
        lines = standings(course, published(course) | {assignment.id: assignment}, book)
    home = folder / assignment.id
    pages: dict[str, str] = {}

    def reported() -> Iterator[SubmissionResult]:
        known = {line.student.id: line for line in lines}
        counting = [r.id for line in lines if (r := line.results.get(assignment.id))]
        for result in book.results(assignment.id, counting):
            address = f"students/{_folder_name(result.student)}"
            _write_student(course, assignment, result, known, home / address, languages)
            pages[result.student] = f"{quote(address)}/{languages[0]}.html"
            yield result

    report = class_report(course, assignment, lines, reported())
    names = {language: f"class.{language}.html" for language in languages}
    for language, name in names.items():
        others = [(code, other) for code, other in names.items() if code != language]
        _write(home / name, render_class(report, language, pages=pages, links=others))
    return Written(home, tuple(home / name for name in names.values()), len(pages))


def _write_student(
    course: Course,
    assignment: Assignment,
    result: SubmissionResult,
    known: Mapping[str, Standing],
    folder: Path,
    languages: Sequence[str],
) -> None:
    line = known.get(result.student)
    marks = line.marks if line else {}
    said = Said.about(assignment.id, line.overrides, line.comments) if line else NOTHING
    for language in languages:
        text = render_student(
            result,
            assignment,
            course,
            line.grade if line else None,
            language,
            student=line.student if line else None,
            marks={question: m for (a, question), m in marks.items() if a == assignment.id},
            links=[(code, f"{code}.html") for code in languages if code != language],
            said=said,
            grounds=_grounds(line),
        )
        _write(folder / f"{language}.html", text)


def _grounds(line: Standing | None) -> Grounds:
    if line is None:
        return UNTOLD
    return Grounds(
        None if line.participation else line.noted, None if line.project else line.rubric
    )


def _folder_name(student: str) -> str:
    """The student number as one folder name, whatever is in it."""
    name = re.sub(r"[^\w.@+-]", lambda found: quote(found[0], safe=""), student)
    return re.sub(r"^\.", "%2E", name)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror or error}"
        raise GraderError(problem, "Make the folder writable, or name another one") from None
