"""Do something of the host's about an order once, though its receivers hear of it at least once.

The order's history keeps what was begun and done, so that every process of every host knows it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import entries
from .ledger import lock
from .models import Entry
from .transaction import transaction

# What was begun so long ago and never ended, a crash has cut off: it may be tried again.
_GIVEN_UP = timedelta(minutes=10)
_BY = "host"


class Underway(Exception):
    """Raised when another process does the same thing just now: whether it succeeds is not known
    yet."""


@contextmanager
def once(order_id: str, what: str) -> Iterator[bool]:
    """Tell whether `what` (16 letters at most) is still to be done about an order, and keep that it
    was done.

        with once(order.id, "receipt") as wanted:
            if wanted:
                ...

    No transaction is open meanwhile. What raises inside is kept as failed, and may be tried again.
    Raises Underway, and OrdersUnavailable: nothing was begun then, unless the body has run.
    """
    if not _begin(order_id, what):
        yield False
        return
    became = "failed"
    try:
        yield True
        became = "done"
    finally:
        _end(order_id, what, became)


@transaction
def _begin(session: Session, order_id: str, what: str) -> bool:
    if lock(session, order_id) is None:
        return False
    of_it = select(Entry).where(Entry.order_id == order_id, Entry.what == what)
    newest = session.scalar(of_it.order_by(Entry.id.desc()).limit(1))
    if newest and newest.became == "done":
        return False
    if newest and newest.became == "begun" and newest.at > _given_up(session):
        raise Underway(f"{what} of order {order_id}")
    entries.append(session, order_id, what, _BY, became="begun")
    return True


def _given_up(session):
    return session.info["now"] - _GIVEN_UP


@transaction
def _end(session: Session, order_id: str, what: str, became: str) -> None:
    entries.append(session, order_id, what, _BY, was="begun", became=became)
