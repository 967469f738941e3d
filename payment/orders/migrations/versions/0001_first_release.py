"""The book as it was first released, or that very book under names that are payment's own.

The first release called its tables orders, attempts, refunds and deliveries. They are taken over
only where they are ours to the last column: a host may have an `orders` table too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_OURS = {
    "orders": {"amount", "currency", "lines", "needs_attention", "paid_by", "touched"},
    "attempts": {"order_id", "form_id", "state", "set_aside", "charge_id", "code_uri"},
    "refunds": {"attempt_id", "amount", "state", "failure_code"},
    "deliveries": {"event_id", "key", "charge_id", "received_at"},
}
_INDEXES = (
    ("attempts", "order_id"),
    ("attempts", "state"),
    ("refunds", "attempt_id"),
    ("refunds", "state"),
)


def upgrade():
    """Make the first tables, or take over those of the first release."""
    if _first_release_is_here():
        for name in ("orders", "attempts", "refunds", "deliveries"):
            op.rename_table(name, f"payment_{name}")
        for table, column in _INDEXES:
            op.drop_index(f"ix_{table}_{column}", f"payment_{table}")
    else:
        _create()
    for table, column in _INDEXES:
        op.create_index(f"ix_payment_{table}_{column}", f"payment_{table}", [column])


def _first_release_is_here():
    book = sa.inspect(op.get_bind())
    return all(
        book.has_table(name)
        and columns <= {one["name"] for one in book.get_columns(name)}
        for name, columns in _OURS.items()
    )


def _create():
    op.create_table(
        "payment_orders",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("paid_at", sa.DateTime),
        sa.Column("paid_by", sa.String(36)),
        sa.Column("needs_attention", sa.String(500)),
        sa.Column("touched", sa.Integer, nullable=False),
    )
    op.create_table(
        "payment_attempts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "order_id",
            sa.String(36),
            sa.ForeignKey("payment_orders.id"),
            nullable=False,
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("form_id", sa.String(36), nullable=False, unique=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("charge_id", sa.String(64), unique=True),
        sa.Column("method", sa.String(64)),
        sa.Column("paid_with", sa.String(60)),
        sa.Column("authorized", sa.Boolean, nullable=False),
        sa.Column("set_aside", sa.Boolean, nullable=False),
        sa.Column("refunded_amount", sa.Integer, nullable=False),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("authorize_uri", sa.String(2048)),
        sa.Column("code_uri", sa.String(2048)),
        sa.Column("payment_code", sa.String(64)),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("checked_at", sa.DateTime),
    )
    op.create_table(
        "payment_refunds",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "attempt_id",
            sa.String(36),
            sa.ForeignKey("payment_attempts.id"),
            nullable=False,
        ),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("failure_code", sa.String(64)),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "payment_deliveries",
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("charge_id", sa.String(64)),
        sa.Column("received_at", sa.DateTime, nullable=False),
    )
