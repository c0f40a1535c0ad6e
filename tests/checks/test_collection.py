"""Tests are collected once, and again when their files have changed."""

from __future__ import annotations

import os

import pytest

from grader.result import Verdict
from tests.tiny import HIDDEN, RIGHT

ANOTHER = '''
from grader import check


@check("1z", points=0, functions=("half_square",))
def test_another(student):
    """又一项
    another one"""
    student.half_square(__import__("torch").ones(2))
'''


def verdicts(result):
    return {check.id: check.verdict for check in result.checks}


def test_a_changed_test_is_read_anew_and_a_new_one_is_run(grade_tiny, course_folder):
    before = verdicts(grade_tiny(RIGHT))
    assert verdicts(grade_tiny(RIGHT)) == before
    changed = course_folder / "hidden_tests" / "tiny" / "test_q1.py"
    changed.write_text(HIDDEN.replace("x = draw.normal(6)", "x = draw.normals(6)"))
    os.utime(changed, (1, 1))
    (changed.parent / "test_q9.py").write_text(ANOTHER)
    after = verdicts(grade_tiny(RIGHT))
    assert after.pop("1z") is Verdict.ACCEPTED
    assert after.pop("1c") is Verdict.JUDGE_ERROR
    assert before.pop("1c") is Verdict.ACCEPTED
    assert after == before


def test_ctrl_c_in_a_check_stops_and_leaves_nothing_behind(grade_tiny, course_folder):
    flag = course_folder / "interrupt"
    path = course_folder / "hidden_tests" / "tiny" / "test_q1.py"
    lines = f"if Path({str(flag)!r}).exists(): raise KeyboardInterrupt\n    x = draw.normal(6)"
    text = HIDDEN.replace("x = draw.normal(6)", lines)
    path.write_text("from pathlib import Path\n" + text)
    before = verdicts(grade_tiny(RIGHT))
    flag.touch()
    with pytest.raises(KeyboardInterrupt):
        grade_tiny(RIGHT)
    flag.unlink()
    assert verdicts(grade_tiny(RIGHT)) == before
