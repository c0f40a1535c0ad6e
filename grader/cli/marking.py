"""`grader mark`: written answers, one after the other, or as a sheet."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.place import Place, pass_place
from grader.cli.selfcheck import print_anything
from grader.cli.table import count, number, word
from grader.config import load_assignment
from grader.errors import GradebookError, UsageError
from grader.result import Verdict

if TYPE_CHECKING:
    from grader.asked import Asked
    from grader.course import Assignment, Course
    from grader.gradebook import Gradebook, Mark
    from grader.marking import Answer

_POINTS = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
_KEYS = "Type points, and a comment after them if you like; s skips, b goes back, q quits, ? helps"


@click.command()
@click.argument("assignment", metavar="ID")
@click.option("--question", "questions", multiple=True, metavar="Q", help="Only this question.")
@click.option("--student", "students", multiple=True, help="Only this student.")
@click.option("--section", default="", help="Only this section (班级) of the roster.")
@click.option("--all", "again", is_flag=True, help="What has a mark already, too.")
@click.option(
    "--anonymous", is_flag=True, help="Show neither name nor number, in an order of its own."
)
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a CSV to fill in instead; `grader record marks` takes it back.",
)
@click.option("--by", envvar="GRADER_BY", default="", help="Who marks [$GRADER_BY].")
@click.option("--language", type=click.Choice(["zh", "en"]), help="[that of the course]")
@pass_place
def mark(
    place: Place,
    assignment: str,
    questions: tuple[str, ...],
    students: tuple[str, ...],
    section: str,
    again: bool,
    anonymous: bool,
    sheet: Path | None,
    by: str,
    language: str | None,
) -> None:
    """Mark the written answers of an assignment, one question after the other.

    Shows the question with its marking guide, then every answer that has no mark yet, and asks for
    points and a comment. Each mark is kept as it is given: stop with q or Ctrl-C, and the same
    command goes on from there. Two people may mark at once.

    \b
    4.5           points; a comment is asked for next
    4.5 nicely    points and comment in one line
    (Enter)       keep what is shown in [brackets]; as a comment: none, or the one there is
    s, b, q       skip, back, quit
    ?             the question and its marking guide again

    \b
    Examples:
      grader mark gd --by "Li Wei"
      grader mark gd --question w2 --section "A" --anonymous
      grader mark gd --sheet marks.csv
      grader record marks marks.csv --assignment gd --by "Li Wei"
    """
    from grader.asked import asked
    from grader.marking import Wanted, answers
    from grader.overview import class_standings, handed_in

    course = place.course
    what = load_assignment(course, assignment)
    _check(course, what, sheet, anonymous)
    spoken = language or course.languages[0]
    wanted = Wanted(questions, students, section, again, anonymous)
    with place.gradebook(create=False) as book:
        lines = class_standings(course, book)
        chosen = answers(lines, what, book, wanted)
        graded = {line.student.id for line in lines if what.id in line.results}
        if waiting := len(handed_in(course)[what.id] - graded):
            told = f"{count(waiting, 'submission')} of {what.id} not graded yet"
            click.echo(f"{told}: their answers are not among these", err=True)
        if sheet is not None:
            _write(chosen, what, book, spoken, by, sheet)
        elif not chosen:
            click.echo(f"{what.id}: nothing to mark. --all shows what has a mark already")
        else:
            print_anything()
            known = {a.question.id: a for a in asked(what, spoken)}
            _Walk(book, what, known, chosen, by, spoken, anonymous, again).go()


def _check(course: Course, what: Assignment, sheet: Path | None, anonymous: bool) -> None:
    if not any(q.written for q in what.questions):
        raise UsageError(
            f"assignment {what.id} has no written questions",
            "Give one of its questions `written = true` in assignment.toml, or name another",
        )
    if what.id not in {a.id for a in course.assignments}:
        problem = f"{what.id} is not in the calendar of the course"
        raise UsageError(problem, f'Add [[assignments]] with id = "{what.id}" to course.toml')
    if sheet is not None and anonymous:
        raise UsageError(
            "a sheet without student numbers cannot be taken back",
            "Leave out --anonymous, or mark in the terminal",
        )
    if sheet is not None and sheet.exists():
        problem = f"{sheet} is there already, and may hold marks"
        raise UsageError(problem, "Name another file, or move that one away")


def _write(
    chosen: Sequence[Answer], what: Assignment, book: Gradebook, language: str, by: str, path: Path
) -> None:
    from grader.filled import write_table
    from grader.marking import sheet

    write_table(sheet(chosen, what, book, language, by), path)
    click.echo(f"{count(len(chosen), 'answer')} in {path}", err=True)


class _Go(enum.Enum):
    """Where a marker goes without giving points."""

    BACK = enum.auto()
    SKIP = enum.auto()
    QUIT = enum.auto()


_WORDS = {
    **dict.fromkeys(("b", "back"), _Go.BACK),
    **dict.fromkeys(("s", "skip"), _Go.SKIP),
    **dict.fromkeys(("q", "quit"), _Go.QUIT),
}


@dataclass(frozen=True)
class _Given:
    """What a marker typed."""

    points: Decimal
    comment: str


class _Walk:
    """One marker in front of a terminal."""

    def __init__(
        self,
        book: Gradebook,
        what: Assignment,
        asked: dict[str, Asked],
        answers: Sequence[Answer],
        by: str,
        language: str,
        anonymous: bool,
        again: bool,
    ) -> None:
        self._book = book
        self._what = what
        self._asked = asked
        self._answers = answers
        self._by = by
        self._language = language
        self._anonymous = anonymous
        self._again = again
        self._given: set[int] = set()
        self._met: set[int] = set()
        """Places of answers that somebody else has marked since we began."""
        self._shown = ""
        """The question that was shown last."""

    def go(self) -> None:
        """Until the end, or until the marker stops; what was given is kept in any case.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        with suppress(ImportError):
            import readline  # noqa: F401  # so that typed lines can be edited
        place, back, stopped = 0, False, False
        try:
            while place < len(self._answers) and not stopped:
                went = self._visit(place, back=back)
                back, stopped = went is _Go.BACK, went is _Go.QUIT
                place = max(0, place - 1) if back else place + (went is not None)
        except EOFError:
            stopped = True
        except KeyboardInterrupt:
            click.echo()
            self._sum_up(stopped=True)
            raise
        self._sum_up(stopped=stopped)

    def _visit(self, place: int, *, back: bool) -> _Given | _Go | None:
        """Deal with one answer; None: what was given could not be kept."""
        answer = self._answers[place]
        mark = self._mark(answer)
        if mark != answer.mark and place not in self._given and not (back or self._again):
            self._met.add(place)
            by = f" by {mark.marker}" if mark and mark.marker else ""
            click.echo(f"\n── {self._title(place)}: marked meanwhile{by} ──")
            return _Go.SKIP
        if answer.question.id != self._shown:
            self._show_question(answer)
        click.echo(f"\n── {self._title(place)} ──")
        empty = self._show_answer(answer)
        if mark is not None:
            by = f" by {mark.marker}" if mark.marker else ""
            superseded = _is_of_another(mark, answer)
            of = f" for attempt {mark.attempt}, which says something else" * superseded
            click.echo(f"(has {number(mark.points)}{by}{of})")
        given = self._ask(answer, mark.points if mark else Decimal(0) if empty else None)
        if isinstance(given, _Go):
            return given
        comment = given.comment or self._comment(mark.comment if mark else "")
        return self._keep(place, mark, _Given(given.points, comment))

    def _mark(self, answer: Answer) -> Mark | None:
        """The newest mark, whoever gave it."""
        there = self._book.marks(self._what.id, answer.student.id)
        return next((m for m in there if m.question == answer.question.id), None)

    def _title(self, place: int) -> str:
        answer = self._answers[place]
        who = "" if self._anonymous else f" · {answer.student.id} {answer.student.name}".rstrip()
        return f"{place + 1} of {len(self._answers)} · {answer.question.id}{who}"

    def _show_question(self, answer: Answer) -> None:
        question = answer.question
        self._shown = question.id
        worth = _worth(question.points)
        click.echo(f"\n{question.id} · {question.title[self._language]} ({worth})")
        known = self._asked.get(question.id)
        if known and known.prompt:
            click.echo(_set_in(known.prompt))
        if known and known.guide:
            click.echo(f"\n{_set_in(known.guide)}")
        click.echo(f"\n{_KEYS}")

    def _show_answer(self, answer: Answer) -> bool:
        """Whether it is certain that nothing was written."""
        from grader.marking import answer_in, shown

        result = self._book.result(answer.student.id, self._what.id, answer.attempt)
        written = answer_in(result, answer.question.id) if result else None
        if written is not None and written.text:
            click.echo(shown(written))
            return not written.filled
        if written is not None and written.filled:
            again = f"grader grade {self._what.id} {answer.student.id} --again"
            click.echo(f"(this result does not hold the text; `{again}` reads it)")
        elif result is not None and result.verdict is not Verdict.ACCEPTED:
            click.echo(f"(no answer was read: {word(result.verdict)})")
        elif written is None:
            click.echo("(graded before this question was asked: grade it again)")
        else:
            click.echo("(nothing was written)")
            return True
        return False

    def _ask(self, answer: Answer, there: Decimal | None) -> _Given | _Go:
        maximum = answer.question.points
        shown = "" if there is None else f" [{number(there)}]"
        while True:
            typed = input(f"\npoints of {number(maximum)}{shown}: ").split(maxsplit=1)
            first = unicodedata.normalize("NFKC", typed[0]).casefold() if typed else ""
            if first in _WORDS and len(typed) == 1:
                return _WORDS[first]
            if first == "?":
                self._show_question(answer)
            elif not typed and there is not None:
                return _Given(there, "")
            elif not _POINTS.fullmatch(first):
                click.echo(f"  {_KEYS}")
            elif Decimal(first) > maximum:
                click.echo(f"  {first} is over the maximum of {number(maximum)}")
            else:
                return _Given(Decimal(first), typed[1].strip() if len(typed) > 1 else "")

    def _comment(self, there: str) -> str:
        if there:
            click.echo(f"comment so far: {there}")
        asked = "comment (Enter: as it is, -: none): " if there else "comment (Enter: none): "
        text = input(asked).strip()
        return "" if text == "-" else text or there

    def _keep(self, place: int, mark: Mark | None, given: _Given) -> _Given | None:
        from grader.records import MarkRow

        answer = self._answers[place]
        row = MarkRow(
            *(answer.student.id, answer.question.id, given.points, given.comment),
            attempt=answer.attempt,
        )
        same = mark and (mark.points, mark.comment) == (given.points, given.comment)
        try:
            # Whoever gave it stays its marker, unless it is confirmed for another attempt.
            if mark is None or not same or _is_of_another(mark, answer):
                self._book.add_marks(self._what.id, [row], self._by)
        except GradebookError as error:
            click.echo(f"  not kept: {error}", err=True)
            return None
        self._given.add(place)
        return given

    def _sum_up(self, *, stopped: bool) -> None:
        left = sum(
            not answer.decided and place not in self._given | self._met
            for place, answer in enumerate(self._answers)
        )
        told = f"{len(self._given)} marked and kept, {left} left"
        click.echo(f"{told}. The same command goes on from here" if stopped or left else told)


def _is_of_another(mark: Mark, answer: Answer) -> bool:
    """Whether the newest mark still is that of an attempt that says something else."""
    return answer.superseded and mark.attempt != answer.attempt


def _worth(points: Decimal) -> str:
    return f"{number(points)} point{'' if points == 1 else 's'}"


def _set_in(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
