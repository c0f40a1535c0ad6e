"""Reads the tables that people keep: roster, participation, project, marks. CSV in, rows out.

Spreadsheets write UTF-8 with or without BOM, UTF-16 or GB18030, with commas, semicolons or tabs,
and headers in Chinese or English; all of that is understood. What cannot be right is a
`ConfigError` that names file, row and column. A table is read as a whole or not at all.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from grader.errors import ConfigError

MAXIMUM = Decimal(100)
ALIASES: dict[str, tuple[str, ...]] = {
    "student": ("student", "student id", "student number", "id", "学号", "学生学号"),
    "name": ("name", "full name", "姓名", "名字", "学生姓名"),
    "score": ("score", "grade", "分数", "成绩", "得分", "总分"),
    "comment": ("comment", "comments", "remark", "评语", "备注", "说明"),
    "question": ("question", "题号", "题目", "问题"),
    "points": ("points", "mark", "marks", "分数", "得分", "成绩"),
    "marker": ("marker", "grader", "marked by", "评分人", "批改人", "助教"),
    "email": ("email", "e-mail", "mail", "邮箱", "电子邮件", "电子邮箱"),
    "section": ("section", "class", "group", "班级", "班", "教学班"),
    "github": ("github", "github name", "github username", "github 用户名", "github账号"),
}
"""The headers that are understood for each column; case and surrounding blanks do not matter."""

_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
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


@dataclass(frozen=True)
class _Row:
    """One record of a table, with what is needed to complain about it."""

    path: Path
    number: int
    headers: Mapping[str, str]
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        return self.cells.get(column, "")

    def wrong(self, column: str, problem: str, remedy: str) -> ConfigError:
        where = f"row {self.number}, column {self.headers[column]!r}"
        return ConfigError(self.path, where, problem, remedy)


def read_roster(path: Path) -> tuple[Student, ...]:
    """The students of a course; only the student number is required.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    rows = _rows(path, ("student",), ("name", "email", "section", "github"))
    seen: dict[str, int] = {}
    return tuple(
        Student(
            _student(row, seen, None),
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
        path: the CSV file.
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
) -> tuple[MarkRow, ...]:
    """Marks of written questions, one row per student and question.

    Args:
        path: the CSV file.
        questions: the written questions of the assignment and what each is worth.
        known: student numbers of the roster; a number that is not among them is an error.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    marks: dict[tuple[str, str], MarkRow] = {}
    for row in _rows(path, ("student", "question", "points"), ("name", "comment", "marker")):
        student, question = _student(row, None, known), row.get("question")
        if question not in questions:
            raise row.wrong(
                "question",
                f"{question!r} is not a written question",
                _guess(question, questions) or f"Written questions: {', '.join(questions)}",
            )
        if (student, question) in marks:
            problem = f"{student} has a second mark for {question}"
            raise row.wrong("question", problem, "Keep one of the rows")
        points = _number(row, "points", questions[question])
        mark = MarkRow(student, question, points, row.get("comment"), row.get("marker"))
        marks[student, question] = mark
    return tuple(marks.values())


def _scores(path: Path, known: Collection[str] | None) -> tuple[ScoreRow, ...]:
    seen: dict[str, int] = {}
    return tuple(
        ScoreRow(
            _student(row, seen, known),
            _number(row, "score", MAXIMUM),
            row.get("comment"),
            row.get("name"),
        )
        for row in _rows(path, ("student", "score"), ("comment", "name"))
    )


def _student(row: _Row, seen: dict[str, int] | None, known: Collection[str] | None) -> str:
    student = row.get("student")
    if not student:
        raise row.wrong("student", "is empty", "Write the student number, or delete the row")
    if _MANGLED.fullmatch(student):
        problem = f"{student!r} is a student number that a spreadsheet has shortened"
        raise row.wrong("student", problem, "Format the column as text and enter it again")
    if any(not c.isprintable() or c in "/\\" for c in student) or student.startswith("."):
        problem = f"{student!r} cannot be the name of a folder"
        raise row.wrong("student", problem, "Leave out slashes and control characters")
    if known is not None and student not in known:
        problem = f"{student!r} is not on the roster"
        raise row.wrong("student", problem, _guess(student, known) or "Add the student first")
    if seen is not None:
        if student in seen:
            problem = f"{student!r} is there twice, first in row {seen[student]}"
            raise row.wrong("student", problem, "Keep one of the rows")
        seen[student] = row.number
    return student


def _number(row: _Row, column: str, maximum: Decimal) -> Decimal:
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


def _rows(path: Path, required: tuple[str, ...], optional: tuple[str, ...]) -> Iterator[_Row]:
    text = _text(path)
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    reader = enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)
    records = ((n, [c.strip() for c in cells]) for n, cells in reader)
    try:
        filled = [(n, cells) for n, cells in records if any(cells)]
    except csv.Error as error:
        raise ConfigError(path, "", f"is not CSV: {error}", "Save the table as CSV") from None
    if len(filled) < 2:
        problem = "has a header and no rows" if filled else "is empty"
        raise ConfigError(path, "", problem, f"Write one row per student: {', '.join(required)}")
    places = _columns(path, filled[0][0], filled[0][1], required, optional)
    headers = {column: filled[0][1][i] for column, i in places.items()}
    for n, cells in filled[1:]:
        if len(cells) > len(filled[0][1]) and any(cells[len(filled[0][1]) :]):
            problem = f"has {len(cells)} cells, the header has {len(filled[0][1])}"
            raise ConfigError(path, f"row {n}", problem, "Put text that holds commas in quotes")
        values = {column: cells[i] for column, i in places.items() if i < len(cells)}
        yield _Row(path, n, headers, values)


def _columns(
    path: Path,
    number: int,
    header: list[str],
    required: tuple[str, ...],
    optional: tuple[str, ...],
) -> dict[str, int]:
    """Where each column is; columns that are none of ours are ignored unless nearly ours."""
    places: dict[str, int] = {}
    where = f"row {number}"
    for column in (*required, *optional):
        hits = [i for i, title in enumerate(header) if title.casefold() in ALIASES[column]]
        if len(hits) > 1:
            problem = f"{header[hits[0]]!r} and {header[hits[1]]!r} both name the {column}"
            raise ConfigError(path, where, problem, "Keep one of the columns")
        if hits:
            places[column] = hits[0]
    strays = {t.casefold(): t for i, t in enumerate(header) if i not in places.values() and t}
    for column in (*required, *optional):
        if column in places:
            continue
        names = ALIASES[column]
        near = [s for s in strays if difflib.get_close_matches(s, names, n=1, cutoff=0.75)]
        if column in required or near:
            guess = f"Is it {strays[near[0]]!r}? Rename it" if near else "Name the column"
            problem = f"has no column {column!r}"
            raise ConfigError(path, where, problem, f"{guess} to one of: {', '.join(names)}")
    return places


def _guess(text: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(text, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else ""


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, "", error.strerror or str(error), "Name a CSV file") from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ConfigError(path, "", "is an Excel workbook", "Save the sheet as CSV (UTF-8)")
    encodings = (
        ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    )
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ConfigError(path, "", "is neither UTF-8 nor GB18030 text", "Save it as CSV (UTF-8)")
