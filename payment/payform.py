"""What the page with the ways to pay shows: order, saved cards, Omise.js, and our own list."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import current_app, render_template
from markupsafe import Markup

from . import fields, orderpage, visitor, ways, words
from .money import money
from .orderform import FormRefused, OrderForm
from .orders.models import Order
from .words import say


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
    # What a shopper has typed, or is known by, stands in the list: it is drawn for them alone.
    is_theirs = bool(refusal or typed or shown["email"])
    return render_template(
        "payment/checkout.html",
        key=current_app.config["OMISE_PUBLIC_KEY"],
        script=current_app.config["OMISE_JS_URL"],
        lines=shown["lines"],
        pictures=shown.get("pictures", {}),
        change=shown.get("url"),
        total=shown["amount"],
        currency=shown["currency"],
        email=shown["email"] or "",
        locale=words.language(),
        **_offered(shown["amount"], shown["currency"], is_theirs),
        fields=fields.FIELDS,
        **_of_the_visitor(),
        order=order,
        **_standing(order),
        refusal=refusal,
        typed=typed or {},
        hidden=_hidden(order_id, fingerprint, typed or {}),
    )


def _offered(amount: int, currency: str, is_theirs: bool) -> dict[str, Any]:
    """Gather the ways to pay, with what gives parts that are drawn alike for all, if any are."""
    here = current_app.extensions["payment"]
    capability = here.account.capability()

    def part(template: str, inputs: str) -> Markup:
        return here.kept.part(template, inputs, amount, currency, capability)

    offered = here.kept.offered(amount, currency, capability)
    return {**offered, "part": None if is_theirs else part}


def _of_the_visitor() -> dict[str, Any]:
    """Gather what this browser has: saved cards, and orders of which some wait."""
    mine = orderpage.latest_orders()
    return {
        "customer": visitor.customer(),
        "cards": orderpage.saved_cards(),
        "waiting": orderpage.told([one for one in mine if orderpage.is_open(one)]),
        "has_orders": bool(mine),
    }


def _hidden(
    order_id: str, fingerprint: str, typed: Mapping[str, str]
) -> dict[str, Any]:
    # A form that was refused began nothing: it is the same one still.
    form_id = typed.get("form") or uuid.uuid4()
    return {"order": order_id, "cart": fingerprint, "form": form_id}


def _standing(order: Order | None) -> dict[str, Any]:
    if order is None:
        return dict.fromkeys(("state", "label", "reason", "elsewhere", "left_over"))
    state = orderpage.state_of(order)
    return {
        "state": state,
        "label": orderpage.LABELS[state][0],
        "reason": orderpage.reason_of(order),
        "elsewhere": orderpage.is_elsewhere(order),
        "left_over": orderpage.has_left_over(order),
    }


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
        refusals["bank"] = fields.refusal("bank")
    if months and int(months) not in [term.months for term in offer.terms]:
        refusals["installment_term"] = fields.refusal("installment_term")
    if refusals:
        why = say(
            "%(way)s cannot be paid like that, so nothing was charged. Please choose again.",
            way=way.heading,
        )
        raise FormRefused(why, way, refusals)


def _limits(name: str, offer: ways.Offer | None, currency: str) -> str:
    if offer is None:
        return say(
            "%(way)s is not offered here just now, so nothing was charged.", way=name
        )
    return say(
        "%(way)s takes amounts from %(low)s to %(high)s, so nothing was charged.",
        way=name,
        low=money(offer.low, currency),
        high=money(offer.high, currency),
    )
