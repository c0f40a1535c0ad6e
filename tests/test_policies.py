"""Late days, extensions, attempts, dropped work, letters, decisions and what-if."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.cli.table import number
from grader.config import load_course
from grader.course import Course, HomeworkPolicy, LatePolicy, Letter, Scale, ScheduledAssignment
from grader.coursegrade import course_grade, on_scale, rounding_rule
from grader.entries import Extension
from grader.errors import ConfigError
from grader.gradebook import Gradebook
from grader.late import Deadline, deadline, late_deduction
from grader.records import ScoreRow
from grader.result import CheckResult, SubmissionResult, Text, Verdict
from grader.scoring import AssignmentScore, State
from grader.whatif import need
from tests.tiny import ASSIGNMENT

DUE = datetime(2026, 10, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def lost(after, free=0, **rules):
    policy = LatePolicy(**rules)
    due = deadline(ScheduledAssignment("a", DUE), policy)
    return late_deduction(policy, due, DUE + after, Decimal(80), free)


def test_grace_minutes_move_every_boundary():
    assert lost(timedelta(minutes=15), grace_minutes=15) is None
    assert lost(timedelta(minutes=16), grace_minutes=15).days == 1
    assert lost(DAY + timedelta(minutes=15), grace_minutes=15).days == 1


def test_the_cap_is_told():
    made = lost(3 * DAY, cap=Decimal("0.2"))
    assert (made.share, made.points, made.capped) == (Decimal("0.2"), 16, True)
    assert made.arithmetic.en == (
        "3 started days × 10 %, at most 20 % · of 80 earned points: 16 are taken off."
    )


def test_free_days_pay_first_and_never_in_vain():
    made = lost(3 * DAY, free=2)
    assert (made.free, made.points) == (2, 8)
    assert made.arithmetic.en == (
        "3 started days − 2 free = 1 × 10 % = 10 % · of 80 earned points: 8 are taken off."
    )
    assert (
        made.arithmetic.zh == "迟交 3 天 − 免扣 2 天 = 1 天 × 10 % = 10 % · 已得 80 分，扣 8 分。"
    )
    assert lost(5 * DAY, free=2).accepted
    hopeless = lost(6 * DAY, free=2)
    assert (hopeless.free, hopeless.accepted, hopeless.points) == (0, False, 80)


def test_an_extension_moves_the_deadline():
    scheduled, policy = ScheduledAssignment("a", DUE), LatePolicy()
    longer = deadline(scheduled, policy, Extension("s", "a", hours=Decimal("36.5")))
    assert longer.due == DUE + timedelta(hours=36, minutes=30)
    until = deadline(ScheduledAssignment("a"), policy, Extension("s", "a", until=DUE))
    assert until == Deadline(DUE, extension=Extension("s", "a", until=DUE))


def homework(name, got, state=State.COMPLETE, weight=1, **more):
    return AssignmentScore(
        name, Text(name, name), Decimal(100), state, Decimal(weight), Decimal(got), **more
    )


def graded(scores, **policy):
    course = Course(None, "x", homework=HomeworkPolicy(**policy))
    return course_grade(course, scores, Decimal(100), Decimal(100))


def test_the_lowest_is_dropped_and_said():
    grade = graded([homework("a", 60), homework("b", 90), homework("c", 100)], drop_lowest=1)
    assert [i.dropped for i in grade.items] == [True, False, False]
    assert grade.homework.score == 95


def test_what_is_missing_is_dropped_first():
    scores = [homework("a", 60), homework("b", 0, State.MISSING)]
    grade = graded(scores, drop_lowest=1)
    assert (grade.homework.score, grade.gaps) == (60, ())
    assert graded(scores, drop_lowest=5).homework.score == 60


def test_a_bonus_only_adds():
    scores = [homework("a", 60), homework("b", 80), homework("x", 50, weight="0.4", bonus=True)]
    assert graded(scores).homework.score == 80
    assert graded([homework("a", 100), scores[2]]).homework.score == 100
    assert graded([homework("a", 100), scores[2]], maximum=Decimal(110)).homework.score == 110
    absent = replace(scores[2], state=State.MISSING)
    assert graded([homework("a", 100), absent]).gaps == ()


@pytest.mark.parametrize(
    ("rounding", "places", "shown"),
    [("half_up", 0, "85"), ("half_even", 0, "84"), ("down", 1, "84.5"), ("up", 0, "85")],
)
def test_rounding_is_that_of_the_course(rounding, places, shown):
    assert str(on_scale(Decimal("84.5"), Scale(places, rounding))) == shown


def test_letters_are_read_off_the_rounded_grade():
    letters = (Letter("A", Decimal(90)), Letter("B", Decimal(0)))
    course = Course(None, "x", scale=Scale(0, "half_up", letters))
    grade = course_grade(course, [homework("a", 100)], Decimal(100), Decimal(79))
    assert (grade.so_far, grade.total, grade.letter) == (Decimal("89.5"), 90, "A")
    assert rounding_rule(course.scale).en == (
        "Grades on the 100-point scale are rounded once, at the end: to whole points, halves up."
        " Letters: A ≥ 90 · B ≥ 0."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[late]\ncap = 2", "late.cap"),
        ("[late]\ngrace = 5", "unknown key. Known keys: cap, days,"),
        ("[homework]\nattempts = 'first'", "homework.attempts"),
        ("[scale]\nrounding = 'bankers'", "scale.rounding"),
        ("[[scale.letters]]\nletter = 'A'\nat_least = 90", "no letter below 90"),
    ],
)
def test_rules_that_cannot_be_right(tmp_path, text, said):
    (tmp_path / "course.toml").write_text(f"[course]\ntitle = 'x'\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        load_course(tmp_path)
    assert said in str(caught.value)


def test_what_is_needed():
    course = Course(None, "x")
    grade = course_grade(course, [homework("a", 90)], Decimal(80), None)
    found = need(course, grade, Decimal(85))
    assert (found.verdict, found.at_best, found.at_worst) == (
        "reachable",
        Decimal("81.9"),
        Decimal("81.9"),
    )
    exact = course_grade(course, [homework("a", 90)], Decimal(80), found.at_best)
    below = course_grade(course, [homework("a", 90)], Decimal(80), Decimal("81.89"))
    assert (exact.total, below.total) == (85, Decimal("84.9"))
    assert need(course, grade, Decimal(99)).verdict == "impossible"
    assert need(course, grade, Decimal(44)).verdict == "safe"
    partly = course_grade(course, [homework("a", 90), homework("b", 0, State.OPEN)], None, None)
    assert need(course, partly, Decimal(80)).verdict == "depends"


# -- by the commands -------------------------------------------------------------------------

COURSE = """
[course]
title = "Two"
[late]
free_days = 1
[[assignments]]
id = "tiny"
due = 2026-10-09T12:00:00+00:00
[[assignments]]
id = "later"
due = 2026-10-20T12:00:00+00:00
"""


def check(name, points, verdict=Verdict.ACCEPTED):
    got = points if verdict is Verdict.ACCEPTED else 0
    title = Text("对", "right")
    return CheckResult(name, name[0], title, verdict, Decimal(points), Decimal(got))


def result(student, assignment="tiny", attempt=1, late=timedelta(0), first=Verdict.ACCEPTED):
    checks = (check("1a", 10, first), check("2a", 4), check("h1", 4))
    due = DUE if assignment == "tiny" else DUE + timedelta(days=11)
    return SubmissionResult(
        assignment,
        student,
        attempt,
        Verdict.ACCEPTED,
        DUE,
        "k",
        submitted_at=due + late,
        checks=checks,
    )


@pytest.fixture
def course(course_folder):
    (course_folder / "course.toml").write_text(COURSE)
    other = course_folder / "assignments" / "later"
    other.mkdir()
    plain = ASSIGNMENT.replace('"tiny"', '"later"').replace("written = true", "")
    (other / "assignment.toml").write_text(plain.replace("points = 5", "points = 0"))
    return course_folder


@pytest.fixture
def run(course):
    def call(*arguments, code=0):
        outcome = CliRunner().invoke(main, ["--course", str(course), *map(str, arguments)])
        assert outcome.exit_code == code, outcome.output
        return outcome.stdout if code == 0 else outcome.stderr

    return call


def keep(course, *results):
    with Gradebook(course / "gradebook.db") as book:
        for one in results:
            book.add_result(one)


def points(run, student="s1"):
    told = json.loads(run("show", student, "--json"))
    return {a["id"]: number(a["earned"] and Decimal(a["earned"])) for a in told["assignments"]}


def test_free_days_are_spent_in_the_order_of_deadlines(run, course):
    keep(course, result("s1", "later", late=DAY), result("s1", "tiny", late=DAY))
    assert points(run) == {"tiny": "18", "later": "16.2"}
    shown = run("show", "s1")
    assert "tiny: 1 started day − 1 free = 0 × 10 % = 0 % · of 18 earned points: 0 are" in shown
    assert "later: 1 started day × 10 % = 10 % · of 18 earned points: 1.8 are" in shown
    assert "free late days: 1 of 1 spent" in shown


def test_which_attempt_counts_is_a_policy(run, course):
    early = result("s1", attempt=1, first=Verdict.WRONG_ANSWER)
    keep(course, early, result("s1", attempt=2, late=3 * DAY))
    assert points(run)["tiny"] == "8"
    path = course / "course.toml"
    for policy, earned in (("last", "14.4"), ("best", "14.4"), ("newest_on_time", "8")):
        path.write_text(f"{COURSE}[homework]\nattempts = '{policy}'\n")
        assert points(run)["tiny"] == earned
    assert "提交序号 1" in run("show", "s1", "tiny")


def test_an_extension_by_command(run, course):
    keep(course, result("s1", late=2 * DAY))
    assert points(run)["tiny"] == "16.2"
    said = run("extend", "s1", "tiny", "--hours", 48, "--reason", "ill", "--by", "Li")
    assert said == "s1 · tiny: due 2026-10-11 12:00 +0000\n"
    assert points(run)["tiny"] == "18"
    assert "tiny: due 2026-10-11 12:00 by extension (ill)" in run("show", "s1")
    run("extend", "s1", "tiny", "--withdraw", "--reason", "no", "--by", "Li")
    assert points(run)["tiny"] == "16.2"
    rows = json.loads(run("audit", "s1", "--json"))
    assert [(r["who"], r["what"], r["why"]) for r in rows] == [
        ("Li", "hours 48", "ill"),
        ("Li", "hours 48 → nothing", "no"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--until", "tomorrow"], "is not a moment"),
        (["--until", "2026-10-12T10:00"], "says no time zone"),
        ([], "say until when"),
    ],
)
def test_extensions_that_cannot_be(run, course, arguments, said):
    keep(course, result("s1"))
    assert said in run("extend", "s1", "tiny", *arguments, "--reason", "x", "--by", "y", code=2)


def test_overrides_by_command(run, course):
    keep(course, result("s1", first=Verdict.JUDGE_ERROR))
    why = ("--reason", "oral", "--by", "Li")
    assert run("override", "s1", "tiny", "--check", "1a", "--points", 7, *why) == (
        "s1 · tiny: 8 → 15\n"
    )
    assert run("override", "s1", "tiny", "--question", "w1", "--points", 5, *why) == (
        "s1 · tiny: 15 → 20\n"
    )
    assert json.loads(run("show", "s1", "--json"))["assignments"][0]["state"] == "complete"
    keep(course, result("s1", first=Verdict.WRONG_ANSWER))
    assert points(run)["tiny"] == "20"
    run("override", "s1", "tiny", "--points", 12, *why)
    assert points(run)["tiny"] == "12"
    assert "tiny: set to 12 by Li: oral" in run("show", "s1")
    run("override", "s1", "tiny", "--withdraw", *why)
    assert points(run)["tiny"] == "20"
    over = run("override", "s1", "tiny", "--check", "1a", "--points", 11, *why, code=2)
    assert "11 is over the maximum of 10" in over
    assert "has no check '9z'" in run(
        "override", "s1", "tiny", "--check", "9z", "--points", 1, *why, code=2
    )
    run("comment", "s1", "tiny", "1", "Come & see <me>.", "--by", "Li")
    run("feedback", "tiny", "--language", "en")
    page = (course / "feedback" / "tiny" / "students" / "s1" / "en.html").read_text()
    assert "Come &amp; see &lt;me&gt;." in page
    assert "1a: Marked by a person. oral" in page


def test_what_if_by_command(run, course):
    keep(course, result("s1"), result("s1", "later"))
    with Gradebook(course / "gradebook.db") as book:
        book.add_participation([ScoreRow("s1", Decimal(80))])
    run("override", "s1", "tiny", "--question", "w1", "--points", 5, "--reason", "x", "--by", "y")
    assert run("whatif", "s1", "--need", 85) == "for 85: 73.9 in project\n"
    assert run("whatif", "s1", "--assume", "project=73.9") == "total: 85.0\n"
    assert run("show", "s1", "--need", 99).endswith(
        "for 99: impossible; even 100 in project makes 98.0\n"
    )
    assert "has no part 'exam'" in run("whatif", "s1", "--need", 85, "--in", "exam", code=2)


def test_a_tampered_log_is_told(run, course):
    import sqlite3

    keep(course, result("s1"))
    run("comment", "s1", "tiny", "1", "x", "--by", "Li")
    with sqlite3.connect(course / "gradebook.db") as raw:
        raw.execute("DROP TRIGGER audit_no_UPDATE")
        raw.execute("UPDATE audit SET who = 'Wang'")
    raw.close()
    assert "line 1 of the audit log is not what was written" in run("audit", code=1)
