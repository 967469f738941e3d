"""History, flags with a name and a reason, what is known of lost answers, and 64-bit amounts."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_AMOUNTS = (
    ("orders", "amount"),
    ("orders", "touched"),
    ("attempts", "amount"),
    ("attempts", "refunded_amount"),
    ("refunds", "amount"),
)


def upgrade():
    """Add what the second release writes, and carry over what the first one knew."""
    _rename()
    _widen()
    _add()
    _new_tables()
    _carry_over()
    op.drop_column("payment_orders", "needs_attention")


def _rename():
    op.drop_index("ix_payment_attempts_state", "payment_attempts")
    op.drop_index("ix_payment_refunds_state", "payment_refunds")
    op.alter_column("payment_attempts", "state", new_column_name="status")
    op.alter_column("payment_attempts", "set_aside", new_column_name="superseded")
    op.alter_column("payment_refunds", "state", new_column_name="status")
    op.create_index("ix_payment_attempts_status", "payment_attempts", ["status"])
    op.create_index("ix_payment_refunds_status", "payment_refunds", ["status"])


def _widen():
    # SQLite's integers are that wide already.
    if op.get_bind().dialect.name == "postgresql":
        for table, column in _AMOUNTS:
            op.alter_column(f"payment_{table}", column, type_=sa.BigInteger)


def _add():
    added = {
        "payment_orders": [
            sa.Column("fingerprint", sa.String(32)),
            sa.Column("visitor", sa.String(36)),
        ],
        "payment_attempts": [
            sa.Column("pays_with", sa.String(64)),
            sa.Column("doubtful_id", sa.String(64)),
            sa.Column("captured_amount", sa.BigInteger),
            sa.Column("dispute", sa.String(64)),
            sa.Column("sent_at", sa.DateTime),
            sa.Column("recorded_at", sa.DateTime),
        ],
        "payment_refunds": [
            sa.Column("refund_id", sa.String(64)),
            sa.Column("before", sa.JSON),
            sa.Column("by", sa.String(64)),
            sa.Column("why", sa.String(500)),
        ],
    }
    for table, columns in added.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_payment_orders_visitor", "payment_orders", ["visitor"])
    op.create_index(
        "ix_payment_refunds_refund_id", "payment_refunds", ["refund_id"], unique=True
    )


def _new_tables():
    order = sa.ForeignKey("payment_orders.id")
    op.create_table(
        "payment_entries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("order_id", sa.String(36), order, nullable=False),
        sa.Column("attempt_id", sa.String(36)),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("was", sa.String(64)),
        sa.Column("became", sa.String(64)),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("why", sa.String(500)),
        sa.Column("signal", sa.String(16)),
        sa.Column("told_at", sa.DateTime),
    )
    op.create_index("ix_payment_entries_order_id", "payment_entries", ["order_id"])
    untold = sa.text("signal IS NOT NULL AND told_at IS NULL")
    op.create_index(
        "ix_payment_entries_untold",
        "payment_entries",
        ["at"],
        sqlite_where=untold,
        postgresql_where=untold,
    )
    op.create_table(
        "payment_flags",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "order_id",
            sa.String(36),
            sa.ForeignKey("payment_orders.id"),
            nullable=False,
        ),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("raised_at", sa.DateTime, nullable=False),
        sa.Column("lowered_at", sa.DateTime),
        sa.Column("lowered_by", sa.String(64)),
        sa.Column("lowered_why", sa.String(500)),
    )
    op.create_index("ix_payment_flags_order_id", "payment_flags", ["order_id"])


def _carry_over():
    book = op.get_bind()
    _fingerprint(book)
    # That a list did not show it was no evidence: such an attempt is watched from now on.
    for table in ("payment_attempts", "payment_refunds"):
        book.execute(
            sa.text(
                f"UPDATE {table} SET status = 'not_found' "
                "WHERE status = 'failed' AND failure_code = 'nothing_found'"
            )
        )
    book.execute(
        sa.text(
            "UPDATE payment_attempts SET sent_at = created_at WHERE status <> 'created'"
        )
    )
    told = sa.text(
        "SELECT id, needs_attention, created_at FROM payment_orders "
        "WHERE needs_attention IS NOT NULL"
    )
    raise_flag = sa.text(
        'INSERT INTO payment_flags (order_id, why, "by", raised_at) '
        "VALUES (:order_id, :why, 'an earlier release', :raised_at)"
    )
    for order_id, reasons, moment in book.execute(told).all():
        # The newest came first; flags are listed the other way round.
        for why in reversed(reasons.split(" | ")):
            book.execute(
                raise_flag, {"order_id": order_id, "why": why, "raised_at": moment}
            )


def _fingerprint(book):
    """Let an order of the first release be paid from its page (orderform.fingerprint)."""
    orders = sa.table(
        "payment_orders",
        sa.column("id", sa.String),
        sa.column("lines", sa.JSON),
        sa.column("amount", sa.Integer),
        sa.column("currency", sa.String),
        sa.column("fingerprint", sa.String),
    )
    for order_id, lines, amount, currency, _ in book.execute(sa.select(orders)).all():
        shown = [[line["sku"], line["quantity"], line["amount"]] for line in lines]
        text = json.dumps([shown, amount, currency])
        mark = hashlib.sha256(text.encode()).hexdigest()[:32]
        book.execute(
            orders.update().where(orders.c.id == order_id).values(fingerprint=mark)
        )
