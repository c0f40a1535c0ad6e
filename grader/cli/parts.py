"""Where participation and project come from, as `grader show` prints it."""

from __future__ import annotations

import click

from grader.cli.table import echo_table, number
from grader.coursegrade import rounded
from grader.participation import ParticipationScore
from grader.rubric import CriterionResult, ProjectScore
from grader.standing import Standing


def echo_parts(line: Standing) -> None:
    """The records behind the two parts; nothing where one score was entered."""
    if line.participation is None and line.noted is not None:
        _participation(line.noted)
    if line.project is None and line.rubric is not None:
        _project(line.rubric)


def _participation(noted: ParticipationScore) -> None:
    click.echo("\nparticipation")
    for kind in noted.kinds:
        click.echo(f"  {kind.kind} ({number(kind.weight)}%): {kind.arithmetic.en}")
    click.echo(f"  {noted.arithmetic.en}")


def _project(score: ProjectScore) -> None:
    team = f" of team {score.team}" if score.team else ""
    click.echo(f"\nproject{team}")
    echo_table(
        ["criterion", "points", "of", "given", "comments"],
        [_criterion(result) for result in score.criteria],
        right=("points", "of"),
    )
    for comment in score.comments:
        click.echo(f"{comment.marker or 'comment'}: {' '.join(comment.comment.split())}")
    click.echo(score.arithmetic.en)
    if score.adjustment:
        click.echo(f"adjusted because: {score.reason}")


def _criterion(result: CriterionResult) -> list[str]:
    given = ", ".join(
        f"{g.marker or '?'} {g.level.id if g.level else number(g.points)}" for g in result.given
    )
    return [
        result.criterion.id,
        number(None if result.points is None else rounded(result.points, 2)),
        number(result.criterion.weight),
        f"{given} (apart)" if result.disagrees else given,
        "; ".join(" ".join(g.comment.split()) for g in result.given if g.comment),
    ]
