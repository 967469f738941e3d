"""The rows of the order book. What moves one, and when, is in ledger.py.

Money is a whole number of the currency's smallest unit, 64 bits wide. Times are UTC without a zone,
by the clock of the database, which all hosts share.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    and_,
    func,
    literal,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.sql.functions import FunctionElement

# The statuses of an attempt whose outcome is not known yet.
OPEN = ("created", "sent", "unknown", "pending")
# How a dispute can have ended (disputes-api; closed: of old).
SETTLED = ("won", "lost", "closed")
# What a text column has room for.
ROOM_FOR_WHY, ROOM_FOR_NAME = 500, 64


class utcnow(FunctionElement):  # noqa: N801  reads as the SQL function that it is
    """The moment at which a statement runs, by the database's clock."""

    type = DateTime()
    inherit_cache = True


@compiles(utcnow, "sqlite")
def _utcnow_sqlite(element, compiler, **_):
    # Milliseconds are what SQLite has; the zeros make them the microseconds that are read back.
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


@compiles(utcnow, "postgresql")
def _utcnow_postgresql(element, compiler, **_):
    return "timezone('utc', clock_timestamp())"


class Base(DeclarativeBase):
    """Collect payment's own tables, apart from any that a host has."""

    metadata = MetaData()
    type_annotation_map = {int: BigInteger}
    # What the database worked out (a time) comes back with the statement that wrote it.
    __mapper_args__ = {"eager_defaults": True}


class Order(Base):
    """What a shopper buys. Its id is an unguessable capability (a UUID4)."""

    __tablename__ = "payment_orders"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    lines: Mapped[list] = mapped_column(JSON)
    # Of lines, total and currency (orderform.fingerprint): what the shopper was shown.
    fingerprint: Mapped[str | None] = mapped_column(String(32))
    # Whose session ordered it (visitor.py).
    visitor: Mapped[str | None] = mapped_column(String(36), index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(default=utcnow())
    paid_at: Mapped[datetime | None]
    # The attempt that paid; set once.
    paid_by: Mapped[str | None] = mapped_column(String(36))
    # Touched to lock the order: every writer updates this row first.
    touched: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[list["Attempt"]] = relationship(
        back_populates="order", order_by="Attempt.number", lazy="selectin"
    )
    flags: Mapped[list["Flag"]] = relationship(
        order_by="Flag.id.desc()",
        lazy="selectin",
        primaryjoin="and_(Flag.order_id == Order.id, Flag.lowered_at.is_(None))",
    )

    def as_shown(self) -> dict[str, Any]:
        """Give what is to be paid, as a page shows it."""
        return {
            "lines": self.lines,
            "amount": self.amount,
            "currency": self.currency,
            "email": self.email,
        }

    @property
    def latest(self) -> "Attempt | None":
        """Give the attempt that tells the order's state: the one that paid, or the newest."""
        paid = [one for one in self.attempts if one.id == self.paid_by]
        return (paid or self.attempts)[-1] if self.attempts else None


class Attempt(Base):
    """One try to pay an order; committed before Omise is called.

    `form_id` is its idempotency key: a form posted again finds the same attempt.
    """

    __tablename__ = "payment_attempts"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey(Order.id), index=True)
    number: Mapped[int] = mapped_column(Integer)
    form_id: Mapped[str] = mapped_column(String(36), unique=True)
    status: Mapped[str] = mapped_column(String(10), default="created")
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    livemode: Mapped[bool]
    # Who tried: the visitor of the session, a mark of the address (budgets.mark_of_address), and
    # whether by card.
    visitor: Mapped[str | None] = mapped_column(String(36))
    address: Mapped[str | None] = mapped_column(String(32))
    by_card: Mapped[bool] = mapped_column(default=False)
    # The single-use token or source that it pays with: Omise says whether it was used. None: a
    # saved card, or a source that is made by the very request to charge.
    pays_with: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    charge_id: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME), unique=True)
    # A charge that came as its answer and does not name it: an operator must look.
    doubtful_id: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    # The row of methods.py that the shopper chose, where the shop knows it, and the type of the
    # charge's source.
    chosen: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    method: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    paid_with: Mapped[str | None] = mapped_column(String(60))
    authorized: Mapped[bool] = mapped_column(default=False)
    # The shopper chose to pay another way while this one could still be paid.
    superseded: Mapped[bool] = mapped_column(default=False)
    refunded_amount: Mapped[int] = mapped_column(default=0)
    # What was taken, where that is less than what was authorised (charges-api#capture).
    captured_amount: Mapped[int | None]
    # The status of the dispute over it (disputes-api): open, pending, or SETTLED.
    dispute: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    failure_code: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    authorize_uri: Mapped[str | None] = mapped_column(String(2048))
    code_uri: Mapped[str | None] = mapped_column(String(2048))
    payment_code: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    # By which the shopper's bank knows the payment.
    reference: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow())
    # When the request to charge left.
    sent_at: Mapped[datetime | None]
    # When somebody last asked Omise about it, and when a charge of it was last recorded.
    checked_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime | None]
    order: Mapped[Order] = relationship(back_populates="attempts")
    refunds: Mapped[list["Refund"]] = relationship(
        order_by="Refund.created_at", lazy="selectin"
    )

    @property
    def is_left_over(self) -> bool:
        """Tell whether it was given up, and Omise did not close it: it may be confirmed still."""
        return self.superseded and self.status == "pending"

    @property
    def taken(self) -> int:
        """Tell how much it has taken (smallest unit), before anything was given back."""
        if self.status != "successful":
            return 0
        return self.captured_amount or self.amount

    @property
    def is_disputed(self) -> bool:
        """Tell whether a dispute over it is open."""
        return self.dispute is not None and self.dispute not in SETTLED


class Refund(Base):
    """One wish to give money back; committed before Omise is called.

    `status`: sent (the request may have left, or Omise says that it is not closed yet), done,
    failed (Omise said no), or not_found
    (nothing of it was seen at Omise for a long time).
    """

    __tablename__ = "payment_refunds"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    attempt_id: Mapped[str] = mapped_column(ForeignKey(Attempt.id), index=True)
    amount: Mapped[int]
    status: Mapped[str] = mapped_column(String(10), default="sent", index=True)
    # Its id at Omise, once that is known.
    refund_id: Mapped[str | None] = mapped_column(
        String(ROOM_FOR_NAME), unique=True, index=True
    )
    # The ids of the refunds that the charge had before: what is not among them is new.
    before: Mapped[list | None] = mapped_column(JSON)
    failure_code: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    by: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    why: Mapped[str | None] = mapped_column(String(ROOM_FOR_WHY))
    created_at: Mapped[datetime] = mapped_column(default=utcnow())


class Delivery(Base):
    """A webhook delivery that bore a good signature, kept as evidence."""

    __tablename__ = "payment_deliveries"
    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    charge_id: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(default=utcnow())


class Entry(Base):
    """One thing that happened to an order: an audit entry, appended and never changed.

    `signal` names the signal that it is told by, and `told_at` when the receivers have run.
    """

    __tablename__ = "payment_entries"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey(Order.id), index=True)
    attempt_id: Mapped[str | None] = mapped_column(String(36))
    at: Mapped[datetime] = mapped_column(default=utcnow())
    what: Mapped[str] = mapped_column(String(16))
    was: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    became: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    by: Mapped[str] = mapped_column(String(ROOM_FOR_NAME))
    why: Mapped[str | None] = mapped_column(String(ROOM_FOR_WHY))
    signal: Mapped[str | None] = mapped_column(String(16))
    told_at: Mapped[datetime | None]


class HeardUntil(Base):
    """Until when the sweep has heard all that Omise says has happened in the account: one row."""

    __tablename__ = "payment_news"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until: Mapped[datetime]


class Flag(Base):
    """A reason for a person to look at an order, until somebody lowers it."""

    __tablename__ = "payment_flags"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey(Order.id), index=True)
    why: Mapped[str] = mapped_column(String(ROOM_FOR_WHY))
    by: Mapped[str] = mapped_column(String(ROOM_FOR_NAME))
    raised_at: Mapped[datetime] = mapped_column(default=utcnow())
    lowered_at: Mapped[datetime | None]
    lowered_by: Mapped[str | None] = mapped_column(String(ROOM_FOR_NAME))
    lowered_why: Mapped[str | None] = mapped_column(String(ROOM_FOR_WHY))


# Authorised and not captured; given back, all or in part; with a dispute that is open. A database
# uses an index of some rows only for a question in the very same words: these are written into the
# statement.
HELD = and_(
    Attempt.status == literal("pending", literal_execute=True),
    Attempt.authorized.is_(True),
)
DISPUTED = and_(
    *(Attempt.dispute != literal(one, literal_execute=True) for one in SETTLED)
)
GIVEN_BACK = Attempt.refunded_amount > literal(0, literal_execute=True)

# What is counted before a card is tried.
Index("ix_payment_attempts_visitor", Attempt.visitor, Attempt.created_at)
Index("ix_payment_attempts_address", Attempt.address, Attempt.created_at)
Index("ix_payment_attempts_created_at", Attempt.created_at)


def _index_of_some(name: str, *columns: Any, where: ColumnElement[bool]) -> Index:
    """Index the few rows of a table that a question is about, however many others there are."""
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


# What the sweep looks for in every round.
_index_of_some(
    "ix_payment_entries_untold",
    Entry.at,
    where=and_(Entry.signal.is_not(None), Entry.told_at.is_(None)),
)
_index_of_some(
    "ix_payment_attempts_doubtful",
    Attempt.doubtful_id,
    where=Attempt.doubtful_id.is_not(None),
)
# What an operator lists, filters and finds (search.py).
Index("ix_payment_orders_created_at", Order.created_at)
Index("ix_payment_orders_email", func.lower(Order.email), Order.created_at)
Index("ix_payment_attempts_status", Attempt.status, Attempt.created_at)
Index("ix_payment_attempts_method", Attempt.method, Attempt.created_at)
Index(
    "ix_payment_attempts_method_status",
    Attempt.method,
    Attempt.status,
    Attempt.created_at,
)
_index_of_some("ix_payment_attempts_disputed", Attempt.created_at, where=DISPUTED)
_index_of_some("ix_payment_attempts_refunded", Attempt.created_at, where=GIVEN_BACK)
_index_of_some("ix_payment_attempts_held", Attempt.expires_at, where=HELD)
_index_of_some(
    "ix_payment_flags_raised", Flag.raised_at, where=Flag.lowered_at.is_(None)
)
Index("ix_payment_deliveries_charge_id", Delivery.charge_id)
Index("ix_payment_deliveries_received_at", Delivery.received_at)
