"""Every exception of the grader, drawn once. There are two roots, because there are two parties.

    GraderError                 ours: no points are decided, a human looks (judge_error)
    ├── UsageError              the instructor's input is wrong; the message names the remedy
    │   └── ConfigError         … in a file: names file, key and remedy
    ├── SandboxError            the machine cannot hold the sandbox, or the sandbox itself broke
    │   └── SandboxLost         … it was killed under a submission, which is graded again
    │       └── KernelKilled    … perhaps by the submission itself: the second grading counts
    ├── BrokenAssignment        a hidden test, a reference or an assignment file is at fault
    └── GradebookError          the gradebook cannot be read or written

    SubmissionFault             theirs: one class per verdict, carries a `Diagnosis`
    ├── WrongAnswer
    ├── RunTimeError
    ├── TimeLimitExceeded
    ├── MemoryLimitExceeded
    ├── OutputLimitExceeded
    ├── ForbiddenApi
    └── NotAttempted            the function is missing or still a stub (verdict: skipped)

All of them survive a process border: `super().__init__` receives every argument.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from grader.result import Diagnosis, Verdict


class GraderError(Exception):
    """Something on our side failed. `remedy` is what the instructor can do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}. {self.remedy}" if self.remedy else self.problem


class UsageError(GraderError):
    """A command was given something that it cannot work with."""

    exit_code = 2


class ConfigError(UsageError):
    """A file that the instructor wrote is wrong: where, what, and what to write instead."""

    def __init__(self, path: Path | str, where: str, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.args = (path, where, problem, remedy)
        self.path = path
        self.where = where

    def __str__(self) -> str:
        place = f"{self.path}: {self.where}: " if self.where else f"{self.path}: "
        return place + super().__str__()


class SandboxError(GraderError):
    """The sandbox cannot be had on this machine, or it broke under our hands."""


class SandboxLost(SandboxError):
    """The sandbox was killed under a submission; graded again it may well live."""


class KernelKilled(SandboxLost):
    """A kernel was killed, by the submission or from outside: that cannot be seen.

    So the submission is graded once more, and what happens then is its own.
    """


class BrokenAssignment(GraderError):
    """A hidden test, a reference or a file of an assignment is at fault."""


class GradebookError(GraderError):
    """The gradebook cannot be opened, read or written."""


class SubmissionFault(Exception):
    """The submission is at fault.

    Args:
        diagnosis: what to tell the student; our words only.
        evidence: what student code said, for instructors only.
    """

    verdict: ClassVar[Verdict]

    def __init__(self, diagnosis: Diagnosis, evidence: str = "") -> None:
        super().__init__(diagnosis, evidence)
        self.diagnosis = diagnosis
        self.evidence = evidence

    def __str__(self) -> str:
        return f"{self.verdict}: {self.diagnosis.message.en}"


class WrongAnswer(SubmissionFault):
    """A value came back and it is not the right one."""

    verdict = Verdict.WRONG_ANSWER


class RunTimeError(SubmissionFault):
    """Student code raised, died, or sent something that is not a value."""

    verdict = Verdict.RUN_TIME_ERROR


class TimeLimitExceeded(SubmissionFault):
    """Student code did not finish in time."""

    verdict = Verdict.TIME_LIMIT_EXCEEDED


class MemoryLimitExceeded(SubmissionFault):
    """Student code used more memory than allowed."""

    verdict = Verdict.MEMORY_LIMIT_EXCEEDED


class OutputLimitExceeded(SubmissionFault):
    """Student code printed, wrote or returned more than allowed."""

    verdict = Verdict.OUTPUT_LIMIT_EXCEEDED


class ForbiddenApi(SubmissionFault):
    """The question asks to write something by hand, and a library did it."""

    verdict = Verdict.FORBIDDEN_API


class NotAttempted(SubmissionFault):
    """There is nothing to grade: the function is missing or still raises NotImplementedError."""

    verdict = Verdict.SKIPPED
