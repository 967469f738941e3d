"""Read the order book, and make each use of it one transaction.

No function here calls Omise, and none is called with a transaction open.
"""

from functools import wraps

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from database import db
from payment.models import Attempt, Delivery, Order, Refund, now

# The states of an attempt whose outcome is not known yet.
OPEN = ("created", "sent", "unknown", "pending")


class LedgerDown(Exception):
    """Say that the order book could not be read or written; nothing was changed by the call."""


def whole(function):
    """Make a function one transaction: committed at its end, or undone and said so.

    Its session is its own, so the host's stays as it was, and what it returns is a plain copy of
    the rows that no later use can turn into a query.
    """

    @wraps(function)
    def wrapped(*args, **kwargs):
        try:
            with Session(db.engine, expire_on_commit=False) as session, session.begin():
                return function(session, *args, **kwargs)
        except SQLAlchemyError as error:
            raise LedgerDown(type(error).__name__) from error

    return wrapped


def lock(session, order_id):
    """Take the order for this transaction alone, and read it afresh.

    Touching the row takes the row lock on PostgreSQL and the write lock on SQLite, where
    SELECT FOR UPDATE is silently nothing.
    """
    touched = Order.touched + 1
    session.execute(update(Order).where(Order.id == order_id).values(touched=touched))
    return session.get(Order, order_id, populate_existing=True)


@whole
def find_order(session, order_id):
    """Read an order with its attempts, or None."""
    return session.get(Order, order_id)


@whole
def find_attempt(session, attempt_id):
    """Read an attempt, or None."""
    return session.get(Attempt, str(attempt_id))


@whole
def list_orders(session, limit, attention=False):
    """List the newest orders, or the newest of those that a person must look at."""
    query = select(Order).order_by(Order.created_at.desc()).limit(limit)
    if attention:
        query = query.where(Order.needs_attention.is_not(None))
    return list(session.scalars(query))


@whole
def unsettled(session, order_id=None):
    """List the attempts whose outcome is not known yet, longest unasked first."""
    query = select(Attempt).where(Attempt.state.in_(OPEN))
    if order_id:
        query = query.where(Attempt.order_id == order_id)
    query = query.order_by(Attempt.checked_at.nulls_first(), Attempt.created_at)
    return list(session.scalars(query))


@whole
def claim(session, attempt_id, gap):
    """Claim the next question to Omise about an attempt; False if it was asked so lately."""
    asked = or_(Attempt.checked_at.is_(None), Attempt.checked_at <= now() - gap)
    chosen = update(Attempt).where(Attempt.id == attempt_id, asked)
    return session.execute(chosen.values(checked_at=now())).rowcount == 1


@whole
def find_refund(session, refund_id):
    """Read a refund, or None."""
    return session.get(Refund, refund_id)


@whole
def open_refunds(session):
    """List the refunds of which nobody knows yet whether money went back."""
    query = select(Refund).where(Refund.state == "sent").order_by(Refund.created_at)
    return list(session.scalars(query))


def note_delivery(event_id, key, charge_id):
    """Keep a webhook delivery as evidence, once for each event."""
    try:
        _note_delivery(event_id, key, charge_id)
    except LedgerDown as error:
        # The same event arrived twice at once, and the other one is kept.
        if not isinstance(error.__cause__, IntegrityError):
            raise


@whole
def _note_delivery(session, event_id, key, charge_id):
    if not session.get(Delivery, event_id):
        session.add(Delivery(event_id=event_id, key=key, charge_id=charge_id))
