"""The checkout blueprint: the order form, the charge, the way back, and the order's page."""

import uuid

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from payment import (
    book,
    connection,
    current_cart,
    gateway,
    ledger,
    methods,
    orderform,
    pages,
    paying,
    settling,
)
from payment.gateway import GatewayError
from payment.orderform import FormRefused

checkout = Blueprint(
    "checkout",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/payment",
)
checkout.after_request(pages.keep_private)
checkout.register_error_handler(book.LedgerDown, pages.ledger_down)


@checkout.route("/checkout")
def check_out():
    """Show the order and the form by which Omise.js takes the payment."""
    cart = current_cart()
    if not cart.lines():
        flash("Your basket is empty: pick something first.", "message")
        return redirect("/", 303)
    order_id = orderform.order_for(cart)
    order = book.find_order(order_id)
    if order and (order.paid_at or ledger.blocking(order)):
        return redirect(url_for("checkout.show", order_id=order_id), 303)
    currency = current_app.config["STORE_CURRENCY"]
    ways = methods.offered(cart.total(), currency)
    return render_template(
        "payment/checkout.html",
        key=current_app.config["OMISE_PUBLIC_KEY"],
        script=current_app.config["OMISE_JS_URL"],
        cart=cart,
        currency=currency,
        locale=current_app.config["STORE_LOCALE"][:2],
        ways=ways,
        pickers=[name for way in ways[1:] for name in way.picker],
        takes_cards=methods.CARD in ways,
        customer=session.get("customer"),
        saved_card=pages.saved_card(),
        order=order,
        hidden={
            "order": order_id,
            "cart": orderform.digest(cart),
            "form": uuid.uuid4(),
        },
    )


@checkout.route("/charge", methods=["POST"])
def charge():
    """Write order and attempt, charge what Omise.js posted, and record the answer."""
    cart = current_cart()
    try:
        form = orderform.read(request.form, cart)
    except FormRefused as refusal:
        flash(str(refusal), "error")
        return redirect(url_for("checkout.check_out"), 303)
    attempt, fresh = ledger.open_order(
        form.order_id,
        form.form_id,
        amount=cart.total(),
        currency=current_app.config["STORE_CURRENCY"],
        lines=[paying.plain(line) for line in cart.lines()],
        email=form.email,
        livemode="_test_" not in current_app.config["OMISE_SECRET_KEY"],
    )
    order_page = redirect(url_for("checkout.show", order_id=attempt.order_id), 303)
    if not fresh:
        if attempt.form_id != form.form_id:
            flash(
                "A payment for this order is already under way, so nothing new was charged."
            )
        return order_page
    try:
        made = paying.create(attempt, form)
    except GatewayError as error:
        paying.note_failure(attempt.id, error)
        return order_page
    try:
        ledger.record(made, attempt)
    except book.LedgerDown:
        current_app.logger.error(
            "charge %s is not written yet: sweep will do it", made.id
        )
        return order_page
    if made.differs_from(attempt):
        return order_page
    return process(made)


def process(charge, returning=False):
    """Decide where a shopper goes next, from what Omise says of the charge.

    The page they reach is drawn from the order book, so nothing here can call an order paid.
    """
    order_id = charge.metadata.get("order_id")
    if charge.status == "successful" or charge.failure_code:
        return redirect(url_for("checkout.show", order_id=order_id), 303)
    leaves = methods.find(charge.method).leaves and charge.authorize_uri
    if (
        charge.status == "pending"
        and leaves
        and not charge.authorized
        and not returning
    ):
        return redirect(url_for("checkout.authorize", order_id=order_id), 303)
    return redirect(url_for("checkout.show", order_id=order_id), 303)


@checkout.route("/orders/<uuid:order_id>/authorize")
def authorize(order_id):
    """Say where the shopper is going, and go: a bank is left for by GET, never by a form."""
    order = pages.order_or_404(order_id)
    attempt = order.latest
    if not attempt or attempt.state != "pending" or not attempt.authorize_uri:
        return redirect(url_for("checkout.show", order_id=order_id), 303)
    if not gateway.may_visit(attempt.authorize_uri):
        ledger.call_operator(
            order.id, f"charge {attempt.charge_id}: unsafe authorize_uri"
        )
        return redirect(url_for("checkout.show", order_id=order_id), 303)
    way = methods.find(attempt.method)
    return render_template(
        "payment/authorize.html", order=order, attempt=attempt, way=way
    )


@checkout.route("/orders/<uuid:order_id>/complete", methods=["GET", "POST"])
def order(order_id):
    """Welcome a shopper back from the bank (return_uri): ask Omise, record, move on.

    Needs no cookie, and believes nothing that the browser brings.
    """
    attempt = pages.order_or_404(order_id).latest
    settling.settle_order(str(order_id))
    if attempt and attempt.charge_id:
        try:
            charge = gateway.find_charge(attempt.charge_id)
            if not charge.differs_from(attempt):
                return process(charge, returning=True)
        except GatewayError as error:
            current_app.logger.warning("return to order %s: %s", order_id, error)
    return redirect(url_for("checkout.show", order_id=order_id), 303)


@checkout.route("/orders/<uuid:order_id>")
def show(order_id):
    """Draw an order from the book: paid, waiting, declined and why, or being confirmed."""
    order = pages.order_or_404(order_id)
    pages.put_away_cart(order)
    return render_template("payment/order.html", **pages.order_view(order))


@checkout.route("/orders/<uuid:order_id>/status")
def status(order_id):
    """Tell a waiting page whether anything has changed, asking Omise now and then."""
    pages.order_or_404(order_id)
    settling.settle_order(str(order_id), seconds=2)
    order = pages.order_or_404(order_id)
    return {"state": pages.state_mark(order)}


@checkout.route("/orders/<uuid:order_id>/again", methods=["POST"])
def try_again(order_id):
    """Let the shopper pay another way: the old charge is closed first, if Omise lets it."""
    order = pages.order_or_404(order_id)
    attempt = order.latest
    page = redirect(url_for("checkout.show", order_id=order_id), 303)
    if not orderform.owns(order_id) or not attempt or attempt.state != "pending":
        return page
    try:
        gateway.expire_charge(attempt.charge_id)
    except GatewayError as error:
        current_app.logger.info("charge %s stays open: %s", attempt.charge_id, error)
    settling.settle_order(str(order_id))
    if ledger.set_aside(attempt.id):
        return redirect(url_for("checkout.check_out"), 303)
    return page


@checkout.route("/orders/<uuid:order_id>/code")
def code(order_id):
    """Serve the QR code or barcode from our own address, as the page's policy asks."""
    attempt = pages.order_or_404(order_id).latest
    if (
        not attempt
        or attempt.state != "pending"
        or not gateway.may_visit(attempt.code_uri)
    ):
        return Response(status=404)
    try:
        image, kind = connection.fetch_image(attempt.code_uri)
    except GatewayError as error:
        current_app.logger.warning("code of order %s: %s", order_id, error)
        return Response(status=502)
    return Response(image, mimetype=kind)


@checkout.route("/card/forget", methods=["POST"])
def forget_card():
    """Delete the shopper's saved card, at Omise and here."""
    customer = session.get("customer")
    if customer:
        try:
            gateway.forget_customer(customer)
        except GatewayError as error:
            if error.code != "not_found":
                flash(
                    "We could not delete the card just now. Please try again.", "error"
                )
                return redirect(url_for("checkout.check_out"), 303)
    for key in ("customer", "cards"):
        session.pop(key, None)
    flash("Your saved card was deleted.", "success")
    return redirect(url_for("checkout.check_out"), 303)
