"""Hidden inputs and expected values that are easy to recognise, and code that tries to carry them
out: nothing that a student gets holds one of them, in any spelling."""

from __future__ import annotations

import base64
import struct
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import main
from grader.config import load_assignment, load_course
from grader.errors import SandboxError
from grader.feedback import render_markdown
from grader.grade import grade
from grader.gradebook import Gradebook
from grader.records import Student
from grader.result import SubmissionResult, Verdict
from grader.sandbox.choose import open_sandbox
from grader.sandbox.fake import FakeSandbox
from grader.submission import GradingJob, Submission
from tests.tiny import RIGHT, hand_in, write_course

NUMBERS = (482719.0625, 716538.53125, 391192.28125)
"""Exact in float32. Longer than anything that a page counts."""
WORD = "zebra-canary-7741"

HIDDEN = f'''
import torch

from grader import assert_close, check

X = torch.tensor({list(NUMBERS[:2])}, dtype=torch.float64)


@check("1a", points=4)
def test_value(agree):
    """数值正确
    the value is right"""
    for k in 1, 3, 7:
        agree("half_square", k * X)


@check("1b", points={{"value": 3, "total": 1}})
def test_parts(agree):
    """两个部分
    both parts"""
    agree("scaled", X, {NUMBERS[2]})


@check("1c", points=2)
def test_quadratic(student):
    """放大两倍，结果变为四倍
    twice the input, four times the value"""
    assert_close(student.half_square(2 * X), 4 * student.half_square(X), tolerance=1e-9)


@check("2a", points=4)
def test_caller(agree):
    """调用正确
    the caller is right"""
    agree("twice_half_square", X)


@check("2c", points=0)
def test_label(agree):
    """标签
    a label"""
    agree("labelled", {WORD!r}, X)


@check("2b", points=0)
def test_training(train, quality):
    """训练
    training"""
    trained = train("fit", X)
    trained.predict("apply", X, shape=(2,))
    quality(0.5, {{0.9: 1}}, "正确率", "accuracy")
'''

EXPECTED = (
    sum(v * v for v in NUMBERS[:2]) / 2,
    sum(v * v for v in NUMBERS[:2]),
    *(v * NUMBERS[2] for v in NUMBERS[:2]),
)

MORE = '''
# %%
def labelled(word, x):
    """str, (N,) -> str"""
    # BEGIN SOLUTION
    return word + str(len(x))
    # END SOLUTION

# %%
def fit(x):
    """(N,) -> dict(state, history)"""
    # BEGIN SOLUTION
    return {"state": {"w": x}, "history": {"loss": [5.0, 4.0, 3.0, 2.0, 1.0]}}
    # END SOLUTION

# %%
def apply(state, x):
    """dict, (N,) -> (N,)"""
    # BEGIN SOLUTION
    return x
    # END SOLUTION
'''

PREAMBLE = """
import base64, collections, io, logging, os, struct, subprocess, sys, threading, warnings
import torch

def secret(*values):
    found = []
    for v in values:
        for item in v.reshape(-1).tolist() if isinstance(v, torch.Tensor) else [v]:
            found.append(str(item))
    return " ".join(found)

class Loud(Exception):
    pass
"""

SAYS = {
    "prints": "print(s); print(s, file=sys.stderr)",
    "writes past python": "os.write(1, s.encode()); os.write(2, s.encode())",
    "warns": "warnings.warn(s); logging.getLogger().error(s)",
    "raises": "raise ValueError(s)",
    "raises a key": "raise KeyError(s)",
    "raises a class of its own": "raise type('E' + s.replace('.', '_'), (Exception,), {})(s)",
    "raises with notes": "e = Loud(s); e.add_note(s); raise e",
    "raises from another": "raise Loud(s) from ValueError(s)",
    "raises a known name": "raise type('ValueError', (Exception,), {'__module__': s})(s)",
    "exits": "raise SystemExit(s)",
    "asserts": "assert False, s",
    "syntax": "compile(s + ' = = 1', s, 'exec')",
    "a file of that name": "exec(compile('raise ValueError', s, 'exec'))",
    "a cell of that number": "exec(compile('raise ValueError', f'<cell {first}>', 'exec'))",
    "a line of that number": (
        "exec(compile('\\n' * (first - 1) + 'raise ValueError', HERE, 'exec'))"
    ),
    "a process": "subprocess.run(['echo', s], check=False)",
    "a thread": "t = threading.Thread(target=print, args=(s,)); t.start(); t.join()",
    "keys": "return {s: 1.0, 'value': x, 'total': x.sum(), 'totals': s}",
    "keys only": "return {s: s}",
    "a string": "return s",
    "strings": "return [s, s]",
    "a type": "return type('T' + s.replace('.', '_').replace(' ', '_'), (), {})()",
    "bytes": "return s.encode()",
    "a shape": "return torch.zeros(first)",
    "a shape of two axes": "return torch.zeros(first, 1)",
    "the input": "return x",
    "a factor": "return right * first",
    "an offset": "return right + first",
    "an error": "return right + torch.as_tensor(x, dtype=torch.float64).sum()",
    "many entries": "return torch.arange(first)",
    "a whole number": "return first",
    "a complex number": "return complex(first, first)",
    "an attribute": "r = torch.zeros(2); setattr(r, 'a' + str(first), s); return r",
    "base64": "raise ValueError(base64.b64encode(s.encode()).decode())",
    "hex": "print(s.encode().hex()); raise ValueError(float(first).hex())",
    "a figure": """import matplotlib
    matplotlib.use('agg')
    from matplotlib import pyplot
    pyplot.figure(); pyplot.title(s); pyplot.plot([first]); pyplot.show()""",
}
"""What a function does that holds a hidden input; `s` spells it, `right` is the right result."""


FUNCTIONS = (
    ("half_square", "x", "(x**2).sum() / 2"),
    ("scaled", "x, factor", "x * factor"),
    ("labelled", "word, x", "x"),
    ("twice_half_square", "x", "(x**2).sum()"),
    ("fit", "x", "x"),
    ("apply", "state, x", "x"),
)


def cells(*bodies: str) -> tuple[str, ...]:
    """A notebook whose functions do these things in turn."""
    functions = []
    for i, (name, parameters, right) in enumerate(FUNCTIONS):
        functions.append(
            f"def {name}({parameters}):\n"
            f"    s = secret({parameters.replace('state, ', '')})\n"
            f"    first = int(x.reshape(-1)[0]) if len(x) else 0\n"
            f"    right = {right}\n"
            f"    HERE = {name}.__code__.co_filename\n"
            f"    {bodies[i % len(bodies)]}\n"
            f"    return right"
        )
    return PREAMBLE, "\n\n".join(functions)


TRAINING = (
    "return {'state': {s: x, 'w': s}, 'history': {s: [1.0] * 6, 'loss': [2.0] * 5, "
    "'a' + str(first): x.tolist()}}"
)


def spellings() -> set[str]:
    """Every planted number and word as decimals, hexadecimals and base64."""
    found = {WORD, WORD.encode().hex(), base64.b64encode(WORD.encode()).decode().rstrip("=")}
    for v in (*NUMBERS, *EXPECTED):
        found |= {str(int(v)), f"{v:,.0f}", f"{v:.6g}", v.hex(), f"{int(v):x}".zfill(6)}
        for form in "<d", ">d", "<f", ">f":
            packed = struct.pack(form, v)
            found.add(packed.hex())
            found.add(base64.b64encode(packed).decode().rstrip("="))
        for text in str(v), str(int(v)):
            found.add(text.encode().hex())
            found.add(base64.b64encode(text.encode()).decode().rstrip("=")[:-1])
    # A number that counts or colours something is none of ours.
    return {s for s in found if len(s) >= 6}


def planted(root: Path) -> Path:
    from tests.tiny import ASSIGNMENT, SOLUTION

    write_course(root, HIDDEN, SOLUTION + MORE)
    (root / "assignments/tiny/assignment.toml").write_text(
        ASSIGNMENT.replace(
            '[{ name = "twice_half_square" }]',
            '[{ name = "twice_half_square" }, { name = "labelled" }, '
            '{ name = "fit", trains = true }, { name = "apply" }]',
        ),
        encoding="utf-8",
    )
    return root


def handed_out(root: Path, results: list[SubmissionResult]) -> dict[str, str]:
    """Everything that students get for these results, by what it is."""
    with Gradebook(root / "gradebook.db") as book:
        book.put_students([Student(r.student, "") for r in results])
        for result in results:
            book.add_result(result)
    texts = {}

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["--course", str(root), *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    run("feedback", "tiny", "-o", str(root / "out"), "--zip", "--publish", str(root / "public"))
    for path in sorted(p for top in ("out", "public") for p in (root / top).rglob("*")):
        name = str(path.relative_to(root))
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as bundle:
                texts |= {f"{name}/{n}": bundle.read(n).decode() for n in bundle.namelist()}
        elif path.is_file():
            texts[name] = path.read_text("utf-8", "replace")
    course = load_course(root)
    assignment = load_assignment(course, "tiny")
    for result in results:
        texts[f"show {result.student}"] = run("show", result.student, "tiny")
        for language in "zh", "en":
            name = f"markdown {language} {result.student}"
            texts[name] = render_markdown(result, assignment, course, language=language)
    texts["csv"] = run("export", "--to", "csv")
    return texts


def found_in(texts: dict[str, str]) -> dict[str, list[str]]:
    wanted = spellings()
    seen = {name: [s for s in wanted if s in text] for name, text in texts.items()}
    return {name: hits for name, hits in seen.items() if hits}


def job(root: Path, student: str, sources: tuple[str, ...]) -> GradingJob:
    path = hand_in(root, student, *sources)
    return GradingJob(root, Submission("tiny", student, path, 1, datetime.now(UTC)), "fake")


def test_the_spellings_are_searched_for():
    assert found_in({"a": f"loss {NUMBERS[0]}", "b": "nothing"}).keys() == {"a"}
    assert found_in({"a": f"{EXPECTED[0]!r}"})
    assert found_in({"a": f"it is {WORD}!"})


@pytest.fixture(scope="module")
def fake_results(tmp_path_factory):
    root = planted(tmp_path_factory.mktemp("canary") / "course")
    bodies = list(SAYS.values())
    # Every saying comes to two functions, and to all kinds of functions some.
    turns = [(bodies * 2)[k : k + 6] for k in range(0, len(bodies), 3)]
    notebooks = [cells(*turn) for turn in turns]
    notebooks.append(cells(SAYS["raises"]))
    notebooks.append(cells(TRAINING))
    results = [
        grade(job(root, f"s{i:02}", sources), FakeSandbox()) for i, sources in enumerate(notebooks)
    ]
    return root, results


def test_the_canary_was_in_the_hands_of_the_code(fake_results):
    """Instructors see it, so the code did hold it."""
    _, results = fake_results
    evidence = "".join(c.evidence for c in results[-2].checks)
    assert str(NUMBERS[0]) in evidence
    assert WORD in evidence
    assert not any(r.verdict is Verdict.JUDGE_ERROR or r.judge_errors for r in results)


def test_no_file_of_a_student_holds_a_hidden_input_or_an_expected_value(fake_results):
    root, results = fake_results
    assert found_in(handed_out(root, results)) == {}


def test_nothing_gets_out_of_the_real_sandbox(tmp_path):
    try:
        sandbox = open_sandbox("linux")
    except SandboxError as error:
        pytest.skip(f"no linux sandbox here: {error}")
    root = planted(tmp_path / "course")
    chosen = "a figure", "raises a class of its own", "a line of that number", "a process"
    file = "with open(str(first) + '.txt', 'w') as f: f.write(s)"
    with sandbox:
        results = []
        for i, name in enumerate(chosen):
            body = (
                f"print(s); warnings.warn(s); {SAYS[name]}" if i else f"{file}\n    {SAYS[name]}"
            )
            results.append(grade(job(root, f"s{i}", cells(body)), sandbox))
    assert any(str(NUMBERS[0]) in c.evidence for r in results for c in r.checks)
    assert found_in(handed_out(root, results)) == {}


def test_a_right_solution_says_nothing_either(tmp_path):
    root = planted(tmp_path / "course")
    result = grade(job(root, "s1", (RIGHT,)), FakeSandbox())
    assert found_in(handed_out(root, [replace(result, student="s1")])) == {}
