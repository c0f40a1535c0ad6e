"""The rules of a course as `course.toml` writes them: checked, then built into plain values."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from grader.course import HomeworkPolicy, LatePolicy, Letter, Scale, Weights

Percent = Annotated[Decimal, Field(ge=0, le=100)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


class Strict(BaseModel):
    """A table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class WeightsRules(Strict):
    """`[weights]`."""

    participation: Percent = Decimal(10)
    homework: Percent = Decimal(40)
    project: Percent = Decimal(50)

    @model_validator(mode="after")
    def _adds_up(self) -> WeightsRules:
        total = self.participation + self.homework + self.project
        if total != 100:
            raise ValueError(f"participation, homework and project add up to {total}, not to 100")
        return self

    def build(self) -> Weights:
        """The same as a plain value."""
        return Weights(**dict(self))


class LateRules(Strict):
    """`[late]`."""

    per_day: Share = Decimal("0.10")
    days: Annotated[int, Field(ge=0)] = 3
    cap: Share = Decimal(1)
    grace_minutes: Annotated[int, Field(ge=0)] = 0
    free_days: Annotated[int, Field(ge=0)] = 0

    def build(self) -> LatePolicy:
        """The same as a plain value."""
        return LatePolicy(**dict(self))


class HomeworkRules(Strict):
    """`[homework]`."""

    drop_lowest: Annotated[int, Field(ge=0)] = 0
    attempts: Literal["newest_on_time", "last", "best"] = "newest_on_time"
    maximum: Annotated[Decimal, Field(ge=100)] = Decimal(100)

    def build(self) -> HomeworkPolicy:
        """The same as a plain value."""
        return HomeworkPolicy(**dict(self))


class LetterRules(Strict):
    """One row of `[[scale.letters]]`."""

    letter: Annotated[str, Field(min_length=1)]
    at_least: Percent


class ScaleRules(Strict):
    """`[scale]`."""

    places: Annotated[int, Field(ge=0, le=4)] = 1
    rounding: Literal["half_up", "half_even", "down", "up"] = "half_up"
    letters: tuple[LetterRules, ...] = ()

    @model_validator(mode="after")
    def _falls(self) -> ScaleRules:
        bounds = [row.at_least for row in self.letters]
        for above, below in pairwise(bounds):
            if below >= above:
                raise ValueError(f"letters go from the best down, but {below} follows {above}")
        if bounds and bounds[-1] != 0:
            raise ValueError(f"no letter below {bounds[-1]}: the last one must be at_least 0")
        names = [row.letter for row in self.letters]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"letter {min(doubled)!r} is there twice")
        return self

    def build(self) -> Scale:
        """The same as a plain value."""
        letters = tuple(Letter(row.letter, row.at_least) for row in self.letters)
        return Scale(self.places, self.rounding, letters)
