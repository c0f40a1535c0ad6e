"""From `solution.py` to the student's notebook."""

import json
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader import release
from grader.config import load_assignment, load_course
from grader.errors import BrokenAssignment
from grader.forbidden import find_forbidden
from grader.notebook import read
from grader.program import code
from grader.written import find_written, is_filled

COURSE = '[course]\ntitle = "t"\n'
ASSIGNMENT = """
id = "mini"
title = { zh = "小", en = "Mini" }

[[questions]]
id = "1"
title = { zh = "一", en = "One" }
points = 90
functions = [{ name = "double_all" }, { name = "Net" }]

[[questions]]
id = "w1"
title = { zh = "思考题", en = "Written" }
points = 10
written = true
"""
SOLUTION = '''"""Not released."""

# %% [markdown] lang="zh"
# # 小作业

# %% [markdown] lang="en"
# # Mini

# %%
import torch

# %% tags=["own"]
def double_all(values):
    """翻倍 / Twice the values."""
    n = len(values)
    # BEGIN SOLUTION
    doubled = [2 * value for value in values]
    # a remark about the trick of doubling
    return doubled
    # END SOLUTION


class Net:
    # BEGIN SOLUTION
    width = 12 * 34 - 56
    # END SOLUTION

    def __call__(self, x):
        # BEGIN SOLUTION
        if x > 0:
            return self.width * x + 1
        # END SOLUTION


# %% active="ipynb"
# %%time
# # try it
# print(double_all([1]))

# %% solution="hidden"
def _hidden_helper(values):
    return sorted(values, key=lambda value: -value)

# %%
# BEGIN SOLUTION
learning_rate = 0.1 + 0.2 * 0.3
# END SOLUTION

# %% [markdown] lang="zh"
# ## 思考题

# %% [markdown] lang="en"
# ## Written

# %% active="ipynb"
# plot = None

# %% [markdown] lang="zh" written="w1"
# *在这里作答。*

# %% [markdown] lang="en" written="w1"
# *Your answer here.*

# %% [markdown] lang="zh" solution="hidden"
# 评分要点：翻倍之后列表变长，一步一步地说明理由。
'''


def write_course(root, solution=SOLUTION):
    files = {
        "course.toml": COURSE,
        "assignments/mini/assignment.toml": ASSIGNMENT,
        "assignments/mini/public_tests/test_one.py": "def test_one(): ...\n",
        "reference/mini/solution.py": solution,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_assignment(load_course(root), "mini")


@pytest.fixture
def assignment(tmp_path):
    return write_course(tmp_path)


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_the_student_notebook(assignment):
    notebook = release.build(assignment, "zh")
    nbformat.validate(notebook)
    assert sources(notebook) == [
        "# 小作业",
        "import torch",
        'def double_all(values):\n    """翻倍 / Twice the values."""\n    n = len(values)\n'
        "    raise NotImplementedError\n\n\n"
        "class Net:\n    ...\n\n    def __call__(self, x):\n        raise NotImplementedError",
        "%%time\n# try it\nprint(double_all([1]))",
        "...",
        "## 思考题\n\n<!-- written: w1 -->",
        "plot = None",
        "*在这里作答。*",
    ]
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.grader == {"assignment": "mini", "language": "zh"}
    roles = [cell.metadata.grader for cell in notebook.cells]
    assert all(role["given"] for role in roles)
    assert roles[2]["function"] == ["double_all", "Net"]
    assert roles[7] == {"given": True, "written": "w1", "placeholder": "*在这里作答。*"}


def test_the_other_language(assignment):
    notebook = release.build(assignment, "en")
    assert sources(notebook)[0] == "# Mini"
    assert sources(notebook)[-1] == "*Your answer here.*"
    assert not any("小作业" in source for source in sources(notebook))


def test_the_solved_notebook(assignment):
    notebook = release.build(assignment, "zh", solved=True)
    text = "\n".join(sources(notebook))
    assert "doubled = [2 * value for value in values]" in text
    assert "_hidden_helper" in text
    assert "评分要点" in text
    assert "SOLUTION" not in text
    namespace: dict[str, Any] = {}
    exec(code(read(nbformat.writes(notebook).encode())).source, namespace)  # noqa: S102 - our own
    assert namespace["double_all"]([1]) == [2]


def test_stubs_are_python_and_written_answers_are_found(assignment):
    notebook = read(release.notebook_bytes(assignment, "zh"))
    assert code(notebook).skipped == ()
    assert find_written(notebook, "w1") == "*在这里作答。*"
    assert not is_filled(notebook, "w1")


def test_equal_sources_give_equal_bytes(assignment, tmp_path):
    first = release.write(assignment)
    assert [path.name for path in first] == ["mini.ipynb", "mini.en.ipynb"]
    again = release.write(write_course(tmp_path / "copy"), tmp_path / "elsewhere")
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
        assert one.read_bytes().endswith(b"}\n")
        document = json.loads(one.read_text(encoding="utf-8"))
        assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
        assert "Not released" not in one.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("    # END SOLUTION\n\n\nclass", "\n\nclass", ":23: a solution region inside another"),
        (
            "learning_rate = 0.1 + 0.2 * 0.3\n# END SOLUTION\n",
            "learning_rate = 0.1\n",
            "region has no end",
        ),
        ("# BEGIN SOLUTION\nlearning", "learning", "the end of no solution region"),
        ("    # BEGIN SOLUTION\n    doubled", "    #BEGIN SOLUTION\n    doubled", "is no marker"),
        ("    # BEGIN SOLUTION\n    doubled", "    ### begin solution\n    a", "is no marker"),
        ('solution="hidden"', 'soluton="hidden"', "unknown cell option 'soluton'. Did you mean"),
        ('lang="zh"', 'lang="cn"', "cell option lang is"),
        ('solution="hidden"', 'solution="yes"', "cell option solution is"),
        ('active="ipynb"', 'active="py"', "cell option active is"),
        ("def double_all", "def triple_all", "defines no function 'double_all'"),
        (
            "    # BEGIN SOLUTION\n    doubled = [2 * value for value in values]\n"
            "    # a remark about the trick of doubling\n    return doubled\n    # END SOLUTION\n",
            "    return values\n\n# %%\n",
            "'double_all' has no solution region",
        ),
        ('lang="en" written="w1"', 'lang="en"', "no cell for the written question 'w1' (en)"),
        ('written="w1"', 'written="w7"', "no cell for the written question 'w1'"),
        ('"""Not released."""', "import os", "code above the first cell"),
        ('"""Not released."""', "def (", "is not Python"),
    ],
)
def test_mistakes_in_a_solution_are_named(tmp_path, old, new, problem):
    assert old in SOLUTION
    assignment = write_course(tmp_path, SOLUTION.replace(old, new))
    with pytest.raises(BrokenAssignment) as caught:
        release.build(assignment, "en")
    assert problem in str(caught.value)
    assert caught.value.remedy
    assert "solution.py" in caught.value.problem


def test_a_written_cell_without_a_question(tmp_path):
    assignment = write_course(tmp_path, SOLUTION + '\n# %% [markdown] written="w9"\n# x\n')
    with pytest.raises(BrokenAssignment, match="is not a written question"):
        release.build(assignment, "zh")


def test_missing_and_unreadable_sources(tmp_path):
    assignment = write_course(tmp_path, "x = 1\n")
    with pytest.raises(BrokenAssignment, match="has no cells"):
        release.build(assignment, "zh")
    path = assignment.reference / "solution.py"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BrokenAssignment, match="not UTF-8"):
        release.build(assignment, "zh")
    path.unlink()
    with pytest.raises(BrokenAssignment, match="No such file"):
        release.build(assignment, "zh")


# Leaks


def test_nothing_leaks_from_a_fresh_release(assignment):
    assert release.leaks(assignment) == ()
    release.write(assignment)
    assert release.leaks(assignment) == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("public_tests/test_two.py", "    doubled=[2*value  for value in values]\n"),
        ("notes.md", "Try `doubled = [2 * value for value in values]`."),
        ("data/x.txt", "return sorted(values, key=lambda value: -value)"),
        ("guide.txt", "翻倍之后列表变长，一步一步地说明理由"),
    ],
)
def test_a_leak_is_found_in_any_file(assignment, name, text):
    path = assignment.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("first line\n" + text, encoding="utf-8")
    if name == "guide.txt":
        path.write_text("评分要点：" + text + "。", encoding="utf-8")
    (leak,) = release.leaks(assignment)
    assert leak.file == path
    assert leak.found == (1 if name == "guide.txt" else 2)
    assert SOLUTION.split("\n")[leak.number - 1].removeprefix("# ").strip() == leak.line
    assert str(path) in str(leak)
    with pytest.raises(BrokenAssignment, match=r"line \d+ of solution\.py"):
        release.bundle(assignment, assignment.course / "mini.zip")


def test_a_leak_in_an_old_notebook(assignment):
    solved = release.build(assignment, "zh", solved=True)
    path = assignment.folder / "mini.ipynb"
    path.write_text(nbformat.writes(solved), encoding="utf-8")
    assert {leak.file for leak in release.leaks(assignment)} == {path}


def test_lines_that_students_get_anyway_are_no_leak(tmp_path):
    line = "rate = 0.5 * (first + second) / 2"
    text = SOLUTION.replace("    return doubled\n", f"    {line}\n    return doubled\n")
    text = text.replace("# # 小作业", f"# # 小作业\n# `{line}`")
    assert release.leaks(write_course(tmp_path, text)) == ()


# Bundles


def test_a_bundle_holds_what_students_get(assignment, tmp_path):
    (assignment.folder / ".secret").write_text("x")
    cache = assignment.folder / "public_tests" / "__pycache__"
    cache.mkdir()
    (cache / "test_one.pyc").write_bytes(b"x")
    path = release.bundle(assignment, tmp_path / "out" / "mini.zip")
    with zipfile.ZipFile(path) as zipped:
        assert zipped.namelist() == [
            "mini/assignment.toml",
            "mini/mini.en.ipynb",
            "mini/mini.ipynb",
            "mini/public_tests/test_one.py",
        ]
        assert zipped.read("mini/mini.ipynb") == release.notebook_bytes(assignment, "zh")
    data = path.read_bytes()
    release.write(assignment)
    assert release.bundle(assignment, tmp_path / "again.zip").read_bytes() == data


def test_a_link_is_not_followed(assignment, tmp_path):
    (assignment.folder / "data").symlink_to(tmp_path)
    with pytest.raises(BrokenAssignment, match="is a link"):
        release.bundle(assignment, tmp_path / "x.zip")


# The assignments of this repository


ROOT = Path(__file__).parents[1]
IDS = sorted(
    path.parent.name
    for path in ROOT.glob("assignments/*/assignment.toml")
    if (ROOT / "reference" / path.parent.name / "solution.py").is_file()
)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_our_assignments(name, language):
    assignment = load_assignment(load_course(ROOT), name)
    blank = read(release.notebook_bytes(assignment, language))
    assert blank.repairs == ()
    assert code(blank).skipped == ()
    assert release.leaks(assignment) == ()
    for question in assignment.questions:
        if question.written:
            assert find_written(blank, question.id) is not None
            assert not is_filled(blank, question.id)
    solved = nbformat.writes(release.build(assignment, language, solved=True)).encode()
    program = code(read(solved))
    for function in assignment.functions:
        home = assignment.question_of(function)
        assert home is not None
        assert find_forbidden(program, function, home.forbidden, home.allow_autograd) == ()


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("solved", [False, True], ids=["blank", "solved"])
def test_both_languages_have_the_same_code(name, solved):
    assignment = load_assignment(load_course(ROOT), name)
    chinese, english = (
        [c.source for c in release.build(assignment, language, solved=solved).cells if _is_code(c)]
        for language in ("zh", "en")
    )
    assert chinese == english


def _is_code(cell):
    return cell.cell_type == "code"
