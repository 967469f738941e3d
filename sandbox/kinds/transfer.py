"""Transfers: money on its way to a bank. None is paid and the balance stays: each is a record.

Rests on transfers-api; messages and which moves are refused are our inference. `split_transfer`
and `idemp_key` are taken and change nothing: what Omise does then is not recorded.
"""

from ..books import books
from ..rules import values
from ..rules.refusals import Refused
from ..webhooks.events import tell
from .kind import RECIPIENT
from .kind import TRANSFER as KIND

SMALLEST = 3000

find = KIND.find


def make(params, schedule=None):
    """Make a transfer; without an amount it is of the whole balance."""
    with books().change():
        to = values.text(params.get("recipient"))
        facts = KIND.begun(
            recipient=RECIPIENT.find(to)["id"] if to else None,
            currency=books().settings()["currency"],
            fail_fast=values.is_true(params.get("fail_fast")),
            metadata=values.metadata(params),
            sent=False,
            paid=False,
            deleted=False,
            schedule=schedule,
        )
        balance = books().counts().get("balance", 0)
        _set_amount(facts, params.get("amount", balance))
        return tell("transfer.create", KIND.add(facts))


def change(transfer_id, params):
    """Change a transfer that was not sent."""
    with books().change():
        facts = _unsent(transfer_id)
        if "amount" in params:
            _set_amount(facts, params["amount"])
        if "metadata" in params:
            facts["metadata"] = values.metadata(params)
        return tell("transfer.update", KIND.save(facts))


def destroy(transfer_id):
    """Delete a transfer that was not sent."""
    with books().change():
        return tell("transfer.destroy", KIND.forget(_unsent(transfer_id)))


def mark_as_sent(transfer_id):
    """Send a transfer, as test keys may."""
    with books().change():
        facts = _unsent(transfer_id)
        facts.update(sent=True, sent_at=books().now())
        return tell("transfer.send", KIND.save(facts))


def mark_as_paid(transfer_id):
    """Let a transfer arrive, as test keys may."""
    with books().change():
        facts = _unended(transfer_id)
        facts.update(sent=True, paid=True, paid_at=books().now())
        facts.setdefault("sent_at", facts["paid_at"])
        return tell("transfer.pay", KIND.save(facts))


def fail(transfer_id, failure_code=None):
    """Let a transfer fail, as a bank may while the money is on its way; nothing is paid then."""
    with books().change():
        facts = _unended(transfer_id)
        code = failure_code or "transfer_send_failure"
        facts.update(failure_code=code, failure_message=code.replace("_", " "))
        return tell("transfer.fail", KIND.save(facts))


def _set_amount(facts, given):
    """Read how much is transferred, in the smallest unit of the account's currency."""
    facts["amount"] = values.whole(given)
    if facts["amount"] is None:
        raise Refused("invalid_amount", "amount is not a number")
    if facts["amount"] < SMALLEST:
        message = f"amount must be greater than or equal to {SMALLEST}"
        raise Refused("invalid_amount", message)


def _unsent(transfer_id):
    """Fetch a transfer that is not on its way, or refuse to touch it."""
    if find(transfer_id)["sent"]:
        raise Refused("bad_request", "transfer was already sent")
    return _unended(transfer_id)


def _unended(transfer_id):
    """Fetch a transfer that has neither arrived nor failed, or refuse to end it twice."""
    facts = find(transfer_id)
    if facts["paid"]:
        raise Refused("bad_request", "transfer was already paid")
    if facts.get("failure_code"):
        raise Refused("bad_request", "transfer has failed")
    return facts
