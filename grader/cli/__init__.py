"""The command line: options in, exit code out.

Results go to stdout, progress and complaints to stderr. Exit code 0: the command did its work
(failing students are not a failing command); 1: an error of ours, or a judge_error; 2: usage.

What imports torch, SQLAlchemy, rich or a process pool is imported inside the commands that
need it, so that the others answer at once.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import click

from grader.cli import (
    assignments,
    classroom,
    collecting,
    decisions,
    exporting,
    grading,
    marking,
    people,
    regrading,
    results,
    selfcheck,
    start,
    summarising,
)
from grader.cli.place import Place
from grader.errors import GraderError
from grader.version import VERSION

INTERRUPTED = 130
EXTRAS = {"alembic", "cryptography", "filelock", "jupytext", "openpyxl", "sqlalchemy"}
"""Modules of the extra `course`; a student's machine may lack them."""


class Grader(click.Group):
    """Turns every error of ours into one line and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            click.exceptions.Exit: with the exit code of what went wrong.
        """
        try:
            return super().invoke(ctx)
        except GraderError as error:
            self._complain(ctx, str(error), error.exit_code)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in EXTRAS:
                raise
            self._complain(ctx, f"{error}. Install it with `pip install 'dl-grader[course]'`", 1)
        except OSError as error:
            if error.filename is None:
                raise
            reason = f"{error.filename}: {error.strerror}"
            self._complain(ctx, f"{reason}. Check that the file and its folder may be used", 1)
        except KeyboardInterrupt:
            click.echo("grader: interrupted", err=True)
            ctx.exit(INTERRUPTED)

    def _complain(self, ctx: click.Context, text: str, code: int) -> None:
        if ctx.params.get("traceback"):
            click.echo(traceback.format_exc(), err=True, nl=False)
        click.echo(f"grader: {' '.join(text.split())}", err=True)
        ctx.exit(code)


@click.group(cls=Grader, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--course",
    "-C",
    type=click.Path(path_type=Path, file_okay=False),
    help="The course folder; by default the nearest folder upwards that holds a course.toml.",
)
@click.option("--traceback", is_flag=True, help="Show where in the grader an error came from.")
@click.version_option(VERSION, prog_name="grader")
@click.pass_context
def main(ctx: click.Context, course: Path | None, traceback: bool) -> None:
    """Grade deep-learning notebooks.

    Student code computes in a sandbox; the grader judges outside of it. A course is a folder with
    a course.toml; students' notebooks lie in submissions/ASSIGNMENT/STUDENT/.

    \b
    A first round:
      grader init mycourse          a course that grades out of the box
      cd mycourse
      grader release                write the notebooks that students get
      grader verify                 do the hidden tests catch what they should?
      grader collect gd canvas.zip  take in what was handed in
      grader grade gd               grade what has been handed in
      grader status                 where the class stands
      grader summary gd             what to explain again, what to look at
      grader feedback               a report for every student
      grader export --to csv        the grades
    """
    ctx.obj = Place(course, traceback)


for command in (
    start.init,
    assignments.release,
    assignments.verify,
    collecting.collect,
    grading.grade,
    regrading.regrade,
    people.record,
    marking.mark,
    decisions.extend,
    decisions.override,
    decisions.comment,
    decisions.audit,
    decisions.whatif,
    results.show,
    results.status,
    results.feedback,
    summarising.summary,
    exporting.export,
    selfcheck.check,
    classroom.ci,
    classroom.pack,
    classroom.publish,
    start.demo,
    start.doctor,
):
    main.add_command(command)
