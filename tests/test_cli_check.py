"""`grader check`: what a student sees of the public tests."""

import json

import pytest
from click.testing import CliRunner

from grader.cli import main
from tests.tiny import RIGHT, notebook


def run(*arguments):
    return CliRunner().invoke(main, ["check", *map(str, arguments), "--language", "en"])


@pytest.fixture
def folder(course_folder):
    return course_folder / "assignments" / "tiny"


@pytest.mark.slow
def test_a_right_notebook(folder):
    (folder / "tiny.ipynb").write_bytes(notebook(RIGHT))
    result = run(folder / "tiny.ipynb")
    assert (result.exit_code, result.stdout) == (
        0,
        "✓ an example\n\n1 of 1 public checks passed\n",
    )


@pytest.mark.slow
def test_a_wrong_notebook_elsewhere(folder, tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(notebook(RIGHT.replace("* 0.5", ""), "1 / 0"))
    result = run(path, "--assignment", folder)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "cell 2: run time error: ZeroDivisionError: division by zero"
    assert lines[1] == "✗ an example"
    assert lines[-1] == "0 of 1 public checks passed"
    told = json.loads(run(path, "--assignment", folder, "--json").stdout)
    assert told["checks"][0]["verdict"] == "wrong_answer"
    assert told["cells"][1]["verdict"] == "run_time_error"


def test_a_file_that_is_no_notebook(folder):
    (folder / "tiny.ipynb").write_text('{"cells": [')
    result = run(folder / "tiny.ipynb")
    assert result.exit_code == 0
    assert result.stdout.startswith("✗ ")
    told = json.loads(run(folder / "tiny.ipynb", "--json").stdout)
    assert told["diagnosis"] in result.stdout
    assert [c["verdict"] for c in told["checks"]] == ["run_time_error"]


def test_no_assignment_near(tmp_path):
    (tmp_path / "x.ipynb").write_bytes(notebook("x = 1"))
    result = run(tmp_path / "x.ipynb")
    assert result.exit_code == 2
    assert result.stderr == (
        f"grader: no assignment.toml in {tmp_path} or above. Keep the notebook in the folder "
        "you were given, beside assignment.toml and public_tests\n"
    )


def test_no_such_file(folder):
    result = run(folder / "none.ipynb")
    assert result.exit_code == 2
    assert "none.ipynb is not a file" in result.stderr
