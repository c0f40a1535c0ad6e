"""`grader ci`: the steps of the workflow as a runner runs them, on repositories of all kinds."""

import base64
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from grader import autograding
from grader.autograding import of_public, of_result
from grader.cellplaces import places
from grader.ci import Hidden, find_notebook, grade_hidden, grade_public
from grader.cli import main
from grader.errors import SandboxError
from grader.result import CheckResult, Text, Verdict
from grader.sandbox.choose import open_sandbox
from grader.sandbox.fake import FakeSandbox
from grader.selfcheck import check_notebook
from grader.workflow import Annotation, Runner, fenced, harmless
from tests.conftest import Grade
from tests.tiny import RIGHT, SOLUTION, notebook, write_course

ROOT = Path(__file__).resolve().parents[1]
ENGLISH = '\n# %% [markdown] lang="en" written="w1"\n# *answer here*\n'
SECOND = '''

@check("p1b", points=0, functions=("scaled",))
def test_scaled(student):
    """放大
    scaling"""
    found = student.scaled(torch.tensor([1.0, 2.0]), 3.0)
    assert_close(found, {"value": torch.tensor([3.0, 6.0]), "total": 9.0})
'''
DOUBLED = RIGHT.replace("* 0.5", "")


def write(root):
    course = write_course(root, solution=SOLUTION + ENGLISH)
    public = course / "assignments/tiny/public_tests/test_public.py"
    public.write_text(public.read_text() + SECOND)
    return course


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A template repository, released."""
    course = write(tmp_path_factory.mktemp("course"))
    repository = tmp_path_factory.mktemp("template")
    command = ["-C", str(course), "release", "tiny", "--classroom", str(repository)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    return repository


@pytest.fixture(scope="module")
def walls():
    try:
        open_sandbox("linux").close()
    except SandboxError as error:
        pytest.skip(f"no linux sandbox here: {error}")


class Github:
    """Runs the `run:` steps of a workflow, installing nothing."""

    def __init__(self, folder, repository):
        self.repository = repository
        self.files = {n: folder / n for n in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in self.files.values():
            path.write_text("")
        tools = folder / "bin"
        tools.mkdir()
        (tools / "grader").write_text(f'#!/bin/sh\nexec {sys.executable} -m grader "$@"\n')
        for name in "sudo", "python":
            (tools / name).write_text("#!/bin/sh\n")
        for tool in tools.iterdir():
            tool.chmod(0o755)
        self.env = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(repository),
            "GITHUB_REPOSITORY": "course/tiny-ada",
        } | {name: str(path) for name, path in self.files.items()}

    def run(self, **secrets):
        workflow = self.repository / ".github/workflows/classroom.yml"
        (job,) = YAML(typ="safe").load(workflow.read_text())["jobs"].values()
        self.stdout, self.code = "", 0
        for step in job["steps"]:
            if "run" not in step:
                continue
            given = {k: secrets[k] for k in step.get("env", {})}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.repository,
                env=self.env | job["env"] | given,
                capture_output=True,
                text=True,
                check=False,
            )
            self.stdout += done.stdout
            self.stderr = done.stderr
            self.code = done.returncode
            if done.returncode:
                break
        return self

    @property
    def outputs(self):
        lines = self.files["GITHUB_OUTPUT"].read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def result(self):
        return json.loads(base64.b64decode(self.outputs["result"]))

    @property
    def commands(self):
        """The commands that the runner would obey."""
        found, token = [], None
        for line in self.stdout.splitlines():
            if token is not None:
                token = None if line == f"::{token}::" else token
            elif line.startswith("::stop-commands::"):
                token = line.removeprefix("::stop-commands::")
            elif line.lstrip().startswith("::") or "##[" in line:
                found.append(line)
        return found


@pytest.fixture
def push(template, tmp_path, walls):
    def push(*cells, files=None):
        repository = tmp_path / "repository"
        subprocess.run(["cp", "-r", template, repository], check=True)
        (repository / "tiny.ipynb").write_bytes(notebook(*cells))
        for name, text in (files or {}).items():
            (repository / name).write_text(text)
        return Github(tmp_path, repository).run()

    return push


def test_the_workflows_are_what_github_accepts(template, tmp_path):
    files = [template / ".github/workflows/classroom.yml", *ROOT.glob(".github/workflows/*.yml")]
    shown = (ROOT / "docs" / "classroom.md").read_text(encoding="utf-8")
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", shown, re.DOTALL)):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(text)
    assert len(files) >= 4
    command = ["--builtin-schema", "vendor.github-workflows", *map(str, files)]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *command], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    workflow = YAML(typ="safe").load(files[0].read_text())
    assert workflow["name"] == "Autograding Tests"
    assert list(workflow["jobs"]) == ["run-autograding-tests"]


def test_the_template_holds_what_students_need_and_no_secret(template):
    names = {p.relative_to(template).as_posix() for p in template.rglob("*") if p.is_file()}
    assert names == {
        ".devcontainer/Dockerfile",
        ".devcontainer/devcontainer.json",
        ".gitattributes",
        ".github/workflows/classroom.yml",
        ".gitignore",
        "README.en.md",
        "README.md",
        "assignment.toml",
        "handout.json",
        "public_tests/test_public.py",
        "requirements.txt",
        "tiny.en.ipynb",
        "tiny.ipynb",
    }
    lines = (template / "requirements.txt").read_text().splitlines()[1:]
    assert all("==" in line and "://" not in line for line in lines)
    assert "torch" in {line.split("==")[0] for line in lines}
    json.loads((template / ".devcontainer/devcontainer.json").read_text())
    assert "(x**2)" not in "".join(p.read_text() for p in template.rglob("*") if p.is_file())


@pytest.mark.slow
def test_right_work(push):
    github = push(RIGHT)
    assert github.code == 0, github.stderr
    assert github.outputs["status"] == "pass"
    assert (github.outputs["points"], github.outputs["max_points"]) == ("2", "2")
    assert github.result["max_score"] == 2
    assert [t["score"] for t in github.result["tests"]] == [1, 1]
    assert github.commands == []
    assert "**通过 2 项公开检查中的 2 项**" in github.files["GITHUB_STEP_SUMMARY"].read_text()
    artifacts = {p.name for p in (github.repository / "report").iterdir()}
    assert artifacts == {"report.html", "report.md", "result.json"}


@pytest.mark.slow
def test_half_right_work_that_crashes(push):
    """One function of two, named; a cell that takes the kernel with it costs nothing else."""
    github = push(DOUBLED, "import os\nos._exit(1)")
    assert github.code == 0, github.stderr
    assert [(t["status"], t["score"]) for t in github.result["tests"]] == [
        ("fail", 0),
        ("pass", 1),
    ]
    assert github.result["status"] == "fail"
    cell, check = github.commands
    assert cell.startswith("::error file=tiny.ipynb,line=")
    line = int(check.split("line=")[1].split(",")[0])
    text = (github.repository / "tiny.ipynb").read_text().splitlines()
    assert "def half_square" in text[line - 1]
    assert "漏了 1/2。" in check


@pytest.mark.slow
def test_a_notebook_that_gives_orders(push):
    """Wrong work that writes the runner's files, prints commands and replaces our modules."""
    forged = base64.b64encode(b'{"max_score": 2, "tests": [{"score": 2}]}').decode()
    attack = f"""
import glob, os
order = "::set-output name=result::x\\n::error::gotcha\\n##[error]gotcha\\n::add-mask::a"
print(order)
for path in glob.glob("/proc/*/environ"):
    try:
        for entry in open(path).read().split(chr(0)):
            name, _, value = entry.partition("=")
            if name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
                open(value, "a").write("result={forged}\\npoints=2\\nstatus=pass\\n")
    except OSError:
        pass
raise ValueError(order)
"""
    stolen = "raise SystemExit('a file of the repository was run')\n"
    names = ("grader.py", "torch.py", "sitecustomize.py", "conftest.py", "pytest.ini")
    github = push(DOUBLED.replace("x * factor", "x"), attack, files=dict.fromkeys(names, stolen))
    assert github.code == 0, github.stderr
    assert github.outputs["status"] == "fail"
    assert github.result["tests"][0]["score"] == 0
    assert "gotcha" not in "".join(c for c in github.commands if not c.startswith("::error file="))
    assert all(c.startswith("::error file=tiny.ipynb,line=") for c in github.commands)
    assert not any("\n" in c or "##[" in c for c in github.commands)
    summary = github.files["GITHUB_STEP_SUMMARY"].read_text()
    assert not any(line.startswith(("::", "result=")) for line in summary.splitlines())


def test_an_assignment_that_is_broken_is_our_fault(template, tmp_path):
    test = template / "public_tests" / "test_public.py"
    broken = tmp_path / "broken"
    subprocess.run(["cp", "-r", template, broken], check=True)
    (broken / "tiny.ipynb").write_bytes(notebook(RIGHT))
    text = test.read_text().replace("assert_close(found", "1 / 0; assert_close(found")
    (broken / "public_tests" / "test_public.py").write_text(text)
    command = ["ci", str(broken / "tiny.ipynb"), "--sandbox", "plain", "--lang", "en"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    assert "::warning file=" in done.stdout


def test_points_that_make_no_sense(template):
    done = CliRunner().invoke(main, ["ci", str(template), "--points", "-3"])
    assert done.exit_code == 2
    done = CliRunner().invoke(
        main, ["ci", str(template), "--hidden", str(template), "--sealed", "x"]
    )
    assert done.exit_code == 2


# -- parts -----------------------------------------------------------------------------------


def check(name, verdict=Verdict.ACCEPTED, points="0", won="0"):
    text = Text(name, name)
    return CheckResult(name, "1", text, verdict, Decimal(points), Decimal(won), public=True)


def test_public_checks_share_the_points_and_add_up():
    checks = [check("a"), check("b"), check("c", Verdict.WRONG_ANSWER)]
    scores = of_public(checks, Decimal(10))
    assert scores.as_dict("en")["max_score"] == 10
    assert [t["score"] for t in scores.as_dict("en")["tests"]] == [3.3333, 3.3333, 0]
    right = of_public([*checks[:2], check("c")], Decimal(10))
    assert right.score == Decimal(10)
    assert right.status == "pass"
    assert of_public([]).status == "error"
    assert of_public([check("a", Verdict.JUDGE_ERROR)]).status == "error"


def test_parts_of_points_are_not_rounded_to_nothing(grade_tiny):
    partly = RIGHT.replace('"total": value.sum()', '"total": 0 * value.sum()')
    scores = of_result(grade_tiny(partly))
    document = json.loads(base64.b64decode(scores.encoded("en")))
    (part,) = [t for t in document["tests"] if t["name"].startswith("1b")]
    assert (part["status"], part["score"], part["max_score"]) == ("fail", 3, 4)
    assert document["version"] == autograding.VERSION
    assert document["max_score"] == 18


def test_a_remark_cannot_become_another_command():
    remark = Annotation("100%\r\n::warning::x ##[error]", "a:b,c", "x,line=1.ipynb", 3)
    assert str(remark) == (
        "::error file=x%2Cline=1.ipynb,line=3,title=a%3Ab%2Cc::100%25%0D%0A::warning::x ## [error]"
    )
    for line in "::error::x", "  ::error::x", "a\n::error::x", "x ##[error]y", "\r::error::":
        safe = harmless(line)
        assert not safe.lstrip().startswith("::")
        assert "##[" not in safe
        assert "\n" not in safe
    first, *_, last = fenced(["x"])
    assert last == f"::{first.removeprefix('::stop-commands::')}::"


def test_an_output_has_one_line(tmp_path):
    with pytest.raises(ValueError, match="one line"):
        Runner(output=tmp_path / "out").put({"result": "a\nstatus=pass"})


def test_a_summary_is_never_too_long_for_github(tmp_path):
    Runner(summary=tmp_path / "s").summarise("line\n" * 400_000)
    assert (tmp_path / "s").stat().st_size < 2**20


def test_places_in_a_notebook_file():
    data = notebook("x = 1\n%matplotlib inline", "def f():\n    return 1", "def f():\n    '\"'")
    lines = data.decode().splitlines()
    found = places(data)
    assert "matplotlib" in lines[found.of(1, 2) - 1]
    assert "'\\\"'" in lines[found.of(3, 2) - 1]
    assert found.of_function("f") == found.of(3, 1)
    assert found.of(9, 1) == 1
    assert found.of_function("g") == 1
    assert places(b"[") == places(b'{"cells": 3}')


def test_the_notebook_that_was_worked_on_counts(tmp_path):
    stub = "def f(): raise NotImplementedError"
    (tmp_path / "gd.ipynb").write_bytes(notebook(stub, stub))
    (tmp_path / "gd.en.ipynb").write_bytes(notebook(stub, "def g(): return 1"))
    assert find_notebook(tmp_path).name == "gd.en.ipynb"
    (tmp_path / "gd.en.ipynb").write_bytes(notebook(stub, stub))
    assert find_notebook(tmp_path).name == "gd.ipynb"


@pytest.mark.slow
def test_check_ci_and_grade_say_the_same(template, tmp_path, walls):
    """Also in different sandboxes."""
    cells = (DOUBLED, "1 / 0")
    repository = tmp_path / "repository"
    subprocess.run(["cp", "-r", template, repository], check=True)
    path = repository / "tiny.ipynb"
    path.write_bytes(notebook(*cells))
    course = write(tmp_path / "course")
    assert CliRunner().invoke(main, ["-C", str(course), "release", "tiny"]).exit_code == 0
    graded = Grade(course)(*cells)
    hidden = grade_hidden(path, Hidden(course), "linux", "en")
    public = grade_public(path, None, "plain", "en")
    checked = check_notebook(path, sandbox=FakeSandbox())

    def told(checks, public):
        return [
            (c.id, c.verdict, c.points, c.earned, c.diagnosis)
            for c in checks
            if c.public is public
        ]

    assert told(hidden.checks, False) == told(graded.checks, False) != []
    assert told(checked.checks, True) == told(public.checks, True)
    assert told(graded.checks, True) == told(hidden.checks, True) == told(public.checks, True)
    assert public.checks[0].diagnosis.misconceptions == ("half_square.missing_half",)
