"""What of a standing goes into a grade book elsewhere: columns, and what they are out of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from grader.coursegrade import rounded
from grader.decimals import digits
from grader.errors import UsageError
from grader.standing import Standing

_HUNDRED = Decimal(100)
_PARTS = {
    "participation": ("课堂表现", "平时成绩"),
    "homework": ("作业", "作业成绩"),
    "project": ("期末大作业", "大作业", "final project"),
    "total": ("总评", "总成绩", "总分", "course grade"),
}
_PREFIX = re.compile(
    r"^(assignment|作业|quiz|测验|manual item|手动项目)\s*[:：]\s*", re.IGNORECASE
)
_SUFFIX = re.compile(r"\s*[(（](\d+|real|实际|实际分数|percentage|百分比)[)）]\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """One number per student."""

    id: str
    """The id of an assignment, or "participation", "homework", "project" or "total"."""
    names: tuple[str, ...]
    """What a grade book elsewhere may call it, besides the id."""
    points: Decimal
    """What it is out of."""

    def value(self, row: Standing) -> str:
        """The number as text, at most two decimals; empty: not known."""
        if self.id == "total":
            return number(row.grade.total)
        for part in row.grade.parts:
            if part.name == self.id and part.name in _PARTS and row.score(self.id) is None:
                return number(part.score)
        score = row.score(self.id)
        return number(score.earned if score and score.known else None)


def columns_of(rows: Sequence[Standing]) -> tuple[Column, ...]:
    """The columns of a class, in the order of the calendar, then the parts and the total."""
    scores = rows[0].scores if rows else ()
    homework = (Column(s.assignment, (s.title.zh, s.title.en), s.points) for s in scores)
    return (*homework, *(Column(name, names, _HUNDRED) for name, names in _PARTS.items()))


def placed(
    columns: Iterable[Column], headers: Sequence[str], said: Mapping[str, str], where: str
) -> dict[int, Column]:
    """Where our columns are among the headers of another grade book.

    Args:
        columns: ours.
        headers: theirs.
        said: the header of a column, by our id, where the names differ.
        where: what messages call the other grade book.

    Raises:
        UsageError: none of our columns is there, or one that was named is not.
    """
    columns = tuple(columns)
    if unknown := sorted(set(said) - {c.id for c in columns}):
        known = ", ".join(c.id for c in columns)
        raise UsageError(f"--column: there is no column {unknown[0]!r}", f"Known: {known}")
    found: dict[int, Column] = {}
    for column in columns:
        if column.id in said:
            wanted = {said[column.id].casefold()}
            hits = [i for i, h in enumerate(headers) if {h.casefold(), base(h)} & wanted]
        else:
            wanted = {name.casefold() for name in (column.id, *column.names)}
            hits = [i for i, h in enumerate(headers) if base(h) in wanted]
        if column.id in said and not hits:
            problem = f"{where} has no column {said[column.id]!r}"
            raise UsageError(problem, f"It has: {', '.join(h for h in headers if h)}")
        if len(hits) > 1:
            problem = f"{where} has two columns for {column.id}: {headers[hits[0]]!r}, …"
            raise UsageError(problem, f"Say which: --column {column.id}={headers[hits[0]]!r}")
        if hits:
            found[hits[0]] = column
    if not found:
        raise UsageError(
            f"{where} has none of the columns {', '.join(c.id for c in columns)}",
            f"Say which is which, as in --column {columns[0].id}={headers[-1]!r}",
        )
    return found


def base(header: str) -> str:
    """A header without the number or the kind of value that a platform adds."""
    return _PREFIX.sub("", _SUFFIX.sub("", header.strip())).casefold()


def number(value: Decimal | None) -> str:
    """Up to two decimals, no trailing zeros; empty: not known."""
    return "" if value is None else digits(rounded(value, 2))
