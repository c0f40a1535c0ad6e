"""The course as data: weights, assignments, questions, functions, limits.

Frozen values without behaviour that could fail; `grader.config` reads and checks the files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from grader.result import Text


@dataclass(frozen=True)
class Weights:
    """How the course grade is made up, in percent; they add up to 100."""

    participation: Decimal = Decimal(10)
    homework: Decimal = Decimal(40)
    project: Decimal = Decimal(50)


@dataclass(frozen=True)
class ParticipationPolicy:
    """How what is noted in sessions becomes the score for participation."""

    attendance: Decimal = Decimal(50)
    """Percent of participation; the three add up to 100."""
    answers: Decimal = Decimal(20)
    quizzes: Decimal = Decimal(30)
    allowed_absences: int = 0
    """So many missed sessions cost nothing."""
    late_counts: Decimal = Decimal("0.5")
    """What it counts to have come late, of 1."""
    per_answer: Decimal = Decimal(10)
    """Points for one answer."""
    answers_maximum: Decimal = Decimal(100)
    """So many points for answers are the full score."""
    drop_quizzes: int = 0
    """So many of the worst quizzes do not count."""


@dataclass(frozen=True)
class LatePolicy:
    """What a late submission loses."""

    per_day: Decimal = Decimal("0.10")
    """Share of the earned points lost per started day."""
    days: int = 3
    """After so many days nothing is accepted; free days come on top."""
    cap: Decimal = Decimal(1)
    """No larger share of the earned points is lost while work is still accepted."""
    grace_minutes: int = 0
    """So long after the deadline counts as on time."""
    free_days: int = 0
    """So many late days of each student cost nothing, over the whole course."""


@dataclass(frozen=True)
class HomeworkPolicy:
    """How the homework of a student becomes one score."""

    drop_lowest: int = 0
    """So many of the worst assignments do not count."""
    attempts: str = "newest_on_time"
    """Which attempt counts: the newest that is on time (else the newest), the last, the best."""
    maximum: Decimal = Decimal(100)
    """What bonus assignments can raise the homework part to."""


@dataclass(frozen=True)
class Letter:
    """A letter grade and the course grade from which it is given."""

    letter: str
    at_least: Decimal


@dataclass(frozen=True)
class Scale:
    """How the course grade is rounded and called."""

    places: int = 1
    """Decimals of the course grade."""
    rounding: str = "half_up"
    """"half_up", "half_even", "down" or "up"; once, at the end."""
    letters: tuple[Letter, ...] = ()
    """From the best down, read off the rounded grade; empty: the 100-point scale."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use."""

    wall_time: float = 300.0
    """Seconds for the whole notebook."""
    cell_time: float = 120.0
    """Seconds for one cell."""
    call_time: float = 10.0
    """Seconds for one call of a graded function."""
    cpu_time: float = 600.0
    """CPU seconds over everything."""
    memory: int = 2048
    """MiB, summed over all processes of the submission."""
    processes: int = 64
    disk: int = 64
    """MiB."""
    output: int = 8 * 1024 * 1024
    """Bytes printed, displayed or returned."""


@dataclass(frozen=True)
class Function:
    """A function that the student writes and the grader calls."""

    name: str
    call_time: float
    """Seconds for one call."""
    tolerance: float | None = None
    """Overrides the tolerance of the policy for value rows in float64."""
    scale: float | None = None
    """Overrides the scale S of the error measure (curriculum 7.2)."""
    precise: bool = True
    """Whether the precision rows (H3) cover it."""
    floating: bool = True
    """Whether it returns floating numbers, so that dtype rows (H1) cover it."""
    trains: bool = False
    """A training function: slow, may set the global seed, is never answered by the reference."""


@dataclass(frozen=True)
class Question:
    """A part of an assignment with points that the student sees."""

    id: str
    title: Text
    points: Decimal
    functions: tuple[Function, ...] = ()
    forbidden: tuple[str, ...] = ()
    """Names of interfaces, such as "torch.optim", "F.cross_entropy" or "nn.*Loss"."""
    allow_autograd: bool = True
    written: bool = False
    """Marked by a person."""


@dataclass(frozen=True)
class Assignment:
    """An assignment on disk."""

    id: str
    title: Text
    questions: tuple[Question, ...]
    limits: Limits
    course: Path
    """The course folder; the four trees below it all hold a folder named `id`."""
    packages: tuple[str, ...] = ()
    """Modules worth importing before the notebook runs."""
    handed_out: Path | None = None
    """Where the student's copy lies, on the student's own machine."""

    @property
    def folder(self) -> Path:
        """What the student gets."""
        return self.handed_out or self.course / "assignments" / self.id

    @property
    def public_tests(self) -> Path:
        """Checks that the student can run."""
        return self.folder / "public_tests"

    @property
    def reference(self) -> Path:
        """Our solution, its alternatives and the wrong variants."""
        return self.course / "reference" / self.id

    @property
    def hidden_tests(self) -> Path:
        """Checks that never leave the trusted side."""
        return self.course / "hidden_tests" / self.id

    @property
    def functions(self) -> dict[str, Function]:
        """All graded functions by name."""
        return {f.name: f for q in self.questions for f in q.functions}

    def question_of(self, function: str) -> Question | None:
        """The question that a graded function belongs to."""
        for question in self.questions:
            if any(f.name == function for f in question.functions):
                return question
        return None


@dataclass(frozen=True)
class ScheduledAssignment:
    """An assignment in the calendar of a course."""

    id: str
    due: datetime | None = None
    """Aware."""
    weight: Decimal = Decimal(1)
    """Share of the homework part, relative to the other assignments."""
    bonus: bool = False
    """Whether it only adds: its weight is not part of what the homework is divided by."""


@dataclass(frozen=True)
class Course:
    """A course: what counts how much, and which assignments there are."""

    root: Path
    title: str
    languages: tuple[str, ...] = ("zh", "en")
    weights: Weights = Weights()
    participation: ParticipationPolicy = ParticipationPolicy()
    late: LatePolicy = LatePolicy()
    homework: HomeworkPolicy = HomeworkPolicy()
    scale: Scale = Scale()
    assignments: tuple[ScheduledAssignment, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def private(self) -> Path:
        """Where the secret and the working files live."""
        return self.root / ".grader"

    @property
    def gradebook(self) -> Path:
        """The SQLite gradebook."""
        return self.root / "gradebook.db"

    @property
    def submissions(self) -> Path:
        """`submissions/ASSIGNMENT/STUDENT/*.ipynb`, or with attempts in folders `1/`, `2/`, …."""
        return self.root / "submissions"

    @property
    def feedback(self) -> Path:
        """Where reports are written."""
        return self.root / "feedback"
