"""What happens between the order book and Omise when an attempt is paid for."""

from flask import current_app, request, session, url_for

from payment import current_cart, gateway, ledger, orderform
from payment.book import LedgerDown
from payment.gateway import GatewayError


def plain(line):
    """Give a line of the cart as the order book keeps it."""
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "amount": line.amount,
    }


def create(attempt, form):
    """Ask Omise for the charge of an attempt that is already in the book."""
    lines = current_cart().lines()
    paying = _pay_with(attempt, form)
    if not ledger.mark_sent(attempt.id):
        raise GatewayError(
            "given up meanwhile", code="nothing_sent", money_may_have_moved=False
        )
    return gateway.create_charge(
        amount=attempt.amount,
        currency=attempt.currency,
        metadata={
            "app": "Omise Flask",
            "cart": {"items": {line.sku: line.quantity for line in lines}},
            "order_id": attempt.order_id,
            "attempt_id": attempt.id,
        },
        return_uri=url_for("checkout.order", order_id=attempt.order_id, _external=True),
        ip=request.remote_addr,
        description=", ".join(f"{line.quantity} x {line.name}" for line in lines),
        capture=current_app.config["AUTO_CAPTURE"],
        **paying,
    )


def _pay_with(attempt, form):
    """Name what is charged; a card to be remembered is first kept with a customer."""
    if form.source:
        return {"source": form.source}
    if form.customer:
        return {"customer": form.customer, "card": form.card}
    if not form.remember:
        return {"card": form.token}
    try:
        customer, card = gateway.save_card(
            form.token, form.email, session.get("customer")
        )
    except GatewayError as error:
        # No charge was asked for yet, whatever became of the card.
        raise GatewayError(
            str(error), code=error.code or "nothing_sent", money_may_have_moved=False
        ) from error
    orderform.keep_card(customer, card, attempt.id)
    return {"customer": customer, "card": card}


def note_failure(attempt_id, error):
    """Write down a call that gave no charge: surely failed, or not known yet."""
    mode = "test" if "_test_" in current_app.config["OMISE_SECRET_KEY"] else "live"
    current_app.logger.error(
        "Omise error on attempt %s (%s keys): %s. See https://www.omise.co/api-errors",
        attempt_id,
        mode,
        error,
    )
    try:
        if error.money_may_have_moved:
            ledger.mark_unknown(attempt_id)
        else:
            ledger.mark_failed(attempt_id, error.code)
    except LedgerDown:
        current_app.logger.error("attempt %s is left to the sweep", attempt_id)
