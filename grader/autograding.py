"""What a grading came to, for GitHub Classroom: points of every test, parts of points included.

The reporter of GitHub Classroom reads one JSON document per runner, in base64: `max_score`, and
`tests` whose `score`s it adds up. Public checks alone are worth nothing in the course; here they
are worth their share of what is asked for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from grader.result import CheckResult, SubmissionResult, Verdict
from grader.scoring import ZERO, earned

VERSION = 1
_STEP = Decimal("0.0001")


@dataclass(frozen=True)
class Scored:
    """A check and its share of the points."""

    check: CheckResult
    points: Decimal
    earned: Decimal

    @property
    def status(self) -> str:
        """One of "pass", "fail", and "error" for our fault."""
        if self.check.verdict is Verdict.JUDGE_ERROR:
            return "error"
        return "pass" if self.check.verdict is Verdict.ACCEPTED else "fail"


@dataclass(frozen=True)
class Autograding:
    """The tests of one run."""

    tests: tuple[Scored, ...]
    max_score: Decimal

    @property
    def score(self) -> Decimal:
        """What all tests earned together."""
        return sum((t.earned for t in self.tests), ZERO)

    @property
    def status(self) -> str:
        """The worst of all tests; no tests are an error."""
        found = {t.status for t in self.tests}
        return next((s for s in ("error", "fail", "pass") if s in found), "error")

    def as_dict(self, language: str) -> dict[str, Any]:
        """The document of the reporter."""
        return {
            "version": VERSION,
            "status": self.status,
            "max_score": _number(self.max_score),
            "tests": [_test(test, language) for test in self.tests],
        }

    def encoded(self, language: str) -> str:
        """The same as the reporter wants it: base64, one line."""
        text = json.dumps(self.as_dict(language), ensure_ascii=False)
        return base64.b64encode(text.encode()).decode()


def of_public(checks: Sequence[CheckResult], points: Decimal | None = None) -> Autograding:
    """Public checks in equal shares.

    Args:
        checks: the public checks.
        points: what they are worth together; one point each by default.
    """
    total = Decimal(len(checks)) if points is None else points
    share = total / len(checks) if checks else ZERO
    scored = [Scored(c, share, share if c.verdict is Verdict.ACCEPTED else ZERO) for c in checks]
    if checks and all(s.earned for s in scored):  # thirds add up to the whole
        scored[-1] = Scored(checks[-1], share, total - share * (len(checks) - 1))
    return Autograding(tuple(scored), total)


def of_result(result: SubmissionResult) -> Autograding:
    """The checks of a grading that are worth points, each with what it earned."""
    scored = tuple(Scored(c, c.points, earned(c)) for c in result.checks if c.points)
    return Autograding(scored, sum((s.points for s in scored), ZERO))


def _test(test: Scored, language: str) -> dict[str, Any]:
    diagnosis = test.check.diagnosis
    message = ""
    if diagnosis is not None:
        message = diagnosis.message[language]
        message += f" {diagnosis.hint[language]}" if diagnosis.hint else ""
    return {
        "name": f"{test.check.id} {test.check.title[language]}",
        "status": test.status,
        "score": _number(test.earned),
        "max_score": _number(test.points),
        "message": message,
    }


def _number(value: Decimal) -> int | float:
    """A JSON number; what has no end is cut, so that shares never add up to more than all."""
    if value == value.to_integral_value():
        return int(value)
    return float(value if value == value.quantize(_STEP) else value.quantize(_STEP, ROUND_DOWN))
