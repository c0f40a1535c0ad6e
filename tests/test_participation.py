"""From what was noted in sessions to the score for participation."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from grader.config import load_course
from grader.course import ParticipationPolicy
from grader.entries import SessionRecord
from grader.errors import ConfigError
from grader.gradebook import Gradebook
from grader.participation import held, participation_score
from grader.sessions import Noting, read_sessions
from tests.test_collect import grader
from tests.test_roster import sheet
from tests.tiny import COURSE, write_course

ATTENDANCE = Noting("attendance", date(2026, 9, 14))


def note(day, kind, value, maximum=None, label=""):
    full = None if maximum is None else Decimal(maximum)
    return SessionRecord("s1", date(2026, 9, day), label, kind, Decimal(str(value)), full)


def score(policy, mine, others=()):
    return participation_score(policy, held([*mine, *others]), mine)


def kind(found, name):
    return next(k for k in found.kinds if k.kind == name)


def test_attendance_with_allowed_absences_and_excuses():
    policy = ParticipationPolicy(allowed_absences=1)
    mine = [
        *(note(day, "attendance", 1) for day in (1, 2, 3)),
        note(4, "attendance", 0),
        note(5, "attendance", "0.5"),
        note(6, "attendance", 0, 0),  # excused
    ]
    others = [note(day, "attendance", 1) for day in range(1, 9)]  # two of which s1 has no record
    found = kind(score(policy, mine, others), "attendance")
    assert Fraction(found.score).limit_denominator(1000) == Fraction(100 * (7 - Fraction(5, 2)), 7)
    assert found.arithmetic.en == (
        "7 sessions, 3.5 missed, 1 allowed, 2.5 count (1 excused): 100 × (7 − 2.5) / 7 = 64.2857"
    )
    assert found.arithmetic.zh.startswith(
        "7 次课，缺 3.5 次，允许 1 次，计 2.5 次（另有请假 1 次）"
    )


def test_answers_are_capped():
    policy = ParticipationPolicy(per_answer=Decimal(15), answers_maximum=Decimal(60))
    assert kind(score(policy, [note(1, "answer", 2), note(2, "answer", 1)]), "answers").score == 75
    assert kind(score(policy, [note(1, "answer", 9)]), "answers").score == 100
    assert kind(score(policy, [], [note(1, "answer", 9)]), "answers").score == 0


def test_the_lowest_quizzes_are_dropped_and_a_missed_one_is_nothing():
    policy = ParticipationPolicy(drop_quizzes=1)
    mine = [note(1, "quiz", 8, 10), note(2, "quiz", 15, 20), note(3, "quiz", 0, 0)]
    others = [note(3, "quiz", 1, 10), note(4, "quiz", 1, 10)]
    found = kind(score(policy, mine, others), "quizzes")
    assert found.score == Decimal("77.5")  # of 80, 75 and the missed one; one was excused
    assert "the lowest 1 dropped (1 excused): (75 + 80) / 2 = 77.5" in found.arithmetic.en
    only = kind(score(policy, [note(1, "quiz", 5, 10)]), "quizzes")
    assert only.score == 50


def test_kinds_that_were_not_held_are_left_out():
    found = score(ParticipationPolicy(), [note(1, "attendance", 1), note(1, "quiz", 6, 10)])
    assert found.score == (50 * 100 + 30 * 60) / Decimal(80)
    assert found.arithmetic.en == "(50 × 100 + 30 × 60) / 80 = 85"
    assert kind(found, "answers").score is None
    assert score(ParticipationPolicy(), []).score is None


# -- tables ------------------------------------------------------------------------------------


def test_one_table_for_a_session(tmp_path):
    path = tmp_path / "t.csv"
    words = ["出勤", "迟到", "请假", "缺勤", "√", "absent", "Excused", "1", ""]
    lines = "".join(f"s{i},{word}\n" for i, word in enumerate(words))
    path.write_text(f"学号,考勤\n{lines}", "utf-8")
    found = {r.student: (r.value, r.maximum) for r in read_sessions(path, ATTENDANCE)}
    half = Decimal("0.5")
    assert found == {
        "s0": (1, None),
        "s1": (half, None),
        "s2": (0, 0),
        "s3": (0, None),
        "s4": (1, None),
        "s5": (0, None),
        "s6": (0, 0),
        "s7": (1, None),
    }


def test_a_column_per_date(tmp_path):
    path = sheet(
        tmp_path / "t.xlsx",
        ["学号", "姓名", date(2026, 9, 14), "2026/9/21 上午", "2026年9月21日 下午", "总计"],
        ["s1", "张三", 1, 2, None, 3],
        ["s2", "李四", None, None, 4, 4],
    )
    found = read_sessions(path, Noting("answers"))
    assert [(r.student, r.held_on.day, r.label, r.value) for r in found] == [
        ("s1", 14, "", 1),
        ("s1", 21, "上午", 2),
        ("s2", 21, "下午", 4),
    ]


def test_many_sessions_in_one_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("student,date,quiz,maximum\ns1,2026-09-14,8,10\ns1,2026-09-21,15,20\n")
    found = read_sessions(path, Noting("quiz"))
    assert [(r.held_on.day, r.value, r.maximum) for r in found] == [(14, 8, 10), (21, 15, 20)]


@pytest.mark.parametrize(
    ("kind", "text", "complaint"),
    [
        ("attendance", "student,attendance\ns1,maybe\n", "row 2, column 'attendance': 'maybe'"),
        (
            "attendance",
            "student,attendance\ns1,1\ns1,0\n",
            "row 3, column 'student': 's1' has two",
        ),
        ("attendance", "student,attendence\ns1,1\n", "row 1: has no column 'attendance'. Is it"),
        ("attendance", "student,attendance\ns9,1\n", "row 2, column 'student': 's9' is not on"),
        ("quiz", "student,quiz\ns1,11\n", "row 2, column 'quiz': 11 is over the maximum of 10"),
        ("quiz", "student,2026-09-14\ns1,11\n", "row 2, column '2026-09-14': 11 is over"),
        (
            "answers",
            "student,answers\ns1,often\n",
            "row 2, column 'answers': 'often' is not a num",
        ),
        ("quiz", "student,quiz,date\ns1,1,Monday\n", "row 2, column 'date': 'Monday' is no date"),
    ],
)
def test_complaints(tmp_path, kind, text, complaint):
    path = tmp_path / "t.csv"
    path.write_text(text)
    noting = Noting(kind, date(2026, 9, 14), maximum=Decimal(10))
    with pytest.raises(ConfigError) as caught:
        read_sessions(path, noting, {"s1"})
    assert f"{path}: {complaint}" in str(caught.value)
    assert caught.value.remedy


def test_a_session_without_a_date(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("student,quiz\ns1,1\n")
    with pytest.raises(ConfigError, match=r"when the session was\. Add a column 'date'"):
        read_sessions(path, Noting("quiz"))


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path):
    root = write_course(tmp_path / "course")
    rules = "[participation]\nattendance = 60\nanswers = 0\nquizzes = 40\n"
    (root / "course.toml").write_text(COURSE + rules, "utf-8")
    (root / "r.csv").write_text("student\ns1\ns2\n")
    grader(root, "record", "roster", root / "r.csv")
    return root


def test_sessions_become_the_score_unless_one_is_given(root, tmp_path):
    (tmp_path / "a.csv").write_text("student,attendance\ns1,1\ns2,0\n")
    (tmp_path / "q.csv").write_text("student,quiz\ns1,15\ns2,20\n")
    said = grader(root, "record", "attendance", tmp_path / "a.csv", "--date", "2026-09-14")
    assert said == "attendance: 2 entries read, 2 new or changed\n"
    for news in (2, 0):
        said = grader(
            root,
            *("record", "quiz", tmp_path / "q.csv", "--date", "2026-09-14", "--maximum", "20"),
        )
        assert said == f"quiz: 2 entries read, {news} new or changed\n"
    assert participation(root) == {"s1": "90", "s2": "40"}
    (tmp_path / "p.csv").write_text("student,score\ns2,77\n")
    grader(root, "record", "participation", tmp_path / "p.csv")
    assert participation(root) == {"s1": "90", "s2": "77"}


def participation(root):
    lines = grader(root, "export", "--to", "csv").splitlines()
    place = lines[0].split(",").index("participation")
    return {line.split(",")[0]: line.split(",")[place] for line in lines[1:]}


def test_rules_that_do_not_add_up(root):
    text = (root / "course.toml").read_text("utf-8").replace("quizzes = 40", "quizzes = 39")
    (root / "course.toml").write_text(text, "utf-8")
    complaint = grader(root, "status", code=2)
    assert "participation: attendance, answers and quizzes add up to 99, not to 100" in complaint


def test_a_broken_table_changes_nothing(root, tmp_path):
    (tmp_path / "a.csv").write_text("student,attendance\ns1,1\ns2,perhaps\n")
    grader(root, "record", "attendance", tmp_path / "a.csv", "--date", "2026-09-14", code=2)
    with Gradebook(load_course(root).gradebook) as book:
        assert book.sessions() == ()
    said = grader(root, "record", "quiz", tmp_path / "a.csv", "--maximum", "none", code=2)
    assert "--maximum none is no number of points" in said
    assert json.loads(grader(root, "status", "--json"))["students"]
