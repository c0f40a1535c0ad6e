"""How students, results and assignments are printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from grader.cli.parts import echo_parts
from grader.cli.table import echo_table, number
from grader.cli.workings import echo_workings, late_json
from grader.coursegrade import CourseGrade, Part, rounded
from grader.export import state
from grader.overview import AssignmentStatus
from grader.result import SubmissionResult
from grader.scoring import AssignmentScore
from grader.standing import Standing
from grader.unseen import visible


def echo_standing(line: Standing) -> None:
    """The course grade of one student with its summands."""
    grade = line.grade
    click.echo(f"{line.student.id} {line.student.name}".rstrip())
    rows = [
        [p.name, f"{number(p.weight)}%", number(p.score and rounded(p.score)), _gaps(p.gaps)]
        for p in grade.parts
    ]
    echo_table(["part", "weight", "score", "waits for"], rows, right=("weight", "score"))
    click.echo(_total(grade))
    if line.scores:
        click.echo()
        echo_table(
            ["assignment", "points", "late", "state"],
            [
                [s.assignment, _points(s), number(s.deducted), s.state.value.replace("_", " ")]
                for s in line.scores
            ],
            right=("points", "late"),
        )
    echo_workings(line)
    echo_parts(line)


def echo_students(lines: Sequence[Standing]) -> None:
    """One line per student."""
    assignments = [s.assignment for s in lines[0].scores] if lines else []
    headers = ["student", "name", *assignments, "participation", "project", "total", "state"]
    rows = [
        [
            line.student.id,
            line.student.name,
            *(_points(s) for s in line.scores),
            _score(line.grade.participation),
            _score(line.grade.project),
            number(line.grade.total),
            state(line.grade),
        ]
        for line in lines
    ]
    echo_table(headers, rows, right=(*assignments, "participation", "project", "total"))


def _score(part: Part) -> str:
    return number(None if part.score is None else rounded(part.score))


def echo_statuses(rows: Sequence[AssignmentStatus]) -> None:
    """One line per assignment."""
    echo_table(
        ["assignment", "due", "handed in", "graded", "to mark", "failed", "mean", "of"],
        [
            [
                row.id,
                row.due.strftime("%Y-%m-%d %H:%M") if row.due else "-",
                str(row.handed_in),
                str(row.graded),
                str(row.pending),
                str(len(row.needs_human)),
                number(row.mean),
                number(row.points),
            ]
            for row in rows
        ],
        right=("handed in", "graded", "to mark", "failed", "mean", "of"),
    )


def echo_report(text: str) -> None:
    """A report in Markdown: laid out on a terminal, as it is elsewhere."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    if not console.is_terminal:
        click.echo(text, nl=False)
        return
    console.print(Markdown(text, code_theme="ansi_dark", hyperlinks=False))


def echo_evidence(result: SubmissionResult) -> None:
    """What student code said holding hidden inputs, and our own errors; for instructors only."""
    found = [(check.id, check.evidence) for check in result.checks] + [("", result.evidence)]
    click.echo("\nevidence, for instructors only")
    for where, evidence in found:
        if evidence:
            click.echo(f"  {where or result.assignment}")
            click.echo(visible(_indented(evidence)))


def standing_json(line: Standing) -> dict[str, Any]:
    """A student's line for programs."""
    return {
        "student": line.student.id,
        "name": line.student.name,
        "active": line.student.active,
        "participation": line.grade.participation.score,
        "homework": line.grade.homework.score,
        "project": line.grade.project.score,
        "so_far": line.grade.so_far,
        "reachable": line.grade.reachable,
        "total": line.grade.total,
        "letter": line.grade.letter,
        "free_days_spent": line.free_days_spent,
        "state": state(line.grade),
        "assignments": [
            {
                "id": s.assignment,
                "attempt": s.attempt,
                "earned": s.earned if s.known else None,
                "points": s.points,
                "pending": s.pending,
                "undecided": s.undecided,
                "deducted": s.deducted,
                "state": s.state.value,
            }
            | late_json(s)
            for s in line.scores
        ],
    }


def status_json(row: AssignmentStatus, again: Sequence[str]) -> dict[str, Any]:
    """An assignment's line for programs; `again` are the students to be marked once more."""
    return {
        "id": row.id,
        "due": row.due.isoformat() if row.due else None,
        "handed_in": row.handed_in,
        "graded": row.graded,
        "complete": row.complete,
        "pending": row.pending,
        "to_mark_again": list(dict.fromkeys(again)),
        "needs_human": list(row.needs_human),
        "mean": row.mean,
        "points": row.points,
    }


def _points(score: AssignmentScore) -> str:
    return number(score.earned) if score.known else "-"


def _total(grade: CourseGrade) -> str:
    if grade.total is not None:
        return f"total: {number(grade.total)} of 100 {grade.letter}".rstrip()
    so_far = f"{number(rounded(grade.so_far))} of {number(grade.reachable)} reachable"
    return f"total: not final; so far {so_far}"


def _gaps(gaps: Sequence[Any]) -> str:
    return ", ".join(f"{gap.what} ({gap.state.value.replace('_', ' ')})" for gap in gaps)


def _indented(text: str) -> str:
    return "\n".join(f"      | {line}" for line in text.splitlines())
