"""`grader show`, `status` and `feedback`: what the gradebook holds."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from grader.cli.decisions import Number
from grader.cli.place import Place, pass_place
from grader.cli.table import count, echo_json, json_option
from grader.config import load_assignment
from grader.errors import UsageError


@click.command()
@click.argument("student")
@click.argument("assignment", metavar="[ID]", required=False)
@click.option("--language", type=click.Choice(["zh", "en"]), help="Of the texts for students.")
@click.option("--evidence", is_flag=True, help="Show what student code and our own errors said.")
@click.option("--need", type=Number(), help="What the project must score for this total.")
@json_option
@pass_place
def show(
    place: Place,
    student: str,
    assignment: str | None,
    language: str | None,
    evidence: bool,
    need: Decimal | None,
    as_json: bool,
) -> None:
    """Show one student: the course grade so far, or one result in full.

    Without ID: what every part of the grade is made of. With ID: the report of the result that
    counts, as the student reads it; Markdown when it goes into a file or a pipe. Evidence may
    quote hidden inputs and is for instructors only.

    \b
    Examples:
      grader show 2026001
      grader show 2026001 --need 85
      grader show 2026001 gd --language en
      grader show 2026001 gd --evidence
    """
    from grader import whatif as calculation
    from grader.cli import texts
    from grader.cli.workings import need_text
    from grader.overview import standing_of

    course = place.course
    with place.gradebook(create=False) as book:
        line = standing_of(course, book, student)
        if assignment is None:
            if as_json:
                echo_json(texts.standing_json(line))
            else:
                texts.echo_standing(line)
                if need is not None:
                    click.echo(f"\n{need_text(calculation.need(course, line.grade, need))}")
            return
        asked = load_assignment(course, assignment)
        counting = line.results.get(assignment)
        result = book.result(student, assignment, counting.attempt if counting else None)
    if result is None:
        raise UsageError(
            f"{student} has no result for {assignment}",
            f"Run `grader grade {assignment} {student}` first",
        )
    if as_json:
        click.echo(result.to_json())
        return
    from grader.feedback import reported_markdown

    chosen = language or course.languages[0]
    texts.echo_report(reported_markdown(result, asked, course, line, chosen))
    if evidence:
        texts.echo_evidence(result)


@click.command()
@click.option("--students", is_flag=True, help="One line per student.")
@json_option
@pass_place
def status(place: Place, students: bool, as_json: bool) -> None:
    """Where the class stands: handed in, graded, waiting for a person.

    Who has left the course is not counted.

    \b
    Examples:
      grader status
      grader status --students
      grader status --json
    """
    from grader.cli import texts
    from grader.marking import superseded
    from grader.overview import (
        assignment_statuses,
        assignments_of,
        class_standings,
        handed_in,
    )

    course = place.course
    with place.gradebook() as book:
        there = handed_in(course)
        everybody = class_standings(course, book, there=there)
        again = {
            a.id: [answer.student.id for answer in superseded(everybody, a, book)]
            for a in assignments_of(course).values()
        }
    lines = tuple(line for line in everybody if line.student.active)
    recorded = {
        part: sum(getattr(line.grade, part).score is not None for line in lines)
        for part in ("participation", "project")
    }
    rows = assignment_statuses(course, everybody, there)
    if as_json:
        value: dict[str, Any] = {
            "course": course.title,
            "students": [texts.standing_json(line) for line in everybody],
            "assignments": [texts.status_json(row, again.get(row.id, ())) for row in rows],
            "recorded": recorded,
        }
        echo_json(value)
        return
    if students:
        texts.echo_students(lines)
        return
    texts.echo_statuses(rows)
    left = len(everybody) - len(lines)
    click.echo(
        f"\n{count(len(lines), 'student')}{f' ({left} more left the course)' if left else ''}; "
        f"participation of {recorded['participation']}, project of {recorded['project']} recorded"
    )
    for row in rows:
        if row.needs_human:
            click.echo(f"{row.id}: the grader failed on {', '.join(row.needs_human)}")
        if marked := again.get(row.id):
            told = f"{count(len(marked), 'mark')} given on an attempt that says something else"
            click.echo(f"{row.id}: {told} than the one that counts: `grader mark {row.id}`")


@click.command()
@click.argument("assignments", metavar="[ID]...", nargs=-1)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to [feedback/ of the course].",
)
@click.option(
    "--language",
    "languages",
    type=click.Choice(["zh", "en"]),
    multiple=True,
    help="May be given twice [those of the course].",
)
@click.option("--zip", "bundles", is_flag=True, help="Also a zip per student, in zips/.")
@click.option(
    "--publish",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also copy the reports here, under names that cannot be guessed.",
)
@click.option("--address", default="", help="Where that folder is served; for published.csv.")
@pass_place
def feedback(
    place: Place,
    assignments: tuple[str, ...],
    output: Path | None,
    languages: tuple[str, ...],
    bundles: bool,
    publish: Path | None,
    address: str,
) -> None:
    """Write a report for every student, and summaries of the class and the course.

    Reports are single HTML files that need neither network nor script. Those of a student lie in
    a folder that holds nothing of anybody else; the summaries are for instructors, and so is
    index.html, which leads to everything. Pages that have not changed are not written again.

    \b
    Examples:
      grader feedback                     everything that has been graded
      grader feedback gd --language en
      grader feedback --zip               a file to send to each student
      grader feedback --publish public --address https://course.example/r
    """
    from grader import site
    from grader.feedback import Report, write_course, write_feedback
    from grader.overview import assignments_of, class_standings
    from grader.progress import counting
    from grader.secret import course_secret

    course = place.course
    known = assignments_of(course)
    named = [load_assignment(course, name) for name in assignments]
    folder, chosen = output or course.feedback, languages or course.languages
    reports: list[Report] = []
    with place.gradebook(create=False) as book:
        lines = class_standings(course, book)
        graded = {row.assignment for row in book.current_results()}
        for what in named or [a for a in known.values() if a.id in graded]:
            with counting(f"reports of {what.id}", len(lines)) as told:
                done = write_feedback(
                    course, what, book, folder, chosen, lines=lines, course_page=True, told=told
                )
            reports += done.reports
            click.echo(f"{what.id}: {count(done.students, 'report')} in {done.folder}")
            for summary in done.summaries:
                click.echo(f"  class summary: {summary}")
    for summary in write_course(course, known, lines, folder, chosen):
        click.echo(f"course summary: {summary}")
    if bundles:
        with counting("bundles", len(lines)) as told:
            made = site.write_bundles(course, reports, lines, folder / "zips", told)
        click.echo(f"zips: {count(made, 'student')} in {folder / 'zips'}")
    if publish is not None:
        table = folder / "published.csv"
        with counting("copies", len(lines)) as told:
            made = site.write_published(
                course,
                reports,
                lines,
                publish,
                secret=course_secret(course.private),
                table=table,
                address=address,
                told=told,
            )
        click.echo(f"published: {count(made, 'student')} in {publish}; whose is which: {table}")
