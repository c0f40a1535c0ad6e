"""What people enter about a student: frozen rows, going into the gradebook and coming out of it.

An entry is never changed: a newer one about the same thing takes its place, and the older one
stays. `author`, or `marker`, is who is answerable for it; `entered_at` is set when it is kept.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True)
class Collected:
    """One hand-in as it arrived."""

    student: str
    assignment: str
    attempt: int
    submitted_at: datetime | None
    """Aware; None when nothing said when."""
    source: str
    """Where it came from, such as "canvas: submissions.zip"."""
    sha256: str
    """Of the notebook file; the same bytes are not a new attempt."""
    file_name: str
    """As the student had named it."""
    note: str = ""
    """What was noticed while collecting, for instructors."""
    collected_at: datetime | None = None


@dataclass(frozen=True)
class SessionRecord:
    """What was noted of a student in one session of the course."""

    student: str
    held_on: date
    label: str
    """Tells two sessions, or two quizzes, of one day apart; may be empty."""
    kind: str
    """"attendance", "answer" or "quiz"."""
    value: Decimal | None
    """None withdraws an earlier record."""
    maximum: Decimal | None = None
    """What a quiz was worth; None: the rules of the course say."""
    comment: str = ""
    marker: str = ""
    entered_at: datetime | None = None


@dataclass(frozen=True)
class CriterionScore:
    """What one marker gave a project for one criterion of the rubric."""

    subject: str
    """A student, or a team."""
    criterion: str
    level: str = ""
    """The id of a level of the rubric; empty where points were given directly."""
    points: Decimal | None = None
    """None together with an empty level withdraws an earlier score."""
    marker: str = ""
    comment: str = ""
    team: bool = False
    """Whether `subject` is a team."""
    entered_at: datetime | None = None


@dataclass(frozen=True)
class Membership:
    """Whose team a student is in, and what is added to the team's score for this student."""

    student: str
    team: str
    """Empty: in no team any more."""
    adjustment: Decimal = ZERO
    """Points on the 100-point scale, positive or negative."""
    reason: str = ""
    marker: str = ""
    entered_at: datetime | None = None


@dataclass(frozen=True)
class Extension:
    """More time for one student and one assignment."""

    student: str
    assignment: str
    until: datetime | None = None
    """The new deadline, aware."""
    hours: Decimal | None = None
    """Or so many hours after the deadline of the course; with neither, it is withdrawn."""
    reason: str = ""
    author: str = ""
    entered_at: datetime | None = None


class Scope(enum.StrEnum):
    """What an override replaces."""

    CHECK = "check"
    QUESTION = "question"
    TOTAL = "total"


@dataclass(frozen=True)
class Override:
    """Points that a person decided instead of the grader."""

    student: str
    assignment: str
    scope: Scope
    target: str
    """Id of the check or the question; empty for the total."""
    points: Decimal | None
    """None withdraws an earlier override."""
    reason: str = ""
    author: str = ""
    entered_at: datetime | None = None


@dataclass(frozen=True)
class Comment:
    """What a person tells a student about one question; no grading takes it away."""

    student: str
    assignment: str
    question: str
    text: str
    """Empty withdraws an earlier comment."""
    author: str = ""
    entered_at: datetime | None = None


@dataclass(frozen=True)
class AuditEntry:
    """One line of the audit log."""

    who: str
    action: str
    """What kind of thing was done, such as "mark" or "override"."""
    what: str
    """What changed, from what to what."""
    why: str = ""
    student: str = ""
    """Empty when it is about nobody in particular."""
    assignment: str = ""
    at: datetime | None = None
