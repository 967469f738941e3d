"""Read the order form that Omise.js posts; nothing in it is believed that the shop can know."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import visitor
from .gateway.verbs import is_id

_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,185}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class FormRefused(Exception):
    """Raised when a form is not taken; says to the shopper why. Nothing was written by it."""


@dataclass(frozen=True)
class OrderForm:
    """One order form: which order it is for, and what it pays with.

    `form_id` is the idempotency key of the attempt: a form is used once. `fingerprint` is of the
    basket or order that the page showed.
    """

    order_id: str
    form_id: str
    fingerprint: str
    email: str | None
    token: str | None
    source: str | None
    customer: str | None
    card: str | None
    remember: bool


def fingerprint(lines: list[dict[str, Any]], total: int, currency: str) -> str:
    """Give the fingerprint of what a page shows, to notice when it changes before it is paid.

    The total is in it: with a host's shipping or coupons it is more than the lines add up to.
    """
    shown = [[line["sku"], line["quantity"], line["amount"]] for line in lines]
    text = json.dumps([shown, total, currency])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def form_id_of(form: Mapping[str, str]) -> str | None:
    """Read the id of a posted form, or None if it has none."""
    return _uuid(form.get("form"))


def read(form: Mapping[str, str]) -> OrderForm:
    """Check what a posted form says. Raises FormRefused."""
    order_id, form_id = _uuid(form.get("order")), form_id_of(form)
    if not order_id or not form_id:
        raise FormRefused(
            "That page was incomplete, so nothing was charged. Please try again."
        )
    token, source, customer, card = _means(form)
    remember = bool(token) and form.get("remember") == "yes"
    email = _email(form.get("email", "").strip(), remember)
    means = (token, source, customer, card)
    return OrderForm(order_id, form_id, form.get("cart", ""), email, *means, remember)


def _uuid(text: str | None) -> str | None:
    return text if text and _UUID.fullmatch(text) else None


def _means(
    form: Mapping[str, str],
) -> tuple[str | None, str | None, str | None, str | None]:
    """Take the one thing to pay with; a saved card must be this session's own.

    The card is named by the page, so that what is charged is what its button says, whatever
    another tab has saved since.
    """
    token = form.get("omiseToken") or None
    source = form.get("omiseSource") or None
    customer = form.get("omiseCustomer") or None
    card = (form.get("omiseCard") or None) if customer else None
    if (token and not is_id(token, "tokn")) or (source and not is_id(source, "src")):
        raise FormRefused(
            "The payment form sent something odd, so nothing was charged."
        )
    own = customer == visitor.customer() and card in visitor.saved_cards()
    if customer and not own:
        raise FormRefused(
            "That card is not saved for you here, so nothing was charged."
        )
    chosen = [one for one in (token, source, customer) if one]
    if len(chosen) != 1:
        raise FormRefused("Please choose how to pay; nothing was charged.")
    return token, source, customer, card


def _email(text: str, needed: bool) -> str | None:
    if text and (not _EMAIL.fullmatch(text) or _holds_a_card_number(text)):
        raise FormRefused(
            "That e-mail address does not look right; nothing was charged."
        )
    if needed and not text:
        raise FormRefused(
            "To save a card, please give your e-mail address; nothing was charged."
        )
    return text or None


def _holds_a_card_number(text: str) -> bool:
    """Tell whether somebody has typed a card where none belongs (13 to 19 digits, by Luhn's
    rule)."""
    for run in re.findall(r"\d(?:[ -]?\d){12,18}", text):
        digits = [int(one) for one in reversed(re.sub(r"\D", "", run))]
        doubled = sum(sum(divmod(2 * one, 10)) for one in digits[1::2])
        if (sum(digits[::2]) + doubled) % 10 == 0:
            return True
    return False
