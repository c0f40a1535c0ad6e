"""Reads `course.toml` and `assignment.toml`: permissive about nothing, clear about everything.

The only module that meets configuration written by hand. What it returns is frozen.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AwareDatetime, BaseModel, Field, ValidationError, model_validator

from grader.course import (
    Assignment,
    Course,
    Function,
    Limits,
    Question,
    ScheduledAssignment,
)
from grader.errors import ConfigError, UsageError
from grader.participationrules import ParticipationRules
from grader.result import Text
from grader.rules import HomeworkRules, LateRules, ScaleRules, Strict, WeightsRules

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Points = Annotated[Decimal, Field(ge=0)]


class _Text(Strict):
    zh: str
    en: str

    def build(self) -> Text:
        return Text(self.zh, self.en)


class _Limits(Strict):
    wall_time: Annotated[float, Field(gt=0)] = Limits.wall_time
    cell_time: Annotated[float, Field(gt=0)] = Limits.cell_time
    call_time: Annotated[float, Field(gt=0)] = Limits.call_time
    cpu_time: Annotated[float, Field(gt=0)] = Limits.cpu_time
    memory: Annotated[int, Field(ge=256)] = Limits.memory
    processes: Annotated[int, Field(ge=1)] = Limits.processes
    disk: Annotated[int, Field(ge=1)] = Limits.disk
    output: Annotated[int, Field(ge=4096)] = Limits.output


class _CourseInfo(Strict):
    title: str
    languages: Annotated[tuple[str, ...], Field(min_length=1)] = ("zh", "en")


class _Scheduled(Strict):
    id: Id
    due: AwareDatetime | None = None
    weight: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    bonus: bool = False


class _CourseFile(Strict):
    course: _CourseInfo
    participation: ParticipationRules = ParticipationRules()
    weights: WeightsRules = WeightsRules()
    late: LateRules = LateRules()
    homework: HomeworkRules = HomeworkRules()
    scale: ScaleRules = ScaleRules()
    limits: _Limits = _Limits()
    assignments: tuple[_Scheduled, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> _CourseFile:
        ids = [a.id for a in self.assignments]
        doubled = sorted({i for i in ids if ids.count(i) > 1})
        if doubled:
            raise ValueError(f"assignment {doubled[0]!r} is listed twice")
        return self


class _Function(Strict):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
    call_time: Annotated[float, Field(gt=0)] | None = None
    tolerance: Annotated[float, Field(gt=0)] | None = None
    scale: Annotated[float, Field(gt=0)] | None = None
    precise: bool = True
    floating: bool = True
    trains: bool = False


class _Question(Strict):
    id: Id | Annotated[str, Field(pattern=r"^[0-9]+$")]
    title: _Text
    points: Points
    functions: tuple[_Function, ...] = ()
    forbidden: tuple[str, ...] = ()
    autograd: bool = True
    written: bool = False


class _AssignmentFile(Strict):
    id: Id
    title: _Text
    packages: tuple[str, ...] = ()
    limits: dict[str, float] = Field(default_factory=dict)
    questions: Annotated[tuple[_Question, ...], Field(min_length=1)]


def load_course(root: Path) -> Course:
    """The course in `root/course.toml`.

    Raises:
        UsageError: there is no course there.
        ConfigError: the file is wrong; names the file, the key and the remedy.
    """
    path = root / "course.toml"
    if not path.is_file():
        raise UsageError(
            f"{root} holds no course.toml",
            "Run this inside a course folder, name one with --course, "
            "or make one with `grader init DIR`",
        )
    data = read_toml(path, _CourseFile)
    return Course(
        root=root.resolve(),
        title=data.course.title,
        languages=data.course.languages,
        participation=data.participation.build(),
        weights=data.weights.build(),
        late=data.late.build(),
        homework=data.homework.build(),
        scale=data.scale.build(),
        limits=Limits(**dict(data.limits)),
        assignments=tuple(ScheduledAssignment(**dict(a)) for a in data.assignments),
    )


def load_assignment(course: Course, name: str) -> Assignment:
    """The assignment `name` of a course, from `assignments/NAME/assignment.toml`.

    Raises:
        UsageError: the course has no such assignment.
        ConfigError: the file is wrong; names the file, the key and the remedy.
    """
    path = course.root / "assignments" / name / "assignment.toml"
    if not path.is_file():
        known = sorted(p.parent.name for p in course.root.glob("assignments/*/assignment.toml"))
        close = difflib.get_close_matches(name, known, n=1)
        guess = f"Did you mean {close[0]!r}? " if close else ""
        raise UsageError(
            f"there is no assignment {name!r} in {course.root / 'assignments'}",
            f"{guess}Known: {', '.join(known) or 'none'}",
        )
    assignment = _assignment(path, course.root, course.limits)
    if assignment.id != name:
        raise ConfigError(
            path, "id", f"is {assignment.id!r}, the folder is {name!r}", "Make them equal"
        )
    return assignment


def load_handed_out(folder: Path) -> Assignment:
    """The assignment that a student was given, from `folder/assignment.toml`; there is no course.

    Raises:
        ConfigError: the file is missing or wrong.
    """
    folder = folder.resolve()
    return replace(_assignment(folder / "assignment.toml", folder, Limits()), handed_out=folder)


def _assignment(path: Path, course: Path, base: Limits) -> Assignment:
    data = read_toml(path, _AssignmentFile)
    limits = _limits(path, base, data.limits)
    return Assignment(
        id=data.id,
        title=data.title.build(),
        packages=data.packages,
        limits=limits,
        course=course,
        questions=tuple(_question(q, limits) for q in data.questions),
    )


def _question(data: _Question, limits: Limits) -> Question:
    return Question(
        id=data.id,
        title=data.title.build(),
        points=data.points,
        forbidden=data.forbidden,
        allow_autograd=data.autograd,
        written=data.written,
        functions=tuple(
            Function(
                name=f.name,
                call_time=f.call_time or limits.call_time,
                tolerance=f.tolerance,
                scale=f.scale,
                precise=f.precise,
                floating=f.floating,
                trains=f.trains,
            )
            for f in data.functions
        ),
    )


def _limits(path: Path, base: Limits, changes: dict[str, float]) -> Limits:
    merged = {name: getattr(base, name) for name in _Limits.model_fields} | changes
    try:
        return Limits(**dict(_Limits(**merged)))
    except ValidationError as error:
        raise _config_error(path, error, prefix="limits") from None


_Model = TypeVar("_Model", bound=BaseModel)


def read_toml(path: Path, model: type[_Model]) -> _Model:
    """A TOML file as a model of pydantic.

    Raises:
        ConfigError: the file is wrong; names the file, the key and the remedy.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(path, "", error.strerror or str(error), "Make it readable") from None
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        raise ConfigError(path, where, "is not UTF-8", "Save the file as UTF-8") from None
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, "", f"is not TOML: {error}", "Correct the line") from None
    except ValidationError as error:
        raise _config_error(path, error, model) from None


def _config_error(
    path: Path, error: ValidationError, model: type[BaseModel] | None = None, prefix: str = ""
) -> ConfigError:
    """The first complaint of pydantic as one line: where, what, and what to write instead."""
    first = error.errors()[0]
    keys = [prefix, *map(str, first["loc"])] if prefix else list(map(str, first["loc"]))
    where = ".".join(k for k in keys if not k.startswith("constrained-") and "[" not in k)
    kind, given = first["type"], first.get("input")
    if kind == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1])
        close = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        remedy = f"Did you mean {close[0]!r}?" if close else f"Known keys: {', '.join(known)}"
        return ConfigError(path, where, "unknown key", remedy)
    if kind == "missing":
        return ConfigError(path, where, "is missing", "Add it")
    if kind == "value_error":
        problem = first["msg"].removeprefix("Value error, ")
        return ConfigError(path, where, problem, "Correct the numbers")
    problem = first["msg"][0].lower() + first["msg"][1:]
    return ConfigError(path, where, f"{problem}, but it is {given!r}", "Correct the value")


def _fields_at(model: type[BaseModel] | None, location: tuple[int | str, ...]) -> list[str]:
    for key in location:
        if model is None or isinstance(key, int):
            continue
        field = model.model_fields.get(key)
        model = _model_in(field.annotation) if field else None
    return sorted(model.model_fields) if model else sorted(_Limits.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _model_in(a))), None)
