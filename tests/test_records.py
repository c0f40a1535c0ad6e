# mypy: disable-error-code="comparison-overlap"
"""Tables that people keep: what is understood, and what is said about the rest."""

from decimal import Decimal

import pytest

from grader.errors import ConfigError
from grader.records import (
    MarkRow,
    ScoreRow,
    Student,
    read_marks,
    read_participation,
    read_project,
    read_roster,
)

QUESTIONS = {"w1": Decimal(5), "w2": Decimal(5)}


@pytest.fixture
def table(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_chinese_headers_and_encodings(table, encoding, separator):
    text = "学号,姓名,成绩,评语\r\n2023001,张三,92.5,很积极\r\n".replace(",", separator)
    (row,) = read_participation(table(text, encoding))
    assert row == ScoreRow("2023001", Decimal("92.5"), "很积极", "张三")


def test_english_headers_in_any_order_and_case(table):
    path = table("Score, STUDENT ,seat\n88,007,A3\n\n90,008,A4\n")
    assert [(r.student, r.score) for r in read_project(path)] == [("007", 88), ("008", 90)]


def test_a_full_roster(table):
    path = table("学号,姓名,邮箱,班级,GitHub\ns1,张三,z@x.cn,统计一班,zhang\ns2,李四,,,\n")
    assert read_roster(path) == (
        Student("s1", "张三", "z@x.cn", "统计一班", "zhang"),
        Student("s2", "李四"),
    )


def test_marks(table):
    path = table("student,question,points,comment,marker\ns1,w1,4.5,ok,Li\ns1,w2,0,,\n")
    assert read_marks(path, QUESTIONS).marks == (
        MarkRow("s1", "w1", Decimal("4.5"), "ok", "Li"),
        MarkRow("s1", "w2", Decimal(0)),
    )


def test_multi_line_cells_keep_the_row_numbers_of_the_spreadsheet(table):
    path = table('student,score,comment\ns1,90,"two\nlines"\ns2,abc,\n')
    with pytest.raises(ConfigError, match="row 3, column 'score'"):
        read_participation(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ": is empty. Write one row per student"),
        ("\n\n", ": is empty"),
        ("student,score\n", ": has a header and no rows"),
        (
            "student,score\ns1,90\ns1,80\n",
            "row 3, column 'student': 's1' is there twice, first in row 2",
        ),
        ("student,score\ns1,101\n", "row 2, column 'score': 101 is over the maximum of 100"),
        (
            "学号,成绩\ns1,优秀\n",
            "row 2, column '成绩': '优秀' is not a number. Write a number from 0",
        ),
        ("student,score\ns1,-1\n", "'-1' is not a number"),
        ("student,score\ns1,nan\n", "'nan' is not a number"),
        ("student,score\ns1,1e2\n", "'1e2' is not a number"),
        ("student,score\ns1,９０\n", "'９０' is not a number"),
        ("student,score\ns1,\n", "column 'score': is empty"),
        ("student,score\n,90\n", "column 'student': is empty"),
        ("student,scores\ns1,90\n", "row 1: has no column 'score'. Is it 'scores'? Rename it"),
        ("student,points won\ns1,90\n", "has no column 'score'. Name the column to one of"),
        ("student,score,coment\ns1,90,hi\n", "has no column 'comment'. Is it 'coment'?"),
        ("student,score,成绩\ns1,90,91\n", "'score' and '成绩' both name the score"),
        ("student,score\n2.023E+08,90\n", "spreadsheet has shortened. Format the column as text"),
        ("student,score\n../x,90\n", "cannot be the name of a folder"),
        ("student,score\ns1,90,ninety\n", "row 2: has 3 cells, the header has 2"),
    ],
)
def test_complaints_name_row_column_and_remedy(table, text, complaint):
    path = table(text)
    with pytest.raises(ConfigError) as caught:
        read_participation(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert complaint in message
    assert "\n" not in message
    assert caught.value.remedy


def test_unknown_students_get_a_guess(table):
    path = table("student,score\n2023012,90\n")
    with pytest.raises(ConfigError, match=r"not on the roster\. Did you mean '2023021'"):
        read_participation(path, known=["2023021", "x"])
    with pytest.raises(ConfigError, match="Add the student first"):
        read_participation(path, known=["x"])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("s1,w3,1", "'w3' is not a written question"),
        ("s1,w1,6", "6 is over the maximum of 5"),
        ("s1,w2,1\ns1,w2,2", "s1 has a second mark for w2"),
    ],
)
def test_complaints_about_marks(table, line, complaint):
    with pytest.raises(ConfigError, match=complaint):
        read_marks(table(f"student,question,points\n{line}\n"), QUESTIONS)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"PK\x03\x04rest", "is an Excel workbook that cannot be read.*Save the sheet as CSV"),
        (b"\xd0\xcf\x11\xe0old", "of the old kind.*Save it as XLSX"),
        (b"\xff\xfe\x00", "neither UTF-8 nor GB18030"),
        (b"student,score\n\xff\xff\xff,1\n", "neither UTF-8 nor GB18030"),
        (b"student,score\n\0,1\n", "neither UTF-8 nor GB18030"),
        (b'student,score\ns1,"' + b"9" * 200_000 + b'"\n', "is not CSV"),
    ],
)
def test_files_that_are_not_tables(table, data, complaint):
    with pytest.raises(ConfigError, match=complaint):
        read_participation(table(data))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_roster(tmp_path / "none.csv")
