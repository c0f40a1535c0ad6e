"""Grades out: tables for spreadsheets and for the office that keeps the grades."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from grader.coursegrade import CourseGrade, rounded
from grader.errors import GraderError
from grader.scoring import AssignmentScore, State
from grader.standing import Standing

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def export_csv(rows: Sequence[Standing], target: Path | TextIO) -> None:
    """Write one line per student.

    The columns are student, name, one per assignment (points after the late deduction), the three
    parts on the 100-point scale, the total, and a state: "complete" or what is not known yet.
    What is not known is an empty cell, never a zero.

    Args:
        rows: where the students stand.
        target: a file, written as UTF-8 with the mark that spreadsheets look for; or a text
            stream, to which no mark is written.

    Raises:
        GraderError: the file cannot be written.
    """
    if not isinstance(target, Path):
        _write(rows, target)
        return
    try:
        with target.open("w", encoding="utf-8-sig", newline="") as stream:
            _write(rows, stream)
    except OSError as error:
        problem = f"{target} cannot be written: {error.strerror or error}"
        raise GraderError(problem, "Name a file in a folder that you may write to") from None


def state(grade: CourseGrade) -> str:
    """What keeps a grade from being final, in words; "complete" when nothing does."""
    gaps = (f"{gap.what} {gap.state.value.replace('_', ' ')}" for gap in grade.gaps)
    return "; ".join(gaps) or State.COMPLETE.value


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return (
        f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text
    )


def _write(rows: Sequence[Standing], stream: TextIO) -> None:
    writer = csv.writer(stream)
    writer.writerow(_header(rows))
    writer.writerows(_line(row) for row in rows)


def _header(rows: Sequence[Standing]) -> Iterable[str]:
    assignments = [score.assignment for score in rows[0].scores] if rows else []
    parts = ("participation", "homework", "project", "total", "state")
    return ("student", "name", *assignments, *parts)


def _line(row: Standing) -> Iterable[str]:
    grade = row.grade
    return (
        safe(row.student.id),
        safe(row.student.name),
        *map(_points, row.scores),
        *(_number(part.score) for part in grade.parts),
        _number(grade.total),
        state(grade),
    )


def _points(score: AssignmentScore) -> str:
    return _number(score.earned if score.attempt else None)


def _number(value: Decimal | None) -> str:
    """Up to two decimals, no trailing zeros."""
    if value is None:
        return ""
    text = format(rounded(value, 2), "f")
    return text.rstrip("0").rstrip(".")
