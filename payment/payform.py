"""What the page with the ways to pay shows: order, saved cards, Omise.js, and our own list."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import current_app, render_template

from . import fields, orderpage, visitor, ways, words
from .money import money
from .orderform import FormRefused, OrderForm
from .orders.models import Order


def draw(
    order_id: str,
    shown: Mapping[str, Any],
    fingerprint: str,
    order: Order | None = None,
    refusal: FormRefused | None = None,
    typed: Mapping[str, str] | None = None,
) -> str:
    """Draw the page for what is to be paid (`lines`, `amount`, `currency`, `email`), as `order` if
    it is in the book.

    `refusal` says why a form of this page was not taken, and `typed` what stood in it.
    """
    amount, currency = shown["amount"], shown["currency"]
    return render_template(
        "payment/checkout.html",
        key=current_app.config["OMISE_PUBLIC_KEY"],
        script=current_app.config["OMISE_JS_URL"],
        lines=shown["lines"],
        total=amount,
        currency=currency,
        email=shown["email"] or "",
        locale=words.language(),
        **_offered(amount, currency),
        fields=fields.FIELDS,
        customer=visitor.customer(),
        cards=orderpage.saved_cards(),
        order=order,
        **_standing(order),
        waiting=orderpage.told(orderpage.open_orders()),
        refusal=refusal,
        typed=typed or {},
        hidden=_hidden(order_id, fingerprint, typed or {}),
    )


def _offered(amount: int, currency: str) -> dict[str, Any]:
    """Gather the ways to pay an amount, as the page shows them."""
    capability = current_app.extensions["payment"].account.capability()
    offers = ways.offered(amount, currency, capability)
    card = offers.get("card")
    return {
        "card": card,
        "takes_cards": bool(card and card.is_open),
        "payable": any(one.is_open for one in offers.values()),
        "brands": ways.brands(capability),
        "plans": ways.card_instalments(offers),
        "rows": ways.rows(offers),
        "pickers": ways.pickers(offers),
    }


def _hidden(
    order_id: str, fingerprint: str, typed: Mapping[str, str]
) -> dict[str, Any]:
    # A form that was refused began nothing: it is the same one still.
    form_id = typed.get("form") or uuid.uuid4()
    return {"order": order_id, "cart": fingerprint, "form": form_id}


def _standing(order: Order | None) -> dict[str, Any]:
    if order is None:
        return {"state": None, "reason": None}
    return {"state": orderpage.state_of(order), "reason": orderpage.reason_of(order)}


def check(form: OrderForm, amount: int, currency: str) -> None:
    """Refuse a way that this account, this amount or this currency does not allow.

    Raises FormRefused, with the limit that was missed.
    """
    way = form.way
    if way is None:
        return
    capability = current_app.extensions["payment"].account.capability()
    try:
        offer = ways.check(way.name, amount, currency, capability)
    except ways.WayRefused as refused:
        raise FormRefused(_limits(way.heading, refused.offer, currency), way) from None
    bank, months = form.details.get("bank"), form.details.get("installment_term")
    refusals = {}
    if bank and bank not in offer.banks:
        refusals["bank"] = fields.FIELDS["bank"].refusal
    if months and int(months) not in [term.months for term in offer.terms]:
        refusals["installment_term"] = fields.FIELDS["installment_term"].refusal
    if refusals:
        why = (
            f"{way.heading} cannot be paid like that, so nothing was charged. "
            "Please choose again."
        )
        raise FormRefused(why, way, refusals)


def _limits(name: str, offer: ways.Offer | None, currency: str) -> str:
    if offer is None:
        return f"{name} is not offered here just now, so nothing was charged."
    low, high = money(offer.low, currency), money(offer.high, currency)
    return f"{name} takes amounts from {low} to {high}, so nothing was charged."
