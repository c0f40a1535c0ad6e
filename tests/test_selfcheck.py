"""Self-checks on a student's machine: what was handed out is enough, and needs no POSIX."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from grader.cli import main
from grader.config import load_assignment, load_course
from grader.errors import UsageError
from grader.handout import Handout, read_handout
from grader.rehearsal import rehearse, write_handout
from grader.sandbox.fake import FakeSandbox
from grader.sealedhints import seal, unseal
from grader.selfcheck import check_notebook
from tests.tiny import RIGHT, notebook

ROOT = Path(__file__).resolve().parents[1]
DOUBLED = RIGHT.replace("* 0.5", "")


@pytest.fixture
def folder(course_folder):
    """The assignment as a student has it: no reference anywhere near."""
    write_handout(load_assignment(load_course(course_folder), "tiny"))
    handed_out = course_folder.parent / "laptop" / "tiny"
    handed_out.parent.mkdir()
    (course_folder / "assignments" / "tiny").rename(handed_out)
    return handed_out


def checked(folder, *cells):
    path = folder / "tiny.ipynb"
    path.write_bytes(notebook(*cells))
    return check_notebook(path, sandbox=FakeSandbox())


def test_a_known_mistake_is_named_without_its_code(folder):
    (check,) = checked(folder, DOUBLED).checks
    assert check.diagnosis.misconceptions == ("half_square.missing_half",)
    assert check.diagnosis.hint.en == "The factor 1/2 is missing."
    assert "x**2" not in (folder / "handout.json").read_text()


def test_no_hint_can_be_read_before_its_mistake_is_made(folder):
    text = (folder / "handout.json").read_text(encoding="utf-8")
    for word in "missing_half", "factor 1/2", "漏了":
        assert word not in text


def test_another_mistake_opens_no_hint(folder):
    (check,) = checked(folder, RIGHT.replace("* 0.5", "* 0.7")).checks
    assert check.diagnosis.misconceptions == ()


def test_a_value_of_another_shape_is_told_as_in_grading(folder, grade_tiny):
    wrong = RIGHT.replace("(x * x).sum() * 0.5", "(x * x) * 0.5")
    (check,) = checked(folder, wrong).checks
    assert check.diagnosis.code == "shape.not_reduced"
    (folder.parent.parent / "course" / "assignments").mkdir(exist_ok=True)
    folder.rename(folder.parent.parent / "course" / "assignments" / "tiny")
    public = next(c for c in grade_tiny(wrong).checks if c.public)
    assert public.diagnosis == check.diagnosis


def test_a_test_that_computes_with_the_value_blames_the_student(course_folder):
    test = course_folder / "assignments/tiny/public_tests/test_public.py"
    computing = "assert_close(2 * student.half_square(torch.tensor([1.0, 2.0])), 5.0)"
    lines = test.read_text().splitlines()
    test.write_text("\n".join([*lines[:-1], f"    {computing}\n"]))
    assignment = load_assignment(load_course(course_folder), "tiny")
    write_handout(assignment)
    (check,) = checked(assignment.folder, RIGHT.replace("(x * x).sum() * 0.5", "None")).checks
    assert check.verdict.value == "wrong_answer"


@pytest.mark.parametrize("noise", [0.0, 3e-7, -3e-7])
def test_a_hint_opens_for_the_same_value_computed_otherwise(noise):
    wrong = {"loss": 2.5, "grads": torch.arange(12.0).reshape(3, 4) / 7}
    hint = seal("what happened", {"call": wrong})
    near = {"loss": 2.5 * (1 + noise), "grads": wrong["grads"].double() * (1 + noise) + noise / 9}
    assert unseal(hint, "call", near) == "what happened"
    assert unseal(hint, "other", near) is None
    assert unseal(hint, "call", wrong | {"loss": 2.51}) is None
    assert unseal(hint, "call", {"loss": 2.5, "grads": wrong["grads"].T}) is None


def test_a_variant_that_is_right_on_public_inputs_has_no_hint(course_folder):
    path = course_folder / "reference/tiny/misconceptions.py"
    path.write_text(
        path.read_text() + "\n@misconception(words='wrong beyond ten')\n"
        "def half_square__large(x):\n    return (x**2).sum() / (2 if x.numel() < 10 else 1)\n"
    )
    assert len(rehearse(load_assignment(load_course(course_folder), "tiny")).hints) == 2


def test_equal_assignments_have_equal_handouts(course_folder):
    assignment = load_assignment(load_course(course_folder), "tiny")
    assert rehearse(assignment).to_json() == rehearse(assignment).to_json()


def test_a_newer_release_says_what_to_do(folder):
    path = folder / "handout.json"
    handout = read_handout(folder)
    assert handout is not None
    path.write_text(replace(handout, grader="99.0").to_json())
    (folder / "tiny.ipynb").write_bytes(notebook(RIGHT))
    with pytest.raises(UsageError, match="pip install --upgrade dl-grader"):
        check_notebook(folder / "tiny.ipynb", sandbox=FakeSandbox())
    path.write_text(Handout("tiny", grader="0.0.1").to_json())
    assert check_notebook(folder / "tiny.ipynb", sandbox=FakeSandbox()).right
    path.write_text("{}")
    with pytest.raises(UsageError, match="Download the assignment again"):
        check_notebook(folder / "tiny.ipynb", sandbox=FakeSandbox())


def test_check_here_in_a_notebook(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    namespace = {"__name__": "notebook"}
    exec(DOUBLED + "\nfrom grader import check_here\ncheck_here('half_square')", namespace)  # noqa: S102
    said = capsys.readouterr().out
    assert said.startswith("✗ 例子\n")
    assert "漏了 1/2。" in said


def test_check_here_where_a_bundle_was_unpacked_beside_the_notebook(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder.parent)
    exec(RIGHT + "\nfrom grader import check_here\ncheck_here()", {"__name__": "notebook"})  # noqa: S102
    assert capsys.readouterr().out.startswith("✓")


def test_the_way_to_a_self_check_is_light():
    heavy = ("alembic", "sqlalchemy", "jupytext", "openpyxl", "cryptography", "nh3")
    code = (
        "import sys, grader.cli.selfcheck, grader.selfcheck; early = 'torch' in sys.modules;"
        "import grader.checkpage, grader.session, grader.checks, grader.grade;"
        f"print(early, [m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False []\n"


@pytest.mark.slow
def test_without_posix(folder, tmp_path):
    """Linux with everything taken away that Windows lacks, in the grader and in the kernel."""
    python = tmp_path / "python"
    source = (ROOT / "tests" / "elsewhere.py").read_text()
    python.write_text(f"#!{sys.executable}\n{source}")
    python.chmod(0o755)
    (folder / "tiny.ipynb").write_bytes(notebook("import os", DOUBLED, "os.fork()"))
    done = subprocess.run(
        [python, "-m", "grader", "check", folder / "tiny.ipynb", "--lang", "en"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert "AttributeError: module 'os' has no attribute 'fork'" in done.stdout
    assert "The factor 1/2 is missing." in done.stdout
    assert done.stdout.endswith("0 of 1 public checks passed\n")


@pytest.mark.slow
@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_watching_checks_again_when_the_notebook_is_saved(folder, before):
    path = folder / "tiny.ipynb"
    path.write_bytes(notebook(DOUBLED))
    command = [sys.executable, "-m", "grader", "check", path, "--watch", "--lang", "en"]
    ours = signal.signal(signal.SIGINT, before)  # which the process inherits
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, ours)
    with process:
        first = [process.stdout.readline() for _ in range(5)]
        path.write_bytes(notebook(RIGHT))
        second = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert first[0] == "✗ an example\n"
    assert first[-1] == "0 of 1 public checks passed\n"
    assert second == ["✓ an example\n", "\n", "1 of 1 public checks passed\n"]


@pytest.mark.slow
def test_the_report_and_the_exit_codes(folder, tmp_path):
    path, html = folder / "tiny.ipynb", tmp_path / "out" / "report.html"
    path.write_bytes(notebook(DOUBLED, "raise ValueError('<script>')"))
    command = ["check", str(path), "--lang", "zh", "--strict", "--html", str(html), "--json"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert (told["passed"], told["total"]) == (0, 1)
    assert told["checks"][0]["misconceptions"] == ["half_square.missing_half"]
    page = html.read_text(encoding="utf-8")
    assert "漏了 1/2。" in page
    assert "公开检查" in page
    assert "<script" not in page
    broken = shutil.copytree(folder, tmp_path / "broken")
    test = broken / "public_tests" / "test_public.py"
    test.write_text(test.read_text().replace("assert_close(", "1 / 0\n    assert_close("))
    command[1] = str(broken / "tiny.ipynb")
    assert CliRunner().invoke(main, command).exit_code == 1
