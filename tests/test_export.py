# mypy: disable-error-code="union-attr"
"""Where students stand, and the table that leaves the house."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from grader.course import Assignment, Course, Limits, Question, ScheduledAssignment
from grader.errors import GraderError
from grader.export import export_csv, safe
from grader.gradebook import Gradebook
from grader.records import MarkRow, ScoreRow, Student
from grader.result import CheckResult, SubmissionResult, Text, Verdict
from grader.scoring import State
from grader.standing import standings

DUE = datetime(2026, 10, 9, 23, 59, tzinfo=UTC)
COURSE = Course(
    Path("/course"),
    "深度学习",
    assignments=(ScheduledAssignment("gd", DUE), ScheduledAssignment("mlp", DUE)),
)
QUESTIONS = (
    Question("1", Text("一", "one"), Decimal(90)),
    Question("w1", Text("思考", "written"), Decimal(10), written=True),
)
ASSIGNMENTS = {
    name: Assignment(name, Text(name, name), QUESTIONS, Limits(), Path("/course"))
    for name in ("gd", "mlp")
}


def result(student, assignment="gd", got=90, late=timedelta(0), verdict=Verdict.ACCEPTED):
    check = CheckResult("a", "1", Text("", ""), verdict, Decimal(90), Decimal(got))
    return SubmissionResult(
        assignment,
        student,
        1,
        Verdict.ACCEPTED,
        DUE,
        "k",
        submitted_at=DUE + late,
        checks=(check,),
    )


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "g.db") as opened:
        yield opened


def exported(book, **options):
    stream = io.StringIO()
    export_csv(standings(COURSE, ASSIGNMENTS, book, **options), stream)
    return {row["student"]: row for row in csv.DictReader(io.StringIO(stream.getvalue()))}


def test_a_complete_student(book):
    book.put_students([Student("s1", "张三")])
    book.add_result(result("s1", "gd"))
    book.add_result(result("s1", "mlp", got=80, late=timedelta(hours=1)))
    book.add_marks("gd", [MarkRow("s1", "w1", Decimal(7))])
    book.add_marks("mlp", [MarkRow("s1", "w1", Decimal(10))])
    book.add_participation([ScoreRow("s1", Decimal(88))])
    book.add_project([ScoreRow("s1", Decimal("84.5"))])
    assert exported(book)["s1"] == {
        "student": "s1",
        "name": "张三",
        "gd": "97",
        "mlp": "81",  # 90 less one started day
        "participation": "88",
        "homework": "89",
        "project": "84.5",
        "total": "86.7",  # 8.8 + 35.6 + 42.25 = 86.65
        "state": "complete",
    }


def test_what_is_not_known_is_empty_and_named(book):
    book.put_students([Student("s1")])
    book.add_result(result("s1", verdict=Verdict.JUDGE_ERROR, got=0))
    row = exported(book, handed_in={"mlp": {"s1"}})["s1"]
    assert (row["mlp"], row["total"], row["participation"]) == ("", "", "")
    assert row["state"] == "participation missing; gd undecided; mlp not graded; project missing"


def test_missing_as_zero(book):
    book.put_students([Student("s1")])
    row = exported(book, missing_as_zero=True)["s1"]
    assert (row["gd"], row["homework"], row["total"], row["state"]) == ("", "0", "0", "complete")


def test_an_assignment_that_is_not_on_disk_is_not_open_yet(book):
    book.put_students([Student("s1")])
    (line,) = standings(COURSE, {"gd": ASSIGNMENTS["gd"]}, book, now=DUE - timedelta(days=1))
    assert [s.state for s in line.scores] == [State.OPEN, State.OPEN]
    assert line.score("mlp").points == 0
    assert line.score("rnn") is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "＝1", " =1"])
def test_formulas_are_disarmed(text):
    assert safe(text) == f"'{text}"
    assert safe("张三") == "张三"


def test_a_name_that_is_a_formula(book):
    book.put_students([Student("s1", '=HYPERLINK("http://x","y")')])
    assert exported(book)["s1"]["name"].startswith("'=")


def test_the_file_opens_in_a_spreadsheet(book, tmp_path):
    book.put_students([Student("s1", "张三")])
    export_csv(standings(COURSE, ASSIGNMENTS, book), tmp_path / "grades.csv")
    data = (tmp_path / "grades.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfstudent,name,gd,mlp,participation,homework,project,total")
    assert data.count(b"\r\n") == 2


def test_an_empty_class(tmp_path):
    stream = io.StringIO()
    export_csv((), stream)
    assert stream.getvalue().startswith("student,name,participation")


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(GraderError, match="cannot be written"):
        export_csv((), tmp_path / "nowhere" / "grades.csv")
