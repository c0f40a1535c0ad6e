"""Marking written answers: in the terminal, and as a sheet that goes out and comes back."""

import csv
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.asked import asked
from grader.cli import main
from grader.config import load_assignment, load_course
from grader.entries import Override, Scope
from grader.gradebook import Gradebook
from grader.records import MarkRow, Student
from grader.result import SubmissionResult, Text, Verdict, WrittenAnswer
from tests.tiny import SOLUTION, hand_in, write_course

ASKED = """
# %% [markdown] lang="zh"
# 为什么？

# %% [markdown] lang="en"
# ## Why?
# Explain the **factor**.

# %% [markdown] lang="en" written="w1"
# *Your answer here.*

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="zh" solution="hidden"
# 评分要点：因子 3 分。

# %% [markdown] lang="en" solution="hidden"
# Marking guide: the factor, 3 points.

# %% [markdown] lang="en" written="w2"
# *Your answer here.*

# %% [markdown] lang="zh" written="w2"
# *在这里作答。*
"""
SECOND = """
[[questions]]
id = "w2"
title = { zh = "再想", en = "Think again" }
points = 2.5
written = true
"""
FORMULA = '=HYPERLINK("http://x.cn","点我")'


def graded(student, first, second="", **changes):
    def written(number, text, points):
        return WrittenAnswer(number, Text("", ""), Decimal(points), bool(text), text=text)

    when = datetime(2026, 10, 9, tzinfo=UTC)
    answers = (written("w1", first, 5), written("w2", second, "2.5"))
    made = SubmissionResult("tiny", student, 1, Verdict.ACCEPTED, when, "k", written=answers)
    return replace(made, **changes)


@pytest.fixture
def course(tmp_path):
    root = write_course(tmp_path / "course", solution=SOLUTION.split("# %% [markdown]")[0] + ASKED)
    path = root / "assignments" / "tiny" / "assignment.toml"
    path.write_text(path.read_text("utf-8") + SECOND, "utf-8")
    with Gradebook(root / "gradebook.db") as book:
        book.put_students(
            [Student("s1", "李伟", section="A"), Student("s2", "Ann", section="B"), Student("s3")]
        )
        book.add_result(graded("s1", "因为 $1-2\\eta$。\n\n第二段", "two"))
        book.add_result(graded("s2", FORMULA, "\x1b[2J\u202eevil\r\nline"))
        book.add_result(graded("s3", ""))
    return root


@pytest.fixture
def mark(course):
    """`mark("4", "", "q")` types these lines."""

    def run(*typed, options=("--by", "Li Wei"), code=0, name="tiny"):
        words = ["-C", str(course), "mark", name, "--language", "en", *map(str, options)]
        done = CliRunner().invoke(main, words, input="".join(f"{line}\n" for line in typed))
        assert done.exit_code == code, done.output
        return done.output

    return run


def kept(course):
    with Gradebook(course / "gradebook.db") as book:
        return {(m.student, m.question): (str(m.points), m.comment) for m in book.marks("tiny")}


def test_question_guide_and_answer_are_shown(mark, course):
    said = mark("4.5", "好", "q")
    assert said.startswith(
        "\n"
        "w1 · Think (5 points)\n"
        "  ## Why?\n"
        "  Explain the **factor**.\n"
        "\n"
        "  Marking guide: the factor, 3 points.\n"
        "\n"
        "Type points, and a comment after them if you like; "
        "s skips, b goes back, q quits, ? helps\n"
        "\n"
        "── 1 of 6 · w1 · s1 李伟 ──\n"
        "因为 $1-2\\eta$。\n"
        "\n"
        "第二段\n"
        "\n"
        "points of 5: comment (Enter: none): \n"
        "── 2 of 6 · w1 · s2 Ann ──\n"
    )
    assert said.endswith("1 marked and kept, 5 left. The same command goes on from here\n")
    assert kept(course) == {("s1", "w1"): ("4.5", "好")}


def test_the_marker_is_in_the_log(mark, course):
    mark("4", "", "q")
    with Gradebook(course / "gradebook.db") as book:
        (line,) = (e for e in book.audit("s1") if e.action == "mark")
        assert (line.who, line.assignment) == ("Li Wei", "tiny")
        assert line.what == "w1: points 4, attempt 1"


def test_it_goes_on_where_it_stopped(mark, course):
    mark("4", "", "s", "0", "", "q")
    assert kept(course) == {("s1", "w1"): ("4", ""), ("s3", "w1"): ("0", "")}
    said = mark("1", "", "q")
    assert "── 1 of 4 · w1 · s2 Ann ──" in said
    said = mark(*["2", ""] * 3)
    assert said.endswith("3 marked and kept, 0 left\n")
    assert mark() == "tiny: nothing to mark. --all shows what has a mark already\n"
    assert "total: " in CliRunner().invoke(main, ["-C", str(course), "show", "s1"]).output


def test_points_are_held_against_the_maximum(mark, course):
    said = mark("6", "nonsense", "-1", "1e0", "nan", "", "5.0", "", "q")
    assert "6 is over the maximum of 5" in said
    assert said.count("Type points") == 6
    assert kept(course) == {("s1", "w1"): ("5.0", "")}


def test_comment_in_the_same_line_and_signs_of_a_chinese_keyboard(mark, course):
    mark("3 很好，但漏了因子", "４．５\u3000好", "ｑ")
    assert kept(course) == {("s1", "w1"): ("3", "很好，但漏了因子"), ("s2", "w1"): ("4.5", "好")}


def test_back_shows_what_was_given_and_changes_it(mark, course):
    said = mark("4", "nice", "b", "3", "", "2", "", "q")
    assert "(has 4 by Li Wei)\n\npoints of 5 [4]: comment so far: nice\n" in said
    assert kept(course) == {("s1", "w1"): ("3", "nice"), ("s2", "w1"): ("2", "")}
    with Gradebook(course / "gradebook.db") as book:
        assert len([e for e in book.audit("s1") if e.action == "mark"]) == 2


def test_back_at_the_beginning_stays_there(mark):
    assert mark("b", "q").count("── 1 of 6") == 2


def test_a_comment_can_be_taken_away(mark, course):
    mark("4 nice", "q")
    mark("", "-", "q", options=("--all",))
    assert kept(course)["s1", "w1"] == ("4", "")


def test_keeping_a_mark_leaves_its_marker(mark, course):
    mark("4 nice", "q")
    mark("", "", "q", options=("--all", "--by", "Wang"))
    with Gradebook(course / "gradebook.db") as book:
        assert [m.marker for m in book.marks("tiny")] == ["Li Wei"]


def test_nothing_written_is_offered_as_zero(mark, course):
    said = mark("s", "s", "", "", "q")
    assert "── 3 of 6 · w1 · s3 ──\n(nothing was written)\n\npoints of 5 [0]: " in said
    assert kept(course) == {("s3", "w1"): ("0", "")}


def test_an_answer_commands_no_terminal(mark):
    said = mark("q", options=("--question", "w2", "--student", "s2"))
    assert "␛[2J⟨U+202E⟩evil\nline\n" in said
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_the_question_is_shown_again_on_request(mark):
    assert mark("?", "q").count("Marking guide") == 2


def test_the_end_of_input_keeps_what_was_given(mark, course):
    assert "1 marked and kept, 5 left" in mark("4", "")
    assert kept(course) == {("s1", "w1"): ("4", "")}


def test_only_some(mark):
    assert "1 of 1 · w2 · s2" in mark("q", options=("--question", "w2", "--section", "B"))
    assert "1 of 2 · w1 · s3" in mark("q", options=("--student", "s3"))


def test_nobody_s_name_is_shown_to_whoever_does_not_want_it(mark):
    said = mark(*["s"] * 6, options=("--anonymous",))
    assert "── 6 of 6 · w2 ──" in said
    assert not [name for name in ("s1", "李伟", "s2", "Ann", "s3") if name in said]
    orders = {mark(*["s"] * 6, options=("--anonymous",)) for _ in range(2)}
    assert orders == {said}


def test_who_has_left_and_what_was_decided_otherwise_is_left_out(mark, course):
    with Gradebook(course / "gradebook.db") as book:
        book.set_active(["s2"], False)
        decided = Override("s3", "tiny", Scope.QUESTION, "w1", Decimal(1), "oral", "Li")
        book.add_overrides([decided])
    assert "── 1 of 3 · w1 · s1" in mark("q")


def test_the_attempt_that_counts_is_read(mark, course):
    path = course / "course.toml"
    path.write_text(path.read_text() + '[homework]\nattempts = "last"\n')
    with Gradebook(course / "gradebook.db") as book:
        book.add_result(graded("s1", "the second attempt", attempt=2))
    assert "the second attempt" in mark("q")


def test_what_holds_no_text_says_so(mark, course):
    with Gradebook(course / "gradebook.db") as book:
        kinds = WrittenAnswer("w1", Text("", ""), Decimal(5), filled=True)
        book.add_result(graded("s1", "", written=(kinds,)))
        book.add_result(graded("s2", "", verdict=Verdict.RUN_TIME_ERROR))
        book.add_result(graded("s3", "", written=()))
    said = mark("s", "s", "s", "q")
    assert "(this result does not hold the text; `grader grade tiny s1 --again` reads it)" in said
    assert "(no answer was read: run time error)\n\npoints of 5: " in said
    assert "(graded before this question was asked: grade it again)" in said


def test_what_is_not_graded_is_told(mark, course):
    hand_in(course, "s9", "x = 1")
    assert "1 submission of tiny not graded yet: their answers are not among these" in mark("q")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--question", "1"], "there is no written question '1'. Known: w1, w2"),
        (["--student", "s9"], "there is no student 's9'. Known: s1, s2, s3"),
        (["--section", "C"], "there is no section 'C'. Known: A, B"),
        (["--sheet", "x.csv", "--anonymous"], "a sheet without student numbers"),
    ],
)
def test_what_cannot_be_marked(mark, options, complaint):
    assert complaint in mark(options=options, code=2)


def test_a_student_without_a_result(mark, course):
    with Gradebook(course / "gradebook.db") as book:
        book.put_students([Student("s4")])
    said = mark(options=["--student", "s4"], code=2)
    assert "s4 has no result for tiny. Run `grader grade tiny s4` first" in said


def test_an_assignment_without_written_questions(mark, course):
    path = course / "assignments" / "tiny" / "assignment.toml"
    path.write_text(path.read_text("utf-8").replace("written = true", ""), "utf-8")
    assert "assignment tiny has no written questions" in mark(code=2)


def test_an_assignment_outside_of_the_calendar(mark, course):
    (course / "course.toml").write_text('[course]\ntitle = "Tiny"\n')
    assert 'Add [[assignments]] with id = "tiny" to course.toml' in mark(code=2)


# -- a terminal, and somebody else -------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ctrl_c_in_a_terminal_while_somebody_else_marks(course):
    import pty

    ours, theirs = pty.openpty()
    words = ["-C", course, "mark", "tiny", "--by", "Li Wei", "--language", "en"]
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    os.close(theirs)
    with process, os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            said = _until(terminal, "points of 5")
            with Gradebook(course / "gradebook.db") as book:
                book.add_marks("tiny", [MarkRow("s2", "w1", Decimal(1))], "Wang")
            os.write(ours, "4 好\n".encode())
            said += _until(terminal, "points of 5 [0]")
            assert "w1 · s2 Ann: marked meanwhile by Wang" in said
            process.send_signal(signal.SIGINT)
            said += _until(
                terminal, "interrupted", silent=lambda: process.send_signal(signal.SIGINT)
            )
            assert process.wait(30) == 130
        finally:
            process.kill()
    assert "1 marked and kept, 4 left. The same command goes on from here" in said
    assert kept(course) == {("s1", "w1"): ("4", "好"), ("s2", "w1"): ("1", "")}


def _until(terminal, text, silent=lambda: None, seconds=60.0):
    """What is said up to `text`; `silent` is called when nothing was said for two seconds.

    `input` misses a signal that comes between its prompt and its waiting for a key: whoever
    presses Ctrl-C then presses it again.
    """
    said = ""
    deadline = time.monotonic() + seconds
    while text not in said:
        assert time.monotonic() < deadline, said
        if select.select([terminal], [], [], 2)[0]:
            said += terminal.read(10_000).decode("utf-8", "replace")
        else:
            silent()
    return said


def test_a_mark_that_the_disk_does_not_take_is_asked_for_again(mark, course):
    with closing(sqlite3.connect(course / "gradebook.db")) as raw, raw:
        raw.execute(
            "CREATE TRIGGER full BEFORE INSERT ON marks WHEN NEW.student = 's1' "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    said = mark("4", "", "s", "3", "", "q")
    assert "  not kept: " in said
    assert "cannot grow: the disk is full" in said
    assert said.count("── 1 of 6") == 2
    assert kept(course) == {("s2", "w1"): ("3", "")}


# -- another attempt ---------------------------------------------------------------------------


def another_attempt(course, *answers):
    with Gradebook(course / "gradebook.db") as book:
        book.add_result(graded("s1", *answers, attempt=2))


def attempts(course):
    with Gradebook(course / "gradebook.db") as book:
        return {m.question: (str(m.points), m.attempt, m.marker) for m in book.marks("tiny", "s1")}


def status(course, *options):
    done = CliRunner().invoke(main, ["-C", str(course), "status", *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_an_attempt_that_says_something_else_is_marked_again(mark, course):
    mark("4", "", "q", options=("--by", "Li Wei", "--student", "s1"))
    assert attempts(course) == {"w1": ("4", 1, "Li Wei")}
    another_attempt(course, "now with the factor", "two")
    assert "tiny: 1 mark given on an attempt that says something else" in status(course)
    assert json.loads(status(course, "--json"))["assignments"][0]["to_mark_again"] == ["s1"]
    said = mark("5", "", "q", options=("--by", "Wang", "--question", "w1", "--student", "s1"))
    assert (
        "now with the factor\n(has 4 by Li Wei for attempt 1, which says something else)" in said
    )
    assert attempts(course) == {"w1": ("5", 2, "Wang")}
    assert "something else" not in status(course)


def test_a_mark_that_is_confirmed_is_one_of_the_new_attempt(mark, course):
    mark("4", "", "q", options=("--by", "Li Wei", "--student", "s1"))
    another_attempt(course, "now with the factor", "two")
    mark("", "", options=("--by", "Wang", "--question", "w1", "--student", "s1"))
    assert attempts(course) == {"w1": ("4", 2, "Wang")}
    with Gradebook(course / "gradebook.db") as book:
        assert [e.what for e in book.audit("s1") if e.action == "mark"] == [
            "w1: points 4, attempt 1",
            "w1: attempt 1 → 2",
        ]


def test_a_marker_who_goes_back_meets_the_new_mark(mark, course):
    mark("4", "", "q", options=("--by", "Li Wei", "--student", "s1"))
    another_attempt(course, "now with the factor", "two")
    said = mark("5", "", "b", "q", options=("--by", "Wang", "--student", "s1"))
    assert said.count("for attempt 1, which says something else") == 1
    assert "(has 5 by Wang)" in said


def test_an_attempt_that_says_the_same_needs_no_second_mark(mark, course):
    with Gradebook(course / "gradebook.db") as book:
        first = book.result("s1", "tiny").written[0].text
    mark("4", "", "q", options=("--by", "Li Wei", "--student", "s1"))
    another_attempt(course, first, "another second answer")
    assert "something else" not in status(course)
    assert mark(options=("--question", "w1", "--student", "s1")).startswith(
        "tiny: nothing to mark"
    )


def test_a_mark_counts_until_there_is_another(mark, course):
    mark("4", "", "q", options=("--by", "Li Wei", "--student", "s1"))
    another_attempt(course, "now with the factor")
    shown = CliRunner().invoke(main, ["-C", str(course), "show", "s1", "--json"])
    (score,) = json.loads(shown.output)["assignments"]
    assert (score["earned"], score["pending"]) == ("4", "2.5")


def test_a_sheet_says_which_attempt_was_read(mark, course, tmp_path):
    path = tmp_path / "marks.csv"
    mark(options=("--sheet", path, "--student", "s1"))
    another_attempt(course, "now with the factor", "two")  # while somebody fills in the sheet
    fill_in(path, "4")
    record(course, path)
    assert attempts(course)["w1"] == ("4", 1, "Li Wei")
    again = tmp_path / "again.csv"
    assert mark(options=("--sheet", again, "--student", "s1")) == f"2 answers in {again}\n"
    record(course, again)
    assert attempts(course)["w1"] == ("4", 2, "Li Wei")


def test_a_table_of_marks_that_names_no_attempt_is_of_the_one_that_counts(course, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("student,question,points\ns1,w1,4\n")
    record(course, path)
    assert attempts(course) == {"w1": ("4", 1, "Li Wei")}
    another_attempt(course, "now with the factor")
    assert record(course, path).startswith("marks: 1 row read, 0 new or changed\n")
    assert attempts(course) == {"w1": ("4", 1, "Li Wei")}
    path.write_text("student,question,points\ns1,w1,4.5\n")
    record(course, path)
    assert attempts(course) == {"w1": ("4.5", 2, "Li Wei")}


# -- the sheet ---------------------------------------------------------------------------------


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def fill_in(path, points):
    first, *others = rows(path)
    write(path, [first | {"points": points}, *others])


def write(path, sheet, encoding="utf-8-sig"):
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, sheet[0])
        writer.writeheader()
        writer.writerows(sheet)


def record(course, path, code=0):
    words = ["-C", str(course), "record", "marks", str(path), "--by", "Li Wei"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == code, done.output
    return done.output


def test_a_sheet_goes_out_and_comes_back(mark, course, tmp_path):
    path = tmp_path / "marks.csv"
    assert mark(options=("--sheet", path)) == f"6 answers in {path}\n"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    sheet = rows(path)
    assert sheet[0] == {
        "student": "s1",
        "name": "李伟",
        "question": "w1",
        "points": "",
        "of": "5",
        "comment": "",
        "marker": "",
        "attempt": "1",
        "answer": "因为 $1-2\\eta$。\n\n第二段",
    }
    sheet[0] |= {"points": "4.5", "comment": "- 缺少因子"}
    sheet[4] |= {"points": "2", "marker": "Wang"}
    write(path, sheet, "gb18030")  # as Excel saves it in China
    assert record(course, path) == (
        "marks: 2 rows read, 2 new or changed\n4 rows without points: not marked yet\n"
    )
    assert kept(course) == {("s1", "w1"): ("4.5", "- 缺少因子"), ("s2", "w2"): ("2", "")}
    with Gradebook(course / "gradebook.db") as book:
        assert {m.marker for m in book.marks("tiny")} == {"Li Wei", "Wang"}


def test_a_sheet_of_all_marks_changes_nothing_when_it_comes_back(mark, course, tmp_path):
    with Gradebook(course / "gradebook.db") as book:
        given = [
            MarkRow("s1", "w1", Decimal("4.50"), "=1+1"),
            MarkRow("s2", "w1", Decimal(0), "- eins\n- zwei"),
        ]
        book.add_marks("tiny", given, "Wang")
    mark(options=("--sheet", tmp_path / "rest.csv"))
    assert len(rows(tmp_path / "rest.csv")) == 4
    path = tmp_path / "all.csv"
    mark(options=("--sheet", path, "--all", "--language", "zh"))
    assert list(rows(path)[0]) == [
        *("学号", "姓名", "题号", "得分", "满分", "评语", "评分人", "提交", "回答"),
    ]
    assert record(course, path).startswith("marks: 2 rows read, 0 new or changed\n")
    assert kept(course)["s1", "w1"] == ("4.50", "=1+1")


def test_no_cell_of_a_sheet_is_a_formula(mark, course, tmp_path):
    path = tmp_path / "marks.csv"
    mark(options=("--sheet", path, "--student", "s2"))
    assert [r["answer"] for r in rows(path)] == [f"'{FORMULA}", "␛[2J⟨U+202E⟩evil\nline"]


def test_a_sheet_that_is_there_is_not_overwritten(mark, tmp_path):
    path = tmp_path / "marks.csv"
    path.write_text("filled in for hours")
    said = mark(options=("--sheet", path), code=2)
    assert "is there already, and may hold marks. Name another file" in said
    assert path.read_text() == "filled in for hours"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"points": "6"}, "row 2, column 'points': 6 is over the maximum of 5"),
        ({"points": "vier"}, "row 2, column 'points': 'vier' is not a number"),
        ({"comment": "good"}, "row 2, column 'points': is empty"),
        ({"question": "w3"}, "row 2, column 'question': 'w3' is not a written question"),
        ({"attempt": "a", "points": "1"}, "row 2, column 'attempt': 'a' is not the number of an"),
        ({"student": "s99"}, "row 2, column 'student': 's99' is not on the roster"),
    ],
)
def test_a_sheet_that_cannot_be_right_changes_nothing(mark, course, tmp_path, change, complaint):
    path = tmp_path / "marks.csv"
    mark(options=("--sheet", path))
    sheet = rows(path)
    sheet[0] |= change
    sheet[1]["points"] = "1"
    write(path, sheet)
    assert f"{path}: {complaint}" in record(course, path, code=2)
    assert kept(course) == {}


def test_the_guides_of_the_course_are_found():
    course = load_course(Path(__file__).parents[1])
    for scheduled in course.assignments:
        assignment = load_assignment(course, scheduled.id)
        for language, word in (("zh", "评分要点"), ("en", "Marking guide")):
            found = asked(assignment, language)
            assert len(found) == 2
            assert all(word in a.guide and a.prompt for a in found), (scheduled.id, language)
