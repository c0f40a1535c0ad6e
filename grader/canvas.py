"""The gradebook CSV of Canvas: written new, or filled into one that Canvas exported.

The first row holds Student, ID, SIS User ID, SIS Login ID, Section and the assignments, each with
its number in brackets; a row that begins with "Points Possible" says what they are out of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.columns import Column, columns_of, number, placed
from grader.errors import ConfigError
from grader.filled import Filled, fitting
from grader.sheet import read_cells
from grader.standing import Standing
from grader.whose import Whose

HEADER = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_POSSIBLE = "    Points Possible"


def canvas_rows(rows: Sequence[Standing]) -> Filled:
    """A gradebook to import where none was exported: Canvas makes the assignments it lacks."""
    columns = columns_of(rows)
    table = [
        [*HEADER, *(c.id for c in columns)],
        [_POSSIBLE, "", "", "", "", *(number(c.points) for c in columns)],
    ]
    for row in rows:
        student = row.student
        login = student.email.partition("@")[0] or student.id
        who = [student.name or student.id, "", student.id, login, student.section]
        table.append([*who, *(c.value(row) for c in columns)])
    return Filled(table)


def fill_canvas(rows: Sequence[Standing], template: Path, said: Mapping[str, str]) -> Filled:
    """The gradebook that Canvas exported, with our numbers in its columns; the rest as it was.

    What we do not know leaves what is there.

    Args:
        rows: where the students stand.
        template: the file from Canvas.
        said: the header of a column, by our id, where the names differ.

    Raises:
        ConfigError: it is no gradebook of Canvas, or disagrees about what a column is out of.
        UsageError: none of our columns is in it.
    """
    lines = read_cells(template)
    header = lines[0][1] if lines else []
    if header[:2] != ["Student", "ID"]:
        problem = "is no gradebook of Canvas: it does not begin with Student, ID"
        raise ConfigError(template, "row 1", problem, "Export it in Canvas: Grades, Export")
    places = placed(columns_of(rows), header, said, template.name)
    whose = Whose([row.student for row in rows])
    who = [header.index(h) for h in ("SIS User ID", "SIS Login ID", "Student") if h in header]
    table, found = [header], set()
    by_number = {row.student.id: row for row in rows}
    for n, cells in lines[1:]:
        line = fitting(cells, len(header))
        if line[0].casefold() == "points possible":
            _agree(template, n, header, line, places)
            table.append([_POSSIBLE, *line[1:]])
            continue
        student = next((s for i in who if (s := whose.find(line[i], is_name=i == 0))), None)
        if student is not None:
            found.add(student)
            for i, column in places.items():
                line[i] = column.value(by_number[student]) or line[i]
        table.append(line)
    lost = tuple(row.student.id for row in rows if row.student.id not in found)
    unused = {c.id for c in columns_of(rows)} - {c.id for c in places.values()}
    return Filled(table, lost, tuple(sorted(unused)))


def _agree(
    path: Path, n: int, header: list[str], line: list[str], places: Mapping[int, Column]
) -> None:
    for i, column in places.items():
        try:
            possible = Decimal(line[i])
        except InvalidOperation:
            continue  # "(read only)", or nothing
        if possible != column.points:
            raise ConfigError(
                path,
                f"row {n}, column {header[i]!r}",
                f"is out of {line[i]} in Canvas and out of {number(column.points)} here",
                "Set the points of the assignment in Canvas, and export again",
            )
