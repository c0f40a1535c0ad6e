"""What the gradebook holds, as the commands print it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.cli.texts import echo_report
from grader.gradebook import Gradebook
from grader.records import ScoreRow, Student
from grader.result import (
    CellRun,
    CheckResult,
    Diagnosis,
    Isolation,
    NotebookRun,
    SubmissionResult,
    Text,
    Usage,
    Verdict,
    WrittenAnswer,
)
from tests.tiny import hand_in

WRONG = Diagnosis(
    "misconception",
    Text("恰好是参考值的 2 倍。", "Your value is exactly twice ours."),
    Text("注意系数 1/2。", "Mind the factor 1/2."),
    ("half_square.no_half",),
)
CELLS = (
    CellRun(1, Verdict.ACCEPTED),
    CellRun(2, Verdict.RUN_TIME_ERROR, error="NameError: name 'alpha' is not defined"),
)


def check(number, verdict=Verdict.ACCEPTED, points=10, diagnosis=None):
    return CheckResult(
        id=f"{number}a",
        question=number,
        title=Text("正确", "is right"),
        verdict=verdict,
        points=Decimal(points),
        earned=Decimal(points if verdict is Verdict.ACCEPTED else 0),
        diagnosis=diagnosis,
        evidence="" if diagnosis is None else "printed: tensor([1.])",
    )


def result(student, *checks):
    return SubmissionResult(
        "tiny",
        student,
        1,
        Verdict.ACCEPTED,
        datetime(2026, 10, 9, 12, 0, tzinfo=UTC),
        key="k",
        submitted_at=datetime(2026, 10, 8, tzinfo=UTC),
        checks=(*checks, check("2", points=4), check("h", points=4)),
        written=(WrittenAnswer("w1", Text("思考", "Think"), Decimal(5), filled=True),),
        notebook=NotebookRun(Verdict.ACCEPTED, cells=CELLS),
        isolation=Isolation("linux", 3, "isolated"),
        usage=Usage(wall_time=1.25, memory=300),
    )


@pytest.fixture
def course(course_folder):
    hand_in(course_folder, "s4", "x = 1")
    with Gradebook(course_folder / "gradebook.db") as book:
        book.put_students([Student("s1", "李伟"), Student("s2", "Ann")])
        book.add_result(result("s1", check("1")))
        book.add_result(result("s2", check("1", Verdict.WRONG_ANSWER, diagnosis=WRONG)))
        book.add_result(result("s3", check("1", Verdict.JUDGE_ERROR)))
        book.add_participation([ScoreRow("s1", Decimal(90))])
        book.add_project([ScoreRow("s1", Decimal("87.5"))])
    return course_folder


@pytest.fixture
def run(course):
    def call(*arguments, code=0):
        outcome = CliRunner().invoke(main, ["--course", str(course), *map(str, arguments)])
        assert outcome.exit_code == code, outcome.output
        return outcome.stdout if code == 0 else outcome.stderr

    return call


def test_status(run):
    assert run("status") == (
        "assignment  due  handed in  graded  to mark  failed  mean  of\n"
        "tiny        -            4       3        2       1    13  23\n"
        "\n"
        "3 students; participation of 1, project of 1 recorded\n"
        "tiny: the grader failed on s3\n"
    )


def test_who_has_left_does_not_count(run, course):
    with Gradebook(course / "gradebook.db") as book:
        book.set_active(["s1", "s3"], False)
    assert run("status") == (
        "assignment  due  handed in  graded  to mark  failed  mean  of\n"
        "tiny        -            2       1        1       0     8  23\n"
        "\n"
        "1 student (2 more left the course); participation of 0, project of 0 recorded\n"
    )
    assert [line.split()[0] for line in run("status", "--students").splitlines()[1:]] == ["s2"]
    told = json.loads(run("status", "--json"))
    assert [s["active"] for s in told["students"]] == [False, True, False]
    run("feedback", "--language", "en")
    page = (course / "feedback" / "tiny" / "class.en.html").read_text("utf-8")
    assert "Ann" in page
    assert "李伟" not in page


def test_status_by_student(run):
    lines = run("status", "--students").splitlines()
    assert lines[0] == "student  name  tiny  participation  project  total  state"
    assert lines[1] == "s1       李伟    18             90     87.5      -  tiny pending"
    assert lines[3].endswith("tiny undecided; project missing")


def test_status_as_json(run):
    told = json.loads(run("status", "--json"))
    assert told["recorded"] == {"participation": 1, "project": 1}
    assert told["assignments"][0]["needs_human"] == ["s3"]
    first = told["students"][0]
    assert (first["student"], first["project"], first["total"]) == ("s1", "87.5", None)


def test_a_standing(run):
    assert run("show", "s1") == (
        "s1 李伟\n"
        "part           weight  score  waits for\n"
        "participation     10%     90\n"
        "homework          40%    100  tiny (pending)\n"
        "project           50%   87.5\n"
        "total: not final; so far 92.8 of 100 reachable\n"
        "\n"
        "assignment  points  late  state\n"
        "tiny            18     0  pending\n"
    )
    assert json.loads(run("show", "s1", "--json"))["assignments"][0]["earned"] == "18"


def test_a_result_in_full(run):
    said = run("show", "s2", "tiny", "--language", "en")
    assert said.startswith(
        "# Tiny\n"
        "\n"
        "Student: Ann (s2) · Attempt 1 · Handed in 2026-10-08 00:00 UTC+00 · "
        "Graded 2026-10-09 12:00 UTC+00\n"
        "\n"
        "**8 / 23** · earned 8 · waiting for a marker 5 · not earned 10\n"
    )
    assert "- ✗ is right · **not correct** · 1a · 0 / 10\n\n  Your value is exactly" in said
    assert "NameError: name 'alpha' is not defined" in said
    assert "1.2 s" in said
    assert "恰好是参考值的 2 倍。" in run("show", "s2", "tiny")


def test_a_terminal_lays_the_report_out(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    echo_report("# Title\n\n- **a** \\*b\\* `c`\n\n```text\nd\n```\n")
    said = capsys.readouterr().out
    assert "\x1b[1m" in said
    assert "*b*" in said
    assert "```" not in said


def test_evidence_is_for_those_who_ask(run):
    assert "printed" not in run("show", "s2", "tiny")
    assert "      | printed: tensor([1.])\n" in run("show", "s2", "tiny", "--evidence")


def test_a_result_as_json(run):
    again = SubmissionResult.from_json(run("show", "s2", "tiny", "--json"))
    assert again.student == "s2"


def test_show_knows_whom_it_does_not_know(run):
    assert run("show", "s9", code=2) == (
        "grader: the gradebook knows no student 's9'. It knows 3: s1, s2, s3\n"
    )


def test_show_without_a_result(run, course):
    with Gradebook(course / "gradebook.db") as book:
        book.put_students([Student("s5")])
    assert run("show", "s5", "tiny", code=2) == (
        "grader: s5 has no result for tiny. Run `grader grade tiny s5` first\n"
    )


def test_export(run, course, tmp_path):
    text = run("export", "--to", "csv")
    assert text.splitlines()[:2] == [
        "student,name,tiny,participation,homework,project,total,state",
        "s1,李伟,18,90,100,87.5,,tiny pending",
    ]
    assert run("export", "--to", "csv", "-o", tmp_path / "grades.csv") == ""
    assert (tmp_path / "grades.csv").read_text("utf-8-sig").splitlines() == text.splitlines()


def test_export_into_a_folder_that_is_not_there(run, tmp_path):
    said = run("export", "--to", "csv", "-o", tmp_path / "no" / "grades.csv", code=1)
    assert said.startswith(f"grader: {tmp_path / 'no' / 'grades.csv'} cannot be written")


def test_feedback(run, course):
    said = run("feedback").splitlines()
    assert said[0] == f"tiny: 3 reports in {course.resolve() / 'feedback' / 'tiny'}"
    assert (course / "feedback" / "tiny" / "students" / "s2" / "en.html").is_file()
    assert len(said) == 5
    assert said[3] == f"course summary: {course.resolve() / 'feedback' / 'course.zh.html'}"
    assert (course / "feedback" / "index.html").is_file()


def test_feedback_to_send_and_to_publish(run, course, tmp_path):
    said = run("feedback", "--zip", "--publish", tmp_path / "public", "--address", "https://x.cn/")
    assert said.splitlines()[5:] == [
        f"zips: 3 students in {course.resolve() / 'feedback' / 'zips'}",
        f"published: 3 students in {tmp_path / 'public'}; whose is which: "
        f"{course.resolve() / 'feedback' / 'published.csv'}",
    ]
    names = {p.name for p in (tmp_path / "public").iterdir()}
    table = (course / "feedback" / "published.csv").read_text("utf-8-sig").splitlines()
    addresses = [row.rpartition(",")[2] for row in table[1:]]
    assert names == {a.split("/")[-2] for a in addresses} | {"index.html", "robots.txt"}
    assert (tmp_path / "public").joinpath(addresses[1].split("/")[-2], "tiny", "zh.html").is_file()


def test_feedback_is_not_published_beside_what_is_secret(run, course):
    assert "instructors only" in run("feedback", "--publish", course / "feedback", code=2)


def test_feedback_in_one_language_elsewhere(run, tmp_path):
    run("feedback", "tiny", "--language", "en", "-o", tmp_path / "out")
    pages = {p.name for p in (tmp_path / "out" / "tiny" / "students" / "s1").iterdir()}
    assert pages == {"en.html"}


def test_record(run, course, tmp_path):
    table = tmp_path / "scores.csv"
    table.write_text("学号,成绩\ns1,95\ns2,80\n", encoding="utf-8")
    assert (
        run("record", "participation", table) == "participation: 2 rows read, 2 new or changed\n"
    )
    assert (
        run("record", "participation", table) == "participation: 2 rows read, 0 new or changed\n"
    )
    assert run("record", "project", table) == "project: 2 rows read, 2 new or changed\n"
    with Gradebook(course / "gradebook.db") as book:
        assert book.participation()["s1"].score == 95


def test_record_marks_complete_a_grade(run, course, tmp_path):
    table = tmp_path / "marks.csv"
    table.write_text("student,question,points\ns1,w1,4\n")
    assert run("record", "marks", table, "--by", "Li") == "marks: 1 row read, 1 new or changed\n"
    assert "total: 91" in run("show", "s1")
    with Gradebook(course / "gradebook.db") as book:
        assert book.marks("tiny")[0].marker == "Li"


def test_record_a_roster(run, course, tmp_path):
    table = tmp_path / "class.csv"
    table.write_text("student,name\ns1,李伟\ns7,Zoe\n", encoding="utf-8")
    assert "roster: 2 students read, 1 new, 0 changed" in run("record", "roster", table)
    assert "s7       Zoe" in run("status", "--students")


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("project", "student,score\ns1,101\n", "row 2, column 'score': 101 is over the maximum"),
        (
            "project",
            "student,score\nS1,90\n",
            "row 2, column 'student': 'S1' is not on the roster",
        ),
        ("participation", "student,points\n", "has a header and no rows"),
        ("participation", "name,score\nx,1\n", "row 1: has no column 'student'"),
        ("marks", "student,question,points\ns1,w9,1\n", "'w9' is not a written question"),
        ("roster", "", "is empty"),
    ],
)
def test_a_bad_table_is_refused_as_a_whole(run, tmp_path, kind, text, said):
    table = tmp_path / "bad.csv"
    table.write_text(text)
    complaint = run("record", kind, table, code=2)
    assert complaint.startswith(f"grader: {table}: ")
    assert said in complaint
    assert complaint.count("\n") == 1


def test_marks_need_a_written_question(run, course, tmp_path):
    path = course / "assignments" / "tiny" / "assignment.toml"
    path.write_text(path.read_text().replace("written = true", ""))
    assert "assignment tiny has no written questions" in run(
        "record", "marks", tmp_path / "marks.csv", code=2
    )


def test_which_assignment_was_marked(run, course, tmp_path):
    path = course / "course.toml"
    path.write_text(path.read_text() + '[[assignments]]\nid = "other"\n')
    assert run("record", "marks", tmp_path / "marks.csv", code=2) == (
        "grader: the course has several assignments. "
        "Say whose questions were marked: --assignment ID\n"
    )


def test_a_costly_fault_names_the_line(course):
    from grader.headline import headline

    plain = result("s2", check("1", Verdict.WRONG_ANSWER, diagnosis=WRONG))
    assert headline(plain).verdict is Verdict.WRONG_ANSWER
    assert headline(plain).misconceptions == ("half_square.no_half",)
    assert headline(result("s1", check("1"))).verdict is Verdict.ACCEPTED
    assert headline(result("s3", check("1", Verdict.JUDGE_ERROR))).verdict is Verdict.JUDGE_ERROR
    unread = replace(plain, verdict=Verdict.RUN_TIME_ERROR)
    assert headline(unread).verdict is Verdict.RUN_TIME_ERROR
