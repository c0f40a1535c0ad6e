"""The tables of the gradebook as they are now; `migrations/` says how older ones become these."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event

from grader.gradebook.columns import KEY, Exact, Moment

VERSION = 3
"""Version of the tables; a gradebook of a newer version is not touched."""

metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(200), nullable=False),
)
students = sa.Table(
    "students",
    metadata,
    sa.Column("id", KEY, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("email", sa.Text, nullable=False, default=""),
    sa.Column("section", sa.Text, nullable=False, default=""),
    sa.Column("github", sa.Text, nullable=False, default=""),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
)


def _ledger(
    name: str, group: tuple[str, ...], *columns: sa.Column[object], stamp: str = "entered_at"
) -> sa.Table:
    """A table to which rows are only added; the newest row of each `group` counts."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        *columns,
        sa.Column(stamp, Moment, nullable=False),
        sa.Index(f"{name}_current", *group, "id"),
    )


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=False)


def _key(name: str) -> sa.Column[object]:
    return sa.Column(name, KEY, nullable=False)


results = sa.Table(
    "results",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _key("assignment"),
    _key("student"),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("verdict", sa.String(40), nullable=False),
    sa.Column("earned", Exact, nullable=False),
    sa.Column("points", Exact, nullable=False),
    sa.Column("undecided", Exact, nullable=False),
    sa.Column("submitted_at", Moment),
    sa.Column("graded_at", Moment, nullable=False),
    sa.Column("isolation", sa.Integer),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("results_current", "assignment", "student", "attempt", "id"),
)
marks = _ledger(
    "marks",
    ("assignment", "student", "question"),
    _key("assignment"),
    _key("student"),
    _key("question"),
    sa.Column("points", Exact, nullable=False),
    _text("comment"),
    _text("marker"),
    sa.Column("attempt", sa.Integer),
)


def _score_table(name: str) -> sa.Table:
    score: sa.Column[object] = sa.Column("score", Exact, nullable=False)
    return _ledger(name, ("student",), _key("student"), score, _text("comment"), _text("marker"))


participation = _score_table("participation")
project = _score_table("project")
submissions = _ledger(
    "submissions",
    ("assignment", "student", "attempt"),
    _key("assignment"),
    _key("student"),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("submitted_at", Moment),
    _text("source"),
    sa.Column("sha256", sa.String(64), nullable=False),
    _text("file_name"),
    _text("note"),
    stamp="collected_at",
)
session_records = _ledger(
    "session_records",
    ("student", "held_on", "label", "kind"),
    _key("student"),
    sa.Column("held_on", sa.Date, nullable=False),
    _key("label"),
    _key("kind"),
    sa.Column("value", Exact),
    sa.Column("maximum", Exact),
    _text("comment"),
    _text("marker"),
)
criterion_scores = _ledger(
    "criterion_scores",
    ("team", "subject", "criterion", "marker"),
    _key("subject"),
    sa.Column("team", sa.Boolean, nullable=False),
    _key("criterion"),
    _key("level"),
    sa.Column("points", Exact),
    _key("marker"),
    _text("comment"),
)
memberships = _ledger(
    "memberships",
    ("student",),
    _key("student"),
    _key("team"),
    sa.Column("adjustment", Exact, nullable=False),
    _text("reason"),
    _text("marker"),
)
extensions = _ledger(
    "extensions",
    ("assignment", "student"),
    _key("assignment"),
    _key("student"),
    sa.Column("until", Moment),
    sa.Column("hours", Exact),
    _text("reason"),
    _text("author"),
)
overrides = _ledger(
    "overrides",
    ("assignment", "student", "scope", "target"),
    _key("assignment"),
    _key("student"),
    _key("scope"),
    _key("target"),
    sa.Column("points", Exact),
    _text("reason"),
    _text("author"),
)
comments = _ledger(
    "comments",
    ("assignment", "student", "question"),
    _key("assignment"),
    _key("student"),
    _key("question"),
    _text("text"),
    _text("author"),
)
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    _text("who"),
    _key("action"),
    _key("student"),
    _key("assignment"),
    _text("what"),
    _text("why"),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Index("audit_student", "student", "id"),
)

KEPT = (
    *(results, marks, participation, project, submissions, session_records, criterion_scores),
    *(memberships, extensions, overrides, comments, audit),
)
"""Tables to which rows are only added; the database itself refuses anything else."""


def guard(table: str, deed: str) -> str:
    """The SQLite trigger that refuses to UPDATE or DELETE rows of a table."""
    return (
        f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, 'rows of {table} are kept for good'); END"
    )


for _table in KEPT:
    for _deed in ("UPDATE", "DELETE"):
        _trigger = sa.DDL(guard(_table.name, _deed))  # type: ignore[no-untyped-call]
        event.listen(_table, "after_create", _trigger.execute_if(dialect="sqlite"))
