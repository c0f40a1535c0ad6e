"""Gradings in the gradebook: every one is kept, lists are answered from summary columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from grader.errors import GradebookError
from grader.gradebook import ledger, roster, schema
from grader.gradebook.connected import Connected
from grader.gradebook.rows import ResultRow, result_row
from grader.records import Student
from grader.result import SubmissionResult
from grader.scoring import outcome

_ATTEMPT = ("assignment", "student", "attempt")


class Results(Connected):
    """What grading submissions came to."""

    def add_result(self, result: SubmissionResult) -> int:
        """Keep one grading; returns its number. Nothing older is changed."""
        with self._transaction(writing=True) as connection:
            roster.merge(connection, [Student(result.student)])
            query = sa.insert(schema.results).values(_row(result))
            return int(connection.execute(query.returning(schema.results.c.id)).scalar_one())

    def add_results(self, results: Iterable[SubmissionResult]) -> int:
        """Keep gradings as a whole or not at all, such as those of another gradebook."""
        kept = tuple(results)
        if kept:
            with self._transaction(writing=True) as connection:
                roster.merge(connection, [Student(r.student) for r in kept])
                connection.execute(sa.insert(schema.results), [_row(r) for r in kept])
        return len(kept)

    def current_results(
        self, assignment: str | None = None, student: str | None = None
    ) -> tuple[ResultRow, ...]:
        """The newest grading of every attempt, by assignment, student and attempt."""
        keys = {"assignment": assignment, "student": student}
        return self._rows(ledger.newest(schema.results, _ATTEMPT, **keys))

    def counting_results(self, assignment: str | None = None) -> dict[tuple[str, str], ResultRow]:
        """The newest grading of the last attempt, by student and assignment.

        `grader.standing` knows the attempts policy of the course; here the last one counts.
        """
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
        """The newest grading of an attempt in full; without an attempt, of the last one."""
        of = schema.results.c
        query = sa.select(of.id, of.document).where(
            of.student == student, of.assignment == assignment
        )
        if attempt is not None:
            query = query.where(of.attempt == attempt)
        found = self._all(query.order_by(of.attempt.desc(), of.id.desc()).limit(1))
        return self._document(found[0]) if found else None

    def results(
        self, assignment: str, numbers: Collection[int] | None = None
    ) -> Iterator[SubmissionResult]:
        """Gradings of an assignment in full, by student, one after the other.

        Args:
            assignment: which assignment.
            numbers: which gradings; without them, the newest of every student's last attempt.
        """
        of = schema.results.c
        if numbers is None:
            numbers = [row.id for row in self.counting_results(assignment).values()]
        wanted = list(numbers)
        for start in range(0, len(wanted), 50):
            some = of.id.in_(wanted[start : start + 50])
            query = sa.select(of.id, of.document).where(some, of.assignment == assignment)
            yield from map(self._document, self._all(query.order_by(of.student)))

    def _rows(
        self, where: sa.ColumnElement[bool], *order: sa.ColumnElement[Any]
    ) -> tuple[ResultRow, ...]:
        of = schema.results.c
        query = sa.select(*ledger.without(schema.results, "document")).where(where)
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


def _row(result: SubmissionResult) -> dict[str, Any]:
    summary = outcome(result)
    return {
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


def _as_json(result: SubmissionResult) -> str:
    try:
        return result.to_json()
    except ValueError as error:
        reason = str(error).splitlines()[0]
        problem = f"the result of {result.student} cannot be stored: {reason}"
        raise GradebookError(problem, "This is a fault of the grader: please report it") from error
