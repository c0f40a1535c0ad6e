"""`grader check`: a student's self-check."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.table import echo_json, json_option, word
from grader.result import Diagnosis, NotebookRun, Verdict
from grader.unseen import visible

if TYPE_CHECKING:
    from grader.selfcheck import SelfCheck

NOT_ALL_PASSED = 3


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--assignment",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder with assignment.toml and public_tests [found near the notebook].",
)
@click.option(
    "--lang",
    "--language",
    "language",
    type=click.Choice(["zh", "en"]),
    help="[that of the machine]",
)
@click.option("--watch", is_flag=True, help="Check again each time the notebook is saved.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the report as a page into this file.",
)
@click.option("--strict", is_flag=True, help="Exit with 3 unless every check is passed.")
@json_option
def check(
    notebook: Path,
    assignment: Path | None,
    language: str | None,
    watch: bool,
    html: Path | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Check a notebook with the public tests of its assignment.

    The notebook is run from top to bottom first, as grading will; then its functions are called.
    Public tests are worth no points: the hidden ones try more. Nothing is recorded, nothing is
    sent, and no network is needed.

    Exit code 0: checked, whatever came of it; 1: a public test itself failed; 2: there is nothing
    to check; 3: with --strict, something is not passed yet.

    \b
    Examples:
      grader check gd.ipynb
      grader check gd.ipynb --watch
      grader check gd.ipynb --html report.html --lang zh
      grader check ~/homework/mine.ipynb --assignment assignments/gd
    """
    from grader.selfcheck import check_notebook, preferred_language

    chosen = language or preferred_language()
    print_anything()
    if watch:
        _watch(notebook, assignment, chosen, html, as_json=as_json)
        return
    done = check_notebook(notebook, assignment)
    _echo(done, chosen, as_json=as_json)
    _write(html, done, chosen)
    if done.judge_error:
        raise click.exceptions.Exit(1)
    if strict and not done.right:
        raise click.exceptions.Exit(NOT_ALL_PASSED)


def _watch(
    notebook: Path, assignment: Path | None, language: str, html: Path | None, *, as_json: bool
) -> None:
    from grader.selfcheck import check_notebook
    from grader.watching import saves

    # Ctrl-C is the only way out, also where whoever started us had it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        for _ in saves(notebook):
            done = check_notebook(notebook, assignment)
            _echo(done, language, as_json=as_json)
            _write(html, done, language)
            click.echo("grader: waiting until it is saved; Ctrl-C ends", err=True)
    except KeyboardInterrupt:
        click.echo("", err=True)


def print_anything() -> None:
    """A console that lacks a sign shows another one instead of an error."""
    for stream in sys.stdout, sys.stderr:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _echo(done: SelfCheck, language: str, *, as_json: bool) -> None:
    from grader.selfcheck import lines

    if as_json:
        echo_json(as_dict(done, language))
        return
    if done.run.diagnosis is not None:
        _echo_unreadable(done.run.diagnosis, language)
    if done.run.verdict is Verdict.ACCEPTED:
        _echo_stopped(done.run, language)
        for line in lines(done.checks, language):
            click.echo(line)
    click.echo(f"\n{done.passed} of {len(done.checks)} public checks passed")


def as_dict(done: SelfCheck, language: str) -> dict[str, Any]:
    """A self-check as `--json` prints it."""
    top = done.run.diagnosis
    return {
        "assignment": done.assignment.id,
        "passed": done.passed,
        "total": len(done.checks),
        "verdict": done.run.verdict.value,
        "diagnosis": top.message[language] if top else None,
        "hint": top.hint[language] if top and top.hint else None,
        "cells": [
            {"number": c.number, "verdict": c.verdict.value, "error": c.error}
            for c in done.run.cells
        ],
        "checks": [
            {
                "id": c.id,
                "question": c.question,
                "title": c.title[language],
                "verdict": c.verdict.value,
                "diagnosis": c.diagnosis.message[language] if c.diagnosis else None,
                "hint": c.diagnosis.hint[language] if c.diagnosis and c.diagnosis.hint else None,
                "misconceptions": list(c.diagnosis.misconceptions) if c.diagnosis else [],
            }
            for c in done.checks
        ],
    }


def _write(path: Path | None, done: SelfCheck, language: str) -> None:
    if path is None:
        return
    from grader.checkpage import check_page

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(check_page(done, language), encoding="utf-8")
    click.echo(f"report: {path}", err=True)


def _echo_unreadable(diagnosis: Diagnosis, language: str) -> None:
    click.echo(f"✗ {diagnosis.message[language]}")
    if diagnosis.hint:
        click.echo(f"    → {diagnosis.hint[language]}")


def _echo_stopped(run: NotebookRun, language: str) -> None:
    for cell in run.cells:
        if cell.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED):
            said = cell.error or (cell.diagnosis.message[language] if cell.diagnosis else "")
            click.echo(visible(f"cell {cell.number}: {word(cell.verdict)}: {said}"))
