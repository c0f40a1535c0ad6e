"""Finds columns under the headers that people write, and says which row and column is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import ConfigError
from grader.sheet import Line, read_cells

ALIASES: dict[str, tuple[str, ...]] = {
    "student": ("student", "student id", "student number", "id", "学号", "学生学号"),
    "name": ("name", "full name", "姓名", "名字", "学生姓名"),
    "score": ("score", "grade", "分数", "成绩", "得分", "总分"),
    "comment": ("comment", "comments", "remark", "评语", "备注", "说明"),
    "question": ("question", "题号", "题目", "问题"),
    "points": ("points", "mark", "marks", "分数", "得分", "成绩"),
    "marker": ("marker", "grader", "marked by", "评分人", "批改人", "助教"),
    "attempt": ("attempt", "提交", "第几次提交"),
    "email": ("email", "e-mail", "mail", "email address", "邮箱", "电子邮件", "电子邮箱"),
    "section": ("section", "class", "group", "班级", "班", "教学班"),
    "github": (
        *("github", "github name", "github username", "github_username"),
        *("github 用户名", "github用户名", "github账号", "github 账号"),
    ),
    "date": ("date", "日期", "时间", "上课日期"),
    "label": ("label", "session", "课次", "场次", "标签"),
    "attendance": ("attendance", "status", "present", "出勤", "考勤", "出勤情况"),
    "answers": ("answers", "answer", "count", "提问", "回答", "回答次数", "发言"),
    "quiz": ("quiz", "score", "points", "grade", "测验", "小测", "成绩", "分数", "得分"),
    "maximum": ("maximum", "max", "out of", "满分"),
    "criterion": ("criterion", "criteria", "指标", "评分项", "标准"),
    "level": ("level", "等级", "档次", "水平"),
    "team": ("team", "group", "小组", "组", "组别", "组号", "队伍"),
    "adjustment": ("adjustment", "adjust", "调整", "个人调整", "加减分"),
    "reason": ("reason", "why", "原因", "理由"),
    "submitted": (
        *("submitted", "submitted at", "submission time", "submission_timestamp"),
        *("last modified (submission)", "提交时间", "最后修改时间", "最后修改（提交）"),
    ),
    "account": ("identifier", "标识符", "编号"),
}
"""The headers that are understood for each column; case and surrounding blanks do not matter."""


@dataclass(frozen=True)
class Row:
    """One record of a table, with what is needed to complain about it."""

    path: Path
    number: int
    headers: Mapping[str, str]
    cells: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)
    """What stands under headers that are none of ours, by header."""

    def get(self, column: str) -> str:
        """The text of a cell; empty where the table has no such column."""
        return self.cells.get(column, "")

    def wrong(self, column: str, problem: str, remedy: str) -> ConfigError:
        """What to raise about a cell."""
        where = f"row {self.number}, column {self.headers.get(column, column)!r}"
        return ConfigError(self.path, where, problem, remedy)


def read_rows(
    path: Path, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[Row]:
    """The records of a table.

    Args:
        path: a CSV file or a workbook.
        required: columns that must be there, as keys of `ALIASES`.
        optional: columns that may be there.

    Raises:
        ConfigError: a required column is missing, or nearly an optional one; a row is too long.
    """
    filled = read_cells(path)
    if len(filled) < 2:
        problem = "has a header and no rows" if filled else "is empty"
        raise ConfigError(path, "", problem, f"Write one row per student: {', '.join(required)}")
    header = filled[0][1]
    places = _columns(path, filled[0], required, optional)
    headers = {column: header[i] for column, i in places.items()}
    rest = {i: title for i, title in enumerate(header) if title and i not in places.values()}
    for n, cells in filled[1:]:
        if len(cells) > len(header) and any(cells[len(header) :]):
            problem = f"has {len(cells)} cells, the header has {len(header)}"
            raise ConfigError(path, f"row {n}", problem, "Put text that holds commas in quotes")
        values = {column: cells[i] for column, i in places.items() if i < len(cells)}
        others = {title: cells[i] for i, title in rest.items() if i < len(cells)}
        yield Row(path, n, headers, values, others)


def guess(text: str, known: Collection[str]) -> str:
    """What was perhaps meant, as a question; empty when nothing is near."""
    close = difflib.get_close_matches(text, list(known), n=1)
    return f"Did you mean {close[0]!r}?" if close else ""


def _columns(
    path: Path, line: Line, required: tuple[str, ...], optional: tuple[str, ...]
) -> dict[str, int]:
    """Where each column is; columns that are none of ours are ignored unless nearly ours."""
    number, header = line
    places: dict[str, int] = {}
    where = f"row {number}"
    for column in (*required, *optional):
        hits = [i for i, title in enumerate(header) if title.casefold() in ALIASES[column]]
        hits = [i for i in hits if i not in places.values()]
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
            told = f"Is it {strays[near[0]]!r}? Rename it" if near else "Name the column"
            problem = f"has no column {column!r}"
            raise ConfigError(path, where, problem, f"{told} to one of: {', '.join(names)}")
    return places
