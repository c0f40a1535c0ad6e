"""What students get of the reports: a bundle each, and addresses that nobody can guess.

Everything here is made from report pages that `grader.feedback` has written. What goes to one
student is taken from that student's pages and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from grader import page
from grader.course import Assignment, Course
from grader.errors import UsageError
from grader.feedback import Report, folder_name, write_page
from grader.filled import Filled, write_table
from grader.records import Student
from grader.scoring import AssignmentScore
from grader.standing import Standing

LETTERS = 32
"""Of an address: 160 bits."""
_PURPOSE = b"address of a student's reports\0"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""A zip of the same pages is the same file."""

Pages = Mapping[str, bytes]
"""What one student gets: content by address inside the folder."""
Told = Callable[[str], None]


def _nothing(_: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Shown:
    """One homework on the page that a student starts from."""

    assignment: Assignment
    score: AssignmentScore | None
    addresses: tuple[tuple[str, str], ...]
    """(language, address) of the report."""


def token(secret: bytes, student: str) -> str:
    """The name of a student's folder when it is published: stable, and useless for guessing.

    Args:
        secret: the course secret; another one gives every student another name.
        student: the student number.
    """
    digest = hmac.digest(secret, _PURPOSE + student.encode("utf-8", "replace"), hashlib.sha256)
    return base64.b32encode(digest).decode().lower()[:LETTERS]


def write_bundles(
    course: Course, reports: Iterable[Report], lines: Sequence[Standing], folder: Path, told: Told
) -> int:
    """Write `STUDENT.zip` for every student with a report, with a page to start from.

    Returns:
        How many there are.

    Raises:
        GraderError: one cannot be written.
    """
    number = 0
    for student, pages in _by_student(course, reports, lines):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(pages):
                entry = zipfile.ZipInfo(name, _LONG_AGO)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, pages[name])
        write_page(folder / f"{folder_name(student.id)}.zip", made.getvalue())
        number += 1
        told(student.id)
    return number


def write_published(
    course: Course,
    reports: Iterable[Report],
    lines: Sequence[Standing],
    folder: Path,
    *,
    secret: bytes,
    table: Path,
    address: str = "",
    told: Told = _nothing,
) -> int:
    """Copy every student's pages into a folder to be published, under names nobody can guess.

    Args:
        course: its title.
        reports: what `write_feedback` has written.
        lines: the students.
        folder: gets `TOKEN/index.html` and `TOKEN/ASSIGNMENT/LANGUAGE.html`, and a first page that
            leads nowhere.
        secret: the course secret.
        table: a CSV file that says whose folder is which; not to be published.
        address: where the folder will be served; the table then holds whole addresses.
        told: called with each student.

    Returns:
        How many students there are.

    Raises:
        UsageError: the table would be published as well.
        GraderError: a page cannot be written.
    """
    if table.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"{folder} holds what is for instructors only",
            "Name a folder of its own for what is published",
        )
    rows = []
    base = address.rstrip("/") + "/" if address else ""
    for student, pages in _by_student(course, reports, lines):
        name = token(secret, student.id)
        for place, content in pages.items():
            write_page(folder / name / place, content)
        rows.append((student.id, student.name, student.email, f"{base}{name}/"))
        told(student.id)
    closed = page.html("closed.html", course.languages[0], course=course)
    write_page(folder / "index.html", closed.encode())
    write_page(folder / "robots.txt", b"User-agent: *\nDisallow: /\n")
    write_table(Filled([("student", "name", "email", "address"), *rows]), table)
    return len(rows)


def _by_student(
    course: Course, reports: Iterable[Report], lines: Sequence[Standing]
) -> Iterable[tuple[Student, Pages]]:
    """Each student with the pages of that student, one student after the other."""
    known = {line.student.id: line for line in lines}
    theirs: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        theirs[report.student].append(report)
    for number in sorted(theirs):
        line = known.get(number)
        student = line.student if line else Student(number)
        pages = {
            f"{report.assignment.id}/{path.name}": path.read_bytes()
            for report in theirs[number]
            for path in report.pages.values()
        }
        yield student, pages | _start(course, student, line, theirs[number])


def _start(
    course: Course, student: Student, line: Standing | None, reports: Sequence[Report]
) -> dict[str, bytes]:
    """The page from which a student finds the reports, in every language."""
    languages = tuple(dict.fromkeys(code for report in reports for code in report.pages))
    names = {code: f"index.{code}.html" if i else "index.html" for i, code in enumerate(languages)}
    made = {}
    for language, name in names.items():
        shown = [
            Shown(
                report.assignment,
                line.score(report.assignment.id) if line else None,
                tuple(
                    (code, f"{quote(report.assignment.id)}/{path.name}")
                    for code, path in report.pages.items()
                ),
            )
            for report in reports
        ]
        links = [(code, other) for code, other in names.items() if code != language]
        text = page.html(
            "start.html", language, course=course, student=student, shown=shown, links=links
        )
        made[name] = text.encode()
    return made
