"""`grader regrade`: what is affected, what it changes, and what is left as it was."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.config import load_assignment, load_course
from grader.contentkey import assignment_digest, logic_digest
from grader.gradebook import Gradebook
from grader.regrade import Selection, plan_regrade
from grader.result import Verdict
from tests.once import once
from tests.tiny import RIGHT, hand_in, write_course

pytestmark = pytest.mark.slow
WRONG = RIGHT.replace("return (x * x).sum() * 0.5", "return (x * x).sum()")
TESTS = "hidden_tests/tiny/test_q1.py"


def grader(root, *arguments):
    return CliRunner().invoke(main, ["-C", str(root), *arguments])


def regrade(root, *arguments):
    return grader(root, "regrade", "tiny", *arguments, "--sandbox", "plain", "--jobs", "1")


def edit(root, name, old, new):
    path = Path(root) / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def results(root, student):
    """(points, how many gradings there are) of one student."""
    with Gradebook(root / "gradebook.db") as book:
        rows = book.history(student, "tiny")
        return rows[-1].outcome.earned, len(rows)


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    return once(tmp_path_factory, "regraded", grade_two)


def grade_two(root):
    write_course(root)
    hand_in(root, "s1", RIGHT)
    hand_in(root, "s2", WRONG)
    assert grader(root, "grade", "tiny", "--sandbox", "plain", "--jobs", "1").exit_code == 0


@pytest.fixture
def course(graded, tmp_path):
    import shutil

    return Path(shutil.copytree(graded, tmp_path / "course"))


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        (TESTS, '@check("1a", points=4)', '@check("1a", points=6)', True),
        (TESTS, 'points={"value": 3, "total": 1}', 'points={"value": 1, "total": 3}', True),
        (TESTS, "the value is right", "the value is what it should be", True),
        ("assignments/tiny/assignment.toml", "points = 10", "points = 12", True),
        (TESTS, "draw.normal(6)", "draw.normal(5)", False),
        (TESTS, "tolerance=1e-9", "tolerance=1e-3", False),
        (TESTS, '"1c"', '"1d"', False),
        ("assignments/tiny/assignment.toml", "call_time = 10", "call_time = 9", False),
        ("reference/tiny/solution.py", "sum() / 2", "sum() * 0.5", False),
    ],
)
def test_the_key_of_the_logic_leaves_out_worth_and_words_only(course, file, old, new, same):
    def digests():
        assignment = load_assignment(load_course(course), "tiny")
        return assignment_digest(assignment), logic_digest(assignment)

    before = digests()
    edit(course, file, old, new)
    after = digests()
    assert before[0] != after[0]
    assert (before[1] == after[1]) is same


def test_nothing_has_changed(course):
    told = regrade(course)
    assert told.exit_code == 0, told.output
    assert told.stdout == "0 up, 0 down, 0 with the same points\n"
    assert "0 submissions to execute, 0 to count anew, 2 left alone" in told.stderr


def test_other_points_are_counted_without_running_anything(course):
    edit(course, TESTS, '@check("1a", points=4)', '@check("1a", points=6)')
    edit(course, TESTS, 'points={"value": 3, "total": 1}', 'points={"value": 1, "total": 1}')
    told = regrade(course, "--reason", "1a was worth more", "--by", "Li Wei")
    assert told.exit_code == 0, told.output
    assert "0 submissions to execute, 2 to count anew" in told.stderr
    assert [line.split()[:5] for line in told.stdout.splitlines()[1:2]] == [
        ["s1", "1", "18", "18", "0"]
    ]
    assert "1a +2, 1b -2" in told.stdout
    with Gradebook(course / "gradebook.db") as book:
        new = {c.id: c for c in book.result("s1", "tiny").checks}
        assert (new["1a"].points, new["1a"].earned) == (6, 6)
        assert [(p.name, p.earned) for p in new["1b"].parts] == [("value", 1), ("total", 1)]
        (logged,) = [e for e in book.audit("s1") if e.action == "regrade"]
        assert (logged.who, logged.why) == ("Li Wei", "1a was worth more")
        assert "18 → 18; 1a +2, 1b -2" in logged.what
    assert results(course, "s2")[1] == 2
    assert regrade(course).stdout.startswith("0 up, 0 down, 0 with")
    again = grader(course, "grade", "tiny", "--sandbox", "plain")
    assert again.stdout.startswith("Nothing to grade")


def test_counting_anew_equals_grading_again(course):
    """What is counted is what an execution would have found."""
    edit(course, TESTS, '@check("1c", points=2)', '@check("1c", points=5)')
    assert regrade(course).exit_code == 0
    counted = [results(course, s)[0] for s in ("s1", "s2")]
    grader(course, "grade", "tiny", "--again", "--sandbox", "plain", "--jobs", "1")
    assert [results(course, s)[0] for s in ("s1", "s2")] == counted


def test_a_stricter_test_says_whom_it_moved_and_why(course):
    before = results(course, "s1")
    edit(course, TESTS, "4 * student.half_square(x)", "5 * student.half_square(x)")
    dry = regrade(course, "--dry-run", "--json")
    told = json.loads(dry.stdout)
    (first,) = [r for r in told["regraded"] if r["student"] == "s1"]
    assert first["executed"]
    assert first["change"] == "-2"
    assert [(c["id"], c["verdict_after"]) for c in first["checks"]] == [("1c", "wrong_answer")]
    assert told["dry_run"]
    assert results(course, "s1") == before
    kept = regrade(course)
    assert "1c -2 (accepted → wrong answer)" in kept.stdout
    assert "0 up, 2 down" in kept.stdout or "0 up, 1 down" in kept.stdout
    assert results(course, "s1") == (before[0] - 2, 2)


@pytest.mark.parametrize(
    ("selection", "students"),
    [
        (Selection(), []),
        (Selection(students=("s1",)), ["s1"]),
        (Selection(questions=("1",)), ["s2"]),
        (Selection(checks=("1a", "1b")), ["s2"]),
        (Selection(verdicts=(Verdict.WRONG_ANSWER,)), ["s2"]),
        (Selection(verdicts=(Verdict.WRONG_ANSWER,), students=("s1",)), []),
        (Selection(verdicts=(Verdict.TIME_LIMIT_EXCEEDED,)), []),
    ],
)
def test_by_outcome_and_by_student(graded, selection, students):
    course = load_course(graded)
    with Gradebook(course.gradebook) as book:
        todo = plan_regrade(
            course, load_assignment(course, "tiny"), book, selection, sandbox="plain"
        )
    assert [job.submission.student for job in todo.jobs] == students
    assert todo.left == len(selection.students or ("s1", "s2")) - len(students)


def test_what_does_not_exist_is_said(course):
    told = regrade(course, "--check", "9z")
    assert told.exit_code == 2
    assert told.stderr.startswith("grader: there is no check '9z'. Known: 1a, 1b, 1c, 2a, h1")
    hand_in(course, "s3", RIGHT)
    assert "1 not graded yet" in regrade(course).stderr
