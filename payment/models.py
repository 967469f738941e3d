"""The tables of the order book. What moves a row, and when, is in ledger.py."""

from datetime import UTC, datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from database import db


def now():
    """Tell the time as the order book keeps it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Order(db.Model):
    """Hold what a shopper buys. Its id is an unguessable capability (UUID4); amounts in the
    smallest unit."""

    __tablename__ = "orders"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    lines: Mapped[list] = mapped_column(JSON)
    email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(default=now)
    paid_at: Mapped[datetime | None]
    # The attempt that paid; set once.
    paid_by: Mapped[str | None] = mapped_column(String(36))
    # Why an operator must look at it; None when nobody must.
    needs_attention: Mapped[str | None] = mapped_column(String(500))
    # Touched to lock the order: every writer updates this row first.
    touched: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[list["Attempt"]] = relationship(
        back_populates="order", order_by="Attempt.number", lazy="selectin"
    )

    @property
    def latest(self):
        """Give the attempt that tells the order's state: the one that paid, or the newest."""
        paid = [one for one in self.attempts if one.id == self.paid_by]
        return (paid or self.attempts)[-1] if self.attempts else None


class Attempt(db.Model):
    """Hold one try to pay an order; committed before Omise is called."""

    __tablename__ = "attempts"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    number: Mapped[int]
    # The form that asked for it: a form posted again finds the same attempt.
    form_id: Mapped[str] = mapped_column(String(36), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="created", index=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    livemode: Mapped[bool]
    charge_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    method: Mapped[str | None] = mapped_column(String(64))
    paid_with: Mapped[str | None] = mapped_column(String(60))
    authorized: Mapped[bool] = mapped_column(default=False)
    # The shopper chose to pay another way while this one could still be paid.
    set_aside: Mapped[bool] = mapped_column(default=False)
    refunded_amount: Mapped[int] = mapped_column(default=0)
    failure_code: Mapped[str | None] = mapped_column(String(64))
    authorize_uri: Mapped[str | None] = mapped_column(String(2048))
    code_uri: Mapped[str | None] = mapped_column(String(2048))
    payment_code: Mapped[str | None] = mapped_column(String(64))
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    # When Omise was last asked about it.
    checked_at: Mapped[datetime | None]
    order: Mapped[Order] = relationship(back_populates="attempts")
    refunds: Mapped[list["Refund"]] = relationship(
        order_by="Refund.created_at", lazy="selectin"
    )


class Refund(db.Model):
    """Hold one wish to give money back; committed before Omise is called.

    `state`: sent (the request may have left), done, or failed (no money was given back).
    """

    __tablename__ = "refunds"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    attempt_id: Mapped[str] = mapped_column(ForeignKey("attempts.id"), index=True)
    amount: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="sent", index=True)
    failure_code: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Delivery(db.Model):
    """Keep each webhook delivery that bore a good signature, as evidence."""

    __tablename__ = "deliveries"
    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    charge_id: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(default=now)
