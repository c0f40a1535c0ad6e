"""The grade CSV of Moodle: written new for its import, or filled into one that Moodle exported.

Moodle asks at the import which column says who it is ("ID number" or "Email address") and which
grade item a column goes to; a cell without a number changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.columns import columns_of, placed
from grader.errors import ConfigError
from grader.filled import Filled, fitting
from grader.sheet import read_cells
from grader.standing import Standing
from grader.whose import Whose

HEADER = ("ID number", "Full name", "Email address")
_WHO = (
    "id number",
    "学号",
    "编号",
    "email address",
    "电子邮件地址",
    "电子邮箱",
    "username",
    "用户名",
)
_NONE = ("", "-")


def moodle_rows(rows: Sequence[Standing]) -> Filled:
    """A table for Moodle's import."""
    columns = columns_of(rows)
    table = [[*HEADER, *(c.id for c in columns)]]
    for row in rows:
        who = [row.student.id, row.student.name, row.student.email]
        table.append([*who, *(c.value(row) for c in columns)])
    return Filled(table)


def fill_moodle(rows: Sequence[Standing], template: Path, said: Mapping[str, str]) -> Filled:
    """The grades that Moodle exported, with our numbers in its columns; the rest as it was.

    Args:
        rows: where the students stand.
        template: the file from Moodle.
        said: the header of a column, by our id, where the names differ.

    Raises:
        ConfigError: no column says who somebody is.
        UsageError: none of our columns is in it.
    """
    lines = read_cells(template)
    header = lines[0][1] if lines else []
    who = [i for i, h in enumerate(header) if h.casefold() in _WHO]
    if not who:
        problem = "no column says who somebody is"
        raise ConfigError(template, "row 1", problem, "Export with ID number or Email address")
    places = placed(columns_of(rows), header, said, template.name)
    whose, by_number = Whose([r.student for r in rows]), {r.student.id: r for r in rows}
    table, found = [header], set()
    for _, cells in lines[1:]:
        line = fitting(cells, len(header))
        student = next((s for i in who if (s := whose.find(line[i]))), None)
        if student is not None:
            found.add(student)
            for i, column in places.items():
                line[i] = column.value(by_number[student]) or line[i]
        table.append(["" if i in places and c in _NONE else c for i, c in enumerate(line)])
    lost = tuple(row.student.id for row in rows if row.student.id not in found)
    unused = {c.id for c in columns_of(rows)} - {c.id for c in places.values()}
    return Filled(table, lost, tuple(sorted(unused)))
