# mypy: disable-error-code="comparison-overlap, union-attr"
"""Points of a homework: what is won, what is pending, what being late costs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from grader.course import Assignment, LatePolicy, Limits, Question, ScheduledAssignment
from grader.late import Deadline, late_deduction
from grader.result import CheckResult, Part, SubmissionResult, Text, Verdict, WrittenAnswer
from grader.scoring import (
    State,
    earned,
    outcome,
    score_assignment,
    score_questions,
)

NOW = datetime(2026, 10, 9, 12, tzinfo=UTC)
DUE = datetime(2026, 10, 9, 23, 59, tzinfo=timezone(timedelta(hours=8)))
GD = Assignment(
    id="gd",
    title=Text("梯度下降", "Gradient descent"),
    questions=(
        Question("1", Text("损失", "Losses"), Decimal(60)),
        Question("2", Text("梯度", "Gradients"), Decimal(30)),
        Question("w1", Text("思考题", "Written"), Decimal(10), written=True),
    ),
    limits=Limits(),
    course=Path("/course"),
)
SCHEDULED = ScheduledAssignment("gd", due=DUE)
POLICY = LatePolicy()


def check(name, question, points, verdict=Verdict.ACCEPTED, got=None, parts=()):
    points = Decimal(points)
    if got is None:
        got = points if verdict is Verdict.ACCEPTED else 0
    return CheckResult(
        name, question, Text(name, name), verdict, points, Decimal(got), parts=parts
    )


def result(*checks, verdict=Verdict.ACCEPTED, **more):
    written = (WrittenAnswer("w1", Text("思考题", "Written"), Decimal(10), filled=True),)
    return SubmissionResult(
        "gd", "s1", 1, verdict, NOW, "k", checks=checks, written=written, **more
    )


def score(result, marks=None, **more):
    summary = outcome(result) if result else None
    return score_assignment(GD, SCHEDULED, summary, marks, policy=POLICY, **more)


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.ACCEPTED])
def test_only_accepted_checks_earn(verdict):
    assert earned(check("a", "1", 5, verdict, got=5)) == 0


def test_a_threshold_may_give_a_share_but_never_all():
    assert earned(check("a", "1", 5, Verdict.WRONG_ANSWER, got=2)) == 2
    assert earned(check("a", "1", 5, Verdict.WRONG_ANSWER, got=5)) == 0
    assert earned(check("a", "1", 5, Verdict.RUN_TIME_ERROR, got=2)) == 0


def test_parts_are_won_one_by_one():
    parts = (Part("loss", Decimal(2), Decimal(2)), Part("W", Decimal(3), Decimal(0)))
    assert earned(check("a", "1", 5, Verdict.WRONG_ANSWER, parts=parts)) == 2
    assert earned(check("a", "1", 5, Verdict.JUDGE_ERROR, parts=parts)) == 0


def test_a_complete_score():
    made = score(result(check("a", "1", 60), check("b", "2", 30, Verdict.WRONG_ANSWER)), {"w1": 8})
    assert made.state is State.COMPLETE
    assert (made.automatic, made.written, made.earned, made.points) == (60, 8, 68, 100)
    assert made.percent == 68


def test_unmarked_questions_are_pending_not_zero():
    made = score(result(check("a", "1", 60), check("b", "2", 30)))
    assert made.state is State.PENDING
    assert (made.earned, made.pending, made.decided, made.percent) == (90, 10, 90, 100)


def test_our_fault_is_undecided_not_zero():
    made = score(result(check("a", "1", 60), check("b", "2", 30, Verdict.JUDGE_ERROR)), {"w1": 10})
    assert made.state is State.UNDECIDED
    assert (made.earned, made.undecided, made.decided, made.percent) == (70, 30, 70, 100)


def test_a_failed_grading_decides_nothing():
    made = score(result(check("a", "1", 60), verdict=Verdict.JUDGE_ERROR))
    assert (made.state, made.automatic, made.undecided) == (State.UNDECIDED, 0, 90)
    assert made.percent is None


def test_points_that_no_check_reported_on_are_undecided():
    made = score(result(check("a", "1", 60)), {"w1": 10})
    assert (made.state, made.undecided) == (State.UNDECIDED, 30)


def test_a_notebook_that_cannot_be_run_earns_nothing():
    made = score(result(verdict=Verdict.RUN_TIME_ERROR), {"w1": 0})
    assert (made.state, made.earned, made.percent) == (State.COMPLETE, 0, 0)


def test_absent_work_has_three_names():
    assert score(None, handed_in=True).state is State.NOT_GRADED
    assert score(None, now=DUE - timedelta(days=1)).state is State.OPEN
    assert score(None, now=DUE + timedelta(days=1)).state is State.MISSING
    assert score(None).state is State.MISSING
    assert score(None).percent is None


@pytest.mark.parametrize(
    ("after", "days", "lost"),
    [
        (timedelta(microseconds=1), 1, 10),
        (timedelta(days=1), 1, 10),
        (timedelta(days=1, seconds=1), 2, 20),
        (timedelta(days=3), 3, 30),
        (timedelta(days=3, seconds=1), 4, 100),
    ],
)
def test_started_days_are_deducted(after, days, lost):
    made = late_deduction(POLICY, Deadline(DUE), DUE + after, Decimal(100))
    assert (made.days, made.points, made.accepted) == (days, lost, days <= 3)
    assert made.points == made.earned * made.share


def test_in_time_or_undated_costs_nothing():
    assert late_deduction(POLICY, Deadline(DUE), DUE, Decimal(90)) is None
    assert late_deduction(POLICY, None, NOW, Decimal(90)) is None
    assert late_deduction(POLICY, Deadline(DUE), None, Decimal(90)) is None


def test_no_more_is_lost_than_was_earned():
    harsh = LatePolicy(per_day=Decimal("0.6"), days=5)
    made = late_deduction(harsh, Deadline(DUE), DUE + timedelta(days=4), Decimal(90))
    assert (made.share, made.points) == (1, 90)


def test_the_deduction_covers_written_marks():
    late = DUE + timedelta(hours=30)
    made = score(result(check("a", "1", 60), check("b", "2", 30), submitted_at=late), {"w1": 10})
    assert (made.deducted, made.earned) == (20, 80)


def test_questions_add_up_to_the_score():
    given = result(check("a", "1", 60), check("b", "2", 30, Verdict.JUDGE_ERROR))
    questions = score_questions(GD, given, {"w1": Decimal(7)})
    assert [(q.id, q.earned, q.state) for q in questions] == [
        ("1", 60, State.COMPLETE),
        ("2", 0, State.UNDECIDED),
        ("w1", 7, State.COMPLETE),
    ]
    made = score(given, {"w1": Decimal(7)})
    assert sum(q.earned for q in questions) == made.automatic + made.written
    assert sum(q.undecided for q in questions) == made.undecided


def test_marks_inside_a_result_are_read_and_newer_ones_win():
    answer = WrittenAnswer("w1", Text("思考题", "Written"), Decimal(10), True, Decimal(4))
    given = replace(result(check("a", "1", 60), check("b", "2", 30)), written=(answer,))
    assert score_questions(GD, given)[-1].earned == 4
    assert score_questions(GD, given, {"w1": Decimal(6)})[-1].earned == 6


def test_a_question_that_is_gone_is_still_shown():
    given = result(check("a", "1", 60), check("b", "2", 30), check("z", "9", 5))
    assert [q.id for q in score_questions(GD, given)] == ["1", "2", "w1", "9"]


def test_a_failed_grading_leaves_every_question_open():
    given = result(verdict=Verdict.JUDGE_ERROR)
    assert [q.state for q in score_questions(GD, given)][:2] == [State.UNDECIDED] * 2
