"""What grading a submission produced: verdicts, diagnoses, points, and where they came from.

Everything here is frozen and made of plain values, so a result can be stored as JSON, sent from a
worker process to the coordinator, and shown to a student, without anything in it being executable.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = 1
"""Version of the JSON form of `SubmissionResult`; raised when a field changes its meaning."""


@dataclass(frozen=True)
class Text:
    """One sentence in the two languages of the course."""

    zh: str
    en: str

    def __getitem__(self, language: str) -> str:
        """The sentence in `language` ("zh" or "en")."""
        return self.zh if language == "zh" else self.en

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class Verdict(enum.StrEnum):
    """How a check, a cell or a notebook ended, in the words of Kattis and DMOJ."""

    ACCEPTED = "accepted"
    WRONG_ANSWER = "wrong_answer"
    RUN_TIME_ERROR = "run_time_error"
    TIME_LIMIT_EXCEEDED = "time_limit_exceeded"
    MEMORY_LIMIT_EXCEEDED = "memory_limit_exceeded"
    OUTPUT_LIMIT_EXCEEDED = "output_limit_exceeded"
    FORBIDDEN_API = "forbidden_api"
    SKIPPED = "skipped"
    JUDGE_ERROR = "judge_error"


@dataclass(frozen=True)
class Place:
    """A line of a cell of the student's notebook, both counted from 1."""

    cell: int
    line: int


@dataclass(frozen=True)
class Passage:
    """Lines of the student's own code around one of them."""

    place: Place
    first: int
    """Number of the first line that is shown."""
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Extent:
    """How far a value is off, without saying what it should have been."""

    off: int
    """Entries beyond the tolerance."""
    total: int
    error: float | None = None
    """The largest error to one digit; None where errors have no size."""
    worst: tuple[int, ...] = ()
    """Index of the entry with the largest error."""


@dataclass(frozen=True)
class Diagnosis:
    """Why a check was not accepted: always in our words, therefore always safe to show."""

    code: str
    """Stable identifier of the kind of finding, such as "shape" or "misconception"."""
    message: Text
    """What was seen."""
    hint: Text | None = None
    """What to do about it."""
    misconceptions: tuple[str, ...] = ()
    """Names of the wrong variants that explain the output, such as "squared_loss.missing_half"."""
    place: Place | None = None
    """Where in the notebook an exception was raised."""
    extent: Extent | None = None
    """How many entries are off and by how much, where the message does not say so already."""


@dataclass(frozen=True)
class Part:
    """A share of the points of a check that is won or lost on its own."""

    name: str
    points: Decimal
    earned: Decimal


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check."""

    id: str
    question: str
    title: Text
    verdict: Verdict
    points: Decimal
    """What the check is worth; public checks are worth nothing."""
    earned: Decimal
    public: bool = False
    parts: tuple[Part, ...] = ()
    functions: tuple[str, ...] = ()
    """The student's functions that the check called, in the order of the first call."""
    diagnosis: Diagnosis | None = None
    given_correct: tuple[str, ...] = ()
    """Callees that were answered by the reference when the check passed (follow-through)."""
    seconds: float = 0.0
    evidence: str = ""
    """For instructors only: what student code said holding a hidden input, or our traceback."""
    passage: Passage | None = None
    """The student's code around the place of the diagnosis."""


@dataclass(frozen=True)
class WrittenAnswer:
    """A question that a marker reads; the grader only sees whether something was written."""

    question: str
    title: Text
    points: Decimal
    filled: bool
    earned: Decimal | None = None
    """None until a marker has entered it."""
    text: str = ""
    """What was written, as Markdown; nothing in it is trusted."""


@dataclass(frozen=True)
class CellRun:
    """How one code cell of the student's notebook ended."""

    number: int
    """Position among all cells of the notebook, from 1."""
    verdict: Verdict
    seconds: float = 0.0
    diagnosis: Diagnosis | None = None
    error: str = ""
    """The student's own exception, one line. Cells run before any hidden input is sent."""
    line: int | None = None
    """Line of the cell, from 1, in which the exception was raised."""
    source_line: str = ""
    passage: Passage | None = None
    """The lines around `line`."""


@dataclass(frozen=True)
class Figure:
    """A picture that the student's notebook drew."""

    cell: int
    mime: str
    data: str
    """Base64 of a PNG."""


@dataclass(frozen=True)
class NotebookRun:
    """What happened when the notebook was read and executed, before any check."""

    verdict: Verdict
    diagnosis: Diagnosis | None = None
    cells: tuple[CellRun, ...] = ()
    repairs: tuple[Text, ...] = ()
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Isolation:
    """What stood between the submission and the machine."""

    backend: str
    """"linux", "plain" or "fake"."""
    level: int
    """3 isolated, 2 confined, 1 filtered, 0 nothing but limits."""
    name: str
    details: tuple[str, ...] = ()
    """What is in force, such as "seccomp" or "landlock 7"."""
    missing: tuple[str, ...] = ()
    """What could not be had on this machine, with the reason."""


@dataclass(frozen=True)
class Usage:
    """What a submission cost."""

    wall_time: float = 0.0
    cpu_time: float = 0.0
    memory: float = 0.0
    """Peak, in MiB."""


@dataclass(frozen=True)
class Curve:
    """The values of a training history, for the report."""

    __pydantic_config__: ClassVar = {"ser_json_inf_nan": "strings"}  # a loss may diverge

    check: str
    name: str
    student: tuple[float, ...]
    reference: tuple[float, ...] = ()


@dataclass(frozen=True)
class SubmissionResult:
    """The record of one grading. Regrading makes another one; this one never changes."""

    assignment: str
    student: str
    attempt: int
    verdict: Verdict
    """ACCEPTED: graded. JUDGE_ERROR: the grader failed and a human must look. Anything else: the
    notebook could not be run at all, and why."""
    graded_at: datetime
    key: str
    """Digest of everything the result depends on; equal keys need no second grading."""
    logic: str = ""
    """The same but for what checks are worth; equal ones need no second execution."""
    submitted_at: datetime | None = None
    checks: tuple[CheckResult, ...] = ()
    written: tuple[WrittenAnswer, ...] = ()
    notebook: NotebookRun | None = None
    diagnosis: Diagnosis | None = None
    isolation: Isolation | None = None
    usage: Usage = Usage()
    curves: tuple[Curve, ...] = ()
    device: str = "cpu"
    grader_version: str = ""
    evidence: str = ""
    """For instructors only."""
    fingerprints: tuple[int, ...] = ()
    """Of the code, to find notebooks that are nearly the same; see `grader.winnowing`."""
    schema: int = SCHEMA

    @property
    def points(self) -> Decimal:
        """What the automatic checks are worth together."""
        return sum((c.points for c in self.checks), Decimal(0))

    @property
    def earned(self) -> Decimal:
        """What the automatic checks earned together."""
        return sum((c.earned for c in self.checks), Decimal(0))

    @property
    def judge_errors(self) -> tuple[CheckResult, ...]:
        """The checks that failed through our fault."""
        return tuple(c for c in self.checks if c.verdict is Verdict.JUDGE_ERROR)

    @property
    def needs_human(self) -> bool:
        """Whether points are undecided because the grader failed."""
        return self.verdict is Verdict.JUDGE_ERROR or bool(self.judge_errors)

    def to_json(self) -> str:
        """The result as one JSON document, points as decimal strings."""
        return _adapter().dump_json(self).decode()

    @staticmethod
    def from_json(document: str | bytes) -> SubmissionResult:
        """The result that `to_json` wrote.

        Raises:
            ValueError: the document is not a result of schema version `SCHEMA`.
        """
        result: SubmissionResult = _adapter().validate_json(document)
        if result.schema != SCHEMA:
            raise ValueError(f"result schema {result.schema}, this grader reads {SCHEMA}")
        return result


@cache
def _adapter() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(SubmissionResult)
