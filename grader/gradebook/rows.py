"""What lists of the gradebook are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from grader.result import Verdict
from grader.scoring import Outcome


@dataclass(frozen=True)
class ResultRow:
    """One grading in a list: everything but the document."""

    id: int
    assignment: str
    student: str
    key: str
    graded_at: datetime
    outcome: Outcome
    isolation: int | None = None
    """The level it was graded at; None: it never ran."""

    @property
    def attempt(self) -> int:
        """Ordinal of the submission."""
        return self.outcome.attempt

    @property
    def needs_human(self) -> bool:
        """Whether the grader failed on something."""
        return self.outcome.verdict is Verdict.JUDGE_ERROR or self.outcome.undecided > 0


@dataclass(frozen=True)
class Mark:
    """The newest mark of a written question."""

    assignment: str
    student: str
    question: str
    points: Decimal
    comment: str
    marker: str
    entered_at: datetime
    attempt: int | None = None
    """Which attempt was read; None: it was not noted."""


@dataclass(frozen=True)
class Score:
    """The newest score for participation or the project."""

    student: str
    score: Decimal
    comment: str
    marker: str
    entered_at: datetime


def result_row(row: Mapping[str, Any]) -> ResultRow:
    """The row that a line of the results table stands for."""
    summary = Outcome(
        verdict=Verdict(row["verdict"]),
        earned=row["earned"],
        points=row["points"],
        undecided=row["undecided"],
        submitted_at=row["submitted_at"],
        attempt=row["attempt"],
    )
    return ResultRow(
        id=row["id"],
        assignment=row["assignment"],
        student=row["student"],
        key=row["key"],
        graded_at=row["graded_at"],
        outcome=summary,
        isolation=row["isolation"],
    )
