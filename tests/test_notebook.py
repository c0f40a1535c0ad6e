"""What students hand in as a notebook, and what becomes of it."""

import ast
import copy
import json
import zipfile
from io import BytesIO

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import RunTimeError, SubmissionFault, UsageError
from grader.magics import magics, without_magics
from grader.notebook import MAX_BYTES, Notebook, read
from grader.program import Place, code


def file_of(*sources, metadata=None, minor=5, **changes):
    """The bytes of a notebook of code cells."""
    cells = [
        source
        if not isinstance(source, str)
        else {
            "id": f"c{n}",
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    document = {
        "nbformat": 4,
        "nbformat_minor": minor,
        "metadata": metadata or {},
        "cells": cells,
    }
    return json.dumps(document | changes, ensure_ascii=False).encode()


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def refusal(data):
    with pytest.raises(RunTimeError) as caught:
        read(data)
    assert caught.value.diagnosis.code == "unreadable_notebook"
    assert caught.value.diagnosis.hint is not None
    return caught.value.diagnosis.message.en


# What is read


def test_cells_are_numbered_among_all_cells():
    text = {"cell_type": "markdown", "source": ["# a\n", "b"], "metadata": {}}
    notebook = read(file_of("x = 1", text, "y = 2"))
    assert [(c.number, c.kind, c.source) for c in notebook.cells] == [
        (1, "code", "x = 1"),
        (2, "markdown", "# a\nb"),
        (3, "code", "y = 2"),
    ]
    assert notebook.repairs == ()


def test_the_document_is_valid_and_brings_nothing_along():
    cell = {
        "cell_type": "code",
        "id": "same",
        "source": "1",
        "outputs": "broken",
        "execution_count": "x",
        "metadata": {
            "tags": ["a", 3, "", "b,c", "a"],
            "grader": {"written": "w1", "x": {}},
            "other": {"deep": 1},
        },
    }
    notebook = read(file_of(cell, cell, metadata={"kernelspec": {"name": "conda-env-dl"}}))
    nbformat.validate(notebook.document)
    assert notebook.document.metadata.kernelspec.name == "python3"
    assert notebook.cells[0].metadata == {"tags": ["a"], "grader": {"written": "w1"}}
    assert notebook.document.cells[0].outputs == []
    assert len({c.id for c in notebook.document.cells}) == 2
    assert notebook.document.cells[1].source == notebook.cells[1].source


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_with_and_without_mark(encoding):
    notebook = read(file_of("s = '梯度'").decode().encode(encoding))
    assert sources(notebook) == ["s = '梯度'"]


def test_gbk():
    notebook = read(file_of("s = '梯度下降与学习准则'").decode().encode("gbk"))
    assert sources(notebook) == ["s = '梯度下降与学习准则'"]
    assert "gb18030" in notebook.repairs[0].en


def test_a_damaged_byte_does_not_spoil_utf8():
    data = file_of("s = '梯度下降与学习准则'", "t = 'x'").replace(b"'x'", b"'\xff'")
    assert sources(read(data)) == ["s = '梯度下降与学习准则'", "t = '\ufffd'"]


def test_format_3_is_converted():
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 2, "source": ["Loss"]},
                    {"cell_type": "code", "input": ["a = 1\n", "b = 2"], "language": "python"},
                ]
            }
        ],
    }
    notebook = read(json.dumps(old).encode())
    assert sources(notebook) == ["## Loss", "a = 1\nb = 2"]
    assert "nbformat 3" in notebook.repairs[0].en
    nbformat.validate(notebook.document)


@pytest.mark.parametrize("minor", [0, 1, 2, 4, 5, 9])
def test_minor_versions(minor):
    data = json.loads(file_of("x = 1", minor=minor))
    if minor < 5:
        del data["cells"][0]["id"]
    assert sources(read(json.dumps(data).encode())) == ["x = 1"]


def test_a_cell_needs_nothing_but_its_text():
    notebook = read(file_of({"cell_type": "code", "source": "x"}, {"cell_type": "code"}, None, 3))
    assert [c.source for c in notebook.cells] == ["x", "", "", ""]
    assert "Cell 3 is damaged" in notebook.repairs[0].en
    nbformat.validate(notebook.document)


def test_lines_without_their_ends_and_foreign_line_ends():
    notebook = read(file_of("a\r\nb\rc", {"cell_type": "code", "source": ["x = 1", "y = 2"]}))
    assert sources(notebook) == ["a\nb\nc", "x = 1\ny = 2"]


def test_text_that_cannot_be_sent_is_replaced():
    assert sources(read(b'{"cells": [{"cell_type": "code", "source": "a\\ud800\\u0000"}]}')) == [
        "a\ufffd\ufffd"
    ]


def test_odd_json():
    data = (
        b'{"cells": [], "cells": [{"cell_type": "code", "source": "x"}], "n": NaN, "m": -Infinity}'
    )
    assert sources(read(data + b"\n\0\0\n")) == ["x"]


def test_another_language_is_reported():
    notebook = read(file_of("x", metadata={"kernelspec": {"name": "ir", "language": "R"}}))
    assert "language r" in notebook.repairs[0].en


def test_a_path(tmp_path):
    path = tmp_path / "hw.ipynb"
    path.write_bytes(file_of("x = 1"))
    assert sources(read(path)) == ["x = 1"]
    with pytest.raises(UsageError, match="is not a file"):
        read(tmp_path)


# What is refused


def archive():
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("hw.ipynb", "{}")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\0", "is empty"),
        (archive(), "an archive"),
        (b"%PDF-1.7 ...", "is PDF"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"import torch\nx = 1\n", "a Python script"),
        (b'"""Homework."""\nimport torch\n', "a Python script"),
        ("我的作业".encode(), "plain text"),
        (b"\x00\x05\x16\x07\x00\x02", "macOS"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS pointer"),
        (b"12 34", "plain text"),
        (b"[1, 2]", "not a notebook: it has no cells"),
        (b'{"name": "x"}', "not a notebook: it has no cells"),
        (b'{"cells": 3}', "not a notebook: it has no cells"),
        (b'{"cells": [\n{"cell_type": "co', "breaks off at line 2"),
        (b'{"cells": [\n', "breaks off"),
        (b'{"cells": [],\n "x" 3, "y": 2}', "line 2 is not JSON"),
        (file_of("x") + b"\n{}", "from line 2"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"cells": [' + b'{"a":' * 100_000, "nested too deeply"),
        (b'{"cells": [' + b"1" * 5000 + b"]}", "not JSON"),
        (b'{"cells": [' + b"1," * 6000 + b"1]}", "more than 5000 cells"),
        (file_of("x = '" + "a" * 2**20 + "'"), "more than 256 KiB of code"),
    ],
)
def test_what_cannot_be_read_is_named(data, words):
    assert words in refusal(data)


def test_a_merge_conflict_is_found_anywhere():
    lines = json.dumps(json.loads(file_of("x = 1")), indent=1).split("\n")
    lines[4:4] = ["<<<<<<< HEAD", "  1", "=======", "  2", ">>>>>>> theirs"]
    assert "merge conflict at line 5" in refusal("\n".join(lines).encode())
    assert "merge conflict at line 2" in refusal(file_of("x") + b"\n<<<<<<< HEAD\n")


def test_size_is_checked_before_parsing(tmp_path):
    path = tmp_path / "big.ipynb"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES * 4)
    assert "larger than 20 MiB" in refusal(path)


# Repairs


def repaired(*cells):
    notebook = read(file_of(*cells))
    return sources(notebook), [text.en for text in notebook.repairs]


@pytest.mark.parametrize(
    "line",
    [
        "!pip install torch",
        "!pip3 -q install torch",
        "%pip install torch",
        "!python -m pip install torch",
        "!{sys.executable} -m pip install torch",
        "%conda install pytorch",
        "!conda install -y pytorch",
        "!!pip install x",
        "! pip install x",
        "!sudo apt-get install fonts",
        "!uv pip install x",
        "pip install torch",
    ],
)
def test_installers_do_nothing(line):
    (cell,), (note,) = repaired(f"x = 1\n{line}\ny = 2")
    assert cell.split("\n") == ["x = 1", f"pass  # {line}", "y = 2"]
    assert note.startswith("Cell 1: commands that install")
    assert without_magics(cell) == cell


def test_an_installer_keeps_its_place():
    (cell,), _ = repaired(
        "try:\n    import d2l\nexcept ImportError:\n    !pip install \\\n  d2l\nx = 1"
    )
    assert cell.split("\n") == [
        "try:",
        "    import d2l",
        "except ImportError:",
        "    pass  # !pip install \\",
        "    # d2l",
        "x = 1",
    ]
    ast.parse(cell)


def test_an_installer_in_a_shell_cell():
    (cell,), _ = repaired("%%bash\nls\nif true; then\n  pip install d2l\nfi")
    assert cell == "%%bash\nls\nif true; then\n  : # pip install d2l\nfi"


def test_an_assigned_installer():
    assert repaired("log = !pip list")[0] == ["log = []  # !pip list"]


@pytest.mark.parametrize(
    "source",
    [
        '"""\n!pip install x\n"""',
        "y = (a\n% reset)",
        "# !pip install x",
        "!ls -l\n!nvidia-smi",
        "%matplotlib inline\n%load_ext autoreload",
        "s = 'from google.colab import drive'",
        "try:\n    import google.colab\n    COLAB = True\nexcept ImportError:\n    COLAB = False",
        "class Buffer:\n    def upload(self): ...\nfiles = Buffer()\nfiles.upload()",
        "name = input()",
        "def f():\n    exit = 3\n    return exit",
        "while True: pass",
        "%%writefile a.sh\n!pip install x",
        "pip = 3",
        "%timeit f(1)",
    ],
)
def test_everything_else_stays(source):
    assert repaired(source) == ([source], [])


def test_colab():
    cells, notes = repaired(
        "from google.colab import drive, files as f; import os\n"
        "drive.mount(\n    '/x',\n)\nup = f.upload()",
        "if True:\n    from google.colab import (\n        auth)\n"
        "f.download('a'); print('梯度', f.upload())",
        "import google.colab\ngoogle.colab.drive.mount('/x')",
    )
    assert cells == [
        "pass; import os\n(None\n\n)\nup = {}",
        "if True:\n    pass\n\nNone; print('梯度', {})",
        "pass\nNone",
    ]
    assert notes == ["Cells 1, 2, 3: statements that work only in Google Colab were not run."]
    for cell in cells:
        ast.parse(cell)


@pytest.mark.parametrize("backend", ["notebook", "widget", "qt", "tk", "ipympl", ""])
def test_screens(backend):
    (cell,), (note,) = repaired(f"import matplotlib\n%matplotlib {backend}".rstrip())
    assert cell == "import matplotlib\n%matplotlib inline"
    assert "no screen" in note


def test_backends_chosen_by_call():
    cells, notes = repaired('import matplotlib\nmatplotlib.use("TkAgg")\nmatplotlib.use("agg")')
    assert cells == ['import matplotlib\nNone\nmatplotlib.use("agg")']
    assert "no screen" in notes[0]


def test_endings():
    cells, notes = repaired(
        "%reset -f\n%reset_selective -f x",
        "exit()",
        "IPython.Application.instance().kernel.do_shutdown(True)",
    )
    assert cells == ["pass  # %reset -f\n%reset_selective -f x", "None", "None"]
    assert notes[0].startswith("Cells 1, 2, 3: commands that clear all")


def test_every_repair_keeps_the_number_of_lines():
    source = (
        "!pip install a \\\n b \\\n c\nfrom google.colab import (\ndrive\n)\ndrive.mount(\n'/x'\n)"
    )
    (cell,), notes = repaired(source)
    assert cell.count("\n") == source.count("\n")
    assert len(notes) == 2


# The program


def test_the_program_maps_lines_to_cells():
    text = {"cell_type": "markdown", "source": "# a\nb", "metadata": {}}
    notebook = read(file_of("x = 1\n%timeit x", text, "def broken(:", "!ls\ny = 2"))
    program = code(notebook, failed=[4])
    assert program.source == "x = 1\npass\npass\ny = 2"
    assert program.place(2) == Place(1, 2)
    assert program.place(4) == Place(4, 2)
    assert program.skipped == (3,)
    assert program.failed == {4}


def test_a_cell_that_python_would_not_run_is_skipped():
    assert code(read(file_of("return 1", "await f()", "x = '\\d'"))).skipped == (1,)


def test_nothing_but_magics():
    program = code(read(file_of("%%html\n<b>", "!ls")))
    assert program.source.strip() == "pass"
    assert code(read(file_of())).source == ""


def test_magics_are_found_only_where_a_statement_begins():
    source = (
        '%%time\nx = !ls \\\n -l\ndef f(a):\n    """d\n!no\n"""\n'
        "    y = (a\n % b)\n    z = a \\\n % b\n"
        "    %time h = g(1)\nnp.sum?\n?x\nq = %who"
    )
    assert [m.text for m in magics(source)] == [
        "%%time",
        "!ls \\\n -l",
        "%time h = g(1)",
        "np.sum?",
        "?x",
        "%who",
    ]
    plain = without_magics(source)
    assert plain.count("\n") == source.count("\n")
    assert "    h = g(1)\n" in plain
    ast.parse(plain)


# Whatever comes, it ends in a notebook or in a fault of the submission


def outcome(data):
    try:
        notebook = read(data)
    except SubmissionFault:
        return
    assert isinstance(notebook, Notebook)
    nbformat.validate(notebook.document)
    notebook.document.copy()
    json.dumps(notebook.document).encode()
    program = code(notebook)
    assert len(program.places) == (program.source.count("\n") + 1 if program.places else 0)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes(data):
    outcome(data)


@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "gb18030", "utf-8-sig"]))
@settings(max_examples=150, deadline=None)
def test_any_text(text, encoding):
    outcome(text.encode(encoding, errors="replace"))
    outcome(b"{" + text.encode(encoding, errors="replace") + b"}")


SOURCE = file_of(
    "!pip install x\nimport torch",
    "from google.colab import drive\ndrive.mount('/x')",
    {"cell_type": "markdown", "source": ["# 一\n", "b"], "metadata": {"grader": {"written": "w"}}},
)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_mutation_of_the_bytes(data):
    mutated = bytearray(SOURCE)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(mutated) - 1))
        end = place + data.draw(st.integers(0, 20))
        mutated[place:end] = data.draw(st.binary(max_size=8))
        if not mutated:
            break
    outcome(bytes(mutated))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["source", "cells", "cell_type", "metadata"]), inner)
    ),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


PLACES = [path for path in places(json.loads(SOURCE)) if path]


@given(st.sampled_from(PLACES), JSON)
@settings(max_examples=200, deadline=None)
def test_any_mutation_of_the_values(path, value):
    document = copy.deepcopy(json.loads(SOURCE))
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    outcome(json.dumps(document).encode())


@given(st.text(alphabet="ab=(){}[]'\"\\\n %!?#.:,xfpi ", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_code(source):
    outcome(file_of(source))
    notebook = read(file_of(source))
    assert notebook.cells[0].source.count("\n") == source.count("\n")
    assert without_magics(source).count("\n") == source.count("\n")
