"""Disputes: payers take back what a card paid; the shop answers, accepts, wins or loses.

Opening one takes the money back out of the balance, winning puts it in again. Rests on disputes-api
and one recorded dispute; which moves are refused, and in which words, is our inference.
"""

from ..books import books
from ..rules import fees, standing, values
from ..rules.refusals import Refused
from ..webhooks.events import tell
from . import charge, transaction
from .kind import CHARGE
from .kind import DISPUTE as KIND

REASONS = (
    "goods_or_services_not_provided not_recorded not_available other"
    " incorrect_transaction_amount duplicate_processing credit_not_processed"
    " paid_by_other_means unauthorized_charge non_matching_account_number incorrect_currency"
    " late_presentment cancelled_recurring_transaction"
    " not_as_described_or_defective_merchandise incorrect_transaction_code invalid_data"
    " expired_card transaction_not_recognised"
)
_RECORDED = "goods_or_services_not_provided"
_MESSAGES = {_RECORDED: "Merchandise/Services Not Received"}

_ACCEPTED = "Merchant accepts the dispute"

find = KIND.find


def make(charge_id, reason=None):
    """Dispute all that a charge still holds."""
    reason = reason or _RECORDED
    if reason not in REASONS.split():
        raise Refused("bad_request", "reason_code is invalid")
    with books().change():
        disputed = charge.find(charge_id)
        if not standing.of(disputed, books().now(), books().country())["disputable"]:
            raise Refused("bad_request", "charge is not disputable")
        facts = _opened(disputed, reason)
        disputed |= {"dispute": facts["id"], "contested": True}
        CHARGE.save(disputed)
        _transact(facts, "debit", "dispute.started.debit")
        return tell("dispute.create", KIND.add(facts), about=disputed)


def change(dispute_id, params):
    """Answer the bank or change metadata; a message makes the dispute wait for its verdict."""
    with books().change():
        facts = _running(dispute_id)
        if "metadata" in params:
            facts["metadata"] = values.metadata(params)
        if values.text(params.get("message")):
            facts.update(message=values.text(params["message"]), status="pending")
        about = CHARGE.find(facts["charge"])
        return tell("dispute.update", KIND.save(facts), about=about)


def accept(dispute_id):
    """Give in, which loses a dispute."""
    return close(dispute_id, "lost", "dispute.accept", message=_ACCEPTED)


def close(dispute_id, status, key="dispute.close", **more):
    """End a dispute as won or lost; a won charge may be refunded again."""
    if status not in ("won", "lost"):
        raise Refused("bad_request", "status is invalid")
    with books().change():
        facts = _running(dispute_id)
        facts.update(status=status, closed_at=books().now(), **more)
        disputed = CHARGE.find(facts["charge"])
        if status == "won":
            _transact(facts, "credit", "dispute.won.credit")
            CHARGE.save({**disputed, "contested": False})
        return tell(key, KIND.save(facts), about=disputed)


def _opened(disputed, reason):
    """Begin a dispute's facts: about what was captured and has not been given back."""
    refunded = disputed["refunded_amount"]
    pair = (disputed["currency"], disputed["funding_currency"])
    returned = fees.in_currency(refunded, *pair)
    return KIND.begun(
        charge=disputed["id"],
        currency=disputed["currency"],
        amount=standing.captured_amount(disputed) - refunded,
        funding_amount=standing.money(disputed)["funding_amount"] - returned,
        funding_currency=disputed["funding_currency"],
        metadata={},
        transactions=[],
        reason_code=reason,
        reason_message=_MESSAGES.get(reason, reason.replace("_", " ").capitalize()),
        status="open",
        closed_at=None,
    )


def _transact(facts, direction, key):
    """Move what is disputed out of the balance or back into it."""
    line = transaction.make(facts, direction, key, facts["funding_amount"])
    facts["transactions"].append(line["id"])


def _running(dispute_id):
    """Fetch a dispute that is not yet decided, or refuse the move."""
    facts = find(dispute_id)
    if facts["closed_at"] is not None:
        raise Refused("bad_request", "dispute is already closed")
    return facts
