"""Route the imitated surface: tokens, sources, customers, cards, charges, refunds and events."""

from flask import Blueprint, Response, request

from . import charges, charging, codes, customers, life, objects, sources, tokens, wire
from .rules import values
from .rules.refusals import NotFound, Refused
from .state import books

api = Blueprint("api", __name__)

MOST_PER_PAGE = 100
MOVES = {
    "capture": charges.capture,
    "reverse": charges.reverse,
    "expire": charges.expire,
    "mark_as_paid": charges.pay,
    "mark_as_failed": charges.fail,
}
DRAW = {
    "charge": objects.charge,
    "refund": objects.refund,
    "event": objects.event,
    "customer": objects.customer,
    "card": objects.card,
    "transaction": objects.transaction,
}


def listed(kind, draw=None, **found_by):
    """Answer one page of a kind, cut as the caller asked."""
    params = wire.params()
    since, until = values.moment(params.get("from")), values.moment(params.get("to"))
    limit, offset = values.whole(params.get("limit")), values.whole(
        params.get("offset")
    )
    backwards = params.get("order") == "reverse_chronological"
    cut = {
        "limit": min(max(20 if limit is None else limit, 1), MOST_PER_PAGE),
        "offset": max(offset or 0, 0),
        "order": "reverse_chronological" if backwards else "chronological",
        "from": since or 0,
        "to": until,
    }
    found, total = books().page(
        kind,
        span=(since or 0, until or books().now()) if since or until else None,
        limit=cut["limit"],
        offset=cut["offset"],
        newest_first=backwards,
        **found_by,
    )
    draw = draw or DRAW[kind]
    data = [draw(facts) for facts in found]
    location = request.path.rstrip("/")
    shown = objects.list_of(location, data, total, cut=cut)
    if kind == "receipt":
        shown["object"] = "receipt_list"  # as recorded, for this kind alone
    return wire.answer(shown)


@api.post("/tokens")
@wire.needs("pkey")
def create_token():
    """Turn card data into a token."""
    return wire.answer(tokens.create(wire.params()))


@api.get("/tokens/<token_id>")
@wire.needs("pkey")
def show_token(token_id):
    """Show a token."""
    return wire.answer(objects.token(books().find("token", token_id)))


@api.post("/sources")
@wire.needs("pkey", "skey")
def create_source():
    """Turn a way to pay into a source."""
    wire.needs_sources()
    return wire.answer(objects.source(sources.opened(wire.params())))


@api.get("/sources/<source_id>")
@wire.needs("pkey", "skey")
def show_source(source_id):
    """Show a source, with its codes once it was charged."""
    wire.needs_sources()
    return wire.answer(objects.source(books().find("source", source_id)))


@api.route("/charges", methods=["GET", "POST"])
@wire.needs("skey")
def all_charges():
    """Charge a card, a customer or a source; or list what was charged."""
    if request.method == "POST":
        return wire.answer(charging.create(wire.params()))
    life.expire_due()
    return listed("charge")


@api.route("/charges/<charge_id>", methods=["GET", "PATCH"])
@wire.needs("skey")
def one_charge(charge_id):
    """Show a charge as it is now, or change its description or metadata."""
    if request.method == "PATCH":
        return wire.answer(charges.update(charge_id, wire.params()))
    return wire.answer(books().charge(charge_id))


@api.post(f"/charges/<charge_id>/<any({', '.join(MOVES)}):move>")
@wire.needs("skey")
def move_charge(charge_id, move):
    """Capture or end a charge, or finish it in the payer's place as test keys may."""
    if move != "capture" or wire.params().get("capture_amount") is None:
        return wire.answer(MOVES[move](charge_id))
    amount = values.whole(wire.params()["capture_amount"])
    if amount is None:
        raise Refused("failed_capture", "capture amount is not a number")
    return wire.answer(charges.capture(charge_id, amount))


@api.route("/charges/<charge_id>/refunds", methods=["GET", "POST"])
@wire.needs("skey")
def refunds_of(charge_id):
    """Refund a charge, wholly or in part; or list its refunds."""
    life.current(charge_id)
    if request.method == "GET":
        return listed("refund", parent=charge_id)
    params = wire.params()
    amount = values.whole(params.get("amount"))
    if amount is None:
        raise Refused("failed_refund", "amount is not a number")
    void = values.is_true(params.get("void"))
    return wire.answer(charges.refund(charge_id, amount, values.metadata(params), void))


@api.get("/charges/<charge_id>/refunds/<refund_id>")
@wire.needs("skey")
def show_refund(charge_id, refund_id):
    """Show a refund."""
    life.current(charge_id)
    found = books().find("refund", refund_id, parent=charge_id)
    return wire.answer(objects.refund(found))


@api.get("/charges/<charge_id>/events")
@wire.needs("skey")
def events_of(charge_id):
    """List what happened to a charge."""
    life.current(charge_id)
    return listed("event", parent=charge_id)


@api.get("/charges/<charge_id>/documents/<document_id>/downloads/<key>")
def download(charge_id, document_id, key):
    """Show a charge's code to anyone who was given its address."""
    charge = books().find("charge", charge_id)
    if charge["document"] != document_id or codes.download_key(charge) != key:
        raise NotFound("document", document_id)
    drawn, content_type = codes.image(charge)
    return Response(drawn, content_type=content_type)


@api.get("/<any(refunds, events, transactions):kinds>")
@wire.needs("skey")
def list_all(kinds):
    """List all refunds, events or lines of the balance."""
    life.expire_due()
    return listed(kinds.removesuffix("s"))


@api.get("/<any(events, transactions):kinds>/<identifier>")
@wire.needs("skey")
def show_one(kinds, identifier):
    """Show an event as it was written, or a line of the balance."""
    kind = kinds.removesuffix("s")
    return wire.answer(DRAW[kind](books().find(kind, identifier)))


@api.route("/customers", methods=["GET", "POST"])
@wire.needs("skey")
def all_customers():
    """Open a customer, or list those who were not deleted."""
    if request.method == "POST":
        return wire.answer(customers.create(wire.params()))
    return listed("customer", status="active")


@api.route("/customers/<customer_id>", methods=["GET", "PATCH", "DELETE"])
@wire.needs("skey")
def one_customer(customer_id):
    """Show, change or delete a customer; a token adds a card."""
    if request.method == "PATCH":
        return wire.answer(customers.update(customer_id, wire.params()))
    if request.method == "DELETE":
        return wire.answer(customers.destroy(customer_id))
    return wire.answer(objects.customer(customers.find(customer_id)))


@api.get("/customers/<customer_id>/cards")
@wire.needs("skey")
def cards_of(customer_id):
    """List the cards that a customer keeps."""
    customers.find(customer_id)
    return listed("card", parent=customer_id, status="active")


@api.route(
    "/customers/<customer_id>/cards/<card_id>", methods=["GET", "PATCH", "DELETE"]
)
@wire.needs("skey")
def one_card(customer_id, card_id):
    """Show, change or forget a kept card."""
    if request.method == "PATCH":
        return wire.answer(customers.update_card(customer_id, card_id, wire.params()))
    if request.method == "DELETE":
        return wire.answer(customers.destroy_card(customer_id, card_id))
    return wire.answer(objects.card(customers.find_card(customer_id, card_id)))
