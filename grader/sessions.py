"""Reads what was noted in sessions: one table per session, or a sheet with a column per date."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from grader.entries import SessionRecord
from grader.errors import ConfigError
from grader.heading import Row, read_rows
from grader.moments import day
from grader.records import number_of, student_of
from grader.sheet import read_cells

KINDS = {"attendance": "attendance", "answers": "answer", "quiz": "quiz"}
"""The column of a table, and the kind of record that it makes."""
_PRESENT = {"1", "√", "✓", "✔", "p", "y", "yes", "present", "出勤", "到", "已到", "是", "签到"}
_ABSENT = {
    "0",
    "×",
    "✗",
    "x",
    "a",
    "n",
    "no",
    "absent",
    "缺勤",
    "缺课",
    "旷课",
    "未到",
    "否",
    "缺",
}
_LATE = {"l", "late", "迟到", "早退", "0.5"}
_EXCUSED = {"e", "excused", "leave", "请假", "病假", "事假", "公假", "假"}
_ANSWERS = Decimal(1000)
_NEARLY = re.compile(r"\d\s*[-/.月]\s*\d")
"""A header with such a thing in it was meant as a date."""


@dataclass(frozen=True)
class Noting:
    """What a table does not say itself."""

    kind: str
    """A key of `KINDS`."""
    held_on: date | None = None
    label: str = ""
    maximum: Decimal = Decimal(100)
    """What a quiz is worth."""
    late_counts: Decimal = Decimal("0.5")
    """What it counts to have come late."""
    marker: str = ""


def read_sessions(
    path: Path, noting: Noting, known: Collection[str] | None = None
) -> tuple[SessionRecord, ...]:
    """The records of a table.

    Args:
        path: a CSV file or a workbook.
        noting: which kind, and what the table does not say.
        known: student numbers of the roster; a number that is not among them is an error.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    lines = read_cells(path)
    wide = [title for title in lines[0][1] if day(title)] if lines else []
    found: dict[tuple[str, date, str], SessionRecord] = {}
    for row, record in _wide(path, noting, known) if wide else _long(path, noting, known):
        about = (record.student, record.held_on, record.label)
        if about in found:
            problem = f"{record.student!r} has two entries for {record.held_on}"
            remedy = "Keep one, or tell the sessions apart in a column 'label'"
            raise row.wrong("student", problem, remedy)
        found[about] = record
    return tuple(found.values())


def _long(
    path: Path, noting: Noting, known: Collection[str] | None
) -> Iterator[tuple[Row, SessionRecord]]:
    columns = ("name", "date", "label", "comment", "maximum")
    for row in read_rows(path, ("student", noting.kind), columns):
        when, label = noting.held_on, row.get("label") or noting.label
        if said := row.get("date"):
            parsed = day(said)
            if parsed is None:
                raise row.wrong("date", f"{said!r} is no date", "Write it as 2026-09-14")
            when = parsed[0]
        if when is None:
            problem = "does not say when the session was"
            raise ConfigError(path, "", problem, "Add a column 'date', or give --date 2026-09-14")
        student = student_of(row, None, known)
        record = _record(row, noting.kind, noting, student, (when, label))
        if record is not None:
            yield row, record


def _wide(
    path: Path, noting: Noting, known: Collection[str] | None
) -> Iterator[tuple[Row, SessionRecord]]:
    seen: dict[str, int] = {}
    for row in read_rows(path, ("student",), ("name",)):
        student = student_of(row, seen, known)
        for title, text in row.others.items():
            if (parsed := day(title)) is None and _NEARLY.search(title):
                cell = Row(path, row.number, {}, {})
                raise cell.wrong(title, "is no date", "Write it as 2026-09-14")
            if parsed is None or not text:
                continue
            cell = Row(path, row.number, {noting.kind: title}, {noting.kind: text})
            when = (parsed[0], parsed[1] or noting.label)
            record = _record(cell, noting.kind, noting, student, when)
            if record is not None:
                yield row, record


def _record(
    row: Row, column: str, noting: Noting, student: str, when: tuple[date, str]
) -> SessionRecord | None:
    """None: nothing is noted in this cell."""
    text = row.get(column)
    if not text:
        return None
    value, maximum = _value(row, column, text.casefold(), noting)
    return SessionRecord(
        student=student,
        held_on=when[0],
        label=when[1][:100],
        kind=KINDS[noting.kind],
        value=value,
        maximum=maximum,
        comment=row.get("comment"),
        marker=noting.marker,
    )


def _value(row: Row, column: str, text: str, noting: Noting) -> tuple[Decimal, Decimal | None]:
    """What was reached and what there was to reach; nothing to reach: excused."""
    if text in _EXCUSED and noting.kind != "answers":
        return Decimal(0), Decimal(0)
    if noting.kind == "answers":
        return number_of(row, column, _ANSWERS), None
    if noting.kind == "quiz":
        own = bool(row.get("maximum"))
        full = number_of(row, "maximum", Decimal(10_000)) if own else noting.maximum
        return number_of(row, column, full), full
    for words, value in ((_PRESENT, 1), (_ABSENT, 0)):
        if text in words:
            return Decimal(value), None
    if text in _LATE:
        return noting.late_counts, None
    remedy = "Write 出勤, 迟到, 请假 or 缺勤; present, late, excused or absent; 1 or 0"
    raise row.wrong(column, f"{text!r} says nothing about attendance", remedy)
