"""Who tried to pay, by which tries with stolen cards are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    """Add who tried; of earlier tries nobody knows."""
    for column in (
        sa.Column("visitor", sa.String(36)),
        sa.Column("address", sa.String(32)),
        sa.Column("by_card", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("payment_attempts", column)
    for name in ("visitor", "address"):
        op.create_index(
            f"ix_payment_attempts_{name}", "payment_attempts", [name, "created_at"]
        )
    op.create_index(
        "ix_payment_attempts_created_at", "payment_attempts", ["created_at"]
    )
