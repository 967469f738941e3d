"""An index of the attempts over which a dispute is open, for which every sweep looks."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    """Add an index of the few rows that it is about."""
    ended = ("won", "lost", "closed")
    where = sa.text(" AND ".join(f"dispute != '{one}'" for one in ended))
    op.create_index(
        "ix_payment_attempts_disputed",
        "payment_attempts",
        ["created_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
