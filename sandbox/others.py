"""Route what a shop's checkout seldom asks for: links, payouts, schedules, receipts, forex.

One table says how each kind is made, changed and drawn. Rests on openapi.yml and the SDKs; messages
that nobody recorded are our own words.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request

from . import keeping, life, links, objects, payouts, receipts, schedules, wire
from .api import listed
from .rules import fees, values
from .rules.refusals import NotFound, Refused
from .state import books

others = Blueprint("others", __name__)


@dataclass(frozen=True)
class Kind:
    """Say how one kind is made from what was sent, changed, forgotten and drawn."""

    name: str
    prefix: str
    begin: Any
    draw: Any
    change: Any = None
    check_destroy: Any = None
    found_by: Any = None
    stays: bool = False


KINDS = {
    "links": Kind("link", "link", links.begin, links.draw, found_by=links.found_by),
    "recipients": Kind(
        "recipient",
        "recp",
        payouts.recipient,
        payouts.draw_recipient,
        change=payouts.change_recipient,
    ),
    "transfers": Kind(
        "transfer",
        "trsf",
        payouts.transfer,
        payouts.draw_transfer,
        change=payouts.change_transfer,
        check_destroy=payouts.unsent,
    ),
    "schedules": Kind(
        "schedule",
        "schd",
        schedules.begin,
        schedules.draw,
        found_by=schedules.found_by,
        # A deleted one stays to be seen: that is one of its states.
        stays=True,
    ),
}
_PLURALS = f"<any({', '.join(KINDS)}):plural>"
_NONE = "<any(chains, linked_accounts, sub_merchants, routing_group_rules):name>"
_TEST_MOVES = {
    "/recipients/<identifier>/verify": ("PATCH", "recipient", payouts.verify),
    "/transfers/<identifier>/mark_as_sent": ("POST", "transfer", payouts.mark_as_sent),
    "/transfers/<identifier>/mark_as_paid": ("POST", "transfer", payouts.mark_as_paid),
}


@others.route(f"/{_PLURALS}", methods=["GET", "POST"])
@wire.needs("skey")
def collection(plural):
    """Make one of a kind, or list those that were not deleted."""
    kind = KINDS[plural]
    if request.method == "GET":
        status = None if kind.stays else "active"
        return listed(kind.name, kind.draw, status=status)
    with books().change():
        facts = kind.begin(wire.params())
        found_by = kind.found_by(facts) if kind.found_by else {}
        made = keeping.make(kind.name, kind.prefix, facts, kind.draw, **found_by)
        return wire.answer(made)


@others.route(f"/{_PLURALS}/<identifier>", methods=["GET", "PATCH", "DELETE"])
@wire.needs("skey")
def one(plural, identifier):
    """Show, change or delete one of a kind."""
    kind = KINDS[plural]
    if request.method == "GET":
        find = books().find if kind.stays else keeping.find
        return wire.answer(kind.draw(find(kind.name, identifier)))
    with books().change():
        facts = keeping.find(kind.name, identifier)
        if request.method == "DELETE":
            return wire.answer(_destroyed(kind, facts))
        if kind.change is None:
            raise Refused("service_not_found", "service not found", 404)
        kind.change(facts, wire.params())
        return wire.answer(keeping.save(f"{kind.name}.update", facts, kind.draw))


def _destroyed(kind, facts):
    """Forget one of a kind; it stays in the books, marked."""
    if kind.check_destroy:
        kind.check_destroy(facts)
    now = books().now()
    facts.update(deleted=True, deleted_at=now, ended_at=now)
    status = kind.found_by(facts)["status"] if kind.stays else "deleted"
    return keeping.save(f"{kind.name}.destroy", facts, kind.draw, status)


def _move(path, method, kind, act):
    """Route one of the moves that test keys may make in a bank's place."""

    @wire.needs("skey")
    def view(identifier):
        with books().change():
            return wire.answer(act(keeping.find(kind, identifier)))

    others.add_url_rule(path, path, view, methods=[method])


for _path, (_method, _kind, _act) in _TEST_MOVES.items():
    _move(_path, _method, _kind, _act)


@others.get("/links/<link_id>/charges")
@wire.needs("skey")
def charges_of_link(link_id):
    """List the charges that were made on the page of a link."""
    keeping.find("link", link_id)
    life.expire_due()
    return listed("charge", parent=link_id)


@others.get("/charges/schedules", defaults={"sort": "charge"})
@others.get("/transfers/schedules", defaults={"sort": "transfer"})
@wire.needs("skey")
def schedules_of_sort(sort):
    """List the schedules that charge, or those that transfer."""
    return listed("schedule", schedules.draw, status=sort)


@others.get("/<any(customer, recipient):kind>s/<identifier>/schedules")
@wire.needs("skey")
def schedules_for(kind, identifier):
    """List the schedules of a customer or a recipient."""
    keeping.find(kind, identifier)
    return listed("schedule", schedules.draw, parent=identifier)


@others.get("/schedules/<schedule_id>/occurrences")
@wire.needs("skey")
def occurrences_of(schedule_id):
    """List what became of each day of a schedule."""
    books().find("schedule", schedule_id)
    return listed("occurrence", schedules.draw_occurrence, parent=schedule_id)


@others.get("/occurrences/<occurrence_id>")
@wire.needs("skey")
def show_occurrence(occurrence_id):
    """Show what became of one day of a schedule."""
    facts = books().find("occurrence", occurrence_id)
    return wire.answer(schedules.draw_occurrence(facts))


@others.post("/control/schedules/<schedule_id>/run")
def run_schedule(schedule_id):
    """Let the next day of a schedule happen now; Omise has nothing of the kind."""
    return wire.answer(schedules.run(schedule_id))


@others.post("/control/transfers/<transfer_id>/fail")
def fail_transfer(transfer_id):
    """Let a transfer fail in its bank's place; Omise has nothing of the kind."""
    code = values.text(wire.params().get("failure_code"))
    with books().change():
        return wire.answer(payouts.fail(keeping.find("transfer", transfer_id), code))


@others.get("/receipts")
@wire.needs("skey")
def all_receipts():
    """List the receipts for the fees of the months that are over."""
    receipts.issue()
    return listed("receipt", receipts.draw)


@others.get("/receipts/<receipt_id>")
@wire.needs("skey")
def show_receipt(receipt_id):
    """Show a receipt."""
    return wire.answer(receipts.draw(books().find("receipt", receipt_id)))


@others.get("/forex/<currency>")
@wire.needs("skey")
def forex(currency):
    """Tell what one unit of a currency is worth in the account's own."""
    base, quote = currency.upper(), books().settings()["currency"]
    if base not in fees.CARD_CURRENCIES:
        raise Refused("bad_request", "currency is currently not supported")
    shown = objects.drawn(
        "forex",
        {"base": base, "quote": quote, "rate": float(fees.rate(base, quote))},
        location=wire.path_of(f"/forex/{currency.lower()}"),
    )
    # Recorded as live with a test key too.
    return wire.answer({**shown, "livemode": True})


@others.get(f"/{_NONE}")
@others.get(f"/{_NONE}/<identifier>")
@wire.needs("skey")
def nothing(name, identifier=None):
    """List what this account has none of, or find that one is not there."""
    if identifier:
        raise NotFound(name.removesuffix("s"), identifier)
    return listed(name, draw=dict)
