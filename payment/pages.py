"""What the checkout's pages show, worked out from the order book."""

from flask import abort, render_template, request, session

from payment import book, current_cart, gateway, methods, orderform, reasons
from payment.money import clock


def order_or_404(order_id):
    """Find the order whose unguessable id the shopper holds."""
    order = book.find_order(str(order_id))
    if order is None:
        abort(404)
    return order


def order_state(order):
    """Name what the page of an order must say."""
    attempt = order.latest
    if order.paid_at:
        return "paid"
    if attempt is None:
        return "open"
    if attempt.state == "pending" and attempt.authorized:
        return "authorized"
    if attempt.state == "pending":
        return "leaving" if methods.find(attempt.method).leaves else "waiting"
    # A success that does not match its attempt is kept for an operator to look at.
    if attempt.state in ("created", "sent", "unknown", "successful"):
        return "confirming"
    return attempt.state


def state_mark(order):
    """Give a word that changes whenever the page would look different."""
    attempt = order.latest
    return f"{order_state(order)}-{attempt.number if attempt else 0}"


def order_view(order):
    """Gather what an order's page shows."""
    attempt, state = order.latest, order_state(order)
    return {
        "order": order,
        "attempt": attempt,
        "state": state,
        "mark": state_mark(order),
        "way": methods.find(attempt.method) if attempt else None,
        "reason": reasons.explain(attempt.failure_code) if attempt else None,
        "expires": (
            clock(attempt.expires_at) if attempt and attempt.expires_at else None
        ),
        "instructions": _instructions(attempt) if state == "waiting" else None,
        "ours": orderform.owns(order.id) and bool(current_cart().lines()),
        "unsettled": state in ("leaving", "waiting", "confirming"),
    }


def _instructions(attempt):
    """Give the address of Omise's page on how to pay, if a shopper may be sent there."""
    return attempt.authorize_uri if gateway.may_visit(attempt.authorize_uri) else None


def put_away_cart(order):
    """Empty the shopper's cart once its order is paid, if it still is that order's."""
    if order_state(order) not in ("paid", "authorized") or not orderform.owns(order.id):
        return
    cart = current_cart()
    if session["checkout"].get("cart") == orderform.digest(cart):
        cart.empty()
    session.pop("checkout")


def saved_card():
    """Find the newest card that this shopper saved with an attempt that worked, or None."""
    for card, attempt_id in reversed(orderform.saved_cards().items()):
        attempt = book.find_attempt(attempt_id)
        if attempt and (attempt.state == "successful" or attempt.authorized):
            return {"id": card, "name": attempt.paid_with}
    return None


def keep_private(response):
    """Keep payment pages out of every cache."""
    if request.endpoint != "checkout.static":
        response.headers["Cache-Control"] = "no-store"
    return response


def ledger_down(error):
    """Say that the order book cannot be reached, without inviting a second payment."""
    page = render_template("payment/ledger_down.html")
    return page, 503, {"Retry-After": "30"}
