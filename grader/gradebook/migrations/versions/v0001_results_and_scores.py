"""The gradebook of version 1: results, marks, two tables of scores. Nothing to do to get there."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """A gradebook of version 1 was made by the grader of that version."""
