"""What people decide is kept, the newest counts, and the log of it cannot be rewritten."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from grader.entries import (
    AuditEntry,
    Collected,
    Comment,
    CriterionScore,
    Extension,
    Membership,
    Override,
    Scope,
    SessionRecord,
)
from grader.gradebook import Gradebook, schema
from grader.records import MarkRow, ScoreRow, Student

NOW = datetime(2026, 10, 9, 12, tzinfo=UTC)


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "gradebook.db") as opened:
        yield opened


def said(book, **which):
    return [(e.who, e.action, e.student, e.assignment, e.what, e.why) for e in book.audit(**which)]


def test_every_decision_is_logged_from_what_to_what(book):
    book.add_marks("gd", [MarkRow("s1", "w1", Decimal(3), "short")], by="Li")
    book.add_marks("gd", [MarkRow("s1", "w1", Decimal("4.5"), "short")], by="Wang")
    override = Override("s1", "gd", Scope.CHECK, "1a", Decimal(4), "our typo", "Zhao")
    book.add_overrides([override])
    book.add_extensions([Extension("s2", "gd", hours=Decimal(48), reason="ill", author="Li")])
    book.put_students([Student("s1", "张三")], author="Li", reason="class.csv")
    assert said(book) == [
        ("Li", "mark", "s1", "gd", "w1: points 3, comment short", ""),
        ("Wang", "mark", "s1", "gd", "w1: points 3 → 4.5", ""),
        ("Zhao", "override", "s1", "gd", "check 1a: points 4", "our typo"),
        ("Li", "extend", "s2", "gd", "hours 48", "ill"),
        ("Li", "roster", "s1", "", "name nothing → 张三", "class.csv"),
    ]
    assert [line[0] for line in said(book, student="s2")] == ["Li"]
    assert all(e.at.tzinfo for e in book.audit())


def test_what_is_not_news_is_not_logged(book):
    for _ in range(2):
        book.add_project([ScoreRow("s1", Decimal(80))], by="Li")
    assert len(book.audit()) == 1


def test_nobody_named_is_whoever_is_logged_in(book, monkeypatch):
    monkeypatch.setenv("LOGNAME", "liwei")
    book.add_project([ScoreRow("s1", Decimal(80))])
    assert book.audit()[0].who == "liwei"


@pytest.mark.parametrize("table", [t.name for t in schema.KEPT])
@pytest.mark.parametrize("deed", ["UPDATE {} SET id = 9", "DELETE FROM {}"])
def test_nothing_rewrites_what_is_kept(book, tmp_path, table, deed):
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as raw:
        columns = raw.execute(f"PRAGMA table_info({table})").fetchall()
        ones = ", ".join("1" for _ in columns)
        raw.execute(f"INSERT INTO {table} VALUES ({ones})")  # noqa: S608  (our own names)
        with pytest.raises(sqlite3.IntegrityError, match="kept for good"):
            raw.execute(deed.format(table))


def test_who_goes_around_the_guards_is_found_out(book, tmp_path):
    for n in range(4):
        book.note([AuditEntry("Li", "regrade", f"round {n}", assignment="gd")])
    assert book.audit_broken_at() is None
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as raw, raw:
        raw.execute("DROP TRIGGER audit_no_UPDATE")
        raw.execute("UPDATE audit SET who = 'Wang' WHERE id = 3")
    assert book.audit_broken_at() == 3


def test_a_missing_line_is_found_out(book, tmp_path):
    for n in range(4):
        book.note([AuditEntry("Li", "regrade", f"round {n}")])
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as raw, raw:
        raw.execute("DROP TRIGGER audit_no_DELETE")
        raw.execute("DELETE FROM audit WHERE id = 2")
    assert book.audit_broken_at() == 2


def test_withdrawn_is_gone_and_still_known(book):
    given = Override("s1", "gd", Scope.TOTAL, "", Decimal(80), "agreed", "Li")
    book.add_overrides([given])
    (kept,) = book.overrides("gd", "s1")
    assert (kept.scope, kept.points) == (Scope.TOTAL, 80)
    book.add_overrides([Override("s1", "gd", Scope.TOTAL, "", None, "mistake", "Li")])
    assert book.overrides() == ()
    assert said(book)[-1][4] == "total: points 80 → nothing"


def test_sessions_rubrics_teams_and_hand_ins_come_back(book):
    session = SessionRecord("s1", date(2026, 9, 8), "week 1", "quiz", Decimal(7), Decimal(10))
    criterion = CriterionScore("blue", "idea", "good", None, "Li", "nice", team=True)
    member = Membership("s1", "blue", Decimal("-2.5"), "came late", "Li")
    collected = Collected("s1", "gd", 1, NOW, "canvas.zip", "0" * 64, "作业 一.ipynb")
    comment = Comment("s1", "gd", "3", "see me", "Li")
    assert book.add_sessions([session]) == 1
    assert book.add_criteria([criterion]) == 1
    assert book.add_memberships([member]) == 1
    assert book.add_submissions([collected, collected]) == 1
    assert book.add_comments([comment]) == 1

    def bare(entry):
        values = vars(entry) | {"entered_at": None}
        values.pop("collected_at", None)
        return values

    for given, found in (
        (session, book.sessions("s1")),
        (criterion, book.criteria()),
        (member, tuple(book.memberships().values())),
        (collected, book.submissions("gd")),
        (comment, book.comments(student="s1")),
    ):
        (entry,) = found
        assert bare(entry) == bare(given)
    assert [s.id for s in book.students()] == ["s1"]


def test_markers_do_not_replace_each_other(book):
    for marker, points in (("Li", 7), ("Wang", 9), ("Li", 8)):
        book.add_criteria([CriterionScore("s1", "idea", "", Decimal(points), marker)])
    assert [(c.marker, c.points) for c in book.criteria()] == [("Li", 8), ("Wang", 9)]


def test_who_has_left_stays_left_when_a_result_arrives(book):
    book.put_students([Student("s1", "张三"), Student("s2")])
    assert book.set_active(["s1", "nobody"], False, author="Li", reason="dropped") == 1
    assert book.set_active(["s1"], False) == 0
    book.put_students([Student("s1", "张三", "z@x.cn")])
    book.add_project([ScoreRow("s1", Decimal(80))])
    assert book.students()[0] == Student("s1", "张三", "z@x.cn", active=False)
    assert book.set_active(["s1"], True) == 1
