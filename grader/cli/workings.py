"""How the arithmetic behind a grade is printed: late days, dropped work, decisions, what if."""

from __future__ import annotations

from typing import Any

import click

from grader.cli.table import number
from grader.coursegrade import Counted
from grader.entries import Override
from grader.scoring import AssignmentScore
from grader.standing import Standing
from grader.whatif import Need


def echo_workings(line: Standing) -> None:
    """Everything about the homework of a student that a table of points does not say."""
    told = [text for item in line.grade.items for text in _about(item)]
    told += [_decided(o) for o in line.overrides if o.target]
    if line.free_days:
        told.append(f"free late days: {line.free_days_spent} of {line.free_days} spent")
    if told:
        click.echo()
        for text in told:
            click.echo(text)


def late_json(score: AssignmentScore) -> dict[str, Any]:
    """Deadline and deduction of an assignment for programs."""
    late, extension = score.late, score.due.extension if score.due else None
    return {
        "due": score.due.due.isoformat() if score.due else None,
        "extension": extension.reason if extension else None,
        "late": None
        if late is None
        else {
            "days": late.days,
            "free": late.free,
            "share": late.share,
            "points": late.points,
            "accepted": late.accepted,
            "arithmetic": late.arithmetic.en,
        },
        "override": score.total.reason if score.total else None,
    }


def need_text(need: Need) -> str:
    """What is needed, in one line."""
    goal = f"for {number(need.target)}"
    if need.verdict == "impossible":
        return f"{goal}: impossible; even 100 in {need.part} makes {need.highest}"
    if need.verdict == "safe":
        return f"{goal}: already safe, even with nothing in {need.part}"
    best = number(need.at_best)
    if need.at_best == need.at_worst:
        return f"{goal}: {best} in {need.part}"
    worst = "more than 100" if need.at_worst is None else number(need.at_worst)
    others = ", ".join(need.others)
    return (
        f"{goal}: {best} in {need.part} if everything else that is missing ({others}) "
        f"gets full points, {worst} if it gets nothing"
    )


def _about(item: Counted) -> list[str]:
    score, told = item.score, []
    if item.dropped:
        told.append("one of the lowest, dropped")
    if score.bonus:
        told.append("a bonus: it only adds")
    if score.due and score.due.extension:
        extension = score.due.extension
        told.append(f"due {score.due.due:%Y-%m-%d %H:%M} by extension ({extension.reason})")
    if score.total is not None:
        told.append(_decided(score.total))
    elif score.late is not None:
        told.append(score.late.arithmetic.en)
    return [f"{score.assignment}: {text}" for text in told]


def _decided(override: Override) -> str:
    what = (
        f"{override.assignment}: {override.scope.value} {override.target} "
        if override.target
        else ""
    )
    return f"{what}set to {number(override.points)} by {override.author}: {override.reason}"
