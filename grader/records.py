"""Reads the tables that people keep: roster, participation, project, marks. CSV or XLSX in.

Headers are understood in Chinese and English. What cannot be right is a `ConfigError` that names
file, row and column. A table is read as a whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from grader.filled import typed
from grader.heading import Row, guess, read_rows

MAXIMUM = Decimal(100)

_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
_RESERVED = {"CON", "PRN", "AUX", "NUL"} | {f"{p}{n}" for p in ("COM", "LPT") for n in range(10)}
_MANGLED = re.compile(r"\d(\.\d+)?[eE]\+?\d+", re.ASCII)


@dataclass(frozen=True)
class Student:
    """A line of the roster."""

    id: str
    name: str = ""
    email: str = ""
    section: str = ""
    github: str = ""
    active: bool = True
    """False: has left the course; what was earned stays."""


@dataclass(frozen=True)
class ScoreRow:
    """A score on the 100-point scale for participation or the project."""

    student: str
    score: Decimal
    comment: str = ""
    name: str = ""


@dataclass(frozen=True)
class MarkRow:
    """What a person gave for one written question."""

    student: str
    question: str
    points: Decimal
    comment: str = ""
    marker: str = ""
    attempt: int | None = None
    """Which attempt was read; None: it does not say."""


@dataclass(frozen=True)
class MarkSheet:
    """What a table of marks holds."""

    marks: tuple[MarkRow, ...]
    blank: int = 0
    """Rows that nobody has filled in yet."""


def read_roster(path: Path) -> tuple[Student, ...]:
    """The students of a course; only the student number is required.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    rows = read_rows(path, ("student",), ("name", "email", "section", "github"))
    seen: dict[str, int] = {}
    return tuple(
        Student(
            student_of(row, seen, None),
            row.get("name"),
            row.get("email"),
            row.get("section"),
            row.get("github"),
        )
        for row in rows
    )


def read_participation(path: Path, known: Collection[str] | None = None) -> tuple[ScoreRow, ...]:
    """Scores for participation, at most 100 each.

    Args:
        path: a CSV file or a workbook.
        known: student numbers of the roster; a number that is not among them is an error.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    return _scores(path, known)


def read_project(path: Path, known: Collection[str] | None = None) -> tuple[ScoreRow, ...]:
    """Scores for the final project, like `read_participation`."""
    return _scores(path, known)


def read_marks(
    path: Path, questions: Mapping[str, Decimal], known: Collection[str] | None = None
) -> MarkSheet:
    """Marks of written questions, one row per student and question.

    A row with neither points nor a comment is blank: a sheet may be handed in half filled.

    Args:
        path: a CSV file or a workbook.
        questions: the written questions of the assignment and what each is worth.
        known: student numbers of the roster; a number that is not among them is an error.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    marks: dict[tuple[str, str], MarkRow | None] = {}
    optional = ("name", "comment", "marker", "attempt")
    for row in read_rows(path, ("student", "question", "points"), optional):
        student, question = student_of(row, None, known), row.get("question")
        if question not in questions:
            raise row.wrong(
                "question",
                f"{question!r} is not a written question",
                guess(question, questions) or f"Written questions: {', '.join(questions)}",
            )
        if (student, question) in marks:
            problem = f"{student} has a second mark for {question}"
            raise row.wrong("question", problem, "Keep one of the rows")
        comment = typed(row.get("comment"))
        if not row.get("points") and not comment:
            marks[student, question] = None
            continue
        points = number_of(row, "points", questions[question])
        marker, attempt = row.get("marker"), _attempt(row)
        marks[student, question] = MarkRow(student, question, points, comment, marker, attempt)
    given = tuple(mark for mark in marks.values() if mark is not None)
    return MarkSheet(given, len(marks) - len(given))


def _attempt(row: Row) -> int | None:
    said = row.get("attempt")
    if not said:
        return None
    if not (said.isdecimal() and int(said) > 0):
        problem, remedy = (
            f"{said!r} is not the number of an attempt",
            "Leave it as it was, or empty",
        )
        raise row.wrong("attempt", problem, remedy)
    return int(said)


def _scores(path: Path, known: Collection[str] | None) -> tuple[ScoreRow, ...]:
    seen: dict[str, int] = {}
    return tuple(
        ScoreRow(
            student_of(row, seen, known),
            number_of(row, "score", MAXIMUM),
            row.get("comment"),
            row.get("name"),
        )
        for row in read_rows(path, ("student", "score"), ("comment", "name"))
    )


def student_of(row: Row, seen: dict[str, int] | None, known: Collection[str] | None) -> str:
    """The student number of a row.

    Args:
        row: a record with a column "student".
        seen: numbers so far and their rows, to which this one is added; None: may repeat.
        known: numbers of the roster; None: any will do.

    Raises:
        ConfigError: there is none, or it cannot be one.
    """
    student = row.get("student")
    if not student:
        raise row.wrong("student", "is empty", "Write the student number, or delete the row")
    if _MANGLED.fullmatch(student):
        problem = f"{student!r} is a student number that a spreadsheet has shortened"
        raise row.wrong("student", problem, "Format the column as text and enter it again")
    if problem := number_problem(student):
        raise row.wrong("student", problem, "Leave out slashes and control characters")
    if known is not None and student not in known:
        problem = f"{student!r} is not on the roster"
        raise row.wrong("student", problem, guess(student, known) or "Add the student first")
    if seen is not None:
        if student in seen:
            problem = f"{student!r} is there twice, first in row {seen[student]}"
            raise row.wrong("student", problem, "Keep one of the rows")
        seen[student] = row.number
    return student


def number_problem(student: str) -> str:
    """Why this cannot be a student number; empty when it can. It names folders, on any system."""
    if any(not c.isprintable() or c in '/\\:*?"<>|' for c in student) or student[:1] in ".~":
        return f"{student!r} cannot be the name of a folder"
    if student != student.strip(" .") or student.split(".")[0].upper() in _RESERVED:
        return f"{student!r} cannot be the name of a folder on every system"
    return f"{student[:20]!r}… is longer than 100 characters" if len(student) > 100 else ""


def number_of(row: Row, column: str, maximum: Decimal) -> Decimal:
    """The number in a cell, from 0 to a maximum.

    Raises:
        ConfigError: it is empty, no number, or over the maximum.
    """
    text = row.get(column)
    if not text:
        remedy = "Write a number, or delete the row: without one it stays missing"
        raise row.wrong(column, "is empty", remedy)
    if not _NUMBER.fullmatch(text):
        problem = f"{text!r} is not a number"
        raise row.wrong(column, problem, f"Write a number from 0 to {maximum}, such as 87.5")
    value = Decimal(text)
    if value > maximum:
        problem = f"{text} is over the maximum of {maximum}"
        raise row.wrong(column, problem, f"Write a number from 0 to {maximum}")
    return value
