"""Counts a recorded result anew, by what its checks are worth now; nothing is executed.

Sound only where the logic of the tests is unchanged, which `SubmissionResult.logic` tells. Every
share of points that was won stays won: points move in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from grader.checks.mark import Mark
from grader.result import CheckResult, Part, SubmissionResult


def rescored(
    result: SubmissionResult, marks: Mapping[str, Mark], key: str, now: datetime
) -> SubmissionResult | None:
    """The result with the points and sentences that its checks have now.

    Args:
        result: a recorded one.
        marks: the checks of the assignment as they are now, by id.
        key: the key of the new result.
        now: when this is done.

    Returns:
        None if it takes an execution to know: checks or parts came or went, or something was
        worth nothing before.
    """
    if {c.id for c in result.checks} != set(marks):
        return None
    checks = [_counted(check, marks[check.id]) for check in result.checks]
    if None in checks:
        return None
    kept = tuple(c for c in checks if c is not None)
    return replace(result, checks=kept, key=key, graded_at=now)


def _counted(check: CheckResult, mark: Mark) -> CheckResult | None:
    if tuple(p.name for p in check.parts) != tuple(name for name, _ in mark.parts):
        # A check that was never settled has no parts to count.
        return None if check.earned or not mark.parts else replace(check, points=mark.points)
    check = replace(check, title=mark.title)
    if not mark.parts:
        earned = _in_proportion(check.earned, check.points, mark.points)
        return None if earned is None else replace(check, points=mark.points, earned=earned)
    parts = []
    for part, (name, points) in zip(check.parts, mark.parts, strict=True):
        won = _in_proportion(part.earned, part.points, points)
        if won is None:
            return None
        parts.append(Part(name, points, won))
    total = sum((p.earned for p in parts), Decimal(0))
    return replace(check, points=mark.points, parts=tuple(parts), earned=total)


def _in_proportion(earned: Decimal, before: Decimal, now: Decimal) -> Decimal | None:
    """What was earned of `before` points, out of `now`; None: nothing says."""
    if earned == before and before == now:
        return now
    if not before:
        return None
    return now if earned == before else earned * now / before
