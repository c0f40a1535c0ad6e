"""One small assignment, linear regression by gradient descent, for every grader alike.

The same notebook, the same three functions, the same three checks, written in the form that each
grader wants.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import nbformat

NAME = "lesson"
FUNCTIONS = ("mse", "mse_grad", "descend")
BODIES = {
    "mse": """
        def mse(w, b, X, y):
            return ((X @ w + b - y) ** 2).mean() / 2
    """,
    "mse_grad": """
        def mse_grad(w, b, X, y):
            r = X @ w + b - y
            return [X.T @ r / len(y), r.mean()]
    """,
    "descend": """
        def descend(w, b, X, y, lr, steps):
            for _ in range(steps):
                dw, db = mse_grad(w, b, X, y)
                w, b = w - lr * dw, b - lr * db
            return [w, b]
    """,
}
BODIES = {name: textwrap.dedent(body).strip() for name, body in BODIES.items()}
DATA = """
torch.manual_seed(0)
X = torch.randn(100, 3)
y = X @ torch.tensor([1.0, -2.0, 3.0]) + 0.5
""".strip()
RUN = "w, b = descend(torch.zeros(3), torch.zeros(()), X, y, 0.1, 50)\nw, b, mse(w, b, X, y)"
POINTS = {"mse": 2, "mse_grad": 3, "descend": 5}
# What a check calls the functions with; the expected values come from the same code.
INPUTS = """
generator = torch.Generator().manual_seed(7)
X, y = torch.randn(20, 3, generator=generator), torch.randn(20, generator=generator)
w, b = torch.randn(3, generator=generator), torch.tensor(0.3)
""".strip()
CALLS = {
    "mse": "w, b, X, y",
    "mse_grad": "w, b, X, y",
    "descend": "w, b, X, y, 0.1, 20",
}


def cells() -> list[str]:
    """The code cells of a right submission."""
    return ["import torch", DATA, *BODIES.values(), RUN]


def write_notebook(path: Path, comment: str = "") -> None:
    """Write a submission; the comment makes it different from the others."""
    made = [nbformat.v4.new_code_cell(source) for source in [*cells(), f"# {comment}"]]
    _write(path, made)


def check_in_process(name: str) -> str:
    """A function `check(submitted)`, for graders whose tests run in the student's process."""
    reference = re.sub(
        rf"\b({'|'.join(FUNCTIONS)})\(", r"reference_\1(", "\n\n".join(BODIES.values())
    )
    call = f"({CALLS[name]})"
    body = f"""
{INPUTS}

{reference}

actual, expected = submitted{call}, reference_{name}{call}
if not isinstance(expected, list):
    actual, expected = [actual], [expected]
for a, e in zip(actual, expected):
    torch.testing.assert_close(a, e, rtol=1e-4, atol=1e-6)
"""
    return "def check(submitted):\n" + textwrap.indent(body.strip(), "    ")


def write_ours(root: Path, students: int) -> None:
    """A course of ours with that many right submissions."""
    questions = "".join(
        f"""
        [[questions]]
        id = "{n}"
        title = {{ zh = "{name}", en = "{name}" }}
        points = {POINTS[name]}
        functions = [{{ name = "{name}" }}]
        """
        for n, name in enumerate(FUNCTIONS, start=1)
    )
    calls = {
        "mse": "draw.normal(3), draw.normal(), draw.normal(20, 3), draw.normal(20)",
        "mse_grad": "draw.normal(3), draw.normal(), draw.normal(20, 3), draw.normal(20)",
        "descend": "draw.normal(3), draw.normal(), draw.normal(20, 3), draw.normal(20), 0.1, 20",
    }
    tests = "from grader import check\n" + "".join(
        f'\n\n@check("{n}a", points={POINTS[name]})\ndef test_{name}(agree, draw):\n'
        f'    """{name} 正确\n    {name} is right"""\n    agree("{name}", {calls[name]})\n'
        for n, name in enumerate(FUNCTIONS, start=1)
    )
    solution = "# %%\nimport torch\n\n" + "\n\n".join(
        f"# %%\n{_with_markers(body)}\n" for body in BODIES.values()
    )
    files = {
        "course.toml": f'[course]\ntitle = "Benchmark"\n\n[[assignments]]\nid = "{NAME}"\n',
        f"assignments/{NAME}/assignment.toml": textwrap.dedent(
            f'id = "{NAME}"\ntitle = {{ zh = "小作业", en = "Lesson" }}\n'
        )
        + textwrap.dedent(questions),
        f"reference/{NAME}/solution.py": solution,
        f"reference/{NAME}/misconceptions.py": '"""None."""\n',
        f"hidden_tests/{NAME}/test_lesson.py": tests,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for number in range(students):
        student = f"s{number:05}"
        write_notebook(root / "submissions" / NAME / student / f"{NAME}.ipynb", student)


def write_for_nbgrader(root: Path, students: int) -> None:
    """A course of nbgrader's: the notebook with three hidden tests, and the submissions."""
    made = [nbformat.v4.new_code_cell("import torch"), nbformat.v4.new_code_cell(DATA)]
    for name, body in BODIES.items():
        marked = _with_markers(body, "### BEGIN SOLUTION", "### END SOLUTION")
        made.append(_nbgrader_cell(marked, name, solution=True))
        test = f"{check_in_process(name)}\n\n\ncheck({name})"
        hidden = f"### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS"
        made.append(_nbgrader_cell(hidden, f"test_{name}", points=POINTS[name]))
    made.append(nbformat.v4.new_code_cell(RUN))
    _write(root / "source" / NAME / f"{NAME}.ipynb", made)
    (root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'benchmark'\n"
        "c.ExecutePreprocessor.timeout = 120\n"
    )
    for number in range(students):
        handed_in = [cell.copy() for cell in made]
        for cell in handed_in:
            if cell.metadata.get("nbgrader", {}).get("grade"):
                cell.source = ""
        handed_in.append(nbformat.v4.new_code_cell(f"# {number}"))
        _write(root / "submitted" / f"s{number:05}" / NAME / f"{NAME}.ipynb", handed_in)


def write_for_otter(root: Path, students: int) -> None:
    """Tests and submissions for otter-grader."""
    for name in FUNCTIONS:
        test = f"""
import torch
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = {POINTS[name]}


{check_in_process(name)}


@test_case(points={POINTS[name]}, hidden=True)
def test_{name}(env):
    check(env["{name}"])
"""
        path = root / "tests" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(test)
    for number in range(students):
        write_notebook(root / "submissions" / f"s{number:05}.ipynb", str(number))


def _with_markers(body: str, begin: str = "# BEGIN SOLUTION", end: str = "# END SOLUTION") -> str:
    head, *rest = body.splitlines()
    return "\n".join([head, f"    {begin}", *rest, f"    {end}"])


def _nbgrader_cell(
    source: str, grade_id: str, *, solution: bool = False, points: int | None = None
) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "solution": solution,
        "grade": points is not None,
        "locked": points is not None,
        "task": False,
        "cell_type": "code",
    } | ({} if points is None else {"points": points})
    return cell


def _write(path: Path, made: list[nbformat.NotebookNode]) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    document = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})
    for number, cell in enumerate(document.cells):
        cell["id"] = f"cell-{number}"
    nbformat.write(document, path)
