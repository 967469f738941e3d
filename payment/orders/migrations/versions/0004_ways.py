"""Which way the shopper chose, and by which reference their bank knows it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade():
    """Add what is known of the way; of earlier tries only the charge tells it."""
    op.add_column("payment_attempts", sa.Column("chosen", sa.String(64)))
    op.add_column("payment_attempts", sa.Column("reference", sa.String(64)))
