"""`grader check`: a student's self-check."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.table import echo_json, json_option, word
from grader.errors import SubmissionFault
from grader.result import Diagnosis, NotebookRun, Verdict


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--assignment",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder with assignment.toml and public_tests [found near the notebook].",
)
@click.option("--language", type=click.Choice(["zh", "en"]), help="[that of the machine]")
@json_option
def check(notebook: Path, assignment: Path | None, language: str | None, as_json: bool) -> None:
    """Check a notebook with the public tests of its assignment.

    The notebook is run from top to bottom first, as grading will; then its functions are called.
    Public tests are worth no points: the hidden ones try more. Nothing is recorded.

    \b
    Examples:
      grader check gd.ipynb
      grader check ~/homework/mine.ipynb --assignment assignments/gd
    """
    from grader.selfcheck import check_notebook, lines, preferred_language

    chosen = language or preferred_language()
    try:
        judgement, run = check_notebook(notebook, assignment)
    except SubmissionFault as fault:
        _echo_unreadable(fault.diagnosis, chosen, as_json=as_json)
        return
    if as_json:
        echo_json(
            {
                "cells": [
                    {"number": c.number, "verdict": c.verdict.value, "error": c.error}
                    for c in run.cells
                ],
                "checks": [
                    {
                        "id": c.id,
                        "question": c.question,
                        "title": c.title[chosen],
                        "verdict": c.verdict.value,
                        "diagnosis": c.diagnosis.message[chosen] if c.diagnosis else None,
                        "hint": c.diagnosis.hint[chosen]
                        if c.diagnosis and c.diagnosis.hint
                        else None,
                    }
                    for c in judgement.checks
                ],
            }
        )
        return
    _echo_stopped(run, chosen)
    for line in lines(judgement.checks, chosen):
        click.echo(line)
    passed = sum(c.verdict is Verdict.ACCEPTED for c in judgement.checks)
    click.echo(f"\n{passed} of {len(judgement.checks)} public checks passed")


def _echo_unreadable(diagnosis: Diagnosis, language: str, *, as_json: bool) -> None:
    said = diagnosis.message[language]
    hint = diagnosis.hint[language] if diagnosis.hint else None
    if as_json:
        echo_json({"cells": [], "checks": [], "diagnosis": said, "hint": hint})
    else:
        click.echo(f"✗ {said}" + (f"\n    → {hint}" if hint else ""))


def _echo_stopped(run: NotebookRun, language: str) -> None:
    for cell in run.cells:
        if cell.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED):
            said = cell.error or (cell.diagnosis.message[language] if cell.diagnosis else "")
            click.echo(f"cell {cell.number}: {word(cell.verdict)}: {said}")
