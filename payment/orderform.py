"""Read the order form, be it posted by Omise.js or by a row of our own list; nothing in it is
believed that the shop can know."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import fields, methods, visitor
from .gateway.verbs import is_id
from .methods import CREDIT_CARD, Method
from .words import say

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class FormRefused(Exception):
    """Raised when a form is not taken; says to the shopper why. Nothing was written by it.

    `way` is the row that it was about, and `refusals` say of its fields what is wrong with them.
    """

    def __init__(
        self,
        why: str,
        way: Method | None = None,
        refusals: dict[str, str] | None = None,
    ) -> None:
        super().__init__(why)
        self.way, self.refusals = way, refusals or {}


class SoldOut(FormRefused):
    """Raised when something of an order that is in the book is not for sale any more."""


@dataclass(frozen=True)
class OrderForm:
    """One order form: which order it is for, and what it pays with.

    `form_id` is the idempotency key of the attempt: a form is used once. `fingerprint` is of the
    basket or order that the page showed. What pays is a `token` or a `source` that Omise.js made,
    both (instalments by a card of the bank's), a saved `card` of a `customer`, or a `way` of the
    table with the `details` that it asks for; by a way with a token, that card pays in instalments.
    """

    order_id: str
    form_id: str
    fingerprint: str
    email: str | None
    token: str | None = None
    source: str | None = None
    customer: str | None = None
    card: str | None = None
    way: Method | None = None
    details: dict[str, str] = field(default_factory=dict)
    remember: bool = False

    @property
    def by_card(self) -> bool:
        """Tell whether a card is charged."""
        return bool(self.token or self.customer)

    @property
    def type(self) -> str | None:
        """Name the type of what is charged, as far as the form says."""
        if self.way:
            return self.way.type
        return CREDIT_CARD.type if self.by_card and not self.source else None

    @property
    def chosen(self) -> str | None:
        """Name the row of the table that the shopper chose, as far as the form says."""
        if self.way:
            return self.way.name
        return CREDIT_CARD.name if self.by_card and not self.source else None


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
            say("That page was incomplete, so nothing was charged. Please try again.")
        )
    means = _means(form)
    remember = set(means) == {"token"} and form.get("remember") == "yes"
    email = _email(form.get("email", "").strip(), remember)
    return OrderForm(
        order_id,
        form_id,
        fingerprint=form.get("cart", ""),
        email=email.lower() if email else None,
        remember=remember,
        **means,
    )


def _uuid(text: str | None) -> str | None:
    return text if text and _UUID.fullmatch(text) else None


def _means(form: Mapping[str, str]) -> dict[str, Any]:
    """Take the one thing to pay with."""
    token = form.get("omiseToken") or None
    source = form.get("omiseSource") or None
    if (token and not is_id(token, "tokn")) or (source and not is_id(source, "src")):
        raise FormRefused(
            say("The payment form sent something odd, so nothing was charged.")
        )
    way = form.get("method") or None
    saved = form.get("omiseCustomer") or None
    chosen = [one for one in (token or source, way, saved) if one]
    if len(chosen) != 1:
        raise FormRefused(say("Please choose how to pay; nothing was charged."))
    if saved:
        return _saved_card(form)
    if way:
        return _way(way, form)
    if token and form.get("plan"):
        return {"token": token, **_plan(form["plan"])}
    return {name: one for name, one in (("token", token), ("source", source)) if one}


def _saved_card(form: Mapping[str, str]) -> dict[str, Any]:
    """Take a saved card, which must be this session's own.

    The card is named by the page, so that what is charged is what its button says, whatever
    another tab has saved since.
    """
    customer, card = form.get("omiseCustomer"), form.get("omiseCard")
    if customer != visitor.customer() or card not in visitor.saved_cards():
        raise FormRefused(
            say("That card is not saved for you here, so nothing was charged.")
        )
    return {"customer": customer, "card": card}


def _way(name: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Take a row of the table, with all that it asks for."""
    way = methods.find(name)
    if way is None or not way.listed or way.by_card:
        raise FormRefused(say("Please choose how to pay; nothing was charged."))
    details, refusals = fields.read(way.asks, form)
    if refusals:
        raise FormRefused(
            say(
                "%(way)s needs something more, so nothing was charged yet.",
                way=way.heading,
            ),
            way,
            refusals,
        )
    return {"way": way, "details": details}


def _plan(text: str) -> dict[str, Any]:
    """Take the bank and the months by which a card pays in instalments, as `name:months`."""
    name, _, months = text.partition(":")
    way = methods.find(name)
    details, refusals = fields.read(("installment_term",), {"installment_term": months})
    if way is None or not way.by_card or not way.terms or refusals:
        raise FormRefused(
            say("Please choose over how many months you pay; nothing was charged.")
        )
    return {"way": way, "details": details}


def _email(text: str, needed: bool) -> str | None:
    if text and not fields.is_email(text):
        raise _without_address(
            say("That e-mail address does not look right; nothing was charged.")
        )
    if needed and not text:
        raise _without_address(
            say("To save a card, please give your e-mail address; nothing was charged.")
        )
    return text or None


def _without_address(why: str) -> FormRefused:
    """Refuse a card form for its e-mail address."""
    return FormRefused(why, CREDIT_CARD, {"email": why})
