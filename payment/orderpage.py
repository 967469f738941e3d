"""The states that an order's page can be in, and what it shows in each, drawn from the order book
alone."""

import uuid
from typing import Any

from flask import abort, current_app, request

from . import address, methods, reasons, visitor
from .gateway.http import may_visit
from .orders import ledger, queries
from .orders.budgets import mark_of_address
from .orders.models import Attempt, Order
from .receipt import receipt
from .words import marked, say

# Every state, with the template that draws it (templates/payment/).
STATES = {
    "paid": "complete.html",
    "refunded": "refunded.html",
    "authorized": "authorized.html",
    "waiting": "barcode.html",
    "leaving": "leaving.html",
    "confirming": "confirming.html",
    "not_found": "not_found.html",
    "failed": "declined.html",
    "expired": "expired.html",
    "reversed": "released.html",
    "open": "open.html",
}
# What each is called where there is one word for it, and whether that is good news.
LABELS = {
    "paid": (marked("Paid"), "ok"),
    "refunded": (marked("Refunded"), "warn"),
    "authorized": (marked("Ordered"), "ok"),
    "waiting": (marked("Waiting for your payment"), "warn"),
    "leaving": (marked("Not confirmed yet"), "warn"),
    "confirming": (marked("Being checked"), "warn"),
    "not_found": (marked("Not found"), "warn"),
    "failed": (marked("Not paid"), "bad"),
    "expired": (marked("Ran out"), "bad"),
    "reversed": (marked("Released"), "bad"),
    "open": (marked("Not paid yet"), "warn"),
}
# States that may change by themselves: the page watches them.
_MOVING = ("leaving", "waiting", "confirming", "not_found")
# States in which the order can be paid, or paid again.
PAYABLE = ("open", "failed", "expired", "reversed", "not_found")
# Why nothing was charged, where it would be so again if the shopper tried at once (api-errors).
_LATER = ("authentication_failure",)
# So many are listed as the visitor's own.
_LISTED = 20


def order_or_404(order_id: Any) -> Order:
    """Find the order whose unguessable id the shopper holds."""
    order = queries.find_order(str(order_id))
    if order is None:
        abort(404)
    return order


def state_of(order: Order) -> str:
    """Name what the page of an order must say."""
    attempt = _telling(order)
    if order.paid_at and attempt:
        return "refunded" if attempt.refunded_amount >= attempt.taken else "paid"
    if attempt is None or attempt.status == "closed":
        return "open"
    if attempt.superseded and not ledger.blocks(attempt):
        return "open"
    return _state_of_attempt(attempt)


def _telling(order: Order) -> Attempt | None:
    """Find the attempt that an order's page tells of: the one that paid, or blocks, or the
    newest."""
    standing = [] if order.paid_at else ledger.blocking(order)
    return standing[-1] if standing else order.latest


def _state_of_attempt(attempt: Attempt) -> str:
    if attempt.status == "pending" and attempt.authorized:
        return "authorized"
    if attempt.status == "pending" and not attempt.doubtful_id:
        return "leaving" if methods.of(attempt).leaves else "waiting"
    # A success that does not match its attempt is kept for an operator to look at.
    if attempt.doubtful_id or attempt.status in (
        "created",
        "sent",
        "unknown",
        "successful",
    ):
        return "confirming"
    return attempt.status


def mark_of(order: Order) -> str:
    """Give a word that changes whenever the page would look different."""
    attempt = order.latest
    return f"{state_of(order)}-{attempt.number if attempt else 0}"


def reason_of(order: Order) -> str | None:
    """Say why the last try did not pay for an order: in detail once, and then no more.

    Who tests stolen cards would sort them by it.
    """
    attempt = order.latest
    if attempt is None:
        return None
    tried = {one.id for one in order.attempts if _was_refused(one)}
    for other in latest_orders():
        tried |= {one.id for one in other.attempts if _was_refused(one)}
    in_detail = len(tried) < 2 and _refusals_here() < 2
    return reasons.explain(attempt.failure_code, in_detail=in_detail)


def _refusals_here() -> int:
    """Count the refusals of all who come from this address, where cards are counted at all: a
    thief throws cookies away."""
    if not current_app.config["PAYMENT_BUDGETS"]:
        return 0
    return queries.refusals_from(mark_of_address(request.remote_addr))


def _was_refused(attempt: Attempt) -> bool:
    return attempt.by_card and attempt.status == "failed"


def is_for_later(attempt: Attempt | None) -> bool:
    """Tell whether the shopper had better come back than try again."""
    return attempt is not None and attempt.failure_code in _LATER


def is_elsewhere(order: Order) -> bool:
    """Tell whether an order was begun in another browser, such as before a banking app opened its
    own."""
    return order.visitor is not None and order.visitor != visitor.known_visitor()


def is_spoken_for(order: Order) -> bool:
    """Tell whether the goods of an order are spoken for: paid, or perhaps about to be."""
    return bool(order.paid_at or ledger.blocking(order))


def has_left_over(order: Order) -> bool:
    """Tell whether a payment of an order that was given up was not closed, and can be made
    still."""
    return any(one.is_left_over for one in order.attempts)


def is_paid_twice(order: Order) -> bool:
    """Tell whether more than one payment of an order was made and not given back yet."""
    made = [one for one in order.attempts if one.status == "successful"]
    return len([one for one in made if one.refunded_amount < one.taken]) > 1


def may_be_paid_twice(order: Order) -> bool:
    """Tell whether more was paid for a paid order than it comes to, or may be by now."""
    return bool(order.paid_at) and (is_paid_twice(order) or has_left_over(order))


def view(order: Order) -> dict[str, Any]:
    """Gather what an order's page shows."""
    attempt, state = _telling(order), state_of(order)
    return {
        "order": order,
        "attempt": attempt,
        "state": state,
        "label": LABELS[state][0],
        "kind": LABELS[state][1],
        "template": f"payment/{STATES[state]}",
        "mark": mark_of(order),
        "way": methods.of(attempt) if attempt else None,
        "reason": reason_of(order),
        "later": is_for_later(attempt),
        "elsewhere": is_elsewhere(order),
        "has_orders": order.visitor is not None and not is_elsewhere(order),
        "receipt": receipt(order) if order.paid_at and attempt else None,
        "left": _left(attempt) if attempt and state in ("waiting", "leaving") else None,
        "number": _grouped(attempt.payment_code) if attempt else [],
        "instructions": _elsewhere(attempt) if state == "waiting" else None,
        "bank": _elsewhere(attempt) if state == "leaving" else None,
        "payable": state in PAYABLE,
        "next_form": uuid.uuid4(),
        "moving": state in _MOVING,
        "left_over": has_left_over(order),
        "paid_twice": is_paid_twice(order),
    }


def _left(attempt: Attempt) -> int | None:
    """Tell how many seconds are left to pay; None where Omise has set no time."""
    if attempt.expires_at is None:
        return None
    return max(0, int((attempt.expires_at - queries.clock()).total_seconds()))


def _grouped(number: str | None) -> list[str]:
    """Cut a number into pieces that people read aloud."""
    return [number[at : at + 4] for at in range(0, len(number), 4)] if number else []


def _elsewhere(attempt: Attempt | None) -> str | None:
    """Give the address of the bank, or of Omise's page on how to pay, if one may be sent there."""
    uri = attempt.authorize_uri if attempt else None
    return uri if may_visit(uri) else None


def saved_cards() -> list[dict[str, str]]:
    """List the cards that this shopper saved and that have paid, the preferred first.

    One that was saved twice is there once.
    """
    names = {card: _name(card) for card in reversed(visitor.saved_cards())}
    first = {name: card for card, name in reversed(names.items()) if name}
    return [
        {"id": card, "name": name}
        for card, name in names.items()
        if name and first[name] == card
    ]


def same_cards(card: str) -> list[str]:
    """List all under which this shopper saved the card that a page calls by one name."""
    name = _name(card)
    return [one for one in visitor.saved_cards() if name and _name(one) == name]


def _name(card: str) -> str | None:
    attempt = _worked(card)
    return (attempt.paid_with or say("Card")) if attempt else None


def has_worked(card: str) -> bool:
    """Tell whether a saved card has paid: no other is charged without being entered again."""
    return _worked(card) is not None


def _worked(card: str) -> Attempt | None:
    attempt_id = visitor.saved_cards().get(card)
    attempt = queries.find_attempt(attempt_id) if attempt_id else None
    worked = attempt and (attempt.status == "successful" or attempt.authorized)
    return attempt if worked else None


def latest_orders(at_most: int = 8) -> list[Order]:
    """List this shopper's latest orders, the newest first."""
    known = visitor.known_visitor()
    return queries.latest_orders_of(known, at_most) if known else []


def listed_orders() -> list[dict[str, Any]]:
    """Give what the page of the visitor's own orders shows of each."""
    found = []
    for order in latest_orders(_LISTED):
        label, kind = LABELS[state_of(order)]
        found.append({"order": order, "label": label, "kind": kind})
    return found


def open_orders() -> list[Order]:
    """List those of them that are not paid yet and may be."""
    return [order for order in latest_orders() if is_open(order)]


def is_open(order: Order) -> bool:
    """Tell whether an order is not paid yet and may be."""
    return not order.paid_at and bool(ledger.blocking(order))


def unseen_orders() -> list[Order]:
    """List those of them of which Omise has shown nothing: their goods may yet turn out paid."""
    return [
        order
        for order in latest_orders()
        if not order.paid_at and any(map(queries.is_unseen, order.attempts))
    ]


def told(orders: list[Order]) -> list[dict[str, Any]]:
    """Give what a basket or a checkout tells of orders that wait."""
    return [
        {
            "id": order.id,
            "number": order.id[:8],
            "amount": order.amount,
            "currency": order.currency,
            "url": address.order_page(order.id),
        }
        for order in orders
    ]
