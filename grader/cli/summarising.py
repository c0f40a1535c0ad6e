"""`grader summary`: what an instructor decides from, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from grader.cli.place import Place, pass_place
from grader.cli.table import echo_json, json_option
from grader.config import load_assignment

if TYPE_CHECKING:
    from grader.classreport import ClassReport
    from grader.classtally import Finding
    from grader.consumption import Consumption
    from grader.coursereport import CourseReport


@click.command()
@click.argument("assignment", metavar="[ID]", required=False)
@click.option("--language", type=click.Choice(["zh", "en"]), help="[the first of the course]")
@json_option
@pass_place
def summary(place: Place, assignment: str | None, language: str | None, as_json: bool) -> None:
    """Sum up the class on one assignment, or the semester without ID.

    The same as the pages for instructors that `grader feedback` writes: how the questions went,
    what to explain again, how hard each check is and whom it tells apart, what a person has to
    look at. Markdown when it goes to a file or another program.

    \b
    Examples:
      grader summary
      grader summary gd --language en
      grader summary gd --json
    """
    from grader.classpage import class_markdown, course_markdown
    from grader.classreport import class_report
    from grader.cli.texts import echo_report
    from grader.coursereport import course_report
    from grader.overview import assignments_of, class_standings

    course = place.course
    spoken = language or course.languages[0]
    with place.gradebook(create=False) as book:
        if assignment is None:
            lines = class_standings(course, book)
            whole = course_report(course, assignments_of(course), lines)
            text = course_markdown(whole, spoken)
            value = course_json(whole)
        else:
            asked = load_assignment(course, assignment)
            lines = class_standings(course, book)
            counting = [r.id for line in lines if (r := line.results.get(asked.id))]
            report = class_report(course, asked, lines, book.results(asked.id, counting))
            text = class_markdown(report, spoken)
            value = class_json(report)
    if as_json:
        echo_json(value)
        return
    echo_report(text)


def class_json(report: ClassReport) -> dict[str, Any]:
    """The summary of a class for programs."""
    return {
        "assignment": report.assignment.id,
        "students": len(report.lines),
        "inactive": report.inactive,
        "graded": report.graded,
        "late": report.late,
        "mean": report.mean,
        "median": report.median,
        "distribution": list(report.distribution),
        "questions": [
            {
                "id": q.id,
                "points": q.points,
                "decided": len(q.earned),
                "mean": q.mean,
                "median": q.median,
                "full": q.full,
                "nothing": q.nothing,
                "distribution": list(q.distribution),
            }
            for q in report.questions
        ],
        "checks": [
            {
                "id": c.id,
                "question": c.question,
                "title": {"zh": c.title.zh, "en": c.title.en},
                "points": c.points,
                "decided": c.decided,
                "accepted": c.accepted,
                "share": c.share,
                "discrimination": c.discrimination,
                "sign": c.sign,
            }
            for c in report.checks
        ],
        "misconceptions": [_finding(f) for f in report.misconceptions],
        "others": [_finding(f) for f in report.others],
        "failures": [{"check": f.where, "students": list(f.students)} for f in report.failures],
        "unreadable": list(report.unreadable),
        "confined": report.confined,
        "alike": [
            {"students": [pair.first, pair.second], "share": pair.share} for pair in report.alike
        ],
        "decisions": [
            {
                "student": o.student,
                "scope": o.scope,
                "target": o.target,
                "points": o.points,
                "reason": o.reason,
                "author": o.author,
            }
            for o in report.decisions
        ],
        "seconds": _consumption(report.seconds),
        "mebibytes": _consumption(report.memory),
    }


def course_json(report: CourseReport) -> dict[str, Any]:
    """The summary of a course for programs."""
    from grader.coursereport import percent

    return {
        "course": report.course.title,
        "students": len(report.lines),
        "inactive": report.inactive,
        "assignments": [
            {
                "id": p.id,
                "due": p.due.isoformat() if p.due else None,
                "handed_in": p.handed_in,
                "late": p.late,
                "missing": p.missing,
                "undecided": p.undecided,
                "pending": p.pending,
                "quartiles": list(p.quarters) if p.quarters else None,
            }
            for p in report.progress
        ],
        "quartiles": list(report.quarters) if report.quarters else None,
        "final": report.final,
        "standing": {line.student.id: percent(line.grade) for line in report.lines},
        "markers": [
            {"name": m.name, "given": m.given, "offset": m.offset} for m in report.markers
        ],
        "apart": [
            {
                "subject": a.subject,
                "students": list(a.students),
                "criterion": a.result.criterion.id,
                "given": {g.marker: g.points for g in a.result.given},
            }
            for a in report.apart
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    said, hint = finding.diagnosis.message, finding.diagnosis.hint
    return {
        "name": finding.name,
        "students": finding.students,
        "checks": list(finding.checks),
        "cost": finding.cost,
        "message": {"zh": said.zh, "en": said.en},
        "hint": {"zh": hint.zh, "en": hint.en} if hint else None,
    }


def _consumption(cost: Consumption | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    return {
        "median": cost.median,
        "percentile_95": cost.high,
        "largest": cost.largest,
        "student": cost.whose,
    }
