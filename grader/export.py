"""Grades out: one line per student, for spreadsheets and for the office that keeps the grades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from grader.columns import columns_of
from grader.coursegrade import CourseGrade
from grader.filled import Filled, safe, write_table
from grader.scoring import State
from grader.standing import Standing

__all__ = ["export_csv", "safe", "state"]


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
    columns = columns_of(rows)
    header = ("student", "name", *(c.id for c in columns), "state")
    write_table(Filled([header, *(_line(row) for row in rows)]), target)


def state(grade: CourseGrade) -> str:
    """What keeps a grade from being final, in words; "complete" when nothing does."""
    gaps = (f"{gap.what} {gap.state.value.replace('_', ' ')}" for gap in grade.gaps)
    return "; ".join(gaps) or State.COMPLETE.value


def _line(row: Standing) -> Sequence[str]:
    cells: Iterable[str] = (column.value(row) for column in columns_of([row]))
    return (row.student.id, row.student.name, *cells, state(row.grade))
