"""Every assignment against submissions whose verdict is known (curriculum 12).

`pytest tests/assignments -k gd` runs one assignment, `-k squared_loss` the variants of a function.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from grader import catalogue, release
from grader.callgraph import callers
from grader.compose import compose
from grader.config import load_assignment, load_course
from grader.errors import SandboxError
from grader.result import Verdict
from grader.sandbox.choose import open_sandbox
from grader.verify import (
    check_points,
    check_released,
    grade_trial,
    judge_right,
    judge_wrong,
    right_trials,
    wrong_trials,
)

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)
ASSIGNMENTS = [a.id for a in COURSE.assignments]
SEEDS = {"gd": 5}
"""Hidden seeds for the right solutions here; `grader verify` tries five for all."""

pytestmark = pytest.mark.slow


LONG = {"mlp": ("8a", "8b")}
"""Training rows that many functions reach: here the first variant of each runs them, and
`grader verify` runs them with all. That a mistake elsewhere does not cost them is shown for every
variant by 8c, which trains as well."""


@lru_cache(maxsize=8)
def reference_result(assignment: str):
    return grade_trial(right_trials(COURSE, load_assignment(COURSE, assignment), 1)[0])


@lru_cache(maxsize=8)
def checks_of_variants(assignment: str):
    """The checks that each variant is graded with here."""
    chosen, seen = {}, set()
    trials = wrong_trials(
        COURSE, load_assignment(COURSE, assignment), reference_result(assignment)
    )
    for trial in trials:
        (function,) = trial.replace
        skipped = LONG.get(assignment, ()) if function in seen else ()
        chosen[trial.label] = tuple(c for c in trial.checks if c not in skipped)
        seen.add(function)
    return chosen


def rights():
    for name in ASSIGNMENTS:
        for trial in right_trials(COURSE, load_assignment(COURSE, name), SEEDS.get(name, 1)):
            yield pytest.param(trial, id=f"{name}-{trial.label}-seed{trial.seed}")


def wrongs():
    for name in ASSIGNMENTS:
        for trial in wrong_trials(COURSE, load_assignment(COURSE, name)):
            yield pytest.param(trial, id=f"{name}-{trial.label}")


def test_the_catalogue_is_complete():
    counted = {
        name: len(catalogue.load(load_assignment(COURSE, name).reference).all_misconceptions)
        for name in ASSIGNMENTS
    }
    catalogued = {
        "gd": 61,
        "mlp": 49,
        "cnn": 53,
        "regularization": 74,
        "generative": 69,
        "rnn": 77,
    }
    assert counted == {name: catalogued[name] for name in ASSIGNMENTS}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_points_are_what_was_promised(name):
    assignment = load_assignment(COURSE, name)
    findings = check_points(assignment, reference_result(name))
    assert [f.problem for f in findings if not f.passed] == []
    assert sum(q.points for q in assignment.questions) == 100
    assert sum(q.points for q in assignment.questions if q.written) == 10


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_graded_function_has_two_more_right_solutions(name):
    assignment = load_assignment(COURSE, name)
    book = catalogue.load(assignment.reference)
    assert [f for f in assignment.functions if len(book.alternatives(f)) < 2] == []


@pytest.mark.parametrize("trial", list(rights()))
def test_right_solutions_earn_everything(trial):
    known = (trial.label, trial.seed) == ("reference", 0)
    result = reference_result(trial.assignment) if known else grade_trial(trial)
    assert judge_right(trial, result).problem == ""


@pytest.mark.parametrize("trial", list(wrongs()))
def test_wrong_variants_are_caught_charged_once_and_named(trial):
    trial = replace(trial, checks=checks_of_variants(trial.assignment)[trial.label])
    assert judge_wrong(trial, grade_trial(trial)).problem == ""


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_released_notebooks_in_the_sandbox(name):
    try:
        sandbox = open_sandbox("linux")
    except SandboxError as error:
        pytest.skip(f"no linux sandbox here: {error}")
    with sandbox:
        course = replace(COURSE, languages=("zh", "en") if name == "gd" else ("zh",))
        findings = list(check_released(course, load_assignment(COURSE, name), sandbox))
    assert [f for f in findings if not f.passed] == []


def test_grading_again_gives_the_identical_result():
    trial = right_trials(COURSE, load_assignment(COURSE, "gd"), 1)[0]
    trial = replace(trial, replace={"softmax_regression_grad": "sign_flipped"})
    first, second = (
        [replace(c, seconds=0.0) for c in grade_trial(trial).checks] for _ in range(2)
    )
    assert first == second
    assert any(c.verdict is Verdict.WRONG_ANSWER for c in first)


def test_a_leaked_line_of_a_solution_is_found(tmp_path):
    import shutil

    for tree in "assignments", "reference":
        shutil.copytree(ROOT / tree / "gd", tmp_path / tree / "gd")
    shutil.copy(ROOT / "course.toml", tmp_path)
    public = tmp_path / "assignments/gd/public_tests/test_leak.py"
    assignment = load_assignment(load_course(tmp_path), "gd")
    assert release.leaks(assignment) == ()
    solution = (assignment.reference / "solution.py").read_text("utf-8")
    region = solution.split("# BEGIN SOLUTION")[3].split("# END SOLUTION")[0]
    line = max(region.splitlines(), key=len)
    public.write_text(f"def leak(logits, y):\n{line}\n", encoding="utf-8")
    assert [leak.file for leak in release.leaks(assignment)] == [public]


def test_composed_notebooks_hold_the_variant():
    assignment = load_assignment(COURSE, "gd")
    text = str(compose(assignment, replace={"squared_loss": "missing_half"}))
    assert "squared_loss__missing_half" not in text
    assert "def squared_loss(" in text


def test_callers_are_found_through_callers():
    source = "def a(): pass\ndef b(): a()\ndef c(): b()\ndef d(): pass"
    assert callers(source, ["a"]) == {"a", "b", "c"}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_notebooks_in_the_repository_are_what_release_writes(name, tmp_path):
    assignment = load_assignment(COURSE, name)
    for written in release.write(assignment, tmp_path):
        assert (assignment.folder / written.name).read_bytes() == written.read_bytes()
