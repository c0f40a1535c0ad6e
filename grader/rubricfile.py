"""Reads `project.toml`: the criteria of the final project, their weights and levels."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from grader.config import read_toml
from grader.course import Course
from grader.errors import UsageError
from grader.result import Text
from grader.rubric import Criterion, Level, Rubric

NAME = "project.toml"
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Percent = Annotated[Decimal, Field(ge=0, le=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Both(_Strict):
    zh: str
    en: str

    def build(self) -> Text:
        return Text(self.zh, self.en)


_NOTHING = _Both(zh="", en="")


class _Level(_Strict):
    id: Id
    title: _Both
    share: Percent
    description: _Both = _NOTHING


class _Criterion(_Strict):
    id: Id
    title: _Both
    weight: Annotated[Decimal, Field(gt=0, le=100)]
    description: _Both = _NOTHING
    levels: tuple[_Level, ...] = ()

    @model_validator(mode="after")
    def _different(self) -> _Criterion:
        names = [n for v in self.levels for n in {v.id, v.title.zh, v.title.en}]
        if doubled := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two levels of {self.id!r} are called {doubled[0]!r}")
        return self


class ProjectFile(_Strict):
    """All of `project.toml`."""

    title: _Both = _Both(zh="期末大作业", en="Final project")
    disagreement: Percent = Decimal(20)
    criteria: Annotated[tuple[_Criterion, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _adds_up(self) -> ProjectFile:
        total = sum(c.weight for c in self.criteria)
        if total != 100:
            raise ValueError(f"the weights of the criteria add up to {total}, not to 100")
        names = [n for c in self.criteria for n in {c.id, c.title.zh, c.title.en}]
        if doubled := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two criteria are called {doubled[0]!r}")
        return self


def load_rubric(course: Course) -> Rubric | None:
    """The rubric of a course; None: it has no `project.toml`.

    Raises:
        ConfigError: the file is wrong; names the file, the key and the remedy.
    """
    path = course.root / NAME
    if not path.exists():
        return None
    data = read_toml(path, ProjectFile)
    return Rubric(data.title.build(), tuple(map(_criterion, data.criteria)), data.disagreement)


def rubric_of(course: Course) -> Rubric:
    """The rubric of a course that must have one.

    Raises:
        UsageError: it has none.
        ConfigError: the file is wrong.
    """
    rubric = load_rubric(course)
    if rubric is None:
        raise UsageError(
            f"{course.root / NAME} does not exist",
            "Write the criteria there, or record a table with student and score",
        )
    return rubric


def _criterion(data: _Criterion) -> Criterion:
    levels = (Level(v.id, v.title.build(), v.share, v.description.build()) for v in data.levels)
    return Criterion(
        data.id, data.title.build(), data.weight, data.description.build(), tuple(levels)
    )
