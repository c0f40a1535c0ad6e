"""`grader collect`: takes in what students handed in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from grader.cli.place import Place, pass_place
from grader.cli.table import count, echo_json, echo_table, json_option
from grader.config import load_assignment
from grader.course import Course
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.attempts import Taken
    from grader.gradebook import Gradebook
    from grader.sorting import Collection

_LAYOUTS = ["folder", "canvas", "moodle", "classroom", "flat"]


@click.command()
@click.argument("assignment", metavar="ID")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--from", "layout", type=click.Choice(_LAYOUTS), help="How it lies [recognised].")
@click.option(
    "--roster",
    "rosters",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="Whose accounts are whose: a Canvas gradebook, a Moodle grading worksheet, "
    "classroom_roster.csv.",
)
@click.option(
    "--times",
    type=click.Path(path_type=Path, dir_okay=False),
    help="When students handed in: a table with a student and a time (提交时间).",
)
@click.option("--timezone", help="Where the clock of an archive or table stood [the deadline's].")
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@json_option
@pass_place
def collect(
    place: Place,
    assignment: str,
    path: Path,
    layout: str | None,
    rosters: tuple[Path, ...],
    times: Path | None,
    timezone: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take in submissions: a folder, or a zip, tar or tar.gz that a platform hands out.

    \b
    folder     2026001/gd.ipynb, attempts in 2026001/1/ and 2026001/2/
    canvas     zhangsan_12345_67890_gd-1.ipynb, zhangsan_LATE_12345_67890_gd.ipynb
    moodle     Zhang San_12345_assignsubmission_file_/gd.ipynb
    classroom  clones such as gd-zhangsan/, with classroom_roster.csv among them
    flat       2026001_gd.ipynb

    Who it is, the roster of the gradebook says: by number, e-mail, GitHub name or name. A name
    that two students have leads to nobody. Each notebook becomes an attempt in
    submissions/ID/STUDENT/; the same file again does not. When it was handed in comes from
    --times, from git, or from the dates inside the archive; dates that all are the moment of a
    download are passed over. Archives are never unpacked under their own names.

    \b
    Examples:
      grader collect gd submissions.zip --dry-run
      grader collect gd submissions.zip --roster canvas-grades.csv
      grader collect gd moodle.zip --times grading-worksheet.csv
      grader collect gd gd-submissions/ --json
    """
    from grader.arrivals import Spool
    from grader.collect import look, take_in
    from grader.moments import read_times
    from grader.whose import Whose

    course = place.course
    what = load_assignment(course, assignment)
    zone = _zone(course, assignment, timezone)
    with _spool(course) as spooled, _gradebook(place, spooled, dry_run) as book:
        whose = Whose(book.students(), tail=layout == "classroom")
        beside = [p for n in ("classroom_roster.csv",) if (p := path / n).is_file()]
        for table in (*beside, *rosters):
            whose.learn(table)
        known = read_times(times, whose.find, zone) if times else {}
        spool = Spool(spooled, zone)
        spool.take(path)
        found = look(course, what, spool, path, book, whose, named=layout, times=known)
        if not dry_run:
            take_in(found, course, book)
    if as_json:
        echo_json(_json(found, dry_run))
    else:
        _echo(found, dry_run)


@contextmanager
def _spool(course: Course) -> Iterator[Path]:
    """A folder on the disk of the course, gone afterwards."""
    made = not course.private.exists()
    course.private.mkdir(mode=0o700, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="collect-", dir=course.private) as folder:
            yield Path(folder)
    finally:
        if made:
            with suppress(OSError):  # somebody else has put something there
                course.private.rmdir()


@contextmanager
def _gradebook(place: Place, spooled: Path, dry_run: bool) -> Iterator[Gradebook]:
    """That of the course; a dry run makes none, and looks at an empty one instead."""
    if dry_run and not place.course.gradebook.exists():
        from grader.gradebook import Gradebook

        with Gradebook(spooled / "gradebook.db") as empty:
            yield empty
        return
    with place.gradebook() as book:
        yield book


def _zone(course: Course, assignment: str, named: str | None) -> tzinfo:
    """Where the clock stood: as said, as in the deadline, or here."""
    if named is not None:
        try:
            return ZoneInfo(named)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            problem = f"there is no time zone {named!r}"
            raise UsageError(problem, "Name one such as Asia/Shanghai") from None
    due = next((a.due for a in course.assignments if a.id == assignment), None)
    zone = due.tzinfo if due else datetime.now().astimezone().tzinfo
    return zone or UTC


def _echo(found: Collection, dry_run: bool) -> None:
    rows = [_line(taken) for taken in found.new]
    if rows:
        echo_table(("student", "attempt", "handed in", "file", "note"), rows, right={"attempt"})
        click.echo()
    done = "would be new" if dry_run else "new"
    click.echo(
        f"{found.assignment}: {len(found.new)} {done}, {len(found.unchanged)} as before, "
        f"{len(found.missing)} missing ({found.source})"
    )
    for what, lines in _findings(found).items():
        if lines:
            click.echo(f"\n{what}:")
            for line in lines:
                click.echo(f"  {line}")
    if found.strangers:
        click.echo("\nAdd who is not on the roster with `grader record roster`, and collect again")


def _findings(found: Collection) -> dict[str, list[str]]:
    return {
        "missing": [f"{s.id} {s.name}".rstrip() for s in found.missing],
        "handed in more than once": [
            f"{t.student}: {count(t.attempts, 'attempt')}" for t in found.twice
        ],
        "not on the roster": [f"{r.name}: {r.reason}" for r in found.strangers],
        "the same code": [", ".join(a.students) for a in found.alike],
        "refused": [f"{r.name}: {r.reason}" for r in found.refused],
        "left out": [f"{r.name}: {r.reason}" for r in found.left_out],
    }


def _line(taken: Taken) -> tuple[str, str, str, str, str]:
    entry = taken.entry
    when = entry.submitted_at.isoformat(" ", "minutes") if entry.submitted_at else "-"
    return entry.student, str(entry.attempt), when, entry.file_name, entry.note


def _json(found: Collection, dry_run: bool) -> dict[str, Any]:
    return {
        "assignment": found.assignment,
        "source": found.source,
        "dry_run": dry_run,
        "new": [_entry(t) for t in found.new],
        "unchanged": [_entry(t) for t in found.unchanged],
        "missing": [s.id for s in found.missing],
        "twice": {t.student: t.attempts for t in found.twice},
        "strangers": [{"file": r.name, "owner": r.reason} for r in found.strangers],
        "alike": [a.students for a in found.alike],
        "refused": [{"file": r.name, "reason": r.reason} for r in found.refused],
        "left_out": [{"file": r.name, "reason": r.reason} for r in found.left_out],
    }


def _entry(taken: Taken) -> dict[str, Any]:
    entry = taken.entry
    return {
        "student": entry.student,
        "attempt": entry.attempt,
        "submitted_at": entry.submitted_at.isoformat() if entry.submitted_at else None,
        "file": entry.file_name,
        "sha256": entry.sha256,
        "note": entry.note,
    }
