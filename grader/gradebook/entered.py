"""What people decide: marks, scores, sessions, rubrics, teams, extensions, overrides, comments.

Every `add_…` takes rows as a whole or not at all, adds only what differs from the newest about the
same thing, says how many that were, and puts each into the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import sqlalchemy as sa

from grader.entries import (
    Collected,
    Comment,
    CriterionScore,
    Extension,
    Membership,
    Override,
    Scope,
    SessionRecord,
)
from grader.gradebook import schema
from grader.gradebook.connected import Connected
from grader.gradebook.ledger import append, newest, without
from grader.gradebook.rows import Mark, Score
from grader.records import MarkRow, ScoreRow, Student

_Entry = TypeVar("_Entry")


class Entered(Connected):
    """What people have entered."""

    # -- hand-ins --------------------------------------------------------------------------

    def add_submissions(self, entries: Iterable[Collected], author: str = "") -> int:
        """Keep what was collected; returns how many are news."""
        rows = [_row(e, "collected_at") for e in entries]
        return self._add(schema.submissions, _ATTEMPT, rows, "collect", stamp="collected_at")

    def submissions(self, assignment: str | None = None) -> tuple[Collected, ...]:
        """What was collected, by assignment, student and attempt."""
        return self._entries(schema.submissions, _ATTEMPT, _made(Collected), assignment=assignment)

    # -- homework --------------------------------------------------------------------------

    def add_marks(self, assignment: str, rows: Iterable[MarkRow], by: str = "") -> int:
        """Keep marks of written questions; `by` where a row names no marker."""
        entered = [
            {
                "assignment": assignment,
                "student": row.student,
                "question": row.question,
                "points": row.points,
                "comment": row.comment,
                "marker": row.marker or by,
                "attempt": row.attempt,
            }
            for row in rows
        ]
        return self._add(schema.marks, _QUESTION, entered, "mark")

    def marks(self, assignment: str | None = None, student: str | None = None) -> tuple[Mark, ...]:
        """The newest mark of every written question."""
        keys = {"assignment": assignment, "student": student}
        return self._entries(schema.marks, _QUESTION, _made(Mark), **keys)

    def add_comments(self, entries: Iterable[Comment]) -> int:
        """Keep what people tell students about questions; returns how many are news."""
        return self._add(schema.comments, _QUESTION, [_row(e) for e in entries], "comment")

    def comments(
        self, assignment: str | None = None, student: str | None = None
    ) -> tuple[Comment, ...]:
        """The newest comment on every question; withdrawn ones are left out."""
        keys = {"assignment": assignment, "student": student}
        found = self._entries(schema.comments, _QUESTION, _made(Comment), **keys)
        return tuple(c for c in found if c.text)

    def add_extensions(self, entries: Iterable[Extension]) -> int:
        """Give more time; returns how many are news."""
        return self._add(schema.extensions, _HOMEWORK, [_row(e) for e in entries], "extend")

    def extensions(
        self, assignment: str | None = None, student: str | None = None
    ) -> tuple[Extension, ...]:
        """The extensions that hold; withdrawn ones are left out."""
        keys = {"assignment": assignment, "student": student}
        found = self._entries(schema.extensions, _HOMEWORK, _made(Extension), **keys)
        return tuple(e for e in found if e.until is not None or e.hours is not None)

    def add_overrides(self, entries: Iterable[Override]) -> int:
        """Decide points instead of the grader; returns how many are news."""
        rows = [_row(e) | {"scope": e.scope.value} for e in entries]
        return self._add(schema.overrides, _OVERRIDE, rows, "override")

    def overrides(
        self, assignment: str | None = None, student: str | None = None
    ) -> tuple[Override, ...]:
        """The overrides that hold; withdrawn ones are left out."""
        keys = {"assignment": assignment, "student": student}
        found = self._entries(schema.overrides, _OVERRIDE, _override, **keys)
        return tuple(o for o in found if o.points is not None)

    # -- participation and project ---------------------------------------------------------

    def add_participation(self, rows: Iterable[ScoreRow], by: str = "") -> int:
        """Keep scores for participation; returns how many are news."""
        return self._add_scores(schema.participation, rows, by)

    def participation(self) -> dict[str, Score]:
        """The newest score for participation by student."""
        return self._scores(schema.participation)

    def add_sessions(self, entries: Iterable[SessionRecord]) -> int:
        """Keep what was noted session by session; returns how many are news."""
        rows = [_row(e) for e in entries]
        return self._add(schema.session_records, _SESSION, rows, "participation")

    def sessions(self, student: str | None = None) -> tuple[SessionRecord, ...]:
        """What was noted of students, by student and date; withdrawn records are left out."""
        found = self._entries(
            schema.session_records, _SESSION, _made(SessionRecord), student=student
        )
        return tuple(r for r in found if r.value is not None)

    def add_project(self, rows: Iterable[ScoreRow], by: str = "") -> int:
        """Keep scores for the project; returns how many are news."""
        return self._add_scores(schema.project, rows, by)

    def project(self) -> dict[str, Score]:
        """The newest score for the project by student."""
        return self._scores(schema.project)

    def add_criteria(self, entries: Iterable[CriterionScore]) -> int:
        """Keep what markers gave for criteria of the rubric; returns how many are news."""
        rows = [_row(e) for e in entries]
        people = [Student(r["subject"]) for r in rows if not r["team"]]
        return self._add(schema.criterion_scores, _CRITERION, rows, "project", people)

    def criteria(self, subject: str | None = None) -> tuple[CriterionScore, ...]:
        """What each marker gave last for each criterion; withdrawn scores are left out."""
        found = self._entries(
            schema.criterion_scores, _CRITERION, _made(CriterionScore), subject=subject
        )
        return tuple(c for c in found if c.level or c.points is not None)

    def add_memberships(self, entries: Iterable[Membership]) -> int:
        """Say who works in which team; returns how many are news."""
        return self._add(schema.memberships, ("student",), [_row(e) for e in entries], "team")

    def memberships(self) -> dict[str, Membership]:
        """The team of every student who is in one."""
        found = self._entries(schema.memberships, ("student",), _made(Membership))
        return {m.student: m for m in found if m.team}

    # -- inside ----------------------------------------------------------------------------

    def _add(
        self,
        table: sa.Table,
        group: tuple[str, ...],
        rows: Sequence[Mapping[str, Any]],
        action: str,
        people: Iterable[Student] | None = None,
        *,
        stamp: str = "entered_at",
    ) -> int:
        if people is None:
            people = [Student(row["student"]) for row in rows]
        with self._transaction(writing=True) as connection:
            return append(connection, table, group, rows, action, stamp=stamp, people=people)

    def _entries(
        self,
        table: sa.Table,
        group: tuple[str, ...],
        make: Callable[[Mapping[str, Any]], _Entry],
        **where: str | None,
    ) -> tuple[_Entry, ...]:
        query = sa.select(*without(table, "id")).where(newest(table, group, **where))
        return tuple(map(make, self._all(query.order_by(*(table.c[name] for name in group)))))

    def _add_scores(self, table: sa.Table, rows: Iterable[ScoreRow], by: str) -> int:
        rows = tuple(rows)
        entered = [
            {"student": r.student, "score": r.score, "comment": r.comment, "marker": by}
            for r in rows
        ]
        people = [Student(r.student, r.name) for r in rows]
        return self._add(table, ("student",), entered, table.name, people)

    def _scores(self, table: sa.Table) -> dict[str, Score]:
        return {s.student: s for s in self._entries(table, ("student",), _made(Score))}


_ATTEMPT = ("assignment", "student", "attempt")
_HOMEWORK = ("assignment", "student")
_QUESTION = ("assignment", "student", "question")
_OVERRIDE = ("assignment", "student", "scope", "target")
_SESSION = ("student", "held_on", "label", "kind")
_CRITERION = ("team", "subject", "criterion", "marker")


def _row(entry: Any, stamp: str = "entered_at") -> dict[str, Any]:
    """The columns of an entry; the gradebook itself says when it was entered."""
    row = asdict(entry)
    del row[stamp]
    return row


def _made(kind: Callable[..., _Entry]) -> Callable[[Mapping[str, Any]], _Entry]:
    return lambda row: kind(**row)


def _override(row: Mapping[str, Any]) -> Override:
    return Override(**{**row, "scope": Scope(row["scope"])})
