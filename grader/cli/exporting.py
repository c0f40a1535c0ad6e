"""`grader export`: grades for spreadsheets and for other grade books."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.place import Place, pass_place
from grader.cli.table import count
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.filled import Filled
    from grader.standing import Standing


@click.command()
@click.option(
    "--to",
    "form",
    type=click.Choice(["csv", "xlsx", "canvas", "moodle"]),
    required=True,
    help="The format.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write [stdout].",
)
@click.option(
    "--template",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A gradebook that Canvas or Moodle exported: its columns and numbers are kept.",
)
@click.option(
    "--column",
    "columns",
    metavar="ID=HEADER",
    multiple=True,
    help="Which column of the template is which, where the names differ.",
)
@click.option(
    "--missing-as-zero", is_flag=True, help="Count what is missing as zero; never the default."
)
@click.option("--with-left", is_flag=True, help="Also students who have left the course.")
@pass_place
def export(
    place: Place,
    form: str,
    output: Path | None,
    template: Path | None,
    columns: tuple[str, ...],
    missing_as_zero: bool,
    with_left: bool,
) -> None:
    """Write the grades, one line per student.

    Who has left the course is left out, and how many that are is said.

    What is not known is an empty cell, never a zero. csv ends with a column that says what is
    missing; xlsx computes the grades by formulas, from the points on; canvas and moodle are what
    these platforms import.

    \b
    Examples:
      grader export --to csv -o grades.csv
      grader export --to xlsx -o grades.xlsx
      grader export --to canvas --template canvas-grades.csv -o import.csv
      grader export --to moodle --template moodle-grades.csv --column gd="Homework 1 (Real)"
    """
    from grader.export import export_csv
    from grader.overview import class_standings
    from grader.workbook import export_xlsx

    if template is not None and form not in ("canvas", "moodle"):
        raise UsageError(
            "--template is for canvas and moodle", "Leave it out, or name one of them"
        )
    said = dict(map(_said, columns))
    if said and template is None:
        raise UsageError("--column says what is what in a template", "Name one with --template")
    if output is None and form == "xlsx":
        raise UsageError("a workbook is no text", "Name a file: -o grades.xlsx")
    course = place.course
    with place.gradebook(create=False) as book:
        everybody = class_standings(course, book, missing_as_zero=missing_as_zero)
    lines = tuple(line for line in everybody if line.student.active or with_left)
    if form == "csv":
        export_csv(lines, output or sys.stdout)
    elif form == "xlsx" and output is not None:
        export_xlsx(course, lines, output)
    else:
        _platform(_filled(form, lines, template, said), output)
    if output is not None:
        click.echo(f"{count(len(lines), 'student')} in {output}", err=True)
    if left := len(everybody) - len(lines):
        click.echo(f"left out: {count(left, 'student')} who left (--with-left)", err=True)


def _filled(
    form: str, lines: Sequence[Standing], template: Path | None, said: dict[str, str]
) -> Filled:
    from grader.canvas import canvas_rows, fill_canvas
    from grader.moodle import fill_moodle, moodle_rows

    if template is None:
        return canvas_rows(lines) if form == "canvas" else moodle_rows(lines)
    fill = fill_canvas if form == "canvas" else fill_moodle
    return fill(lines, template, said)


def _platform(filled: Filled, output: Path | None) -> None:
    from grader.filled import write_table

    write_table(filled, output or sys.stdout)
    if filled.lost:
        told = f"{', '.join(filled.lost[:10])}{', …' if len(filled.lost) > 10 else ''}"
        click.echo(f"not in the template: {told}", err=True)
    if filled.unused:
        click.echo(f"no column in the template for: {', '.join(filled.unused)}", err=True)


def _said(text: str) -> tuple[str, str]:
    name, equals, header = text.partition("=")
    if not equals or not header:
        raise UsageError(
            f"--column {text} is not ID=HEADER", "Write it as --column gd='Homework 1'"
        )
    return name.strip(), header.strip()
