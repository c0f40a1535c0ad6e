# mypy: disable-error-code="union-attr"
"""The gradebook: what is kept, what counts, and what is said when it cannot be used."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from grader.errors import GradebookError
from grader.gradebook import Gradebook
from grader.records import MarkRow, ScoreRow, Student
from grader.result import CheckResult, Isolation, SubmissionResult, Text, Verdict

NOW = datetime(2026, 10, 9, 12, tzinfo=UTC)


def result(student="s1", attempt=1, key="k", got="3.5", assignment="gd", verdict=Verdict.ACCEPTED):
    checks = (
        CheckResult("a", "1", Text("一", "one"), Verdict.ACCEPTED, Decimal(4), Decimal(got)),
        CheckResult("b", "1", Text("二", "two"), Verdict.JUDGE_ERROR, Decimal(2), Decimal(0)),
    )
    return SubmissionResult(
        assignment,
        student,
        attempt,
        verdict,
        NOW,
        key,
        submitted_at=NOW - timedelta(days=1),
        checks=checks,
        isolation=Isolation("linux", 3, "isolated"),
    )


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "gradebook.db") as opened:
        yield opened


def test_a_result_comes_back_as_it_was(book):
    given = result()
    book.add_result(given)
    assert book.result("s1", "gd") == given
    assert book.result("s1", "gd", attempt=2) is None
    assert book.result("s2", "gd") is None


def test_the_list_is_a_summary(book):
    book.add_result(result())
    (row,) = book.current_results("gd")
    assert (row.student, row.attempt, row.key, row.isolation) == ("s1", 1, "k", 3)
    assert (row.outcome.earned, row.outcome.points, row.outcome.undecided) == (
        Decimal("3.5"),
        6,
        2,
    )
    assert (row.graded_at, row.outcome.submitted_at) == (NOW, NOW - timedelta(days=1))
    assert row.needs_human


def test_the_newest_grading_counts_and_the_old_one_stays(book):
    book.add_result(result(key="old", got=1))
    book.add_result(result(key="new", got=2))
    assert book.keys("gd") == {("s1", 1): "new"}
    assert [row.key for row in book.history("s1", "gd")] == ["old", "new"]
    assert book.result("s1", "gd").key == "new"


def test_the_last_attempt_counts_whenever_it_was_graded(book):
    book.add_result(result(attempt=2, key="second"))
    book.add_result(result(attempt=1, key="first, graded again"))
    assert [row.attempt for row in book.current_results("gd")] == [1, 2]
    assert book.counting_results("gd")["s1", "gd"].key == "second"
    assert book.result("s1", "gd").key == "second"
    assert book.result("s1", "gd", attempt=1).key == "first, graded again"
    assert [r.key for r in book.results("gd")] == ["second"]


def test_assignments_do_not_mix(book):
    book.add_result(result(assignment="gd"))
    book.add_result(result(assignment="mlp"))
    assert [row.assignment for row in book.current_results()] == ["gd", "mlp"]
    assert len(book.current_results("mlp")) == 1


def test_the_roster_is_merged(book):
    assert book.put_students([Student("s1", "张三", "z@x.cn"), Student("s2", "李四")]) == 2
    assert book.put_students([Student("s1", "张三"), Student("s2", "李斯", section="A")]) == 1
    assert book.students() == (Student("s1", "张三", "z@x.cn"), Student("s2", "李斯", section="A"))


def test_who_hands_in_without_being_on_the_roster_is_there(book):
    book.add_result(result(student="guest"))
    assert book.students() == (Student("guest"),)


def test_marks_are_kept_and_the_newest_counts(book):
    book.add_marks("gd", [MarkRow("s1", "w1", Decimal(3), "short")], by="Wang")
    book.add_marks("gd", [MarkRow("s1", "w1", Decimal(5), "read again", "Li")], by="Wang")
    (mark,) = book.marks("gd", "s1")
    assert (mark.points, mark.comment, mark.marker) == (5, "read again", "Li")
    assert mark.entered_at.tzinfo is not None
    assert book.marks("mlp") == ()


def test_importing_twice_adds_nothing(book):
    rows = [ScoreRow("s1", Decimal("88.5"), "lively", "张三"), ScoreRow("s2", Decimal(70))]
    assert book.add_participation(rows, by="Wang") == 2
    assert book.add_participation(rows, by="Wang") == 0
    assert book.add_participation([ScoreRow("s1", Decimal(90))], by="Wang") == 1
    assert book.participation()["s1"].score == 90
    assert book.project() == {}
    assert book.students()[0].name == "张三"


def test_project_scores_have_a_comment_and_a_marker(book):
    book.add_project([ScoreRow("s1", Decimal(80), "well argued")], by="Zhao")
    score = book.project()["s1"]
    assert (score.score, score.comment, score.marker) == (80, "well argued", "Zhao")


def test_decimals_and_texts_survive(book):
    book.add_participation([ScoreRow("学号１", Decimal("0.10"), "评语，'引号'；--")])
    score = book.participation()["学号１"]
    assert (str(score.score), score.comment) == ("0.10", "评语，'引号'；--")


def test_a_gradebook_opens_again(tmp_path):
    path = tmp_path / "g.db"
    with Gradebook(path) as book:
        book.add_result(result())
    with Gradebook(f"sqlite:///{path}") as book:
        assert len(book.current_results()) == 1


def test_a_closed_gradebook_says_so(tmp_path):
    with pytest.raises(GradebookError, match="not open"):
        Gradebook(tmp_path / "g.db").students()


def refused(path, **options):
    with pytest.raises(GradebookError) as caught, Gradebook(path, **options) as book:
        book.put_students([Student("x")])
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value) or str(path.parent) in str(caught.value)
    return str(caught.value)


def test_refusals_before_opening(tmp_path):
    (tmp_path / "folder").mkdir()
    assert "is a folder" in refused(tmp_path / "folder")
    assert "no folder" in refused(tmp_path / "nowhere" / "g.db")
    assert "no gradebook" in refused(tmp_path / "g.db", create=False)
    assert not (tmp_path / "g.db").exists()


def test_a_file_that_is_something_else(tmp_path):
    (tmp_path / "g.db").write_bytes(b"not a database at all, just text\n" * 100)
    assert "damaged" in refused(tmp_path / "g.db")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    assert "not a gradebook" in refused(tmp_path / "other.db")


def test_a_damaged_file(tmp_path):
    path = tmp_path / "g.db"
    with Gradebook(path) as book:
        for n in range(50):
            book.add_result(result(student=f"s{n}"))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(GradebookError, match="damaged"), Gradebook(path) as book:
        book.current_results()


def test_a_gradebook_from_the_future_is_left_alone(tmp_path):
    path = tmp_path / "g.db"
    with Gradebook(path):
        pass
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    raw.close()
    assert "newer grader" in refused(path)


def test_a_locked_gradebook(tmp_path):
    path = tmp_path / "g.db"
    with Gradebook(path):
        pass
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    assert "in use by another process" in refused(path, wait=0.1)
    other.close()


def test_readers_do_not_wait_for_a_writer(tmp_path):
    path = tmp_path / "g.db"
    with Gradebook(path) as book:
        book.put_students([Student("s1")])
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with Gradebook(path, wait=0.1) as book:
        assert book.students() == (Student("s1"),)
    other.close()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_file_that_cannot_be_written(tmp_path):
    path = tmp_path / "g.db"
    with Gradebook(path):
        pass
    path.chmod(0o400)
    assert "cannot be written" in refused(path)


def test_a_full_disk(tmp_path):
    path = tmp_path / "g.db"
    with Gradebook(path) as book:
        book.add_result(result())
        with book._transaction() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 12")
        big = replace(result(student="s2"), evidence="x" * 100_000)
        with pytest.raises(GradebookError, match="disk is full"):
            book.add_result(big)
        assert book.result("s1", "gd") is not None


def test_a_result_of_another_version(book):
    book.add_result(replace(result(), schema=99))
    with pytest.raises(GradebookError, match="schema 99"):
        book.result("s1", "gd")


def test_a_result_that_is_not_text(book):
    with pytest.raises(GradebookError, match="result of s1 cannot be stored"):
        book.add_result(replace(result(), evidence="half a character: \ud800"))
    assert book.current_results() == ()


def test_an_unknown_driver():
    with pytest.raises(GradebookError, match="driver"), Gradebook("nosuch://host/db"):
        pass


def test_a_password_is_not_shown():
    assert "geheim" not in Gradebook("postgresql://me:geheim@host/db").name


WRITER = """
import sys
from datetime import UTC, datetime
from grader.gradebook import Gradebook
from grader.result import SubmissionResult, Verdict
with Gradebook(sys.argv[1]) as book:
    for n in range(100_000):
        now = datetime.now(UTC)
        book.add_result(SubmissionResult("gd", f"s{n}", 1, Verdict.ACCEPTED, now, "k"))
        print(n, flush=True)
"""


def test_sigkill_loses_nothing_that_was_added(tmp_path):
    path = tmp_path / "g.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True
    )
    said = -1
    for line in writer.stdout:
        said = int(line)
        if said >= 20:
            break
    writer.send_signal(signal.SIGKILL)
    said = max([said, *map(int, writer.stdout.read().split())])
    writer.wait()
    writer.stdout.close()
    with Gradebook(path) as book:
        assert {f"s{n}" for n in range(said + 1)} <= {r.student for r in book.current_results()}


COPY = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1799)
INSERT INTO results (assignment, student, attempt, key, verdict, earned, points, undecided,
                     submitted_at, graded_at, isolation, document)
SELECT 'a' || (i / 300), 's' || (i % 300), attempt, key, verdict, earned, points, undecided,
       submitted_at, graded_at, isolation, document FROM results, n
"""


def test_a_class_is_listed_quickly(book, tmp_path):
    book.add_result(replace(result(), evidence="x" * 20_000))
    with sqlite3.connect(tmp_path / "gradebook.db") as raw:
        raw.execute(COPY)
    raw.close()
    start = time.perf_counter()
    assert len(book.counting_results()) == 1801
    assert book.result("s7", "a3") is not None
    assert time.perf_counter() - start < 1
