"""`[participation]` of `course.toml`: checked, then built into a plain value."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from grader.course import ParticipationPolicy

Percent = Annotated[Decimal, Field(ge=0, le=100)]
_DEFAULT = ParticipationPolicy()


class ParticipationRules(BaseModel):
    """How what is noted in sessions becomes the score for participation."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    attendance: Percent = _DEFAULT.attendance
    answers: Percent = _DEFAULT.answers
    quizzes: Percent = _DEFAULT.quizzes
    allowed_absences: Annotated[int, Field(ge=0)] = _DEFAULT.allowed_absences
    late_counts: Annotated[Decimal, Field(ge=0, le=1)] = _DEFAULT.late_counts
    per_answer: Annotated[Decimal, Field(gt=0)] = _DEFAULT.per_answer
    answers_maximum: Annotated[Decimal, Field(gt=0)] = _DEFAULT.answers_maximum
    drop_quizzes: Annotated[int, Field(ge=0)] = _DEFAULT.drop_quizzes

    @model_validator(mode="after")
    def _adds_up(self) -> ParticipationRules:
        total = self.attendance + self.answers + self.quizzes
        if total != 100:
            raise ValueError(f"attendance, answers and quizzes add up to {total}, not to 100")
        return self

    def build(self) -> ParticipationPolicy:
        """The same as a plain value."""
        return ParticipationPolicy(**dict(self))
