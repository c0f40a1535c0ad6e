"""Version 3: a mark says which attempt was read; of older marks that is not known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; rows that are there keep their guard and are not touched."""
    op.add_column("marks", sa.Column("attempt", sa.Integer))
