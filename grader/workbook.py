"""The grades as a workbook that computes them: the arithmetic is in its formulas.

Grades      one line per student: the parts, the homework from the next sheet, the course grade
Homework    the same lines: per assignment the points, what lateness cost, percent and weight
Rules       the weights and the late policy that the formulas use

Where the rules of the course do more than a formula of these sheets says, the number stands there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from grader.course import Course
from grader.coursegrade import Counted, Part
from grader.export import state
from grader.filled import unwritable
from grader.scoring import AssignmentScore
from grader.standing import Standing

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLOCK = ("earned", "days late", "share lost", "points", "out of", "percent", "counts")
_FIRST = 3
"""Row of the first student: under the title and the header."""
_EXACT = Decimal("1e-12")


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
        """Weights of the parts in B2:B4, the late policy in B5, weights of homework from B7."""
        weights, late = self.course.weights, self.course.late
        lines: list[tuple[str, Any]] = [
            ("rule", "value"),
            ("participation, percent", weights.participation),
            ("homework, percent", weights.homework),
            ("project, percent", weights.project),
            ("lost per started day", late.per_day),
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
        for i, title in enumerate((*titles, "so far", "total", "state"), 1):
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
        earned, days, share, points, out_of, percent, counts = (
            f"{_letters(_place(k, i))}{n}" for i in range(len(_BLOCK))
        )
        if not score.attempt:
            sheet[percent] = item.percent
            sheet[counts] = 1
            return
        raw = score.automatic + score.written
        lost = score.late.share if score.late else Decimal(0)
        follows = raw - raw * lost == score.earned
        sheet[earned] = raw if follows else score.earned
        sheet[days] = score.late.days if score.late else 0
        sheet[share] = self._share(score, days) if follows else 0
        sheet[points] = f"={earned}*(1-{share})"
        sheet[out_of] = score.decided
        same = score.decided > 0 and score.earned * 100 / score.decided == item.percent
        sheet[percent] = f'=IF({out_of}>0,{points}*100/{out_of},"")' if same else item.percent
        sheet[counts] = 1

    def _share(self, score: AssignmentScore, days: str) -> Any:
        """What lateness costs, from the days where that is all there is to it."""
        if score.late is None:
            return 0
        plain = min(Decimal(1), score.late.per_day * score.late.days)
        return f"=MIN(1,Rules!$B$5*{days})" if plain == score.late.share else score.late.share

    def grades(self, sheet: Any, n: int, row: Standing) -> None:
        student, grade = row.student, row.grade
        for i, text in enumerate((student.id, student.name, student.section), 1):
            _text(sheet, n, i, text)
        _value(sheet, n, 4, grade.participation.score)
        _value(sheet, n, 5, self._mean(n, row))
        _value(sheet, n, 6, grade.project.score)
        parts = "+".join(
            f"Rules!$B${i}*{column}{n}/100" for i, column in ((2, "D"), (3, "E"), (4, "F"))
        )
        _value(sheet, n, 7, f"=ROUND({parts},9)")
        scale = grade.scale
        total = f'=IF(I{n}="complete",ROUND(G{n},{scale.places}),"")'
        _value(sheet, n, 8, total if scale.rounding == "half_up" else grade.total)
        _text(sheet, n, 9, state(grade))

    def _mean(self, n: int, row: Standing) -> Any:
        """The weighted mean of the homework, over what counts."""
        part: Part = row.grade.homework
        counted = [(k, i) for k, i in enumerate(row.grade.items) if i.percent is not None]
        if part.score is None:
            return None
        weight = sum((i.score.weight for _, i in counted), Decimal(0))
        mean = sum((i.score.weight * (i.percent or 0) for _, i in counted), Decimal(0)) / weight
        if abs(mean - part.score) > _EXACT:
            return part.score
        terms = range(len(row.grade.items))
        weights = [f"Rules!$B${7 + k}*Homework!{_letters(_place(k, 6))}{n}" for k in terms]
        products = [f"{w}*Homework!{_letters(_place(k, 5))}{n}" for k, w in enumerate(weights)]
        below = "+".join(weights)
        return f'=IF({below}>0,({"+".join(products)})/({below}),"")'


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
