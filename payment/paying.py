"""What happens between the order book and Omise when an attempt is paid for."""

import time
from typing import Any

from flask import current_app, g, request, url_for

from . import address, visitor
from .gateway import verbs
from .gateway.charge import Charge
from .gateway.errors import GatewayError, NothingSent
from .orderform import OrderForm
from .orders import ledger, queries
from .orders.models import Attempt
from .orders.transaction import OrdersUnavailable
from .settings import LONGEST_ANSWER, is_live


def pay(attempt: Attempt, form: OrderForm) -> Attempt:
    """Ask Omise for the charge of an attempt that is in the book, and record what comes.

    Returns the attempt as it stands then; the order's page draws from it.
    """
    try:
        charge = _create(attempt, form)
    except GatewayError as error:
        _note_failure(attempt, error)
    else:
        try:
            return ledger.record(charge, "charge", attempt) or attempt
        except OrdersUnavailable:
            current_app.logger.error(
                "charge %s is not written yet: the sweep will do it", charge.id
            )
    return _as_it_stands(attempt)


def _as_it_stands(attempt: Attempt) -> Attempt:
    try:
        return queries.find_attempt(attempt.id) or attempt
    except OrdersUnavailable:
        return attempt


def leaves_now(form: OrderForm) -> bool:
    """Tell whether the first thing that is sent is the charge: a card to be saved is saved
    before."""
    return not form.remember


def _create(attempt: Attempt, form: OrderForm) -> Charge:
    paying = _pay_with(attempt, form)
    if attempt.status == "created" and not ledger.mark_sent(attempt):
        raise NothingSent("given up meanwhile")
    _refuse_if_late()
    lines = attempt.order.lines
    return verbs.create_charge(
        order_id=attempt.order_id,
        attempt_id=attempt.id,
        amount=attempt.amount,
        currency=attempt.currency,
        return_uri=address.external(url_for(".order", order_id=attempt.order_id)),
        ip=request.remote_addr,
        description=", ".join(f"{line['quantity']} x {line['name']}" for line in lines),
        capture=current_app.config["AUTO_CAPTURE"],
        metadata={
            "app": "Omise Flask",
            "cart": {"items": {line["sku"]: line["quantity"] for line in lines}},
        },
        **paying,
    )


def _refuse_if_late() -> None:
    """Send nothing for a browser that has waited for so long that it may have given up."""
    waited = time.monotonic() - g.get("payment_began", time.monotonic())
    if waited > LONGEST_ANSWER:
        raise NothingSent(f"the order book took {waited:.0f} s")


def _pay_with(attempt: Attempt, form: OrderForm) -> dict[str, Any]:
    """Name what is charged; a card to be remembered is first kept with a customer."""
    if form.source:
        return {"source": form.source}
    if form.customer:
        return {"customer": form.customer, "card": form.card}
    if not form.remember:
        return {"card": form.token}
    try:
        customer, card = _save_card(form.token or "", form.email)
    except GatewayError as error:
        # No charge was asked for yet, whatever became of the card.
        raise GatewayError(
            str(error), code=error.code or "nothing_sent", money_may_have_moved=False
        ) from error
    visitor.keep_card(customer, card, attempt.id)
    return {"customer": customer, "card": card}


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
    for card in verbs.newest_cards(kept):
        if card.is_same(typed):
            return kept, card.id
    raise GatewayError("the saved card is not among its customer's")


def _note_failure(attempt: Attempt, error: GatewayError) -> None:
    """Write down a call that gave no charge: surely failed, or not known yet."""
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

    A hop that sends a request again gets the second answer: that the token or source was used.
    """
    if error.money_may_have_moved:
        return not _was_tried_before(attempt, error)
    if error.code != "bad_request" or not attempt.pays_with:
        return False
    try:
        return verbs.was_used(attempt.pays_with) is True
    except GatewayError:
        return True


def _was_tried_before(attempt: Attempt, error: GatewayError) -> bool:
    """Tell whether a token was used up by another attempt of ours: then this one has charged
    nothing."""
    used = error.code == "used_token" and attempt.pays_with
    return bool(used) and queries.count_attempts_with(attempt.pays_with or "") > 1
