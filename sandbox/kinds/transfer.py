"""Transfers: money that leaves the balance for a bank, and comes back when one fails or is deleted.

Rests on transfers-api; messages, keys of transactions and which moves are refused are our
inference. `split_transfer` and `idemp_key` are taken and change nothing: what Omise does then is
not recorded.
"""

from ..books import books
from ..rules import values
from ..rules.refusals import Refused
from ..webhooks.events import tell
from . import transaction
from .kind import RECIPIENT
from .kind import TRANSFER as KIND

SMALLEST = 3000

find = KIND.find


def make(params, schedule=None):
    """Make a transfer: of the whole balance and to the default recipient if nothing is said."""
    with books().change():
        settings = books().settings()
        to = values.text(params.get("recipient")) or settings["default_recipient"]
        facts = KIND.begun(
            recipient=RECIPIENT.find(to)["id"],
            currency=settings["currency"],
            funding_currency=settings["currency"],
            amount=0,
            transactions=[],
            fail_fast=values.is_true(params.get("fail_fast")),
            metadata=values.metadata(params),
            sent=False,
            paid=False,
            deleted=False,
            schedule=schedule,
        )
        _set_amount(facts, params.get("amount", _balance()))
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
        facts = _unsent(transfer_id)
        _move(facts, -facts["amount"], "transfer.destroyed")
        return tell("transfer.destroy", KIND.forget(facts))


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
        _move(facts, -facts["amount"], "transfer.failed")
        return tell("transfer.fail", KIND.save(facts))


def _set_amount(facts, given):
    """Take so much out of the balance, in its smallest unit, in place of what was taken before."""
    amount, most = values.whole(given), _balance() + facts["amount"]
    if amount is None:
        raise Refused("invalid_amount", "amount is not a number")
    if amount < SMALLEST:
        message = f"amount must be greater than or equal to {SMALLEST}"
        raise Refused("invalid_amount", message)
    if amount > most:
        message = f"amount must be less than or equal to {most}, the balance"
        raise Refused("invalid_amount", message)
    changed = "transfer.updated" if facts["amount"] else "transfer.created"
    _move(facts, amount - facts["amount"], changed)
    facts["amount"] = amount


def _balance():
    """Tell what may be transferred."""
    return books().counts().get("balance", 0)


def _move(facts, amount, key):
    """Move money out of the balance, or back into it where the amount is below nought."""
    if amount:
        direction = "debit" if amount > 0 else "credit"
        line = transaction.make(facts, direction, f"{key}.{direction}", abs(amount))
        facts.setdefault("transactions", []).append(line["id"])


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
