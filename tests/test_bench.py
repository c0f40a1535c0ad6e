"""The test bench of an assignment: mutants with their list of equivalents, repeated grading."""

from dataclasses import replace

import pytest

from grader.calibrate import Spread
from grader.config import load_assignment, load_course
from grader.errors import ConfigError
from grader.mutants import mutants
from grader.mutation import run_mutants
from grader.repetition import everywhere, repeated
from grader.sandbox.choose import every_sandbox
from grader.sandbox.fake import FakeSandbox
from tests.tiny import HIDDEN, SOLUTION, write_course

LOOSE = HIDDEN.replace("for n in 2, 5:", "for n in (1,):")
"""Checks for which the sum of `scaled` may be a mean."""


def tiny(root, **changed):
    course = load_course(write_course(root, **changed))
    return course, load_assignment(course, "tiny")


def listed(assignment, text):
    (assignment.reference / "equivalent_mutants.toml").write_text(text, encoding="utf-8")


LISTED = """
[[equivalent]]
function = "scaled"
before = "value.sum()"
after = "value.mean()"
line = "return {'value': value, 'total': value.sum()}"
reason = "For one value they are the same."

[[equivalent]]
function = "half_square"
before = "2"
after = "3"
line = "return (x ** 2).sum() / 2"
reason = "A claim that is false."
"""


def test_every_mutant_dies_where_the_checks_are_good(tmp_path):
    course, assignment = tiny(tmp_path)
    # Good for another line only.
    listed(assignment, LISTED.split("\n\n")[0].replace("return {", "return elsewhere {"))
    run = run_mutants(course, assignment)
    assert run.survivors == run.refuted == ()
    assert run.killed == run.counted == len(mutants(assignment)) > 10


def test_a_survivor_is_named_unless_it_is_written_down(tmp_path):
    course, assignment = tiny(tmp_path, hidden=LOOSE)
    run = run_mutants(course, assignment)
    assert [str(f.mutant) for f in run.survivors] == ["scaled: value.sum()  →  value.mean()"]
    assert run.share < 1

    listed(assignment, LISTED)
    again = run_mutants(course, assignment)
    assert again.survivors == ()
    assert (again.killed, again.counted) == (run.killed, run.counted - 1)
    # A false claim changes nothing; both constants of the line were meant.
    assert [f.mutant.function for f in again.refuted] == ["half_square"] * 2


def test_a_list_that_cannot_be_read_says_what_it_needs(tmp_path):
    course, assignment = tiny(tmp_path)
    listed(assignment, '[[equivalent]]\nfunction = "scaled"\n')
    with pytest.raises(ConfigError, match="before, after, reason"):
        run_mutants(course, assignment)


def test_grading_again_gives_the_same(tmp_path):
    course, assignment = tiny(tmp_path)
    findings = list(repeated(course, assignment, FakeSandbox(), 3))
    assert [f.problem for f in findings] == ["", ""]
    right, wrong = (f.earned or 0 for f in findings)
    assert right > wrong


def test_a_result_that_depends_on_the_moment_is_noticed(tmp_path):
    moment = SOLUTION.replace("value.sum()}", "value.sum() + time.perf_counter_ns() % 99991}")
    course, assignment = tiny(
        tmp_path, solution=moment.replace("import torch", "import time, torch")
    )
    findings = list(repeated(course, assignment, FakeSandbox(), 3))
    assert ["1b: wrong_answer" in f.problem for f in findings] == [True, True]


def test_room_is_asked_for_where_a_tolerance_is_used():
    spread = Spread("f", 1e-15, 7e-5, 1e-3, 1e-7, 2e-5, 1e-4, single_in_use=False, inputs=1)
    assert spread.fits
    assert not replace(spread, single_in_use=True).fits
    assert not replace(spread, double=1e-5).fits


def test_another_sandbox_gives_the_same(tmp_path):
    course, assignment = tiny(tmp_path)
    boxes = {"one": FakeSandbox(), "two": FakeSandbox()}
    findings = list(everywhere(course, assignment, boxes, 9))
    assert [f.subject.split(":")[0] for f in findings] == [
        "our solution",
        "the untouched notebook",
        "wrong in every function (1)",
        "wrong in every function (2)",
    ]
    assert [f.problem for f in findings] == [""] * 4
    right, untouched, *wrong = (f.earned or 0 for f in findings)
    assert right > max(wrong) > untouched == 0


def test_a_result_that_depends_on_the_sandbox_is_noticed(tmp_path):
    there = SOLUTION.replace("value.sum()}", "value.sum() + globals().get('there', 0)}")
    course, assignment = tiny(tmp_path, solution=there)
    boxes = {"here": FakeSandbox(), "there": FakeSandbox({"there": 1.0})}
    first = next(iter(everywhere(course, assignment, boxes, 1)))
    assert first.problem.startswith("here and there differ: 1b: accepted (4), then wrong_answer")


@pytest.mark.slow
def test_every_level_gives_the_same(tmp_path):
    course, assignment = tiny(tmp_path)
    with every_sandbox((course.root,)) as boxes:
        findings = list(everywhere(course, assignment, boxes, 2))
    assert [f.problem for f in findings] == [""] * 4
