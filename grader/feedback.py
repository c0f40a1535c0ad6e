"""Feedback: the report of a student, the summary of a class, and the folder that holds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

from grader import page
from grader.course import Assignment, Course
from grader.coursegrade import CourseGrade, rounding_rule
from grader.errors import GraderError
from grader.gradebook import Gradebook, Mark
from grader.records import Student
from grader.report import FAULTS, NOTHING, UNTOLD, Grounds, Said, student_report
from grader.result import SubmissionResult
from grader.standing import Standing, published, standings


@dataclass(frozen=True)
class Report:
    """The report of one student on one assignment, as it was written."""

    student: str
    assignment: Assignment
    pages: Mapping[str, Path]
    """By language."""


@dataclass(frozen=True)
class Written:
    """Where feedback was written."""

    folder: Path
    summaries: tuple[Path, ...]
    """The class summary, one page per language."""
    reports: tuple[Report, ...]

    @property
    def students(self) -> int:
        """How many students have a report."""
        return len(self.reports)


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


def reported_markdown(
    result: SubmissionResult, assignment: Assignment, course: Course, line: Standing, language: str
) -> str:
    """The report as Markdown with everything that the gradebook knows of the student."""
    entered = _entered(assignment, line)
    return render_markdown(result, assignment, course, language=language, **entered)


class _Entered(TypedDict, total=False):
    """What people entered about a student, as reports take it."""

    grade: CourseGrade
    student: Student
    marks: Mapping[str, Mark]
    said: Said
    grounds: Grounds


def _entered(assignment: Assignment, line: Standing | None) -> _Entered:
    if line is None:
        return {}
    return {
        "grade": line.grade,
        "student": line.student,
        "marks": {question: m for (a, question), m in line.marks.items() if a == assignment.id},
        "said": Said.about(assignment.id, line.overrides, line.comments),
        "grounds": _grounds(line),
    }


def write_feedback(
    course: Course,
    assignment: Assignment,
    book: Gradebook,
    folder: Path,
    languages: Sequence[str] = ("zh", "en"),
    *,
    lines: Sequence[Standing] | None = None,
    course_page: bool = False,
    told: Callable[[str], None] = lambda student: None,
) -> Written:
    """Write every student's report and the class summary of one assignment.

    The folder gets `ASSIGNMENT/students/STUDENT/LANGUAGE.html`, and for instructors
    `ASSIGNMENT/class.LANGUAGE.html`. A student's folder holds nothing of another student. Pages
    that have not changed keep their file and its date.

    Args:
        course: weights and late policy.
        assignment: what to report on.
        book: an open gradebook.
        folder: where to write; made when it is not there.
        languages: one page each; the class summary links to reports in its own.
        lines: where the students stand; read from the gradebook when not given.
        course_page: whether there is a summary of the course to link to, as `write_course` makes.
        told: called with each student whose report is there.

    Raises:
        GraderError: a page cannot be written.
    """
    # Only here: one student's report does not wait for the statistics of a class.
    from grader.classpage import render_class
    from grader.classreport import class_report

    if lines is None:
        lines = standings(course, published(course) | {assignment.id: assignment}, book)
    home = folder / assignment.id
    reports: list[Report] = []
    addresses: dict[str, str] = {}

    def reported() -> Iterator[SubmissionResult]:
        known = {line.student.id: line for line in lines}
        counting = [r.id for line in lines if (r := line.results.get(assignment.id))]
        for result in book.results(assignment.id, counting):
            address = f"students/{folder_name(result.student)}"
            made = _write_student(course, assignment, result, known, home / address, languages)
            reports.append(Report(result.student, assignment, made))
            told(result.student)
            addresses[result.student] = quote(address)
            yield result

    report = class_report(course, assignment, lines, reported())
    names = {language: f"class.{language}.html" for language in languages}
    for language, name in names.items():
        others = [(code, other) for code, other in names.items() if code != language]
        pages = {student: f"{at}/{language}.html" for student, at in addresses.items()}
        above = f"../course.{language}.html" if course_page else ""
        text = render_class(report, language, pages=pages, links=others, course_page=above)
        write_page(home / name, text.encode())
    return Written(home, tuple(home / name for name in names.values()), tuple(reports))


def write_course(
    course: Course,
    assignments: Mapping[str, Assignment],
    lines: Sequence[Standing],
    folder: Path,
    languages: Sequence[str] = ("zh", "en"),
) -> tuple[Path, ...]:
    """Write the summary of the course, `course.LANGUAGE.html`, for instructors.

    It links to the reports and class summaries that are in the folder already.

    Args:
        course: its calendar.
        assignments: those that exist on disk, by id.
        lines: where the students stand.
        folder: where feedback was written.
        languages: one page each.

    Raises:
        GraderError: a page cannot be written.
    """
    from grader.classpage import render_course
    from grader.coursereport import course_report

    report = course_report(course, assignments, lines)
    names = {language: f"course.{language}.html" for language in languages}
    for language, name in names.items():
        others = [(code, other) for code, other in names.items() if code != language]
        summaries = {p.id: f"{p.id}/class.{language}.html" for p in report.progress}
        pages = {p.id: _reports(folder, p.id, lines, language) for p in report.progress}
        there = {key: page for key, page in summaries.items() if (folder / page).is_file()}
        text = render_course(report, language, pages=pages, summaries=there, links=others)
        write_page(folder / name, text.encode())
        if language == languages[0]:
            write_page(folder / "index.html", text.encode())
    return tuple(folder / name for name in names.values())


def _reports(
    folder: Path, assignment: str, lines: Sequence[Standing], language: str
) -> dict[str, str]:
    """Addresses of the reports that have been written, by student."""
    students = (line.student.id for line in lines)
    found = ((s, f"{assignment}/students/{folder_name(s)}/{language}.html") for s in students)
    return {s: quote(page) for s, page in found if (folder / page).is_file()}


def _write_student(
    course: Course,
    assignment: Assignment,
    result: SubmissionResult,
    known: Mapping[str, Standing],
    folder: Path,
    languages: Sequence[str],
) -> dict[str, Path]:
    made = {code: folder / f"{code}.html" for code in languages}
    entered = _entered(assignment, known.get(result.student))
    for language, path in made.items():
        text = render_student(
            result,
            assignment,
            course,
            language=language,
            links=[(code, f"{code}.html") for code in languages if code != language],
            **entered,
        )
        write_page(path, text.encode())
    return made


def _grounds(line: Standing) -> Grounds:
    return Grounds(
        None if line.participation else line.noted, None if line.project else line.rubric
    )


def folder_name(student: str) -> str:
    """The student number as one folder name, whatever is in it."""
    name = re.sub(r"[^\w.@+-]", lambda found: quote(found[0], safe=""), student)
    return re.sub(r"^\.", "%2E", name)


def write_page(path: Path, content: bytes) -> None:
    """Write a file, unless it holds the same already.

    Raises:
        GraderError: it cannot be written.
    """
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror or error}"
        raise GraderError(problem, "Make the folder writable, or name another one") from None
