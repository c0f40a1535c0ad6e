"""What students get: bundles, and addresses that nobody can guess; and the folder behind it."""

import csv
import io
import os
import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import PurePosixPath

import pytest

from grader import site
from grader.entries import Comment, Override, Scope
from grader.errors import UsageError
from grader.feedback import folder_name, write_course, write_feedback
from grader.gradebook import Gradebook
from grader.progress import counting
from grader.records import MarkRow, ScoreRow, Student
from grader.report import student_report
from grader.standing import standings
from tests.harmless import Reader, assert_harmless
from tests.poison import PAYLOADS, poisoned
from tests.reported import COURSE, GD

SECRET = b"s" * 32
PEOPLE = tuple(f"20260{n}" for n in (1, 2, 3))


def canary(student):
    """A word that stands in everything that is known of a student, and nowhere else."""
    return f"canary{student}x"


def of(student):
    """A result with the student's canary in every text of it."""
    given = poisoned(canary(student))
    return replace(given, student=student)


@pytest.fixture
def written(tmp_path):
    """The reports of three students whose every text is their own."""
    with Gradebook(tmp_path / "g.db") as book:
        book.put_students(
            [Student(s, f"{canary(s)} name", f"{canary(s)}@x.cn", canary(s)) for s in PEOPLE]
        )
        book.add_marks("gd", [MarkRow(s, "w1", Decimal(3), canary(s), canary(s)) for s in PEOPLE])
        book.add_participation([ScoreRow(s, Decimal(80), canary(s)) for s in PEOPLE])
        for s in PEOPLE:
            book.add_comments([Comment(s, "gd", "1", canary(s), canary(s))])
            decided = Override(s, "gd", Scope.CHECK, "1b", Decimal(1), canary(s), canary(s))
            book.add_overrides([decided])
            book.add_result(of(s))
        lines = standings(COURSE, {"gd": GD}, book)
        done = write_feedback(COURSE, GD, book, tmp_path / "out", lines=lines)
    return tmp_path, done, lines


def unpacked(path):
    """Everything in a zip as one text: names, contents, and the bytes between them."""
    with zipfile.ZipFile(path) as archive:
        texts = [
            f"{i.filename} {i.comment!r} {archive.read(i).decode()}" for i in archive.infolist()
        ]
    return "\n".join(texts) + path.read_bytes().decode("latin-1")


def others(student):
    return [word for s in PEOPLE if s != student for word in (canary(s), s)]


def test_a_bundle_holds_nothing_of_anybody_else(written):
    folder, done, lines = written
    assert site.write_bundles(COURSE, done.reports, lines, folder / "zips", lambda _: None) == 3
    made = sorted((folder / "zips").iterdir())
    assert [p.name for p in made] == [f"{s}.zip" for s in PEOPLE]
    for path, student in zip(made, PEOPLE, strict=True):
        text = unpacked(path)
        assert text.count(canary(student)) > 100
        assert [word for word in others(student) if word in text] == []


def test_what_is_published_of_a_student_is_that_student_alone(written):
    folder, done, lines = written
    publish(folder / "public", done, lines)
    for student in PEOPLE:
        home = folder / "public" / site.token(SECRET, student)
        text = "".join(p.read_text(encoding="utf-8") for p in home.rglob("*.html"))
        assert canary(student) in text
        assert [word for word in others(student) if word in text] == []


def publish(target, done, lines, secret=SECRET, **more):
    table = target.parent / "published.csv"
    return site.write_published(
        COURSE, done.reports, lines, target, secret=secret, table=table, **more
    )


def test_a_bundle_opens_at_its_first_page(written):
    folder, done, lines = written
    site.write_bundles(COURSE, done.reports, lines, folder / "zips", lambda _: None)
    with zipfile.ZipFile(folder / "zips" / f"{PEOPLE[0]}.zip") as archive:
        assert set(archive.namelist()) == {
            "index.html",
            "index.en.html",
            "gd/zh.html",
            "gd/en.html",
        }
        for name in archive.namelist():
            html = archive.read(name).decode()
            assert_harmless(html)
            for target in links(html):
                assert str(PurePosixPath(name).parent / target) in archive.namelist()


def links(html):
    found = Reader(html).attributes
    return [v for tag, name, v in found if (tag, name) == ("a", "href") and not v.startswith("#")]


def test_every_link_of_the_folder_leads_somewhere(written):
    folder, _, lines = written
    write_course(COURSE, {"gd": GD}, lines, folder / "out")
    seen, todo = set(), [(folder / "out" / "index.html").resolve()]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        todo += [(path.parent / target).resolve() for target in links(path.read_text("utf-8"))]
    assert seen == {p.resolve() for p in (folder / "out").rglob("*.html")}


def test_no_name_makes_a_page_act(tmp_path):
    with Gradebook(tmp_path / "g.db") as book:
        for n, payload in enumerate(PAYLOADS.values()):
            book.put_students([Student(f"s{n}", payload, payload)])
            book.add_result(replace(poisoned(payload), student=f"s{n}"))
        lines = standings(COURSE, {"gd": GD}, book)
        done = write_feedback(COURSE, GD, book, tmp_path / "out", ("en",), lines=lines)
    write_course(COURSE, {"gd": GD}, lines, tmp_path / "out", ("en",))
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert_harmless(index, scripts=1)
    publish(tmp_path / "public", done, lines)
    pages = list((tmp_path / "public").rglob("index.html"))
    assert len(pages) == len(PAYLOADS) + 1
    for path in pages:
        assert_harmless(path.read_text(encoding="utf-8"))


# -- names ---------------------------------------------------------------------------------


def test_a_name_is_stable_long_and_says_nothing():
    name = site.token(SECRET, "2026001")
    assert name == site.token(SECRET, "2026001")
    assert re.fullmatch(r"[a-z2-7]{32}", name)
    assert name != site.token(b"t" * 32, "2026001")
    assert len({site.token(SECRET, f"2026{n:03}") for n in range(500)}) == 500


def test_a_name_does_not_change_with_the_version():
    """Addresses that were given out stay good."""
    assert site.token(bytes(32), "2026001") == "lf6bbf6fvwqseikiyzrifcu7aounmh2f"


def test_no_path_of_what_is_published_tells_who_it_is(written):
    folder, done, lines = written
    assert publish(folder / "public", done, lines) == 3
    paths = [p.relative_to(folder / "public").as_posix() for p in (folder / "public").rglob("*")]
    assert not [p for p in paths if any(s in p for s in PEOPLE) or "class" in p]
    closed = (folder / "public" / "index.html").read_text(encoding="utf-8")
    assert links(closed) == []
    for student in PEOPLE:
        assert site.token(SECRET, student) not in closed
        assert canary(student) not in closed
    assert "Disallow: /" in (folder / "public" / "robots.txt").read_text()


def test_the_instructor_knows_whose_is_which(written):
    folder, done, lines = written
    publish(folder / "public", done, lines, address="https://course.example/r")
    rows = list(csv.DictReader((folder / "published.csv").read_text("utf-8-sig").splitlines()))
    assert [row["student"] for row in rows] == list(PEOPLE)
    for row in rows:
        name = site.token(SECRET, row["student"])
        assert row["address"] == f"https://course.example/r/{name}/"
        assert (folder / "public" / name / "index.html").is_file()
        assert row["email"] == f"{canary(row['student'])}@x.cn"


def test_the_table_is_never_published(written):
    folder, done, lines = written
    for target in folder / "out", folder:
        with pytest.raises(UsageError, match="instructors only"):
            site.write_published(
                COURSE,
                done.reports,
                lines,
                target,
                secret=SECRET,
                table=folder / "out" / "published.csv",
            )


# -- again ---------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_written_again(written):
    folder, done, lines = written

    def everything():
        with Gradebook(folder / "g.db") as book:
            write_feedback(COURSE, GD, book, folder / "out", lines=lines)
        write_course(COURSE, {"gd": GD}, lines, folder / "out")
        site.write_bundles(COURSE, done.reports, lines, folder / "out" / "zips", lambda _: None)
        site.write_published(
            COURSE,
            done.reports,
            lines,
            folder / "public",
            secret=SECRET,
            table=folder / "out" / "published.csv",
        )
        pages = [*(folder / "out").rglob("*.*"), *(folder / "public").rglob("*.*")]
        return {p: p.stat().st_mtime_ns for p in pages if p.suffix != ".csv"}

    first = everything()
    for path in first:
        os.utime(path, ns=(1, 1))
    assert set(everything().values()) == {1}
    changed = folder / "out" / "gd" / "students" / PEOPLE[0] / "zh.html"
    changed.write_text("somebody else wrote this")
    os.utime(changed, ns=(1, 1))
    assert [p for p, date in everything().items() if date != 1] == [changed]
    assert canary(PEOPLE[0]) in changed.read_text(encoding="utf-8")


def test_folder_names_are_never_shared():
    numbers = ["a/b", "a%2Fb", "a%252Fb", ".a", "%2Ea", "A", "a", "a b", "a%20b", "..", "%2E."]
    assert len({folder_name(n) for n in numbers}) == len(numbers)


def test_long_work_says_how_far_it_is():
    said = io.StringIO()
    with counting("reports", 250, said) as told:
        for n in range(250):
            told(n)
    assert said.getvalue().splitlines() == ["reports: 100 of 250", "reports: 200 of 250"]


def test_a_report_is_made_of_its_own_result(written):
    """The canaries do stand in what the pages are made from."""
    report = student_report(of(PEOPLE[0]), GD, COURSE)
    assert canary(PEOPLE[0]) in repr(report)
    assert not any(word in repr(report) for word in others(PEOPLE[0]))
