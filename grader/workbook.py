"""The grades as a workbook that computes them: the arithmetic is in its formulas.

Grades      one line per student: the parts, the homework from the next sheet, the course grade
Homework    the same lines: per assignment the points, what lateness cost, percent and weight
Rules       the weights and the late policy that the formulas use

What was decided rather than computed stands there as a number: which homework is dropped, free
late days, what a person put in place of the points.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.course import Course
from grader.coursegrade import Counted
from grader.export import state
from grader.filled import unwritable
from grader.standing import Standing

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLOCK = (
    "earned",
    "days late",
    "free days",
    "share lost",
    "points",
    "out of",
    "percent",
    "counts",
)
_PERCENT, _COUNTS = _BLOCK.index("percent"), _BLOCK.index("counts")
_ROUND = {"half_up": "ROUND", "down": "ROUNDDOWN", "up": "ROUNDUP"}
_FIRST = 3
"""Row of the first student: under the title and the header."""
_WEIGHTS = 9
"""Row of the first assignment's weight among the rules."""


def export_xlsx(course: Course, rows: Sequence[Standing], target: Path) -> None:
    """Write the workbook.

    Args:
        course: its weights and late policy.
        rows: where the students stand.
        target: the file.

    Raises:
        GraderError: the file cannot be written.
    """
    from openpyxl import Workbook

    book = Workbook()
    sheets = _Sheets(book, course)
    grades = book.active
    grades.title = "Grades"
    homework, rules = book.create_sheet("Homework"), book.create_sheet("Rules")
    sheets.rules(rules)
    sheets.headers(grades, homework)
    for n, row in enumerate(rows, _FIRST):
        sheets.homework(homework, n, row)
        sheets.grades(grades, n, row)
    for sheet, frozen in ((grades, "C3"), (homework, "C3"), (rules, "A2")):
        sheet.freeze_panes = frozen
    try:
        book.save(target)
    except OSError as error:
        raise unwritable(target, error) from None


@dataclass(frozen=True)
class _Sheets:
    book: Any
    course: Course

    def rules(self, sheet: Any) -> None:
        """Weights of the parts in B2:B4, the late policy in B5:B6, then those of homework."""
        weights, late = self.course.weights, self.course.late
        lines: list[tuple[str, Any]] = [
            ("rule", "value"),
            ("participation, percent", weights.participation),
            ("homework, percent", weights.homework),
            ("project, percent", weights.project),
            ("lost per started day", late.per_day),
            ("lost at most, while accepted", late.cap),
            ("homework at most", self.course.homework.maximum),
            ("weights of the assignments", None),
            *((a.id, a.weight) for a in self.course.assignments),
        ]
        for n, (name, value) in enumerate(lines, 1):
            _text(sheet, n, 1, name)
            _value(sheet, n, 2, value)

    def headers(self, grades: Any, homework: Any) -> None:
        _text(grades, 1, 1, self.course.title)
        _text(homework, 1, 1, self.course.title)
        titles = ("student", "name", "section", "participation", "homework", "project")
        for i, title in enumerate((*titles, "so far", "total", "letter", "state"), 1):
            _text(grades, 2, i, title)
        for i, title in enumerate(("student", "name"), 1):
            _text(homework, 2, i, title)
        for k, scheduled in enumerate(self.course.assignments):
            _text(homework, 1, _place(k, 0), scheduled.id)
            for i, title in enumerate(_BLOCK):
                _text(homework, 2, _place(k, i), title)

    def homework(self, sheet: Any, n: int, row: Standing) -> None:
        _text(sheet, n, 1, row.student.id)
        _text(sheet, n, 2, row.student.name)
        for k, item in enumerate(row.grade.items):
            self._item(sheet, n, k, item)

    def _item(self, sheet: Any, n: int, k: int, item: Counted) -> None:
        """One assignment of one student; nothing where nothing is known."""
        score = item.score
        if item.percent is None:
            return
        cells = (f"{_letters(_place(k, i))}{n}" for i in range(len(_BLOCK)))
        earned, days, free, share, points, out_of, percent, counts = cells
        sheet[counts] = 0 if item.dropped else 1
        if score.decided <= 0:
            sheet[percent] = item.percent
            return
        sheet[out_of] = score.decided
        sheet[percent] = f'=IF({out_of}>0,{points}*100/{out_of},"")'
        if score.total is not None:
            sheet[points] = score.earned
            return
        sheet[earned] = score.automatic + score.written
        sheet[days] = score.late.days if score.late else 0
        sheet[free] = score.late.free if score.late else 0
        sheet[share] = 0
        if score.late is not None:
            taken = f"=MIN(Rules!$B$6,Rules!$B$5*({days}-{free}))"
            sheet[share] = taken if score.late.accepted else 1
        sheet[points] = f"={earned}*(1-{share})"

    def grades(self, sheet: Any, n: int, row: Standing) -> None:
        student, grade = row.student, row.grade
        for i, text in enumerate((student.id, student.name, student.section), 1):
            _text(sheet, n, i, text)
        _value(sheet, n, 4, grade.participation.score)
        _value(sheet, n, 5, self._mean(n, row))
        _value(sheet, n, 6, grade.project.score)
        places = ((2, "D"), (3, "E"), (4, "F"))
        parts = "+".join(f"Rules!$B${i}*{column}{n}/100" for i, column in places)
        _value(sheet, n, 7, f"=ROUND({parts},9)")
        _value(sheet, n, 8, self._total(n, row))
        _text(sheet, n, 9, grade.letter)
        _text(sheet, n, 10, state(grade))

    def _total(self, n: int, row: Standing) -> Any:
        scale = self.course.scale
        if scale.rounding not in _ROUND:
            return row.grade.total
        done = f"{_ROUND[scale.rounding]}(G{n},{scale.places})"
        return f'=IF(J{n}="complete",{done},"")'

    def _mean(self, n: int, row: Standing) -> Any:
        """The weighted mean of the homework over what counts; bonus only adds."""
        if row.grade.homework.score is None:
            return None
        above, below = [], []
        for k, item in enumerate(row.grade.items):
            percent, counts = (
                f"Homework!{_letters(_place(k, i))}{n}" for i in (_PERCENT, _COUNTS)
            )
            weight = f"Rules!$B${_WEIGHTS + k}*{counts}"
            above.append(f"{weight}*{percent}")
            if not item.score.bonus:
                below.append(weight)
        total = "+".join(below)
        return f'=IF({total}>0,MIN(Rules!$B$7,({"+".join(above)})/({total})),"")'


def _place(k: int, i: int) -> int:
    """The column of part `i` of assignment `k`."""
    return 3 + k * len(_BLOCK) + i


def _letters(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


def _value(sheet: Any, n: int, i: int, value: Any) -> None:
    if value is not None:
        sheet.cell(n, i).value = value


def _text(sheet: Any, n: int, i: int, text: str) -> None:
    """Text stays text, whatever it begins with."""
    if not text:
        return
    cell = sheet.cell(n, i)
    cell.value = _CONTROL.sub(" ", text)
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(("=", "+", "-", "@"))
