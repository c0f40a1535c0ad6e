"""Every command that takes in a table, with every way in which a table is wrong.

The complaint names file, row, column and remedy in one line, and the gradebook stays as it was.
"""

import re
import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.gradebook import Gradebook
from grader.records import Student
from tests.tiny import hand_in, write_course

PROJECT = """
[[criteria]]
id = "method"
title = { zh = "方法", en = "Method" }
weight = 60
[[criteria.levels]]
id = "good"
title = { zh = "良好", en = "good" }
share = 80

[[criteria]]
id = "talk"
title = { zh = "报告", en = "Talk" }
weight = 40
"""
DATE = ("--date", "2026-09-14")
TABLES = {
    "roster": (("roster",), "学号,姓名", "s1,李", "s2,王"),
    "attendance": (("attendance", *DATE), "student,attendance", "s1,出勤", "s2,缺勤"),
    "attendance by date": (("attendance",), "学号,2026-09-14,2026-09-21", "s1,1,1", "s2,1,0"),
    "answers": (("answers", *DATE), "student,answers", "s1,2", "s2,1"),
    "quiz": (("quiz", *DATE, "--maximum", "20"), "学号,测验", "s1,20", "s2,0"),
    "quiz by date": (("quiz", "--maximum", "20"), "学号,2026-09-14", "s1,20", "s2,0"),
    "participation": (("participation",), "student,score", "s1,90", "s2,80"),
    "teams": (("teams",), "student,team,adjustment,reason", "s1,T1,3,work", "s2,T1,,"),
    "project": (("project",), "学号,成绩", "s1,90", "s2,80"),
    "criteria": (("project", "--by", "Li"), "student,method,talk", "s1,good,40", "s2,60,0"),
    "criteria of teams": (("project", "--by", "Li"), "小组,方法,报告", "T9,良好,40", "T8,60,0"),
    "criteria by row": (
        ("project", "--by", "Li"),
        "student,criterion,level,points",
        "s1,method,good,",
        "s1,talk,,40",
    ),
    "marks": (("marks",), "student,question,points", "s1,w1,5", "s2,w1,0"),
}
"""By name: the command, the header, and rows that are right."""
TWICE = {
    "marks": "s2 has a second mark for w1",
    "attendance": "'s2' has two entries for 2026-09-14",
    "answers": "'s2' has two entries for 2026-09-14",
    "quiz": "'s2' has two entries for 2026-09-14",
    "criteria": "'s2' has two scores of Li",
    "criteria of teams": "'T8' has two scores of Li",
    "criteria by row": "'s1' has two scores of Li",
}
RENAMED = {
    "roster": ("学号", "学好", "row 1: has no column 'student'"),
    "attendance": ("attendance", "atendance", "row 1: has no column 'attendance'. Is it"),
    "attendance by date": ("2026-09-21", "9-21", "column '9-21': is no date"),
    "answers": ("answers", "talk", "row 1: has no column 'answers'. Name the column"),
    "quiz": ("测验", "测 验", "row 1: has no column 'quiz'"),
    "quiz by date": ("2026-09-14", "09/14", "row 1: has no column 'quiz'"),
    "participation": ("score", "scores", "row 1: has no column 'score'. Is it 'scores'?"),
    "teams": ("adjustment", "adjustmnt", "row 1: has no column 'adjustment'. Is it 'adjustmnt'?"),
    "project": ("成绩", "得票", "row 1: has no column 'score'"),
    "criteria": ("method", "metod", "column 'metod': is not a criterion of the rubric"),
    "criteria of teams": ("报告", "报告书", "column '报告书': is not a criterion of the rubric"),
    "criteria by row": ("level", "levle", "row 1: has no column 'level'. Is it 'levle'?"),
    "marks": ("points", "pionts", "row 1: has no column 'points'. Is it 'pionts'?"),
}
TOO_MUCH = {
    "answers": ("s2,1001", "row 3, column 'answers': 1001 is over the maximum of 1000"),
    "attendance": ("s2,2", "row 3, column 'attendance': '2' says nothing about attendance"),
    "quiz": ("s2,21", "row 3, column '测验': 21 is over the maximum of 20"),
    "quiz by date": ("s2,20.5", "row 3, column '2026-09-14': 20.5 is over the maximum of 20"),
    "participation": ("s2,100.5", "row 3, column 'score': 100.5 is over the maximum of 100"),
    "teams": ("s2,T1,101,x", "row 3, column 'adjustment': '101' is no adjustment"),
    "project": ("s2,101", "row 3, column '成绩': 101 is over the maximum of 100"),
    "criteria": ("s2,61,0", "row 3, column 'method': 61 is over the maximum of 60"),
    "criteria of teams": ("T8,0,41", "row 3, column '报告': 41 is over the maximum of 40"),
    "criteria by row": ("s2,talk,,41", "row 3, column 'points': 41 is over the maximum of 40"),
    "marks": ("s2,w1,5.5", "row 3, column 'points': 5.5 is over the maximum of 5"),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = write_course(tmp_path_factory.mktemp("broken") / "course")
    (root / "project.toml").write_text(PROJECT, "utf-8")
    with Gradebook(root / "gradebook.db") as book:
        book.put_students([Student("s1", "Ann", github="ann"), Student("s2", "Bo")])
    (root / "teams.csv").write_text("student,team\ns1,T9\ns2,T8\n")
    assert grader(root, "record", "teams", root / "teams.csv").exit_code == 0
    hand_in(root, "s1", "x = 1")
    return root


def grader(root, *words):
    return CliRunner().invoke(main, ["-C", str(root), *map(str, words)])


def dump(root):
    with closing(sqlite3.connect(root / "gradebook.db")) as raw:
        return list(raw.iterdump())


def refused(root, path, data, *words):
    """The complaint about a table, which must change nothing."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    before = dump(root)
    done = grader(root, *words)
    assert done.exit_code == 2, done.output
    assert dump(root) == before
    assert done.stderr.startswith(f"grader: {path}: "), done.stderr
    assert done.stderr.count("\n") == 1
    assert re.search(r"(\. |\? )[A-Z]", done.stderr), "no remedy"
    return done.stderr


@pytest.fixture(params=TABLES)
def table(request, course, tmp_path):
    words, header, *rows = TABLES[request.param]
    return request.param, header, rows, (course, tmp_path / "table.csv"), words


def test_the_tables_are_right_but_for_what_is_done_to_them(tmp_path, course, table):
    name, header, rows, (_, path), words = table
    path.write_text("\n".join([header, *rows]), "utf-8")
    copy = tmp_path / "course"
    copy.mkdir()
    for part in "course.toml", "project.toml", "gradebook.db":
        (copy / part).write_bytes((course / part).read_bytes())
    (copy / "assignments").symlink_to(course / "assignments")
    done = grader(copy, "record", words[0], path, *words[1:])
    assert done.exit_code == 0, done.output
    assert name == "roster" or " 0 new" not in done.output


def test_a_student_who_is_there_twice(table):
    name, header, rows, (course, path), words = table
    said = refused(
        course, path, "\n".join([header, *rows, rows[-1]]), "record", words[0], path, *words[1:]
    )
    assert "row 4, column '" in said
    assert TWICE.get(name, "'s2' is there twice, first in row 3") in said


def test_an_encoding_that_is_none(table):
    _, header, rows, (course, path), words = table
    lines = [header.encode(), rows[0].encode(), b"\xff\xff\xff" + rows[1].encode()]
    said = refused(course, path, b"\n".join(lines), "record", words[0], path, *words[1:])
    assert ": row 3: is neither UTF-8 nor GB18030 text. Save it as CSV (UTF-8)" in said


def test_a_column_that_was_renamed(table):
    name, header, rows, (course, path), words = table
    old, new, complaint = RENAMED[name]
    assert old in header
    text = "\n".join([header.replace(old, new), *rows])
    assert complaint in refused(course, path, text, "record", words[0], path, *words[1:])


@pytest.mark.parametrize("name", TOO_MUCH)
def test_more_than_there_is(course, tmp_path, name):
    words, header, row, _ = TABLES[name]
    path = tmp_path / "table.csv"
    more, complaint = TOO_MUCH[name]
    text = "\n".join([header, row, more])
    assert complaint in refused(course, path, text, "record", words[0], path, *words[1:])


def test_utf_8_with_a_damaged_byte_is_not_read_as_nonsense(course, tmp_path):
    path = tmp_path / "table.csv"
    lines = ["学号,姓名", "s1,李小龙", "s2,王小明的朋友"]
    data = "\n".join(lines).encode().replace("李".encode(), "李".encode()[:2])
    said = refused(course, path, data, "record", "roster", path)
    assert ": row 2: is neither UTF-8 nor GB18030 text. Save it as" in said


# -- tables about hand-ins and repositories ----------------------------------------------------


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("student,提交时间\ns1,gestern\n", "row 2, column '提交时间': 'gestern' is no time"),
        ("student,提交时刻\ns1,2026-10-09 12:00\n", "row 1: has no column 'submitted'"),
        ("whose,提交时间\ns1,2026-10-09 12:00\n", "row 2, column 'student': no column says who"),
        (
            "student,提交时间\ns1,2026-10-09 12:00\ns1,2026-10-10 12:00\n",
            "row 3, column '提交时间': s1 has a second time",
        ),
        (b"student,\xff\xff\xff\ns1,x\n", "row 1: is neither UTF-8 nor GB18030"),
    ],
)
def test_times_of_hand_ins(course, tmp_path, data, complaint):
    (tmp_path / "in" / "s1").mkdir(parents=True)
    (tmp_path / "in" / "s1" / "tiny.ipynb").write_text('{"cells": []}')
    path = tmp_path / "times.csv"
    words = ("collect", "tiny", tmp_path / "in", "--times", path)
    assert complaint in refused(course, path, data, *words)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("who,account\nx,1\n", "row 1: no column says who somebody is. Name one of"),
        (b"student,id\ns1,\xff\xff\xff\n", "row 2: is neither UTF-8 nor GB18030"),
    ],
)
def test_rosters_of_platforms(course, tmp_path, data, complaint):
    (tmp_path / "in" / "s1").mkdir(parents=True)
    (tmp_path / "in" / "s1" / "tiny.ipynb").write_text('{"cells": []}')
    path = tmp_path / "roster.csv"
    words = ("collect", "tiny", tmp_path / "in", "--roster", path)
    assert complaint in refused(course, path, data, *words)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("identifier,github_user\ns1,ann\n", "row 1: has no column 'github'. Is it"),
        ("identifier,github_username\ns1,ann\ns2,ann\n", "row 3, column 'github_username': 'ann'"),
        ("identifier,github_username\n李,\n".encode("gbk") + b"\xff\xff\xff\n", "row 3: is nei"),
    ],
)
def test_the_roster_of_a_github_classroom(course, tmp_path, data, complaint):
    (tmp_path / "tiny-x" / ".git").mkdir(parents=True)
    path = tmp_path / "classroom_roster.csv"
    words = ("publish", "tiny", tmp_path, "--roster", path)
    assert complaint in refused(course, path, data, *words)


@pytest.mark.parametrize(
    ("to", "data", "complaint"),
    [
        ("canvas", "Student,Number,tiny (1)\nAnn,1,\n", "row 1: is no gradebook of Canvas"),
        (
            "canvas",
            "Student,ID,SIS User ID,tiny (1)\n    Points Possible,,,99\nAnn,1,s1,\n",
            "row 2, column 'tiny (1)': is out of 99 in Canvas and out of 23 here",
        ),
        ("canvas", b"Student,ID,tiny\n\xff\xff\xff,1,\n", "row 2: is neither UTF-8 nor GB18030"),
        ("moodle", "Number,tiny\ns1,\n", "row 1: no column says who somebody is. Export with"),
        ("moodle", b"ID number,tiny\n\xff\xff\xff,\n", "row 2: is neither UTF-8 nor GB18030"),
    ],
)
def test_templates_of_other_gradebooks(course, tmp_path, to, data, complaint):
    path = tmp_path / "template.csv"
    words = ("export", "--to", to, "--template", path, "-o", tmp_path / "out.csv")
    assert complaint in refused(course, path, data, *words)
    assert not (tmp_path / "out.csv").exists()


# -- weights -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (
            "course.toml",
            "[[assignments]]",
            "[weights]\nproject = 49\n[[assignments]]",
            "weights: participation, homework and project add up to 99, not to 100. Correct the",
        ),
        (
            "course.toml",
            "[[assignments]]",
            "[participation]\nanswers = 19\n[[assignments]]",
            "participation: attendance, answers and quizzes add up to 99, not to 100. Correct the",
        ),
        (
            "project.toml",
            "weight = 40",
            "weight = 39",
            "the weights of the criteria add up to 99, not to 100. Correct the",
        ),
    ],
)
def test_weights_that_do_not_add_up(course, tmp_path, file, old, new, complaint):
    path = course / file
    right = path.read_text("utf-8")
    scores = tmp_path / "scores.csv"
    scores.write_text("student,score\ns1,90\n")
    try:
        wrong = right.replace(old, new)
        said = refused(course, path, wrong, "record", "project", scores)
    finally:
        path.write_text(right, "utf-8")
    assert complaint in said
