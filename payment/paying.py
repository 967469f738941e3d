"""What happens between the order book and Omise when an attempt is paid for."""

import time
from collections.abc import Callable
from typing import Any

from flask import current_app, g, request, url_for

from . import address, fields, visitor
from .gateway import deadline, verbs
from .gateway.charge import Charge
from .gateway.errors import GatewayError, NothingSent
from .methods import APP, COUNTRIES, QR, Method
from .orderform import OrderForm
from .orders import ledger, queries
from .orders.models import Attempt, Order
from .orders.transaction import OrdersUnavailable
from .settings import LONGEST_ANSWER, is_live

# Seconds that a shopper may wait longer, so that a card that was declined is not kept.
_TO_FORGET = 5


def pay(attempt: Attempt, form: OrderForm) -> Attempt:
    """Ask Omise for the charge of an attempt that is in the book, and record what comes.

    Returns the attempt as it stands then; the order's page draws from it.
    """
    try:
        charge = _create(attempt, form)
    except GatewayError as error:
        _note_failure(attempt, form, error)
    else:
        try:
            return ledger.record(charge, "charge", attempt) or attempt
        except OrdersUnavailable:
            current_app.logger.error(
                "charge %s is not written yet: the sweep will do it", charge.id
            )
    return _as_it_stands(attempt)


def forget_declined(attempt: Attempt) -> None:
    """Once an attempt was declined, delete what this shopper has saved of cards that were: at Omise
    and here.

    A card is saved before it is charged, since its token works once. Who tests stolen cards would
    leave a customer at Omise for each. Best effort: what stays is tried again the next time.
    """
    if not _was_declined(attempt):
        return
    saved = visitor.saved_cards()
    try:
        tried = {card: queries.find_attempt(saved[card]) for card in saved}
        declined = [card for card, first in tried.items() if _was_declined(first)]
        if declined:
            with deadline.within(_TO_FORGET):
                forget_cards(declined, others=len(declined) < len(saved))
    except (GatewayError, OrdersUnavailable) as error:
        current_app.logger.warning("a card that was declined stays saved: %s", error)


def _was_declined(attempt: Attempt | None) -> bool:
    """Tell whether Omise made a charge of an attempt, and that failed; no other no is believed."""
    return bool(attempt and attempt.status == "failed" and attempt.charge_id)


def _as_it_stands(attempt: Attempt) -> Attempt:
    try:
        return queries.find_attempt(attempt.id) or attempt
    except OrdersUnavailable:
        return attempt


def leaves_now(form: OrderForm) -> bool:
    """Tell whether the first thing that is sent is the charge: a card to be saved is saved
    before, and a source that came with a card is looked at."""
    return not form.remember and not (form.token and form.source)


# To save a card takes several requests; they share one deadline with the charge.
@deadline.within(LONGEST_ANSWER)
def _create(attempt: Attempt, form: OrderForm) -> Charge:
    paying = _pay_with(attempt, form)
    if attempt.status == "created" and not ledger.mark_sent(attempt):
        raise NothingSent("given up meanwhile")
    _refuse_if_late()
    _refuse_if_paid(attempt)
    lines = attempt.order.lines
    return verbs.create_charge(
        order_id=attempt.order_id,
        attempt_id=attempt.id,
        amount=attempt.amount,
        currency=attempt.currency,
        return_uri=address.external(url_for(".order", order_id=attempt.order_id)),
        ip=request.remote_addr,
        description=", ".join(f"{line['quantity']} x {line['name']}" for line in lines),
        capture=current_app.config["AUTO_CAPTURE"] or not form.by_card,
        metadata={
            "app": current_app.config["PAYMENT_APP_NAME"],
            "cart": {"items": {line["sku"]: line["quantity"] for line in lines}},
        },
        **paying,
    )


def _refuse_if_late() -> None:
    """Send nothing for a browser that has waited for so long that it may have given up."""
    waited = time.monotonic() - g.get("payment_began", time.monotonic())
    if waited > LONGEST_ANSWER:
        raise NothingSent(f"the order book took {waited:.0f} s")


def _refuse_if_paid(attempt: Attempt) -> None:
    """Ask once more about each payment that could not be closed: it may have been made meanwhile.

    How many there are, the budgets bound.
    """
    left_over = [one for one in attempt.order.attempts if one.is_left_over]
    for one in left_over:
        charge = _before_the_charge(verbs.find_charge, one.charge_id)
        ledger.record(charge, "charge", one)
    order = queries.find_order(attempt.order_id) if left_over else None
    if order and (order.paid_at or _blocked(order, attempt)):
        raise NothingSent("an earlier attempt has paid the order, or holds its amount")


def _blocked(order: Order, attempt: Attempt) -> bool:
    return any(one.id != attempt.id for one in ledger.blocking(order))


def _pay_with(attempt: Attempt, form: OrderForm) -> dict[str, Any]:
    """Name what is charged; a card to be remembered is first kept with a customer."""
    if form.way:
        paying = {"source": _source(form.way, form.details, attempt)}
        return {"card": form.token, **paying} if form.token else paying
    if form.source and form.token:
        _before_the_charge(_refuse_other_sources, form.source)
        return {"card": form.token, "source": form.source}
    if form.source:
        return {"source": form.source}
    if form.customer:
        return {"customer": form.customer, "card": form.card}
    if not form.remember:
        return {"card": form.token}
    customer, card = _before_the_charge(_save_card, form.token, form.email)
    visitor.keep_card(customer, card, attempt.id)
    return {"customer": customer, "card": card}


def _source(way: Method, details: dict[str, str], attempt: Attempt) -> dict[str, Any]:
    """Describe the source that Omise makes with the charge, in the same request (sources-api)."""
    source = {"type": way.type, **fields.as_source(details)}
    if way.flow == APP:
        source["platform_type"] = _platform()
    if way.flow == QR:
        # A phone keeps a PNG among its photos, where a banking app looks for codes; no SVG.
        source["qr_settings"] = {"image_type": "png"}
    known = attempt.order.email
    if way.takes_email and known and fields.is_email(known):
        source["email"] = known
    if "shipping" in source:
        source["shipping"]["country"] = COUNTRIES[attempt.currency]
        source["items"] = [_item(line) for line in attempt.order.lines]
    return source


def _platform() -> str:
    """Tell which app Omise should open (sources-api: platform_type)."""
    agent = request.headers.get("User-Agent", "")
    if "Android" in agent:
        return "ANDROID"
    return "IOS" if "iPhone" in agent or "iPad" in agent else "WEB"


def _item(line: dict[str, Any]) -> dict[str, Any]:
    """Give a line as a source has it, with the price of one piece where that is a whole number."""
    each, rest = divmod(line["amount"], line["quantity"])
    named = {"sku": line["sku"], "name": line["name"]}
    if rest:
        return {**named, "quantity": 1, "amount": line["amount"]}
    return {**named, "quantity": line["quantity"], "amount": each}


def _before_the_charge(act: Callable, *args: Any) -> Any:
    """Do what comes before the charge: if it goes wrong, no charge was asked for yet."""
    try:
        return act(*args)
    except GatewayError as error:
        raise NothingSent(str(error), code=error.code or "nothing_sent") from error


def _refuse_other_sources(source: str) -> None:
    """Take a token beside a source only where both are one payment: instalments by a card of the
    bank's."""
    if not verbs.type_of_source(source).startswith("installment_wlb_"):
        raise GatewayError("a token, and a source of another kind", code="odd_means")


def _save_card(token: str, email: str | None) -> tuple[str, str]:
    """Keep a token's card with this visitor's customer; returns the customer's id and the card's.

    Which of a customer's cards it is, the token itself says: other tabs save cards too, and the
    list inside a customer shows the first 20 only.
    """
    typed = verbs.card_of_token(token)
    customer = visitor.customer()
    try:
        kept = (
            verbs.add_card(customer, token, email)
            if customer
            else verbs.create_customer(token, email)
        )
    except GatewayError as error:
        if not customer or error.code != "not_found":
            raise
        # Deleted at Omise since: its cards are gone, and the payment goes on without them.
        visitor.forget_cards()
        kept = verbs.create_customer(token, email)
    visitor.keep_customer(kept)
    for card in verbs.newest_cards(kept):
        if card.is_same(typed):
            return kept, card.id
    raise GatewayError("the saved card is not among its customer's")


def forget_cards(cards: list[str], *, others: bool) -> None:
    """Delete saved cards at Omise and here; the customer as well, unless `others` are left.

    What Omise does not have any more is forgotten here. Raises GatewayError.
    """
    customer = visitor.customer()
    if customer is None:
        return
    if not others:
        _unless_gone(verbs.forget_customer, customer)
        visitor.forget_cards()
        return
    for card in cards:
        _unless_gone(verbs.forget_card, customer, card)
        visitor.forget_card(card)


def _unless_gone(act: Callable, *args: Any) -> None:
    try:
        act(*args)
    except GatewayError as error:
        if error.code != "not_found":
            raise


def _forget_what_omise_forgot(form: OrderForm) -> None:
    """Forget a saved card that Omise does not have any more: with its customer, if that is gone."""
    try:
        verbs.newest_cards(form.customer or "")
    except GatewayError as error:
        if error.code == "not_found":
            visitor.forget_cards()
            return
    visitor.forget_card(form.card or "")


def _note_failure(attempt: Attempt, form: OrderForm, error: GatewayError) -> None:
    """Write down a call that gave no charge: surely failed, or not known yet."""
    if form.card and error.code == "not_found":
        _forget_what_omise_forgot(form)
    mode = "live" if is_live(current_app.config) else "test"
    current_app.logger.error(
        "Omise error on attempt %s (%s keys): %s. See https://www.omise.co/api-errors",
        attempt.id,
        mode,
        error,
    )
    try:
        if error.charge_id:
            ledger.keep_doubt(attempt, error.charge_id, "charge")
        elif _may_have_moved(attempt, error):
            ledger.mark_unknown(attempt, "charge", str(error))
        else:
            ledger.mark_failed(attempt, error.code, "charge")
    except OrdersUnavailable:
        current_app.logger.error("attempt %s is left to the sweep", attempt.id)


def _may_have_moved(attempt: Attempt, error: GatewayError) -> bool:
    """Tell whether money may have moved although Omise has said no.

    A hop that sends a request again brings the second answer: that the token or source was used,
    or any other no. Whether it was used, Omise itself says.
    """
    if isinstance(error, NothingSent):
        return False
    if error.code == "used_token":
        return not queries.was_used_before(attempt)
    if error.money_may_have_moved or not attempt.pays_with:
        return error.money_may_have_moved
    try:
        used = verbs.was_used(attempt.pays_with) is True
    except GatewayError:
        return error.code == "bad_request"
    return used and not queries.was_used_before(attempt)
