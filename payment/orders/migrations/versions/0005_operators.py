"""Indexes for what operators list, filter and find, so that it takes no longer as a book grows."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade():
    """Add indexes; that of the status goes into one that has the time as well."""
    op.drop_index("ix_payment_attempts_status", "payment_attempts")
    for name, table, *columns in (
        ("orders_created_at", "orders", "created_at"),
        ("orders_email", "orders", sa.text("lower(email)"), "created_at"),
        ("attempts_status", "attempts", "status", "created_at"),
        ("attempts_method", "attempts", "method", "created_at"),
        ("attempts_method_status", "attempts", "method", "status", "created_at"),
        ("deliveries_charge_id", "deliveries", "charge_id"),
        ("deliveries_received_at", "deliveries", "received_at"),
    ):
        op.create_index(f"ix_payment_{name}", f"payment_{table}", columns)
    # Of the few rows that a question is about.
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    held = "authorized IS 1" if on_sqlite else "authorized IS true"
    for name, table, column, where in (
        ("attempts_doubtful", "attempts", "doubtful_id", "doubtful_id IS NOT NULL"),
        ("attempts_refunded", "attempts", "created_at", "refunded_amount > 0"),
        ("attempts_held", "attempts", "expires_at", f"status = 'pending' AND {held}"),
        ("flags_raised", "flags", "raised_at", "lowered_at IS NULL"),
    ):
        op.create_index(
            f"ix_payment_{name}",
            f"payment_{table}",
            [column],
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
