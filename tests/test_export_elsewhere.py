"""Workbooks whose formulas give the grades; Canvas and Moodle, there and back."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from grader.canvas import canvas_rows, fill_canvas
from grader.columns import base
from grader.course import HomeworkPolicy, Letter, Scale, ScheduledAssignment
from grader.entries import Override, Scope
from grader.errors import UsageError
from grader.filled import write_table
from grader.gradebook import Gradebook
from grader.moodle import fill_moodle, moodle_rows
from grader.records import MarkRow, ScoreRow, Student
from grader.standing import standings
from grader.workbook import export_xlsx
from tests.spreadsheet import Spreadsheet
from tests.test_collect import grader
from tests.test_export import ASSIGNMENTS, COURSE, result
from tests.tiny import write_course


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "g.db") as opened:
        people = [
            Student("s1", "张三", "zhang@x.cn", "一班"),
            Student("s2", '=HYPERLINK("http://x","y")', "li@x.cn", "+1"),
            Student("s3", "Wang Wu"),
        ]
        opened.put_students(people)
        for student, got in (("s1", 81), ("s2", 7)):
            opened.add_result(result(student, "gd", got=got, late=timedelta(days=1, hours=1)))
            opened.add_marks("gd", [MarkRow(student, "w1", Decimal("6.5"))])
        opened.add_result(result("s1", "mlp", got=85))
        opened.add_marks("mlp", [MarkRow("s1", "w1", Decimal(10))])
        opened.add_result(result("s2", "mlp", late=timedelta(days=9)))
        opened.add_participation([ScoreRow("s1", Decimal("88.8")), ScoreRow("s2", Decimal(50))])
        opened.add_project([ScoreRow("s1", Decimal("84.5"))])
        yield opened


def lines(book, **options):
    return standings(COURSE, ASSIGNMENTS, book, **options)


def rows(filled):
    stream = io.StringIO()
    write_table(filled, stream)
    return list(csv.reader(io.StringIO(stream.getvalue())))


# -- workbook ----------------------------------------------------------------------------------


@pytest.mark.parametrize("missing_as_zero", [False, True])
def test_the_formulas_give_the_grades(book, tmp_path, missing_as_zero):
    found = lines(book, missing_as_zero=missing_as_zero)
    export_xlsx(COURSE, found, tmp_path / "g.xlsx")
    sheet = Spreadsheet(tmp_path / "g.xlsx")
    for line, row in zip(found, sheet.rows("Grades", 2), strict=True):
        assert row["student"] == line.student.id
        total = line.grade.total
        assert row["total"] == ("" if total is None else Fraction(total))
        for part in line.grade.parts:
            if part.score is None:
                assert row[part.name] is None
            else:
                assert abs(row[part.name] - Fraction(part.score)) < Fraction(1, 10**9)
    if not missing_as_zero:
        first = next(sheet.rows("Grades", 2))
        # gd: 87.5 less two started days of 10 % each is 70; mlp 95; their mean 82.5
        assert (first["homework"], first["total"]) == (Fraction("82.5"), Fraction("84.1"))


def test_the_arithmetic_is_in_the_workbook(book, tmp_path):
    export_xlsx(COURSE, lines(book), tmp_path / "g.xlsx")
    sheet = Spreadsheet(tmp_path / "g.xlsx")
    homework = sheet.book["Homework"]
    assert [homework.cell(2, i).value for i in range(3, 11)] == [
        *(
            "earned",
            "days late",
            "free days",
            "share lost",
            "points",
            "out of",
            "percent",
            "counts",
        ),
    ]
    assert homework["F3"].value == "=MIN(Rules!$B$6,Rules!$B$5*(D3-E3))"
    assert (sheet("Homework", "C3"), sheet("Homework", "G3")) == (Fraction("87.5"), 70)
    # Far too late: nothing is accepted, whatever a day costs.
    assert (homework["N4"].value, sheet("Homework", "O4")) == (1, 0)
    sheet.book["Rules"]["B5"] = 0.2
    sheet.cell.cache_clear()
    assert sheet("Homework", "G3") == Fraction("52.5")


def test_names_are_text_in_a_workbook(book, tmp_path):
    book.put_students([Student("s4", "bad\x07bell")])
    export_xlsx(COURSE, lines(book), tmp_path / "g.xlsx")
    sheet = Spreadsheet(tmp_path / "g.xlsx").book["Grades"]
    assert (sheet["B4"].data_type, sheet["B4"].quotePrefix) == ("s", True)
    assert sheet["B4"].value.startswith("=HYPERLINK")
    assert (sheet["C4"].value, sheet["C4"].data_type) == ("+1", "s")
    assert sheet["B6"].value == "bad bell"


# -- Canvas ------------------------------------------------------------------------------------

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,GD (4101),Quiz (4102),平时 (4103),Final Score
    Points Possible,,,,,100,10,100,(read only)
"San, Zhang",901,s1,zhang,深度学习,12,9,,55.5
"Wu, Wang",903,,w3,深度学习,40,-1,,
"Student, Test",999,,test,深度学习,,,,
"""


@pytest.fixture
def template(tmp_path):
    path = tmp_path / "canvas.csv"
    path.write_text(CANVAS, "utf-8-sig")
    return path


def test_a_new_gradebook_for_canvas(book):
    found = rows(canvas_rows(lines(book)))
    assert found[0] == [
        *("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
        *("gd", "mlp", "participation", "homework", "project", "total"),
    ]
    assert found[1] == ["    Points Possible", *[""] * 4, *["100"] * 6]
    assert found[2] == [
        *("张三", "", "s1", "zhang", "一班", "70", "95", "88.8", "82.5", "84.5", "84.1"),
    ]
    assert found[3][0] == '\'=HYPERLINK("http://x","y")'
    assert found[3][4] == "+1"
    assert found[4][5:] == [""] * 6


def test_a_gradebook_of_canvas_keeps_its_columns_and_numbers(book, template):
    filled = fill_canvas(lines(book), template, {"participation": "平时"})
    found = rows(filled)
    assert found[0] == CANVAS.splitlines()[0].split(",")
    assert found[1] == ["    Points Possible", "", "", "", "", "100", "10", "100", "(read only)"]
    assert found[2] == ["San, Zhang", "901", "s1", "zhang", "深度学习", "70", "9", "88.8", "55.5"]
    # Nothing known of s3: what Canvas had stays; the name leads to the student.
    assert found[3] == ["Wu, Wang", "903", "", "w3", "深度学习", "40", "-1", "", ""]
    assert found[4][:2] == ["Student, Test", "999"]
    assert filled.lost == ("s2",)
    assert filled.unused == ("homework", "mlp", "project", "total")


def test_what_was_written_can_be_the_next_template(book, template, tmp_path):
    first = fill_canvas(lines(book), template, {})
    write_table(first, tmp_path / "once.csv")
    again = fill_canvas(lines(book), tmp_path / "once.csv", {})
    assert rows(again) == rows(first)
    assert (tmp_path / "once.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    write_table(canvas_rows(lines(book)), tmp_path / "new.csv")
    new = fill_canvas(lines(book), tmp_path / "new.csv", {})
    assert rows(new) == rows(canvas_rows(lines(book)))
    assert new.lost == ()


@pytest.mark.parametrize(
    ("old", "new", "said", "complaint"),
    [
        ("100,10", "50,10", {}, "column 'GD (4101)': is out of 50 in Canvas and out of 100 here"),
        ("Student,ID", "Name,ID", {}, "is no gradebook of Canvas"),
        ("GD (4101)", "HW1 (4101)", {}, "has none of the columns gd, mlp, participation"),
        ("Quiz (4102)", "gd (4102)", {}, "two columns for gd: 'GD (4101)', …. Say which"),
        ("", "", {"gd": "HW9"}, "has no column 'HW9'. It has: Student, ID"),
        ("", "", {"cnn": "HW9"}, "there is no column 'cnn'. Known: gd, mlp"),
    ],
)
def test_templates_that_do_not_fit(book, template, old, new, said, complaint):
    template.write_text(CANVAS.replace(old, new), "utf-8")
    with pytest.raises(UsageError) as caught:
        fill_canvas(lines(book), template, said)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("gd (123)", "gd"),
        ("Assignment: GD (Real)", "gd"),
        ("作业：梯度下降 (实际)", "梯度下降"),
        ("Homework (2) more", "homework (2) more"),
    ],
)
def test_headers_of_platforms(header, name):
    assert base(header) == name


# -- Moodle ------------------------------------------------------------------------------------

MOODLE = """First name,Last name,ID number,Email address,Assignment: gd (Real),Course total (Real)
三,张,s1,zhang@x.cn,-,10
X,Y,,li@x.cn,3.00,
Wu,Wang,s3,,-,-
"""


def test_a_new_table_for_moodle(book):
    found = rows(moodle_rows(lines(book)))
    assert found[0][:5] == ["ID number", "Full name", "Email address", "gd", "mlp"]
    assert found[1] == ["s1", "张三", "zhang@x.cn", "70", "95", "88.8", "82.5", "84.5", "84.1"]


def test_grades_of_moodle_keep_their_columns(book, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(MOODLE, "utf-8")
    filled = fill_moodle(lines(book), path, {})
    found = rows(filled)
    assert found[0] == MOODLE.splitlines()[0].split(",")
    assert [row[4] for row in found[1:]] == ["70", "10.8", ""]
    assert [row[5] for row in found[1:]] == ["10", "", "-"]
    assert filled.lost == ()
    write_table(filled, tmp_path / "once.csv")
    assert rows(fill_moodle(lines(book), tmp_path / "once.csv", {})) == found
    path.write_text("First name,gd\nx,1\n")
    with pytest.raises(UsageError, match="no column says who somebody is"):
        fill_moodle(lines(book), path, {})


# -- the command -------------------------------------------------------------------------------


def test_the_command(tmp_path):
    root = write_course(tmp_path / "course")
    (root / "r.csv").write_text("student,name\ns1,Ann\n")
    grader(root, "record", "roster", root / "r.csv")
    grader(root, "export", "--to", "xlsx", "-o", tmp_path / "g.xlsx")
    assert Spreadsheet(tmp_path / "g.xlsx")("Grades", "A3") == "s1"
    assert grader(root, "export", "--to", "moodle").startswith("ID number,Full name")
    (tmp_path / "t.csv").write_text("Student,ID,SIS User ID,HW\nAnn,1,s1,\nBob,2,s2,\n")
    out = grader(
        root,
        *("export", "--to", "canvas", "--template", tmp_path / "t.csv", "--column", "tiny=HW"),
    )
    assert out.splitlines()[0] == "Student,ID,SIS User ID,HW"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["xlsx"], "a workbook is no text. Name a file: -o grades.xlsx"),
        (["csv", "--template", "t.csv"], "--template is for canvas and moodle"),
        (["canvas", "--column", "a=b"], "--column says what is what in a template"),
        (["canvas", "--template", "t.csv", "--column", "a"], "--column a is not ID=HEADER"),
        (["xlsx", "-o", "nowhere/g.xlsx"], "nowhere/g.xlsx cannot be written"),
    ],
)
def test_what_the_command_refuses(tmp_path, words, complaint):
    root = write_course(tmp_path / "course")
    (root / "r.csv").write_text("student\ns1\n")
    grader(root, "record", "roster", root / "r.csv")
    code = 1 if "written" in complaint else 2
    assert complaint in grader(root, "export", "--to", *words, code=code)


@pytest.mark.parametrize(
    ("rounding", "places"), [("half_up", 0), ("down", 1), ("up", 2), ("half_even", 0)]
)
def test_the_workbook_follows_bonus_overrides_dropped_work_and_rounding(
    tmp_path, rounding, places
):
    calendar = (
        ScheduledAssignment("gd", None, Decimal(2)),
        ScheduledAssignment("mlp", None, Decimal(1)),
        ScheduledAssignment("extra", None, Decimal("0.5"), bonus=True),
        ScheduledAssignment("worst", None, Decimal(1)),
    )
    course = replace(
        COURSE,
        assignments=calendar,
        homework=HomeworkPolicy(drop_lowest=1, maximum=Decimal(105)),
        scale=Scale(places, rounding, (Letter("A", Decimal(90)), Letter("B", Decimal(0)))),
    )
    what = {a.id: replace(ASSIGNMENTS["gd"], id=a.id) for a in calendar}
    with Gradebook(tmp_path / "g.db") as book:
        book.put_students([Student("s1"), Student("s2")])
        for student, points in (("s1", (77, 83, 61, 5)), ("s2", (90, 90, 90, 90))):
            for a, got in zip(calendar, points, strict=True):
                book.add_result(result(student, a.id, got=got))
                book.add_marks(a.id, [MarkRow(student, "w1", Decimal(10))])
        book.add_overrides(
            [Override("s1", "mlp", Scope.TOTAL, "", Decimal("88.5"), "agreed", "Li")]
        )
        scores = [ScoreRow("s1", Decimal("81.3")), ScoreRow("s2", Decimal(97))]
        book.add_participation(scores)
        book.add_project(scores)
        found = standings(course, what, book)
    export_xlsx(course, found, tmp_path / "g.xlsx")
    for line, row in zip(found, Spreadsheet(tmp_path / "g.xlsx").rows("Grades", 2), strict=True):
        assert row["total"] == Fraction(line.grade.total)
        assert row["letter"] == line.grade.letter
        assert abs(row["homework"] - Fraction(line.grade.homework.score)) < Fraction(1, 10**9)
    # (2 x 87 + 88.5 + 0.5 x 71) / 3 for s1; the maximum for s2
    assert found[0].grade.homework.score == Decimal(298) / 3
    assert found[1].grade.homework.score == 105
