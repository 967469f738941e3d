"""Forget who ordered, once no law and no shopper needs it any more; what was paid stays."""

from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from .models import OPEN, Attempt, Delivery, Order
from .queries import read_clock
from .transaction import transaction


@transaction
def forget_people(session: Session, age: timedelta) -> int:
    """Take e-mail, visitor and mark of the address from orders older than `age`.

    Orders with an attempt that is open, or younger, are left alone. Webhook deliveries as old are
    deleted. Gives the number of orders.
    """
    before = read_clock(session) - age
    in_use = select(Attempt.order_id).where(
        or_(Attempt.status.in_(OPEN), Attempt.created_at >= before)
    )
    is_old = (Order.created_at < before, Order.id.not_in(in_use))
    named = or_(Order.email.is_not(None), Order.visitor.is_not(None))
    forgotten = session.execute(
        update(Order).where(*is_old, named).values(email=None, visitor=None)
    )
    old = select(Order.id).where(*is_old)
    tried = update(Attempt).where(Attempt.order_id.in_(old))
    session.execute(tried.values(visitor=None, address=None))
    session.execute(delete(Delivery).where(Delivery.received_at < before))
    return forgotten.rowcount  # type: ignore[attr-defined]
