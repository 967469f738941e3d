"""Charges: made from a card, a customer or a source, and moved from status to status.

Rests on charges-api and the statuses recorded there.
"""

from ..books import books
from ..rules import scenarios, standing, values
from ..rules.refusals import Refused
from ..webhooks.events import tell
from . import charge_order, transaction
from .kind import CHARGE as KIND


def make(params, schedule=None, link=None):
    """Make a charge; a declined one is a charge too."""
    facts = {**charge_order.read(params), "schedule": schedule, "link": link}
    with books().change():
        charge_order.pay_with(facts, params)
        charge_order.set_terms(facts, params)
        # A card without 3-D Secure passes or fails at once; all else waits for the payer.
        scenario = None if facts["source"] else facts["card"]["scenario"]
        asks = facts["three_d_secure"] and scenario != scenarios.ENROLMENT_FAILS
        if not facts["source"] and not asks:
            _decide(facts, scenarios.failure_of(scenario))
        return _told("charge.create", KIND.add(facts))


def find(charge_id):
    """Fetch a charge as it is now, letting it expire first if its time is up."""
    facts = KIND.find(charge_id)
    if not _is_due(facts):
        return facts
    with books().change():
        # Another reader may have been first.
        facts = KIND.find(charge_id)
        return _lapsed(facts, facts["expires_at"]) if _is_due(facts) else facts


def expire_due():
    """Expire every charge whose time is up, before charges are read by another way than find."""
    moment = books().now()
    while overdue := books().due(moment):
        for charge_id in overdue:
            find(charge_id)


def of_payment(payment_id):
    """Fetch the charge that a payer's page is about."""
    return find(books().id_of_page(payment_id, "payment"))


def newest(status=None, query=None, limit=20, offset=0):
    """Fetch charges, newest first, by status and by a word in them; and count them all."""
    expire_due()
    cut = {"limit": limit, "offset": offset, "newest_first": True}
    return books().page(KIND.name, status=status, text=query, **cut)


def totals(order_id=None):
    """Add up charges by status; `order_id` leaves those whose metadata carries it."""
    where = " AND json_extract(body, '$.metadata.order_id') = ?" if order_id else ""
    rows = books().query(
        "SELECT status, count(*), sum(json_extract(body, '$.amount')),"
        " sum(json_extract(body, '$.refunded_amount')) FROM objects"
        f" WHERE kind = 'charge'{where} GROUP BY +status",
        (order_id,) if order_id else (),
    )
    return {
        status: {"count": count, "amount": amount, "refunded": refunded}
        for status, count, amount, refunded in rows
    }


def change(charge_id, params):
    """Change description and metadata, the only two things that may change."""
    with books().change():
        facts = find(charge_id)
        if "description" in params:
            facts["description"] = values.text(params["description"])
        if "metadata" in params:
            facts["metadata"] = values.metadata(params)
        return _told("charge.update", KIND.save(facts))


def pay(charge_id):
    """Let the payer pay; a failing test card fails even when the bank approves."""
    with books().change():
        facts = _pending(charge_id, False, "bad_request", "charge is not pending")
        card = facts["card"] or {"scenario": None}
        _decide(facts, scenarios.failure_of(card["scenario"]))
        return _told("charge.complete", KIND.save(facts))


def fail(charge_id, failure_code=None):
    """Let the payment fail, as its payer, bank or wallet says."""
    with books().change():
        facts = _pending(charge_id, False, "bad_request", "charge is not pending")
        _decide(facts, failure_code or "failed_processing")
        return _told("charge.complete", KIND.save(facts))


def expire(charge_id, by_time=False):
    """Expire a pending charge now: a source's on request, any charge when its time is up."""
    with books().change():
        facts = find(charge_id)
        if facts["status"] != "pending" or (not facts["source"] and not by_time):
            raise Refused("failed_expire", "expire failed")
        return _lapsed(facts, books().now())


def capture(charge_id, amount=None):
    """Capture an authorised charge, in part only if it was a `pre_auth`."""
    refusal = ("failed_capture", "Charge is not authorized")
    with books().change():
        facts = _pending(charge_id, True, *refusal)
        whole = facts["amount"]
        amount = whole if amount is None else amount
        if not 0 < amount <= whole:
            message = f"capture amount must be between 1 and {whole}"
            raise Refused("failed_capture", message)
        if amount < whole and facts["authorization_type"] != "pre_auth":
            message = "partial capture is only allowed for pre_auth charges"
            raise Refused("failed_capture", message)
        _collect(facts, amount)
        return _told("charge.capture", KIND.save(facts))


def reverse(charge_id):
    """Release an authorisation that was not captured."""
    message = "only uncaptured authorized charges can be reversed"
    with books().change():
        facts = _pending(charge_id, True, "failed_reverse", message)
        facts.update(status="reversed", reversed_at=books().now())
        return _told("charge.reverse", KIND.save(facts))


def _told(key, facts):
    return tell(key, facts, about=facts)


def _pending(charge_id, authorised, code, message):
    """Fetch a charge that waits, for its payer or for a capture, or refuse the move."""
    facts = find(charge_id)
    if facts["status"] != "pending" or bool(facts["authorized_at"]) != authorised:
        raise Refused(code, message)
    return facts


def _is_due(facts):
    return standing.status_at(facts, books().now()) != facts["status"]


def _lapsed(facts, moment):
    """Let a pending charge go; an authorisation is released with it."""
    facts.update(status="expired", expired_at=moment, expires_at=moment)
    return _told("charge.expire", KIND.save(facts))


def _decide(facts, failure_code):
    """Note how a payment ended: refused, captured at once, or held until someone captures."""
    if failure_code:
        message = scenarios.FAILURE_MESSAGES.get(failure_code, failure_code)
        facts.update(failure_code=failure_code, failure_message=message)
        facts["status"] = "failed"
        return
    facts["authorized_at"] = books().now()
    if facts["capture"]:
        _collect(facts, facts["amount"])


def _collect(facts, amount):
    """Take the money and add its net to the balance."""
    facts.update(status="successful", paid_at=books().now(), captured_amount=amount)
    net = standing.money(facts)["net"]
    line = transaction.make(facts, "credit", "charge.captured.net", net)
    facts["transaction"] = line["id"]
