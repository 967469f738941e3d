"""Read the order form that Omise.js posts; nothing in it is believed that the shop can know."""

import hashlib
import json
import re
import uuid
from dataclasses import dataclass

from flask import session

from payment.gateway import is_id

# The session is a cookie, so it names so many saved cards at most: the newest.
_KEPT_CARDS = 4
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,185}")


class FormRefused(Exception):
    """Say to the shopper why a form was not taken; nothing was written and nothing charged."""


@dataclass(frozen=True)
class OrderForm:
    """Hold one order form: which order it is for and what it pays with."""

    order_id: str
    form_id: str
    email: str | None
    token: str | None
    source: str | None
    customer: str | None
    card: str | None
    remember: bool


def digest(cart):
    """Give a cart's fingerprint, to notice when it changes between showing and paying."""
    lines = [[line.sku, line.quantity, line.amount] for line in cart.lines()]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:32]


def order_for(cart):
    """Give the id under which this session orders this very cart: the same in every tab."""
    current = session.get("checkout")
    if not isinstance(current, dict) or current.get("cart") != digest(cart):
        session["checkout"] = {"order": str(uuid.uuid4()), "cart": digest(cart)}
    return session["checkout"]["order"]


def owns(order_id):
    """Tell whether this session's current checkout is for that order."""
    current = session.get("checkout")
    return isinstance(current, dict) and current.get("order") == str(order_id)


def read(form, cart):
    """Check a posted form against the session and the cart as they are now.

    Raises FormRefused.
    """
    if not cart.lines():
        raise FormRefused("Your basket is empty, so nothing was charged.")
    if form.get("cart") != digest(cart) or not owns(form.get("order")):
        raise FormRefused(
            "Your basket has changed since that page was shown, so nothing was charged. "
            "Please look through it and pay again."
        )
    form_id = form.get("form", "")
    if not re.fullmatch(r"[0-9a-f-]{36}", form_id):
        raise FormRefused(
            "That page was incomplete, so nothing was charged. Please try again."
        )
    token, source, customer, card = _means(form)
    remember = bool(token) and form.get("remember") == "yes"
    email = _email(form.get("email", "").strip(), remember)
    means = (token, source, customer, card)
    return OrderForm(form["order"], form_id, email, *means, remember)


def _means(form):
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
    own = customer == session.get("customer") and card in saved_cards()
    if customer and not own:
        raise FormRefused(
            "That card is not saved for you here, so nothing was charged."
        )
    chosen = [one for one in (token, source, customer) if one]
    if len(chosen) != 1:
        raise FormRefused("Please choose how to pay; nothing was charged.")
    return token, source, customer, card


def saved_cards():
    """Give the cards that this session saved, each with the attempt it was first charged in."""
    return dict(session.get("cards") or [])


def keep_card(customer, card, attempt_id):
    """Note in the session whose card was saved, and with which attempt."""
    pairs = [*saved_cards().items(), (card, attempt_id)]
    session.update(customer=customer, cards=pairs[-_KEPT_CARDS:])


def _email(text, needed):
    if text and not _EMAIL.fullmatch(text):
        raise FormRefused(
            "That e-mail address does not look right; nothing was charged."
        )
    if needed and not text:
        raise FormRefused(
            "To save a card, please give your e-mail address; nothing was charged."
        )
    return text or None
