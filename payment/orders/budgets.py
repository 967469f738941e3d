"""How often cards may be tried, and how many orders may wait: who tests stolen cards, or floods a
shop with orders, needs many tries, and a shopper few.

A try counts while its outcome is open and when it has failed, so one that worked costs nothing.
Everything is counted from the order book, which all workers and hosts share, in the transaction
that would open the next attempt: over budget, Omise is not called.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import and_, case, func, or_, select, text
from sqlalchemy.orm import Session

from .models import OPEN, Attempt, Order

_MINUTES, _HOUR, _DAY = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)
# Failed tries within a span of time: of one visitor, from one address, and of all together. For all
# together also a share of the cards that were tried: many shoppers fail more often than few.
# And orders from one address that wait, whatever they are paid with: a house has many shoppers.
BUDGETS: dict[str, tuple[tuple[int, timedelta], ...]] = {
    "visitor": ((6, _MINUTES), (15, _DAY)),
    "address": ((12, _MINUTES), (40, _DAY)),
    "all": ((60, _MINUTES),),
    "orders": ((30, _HOUR),),
}
_ONE_IN = 2
# Tries to pay one order, and orders of one visitor that wait, whatever they are paid with.
MOST_TRIES, MOST_OPEN_ORDERS = 20, 10
# Payments of one order that stand back and can still be made: before another, each is asked about.
MOST_LEFT_OVER = 6
_LEFT_OPEN = "orders are opened and not paid"
# Any number, the same in every process: who holds it on PostgreSQL counts alone.
_LOCK = 0x636F756E74


@dataclass(frozen=True)
class Payer:
    """Who wants to pay: the visitor of the session, a mark of the address, and whether by card."""

    visitor: str | None
    address: str | None
    by_card: bool


class TooManyTries(Exception):
    """Raised when somebody has tried too often; nothing was written, and Omise was not called.

    `seconds` says how long to wait, `who` whose budget is used up, `what` it may be a sign of.
    """

    def __init__(
        self, who: str, seconds: int, what: str = "cards may be tested"
    ) -> None:
        super().__init__(f"{what}: the budget of {who} is used up for {seconds} s")
        self.who, self.seconds, self.what = who, seconds, what


def mark_of_address(address: str | None) -> str | None:
    """Give a mark for an address that does not tell it; of IPv6, a customer has a whole /64."""
    if not address:
        return None
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        address = str(
            parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False)
        )
    key = str(current_app.secret_key).encode()
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:32]


def check(session: Session, order: Order, payer: Payer, now: datetime) -> None:
    """Refuse a try that is over a budget. Raises TooManyTries."""
    if len(order.attempts) >= MOST_TRIES:
        raise TooManyTries("the order", int(_DAY.total_seconds()))
    left_over = [one for one in order.attempts if one.is_left_over]
    if len(left_over) >= MOST_LEFT_OVER:
        raise TooManyTries("the order", int(_MINUTES.total_seconds()))
    budgets = current_app.config["PAYMENT_BUDGETS"]
    if not budgets:
        return
    if session.get_bind().dialect.name == "postgresql":
        # SQLite has one writer anyway.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    _check_open_orders(session, payer, order)
    _check_orders_from(session, payer, order, budgets.get("orders", ()), now)
    if not payer.by_card:
        return
    for who, column in (("visitor", Attempt.visitor), ("address", Attempt.address)):
        whose = getattr(payer, who)
        if whose:
            _check_one(session, who, column == whose, budgets.get(who, ()), now)
    _check_all(session, budgets.get("all", ()), now)


def _is_spent() -> Any:
    return Attempt.status.in_(("failed", "created", "sent", "unknown"))


def _is_spent_or_waits() -> Any:
    """Count what waits at a bank, too, or has run out there: who opens all tries first, and lets
    each of them fail then, would not be counted otherwise."""
    waits = Attempt.status.in_(("pending", "expired"))
    return or_(_is_spent(), and_(waits, Attempt.authorized.is_(False)))


def refusals_at(session: Session, address: str | None, now: datetime) -> int:
    """Count the cards that banks have refused from one address lately."""
    refused = select(func.count()).where(
        Attempt.address == address,
        Attempt.by_card,
        Attempt.status == "failed",
        Attempt.created_at > now - _MINUTES,
    )
    return session.scalar(refused) or 0 if address else 0


def _check_one(
    session: Session,
    who: str,
    whose: Any,
    budgets: tuple[tuple[int, timedelta], ...],
    now: datetime,
) -> None:
    if not budgets:
        return
    longest = max(span for _, span in budgets)
    tries = select(Attempt.created_at).where(
        whose,
        Attempt.by_card,
        _is_spent_or_waits(),
        Attempt.created_at > now - longest,
    )
    newest = tries.order_by(Attempt.created_at.desc()).limit(
        max(most for most, _ in budgets)
    )
    moments = list(session.scalars(newest))
    for most, span in budgets:
        if len(moments) >= most and moments[most - 1] > now - span:
            raise TooManyTries(who, _wait(moments[most - 1] + span - now))


def _check_all(
    session: Session, budgets: tuple[tuple[int, timedelta], ...], now: datetime
) -> None:
    for most, span in budgets:
        spent = func.sum(case((_is_spent(), 1), else_=0))
        recent = (Attempt.by_card, Attempt.created_at > now - span)
        failed, tried = session.execute(
            select(spent, func.count()).where(*recent)
        ).one()
        if (failed or 0) >= max(most, tried // _ONE_IN):
            raise TooManyTries("all together", _wait(span / 2))


def _waits_beside(order: Order) -> Any:
    """Tell of an attempt whether another order waits by it, and nobody knows yet for what."""
    return and_(
        Attempt.status.in_(OPEN),
        Attempt.superseded.is_(False),
        Attempt.order_id != order.id,
    )


def _check_open_orders(session: Session, payer: Payer, order: Order) -> None:
    waits = select(Attempt.order_id).where(
        Attempt.visitor == payer.visitor, _waits_beside(order)
    )
    count = select(func.count()).select_from(waits.distinct().subquery())
    if payer.visitor and (session.scalar(count) or 0) >= MOST_OPEN_ORDERS:
        raise TooManyTries("the visitor", int(_MINUTES.total_seconds()), _LEFT_OPEN)


def _check_orders_from(
    session: Session,
    payer: Payer,
    order: Order,
    budgets: tuple[tuple[int, timedelta], ...],
    now: datetime,
) -> None:
    """Count the orders that wait from one address: who throws cookies away is a new visitor each
    time."""
    for most, span in budgets if payer.address else ():
        newest = func.max(Attempt.created_at)
        waits = select(newest).where(
            Attempt.address == payer.address,
            _waits_beside(order),
            Attempt.created_at > now - span,
        )
        by_age = waits.group_by(Attempt.order_id).order_by(newest.desc())
        moments = list(session.scalars(by_age.limit(most)))
        if len(moments) >= most:
            left = moments[-1] + span - now if moments else span
            raise TooManyTries("the orders of an address", _wait(left), _LEFT_OPEN)


def _wait(left: timedelta) -> int:
    return max(1, int(left.total_seconds()) + 1)
