"""Find orders by what an operator knows of them: how they stand, who paid and how, what was seen.

Each question is answered along an index, and read from its newest end, so that it takes as long
in a book of a million orders as in one of a thousand (bench/growth.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from .models import GIVEN_BACK, HELD, Attempt, Delivery, Flag, Order, Refund
from .transaction import transaction

_UUID = "00000000-0000-0000-0000-000000000000"
_IN_A_LINK = re.compile(r"/orders/([0-9a-f-]{36})\b")
# So much of an order's id leads to it.
SHORTEST_PREFIX = 4
# Orders that are read at once where all are wanted.
_AT_ONCE = 500

# Attempt.taken of those that are paid.
_taken = func.coalesce(Attempt.captured_amount, Attempt.amount)
# How an order can stand, and the attempts that say so.
STANDINGS: dict[str, ColumnElement[bool]] = {
    "waiting": and_(Attempt.status == "pending", Attempt.authorized.is_(False)),
    "authorised": and_(Attempt.status == "pending", Attempt.authorized.is_(True)),
    "confirming": Attempt.status.in_(("created", "sent", "unknown")),
    "not_found": Attempt.status == "not_found",
    "paid": and_(Attempt.status == "successful", Attempt.refunded_amount == 0),
    "partly_refunded": and_(
        Attempt.status == "successful",
        GIVEN_BACK,
        Attempt.refunded_amount < _taken,
    ),
    "refunded": and_(
        Attempt.status == "successful",
        GIVEN_BACK,
        Attempt.refunded_amount >= _taken,
    ),
    "failed": Attempt.status == "failed",
    "expired": Attempt.status == "expired",
    "reversed": Attempt.status == "reversed",
    "closed": Attempt.status == "closed",
}


def standing(order: Order) -> str:
    """Name how an order stands, by the attempt that tells it; "empty" if there is none."""
    attempt = order.latest
    if attempt is None:
        return "empty"
    if attempt.status == "pending":
        return "authorised" if attempt.authorized else "waiting"
    if attempt.status == "successful":
        if not attempt.refunded_amount:
            return "paid"
        all_of_it = attempt.refunded_amount >= attempt.taken
        return "refunded" if all_of_it else "partly_refunded"
    return attempt.status if attempt.status in STANDINGS else "confirming"


@dataclass(frozen=True)
class Wanted:
    """Say which orders are asked for; what is None or False is not asked about.

    `since` and `until` are UTC, the first included and the second not.
    """

    standing: str | None = None
    method: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    attention: bool = False
    email: str | None = None


@transaction
def orders(session: Session, wanted: Wanted, limit: int) -> list[Order]:
    """List the newest orders of a kind; those that need attention by their newest flag."""
    return [order for order, _ in _read(session, wanted, None, limit)]


def every_order(wanted: Wanted) -> Iterator[Order]:
    """Give all orders of a kind one after the other, the newest first, however many there are."""
    place: tuple[Any, ...] | None = None
    while True:
        found = _batch(wanted, place)
        yield from (order for order, _ in found)
        if len(found) < _AT_ONCE:
            return
        place = found[-1][1]


@transaction
def _batch(session: Session, wanted: Wanted, place: tuple | None) -> list:
    return _read(session, wanted, place, _AT_ONCE)


def _read(
    session: Session, wanted: Wanted, place: tuple | None, limit: int
) -> list[tuple[Order, tuple]]:
    """Read orders, each with its place in the list, from behind a place on."""
    moment, key = _ordered_by(wanted)
    query = _limited(wanted).add_columns(moment, key)
    if place:
        query = query.where(moment <= place[0], or_(moment < place[0], key < place[1]))
    rows = session.execute(query.order_by(moment.desc(), key.desc()).limit(limit))
    return [(order, (moment, key)) for order, moment, key in rows]


def _ordered_by(wanted: Wanted) -> tuple[Any, Any]:
    """Choose along which index the answer is read."""
    if wanted.attention:
        return Flag.raised_at, Flag.id
    if not wanted.email and (wanted.standing or wanted.method):
        return Attempt.created_at, Attempt.id
    return Order.created_at, Order.id


def _limited(wanted: Wanted) -> Select:
    query = select(Order)
    if wanted.attention:
        query = query.join(Flag, Flag.order_id == Order.id).where(_is_newest_flag())
    if wanted.standing or wanted.method:
        query = query.join(Attempt, Attempt.order_id == Order.id).where(_tells())
    if wanted.standing:
        query = query.where(STANDINGS[wanted.standing])
    if wanted.method:
        query = query.where(Attempt.method == wanted.method)
    if wanted.email:
        query = query.where(func.lower(Order.email) == wanted.email.lower())
    if wanted.since:
        query = query.where(Order.created_at >= wanted.since)
        if wanted.standing or wanted.method:
            # No attempt is older than its order: said of both, either index ends there.
            query = query.where(Attempt.created_at >= wanted.since)
    if wanted.until:
        query = query.where(Order.created_at < wanted.until)
    return query


def _tells() -> ColumnElement[bool]:
    """Tell whether an attempt is the one that tells its order's state (Order.latest)."""
    later = aliased(Attempt)
    is_last = ~exists().where(
        later.order_id == Attempt.order_id, later.number > Attempt.number
    )
    return or_(Order.paid_by == Attempt.id, and_(Order.paid_by.is_(None), is_last))


def _is_newest_flag() -> ColumnElement[bool]:
    newer = aliased(Flag)
    others = exists().where(
        newer.order_id == Flag.order_id, newer.lowered_at.is_(None), newer.id > Flag.id
    )
    return and_(Flag.lowered_at.is_(None), ~others)


@transaction
def held(session: Session, limit: int) -> list[Attempt]:
    """List the attempts whose money is authorised and not captured, the first to lapse first."""
    whole = joinedload(Attempt.order).selectinload(Order.attempts)
    query = select(Attempt).where(HELD).options(whole)
    return list(session.scalars(query.order_by(Attempt.expires_at).limit(limit)))


@transaction
def find(session: Session, text: str, limit: int) -> list[Order]:
    """Find orders by the id of a charge or refund, by e-mail address, by an order's id, the first
    characters of it, or a link to its page. Raises ValueError for what is none of these.
    """
    text = text.strip()
    link = _IN_A_LINK.search(text)
    begin = link[1] if link else text.lower()
    if text.startswith("chrg_"):
        charge = or_(Attempt.charge_id == text, Attempt.doubtful_id == text)
        return _orders_of(session, select(Attempt.order_id).where(charge))
    if text.startswith("rfnd_"):
        refund = select(Attempt.order_id).join(Refund, Refund.attempt_id == Attempt.id)
        return _orders_of(session, refund.where(Refund.refund_id == text))
    if "@" in text:
        return [order for order, _ in _read(session, Wanted(email=text), None, limit)]
    if not is_prefix(begin):
        raise ValueError(
            f"{text!r} is no charge, e-mail address or order: an order's id is like "
            f"1b4e28ba-2fa1-4..., and its first {SHORTEST_PREFIX} characters will do."
        )
    # Not LIKE, which no index serves; between these two, every collation agrees.
    last = begin + _UUID.replace("0", "f")[len(begin) :]
    query = select(Order).where(Order.id.between(begin + _UUID[len(begin) :], last))
    newest = query.order_by(Order.created_at.desc()).limit(limit)
    return list(session.scalars(newest))


def is_prefix(text: str) -> bool:
    """Tell whether an order's id may begin so, or be so."""
    shape = re.sub("[0-9a-f]", "0", text)
    return len(text) >= SHORTEST_PREFIX and _UUID.startswith(shape)


def _orders_of(session: Session, order_ids: Select) -> list[Order]:
    return list(session.scalars(select(Order).where(Order.id.in_(order_ids))))


@transaction
def deliveries(session: Session, charge_ids: list[str]) -> list[Delivery]:
    """List the webhook deliveries about some charges, the oldest first."""
    query = select(Delivery).where(Delivery.charge_id.in_(charge_ids))
    return list(session.scalars(query.order_by(Delivery.received_at)))


@transaction
def newest_charged(session: Session, livemode: bool) -> Attempt | None:
    """Give the newest attempt, by keys of one kind, of which a charge is known."""
    charged = select(Attempt).where(
        Attempt.charge_id.is_not(None), Attempt.livemode.is_(livemode)
    )
    return session.scalar(charged.order_by(Attempt.created_at.desc()).limit(1))


@transaction
def latest_payers(session: Session, most: int) -> tuple[int, int]:
    """Count the visitors of the latest tries to pay, and the addresses that they came from."""
    newest = select(Attempt.visitor, Attempt.address).order_by(
        Attempt.created_at.desc()
    )
    tries = list(session.execute(newest.limit(most)))
    visitors = {visitor for visitor, _ in tries if visitor}
    return len(visitors), len({address for _, address in tries if address})


@transaction
def last_delivery(session: Session) -> Delivery | None:
    """Give the webhook delivery that came last, or None."""
    newest = select(Delivery).order_by(Delivery.received_at.desc()).limit(1)
    return session.scalar(newest)
