"""Refunds: money that goes back to a payer, or a charge that is voided. Rests on refunds-api."""

from ..books import books
from ..rules import fees, standing
from ..rules.refusals import Refused
from ..webhooks.events import tell
from . import charge, transaction
from .kind import CHARGE
from .kind import REFUND as KIND

MOST = 15
FEWER_DAYS = ("JCB", "American Express", "Diners Club")
_DAY = 24 * 60 * 60


def make(charge_id, amount, metadata=None, void=False):
    """Give money back; a void returns the fee as well."""
    with books().change():
        facts = charge.find(charge_id)
        _check(facts, amount, void)
        returned = _returned(facts, amount)
        line = KIND.begun(
            charge=charge_id,
            amount=amount,
            currency=facts["currency"],
            funding_amount=returned,
            funding_currency=facts["funding_currency"],
            voided=void,
            metadata=metadata or {},
        )
        cost = standing.money(facts)["net"] if void else returned
        # The key is our inference: no refund's transaction was recorded.
        key = "refund.created.debit"
        moved = transaction.make(facts, "debit", key, cost, origin=line["id"])
        line["transaction"] = moved["id"]
        KIND.add(line)
        refunded = facts["refunded_amount"] + amount
        CHARGE.save({**facts, "refunded_amount": refunded, "voided": void})
        return tell("refund.create", line, about=facts)


def find(charge_id, refund_id):
    """Fetch a refund of a charge."""
    return KIND.find(refund_id, parent=charge.find(charge_id)["id"])


def _returned(facts, amount):
    """Tell what a refund takes from the balance; the last one takes whatever is left over."""
    before = facts["refunded_amount"]
    pair = (facts["currency"], facts["funding_currency"])
    so_far = fees.in_currency(before, *pair)
    return fees.in_currency(before + amount, *pair) - so_far


def _check(facts, amount, void):
    """Refuse a refund that the charge, its card or the clock does not allow."""
    whole, part = standing.refundable(facts)
    left = standing.captured_amount(facts) - facts["refunded_amount"]
    brand = facts["card"]["brand"] if facts["card"] else None
    days = 160 if brand in FEWER_DAYS else 365
    now, made = books().now(), len(books().below(facts["id"], KIND.name))
    problem = None
    if not whole:
        problem = "charge is not refundable"
    elif not 0 < amount <= left:
        problem = f"amount must be between 1 and {left}"
    elif amount < left and not part:
        problem = "charge is not partially refundable"
    elif made >= MOST:
        problem = f"charge has {MOST} refunds already"
    elif now > facts["paid_at"] + days * _DAY:
        problem = "charge is too old to be refunded"
    if problem:
        raise Refused("failed_refund", problem)
    may_void = amount == left and standing.voidable(facts, now, books().country())
    if void and not may_void:
        raise Refused("failed_void", "charge cannot be voided")
