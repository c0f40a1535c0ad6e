"""The pages for instructors: the summary of a class on one assignment, and that of the course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from grader import page
from grader.classreport import ClassReport
from grader.coursereport import CourseReport, percent
from grader.itemanalysis import FEWEST
from grader.scoring import State
from grader.spread import BINS

FIRST = 10
"""So many misconceptions are shown at once; the others open at a click."""
PAIRS = 50
"""So many nearly equal notebooks are shown; the others are counted."""
_TENS = tuple(str(i * 100 // BINS) for i in range(BINS + 1))


def render_class(
    report: ClassReport,
    language: str = "zh",
    *,
    pages: Mapping[str, str] | None = None,
    links: Sequence[tuple[str, str]] = (),
    course_page: str = "",
) -> str:
    """The summary of a class as a self-contained HTML page, for instructors only.

    Args:
        report: what `grader.classreport.class_report` gathered.
        language: "zh" or "en".
        pages: address of each student's report by student number.
        links: (language, address) of the same summary in other languages.
        course_page: address of the summary of the course.
    """
    return page.html_for_instructors(
        "class.html",
        language,
        report=report,
        names={line.standing.student.id: line.standing.student.name for line in report.lines},
        pages=pages or {},
        links=links,
        course_page=course_page,
        tens=_TENS,
        bins=BINS,
        states=State,
        one=Decimal(1),
        fewest=FEWEST,
        size=size,
        FIRST=FIRST,
        PAIRS=PAIRS,
    )


def render_course(
    report: CourseReport,
    language: str = "zh",
    *,
    pages: Mapping[str, Mapping[str, str]] | None = None,
    summaries: Mapping[str, str] | None = None,
    links: Sequence[tuple[str, str]] = (),
) -> str:
    """The summary of a course as a self-contained HTML page, for instructors only.

    Args:
        report: what `grader.coursereport.course_report` gathered.
        language: "zh" or "en".
        pages: address of each student's report by assignment and student number.
        summaries: address of the class summary by assignment.
        links: (language, address) of the same summary in other languages.
    """
    known = pages or {}
    return page.html_for_instructors(
        "course.html",
        language,
        report=report,
        plots=[(p.id, p.quarters) for p in report.progress],
        pages={p.id: _Addresses(known.get(p.id, {})) for p in report.progress},
        summaries=summaries or {},
        links=links,
        tens=_TENS,
        percent=percent,
    )


def class_markdown(report: ClassReport, language: str = "zh") -> str:
    """The summary of a class as Markdown, for terminals; arguments as above."""
    return page.markdown(
        "class.md", language, report=report, states=State, fewest=FEWEST, size=size, PAIRS=PAIRS
    )


def course_markdown(report: CourseReport, language: str = "zh") -> str:
    """The summary of a course as Markdown, for terminals; arguments as above."""
    return page.markdown("course.md", language, report=report, percent=percent)


def size(value: float) -> str:
    """Seconds or MiB, to two digits below 10."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


class _Addresses(dict[str, str]):
    """Addresses by student number; empty for those who have none."""

    def __missing__(self, student: str) -> str:
        return ""
