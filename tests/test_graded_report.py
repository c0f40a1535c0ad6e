"""What reports show of a notebook that was really graded: its lines, errors and curves."""

from dataclasses import replace

import pytest

from grader import page
from grader.config import load_assignment, load_course
from grader.curves import keep_curves, reference_curves
from grader.errors import ConfigError
from grader.feedback import render_markdown, render_student
from grader.grade import grade
from grader.report import student_report
from grader.result import Curve, Place, Verdict
from grader.sandbox.fake import FakeSandbox
from grader.verify import grade_trial, right_trials
from tests.harmless import Reader
from tests.test_canary import NUMBERS, job, planted
from tests.tiny import RIGHT

STOPS = """
import torch
size = 3

ratio = size / 0  # <b1>
print("never")
"""
RAISES = RIGHT.replace(
    "    return (x * x).sum() * 0.5",
    "    kept = list(x)\n    raise ValueError('no')\n    return kept",
)
OFF = RIGHT.replace("value = factor * x", "value = 3 * factor * x")


@pytest.fixture
def told(grade_tiny):
    """Both forms of the report of a graded notebook."""

    def tell(*cells):
        result = grade_tiny(*cells)
        course = load_course(grade_tiny.root)
        assignment = load_assignment(course, "tiny")
        html = render_student(result, assignment, course, language="en")
        return result, html, render_markdown(result, assignment, course, language="en")

    return tell


def test_a_stopped_cell_shows_the_lines_around(told):
    result, html, markdown = told("x = 1", STOPS, RIGHT)
    (cell,) = [c for c in result.notebook.cells if c.verdict is Verdict.RUN_TIME_ERROR]
    assert (cell.number, cell.passage.place.line) == (2, cell.line)
    assert cell.passage.lines[cell.line - cell.passage.first] == "ratio = size / 0  # <b1>"
    assert '<span class="line here"><span class="gutter">▸' in html
    assert "ratio = size / 0  # &lt;b1&gt;" in html
    assert f"▸{cell.line:>4}  ratio = size / 0  # <b1>" in markdown
    for text in html, markdown:
        assert "ZeroDivisionError: division by zero" in text
        assert "size = 3" in text


def test_lines_are_counted_as_python_counts_them(told):
    result, _, _ = told("a = 'x\u2028y\x0c'\nb = 1\nraise ValueError", RIGHT)
    stopped = result.notebook.cells[0]
    assert stopped.source_line == "raise ValueError"
    assert stopped.passage.lines[stopped.line - stopped.passage.first] == "raise ValueError"


def test_an_exception_in_a_check_shows_the_students_line(told):
    result, html, markdown = told("x = 1", RAISES)
    check = next(c for c in result.checks if c.id == "1a")
    line = "    raise ValueError('no')"
    assert check.passage.lines[check.passage.place.line - check.passage.first] == line
    assert check.passage.place.cell == 2
    assert "    raise ValueError(&#39;no&#39;)" in html
    assert f"{check.passage.place.line:>4}  {line}" in markdown


def test_a_wrong_result_says_how_far_it_is_off(told):
    result, html, markdown = told(OFF)
    check = next(c for c in result.checks if c.id == "1b")
    seen = check.diagnosis.extent
    assert (seen.off, seen.total) == (2, 2)
    assert seen.error == float(f"{seen.error:.0e}")
    said = f"Of {seen.total} entries {seen.off} are off; the largest error, about {seen.error:g}, "
    assert said in Reader(html).text
    assert page.escape_markdown(said) in markdown


# -- curves --------------------------------------------------------------------------------

TRAINED = """
import torch

def half_square(x):
    return (x * x).sum() * 0.5

def scaled(x, factor):
    return {"value": factor * x, "total": (factor * x).sum()}

def twice_half_square(x):
    return 2 * half_square(x)

def labelled(word, x):
    return word + str(len(x))

def fit(x):
    return {"state": {"w": x}, "history": {"loss": [9.0, 3.0, 1.0, 0.3, 0.1], "mine": [1.0] * 5}}

def apply(state, x):
    return x
"""


@pytest.fixture
def trained(tmp_path):
    root = planted(tmp_path / "course")
    course = load_course(root)
    assignment = load_assignment(course, "tiny")
    result = grade(job(root, "s1", (TRAINED,)), FakeSandbox())
    return course, assignment, result


def test_a_students_curve_is_drawn_beside_ours(trained):
    course, assignment, result = trained
    (curve,) = result.curves
    assert (curve.check, curve.name, curve.student) == ("2b", "loss", (9.0, 3.0, 1.0, 0.3, 0.1))
    alone = render_student(result, assignment, course, language="en")
    assert 'class="student"' in alone
    assert 'class="reference"' not in alone
    keep_curves(assignment, [Curve("2b", "loss", (8.0, 2.0, 0.123456789))])
    assert reference_curves(assignment) == {("2b", "loss"): (8.0, 2.0, 0.12346)}
    html = render_student(result, assignment, course, language="en")
    assert 'class="reference"' in html
    assert "loss over training, yours as a line, the reference dashed" in html
    assert not [n for n in NUMBERS if str(int(n)) in html]


def test_our_curves_that_are_no_curves(trained):
    course, assignment, result = trained
    (assignment.reference / "curves.json").write_text("[1]")
    with pytest.raises(ConfigError, match="not a table of training curves"):
        student_report(result, assignment, course)


def test_our_curves_are_those_of_our_solution(trained):
    course, assignment, _ = trained
    keep_curves(assignment, grade_trial(right_trials(course, assignment, 1)[0]).curves)
    assert reference_curves(assignment) == {("2b", "loss"): (5.0, 4.0, 3.0, 2.0, 1.0)}


def test_a_curve_that_diverges_is_still_a_report(trained):
    course, assignment, result = trained
    inf, nan = float("inf"), float("nan")
    given = replace(result, curves=(Curve("2b", "loss", (1.0, inf, nan, -inf, 2.0)),))
    html = render_student(given, assignment, course, language="en")
    assert "<path" in html
    assert "nan" not in html.partition("<main>")[2]
    assert Place(1, 1) not in [c.passage for c in result.checks]
