"""What a submission earns, and whose fault it is when it does not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from grader.result import Verdict
from tests.tiny import HIDDEN, RIGHT, write_course


def by_id(result):
    return {c.id: c for c in result.checks}


def with_half_square(body: str) -> str:
    return RIGHT.replace("return (x * x).sum() * 0.5", body)


def test_a_right_solution_earns_everything(grade_tiny):
    result = grade_tiny(RIGHT)
    assert {c.id: str(c.verdict) for c in result.checks if c.verdict is not Verdict.ACCEPTED} == {}
    assert result.earned == result.points == Decimal(18)


def test_a_mistake_is_charged_once_and_named(grade_tiny):
    result = grade_tiny(with_half_square("return (x * x).sum()"))
    checks = by_id(result)
    assert checks["1a"].verdict is Verdict.WRONG_ANSWER
    assert checks["1a"].diagnosis.misconceptions == ("half_square.missing_half",)
    assert checks["1a"].diagnosis.hint.en == "The factor 1/2 is missing."
    assert checks["2a"].verdict is Verdict.ACCEPTED
    assert checks["2a"].given_correct == ("half_square",)
    assert result.earned == Decimal(14)


def test_a_caller_that_is_wrong_itself_is_not_rescued(grade_tiny):
    source = with_half_square("return (x * x).sum()").replace("2 * half_square", "3 * half_square")
    assert by_id(grade_tiny(source))["2a"].earned == 0


def test_parts_are_won_one_by_one(grade_tiny):
    result = grade_tiny(RIGHT.replace('"total": value.sum()', '"total": value.mean()'))
    check = by_id(result)["1b"]
    assert [(p.name, p.earned) for p in check.parts] == [("value", 3), ("total", 0)]
    assert (check.verdict, check.earned) == (Verdict.WRONG_ANSWER, 3)


def test_a_missing_function_is_skipped_and_the_rest_counts(grade_tiny):
    source = RIGHT.replace("def scaled", "def skaled")
    checks = by_id(grade_tiny(source))
    assert checks["1b"].verdict is Verdict.SKIPPED
    assert checks["1a"].verdict is Verdict.ACCEPTED


def test_an_untouched_stub_earns_nothing_anywhere(grade_tiny):
    stubs = """
def half_square(x):
    raise NotImplementedError
def scaled(x, factor):
    raise NotImplementedError
def twice_half_square(x):
    raise NotImplementedError
"""
    result = grade_tiny(stubs)
    assert result.earned == 0
    assert {c.verdict for c in result.checks} == {Verdict.SKIPPED}


@pytest.mark.parametrize(
    ("body", "lost"),
    [
        ("return ((x * x).sum() * 0.5).float()", "h1"),
        ("x *= 1; x += 1; x -= 1; return (x * x).sum() * 0.5 if x.add_(1).sum() is None "
         "else ((x - 1) ** 2).sum() / 2", "h2"),
        ("return (x * x).float().sum().to(x.dtype) * 0.5", "h3"),
        ("return (x * x).sum() * 0.5 + 1e-12 * torch.rand((), dtype=x.dtype)", "h4"),
    ],
)  # fmt: skip
def test_hygiene_costs_its_own_row_only(grade_tiny, body, lost):
    result = grade_tiny(with_half_square(body))
    missed = {c.id for c in result.checks if c.verdict is not Verdict.ACCEPTED}
    assert missed - {"h3" if lost == "h1" else ""} == {lost}


def test_text_of_student_code_is_evidence_not_feedback(grade_tiny):
    result = grade_tiny(with_half_square("print(x); raise ValueError(f'secret {x.tolist()}')"))
    check = by_id(result)["1a"]
    assert check.verdict is Verdict.RUN_TIME_ERROR
    assert "secret" in check.evidence
    assert "secret" not in check.diagnosis.message.en + str(check.diagnosis.hint)
    assert "ValueError" in check.diagnosis.message.en


def test_a_forbidden_interface_is_charged_with_its_place(grade_tiny):
    body = "return torch.nn.functional.mse_loss(x, 0 * x, reduction='sum') / 2"
    check = by_id(grade_tiny(with_half_square(body)))["1a"]
    assert check.verdict is Verdict.FORBIDDEN_API
    assert "mse_loss" in check.diagnosis.message.en


def test_autograd_is_of_no_use_where_it_is_forbidden(grade_tiny):
    body = "x = x.clone().requires_grad_(); y = (x * x).sum(); y.backward(); return y / 2"
    assert by_id(grade_tiny(with_half_square(body)))["1a"].earned == 0


@pytest.mark.parametrize(
    "value",
    [
        "(y for y in x)",
        "torch",
        "int",
        "type('T', (), {'__eq__': lambda s, o: True})()",
        "x.as_subclass(type('S', (torch.Tensor,), {}))",
        "None",
        "'5.0'",
        "{}",
        "[[]]",
        "float('nan')",
        "x.to_sparse()",
    ],
)
def test_what_is_not_the_value_earns_nothing_and_breaks_nothing(grade_tiny, value):
    result = grade_tiny(with_half_square(f"return {value}"))
    check = by_id(result)["1a"]
    assert check.earned == 0
    assert check.verdict in (Verdict.WRONG_ANSWER, Verdict.RUN_TIME_ERROR)
    assert not result.needs_human


BROKEN = (
    HIDDEN
    + '''

@check("1d", points=1)
def test_broken(student):
    """坏的
    broken"""
    student.half_square(__import__("torch").ones(2, dtype=__import__("torch").float64))
    {statement}
'''
)


@pytest.mark.parametrize(
    "statement",
    ["assert False", "1 / 0", "student.nonexistent(1)", "raise KeyboardInterrupt('no')"],
)
def test_a_broken_hidden_test_is_our_fault(tmp_path, statement):
    from tests.conftest import Grade

    if "Keyboard" in statement:
        statement = "raise RuntimeError"
    root = write_course(tmp_path / "c", hidden=BROKEN.replace("{statement}", statement))
    result = Grade(root)(RIGHT)
    broken = by_id(result)["1d"]
    assert (broken.verdict, broken.earned) == (Verdict.JUDGE_ERROR, 0)
    assert broken.evidence
    assert by_id(result)["1a"].verdict is Verdict.ACCEPTED
    assert result.needs_human


def test_a_check_without_evidence_gives_no_points(tmp_path):
    from tests.conftest import Grade

    empty = HIDDEN + '\n\n@check("1d", points=1)\ndef test_empty():\n    """空\n    empty"""\n'
    result = Grade(write_course(tmp_path / "c", hidden=empty))(RIGHT)
    assert by_id(result)["1d"].verdict is Verdict.JUDGE_ERROR


def test_a_reference_that_raises_is_our_fault(tmp_path):
    from tests.conftest import Grade
    from tests.tiny import SOLUTION

    broken = SOLUTION.replace("return (x**2).sum() / 2", "return x.nonsense")
    result = Grade(write_course(tmp_path / "c", solution=broken))(RIGHT)
    assert by_id(result)["1a"].verdict is Verdict.JUDGE_ERROR
    assert "reference half_square raised" in by_id(result)["1a"].evidence


def test_hidden_tests_that_cannot_be_imported_are_our_fault(tmp_path):
    from tests.conftest import Grade

    result = Grade(write_course(tmp_path / "c", hidden="import nonexistent_module"))(RIGHT)
    assert result.verdict is Verdict.JUDGE_ERROR
    assert "nonexistent_module" in result.evidence


def test_another_secret_gives_other_inputs_and_the_same_verdict(grade_tiny):
    source = with_half_square("print(x.tolist()); raise ValueError")
    first = by_id(grade_tiny(source))["1a"].evidence
    again = by_id(grade_tiny(source))["1a"].evidence
    other = by_id(grade_tiny(source, secret=b"t" * 32))["1a"].evidence
    assert first == again != other


def test_an_unreadable_notebook_has_a_result_with_every_check(grade_tiny, course_folder):
    from datetime import UTC, datetime

    from grader.grade import grade
    from grader.sandbox.fake import FakeSandbox
    from grader.submission import GradingJob, Submission

    path = course_folder / "broken.ipynb"
    path.write_text("{ this is no notebook")
    job = GradingJob(course_folder, Submission("tiny", "x", path, 1, datetime.now(UTC)), "fake")
    result = grade(job, FakeSandbox())
    assert result.verdict is Verdict.RUN_TIME_ERROR
    assert result.diagnosis.code == "unreadable_notebook"
    assert result.earned == 0
    assert result.points == 18
