"""Probes name the term where nothing else does, and change nothing else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from grader.catalogue import load
from grader.config import load_assignment, load_course
from grader.errors import BrokenAssignment
from grader.grade import forget_benches
from grader.result import Verdict
from grader.verify import check_probes
from tests.tiny import RIGHT

PROBES = """
import torch
from grader.catalogue import probe

X = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)


@probe("系数为 0 时", "with the factor 0")
def scaled__zero():
    return X, 0.0


@probe("系数为 1 时", "with the factor 1")
def scaled__one():
    return X, 1.0


@probe("系数大于 1 时", "with a factor above 1")
def scaled__above():
    return X, 3.0


@probe("一个数时", "with one number")
def twice_half_square__one():
    return (X[:1],)
"""


@pytest.fixture
def grade_probed(grade_tiny):
    (grade_tiny.root / "reference/tiny/probes.py").write_text(PROBES, "utf-8")
    forget_benches()
    return grade_tiny


def check(result, name):
    return next(c for c in result.checks if c.id == name)


def odd(condition: str) -> str:
    """A `scaled` that is wrong in a way without a name."""
    return RIGHT.replace(
        "value = factor * x", f"value = factor * x + (torch.sin(3 * x) if {condition} else 0)"
    )


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("True", "With the factor 0, the result differs already"),
        ("factor != 0", "With the factor 1, the result differs already"),
        ("factor > 1", "With a factor above 1, the result differs already"),
    ],
)
def test_the_first_probe_that_fails_is_the_hint(grade_probed, condition, words):
    failed = check(grade_probed(odd(condition)), "1b")
    assert failed.verdict is Verdict.WRONG_ANSWER
    assert words in failed.diagnosis.hint.en
    assert "系数" in failed.diagnosis.hint.zh


def test_no_probe_fails_and_nothing_is_said(grade_probed):
    hint = check(grade_probed(odd("factor == 2.5")), "1b").diagnosis.hint
    assert hint is None or "differs already" not in hint.en


def test_a_named_cause_needs_no_probe(grade_probed):
    result = grade_probed(RIGHT.replace("(x * x).sum() * 0.5", "(x * x).sum()"))
    assert check(result, "1a").diagnosis.code == "misconception"
    flipped = check(grade_probed(RIGHT.replace("factor * x", "-factor * x")), "1b")
    assert flipped.diagnosis.code == "relation.sign"
    assert "differs already" not in str(flipped.diagnosis.hint)


def plain(result):
    return [replace(c, seconds=0.0, diagnosis=None) for c in result.checks]


def test_points_and_verdicts_are_the_same_without_probes(grade_tiny):
    sources = odd("True"), odd("factor > 1"), RIGHT.replace("x * x", "x * x * x")
    before = [plain(grade_tiny(source)) for source in sources]
    (grade_tiny.root / "reference/tiny/probes.py").write_text(PROBES, "utf-8")
    forget_benches()
    assert [plain(grade_tiny(source)) for source in sources] == before


def test_a_probe_never_blames_a_caller_for_its_callee(grade_probed):
    wrong = RIGHT.replace("(x * x).sum() * 0.5", "torch.sin(x).sum()")
    result = grade_probed(wrong.replace("2 * half_square(x)", "2 * half_square(x) + x.sum()"))
    caller = check(result, "2a")
    assert caller.earned == Decimal(0)
    assert "differs already" not in str(caller.diagnosis.hint)


def test_what_a_probe_raises_or_how_it_ends_is_no_error_of_ours(grade_probed):
    for body in "raise ValueError", "raise SystemExit(3)", "return object()":
        source = RIGHT.replace(
            "value = factor * x",
            f"if factor in (0.0, 1.0, 3.0):\n        {body}\n    value = factor * torch.sin(x)",
        )
        result = grade_probed(source)
        assert not result.judge_errors
        assert "With the factor 0" in check(result, "1b").diagnosis.hint.en


def test_a_probe_must_say_what_it_leaves(grade_tiny):
    path = grade_tiny.root / "reference/tiny/probes.py"
    path.write_text("def scaled__plain():\n    return (1,)\n", "utf-8")
    with pytest.raises(BrokenAssignment, match="does not say what it leaves"):
        load(path.parent)


def test_a_broken_probe_costs_a_hint_and_verify_finds_it(grade_tiny):
    path = grade_tiny.root / "reference/tiny/probes.py"
    path.write_text(PROBES.replace("return X, 0.0", "return (X,)"), "utf-8")
    forget_benches()
    result = grade_tiny(odd("True"))
    assert not result.judge_errors
    assert check(result, "1b").verdict is Verdict.WRONG_ANSWER
    assert "differs already" not in str(check(result, "1b").diagnosis.hint)
    assignment = load_assignment(load_course(grade_tiny.root), "tiny")
    (finding,) = check_probes(assignment)
    assert not finding.passed
    assert "scaled__zero" in finding.problem
    path.write_text(PROBES, "utf-8")
    assert [f.passed for f in check_probes(assignment)] == [True]
