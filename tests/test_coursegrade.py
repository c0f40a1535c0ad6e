# mypy: disable-error-code="comparison-overlap, operator, misc"
"""The 10/40/50 grade: exact sums, missing parts, one rounding at the end."""

from decimal import Decimal
from pathlib import Path

import pytest

from grader.course import Course, Weights
from grader.coursegrade import Gap, course_grade, rounded
from grader.result import Text
from grader.scoring import AssignmentScore, State

COURSE = Course(Path("/course"), "深度学习")
HUNDRED = Decimal(100)


def homework(name, got, state=State.COMPLETE, weight=1, **more):
    return AssignmentScore(
        name, Text(name, name), HUNDRED, state, Decimal(weight), automatic=Decimal(got), **more
    )


def test_the_sum_shown_is_the_sum_computed():
    grade = course_grade(
        COURSE, [homework("gd", "91.25"), homework("mlp", 80)], Decimal(88), Decimal(84)
    )
    assert [p.contribution for p in grade.parts] == [Decimal("8.8"), Decimal("34.25"), 42]
    assert grade.so_far == sum(p.weight * p.score / 100 for p in grade.parts)
    assert (grade.total, grade.reachable, grade.gaps) == (Decimal("85.1"), 100, ())


def test_homework_weights_are_relative():
    grade = course_grade(
        COURSE, [homework("a", 90, weight=1), homework("b", 60, weight=2)], None, None
    )
    assert grade.homework.score == 70


def test_missing_parts_are_missing():
    grade = course_grade(COURSE, [homework("gd", 90)], None, None)
    assert grade.total is None
    assert (grade.so_far, grade.reachable) == (36, 40)
    assert grade.gaps == (Gap("participation", State.MISSING), Gap("project", State.MISSING))


def test_missing_is_zero_when_the_instructor_says_so():
    absent = homework("mlp", 0, State.MISSING)
    grade = course_grade(
        COURSE, [homework("gd", 90), absent], Decimal(100), None, missing_as_zero=True
    )
    assert grade.homework.score == 45
    assert (grade.total, grade.gaps) == (28, ())


@pytest.mark.parametrize("state", [State.NOT_GRADED, State.OPEN])
def test_what_others_owe_is_never_zero(state):
    grade = course_grade(
        COURSE,
        [homework("gd", 90), homework("mlp", 0, state)],
        Decimal(100),
        Decimal(100),
        missing_as_zero=True,
    )
    assert grade.homework.score == 90
    assert (grade.total, grade.gaps) == (None, (Gap("mlp", state),))


def test_pending_points_count_so_far():
    pending = homework("gd", 81, State.PENDING, pending=Decimal(10))
    grade = course_grade(COURSE, [pending], Decimal(100), Decimal(100), missing_as_zero=True)
    assert (grade.homework.score, grade.total) == (90, None)


def test_nothing_at_all():
    grade = course_grade(COURSE, [], None, None)
    assert (grade.so_far, grade.reachable, grade.total) == (0, 0, None)
    assert Gap("homework", State.MISSING) in grade.gaps


def test_a_part_without_weight_is_not_missed():
    course = Course(Path("/c"), "x", weights=Weights(Decimal(0), Decimal(100), Decimal(0)))
    assert course_grade(course, [homework("gd", 90)], None, None).total == 90
    course = Course(Path("/c"), "x", weights=Weights(Decimal(50), Decimal(0), Decimal(50)))
    assert course_grade(course, [], Decimal(80), Decimal(90)).total == 85


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("84.95", "85.0"),
        ("84.949999", "84.9"),
        ("0.05", "0.1"),
        ("59.94", "59.9"),
        ("100", "100.0"),
    ],
)
def test_halves_are_rounded_up_once(exact, shown):
    assert str(rounded(Decimal(exact))) == shown


def test_division_noise_does_not_decide_a_half():
    course = Course(Path("/c"), "x", weights=Weights(Decimal(0), Decimal(30), Decimal(70)))
    scores = [homework("a", 100), homework("b", 0), homework("c", 0)]
    assert course_grade(course, scores, None, Decimal("0.5")).total == Decimal("10.4")
    assert rounded(Decimal("84.94999999999999999999999999")) == Decimal("85.0")
