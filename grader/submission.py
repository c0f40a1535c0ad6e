"""What is handed in, and the unit of work that grades it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Submission:
    """One student's notebook, handed in once."""

    assignment: str
    student: str
    path: Path
    """The notebook file."""
    attempt: int = 1
    """Ordinal, from 1; hidden inputs differ from attempt to attempt (curriculum 0.5)."""
    submitted_at: datetime | None = None
    """Aware."""


@dataclass(frozen=True)
class GradingJob:
    """Everything a worker needs to grade one submission; survives a process border."""

    course: Path
    """The course folder."""
    submission: Submission
    sandbox: str
    """"auto", "linux", "plain" or "fake"."""
    device: str = "cpu"
    secret: bytes = b""
    """Seeds the hidden inputs; never enters the sandbox, a report or a log."""
    key: str = ""
    logic: str = ""
    """The key but for what checks are worth."""
    checks: tuple[str, ...] = ()
    """Run only these checks; all if empty."""
    fail_fast: bool = False
    """Stop at the first hidden check that is not accepted."""
