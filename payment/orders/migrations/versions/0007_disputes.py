"""An index of the attempts that were disputed, which every sweep looks through."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    """Add an index of the few rows that it is about."""
    where = sa.text("dispute IS NOT NULL")
    op.create_index(
        "ix_payment_attempts_disputed",
        "payment_attempts",
        ["created_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
