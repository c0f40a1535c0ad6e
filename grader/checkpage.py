"""The report of a self-check: which public checks were passed, as a page or as Markdown."""

from __future__ import annotations

from decimal import Decimal

from grader import page
from grader.report import FAULTS, CheckLine
from grader.result import CheckResult, Verdict
from grader.selfcheck import SelfCheck

SYMBOLS = {"won": "✓", "lost": "✗", "open": "?"}


def check_page(done: SelfCheck, language: str) -> str:
    """A self-contained HTML page."""
    return page.html("check.html", language, **_values(done))


def check_markdown(done: SelfCheck, language: str) -> str:
    """The same as Markdown, for step summaries."""
    return page.markdown("check.md", language, symbols=SYMBOLS, **_values(done))


def _values(done: SelfCheck) -> dict[str, object]:
    cells = done.run.cells
    stopped = [c for c in cells if c.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED)]
    return {
        "assignment": done.assignment,
        "run": done.run,
        "passed": Decimal(done.passed),
        "total": Decimal(len(done.checks)),
        "stopped": stopped[:FAULTS],
        "more": max(len(stopped) - FAULTS, 0),
        "lines": [_line(check) for check in done.checks],
    }


def _line(check: CheckResult) -> CheckLine:
    kind = {Verdict.ACCEPTED: "won", Verdict.JUDGE_ERROR: "open"}.get(check.verdict, "lost")
    return CheckLine(check, check.earned, kind)
