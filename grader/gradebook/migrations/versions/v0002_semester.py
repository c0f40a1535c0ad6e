"""Version 2: hand-ins, sessions, rubric, teams, extensions, overrides, comments, the audit log.

What is written here is the past: it stays as it is when the tables of today change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KEY = sa.String(100)
_NUMBER = sa.String(40)
_MOMENT = sa.String(40)


def upgrade() -> None:
    """Add what a semester needs, and guard every table to which rows are only added."""
    active = sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true())
    op.add_column("students", active)
    _hand_ins_and_sessions()
    _project()
    _decisions()
    _audit()
    if op.get_bind().dialect.name == "sqlite":
        _guard()


def _ledger(
    name: str, group: tuple[str, ...], *columns: sa.Column[object], stamp: str = "entered_at"
) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Integer, primary_key=True),
        *columns,
        sa.Column(stamp, _MOMENT, nullable=False),
    )
    op.create_index(f"{name}_current", name, [*group, "id"])


def _key(name: str) -> sa.Column[object]:
    return sa.Column(name, _KEY, nullable=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=False)


def _hand_ins_and_sessions() -> None:
    _ledger(
        "submissions",
        ("assignment", "student", "attempt"),
        _key("assignment"),
        _key("student"),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("submitted_at", _MOMENT),
        _text("source"),
        sa.Column("sha256", sa.String(64), nullable=False),
        _text("file_name"),
        _text("note"),
        stamp="collected_at",
    )
    _ledger(
        "session_records",
        ("student", "held_on", "label", "kind"),
        _key("student"),
        sa.Column("held_on", sa.Date, nullable=False),
        _key("label"),
        _key("kind"),
        sa.Column("value", _NUMBER),
        sa.Column("maximum", _NUMBER),
        _text("comment"),
        _text("marker"),
    )


def _project() -> None:
    _ledger(
        "criterion_scores",
        ("team", "subject", "criterion", "marker"),
        _key("subject"),
        sa.Column("team", sa.Boolean, nullable=False),
        _key("criterion"),
        _key("level"),
        sa.Column("points", _NUMBER),
        _key("marker"),
        _text("comment"),
    )
    _ledger(
        "memberships",
        ("student",),
        _key("student"),
        _key("team"),
        sa.Column("adjustment", _NUMBER, nullable=False),
        _text("reason"),
        _text("marker"),
    )


def _decisions() -> None:
    _ledger(
        "extensions",
        ("assignment", "student"),
        _key("assignment"),
        _key("student"),
        sa.Column("until", _MOMENT),
        sa.Column("hours", _NUMBER),
        _text("reason"),
        _text("author"),
    )
    _ledger(
        "overrides",
        ("assignment", "student", "scope", "target"),
        _key("assignment"),
        _key("student"),
        _key("scope"),
        _key("target"),
        sa.Column("points", _NUMBER),
        _text("reason"),
        _text("author"),
    )
    _ledger(
        "comments",
        ("assignment", "student", "question"),
        _key("assignment"),
        _key("student"),
        _key("question"),
        _text("text"),
        _text("author"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False),
        _text("who"),
        _key("action"),
        _key("student"),
        _key("assignment"),
        _text("what"),
        _text("why"),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_index("audit_student", "audit", ["student", "id"])


def _guard() -> None:
    kept = (
        *("results", "marks", "participation", "project", "submissions", "session_records"),
        *("criterion_scores", "memberships", "extensions", "overrides", "comments", "audit"),
    )
    for table in kept:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, 'rows of {table} are kept for good'); END"
            )
