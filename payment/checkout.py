"""The checkout blueprint: the order form, the charge, the way back, and the order's page."""

import time

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_wtf.csrf import CSRFError

from . import (
    address,
    host,
    methods,
    orderform,
    orderpage,
    payform,
    paying,
    visitor,
)
from .cart import basket, sold_out_of
from .gateway import http, verbs
from .gateway.errors import GatewayError
from .operations import reconcile
from .orderform import FormRefused, SoldOut
from .orders import ledger, queries
from .orders.budgets import Payer, TooManyTries, mark_of_address
from .orders.ledger import FormOutdated
from .orders.transaction import OrdersUnavailable
from .settings import is_live
from .words import say

checkout = Blueprint(
    "checkout",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/payment",
)

# The order page asks Omise this seldom, in seconds, whoever looks at it.
_ASKS_EVERY = 2


@checkout.before_request
def begin():
    """Note when the shopper's request began: nothing is sent for one who has waited too long."""
    g.payment_began = time.monotonic()


@checkout.before_app_request
def look_at_the_account():
    """Have Omise asked how the account may be paid, beside a request, long before a checkout."""
    current_app.extensions["payment"].account.refresh()


@checkout.before_app_request
def put_away_before_a_change():
    """Take what may be paid out of the basket before anything changes it.

    The answer to a payment, which empties it, may have been lost on its way to the browser.
    """
    order_id, _ = visitor.begun() if request.method == "POST" else (None, None)
    here = current_app.extensions["payment"].endpoint
    if order_id is None or request.blueprint == here:
        return
    try:
        order = queries.find_order(order_id)
    except OrdersUnavailable:
        return
    if order and order.latest:
        _put_away_basket(order, order.latest)


@checkout.route("/checkout")
def check_out():
    """Show the basket and the form by which Omise.js takes the payment."""
    gone = _put_away_what_is_ordered()
    cart = basket()
    if not cart.lines:
        return _basket_is_empty(gone)
    fingerprint = orderform.fingerprint(cart.lines, cart.total, cart.currency)
    for order in [*orderpage.open_orders(), *orderpage.unseen_orders()]:
        if order.fingerprint == fingerprint:
            return _goods_are_ordered(order)
    order_id = visitor.order_for(fingerprint)
    return payform.draw(order_id, cart.as_shown(), fingerprint)


def _put_away_what_is_ordered():
    """Take out of the basket what this visitor has ordered, here or in another browser."""
    return [
        order
        for order in orderpage.latest_orders()
        if order.latest and _put_away_basket(order, order.latest)
    ]


def _goods_are_ordered(order):
    _tell_once(
        say("Order %(number)s is paid: these goods are in it.", number=order.id[:8])
        if order.paid_at
        else say("These goods are in an order of yours that may be paid already.")
    )
    return redirect(url_for(".show", order_id=order.id), 303)


def _basket_is_empty(gone):
    """Lead who has just ordered to what came of it, and anybody else to the shelf."""
    if gone:
        return _goods_are_ordered(gone[0])
    waiting, latest = orderpage.open_orders(), orderpage.latest_orders(1)
    if waiting:
        _tell_once(say("Your basket is empty. This order of yours is not paid yet."))
        return redirect(url_for(".show", order_id=waiting[0].id), 303)
    if latest and latest[0].paid_at:
        number = latest[0].id[:8]
        _tell_once(
            say("Your basket is empty: order %(number)s is paid.", number=number)
            if orderpage.state_of(latest[0]) == "paid"
            else say("Your basket is empty. This is your latest order.")
        )
        return redirect(url_for(".show", order_id=latest[0].id), 303)
    _tell_once(say("Your basket is empty: pick something first."))
    return redirect(address.home(), 303)


def _tell_once(message):
    """Flash what another tab may have been told, too, and has not shown yet."""
    if message not in [told for _, told in session.get("_flashes", [])]:
        flash(message)


@checkout.route("/orders")
def orders():
    """List the latest orders of this browser, however they stand."""
    return render_template("payment/orders.html", orders=orderpage.listed_orders())


@checkout.route("/charge")
@checkout.route("/card/prefer")
@checkout.route("/card/forget")
@checkout.route("/orders/<uuid:order_id>/again")
def lead_back(order_id=None):
    """Lead who opens the address of a form, by the history or a bookmark, to the page that has
    it."""
    if order_id:
        return redirect(url_for(".show", order_id=order_id), 303)
    _tell_once(say("Opening that address has charged nothing. You can pay from here."))
    return redirect(url_for(".check_out"), 303)


@checkout.route("/orders/<uuid:order_id>/pay")
def pay(order_id):
    """Show the form once more for an order that is not paid: no basket is needed, in any
    browser."""
    order = orderpage.order_or_404(order_id)
    if orderpage.is_spoken_for(order):
        return redirect(url_for(".show", order_id=order_id), 303)
    try:
        _check_goods(order)
    except SoldOut as refusal:
        return _show_sold_out(refusal, order_id)
    return payform.draw(order.id, order.as_shown(), order.fingerprint, order)


@checkout.route("/charge", methods=["POST"])
def charge():
    """Write order and attempt, charge what was posted, and record the answer."""
    try:
        form = orderform.read(request.form)
        attempt, fresh = _open_order(form)
    except (FormRefused, FormOutdated) as refusal:
        return _refuse(refusal)
    except TooManyTries as refusal:
        return _ask_to_wait(refusal)
    order = attempt.order
    if fresh:
        attempt = paying.pay(attempt, form)
        paying.forget_declined(attempt)
    elif attempt.form_id != form.form_id:
        flash(
            say("This order is paid already, so nothing new was charged.")
            if order.paid_at
            else say("This order is being paid already, so nothing new was charged.")
        )
    _put_away_basket(order, attempt)
    if not fresh:
        return redirect(url_for(".show", order_id=attempt.order_id), 303)
    return process(attempt)


def _open_order(form):
    """Commit an attempt to pay the basket, or an order that is in the book, before Omise is
    asked."""
    if form.card and not orderpage.has_worked(form.card):
        raise FormRefused(
            say(
                "That saved card has not paid yet, so nothing was charged. Please enter a card."
            )
        )
    cart = _basket_of(form.order_id, form.fingerprint)
    goods = cart or queries.find_order(form.order_id)
    if form.way and goods:
        shown = goods.as_shown()
        payform.check(form, shown["amount"], shown["currency"])
    if goods and not cart:
        _check_goods(goods)
    return ledger.open_order(
        form.order_id,
        form.form_id,
        fingerprint=form.fingerprint,
        basket=cart.as_order() if cart else None,
        payer=Payer(
            visitor.visitor_id(),
            mark_of_address(request.remote_addr),
            by_card=form.by_card,
        ),
        email=form.email,
        livemode=is_live(current_app.config),
        pays_with=None if form.remember else form.token or form.source,
        leaves_now=paying.leaves_now(form),
        chosen=form.chosen,
        method=form.type,
    )


def _check_goods(order):
    """Refuse to charge an order anew of which something has sold out since it was written."""
    names = [] if orderpage.is_spoken_for(order) else sold_out_of(order.lines)
    if names:
        raise SoldOut(
            say(
                "Sold out meanwhile: %(names)s. So this order can no longer be paid, and nothing "
                "was charged just now.",
                names=", ".join(names),
            )
        )


def _show_sold_out(refusal, order_id):
    _tell_once(str(refusal))
    return redirect(url_for(".show", order_id=order_id), 303)


def _basket_of(order_id, fingerprint):
    """Give what a new order holds: this session's basket, if it still is what the page showed."""
    if (order_id, fingerprint) != visitor.begun():
        return None
    cart = basket()
    if orderform.fingerprint(cart.lines, cart.total, cart.currency) != fingerprint:
        return None
    return cart


def _refuse(refusal):
    """Lead a form that was used before to its order, whatever else is wrong with it by now."""
    form_id = orderform.form_id_of(request.form)
    attempt = queries.find_attempt_of_form(form_id) if form_id else None
    if attempt:
        return redirect(url_for(".show", order_id=attempt.order_id), 303)
    if isinstance(refusal, SoldOut):
        return _show_sold_out(refusal, request.form["order"])
    if isinstance(refusal, FormRefused) and refusal.way:
        again = _ask_again(refusal)
        if again:
            return again
    flash(
        str(refusal)
        or say(
            "Your basket has changed since that page was shown, so nothing was charged by it. "
            "Please look through it and pay again."
        ),
        "error",
    )
    return redirect(url_for(".check_out"), 303)


def _ask_again(refusal):
    """Show the very page again, with what was typed and what is wrong with it; None if it is
    outdated."""
    order_id, fingerprint = request.form["order"], request.form.get("cart", "")
    order = queries.find_order(order_id)
    if order:
        outdated = orderpage.is_spoken_for(order) or order.fingerprint != fingerprint
        goods = None if outdated else order
    else:
        goods = _basket_of(order_id, fingerprint)
    if not goods:
        return None
    shown = goods.as_shown()
    page = payform.draw(order_id, shown, fingerprint, order, refusal, request.form)
    return page, 422


def _ask_to_wait(refusal):
    """Say when to come back; Omise was not called."""
    current_app.extensions["payment"].alarm.ring(refusal.who, str(refusal))
    wait = max(1, -(-refusal.seconds // 60))
    page = render_template("payment/wait.html", minutes=wait)
    return page, 429, {"Retry-After": str(refusal.seconds)}


def _put_away_basket(order, attempt):
    """Take an order's goods out of the basket once it may be paid, and never a second time.

    What is bought cannot be ordered again by touching it; what was added since stays. Tells whether
    it did so now.
    """
    spoken_for = ledger.blocks(attempt) or attempt.status == "successful"
    mine = order.visitor is not None and order.visitor == visitor.known_visitor()
    if not spoken_for or not mine or visitor.has_put_away(order.id):
        return False
    cart = basket()
    shown = orderform.fingerprint(cart.lines, cart.total, cart.currency)
    if shown == order.fingerprint:
        cart.empty()
    else:
        cart.take_out(order.lines)
    visitor.put_away(order.id)
    return True


def process(charge, already_redirected=False):
    """Decide where a shopper goes next, from the charge as it was recorded (an Attempt).

    `already_redirected`: they are just back from their bank. The page they reach is drawn from
    the order book, so nothing here can call an order paid that is not.
    """
    order_page = redirect(url_for(".show", order_id=charge.order_id), 303)
    if charge.status == "successful":
        number = charge.order_id[:8]
        flash(say("Order %(number)s successfully completed.", number=number), "success")
        return order_page
    if charge.failure_code and not orderpage.is_for_later(charge):
        return redirect(url_for(".pay", order_id=charge.order_id), 303)
    if charge.status != "pending" or charge.authorized:
        return order_page
    if methods.of(charge).leaves and charge.authorize_uri:
        if already_redirected:
            flash(
                say("Your payment is not confirmed yet. This page moves on once it is.")
            )
            return order_page
        return redirect(url_for(".authorize", order_id=charge.order_id), 303)
    return redirect(url_for(".show", order_id=charge.order_id, _anchor="code"), 303)


@checkout.route("/orders/<uuid:order_id>/authorize")
def authorize(order_id):
    """Say where the shopper is going, and go: a bank is left for by GET, never by a form."""
    order = orderpage.order_or_404(order_id)
    attempt = order.latest
    if not attempt or attempt.status != "pending" or not attempt.authorize_uri:
        return redirect(url_for(".show", order_id=order_id), 303)
    if not http.may_visit(attempt.authorize_uri):
        ledger.flag(
            order.id, f"charge {attempt.charge_id}: unsafe authorize_uri", "shopper"
        )
        flash(
            say(
                "We cannot lead you to your bank just now. Please choose another way to pay."
            ),
            "error",
        )
        return redirect(url_for(".show", order_id=order_id), 303)
    way = methods.of(attempt)
    return render_template(
        "payment/authorize.html", order=order, attempt=attempt, way=way
    )


@checkout.route("/orders/<uuid:order_id>/complete", methods=["GET", "POST"])
def order(order_id):
    """Welcome a shopper back from the bank (return_uri): ask Omise once, record, move on.

    Needs no cookie, and believes nothing that the browser brings.
    """
    before = orderpage.order_or_404(order_id).latest
    reconcile.reconcile_order(str(order_id), "return", gap=_ASKS_EVERY)
    order = orderpage.order_or_404(order_id)
    attempt = order.latest
    if attempt is None or before is None or orderpage.may_be_paid_twice(order):
        return redirect(url_for(".show", order_id=order_id), 303)
    paying.forget_declined(attempt)
    return process(attempt, already_redirected=True)


@checkout.route("/orders/<uuid:order_id>")
def show(order_id):
    """Draw an order from the book: paid, waiting, declined and why, or being confirmed."""
    order = orderpage.order_or_404(order_id)
    if order.latest:
        _put_away_basket(order, order.latest)
    return render_template("payment/order.html", **orderpage.view(order))


@checkout.route("/orders/<uuid:order_id>/status")
def status(order_id):
    """Tell a waiting page whether anything has changed, asking Omise now and then."""
    orderpage.order_or_404(order_id)
    reconcile.reconcile_order(str(order_id), "page", gap=_ASKS_EVERY)
    order = orderpage.order_or_404(order_id)
    return {"state": orderpage.mark_of(order)}


@checkout.route("/orders/<uuid:order_id>/again", methods=["POST"])
def try_again(order_id):
    """Let the shopper pay another way: the old charge is closed first, if Omise lets it."""
    order = orderpage.order_or_404(order_id)
    attempt, page = order.latest, redirect(url_for(".show", order_id=order_id), 303)
    if not attempt or attempt.status != "pending" or not attempt.charge_id:
        return page
    try:
        verbs.expire_charge(attempt.charge_id)
    except GatewayError as error:
        current_app.logger.info("charge %s stays open: %s", attempt.charge_id, error)
    if not reconcile.reconcile_order(str(order_id), "shopper"):
        flash(
            say(
                "We could not ask how the payment stands that you had begun, so please do not "
                "begin another one yet. Look again in a moment."
            ),
            "error",
        )
        return page
    if not ledger.supersede(attempt, "shopper"):
        return page
    return redirect(url_for(".pay", order_id=order_id), 303)


@checkout.route("/orders/<uuid:order_id>/code")
def code(order_id):
    """Serve the QR code or barcode from our own address, as the page's policy asks.

    Its address names the attempt, so that no browser shows the code of an earlier one.
    """
    attempt = orderpage.order_or_404(order_id).latest
    if (
        not attempt
        or request.args.get("attempt", str(attempt.number)) != str(attempt.number)
        or attempt.status != "pending"
        or not attempt.code_uri
        or not http.may_visit(attempt.code_uri)
    ):
        return Response(status=404)
    try:
        picture, kind = current_app.extensions["payment"].pictures.get(attempt.code_uri)
    except GatewayError as error:
        current_app.logger.warning("code of order %s: %s", order_id, error)
        return Response(status=502)
    answer = Response(picture, mimetype=kind)
    if "save" in request.args:
        name = f"{methods.of(attempt).name}-{attempt.order_id[:8]}"
        ending = kind.split("/")[1].partition("+")[0]
        answer.headers.set(
            "Content-Disposition", "attachment", filename=f"{name}.{ending}"
        )
    return answer


@checkout.route("/card/prefer", methods=["POST"])
def prefer_card():
    """Offer another of the shopper's saved cards first."""
    card = request.form.get("omiseCard", "")
    if orderpage.same_cards(card):
        visitor.prefer_card(card)
        flash(say("That card is offered first from now on."), "success")
    return _back_to_the_form()


@checkout.route("/card/forget", methods=["POST"])
def forget_card():
    """Delete one of the shopper's saved cards, at Omise and here; with the last, the customer."""
    card = request.form.get("omiseCard", "")
    same = orderpage.same_cards(card)
    if not same:
        flash(say("That card is not saved for you here."), "error")
        return _back_to_the_form()
    try:
        paying.forget_cards(same, others=len(orderpage.saved_cards()) > 1)
    except GatewayError as error:
        current_app.logger.warning("card %s stays saved: %s", card, error)
        flash(say("We could not delete the card just now. Please try again."), "error")
        return _back_to_the_form()
    flash(say("Your saved card was deleted."), "success")
    return _back_to_the_form()


def _back_to_the_form():
    """Go back to where the cards are listed: an order's own form, or the basket's."""
    order = queries.find_order(request.form.get("order", ""))
    if order:
        return redirect(url_for(".pay", order_id=order.id), 303)
    return redirect(url_for(".check_out"), 303)


@checkout.errorhandler(404)
def unknown_order(error):
    """Say that there is no order at an address, and where the browser's own are."""
    return render_template("payment/unknown.html"), 404


@checkout.errorhandler(CSRFError)
def form_refused(error):
    """Explain a form that came without a cookie, was too old, or came from elsewhere."""
    cookie = current_app.config["SESSION_COOKIE_NAME"]
    order = queries.find_order(request.form.get("order", ""))
    page = render_template(
        "payment/refused.html",
        cookies=cookie in request.cookies,
        page=(url_for(".show", order_id=order.id) if order else url_for(".check_out")),
    )
    return page, 400


@checkout.errorhandler(OrdersUnavailable)
def orders_unavailable(error):
    """Say that the order book cannot be reached, without inviting a second payment."""
    page = render_template("payment/unavailable.html")
    return page, 503, {"Retry-After": "30"}


host.join(checkout)
