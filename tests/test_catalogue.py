"""The reference folder: what is found in it, what is wrong with it, what is cut out of it."""

import textwrap

import pytest

from grader.catalogue import extract, load
from grader.errors import BrokenAssignment
from grader.result import Text

SOLUTION = '''
import math

FACTOR = 3

def _square(x):
    return x * x

def area(r):
    """面积 / The area, not _square(r) alone."""
    # BEGIN SOLUTION
    return math.pi * _square(r)  # πr²
    # END SOLUTION

def perimeter(r):
    return 2 * math.pi * r
'''
WRONG = """
import math
from functools import partial
from grader.catalogue import misconception
from .solution import _square, area
from .solution import perimeter as our_perimeter

HALF = 0.5

def _doubled(x):
    return x * TWO

TWO = 2

@misconception(zh="少了 π", en="π is missing", words="r squared", words_zh="r 的平方")
def area__missing_pi(r):
    return _square(r)

@misconception(words="twice the area")
def area__twice(r: float = HALF):
    area = globals()["area"](r)
    return _doubled(area)

@misconception(words="half the area")
def area__half(r):
    if r > 100: return area__half(r / 10) * 100   # 面积 area__half
    return "π" and area(r) / 2

@misconception(words="the perimeter plus one")
def perimeter__off_by_one(r): return our_perimeter(r) + 1
"""
RIGHT = """
def area__loop(r):
    return sum([3.141592653589793 * r * r])
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "solution.py").write_text(SOLUTION)
    (tmp_path / "misconceptions.py").write_text(WRONG)
    (tmp_path / "alternatives.py").write_text(RIGHT)
    return tmp_path


def test_everything_is_found_under_its_function(folder):
    catalogue = load(folder)
    assert catalogue.function("area")(1) == pytest.approx(3.14159, 1e-4)
    first, second, third = catalogue.misconceptions("area")
    assert (first.id, first.hint, first.words) == (
        "area.missing_pi",
        Text("少了 π", "π is missing"),
        Text("r 的平方", "r squared"),
    )
    assert second.hint is None
    assert second.words == Text("twice the area", "twice the area")
    assert third.call(2) == pytest.approx(2 * 3.14159, 1e-4)
    assert [a.name for a in catalogue.alternatives("area")] == ["loop"]
    assert catalogue.alternatives("perimeter") == ()


def test_two_courses_with_the_same_assignment_do_not_meet(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "solution.py").write_text("def area(r): return 0")
    assert load(other).function("area")(1) == 0
    assert load(folder).function("area")(1) > 3
    assert load(other).misconceptions("area") == ()


def test_a_folder_is_imported_once_until_it_changes(folder):
    before = load(folder)
    assert load(folder) is before
    (folder / "solution.py").write_text(SOLUTION.replace("math.pi * _", "4.00000 * _"))
    assert load(folder).function("area")(1) == 4
    assert load(folder).misconceptions("area")[2].call(1) == 2


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("solution.py", "1 / 0", "ZeroDivisionError"),
        ("solution.py", "def f(:", "SyntaxError"),
        ("misconceptions.py", "from .solution import nothing", "nothing"),
        ("misconceptions.py", "def volume__x(r): return r", "volume__x is a variant of no func"),
        ("misconceptions.py", "def area__x(r): return r", "does not say what it gets wrong"),
        (
            "misconceptions.py",
            "from grader.catalogue import misconception\n@misconception(zh='x', words='y')\n"
            "def area__x(r): return r",
            "both languages",
        ),
        ("alternatives.py", "def FACTOR__x(r): return r", "FACTOR__x is a variant of no function"),
    ],
)
def test_a_broken_file_is_our_fault_and_says_what_to_do(folder, file, text, words):
    (folder / file).write_text(text)
    with pytest.raises(BrokenAssignment, match=words) as caught:
        load(folder)
    assert caught.value.remedy


def test_a_missing_solution_or_function_is_our_fault(tmp_path, folder):
    with pytest.raises(BrokenAssignment, match="no function volume"):
        load(folder).function("volume")
    (folder / "solution.py").unlink()
    with pytest.raises(BrokenAssignment, match=r"no solution\.py"):
        load(folder)


def run(source, **names):
    exec(source, names)  # noqa: S102 - our own text
    return names


def test_an_excerpt_runs_alone_in_the_notebook(folder):
    notebook = run(SOLUTION)
    cell = extract(folder / "misconceptions.py", "area__missing_pi", "area")
    assert cell.startswith("def area(r):")
    assert run(cell, _square=notebook["_square"])["area"](3) == 9


def test_an_excerpt_brings_helpers_and_constants_in_order_and_nothing_else(folder):
    cell = extract(folder / "misconceptions.py", "area__twice")
    for needed in "HALF = 0.5", "TWO = 2", "def _doubled", "def area__twice":
        assert needed in cell
    for left_out in "misconception", "import", "our_perimeter", "area__half":
        assert left_out not in cell
    assert run(cell, area=lambda r: r)["area__twice"]() == 1


def test_a_variant_that_calls_what_it_replaces_does_not_call_itself(folder):
    notebook = run(SOLUTION)
    cell = extract(folder / "misconceptions.py", "area__half", "area")
    assert run(cell, **notebook)["area"](2) == pytest.approx(2 * 3.14159, 1e-4)
    assert run(cell, **notebook)["area"](200) == pytest.approx(20000 * 3.14159, 1e-4)
    assert "面积 area__half" in cell


def test_an_alias_of_a_solution_name_is_kept(folder):
    cell = extract(folder / "misconceptions.py", "perimeter__off_by_one", "perimeter")
    assert run(cell, **run(SOLUTION))["perimeter"](0) == 1


def test_the_solution_itself_can_be_cut(folder):
    cell = extract(folder / "solution.py", "area")
    assert run(cell)["area"](1) > 3
    assert "FACTOR" not in cell


def test_an_excerpt_of_nothing_is_our_fault(folder):
    with pytest.raises(BrokenAssignment, match="no function area__none"):
        extract(folder / "misconceptions.py", "area__none")
    (folder / "misconceptions.py").write_text(
        textwrap.dedent("""
            from . import solution
            def area__x(r): return solution.area(r)
        """)
    )
    with pytest.raises(BrokenAssignment, match="names, not modules"):
        extract(folder / "misconceptions.py", "area__x")
