"""How students, results and assignments are printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from grader.cli.parts import echo_parts
from grader.cli.table import echo_table, number, word
from grader.cli.workings import echo_workings, late_json
from grader.coursegrade import CourseGrade, Part, rounded
from grader.export import state
from grader.headline import headline
from grader.overview import AssignmentStatus
from grader.result import CheckResult, NotebookRun, SubmissionResult, Verdict
from grader.scoring import AssignmentScore, earned
from grader.standing import Standing

SIGNS = {Verdict.ACCEPTED: "✓", Verdict.SKIPPED: "–", Verdict.JUDGE_ERROR: "?"}


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


def echo_result(result: SubmissionResult, language: str, *, evidence: bool = False) -> None:
    """A result in full."""
    line = headline(result)
    isolation = result.isolation
    where = f"{isolation.backend}, level {isolation.level}" if isolation else "no sandbox"
    click.echo(
        f"{result.student} · {result.assignment} · attempt {result.attempt} · "
        f"{number(line.earned)} of {number(line.points)} automatic points · {word(line.verdict)}"
    )
    click.echo(
        f"graded {result.graded_at:%Y-%m-%d %H:%M} ({where}; {line.seconds:.1f} s, "
        f"{result.usage.memory:.0f} MiB)"
    )
    if result.diagnosis is not None:
        click.echo(f"  {result.diagnosis.message[language]}")
    if result.notebook is not None:
        _echo_notebook(result.notebook, language)
    question = None
    for check in result.checks:
        if check.question != question:
            question = check.question
            click.echo(f"\nQuestion {question}")
        _echo_check(check, language, evidence)
    for written in result.written:
        there = "to be marked" if written.filled else "nothing written"
        click.echo(f"\nQuestion {written.question}\n  … {written.title[language]} ({there})")
    if evidence and result.evidence:
        click.echo(f"\n{_indented(result.evidence)}")


def _echo_notebook(run: NotebookRun, language: str) -> None:
    for repair in run.repairs:
        click.echo(f"  repaired: {repair[language]}")
    for cell in run.cells:
        if cell.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED):
            said = cell.error or (cell.diagnosis.message[language] if cell.diagnosis else "")
            click.echo(f"  cell {cell.number}: {word(cell.verdict)}: {said}")


def _echo_check(check: CheckResult, language: str, evidence: bool) -> None:
    sign = SIGNS.get(check.verdict, "✗")
    points = "public" if check.public else f"{number(earned(check))}/{number(check.points)}"
    click.echo(f"  {sign} {check.id:<4} {points:>6}  {check.title[language]}")
    if check.diagnosis is not None:
        click.echo(f"{'':16}{word(check.verdict)}: {check.diagnosis.message[language]}")
        if check.diagnosis.hint is not None:
            click.echo(f"{'':16}→ {check.diagnosis.hint[language]}")
    if evidence and check.evidence:
        click.echo(_indented(check.evidence))


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


def status_json(row: AssignmentStatus) -> dict[str, Any]:
    """An assignment's line for programs."""
    return {
        "id": row.id,
        "due": row.due.isoformat() if row.due else None,
        "handed_in": row.handed_in,
        "graded": row.graded,
        "complete": row.complete,
        "pending": row.pending,
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
