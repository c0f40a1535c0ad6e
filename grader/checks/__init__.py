"""Runs checks: `@check`, the fixtures, and the verdict on each."""

from grader.checks.mark import check
from grader.checks.plugin import Grading, Judgement, judge

__all__ = ["Grading", "Judgement", "check", "judge"]
