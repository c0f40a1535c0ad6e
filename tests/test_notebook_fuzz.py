"""Whatever is handed in as a notebook ends in a verdict, never in an error of ours.

`pytest tests/test_notebook_fuzz.py --hypothesis-profile=campaign` tries a hundred times as much.
"""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
from hypothesis import given
from hypothesis import strategies as st

from grader.config import load_assignment, load_course
from grader.errors import SubmissionFault
from grader.grade import find_violations
from grader.notebook import Notebook, read
from grader.passage import passage
from grader.program import code
from grader.prose import prose
from grader.result import Place
from grader.winnowing import fingerprints
from grader.written import answer_text, is_filled

COURSE = load_course(Path(__file__).resolve().parents[1])
ASSIGNMENT = load_assignment(COURSE, "mlp")
KEYS = (
    "cells", "cell_type", "source", "input", "metadata", "outputs", "execution_count", "id",
    "nbformat", "nbformat_minor", "worksheets", "level", "grader", "tags", "written", "function",
    "given", "placeholder", "kernelspec", "language_info", "language", "name", "x",
)  # fmt: skip
CODE = st.sampled_from(
    [
        "def softmax(z):\n    return z",
        "!pip install x",
        "%%time\nx = 1",
        "%%bash\npip install",
        "from google.colab import drive\ndrive.mount('/x')",
        "import matplotlib\nmatplotlib.use('TkAgg')",
        "exit()",
        "if True:\n\tpass\n    pass",
        "f'{x!r:>{y}}' f'''{\n1}'''",
        "\\\n" * 30,
        "(" * 300,
        "-" * 3000 + "1",
        "x" + ".a" * 2000,
        "def f(:\n",
        "class A:\n  def f(self): return torch.nn.Linear",
        "é = ª = 'ﬁ'",
        "\x0c\x1a\x00\x7f\u2028\ufeff",
        "y = " + "9" * 5000,
        "lambda: (yield)",
        "await f()\nasync with a: pass",
        "match x:\n  case [1, *_]: pass",
        "from __future__ import braces",
        "# type: ignore\n#!/x\n# -*- coding: foo -*-",
    ]
)
TEXT = st.one_of(
    CODE,
    st.lists(CODE, max_size=3).map("\n".join),
    st.text(max_size=30),
    st.text(alphabet="ab=(){}[]'\"\\\n %!?#.:,xfpi \t", max_size=40),
)
STRING = st.one_of(
    TEXT.map(json.dumps),
    st.text(max_size=10).map(lambda s: json.dumps(s, ensure_ascii=False)),
    st.sampled_from(
        ['"\\ud800"', '"\\u0000"', '"\\ud83d\\ude00"', '"\\x"', '"code"', '"markdown"']
    ),
)
ATOM = st.one_of(
    STRING,
    st.integers().map(str),
    st.floats().map(json.dumps),
    st.sampled_from(
        ["null", "true", "false", "4", "3", "NaN", "-Infinity", "1e999", "-0", "9" * 4400, "5.0"]
    ),
)


def _object(pairs):
    """JSON text in which a key may come twice."""
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs) + "}"


JSON = st.recursive(
    ATOM,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: "[" + ",".join(items) + "]"),
        st.lists(st.tuples(st.sampled_from(KEYS), inner), max_size=4).map(_object),
        st.builds(lambda n, value: "[" * n + value + "]" * n, st.integers(1, 2000), inner),
    ),
    max_leaves=6,
)
SOURCE = STRING | st.lists(STRING, max_size=3).map(lambda lines: "[" + ",".join(lines) + "]")
KIND = st.sampled_from(['"code"', '"markdown"', '"raw"', '"heading"', '"html"', "3", "[]"])
METADATA = st.lists(st.tuples(st.sampled_from(KEYS), JSON), max_size=3).map(_object)
CELL = st.one_of(
    JSON,
    st.tuples(KIND, SOURCE, METADATA, st.lists(st.tuples(st.sampled_from(KEYS), JSON), max_size=3))
    .map(lambda parts: [("cell_type", parts[0]), ("source", parts[1]), ("metadata", parts[2]),
                        *parts[3]])
    .flatmap(st.permutations)
    .map(_object),
)  # fmt: skip
CELLS = st.lists(CELL, max_size=4).map(lambda cells: "[" + ",".join(cells) + "]")
NOTEBOOK = st.one_of(
    st.tuples(CELLS, JSON, JSON, st.lists(st.tuples(st.sampled_from(KEYS), JSON), max_size=3)).map(
        lambda p: _object([("nbformat", p[1]), ("nbformat_minor", p[2]), *p[3], ("cells", p[0])])
    ),
    st.tuples(JSON, CELLS, JSON).map(
        lambda p: _object([("worksheets", f'[{p[0]},{{"cells":{p[1]}}}]'), ("metadata", p[2])])
    ),
)


def graded(data: bytes) -> None:
    """All that the grader does with a file but to run it."""
    try:
        notebook = read(data)
    except SubmissionFault as fault:
        json.dumps(fault.diagnosis.message.en).encode()
        return
    assert isinstance(notebook, Notebook)
    nbformat.validate(notebook.document)
    nbformat.writes(notebook.document).encode()
    for repair in notebook.repairs:
        repair.zh.encode()
    program = code(notebook, failed=[1])
    program.source.encode()
    find_violations(program, ASSIGNMENT)
    fingerprints(program.source)
    for question in ASSIGNMENT.questions:
        if question.written and is_filled(notebook, question.id):
            prose(answer_text(notebook, question.id))
    for cell in notebook.cells:
        for line in range(1, cell.source.count("\n") + 2):
            passage(notebook, Place(cell.number, line))
            if line > 5:
                break


@given(NOTEBOOK)
def test_a_notebook_of_anything(text):
    graded(text.encode("utf-8", "surrogatepass"))


@given(NOTEBOOK, st.sampled_from(["utf-16", "utf-32-le", "gb18030", "utf-8-sig", "latin-1"]))
def test_in_any_encoding(text, encoding):
    graded(text.encode(encoding, "replace"))


@given(NOTEBOOK, st.floats(0, 1), st.binary(max_size=6), st.integers(0, 30))
def test_cut_and_damaged(text, where, inserted, gap):
    data = text.encode("utf-8", "surrogatepass")
    place = int(where * len(data))
    graded(data[:place])
    graded(data[:place] + inserted + data[place + gap :])


@given(st.lists(TEXT, max_size=4))
def test_any_code(cells):
    made = [{"cell_type": "code", "source": source} for source in cells]
    graded(json.dumps({"cells": made}).encode())


@given(st.binary(max_size=200))
def test_any_bytes(data):
    graded(data)
    graded(b'{"cells":[' + data + b"]}")
