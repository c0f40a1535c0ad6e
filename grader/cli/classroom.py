"""`grader ci`, `pack` and `publish`: grading with GitHub."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import sandbox_option
from grader.cli.place import Place, pass_place
from grader.cli.selfcheck import NOT_ALL_PASSED, print_anything
from grader.cli.table import echo_json, echo_table, json_option, number, parse_points
from grader.errors import UsageError
from grader.result import Verdict

if TYPE_CHECKING:
    from grader.ci import Graded


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "--assignment",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder with assignment.toml and public_tests [found near the notebook].",
)
@click.option(
    "--hidden",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A course folder: grade with its hidden tests.",
)
@click.option(
    "--sealed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A bundle that `grader pack` made; its key is read from GRADER_KEY.",
)
@click.option("--points", help="What the public checks are worth together [one each].")
@sandbox_option(
    "plain: student code can read and write what this job can; never for hidden tests."
)
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write result.json, report.html and report.md into this folder.",
)
@click.option("--lang", "language", type=click.Choice(["zh", "en"]), help="[the notebook's]")
@click.option("--strict", is_flag=True, help="Exit with 3 unless every check is passed.")
def ci(
    notebook: Path,
    assignment: Path | None,
    hidden: Path | None,
    sealed: Path | None,
    points: str | None,
    sandbox: str,
    artifacts: Path | None,
    language: str | None,
    strict: bool,
) -> None:
    """Grade a notebook in GitHub Actions; of a folder, the notebook that was worked on.

    Writes the report to the page of the run (GITHUB_STEP_SUMMARY), remarks at file and line, and
    the outputs `result` (for the autograding reporter of GitHub Classroom, parts of points
    included), `points`, `max_points` and `status` (GITHUB_OUTPUT). With the public checks alone,
    points are their share; with --hidden or --sealed they are those of the assignment, and
    nothing but the notebook is taken from the repository.

    Exit code 0: graded, whatever came of it; 1: the grader failed, no points are decided; 2:
    usage; 3: with --strict, something is not passed.

    \b
    Examples:
      grader ci .
      grader ci gd.ipynb --points 10 --artifacts report
      grader ci gd.ipynb --sealed hidden.sealed
    """
    if hidden and sealed:
        raise UsageError("--hidden and --sealed say different things", "Give one of them")
    worth = parse_points(points)
    from grader import ci as grading

    print_anything()
    notebook = grading.find_notebook(notebook)
    spoken = language or ("en" if ".en" in notebook.suffixes else "zh")
    if hidden or sealed:
        source = grading.Hidden(hidden, sealed)
        graded = grading.grade_hidden(notebook, source, sandbox, spoken)
    else:
        graded = grading.grade_public(notebook, assignment, sandbox, spoken, worth)
    _tell(graded, notebook)
    if artifacts is not None:
        _write(graded, artifacts)
    if graded.scores.status == "error":
        raise click.exceptions.Exit(1)
    if strict and graded.scores.status != "pass":
        raise click.exceptions.Exit(NOT_ALL_PASSED)


def _tell(graded: Graded, notebook: Path) -> None:
    from grader.ci import remarks
    from grader.selfcheck import lines
    from grader.workflow import Runner, fenced

    scores = graded.scores
    said = [
        f"cell {c.number}: {c.verdict.value}: {c.error}"
        for c in graded.run.cells
        if c.verdict not in (Verdict.ACCEPTED, Verdict.SKIPPED)
    ]
    told = [*said, *lines(graded.checks, graded.language)]
    total = f"{number(scores.score)} of {number(scores.max_score)} points"
    for line in fenced([*told, "", total]):
        click.echo(line)
    for remark in remarks(graded, notebook):
        click.echo(str(remark))
    runner = Runner.here()
    runner.summarise(graded.markdown)
    runner.put(
        {
            "result": scores.encoded(graded.language),
            "points": number(scores.score),
            "max_points": number(scores.max_score),
            "status": scores.status,
        }
    )


def _write(graded: Graded, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps(graded.document, ensure_ascii=False, indent=2)
    (folder / "result.json").write_text(document + "\n", encoding="utf-8")
    (folder / "report.html").write_text(graded.html, encoding="utf-8")
    (folder / "report.md").write_text(graded.markdown, encoding="utf-8")


@click.command()
@click.argument("assignment", metavar="ID")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write [ID.sealed].",
)
@pass_place
def pack(place: Place, assignment: str, output: Path | None) -> None:
    """Seal the hidden tests and the reference of an assignment, for grading in CI.

    The bundle is encrypted. Without GRADER_KEY in the environment a new key is made and printed
    once: put it into an organisation secret of that name, and nowhere else. `grader ci --sealed`
    opens the bundle in memory, only where a sandbox hides it from student code. Whoever can
    change the workflow, or what it installs, can read what its runner can: docs/classroom.md.

    \b
    Examples:
      grader pack gd
      GRADER_KEY=... grader pack gd -o handout/hidden.sealed
    """
    from grader import sealing
    from grader.config import load_assignment

    course = place.course
    what = load_assignment(course, assignment)
    key = os.environ.get(sealing.VARIABLE) or sealing.new_key()
    path = output or Path(f"{what.id}.sealed")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sealing.pack(course, what, key))
    click.echo(str(path), err=True)
    if not os.environ.get(sealing.VARIABLE):
        click.echo(f"{sealing.VARIABLE}={key}")


@click.command()
@click.argument("assignment", metavar="ID")
@click.argument("clones", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("students", metavar="[STUDENT]...", nargs=-1)
@click.option(
    "--roster",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="classroom_roster.csv: whose account is whose, where the course's roster does not say.",
)
@click.option("--language", type=click.Choice(["zh", "en"]), help="[that of the course]")
@click.option(
    "--pull-request",
    type=click.IntRange(min=1),
    help="Comment on the pull request of this number [on the commit]; Classroom's Feedback is 1.",
)
@click.option(
    "--pause",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Seconds after each write, as GitHub asks for.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@json_option
@pass_place
def publish(
    place: Place,
    assignment: str,
    clones: Path,
    students: tuple[str, ...],
    roster: Path | None,
    language: str | None,
    pull_request: int | None,
    pause: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write results back to the students' repositories on GitHub.

    CLONES is the folder of clones that `grader collect` took in, each named ASSIGNMENT-ACCOUNT.
    Each repository gets a commit status and one comment on the commit that was graded, through
    GitHub's command `gh`. Of several attempts the one is published that counts. Publishing again
    brings the comment up to date; what has not changed is not sent. A repository whose notebook
    changed after grading is left alone.

    Exit code 1 if a repository could not be written to; the same command goes on from there.

    \b
    Examples:
      grader publish gd clones --dry-run
      grader publish gd clones
      grader publish gd clones 2026001 --pull-request 1
    """
    from grader import publish as publishing
    from grader.config import load_assignment
    from grader.overview import class_standings

    course = place.course
    what = load_assignment(course, assignment)
    with place.gradebook(create=False) as book:
        roll = book.students()
        lines = class_standings(course, book)
        counting = [row.id for line in lines if (row := line.results.get(what.id))]
        dated = any(a.id == what.id for a in course.assignments)  # else the last attempt counts
        results = {r.student: r for r in book.results(what.id, counting if dated else None)}
        graded = {(row.student, row.attempt) for row in book.current_results(what.id)}
    there = publishing.find_clones(what, clones, roll, accounts_of(roster))
    chosen = [c for c in there if not students or c.student in students]
    publisher = publishing.Publisher(publishing.run_gh, pull_request, pause, dry_run)
    done = []
    for post in publishing.posts(
        course, what, results, graded, chosen, language or course.languages[0]
    ):
        if isinstance(post, publishing.Post):
            done.append(publisher.publish(post))
        else:
            done.append(post)
        click.echo(f"{done[-1].student}: {done[-1].outcome}", err=True)
    if as_json:
        echo_json([vars(line) for line in done])
    else:
        rows = [[line.student, line.repository, line.outcome] for line in done]
        echo_table(["student", "repository", "outcome"], rows)
    if any(line.failed for line in done):
        raise click.exceptions.Exit(1)


def accounts_of(roster: Path | None) -> dict[str, str]:
    """Student number by GitHub account, from the roster that GitHub Classroom hands out.

    Raises:
        ConfigError: it is no such roster; names file, row, column and remedy.
    """
    if roster is None:
        return {}
    from grader.heading import read_rows

    found: dict[str, str] = {}
    for row in read_rows(roster, ("account", "github")):
        student, account = row.get("account"), row.get("github")
        if found.get(account, student) != student:
            problem = f"{account!r} is the account of {found[account]} and of {student}"
            raise row.wrong("github", problem, "Keep one of the rows")
        if student and account:
            found[account] = student
    return found
