"""Reads what markers gave projects: a row per criterion, or a column per criterion; and teams."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from grader.entries import CriterionScore, Membership
from grader.heading import ALIASES, Row, guess, read_rows
from grader.records import number_of, student_of
from grader.rubric import OVERALL, Criterion, Rubric
from grader.sheet import read_cells

_LIMIT = Decimal(100)


def holds_criteria(path: Path, rubric: Rubric | None) -> bool:
    """Whether a table gives criteria, and not one score per student.

    Raises:
        ConfigError: it is no table.
    """
    lines = read_cells(path)
    titles = lines[0][1] if lines else []
    named = any(t.casefold() in ALIASES["criterion"] for t in titles)
    return named or (rubric is not None and any(rubric.criterion(t) for t in titles if t))


@dataclass(frozen=True)
class _Subject:
    name: str
    team: bool
    marker: str


def read_criteria(
    path: Path,
    rubric: Rubric,
    known: Collection[str] | None,
    teams: Collection[str],
    marker: str = "",
) -> tuple[CriterionScore, ...]:
    """What one or several markers gave.

    Args:
        path: a CSV file or a workbook with a column for the student or the team.
        rubric: its criteria are columns, or are named in a column "criterion" (指标).
        known: student numbers of the roster; None: any will do.
        teams: names of the teams.
        marker: who marked, where the table does not say.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    titles = [t.casefold() for t in read_cells(path)[0][1]]
    by_team = not any(t in ALIASES["student"] for t in titles)
    who = "team" if by_team else "student"
    long = any(t in ALIASES["criterion"] for t in titles)
    required = (who, "criterion") if long else (who,)
    optional = ("marker", "comment", *(("level", "points") if long else ()))
    found: dict[tuple[str, str, str], CriterionScore] = {}
    for row in read_rows(path, required, optional):
        name = _team(row, teams) if by_team else student_of(row, None, known)
        subject = _Subject(name, by_team, row.get("marker") or marker)
        entries = _long(row, rubric, subject) if long else _wide(row, rubric, subject)
        for entry in entries:
            about = (entry.subject, entry.criterion, entry.marker)
            if about in found:
                problem = f"{name!r} has two scores of {entry.marker or 'one marker'}"
                remedy = "Keep one, or say who gave which in a column 'marker'"
                raise row.wrong(who, problem, remedy)
            found[about] = entry
    return tuple(found.values())


def read_teams(path: Path, known: Collection[str] | None, marker: str = "") -> list[Membership]:
    """Who works with whom, and what is added to the team's score for each.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    seen: dict[str, int] = {}
    found = []
    for row in read_rows(path, ("student", "team"), ("name", "adjustment", "reason")):
        student = student_of(row, seen, known)
        adjustment = _adjustment(row)
        if adjustment and not row.get("reason"):
            problem = f"{student!r} has an adjustment without a reason"
            raise row.wrong("adjustment", problem, "Write it in a column 'reason' (原因)")
        found.append(Membership(student, row.get("team"), adjustment, row.get("reason"), marker))
    return found


def _long(row: Row, rubric: Rubric, subject: _Subject) -> Iterator[CriterionScore]:
    criterion = rubric.criterion(row.get("criterion"))
    if criterion is None:
        names = [c.id for c in rubric.criteria]
        remedy = guess(row.get("criterion"), names) or f"Criteria: {', '.join(names)}"
        raise row.wrong("criterion", f"{row.get('criterion')!r} is not in the rubric", remedy)
    column = "level" if row.get("level") else "points"
    yield _entry(row, column, criterion, subject, row.get("comment"))


def _wide(row: Row, rubric: Rubric, subject: _Subject) -> Iterator[CriterionScore]:
    remarks = {}
    for title, text in row.others.items():
        head, _, tail = title.rpartition(" ")
        if tail.casefold() in ALIASES["comment"] and (c := rubric.criterion(head)):
            if text:
                remarks[c.id] = text
        else:
            _check_title(row, title, rubric)
    for title, text in row.others.items():
        if text and (criterion := rubric.criterion(title)):
            cell = Row(row.path, row.number, {"points": title}, {"points": text})
            yield _entry(cell, "points", criterion, subject, remarks.get(criterion.id, ""))
    if comment := row.get("comment"):
        name, team, marker = subject.name, subject.team, subject.marker
        yield CriterionScore(name, OVERALL, "-", None, marker, comment, team)


def _check_title(row: Row, title: str, rubric: Rubric) -> None:
    """A column that is nearly a criterion was meant as one, and must not be passed over."""
    names = [name for c in rubric.criteria for name in (c.id, c.title.zh, c.title.en)]
    near = difflib.get_close_matches(title, names, n=1, cutoff=0.75)
    if near and rubric.criterion(title) is None:
        raise row.wrong(title, "is not a criterion of the rubric", f"Did you mean {near[0]!r}?")


def _entry(
    row: Row, column: str, criterion: Criterion, subject: _Subject, comment: str
) -> CriterionScore:
    """A cell is the name of a level, or points up to the weight of the criterion."""
    text = row.get(column)
    level = criterion.level(text) if text else None
    if level is None and text[:1].isalpha():
        names = [v.id for v in criterion.levels]
        remedy = guess(text, names) or f"Levels: {', '.join(names) or 'none; write points'}"
        raise row.wrong(column, f"{criterion.id!r} has no level {text!r}", remedy)
    points = None if level else number_of(row, column, criterion.weight)
    name, team, marker = subject.name, subject.team, subject.marker
    return CriterionScore(
        name, criterion.id, level.id if level else "", points, marker, comment, team
    )


def _team(row: Row, teams: Collection[str]) -> str:
    name = row.get("team")
    if name not in teams:
        remedy = guess(name, teams) or "Say who is in it with `grader record teams FILE` first"
        raise row.wrong("team", f"there is no team {name!r}", remedy)
    return name


def _adjustment(row: Row) -> Decimal:
    text = row.get("adjustment").replace("−", "-").lstrip("+")
    try:
        value = Decimal(text or "0")
        if not value.is_finite() or abs(value) > _LIMIT:
            raise InvalidOperation
    except InvalidOperation:
        remedy = "Write a number from -100 to 100"
        raise row.wrong("adjustment", f"{text!r} is no adjustment", remedy) from None
    return value
