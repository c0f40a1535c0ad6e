"""Every assignment against submissions whose verdict is known (curriculum 12).

`pytest tests/assignments -k gd` runs one assignment, `-k squared_loss` the variants of a function,
`--every-variant` (also `make test-variants`) tries all 383 variants, and trains with all of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from grader import catalogue, release
from grader.callgraph import callers
from grader.compose import compose
from grader.config import load_assignment, load_course
from grader.errors import SandboxError
from grader.result import SubmissionResult, Verdict
from grader.sandbox.choose import open_sandbox
from grader.sandbox.fake import FakeSandbox
from grader.verify import (
    check_points,
    check_released,
    grade_solved,
    grade_trial,
    judge_right,
    judge_wrong,
    right_trials,
    wrong_trials,
)
from tests.once import once

ROOT = Path(__file__).resolve().parents[2]
COURSE = load_course(ROOT)
ASSIGNMENTS = [a.id for a in COURSE.assignments]
SEEDS = {"gd": 5}
"""Hidden seeds for the right solutions here; `grader verify` tries five for all."""

LONG = ("cnn", "generative", "rnn")
"""Their notebooks train for half a minute to two minutes before the first call."""
FIRST = 2
"""Wrong variants of each function that are tried without `--every-variant`."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def sandbox():
    """The real one, or None where it cannot be had."""
    try:
        opened = open_sandbox("linux")
    except SandboxError:
        yield None
    else:
        with opened:
            yield opened


@pytest.fixture(scope="session")
def reference(sandbox, tmp_path_factory, request):
    """The result of the solved notebook, graded once for all tests and workers: it trains.

    `LONG` ones are graded without the notebook's own examples unless `--every-variant` is given.
    """
    every = request.config.getoption("--every-variant")

    @cache
    def result(name):
        assignment = load_assignment(COURSE, name)

        def make(file):
            if name in LONG and not every:
                graded = grade_trial(right_trials(COURSE, assignment, 1)[0])
            else:
                graded = grade_solved(COURSE, assignment, "zh", sandbox or FakeSandbox())
            file.write_text(graded.to_json(), encoding="utf-8")

        file = once(tmp_path_factory, f"reference-{name}.json", make)
        return SubmissionResult.from_json(file.read_text("utf-8"))

    return result


def training_rows(result):
    """Checks that train, which takes nearly all the time of a grading."""
    trains = {f for f, spec in functions(result.assignment).items() if spec.trains}
    return {c.id for c in result.checks if c.question != "h" and trains.intersection(c.functions)}


def functions(name):
    return load_assignment(COURSE, name).functions


@pytest.fixture(scope="session")
def checks_of_variants(reference, request):
    """The checks that each variant is graded with here.

    Training that only calls the function in question is done with the first variant of each;
    `--every-variant` and `grader verify` do it with all.
    """
    every = request.config.getoption("--every-variant")

    @cache
    def chosen(name):
        result, found, seen = reference(name), {}, set()
        own = {c.id: c.functions for c in result.checks}
        for trial in wrong_trials(COURSE, load_assignment(COURSE, name), result):
            (function,) = trial.replace
            again = not every and function in seen
            skipped = {c for c in training_rows(result) if again and function not in own[c]}
            found[trial.label] = tuple(c for c in trial.checks if c not in skipped)
            seen.add(function)
        return found

    return chosen


def rights():
    for name in ASSIGNMENTS:
        for trial in right_trials(COURSE, load_assignment(COURSE, name), SEEDS.get(name, 1)):
            marks = [pytest.mark.thorough] if trial.seed else []
            yield pytest.param(trial, id=f"{name}-{trial.label}-seed{trial.seed}", marks=marks)


def wrongs():
    for name in ASSIGNMENTS:
        seen = Counter()
        for trial in wrong_trials(COURSE, load_assignment(COURSE, name)):
            (function,) = trial.replace
            marks = [pytest.mark.thorough] if seen[function] >= FIRST else []
            seen[function] += 1
            yield pytest.param(trial, id=f"{name}-{trial.label}", marks=marks)


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
def test_points_are_what_was_promised(name, reference):
    assignment = load_assignment(COURSE, name)
    findings = check_points(assignment, reference(name))
    assert [f.problem for f in findings if not f.passed] == []
    assert sum(q.points for q in assignment.questions) == 100
    assert sum(q.points for q in assignment.questions if q.written) == 10


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_graded_function_has_two_more_right_solutions(name):
    assignment = load_assignment(COURSE, name)
    book = catalogue.load(assignment.reference)
    assert [f for f in assignment.functions if len(book.alternatives(f)) < 2] == []


@pytest.mark.parametrize("trial", list(rights()))
def test_right_solutions_earn_everything(trial, reference, request):
    """Without training, unless `--every-variant` is given: tests/reference trains them all."""
    if not request.config.getoption("--every-variant"):
        known = reference(trial.assignment)
        rows = training_rows(known)
        trial = replace(trial, checks=tuple(c.id for c in known.checks if c.id not in rows))
    assert judge_right(trial, grade_trial(trial)).problem == ""


@pytest.mark.parametrize("trial", list(wrongs()))
def test_wrong_variants_are_caught_charged_once_and_named(trial, checks_of_variants):
    trial = replace(trial, checks=checks_of_variants(trial.assignment)[trial.label])
    assert judge_wrong(trial, grade_trial(trial)).problem == ""


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_released_notebooks_in_the_sandbox(name, reference, sandbox, request):
    """In Chinese; `--every-variant` grades the English ones too, whose code is the same."""
    if sandbox is None:
        pytest.skip("no linux sandbox here")
    every = request.config.getoption("--every-variant")
    course = replace(COURSE, languages=("zh", "en") if every else ("zh",))
    known = {"zh": reference(name)}
    findings = list(check_released(course, load_assignment(COURSE, name), sandbox, known))
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
