"""The documentation says what the code does: commands, keys, verdicts, errors, fixtures, links."""

import inspect
import re
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from grader import config, errors
from grader.checks import fixtures
from grader.cli import main
from grader.cli.reference import page
from grader.course import Limits
from grader.result import Verdict
from grader.rubricfile import ProjectFile
from grader.scoring import State

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md")])
PINNED = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line
)


def text(name):
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.skipif(version("click") != PINNED["click"], reason="click words its help differently")
def test_the_page_of_the_command_line_is_current():
    assert text("cli.md") == page(), "run `make docs`"


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_is_explained_outside_of_its_help(name):
    pages = [p.read_text("utf-8") for p in PAGES if p.name != "cli.md"]
    assert any(f"grader {name}" in page for page in pages)


def models(model, seen):
    seen.add(model)
    for field in model.model_fields.values():
        for part in parts(field.annotation):
            if part not in seen:
                models(part, seen)
    return seen


def parts(annotation):
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for inner in get_args(annotation) for part in parts(inner)]


@pytest.mark.parametrize("file", [config._CourseFile, config._AssignmentFile, ProjectFile])
def test_every_key_of_the_configuration_is_explained(file):
    explained = set(re.findall(r"^\| `([\w.]+)`", text("configuration.md"), re.MULTILINE))
    for model in models(file, set()):
        assert set(model.model_fields) <= explained


def test_the_limits_are_those_of_the_code():
    for name, value in vars(Limits()).items():
        row = re.search(rf"^\| `{name}` \| ([\d.]+)", text("configuration.md"), re.MULTILINE)
        assert row, name
        assert float(row[1]) == value


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_explained(verdict):
    assert f"| `{verdict.value}` |" in text("verdicts-and-errors.md")


@pytest.mark.parametrize("state", list(State))
def test_every_state_of_a_grade_is_explained(state):
    assert f"| `{state.value}` |" in text("verdicts-and-errors.md")


@pytest.mark.parametrize(
    "name",
    [n for n, c in vars(errors).items() if inspect.isclass(c) and c.__module__ == "grader.errors"],
)
def test_every_exception_is_explained(name):
    assert f"`{name}`" in text("verdicts-and-errors.md")


def test_every_fixture_is_explained():
    names = [
        n for n, f in vars(fixtures).items() if type(f).__name__ == "FixtureFunctionDefinition"
    ]
    assert "agree" in names
    rows = set(re.findall(r"^\| `(\w+)", text("writing-checks.md"), re.MULTILINE))
    assert set(names) - {"grading"} <= rows


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    needed = [*project["dependencies"], *extras]
    for requirement in needed:
        name = re.match(r"[\w-]+", requirement)[0]
        assert f"| {name} |" in text("dependencies.md") or name == "dl-grader"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_what_is_shown_exists(path):
    shown = path.read_text("utf-8")
    for name in re.findall(r"^\s*(?:\$ )?grader (?:-C \S+ )?(\w+)", shown, re.MULTILINE):
        assert name in main.commands, name
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in re.findall(r"^make ([\w -]+?)(?:  +.*| *#.*)?$", shown, re.MULTILINE):
        assert set(line.split()) <= targets, line


def test_both_readmes_have_the_same_sections():
    count = [
        len(re.findall(r"^## ", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("README.md", "README.zh-CN.md")
    ]
    assert count[0] == count[1] > 3
