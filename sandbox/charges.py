"""Move charges along: each move is one transaction that writes the charge, money and event.

Every move raises ``Refused`` when it is not legal, and answers the charge as clients see it.
Rests on charges-api and refunds-api.
"""

from . import life, objects, standing
from .rows import new_id
from .rules import fees, scenarios, values
from .rules.refusals import Refused
from .state import books

MOST_REFUNDS = 15
FEWER_REFUND_DAYS = ("JCB", "American Express", "Diners Club")
_DAY = 24 * 60 * 60


def _written(key, facts):
    """Write a moved charge, tell of it, and show it."""
    life.write(facts)
    life.tell(key, facts)
    return objects.charge(facts)


def _pending(charge_id, authorised, code, message):
    """Fetch a charge that waits, for its payer or for a capture, or refuse the move."""
    facts = life.current(charge_id)
    if facts["status"] != "pending" or bool(facts["authorized_at"]) != authorised:
        raise Refused(code, message)
    return facts


def pay(charge_id):
    """Let the payer pay; a failing test card fails even when the bank approves."""
    with books().change():
        facts = _pending(charge_id, False, "bad_request", "charge is not pending")
        card = facts["card"] or {"scenario": None}
        # A card that waits for its payer always waits for 3-D Secure.
        life.decide(facts, scenarios.failure_of(card["scenario"], three_d_secure=True))
        return _written("charge.complete", facts)


def fail(charge_id, failure_code=None):
    """Let the payment fail, as its payer, bank or wallet says."""
    with books().change():
        facts = _pending(charge_id, False, "bad_request", "charge is not pending")
        life.decide(facts, failure_code or "failed_processing")
        return _written("charge.complete", facts)


def expire(charge_id, by_time=False):
    """Expire a pending charge now: a source's on request, any charge when its time is up."""
    with books().change():
        facts = life.current(charge_id)
        if facts["status"] != "pending" or (not facts["source"] and not by_time):
            raise Refused("failed_expire", "expire failed")
        life.lapse(facts, books().now())
        return objects.charge(facts)


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
        life.collect(facts, amount)
        return _written("charge.capture", facts)


def reverse(charge_id):
    """Release an authorisation that was not captured."""
    message = "only uncaptured authorized charges can be reversed"
    with books().change():
        facts = _pending(charge_id, True, "failed_reverse", message)
        facts.update(status="reversed", reversed_at=books().now())
        return _written("charge.reverse", facts)


def update(charge_id, params):
    """Change description and metadata, the only two things that may change."""
    with books().change():
        facts = life.current(charge_id)
        if "description" in params:
            facts["description"] = values.text(params["description"])
        if "metadata" in params:
            facts["metadata"] = values.metadata(params)
        return _written("charge.update", facts)


def refund(charge_id, amount, metadata=None, void=False):
    """Give money back and answer the refund; a void returns the fee as well."""
    with books().change():
        facts = life.current(charge_id)
        _check_refund(facts, amount, void)
        refund_id, returned = new_id("rfnd"), _returned(facts, amount)
        cost = standing.money(facts)["net"] if void else returned
        line = {
            "id": refund_id,
            "created_at": books().now(),
            "charge": charge_id,
            "amount": amount,
            "currency": facts["currency"],
            "funding_amount": returned,
            "funding_currency": facts["funding_currency"],
            "voided": void,
            "metadata": metadata or {},
            # The key is our inference: no refund's transaction was recorded.
            "transaction": life.transact(
                facts, "debit", "refund.created.debit", cost, refund_id
            ),
        }
        books().add("refund", line, parent=charge_id)
        facts.update(refunded_amount=facts["refunded_amount"] + amount, voided=void)
        life.write(facts)
        life.tell("refund.create", facts, objects.refund(line))
        return objects.refund(line)


def _returned(facts, amount):
    """Tell what a refund takes from the balance; the last one takes whatever is left over."""
    before = facts["refunded_amount"]
    pair = (facts["currency"], facts["funding_currency"])
    so_far = fees.in_currency(before, *pair)
    return fees.in_currency(before + amount, *pair) - so_far


def _check_refund(facts, amount, void):
    """Refuse a refund that the charge, its card or the clock does not allow."""
    whole, part = standing.refundable(facts)
    left = standing.captured_amount(facts) - facts["refunded_amount"]
    brand = facts["card"]["brand"] if facts["card"] else None
    days = 160 if brand in FEWER_REFUND_DAYS else 365
    made = len(books().below(facts["id"], "refund"))
    problem = None
    if not whole:
        problem = "charge is not refundable"
    elif not 0 < amount <= left:
        problem = f"amount must be between 1 and {left}"
    elif amount < left and not part:
        problem = "charge is not partially refundable"
    elif made >= MOST_REFUNDS:
        problem = f"charge has {MOST_REFUNDS} refunds already"
    elif books().now() > facts["paid_at"] + days * _DAY:
        problem = "charge is too old to be refunded"
    if problem:
        raise Refused("failed_refund", problem)
    if void and (amount != left or not standing.voidable(facts)):
        raise Refused("failed_void", "charge cannot be voided")
