"""Reads points in time as platforms and people write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from pathlib import Path

from grader.heading import read_rows

_FORMS = (
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"),
    *("%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%d %B %Y, %I:%M %p", "%d %B %Y, %H:%M"),
    *("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d"),
)
_WEEKDAY = re.compile(r"^(\w+day,?\s+|星期.[,，]?\s*)|(星期|周)[一二三四五六日天][,，]?\s*")
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")


def moment(text: str, zone: tzinfo) -> datetime | None:
    """An aware datetime; None: not understood. Without a zone, it is that of `zone`."""
    text = _WEEKDAY.sub("", " ".join(text.split()))
    found: datetime | None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = next((d for form in _FORMS if (d := _parsed(text, form))), None)
    if found is None:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def day(text: str) -> tuple[date, str] | None:
    """A date at the start of a text, and what follows it; None: there is none."""
    found = _DATE.match(text.strip())
    if found is None:
        return None
    try:
        year, month, number = (int(part) for part in found.groups())
        return date(year, month, number), text.strip()[found.end() :].strip(" ()（）_")
    except ValueError:
        return None


def read_times(
    path: Path, find: Callable[[str, str], str | None], zone: tzinfo
) -> dict[str, datetime]:
    """When students handed in, from a table of a platform or of ours.

    Args:
        path: has a column with the time and one or more that say who it was.
        find: the student behind a text and a platform's number; None: nobody.
        zone: where the clock of the table stood, if it does not say.

    Raises:
        ConfigError: the table is wrong; names file, row, column and remedy.
    """
    who = ("student", "email", "github", "name", "account")
    times: dict[str, datetime] = {}
    for row in read_rows(path, ("submitted",), who):
        if not set(who) & set(row.headers):
            remedy = "Name one of them student, email, name or identifier"
            raise row.wrong("student", "no column says who it was", remedy)
        texts = [row.get(column) for column in who]
        account = row.get("account").split()[-1:] or [""]
        student = next((s for t in texts if t and (s := find(t, account[0]))), None)
        said = row.get("submitted")
        if student is None or said in ("", "-"):
            continue
        when = moment(said, zone)
        if when is None:
            remedy = "Write it as 2026-10-09 23:59"
            raise row.wrong("submitted", f"{said!r} is no time that is understood", remedy)
        if times.setdefault(student, when) != when:
            problem = f"{student} has a second time, {said}"
            raise row.wrong("submitted", problem, "Keep one of the rows")
    return times


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  the zone is added by the caller
    except ValueError:
        return None
