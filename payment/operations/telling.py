"""Tell an operator of orders: a line, a whole account, a JSON object, or a row of a spreadsheet.

People read amounts as they write them, and times in UTC with its name. Programs read amounts in
the smallest unit and times as ISO 8601.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from ..money import plain
from ..orders import search
from ..orders.models import Attempt, Delivery, Entry, Order, Refund
from ..settings import OMISE

COLUMNS = (
    "order",
    "created_at",
    "status",
    "currency",
    "amount",
    "captured",
    "refunded",
    "method",
    "card_brand",
    "card_last_digits",
    "email",
    "charge",
    "mode",
    "paid_at",
    "failure_code",
    "dispute",
    "items",
    "attention",
)
_CARD = re.compile(r"(.+) •••• ([0-9]{4})")
# What a spreadsheet would take for a formula (OWASP, CSV injection).
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")


def moment(at: datetime) -> str:
    """Write a time for people."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def stands(attempt: Attempt) -> str:
    """Say how an attempt stands: Omise's "pending" means two things."""
    if attempt.status == "pending":
        held = is_held(attempt)
        return "authorised, not captured yet" if held else "waiting to be paid"
    return attempt.status.replace("_", " ")


def standing(order: Order) -> str:
    """Say how an order stands."""
    return search.standing(order).replace("_", " ")


def line(order: Order) -> str:
    """Tell an order on one line."""
    attempt = order.latest
    told = [standing(order)]
    if attempt:
        told += [attempt.method or "", attempt.failure_code or ""]
        if attempt.captured_amount:
            told.append(f"captured {plain(attempt.captured_amount, order.currency)}")
        if attempt.dispute:
            told.append(f"disputed: {attempt.dispute}")
    total = plain(order.amount, order.currency)
    some = ", ".join(one for one in told if one)
    return f"{order.created_at:%Y-%m-%d %H:%M} UTC  {order.id}  {total:>14}  {some}"


def held_line(attempt: Attempt, now: datetime) -> str:
    """Tell on one line until when an authorised amount can be captured."""
    amount = plain(attempt.amount, attempt.currency)
    until = "Omise does not say until when     "
    if attempt.expires_at:
        left = attempt.expires_at - now
        until = f"until {attempt.expires_at:%Y-%m-%d %H:%M} UTC ({_time_left(left)})"
    several = len([one for one in attempt.order.attempts if is_held(one)]) > 1
    number = f"  --attempt {attempt.number}" if several else ""
    card = attempt.paid_with or attempt.method or ""
    return f"{until}  {attempt.order_id}  {amount:>14}  {card}{number}"


def is_held(attempt: Attempt) -> bool:
    """Tell whether money of it is authorised, and neither captured nor released."""
    return attempt.status == "pending" and attempt.authorized


def _time_left(left: timedelta) -> str:
    if left <= timedelta(0):
        return "over"
    hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"


def account(
    order: Order, history: Iterable[Entry], deliveries: Iterable[Delivery]
) -> Iterator[str]:
    """Tell all that is known of an order, line by line."""
    yield f"order {order.id} of {moment(order.created_at)}"
    for one in order.lines:
        yield f"  {one['quantity']} x {one['name']}  {plain(one['amount'], order.currency)}"
    yield f"  total {plain(order.amount, order.currency)}"
    happened, came = list(history), list(deliveries)
    yield f"  {_since(order, happened)}"
    if order.email:
        yield f"  e-mail {order.email}"
    for flag in order.flags:
        yield f"! needs attention: {flag.why} ({moment(flag.raised_at)})"
    for attempt in order.attempts:
        yield from _attempt(attempt, order, came)
    yield "history (UTC):"
    for entry in happened:
        yield f"  {entry.at:%Y-%m-%d %H:%M:%S}  {_entry(entry)}"


def _since(order: Order, history: list[Entry]) -> str:
    """Say how an order stands, and since when: a refund has a time of its own."""
    if not order.paid_at:
        return standing(order)
    paid = f"paid since {moment(order.paid_at)}"
    back = [one.at for one in history if one.what == "refunded"]
    if search.standing(order) == "paid" or not back:
        return paid
    return f"{standing(order)} since {moment(back[-1])}, {paid}"


def _entry(entry: Entry) -> str:
    moved = " -> ".join(part for part in (entry.was, entry.became) if part)
    said = [entry.what, moved, f"by {entry.by}", f"({entry.why})" if entry.why else ""]
    return " ".join(part for part in said if part)


def _attempt(
    attempt: Attempt, order: Order, deliveries: list[Delivery]
) -> Iterator[str]:
    said = [stands(attempt), attempt.method, attempt.charge_id, attempt.failure_code]
    said.append("paid the order" if order.paid_by == attempt.id else None)
    said.append("superseded" if attempt.superseded else None)
    if attempt.doubtful_id:
        said.append(f"answered by {attempt.doubtful_id}, which does not name it")
    if attempt.dispute:
        said.append(f"disputed: {attempt.dispute}")
    yield f"attempt {attempt.number}: " + ", ".join(one for one in said if one)
    yield f"  begun {moment(attempt.created_at)}, {_mode(attempt)}"
    if attempt.paid_with:
        yield f"  by {attempt.paid_with}"
    if attempt.status == "pending" and attempt.expires_at:
        what = "can be captured" if attempt.authorized else "can be paid"
        yield f"  {what} until {moment(attempt.expires_at)}"
    if attempt.captured_amount:
        yield f"  captured {plain(attempt.captured_amount, attempt.currency)}"
    if attempt.refunded_amount:
        yield f"  refunded {plain(attempt.refunded_amount, attempt.currency)}"
    for refund in attempt.refunds:
        yield f"  {_refund(refund, attempt.currency)}"
    for one in deliveries:
        if one.charge_id == attempt.charge_id:
            yield f"  webhook {moment(one.received_at)}: {one.key} ({one.event_id})"
    for charge_id in filter(None, (attempt.charge_id, attempt.doubtful_id)):
        yield f"  {dashboard(charge_id)}"


def _refund(refund: Refund, currency: str) -> str:
    said = [f"refund {refund.id}:", plain(refund.amount, currency), refund.status]
    said += [refund.failure_code, refund.refund_id, f"on {moment(refund.created_at)}"]
    said.append(f"by {refund.by}" if refund.by else None)
    said.append(f"({refund.why})" if refund.why else None)
    return " ".join(one for one in said if one)


def _mode(attempt: Attempt) -> str:
    return "live" if attempt.livemode else "test"


def dashboard(charge_id: str) -> str:
    """Give the address at which a person looks at a charge."""
    base = current_app.config["OMISE_API_BASE"]
    home = "https://dashboard.omise.co/v2/" if base == OMISE else f"{base}dashboard/"
    return f"{home}charges/{charge_id}"


# For programs


def as_dict(order: Order) -> dict[str, Any]:
    """Give an order as `flask payment list --json` prints it."""
    attempt = order.latest
    told = {
        "order": order.id,
        "created_at": _iso(order.created_at),
        "status": search.standing(order),
        "amount": order.amount,
        "currency": order.currency,
        "captured_amount": attempt.taken if attempt else 0,
        "refunded_amount": attempt.refunded_amount if attempt else 0,
        "paid_at": _iso(order.paid_at),
        "email": order.email,
        "attention": [flag.why for flag in order.flags],
    }
    return told | (_payment(attempt) if attempt else {})


def _payment(attempt: Attempt) -> dict[str, Any]:
    brand, digits = _card(attempt)
    return {
        "method": attempt.method,
        "card_brand": brand,
        "card_last_digits": digits,
        "charge": attempt.charge_id,
        "livemode": attempt.livemode,
        "failure_code": attempt.failure_code,
        # Whose time it was to pay or to capture is over then.
        "expires_at": _iso(attempt.expires_at) if attempt.status == "pending" else None,
        "dispute": attempt.dispute,
    }


def _card(attempt: Attempt) -> tuple[str | None, str | None]:
    card = _CARD.fullmatch(attempt.paid_with or "")
    return (card[1], card[2]) if card else (None, None)


def account_as_dict(
    order: Order, history: Iterable[Entry], deliveries: Iterable[Delivery]
) -> dict[str, Any]:
    """Give an order with all that is known of it, as `flask payment show --json` prints it."""
    return as_dict(order) | {
        "lines": order.lines,
        "flags": [
            {"why": one.why, "by": one.by, "raised_at": _iso(one.raised_at)}
            for one in order.flags
        ],
        "attempts": [_attempt_as_dict(one) for one in order.attempts],
        "deliveries": [
            {
                "event": one.event_id,
                "key": one.key,
                "charge": one.charge_id,
                "received_at": _iso(one.received_at),
            }
            for one in deliveries
        ],
        "history": [
            {
                "at": _iso(one.at),
                "attempt": one.attempt_id,
                "what": one.what,
                "was": one.was,
                "became": one.became,
                "by": one.by,
                "why": one.why,
            }
            for one in history
        ],
    }


def _attempt_as_dict(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.id,
        "number": attempt.number,
        "status": attempt.status,
        "authorized": attempt.authorized,
        "amount": attempt.amount,
        "captured_amount": attempt.taken,
        "refunded_amount": attempt.refunded_amount,
        "created_at": _iso(attempt.created_at),
        "superseded": attempt.superseded,
        "doubtful_charge": attempt.doubtful_id,
        "dashboard": dashboard(attempt.charge_id) if attempt.charge_id else None,
        "refunds": [
            {
                "refund": one.refund_id,
                "amount": one.amount,
                "status": one.status,
                "failure_code": one.failure_code,
                "created_at": _iso(one.created_at),
                "by": one.by,
                "why": one.why,
            }
            for one in attempt.refunds
        ],
    } | _payment(attempt)


def held_as_dict(attempt: Attempt) -> dict[str, Any]:
    """Give an authorised amount as `flask payment list --capture --json` prints it."""
    return {
        "order": attempt.order_id,
        "number": attempt.number,
        "amount": attempt.amount,
        "currency": attempt.currency,
        "email": attempt.order.email,
    } | _payment(attempt)


def _iso(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


def row(order: Order) -> list[str]:
    """Give an order as a row of a spreadsheet, in the order of COLUMNS."""
    told = as_dict(order)
    amounts = {
        "amount": order.amount,
        "captured": told["captured_amount"],
        "refunded": told["refunded_amount"],
    }
    pieces = [f"{one['quantity']} x {one['name']}" for one in order.lines]
    texts = told | {
        "mode": _mode(order.latest) if order.latest else None,
        "items": "; ".join(pieces),
        "attention": "; ".join(told["attention"]),
    }
    return [
        (
            _decimal(amounts[name], order.currency)
            if name in amounts
            else _cell(texts.get(name))
        )
        for name in COLUMNS
    ]


def _decimal(amount: int, currency: str) -> str:
    return plain(amount, currency).removesuffix(f" {currency}")


def _cell(text: str | None) -> str:
    """Write a text so that no spreadsheet takes it for a formula."""
    text = text or ""
    return f"'{text}" if _FORMULA.match(text.lstrip(" ")) else text
