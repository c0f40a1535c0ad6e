"""Whose is it? Finds the student of a roster by number, e-mail, account or name; never guesses.

What leads to two students leads to nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import ConfigError
from grader.records import Student
from grader.sheet import read_cells

_ACCOUNTS = ("id", "identifier", "标识符", "编号", "github_id")
"""Headers of columns that hold numbers of a platform, unless these are student numbers."""
_PEOPLE = (
    *("sis user id", "sis login id", "student", "student id", "student number", "id number"),
    *("email", "email address", "login id", "username", "学号", "邮箱", "电子邮件地址"),
    *("github_username", "github username", "github", "identifier", "id", "roster_identifier"),
    *("name", "full name", "姓名", "全名"),
)
"""Headers that may say who it is, the surest first."""


@dataclass
class Whose:
    """The people of a course, by everything that they are called.

    Args:
        students: the roster.
        tail: whether an account may stand at the end of a longer name, as in `gd-zhang`.
    """

    students: Iterable[Student]
    tail: bool = False
    _called: dict[str, set[str]] = field(default_factory=dict)
    _named: dict[str, set[str]] = field(default_factory=dict)
    _accounts: dict[str, set[str]] = field(default_factory=dict)
    _numbers: dict[str, str] = field(default_factory=dict)
    _github: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for student in self.students:
            self._numbers[student.id.casefold()] = student.id
            self._call(student.id, student.id)
            for text in (student.email, student.email.partition("@")[0]):
                self._call(text, student.id)
            self._account(student.github, student.id)
            for form in name_forms(student.name):
                self._named.setdefault(form, set()).add(student.id)

    def find(self, text: str, account: str = "", *, is_name: bool = False) -> str | None:
        """The student number; None: nobody, or more than one.

        Args:
            text: a number, an e-mail address, an account or a name, perhaps with more around it.
            account: the number that a platform knows the person by.
            is_name: whether the text is a name; accounts are then not looked at.
        """
        if account and (found := _only(self._accounts.get(account))):
            return found
        exact = unicodedata.normalize("NFKC", text).strip().casefold()
        if exact in self._numbers:
            return self._numbers[exact]
        if not is_name and (found := _only(self._called.get(exact))):
            return found
        if self.tail and not is_name and (found := self._by_tail(exact)):
            return found
        if found := self._by_number_inside(exact):
            return found
        return _only(self._named.get(_plain(exact)))

    def learn(self, path: Path) -> int:
        """Read whose accounts are whose; returns how many rows led to a student.

        A Canvas gradebook, a Moodle grading worksheet and the roster of a GitHub classroom are
        understood, and any table with a column that says who it is.

        Raises:
            ConfigError: it is no such table.
        """
        rows = read_cells(path)
        header = [cell.casefold() for cell in rows[0][1]] if rows else []
        who = [header.index(name) for name in _PEOPLE if name in header]
        if not who or len(rows) < 2:
            problem = "no column says who somebody is"
            raise ConfigError(path, "row 1", problem, f"Name one of: {', '.join(_PEOPLE[:6])}")
        learnt = 0
        for _, cells in rows[1:]:
            line = dict(enumerate(cells))
            student = next((s for i in who if (s := self.find(line.get(i, "")))), None)
            if student is None:
                continue
            learnt += 1
            for i, name in enumerate(header):
                value = line.get(i, "")
                if name in _ACCOUNTS and value:
                    self._accounts.setdefault(value.split()[-1], set()).add(student)
                elif name.startswith("github") and value:
                    self._account(value, student)
                elif i in who and name not in ("name", "full name", "姓名", "全名"):
                    self._call(value, student)
                elif name in ("full name", "student", "name", "全名", "姓名"):
                    for form in name_forms(value):
                        self._named.setdefault(form, set()).add(student)
        return learnt

    def _call(self, text: str, student: str) -> None:
        if text:
            self._called.setdefault(text.casefold(), set()).add(student)

    def _account(self, account: str, student: str) -> None:
        self._call(account, student)
        if account:
            self._github[account.casefold()] = student

    def _by_tail(self, text: str) -> str | None:
        """The longest account that ends the name of a clone."""
        ends = [a for a in self._github if text.endswith(f"-{a}")]
        return self._github[max(ends, key=len)] if ends else None

    def _by_number_inside(self, text: str) -> str | None:
        """The one student number that stands in it, with no letter or digit beside it."""
        words = {text[i:j] for i, j in _spans(text)}
        return _only({self._numbers[w] for w in words if w in self._numbers})


def name_forms(name: str) -> set[str]:
    """How a name may be written: 张三, zhangsan for Zhang San, and for San Zhang."""
    words = [w for w in re.split(r"[\s,，·]+", name) if w]
    turned = [[*words[k:], *words[:k]] for k in range(len(words))] or [[]]
    return {_plain("".join(order)) for order in turned} - {""}


def _spans(text: str) -> Iterable[tuple[int, int]]:
    """Every stretch between two places where a word may begin or end."""
    starts = [m.start() for m in re.finditer(r"(?<![0-9A-Za-z])[0-9A-Za-z]", text)]
    ends = [m.end() for m in re.finditer(r"[0-9A-Za-z](?![0-9A-Za-z])", text)]
    return ((i, j) for i in starts[:12] for j in ends[:12] if i < j)


def _plain(text: str) -> str:
    # Composed: macOS writes é into archives as e and an accent of its own.
    composed = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in composed if c.isalnum())


def _only(found: set[str] | None) -> str | None:
    return next(iter(found)) if found and len(found) == 1 else None
