"""What the gradebook answers and what can be added to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from grader.errors import GradebookError
from grader.gradebook import opening, roster, schema
from grader.gradebook.rows import Mark, ResultRow, Score, result_row
from grader.records import MarkRow, ScoreRow, Student
from grader.result import SubmissionResult
from grader.scoring import outcome


class Gradebook:
    """A gradebook, opened by `with`.

    Args:
        target: path of an SQLite file, or an SQLAlchemy URL.
        create: whether to make it when it is not there.
        wait: seconds to wait for another process that is writing.

    Raises:
        GradebookError: from every method, when the gradebook cannot be opened, read or written;
            one line and a remedy.
    """

    def __init__(self, target: str | Path, *, create: bool = True, wait: float = 10.0) -> None:
        self._target = target
        self._create = create
        self._wait = wait
        self._engine: sa.Engine | None = None

    @property
    def name(self) -> str:
        """What messages call it; a password in the URL is not shown."""
        if (path := opening.place(self._target)) is not None:
            return str(path)
        return sa.make_url(str(self._target)).render_as_string(hide_password=True)

    def __enter__(self) -> Self:
        with opening.explained(self.name):
            self._engine = opening.engine(self._target, create=self._create, wait=self._wait)
        try:
            with self._transaction() as connection:
                ready = opening.is_ours(connection, self.name)
            if not ready:
                with self._transaction(writing=True) as connection:
                    opening.set_up(connection, self.name)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the connections; what was added is already on the disk."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    # -- results ---------------------------------------------------------------------------

    def add_result(self, result: SubmissionResult) -> int:
        """Keep one grading; returns its number. Nothing older is changed."""
        summary = outcome(result)
        row = {
            "assignment": result.assignment,
            "student": result.student,
            "attempt": result.attempt,
            "key": result.key,
            "verdict": result.verdict.value,
            "earned": summary.earned,
            "points": summary.points,
            "undecided": summary.undecided,
            "submitted_at": result.submitted_at,
            "graded_at": result.graded_at,
            "isolation": result.isolation.level if result.isolation else None,
            "document": _as_json(result),
        }
        with self._transaction(writing=True) as connection:
            roster.merge(connection, [Student(result.student)])
            query = sa.insert(schema.results).values(row).returning(schema.results.c.id)
            return int(connection.execute(query).scalar_one())

    def current_results(self, assignment: str | None = None) -> tuple[ResultRow, ...]:
        """The newest grading of every attempt, by assignment, student and attempt."""
        return self._rows(
            _newest(schema.results, ("assignment", "student", "attempt"), assignment)
        )

    def counting_results(self, assignment: str | None = None) -> dict[tuple[str, str], ResultRow]:
        """The grading that counts, by student and assignment: the newest of the last attempt."""
        # Rows come in the order of attempts, so the last one wins.
        return {(row.student, row.assignment): row for row in self.current_results(assignment)}

    def history(self, student: str, assignment: str) -> tuple[ResultRow, ...]:
        """Every grading of one student's assignment, oldest first."""
        of = schema.results.c
        return self._rows((of.student == student) & (of.assignment == assignment), of.id)

    def keys(self, assignment: str) -> dict[tuple[str, int], str]:
        """The key of the newest grading of each (student, attempt): what need not run again."""
        return {(row.student, row.attempt): row.key for row in self.current_results(assignment)}

    def result(
        self, student: str, assignment: str, attempt: int | None = None
    ) -> SubmissionResult | None:
        """The newest grading of an attempt in full; without an attempt, the one that counts."""
        of = schema.results.c
        query = sa.select(of.id, of.document).where(
            of.student == student, of.assignment == assignment
        )
        if attempt is not None:
            query = query.where(of.attempt == attempt)
        found = self._all(query.order_by(of.attempt.desc(), of.id.desc()).limit(1))
        return self._document(found[0]) if found else None

    def results(self, assignment: str) -> Iterator[SubmissionResult]:
        """The gradings of an assignment that count, in full, one after the other."""
        of = schema.results.c
        numbers = [row.id for row in self.counting_results(assignment).values()]
        for start in range(0, len(numbers), 50):
            some = of.id.in_(numbers[start : start + 50])
            query = sa.select(of.id, of.document).where(some).order_by(of.student)
            yield from map(self._document, self._all(query))

    # -- people ----------------------------------------------------------------------------

    def put_students(self, students: Iterable[Student]) -> int:
        """Bring the roster up to date; empty fields leave what is there. Returns the changes."""
        with self._transaction(writing=True) as connection:
            return roster.merge(connection, students)

    def students(self) -> tuple[Student, ...]:
        """Everybody who is on the roster or has a result or score, by student number."""
        rows = self._all(sa.select(schema.students).order_by(schema.students.c.id))
        return tuple(Student(**row) for row in rows)

    # -- what people decide ----------------------------------------------------------------

    def add_marks(self, assignment: str, rows: Iterable[MarkRow], by: str = "") -> int:
        """Keep marks of written questions; `by` where a row names no marker.

        Returns how many of them are news: a mark equal to the newest one is not added again.
        """
        rows = tuple(rows)
        entered = [
            {
                "assignment": assignment,
                "student": row.student,
                "question": row.question,
                "points": row.points,
                "comment": row.comment,
                "marker": row.marker or by,
            }
            for row in rows
        ]
        return self._append(
            schema.marks, ("assignment", "student", "question"), entered, map(_named, rows)
        )

    def marks(self, assignment: str | None = None, student: str | None = None) -> tuple[Mark, ...]:
        """The newest mark of every written question."""
        table, group = schema.marks, ("assignment", "student", "question")
        where = _newest(table, group, assignment)
        if student is not None:
            where &= table.c.student == student
        order = [table.c[name] for name in group]
        query = sa.select(*_without(table, "id")).where(where).order_by(*order)
        return tuple(Mark(**row) for row in self._all(query))

    def add_participation(self, rows: Iterable[ScoreRow], by: str = "") -> int:
        """Keep scores for participation; returns how many are news."""
        return self._add_scores(schema.participation, rows, by)

    def participation(self) -> dict[str, Score]:
        """The newest score for participation by student."""
        return self._scores(schema.participation)

    def add_project(self, rows: Iterable[ScoreRow], by: str = "") -> int:
        """Keep scores for the project; returns how many are news."""
        return self._add_scores(schema.project, rows, by)

    def project(self) -> dict[str, Score]:
        """The newest score for the project by student."""
        return self._scores(schema.project)

    # -- inside ----------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, *, writing: bool = False) -> Iterator[sa.Connection]:
        if self._engine is None:
            raise GradebookError(f"{self.name} is not open", "Use it inside a `with` block")
        with (
            opening.explained(self.name),
            self._engine.execution_options(writing=writing).begin() as connection,
        ):
            yield connection

    def _all(self, query: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _rows(
        self, where: sa.ColumnElement[bool], *order: sa.ColumnElement[Any]
    ) -> tuple[ResultRow, ...]:
        of = schema.results.c
        query = sa.select(*_without(schema.results, "document")).where(where)
        query = query.order_by(*(order or (of.assignment, of.student, of.attempt)))
        return tuple(result_row(row) for row in self._all(query))

    def _document(self, row: Mapping[str, Any]) -> SubmissionResult:
        try:
            return SubmissionResult.from_json(row["document"])
        except ValueError as error:
            reason = str(error).splitlines()[0]
            problem = f"{self.name}: result {row['id']} cannot be read: {reason}"
            raise GradebookError(
                problem, "Grade it again, or use the grader that wrote it"
            ) from error

    def _add_scores(self, table: sa.Table, rows: Iterable[ScoreRow], by: str) -> int:
        rows = tuple(rows)
        entered = [
            {"student": r.student, "score": r.score, "comment": r.comment, "marker": by}
            for r in rows
        ]
        return self._append(table, ("student",), entered, map(_named, rows))

    def _append(
        self,
        table: sa.Table,
        group: tuple[str, ...],
        rows: Sequence[dict[str, Any]],
        people: Iterable[Student],
    ) -> int:
        """Add the rows that differ from the newest of their group, all in one transaction."""
        with self._transaction(writing=True) as connection:
            newest = sa.select(*_without(table, "id", "entered_at")).where(_newest(table, group))
            known = {
                tuple(row[name] for name in group): dict(row)
                for row in connection.execute(newest).mappings()
            }
            news = [row for row in rows if known.get(tuple(row[n] for n in group)) != row]
            roster.merge(connection, people)
            if news:
                stamp = {"entered_at": datetime.now(UTC)}
                connection.execute(sa.insert(table), [row | stamp for row in news])
            return len(news)

    def _scores(self, table: sa.Table) -> dict[str, Score]:
        query = sa.select(*_without(table, "id")).where(_newest(table, ("student",)))
        return {row["student"]: Score(**row) for row in self._all(query.order_by(table.c.student))}


def _as_json(result: SubmissionResult) -> str:
    try:
        return result.to_json()
    except ValueError as error:
        reason = str(error).splitlines()[0]
        problem = f"the result of {result.student} cannot be stored: {reason}"
        raise GradebookError(problem, "This is a fault of the grader: please report it") from error


def _newest(
    table: sa.Table, group: tuple[str, ...], assignment: str | None = None
) -> sa.ColumnElement[bool]:
    """The rows with the highest number of their group."""
    numbers = sa.select(sa.func.max(table.c.id)).group_by(*(table.c[name] for name in group))
    if assignment is not None:
        numbers = numbers.where(table.c.assignment == assignment)
    return table.c.id.in_(numbers)


def _without(table: sa.Table, *names: str) -> list[sa.Column[Any]]:
    return [column for column in table.c if column.name not in names]


def _named(row: ScoreRow | MarkRow) -> Student:
    return Student(row.student, row.name if isinstance(row, ScoreRow) else "")
