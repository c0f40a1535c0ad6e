"""A roster taken in again: who is new, changed, gone, back; from CSV and from XLSX."""

from decimal import Decimal

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from grader.cli import main
from grader.errors import ConfigError
from grader.records import ScoreRow, read_participation, read_roster
from tests.test_collect import grader
from tests.tiny import write_course


@pytest.fixture
def root(tmp_path):
    return write_course(tmp_path / "course")


def sheet(path, *rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_roster_again(root, tmp_path):
    path = tmp_path / "roster.xlsx"
    sheet(path, ["学号", "姓名", "班级"], [2026001, "张三", "一"], ["2026002", "Álvaro", "一"])
    text = grader(root, "record", "roster", path)
    assert "new      2026001 张三\nnew      2026002 Álvaro\n" in text
    assert "roster: 2 students read, 2 new, 0 changed, 0 not in it" in text
    assert grader(root, "record", "roster", path) == (
        "roster: 2 students read, 0 new, 0 changed, 0 not in it\n"
    )
    sheet(path, ["学号", "姓名", "班级"], [2026001, "张三", "二"], ["2026003", "Новый", ""])
    text = grader(root, "record", "roster", path)
    assert text == (
        "new      2026003 Новый\nchanged  2026001 section: 一 → 二\nnot here 2026002 Álvaro\n"
        "roster: 2 students read, 1 new, 1 changed, 1 not in it\n"
        "They stay in the course; --deactivate-missing notes that they have left\n"
    )
    assert "left     2026002 Álvaro\n" in grader(
        root, "record", "roster", path, "--deactivate-missing"
    )
    assert "0 not in it" in grader(root, "record", "roster", path)
    exported = grader(root, "export", "--to", "csv")
    assert "Новый" in exported
    assert "Álvaro" not in exported
    assert "Álvaro" in grader(root, "export", "--to", "csv", "--with-left")
    told = CliRunner().invoke(main, ["-C", str(root), "export", "--to", "csv"]).stderr
    assert told == "left out: 1 student who left (--with-left)\n"
    sheet(path, ["学号"], ["2026002"])
    assert "back     2026002 Álvaro\n" in grader(root, "record", "roster", path)


def test_a_workbook_says_what_people_see(tmp_path):
    path = sheet(
        tmp_path / "p.xlsx",
        ["学号", "成绩", "评语"],
        [2026001.0, 87.5, None],
        [],
        ["007", 0.1 + 0.2, "好"],
    )
    assert read_participation(path) == (
        ScoreRow("2026001", Decimal("87.5")),
        ScoreRow("007", Decimal("0.3"), "好"),
    )


def test_complaints_about_a_workbook_name_the_row_of_the_sheet(tmp_path):
    path = sheet(tmp_path / "p.xlsx", ["student", "score"], ["s1", 90], [], ["s2", 101])
    with pytest.raises(ConfigError, match="row 4, column 'score': 101 is over the maximum"):
        read_participation(path)


def test_a_student_number_that_a_workbook_has_rounded(tmp_path):
    path = sheet(tmp_path / "p.xlsx", ["student"], [20260001000100020003])
    with pytest.raises(ConfigError, match=r"shortened\. Format the column as text"):
        read_roster(path)


@pytest.mark.parametrize("number", ["CON", "nul.txt", "a:b", "x.", "~x", "x" * 101, 'a"b'])
def test_numbers_that_cannot_be_a_folder_on_every_system(tmp_path, number):
    path = sheet(tmp_path / "r.xlsx", ["student"], [number])
    with pytest.raises(ConfigError, match=r"row 2, column 'student': .*Leave out"):
        read_roster(path)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("学号,姓名\ns1,新\ns2,b\ns1,c\n".encode(), "row 4, column '学号': 's1' is there twice"),
        ("学生号,姓名\ns1,新\n".encode(), "row 1: has no column 'student'. Is it '学生号'?"),
        (
            b"student,name\ns1,\xff\xff\xff\n",
            "row 2: is neither UTF-8 nor GB18030 text. Save it as",
        ),
        (b"student,name\ns1,new\n,x\n", "row 3, column 'student': is empty"),
    ],
)
def test_a_broken_roster_changes_nothing(root, tmp_path, data, complaint):
    (tmp_path / "good.csv").write_text("student,name\ns1,old\n")
    grader(root, "record", "roster", tmp_path / "good.csv")
    (tmp_path / "bad.csv").write_bytes(data)
    said = grader(root, "record", "roster", tmp_path / "bad.csv", "--deactivate-missing", code=2)
    assert f"{tmp_path / 'bad.csv'}: {complaint}" in said
    assert grader(root, "record", "roster", tmp_path / "good.csv") == (
        "roster: 1 student read, 0 new, 0 changed, 0 not in it\n"
    )
