"""What a receipt says of a paid order: on its page, and to whoever mails it (order_paid)."""

from dataclasses import dataclass
from datetime import datetime

from . import address, methods
from .money import clock, money
from .orders.models import Attempt, Order


@dataclass(frozen=True)
class Receipt:
    """A receipt in words, as the shop's locale writes them; `lines` are (name, quantity, price).

    `rest` is what the total has beyond its lines (delivery, tax, a coupon), and `paid` what was
    taken, which is less than the total after a partial capture. `refunds` are (amount, moment):
    None for what was given back on Omise's dashboard. `page` is the order's address.
    """

    number: str
    email: str | None
    lines: list[tuple[str, int, str]]
    rest: str | None
    total: str
    paid: str
    paid_at: datetime
    paid_on: str
    paid_by: str
    paid_with: str | None
    reference: str | None
    charge_id: str | None
    refunded: str | None
    refunds: list[tuple[str, datetime | None]]
    page: str


def receipt(order: Order) -> Receipt:
    """Write the receipt of a paid order; needs no request, but an app context.

    Raises ValueError for an order that is not paid.
    """
    attempt, currency = order.latest, order.currency
    if attempt is None or order.paid_at is None:
        raise ValueError(f"order {order.id} is not paid")
    rest = order.amount - sum(line["amount"] for line in order.lines)
    return Receipt(
        number=order.id[:8],
        email=order.email,
        lines=[
            (line["name"], line["quantity"], money(line["amount"], currency))
            for line in order.lines
        ],
        rest=money(rest, currency) if rest else None,
        total=money(order.amount, currency),
        paid=money(attempt.taken, currency),
        paid_at=order.paid_at,
        paid_on=clock(order.paid_at),
        paid_by=methods.of(attempt).label,
        paid_with=_paid_with(attempt),
        reference=attempt.reference,
        charge_id=attempt.charge_id,
        refunded=(
            money(attempt.refunded_amount, currency)
            if attempt.refunded_amount
            else None
        ),
        refunds=_refunds(attempt),
        page=address.external(address.order_page(order.id)),
    )


def _refunds(attempt: Attempt) -> list[tuple[str, datetime | None]]:
    """List what was given back: each refund of ours, and the rest that Omise tells of."""
    done = [one for one in attempt.refunds if one.status == "done"]
    known: list[tuple[int, datetime | None]] = [
        (one.amount, one.created_at) for one in done
    ]
    rest = attempt.refunded_amount - sum(one.amount for one in done)
    if rest > 0:
        known.append((rest, None))
    return [(money(amount, attempt.currency), when) for amount, when in known]


def _paid_with(attempt: Attempt) -> str | None:
    """Name the card, the months or the bank, which a charge names by its code."""
    known = attempt.paid_with
    return methods.of(attempt).banks.get(known.lower(), known) if known else None
