"""Carry a charge from one state to the next: what every move is made of.

Callers hold the transaction. Rests on charges-api and the states recorded there.
"""

from . import deliver, objects, standing
from .rows import new_id
from .rules import scenarios
from .state import books


def write(facts, new=False):
    """Write a charge with what it is found by: status, payment page and time to expire."""
    due = facts["expires_at"] if facts["status"] == "pending" else None
    found_by = {"status": facts["status"], "due": due}
    if new:
        found_by |= {"parent": facts["link"], "payment": facts["payment"]}
        books().add("charge", facts, **found_by)
        return
    books().save(facts, **found_by)


def tell(key, facts, shown=None):
    """Emit an event about a charge, or about what hangs on it."""
    shown = shown or objects.charge(facts)
    deliver.emit(key, shown, facts["id"], facts["webhook_endpoints"])


def current(charge_id):
    """Fetch a charge's facts as they are now, expiring it first if its time is up."""
    facts = books().find("charge", charge_id)
    if not _is_due(facts):
        return facts
    with books().change():
        # Another reader may have been first.
        facts = books().find("charge", charge_id)
        if _is_due(facts):
            lapse(facts, facts["expires_at"])
        return facts


def _is_due(facts):
    return facts["status"] == "pending" and facts["expires_at"] <= books().now()


def expire_due():
    """Expire every charge whose time is up, before a list is read."""
    for charge_id in books().due(books().now()):
        current(charge_id)


def lapse(facts, moment):
    """Let a pending charge go; an authorisation is released with it."""
    facts.update(status="expired", expired_at=moment, expires_at=moment)
    write(facts)
    tell("charge.expire", facts)


def decide(facts, failure_code):
    """Note how a payment ended: refused, captured at once, or held until someone captures."""
    if failure_code:
        message = scenarios.FAILURE_MESSAGES.get(failure_code, failure_code)
        facts.update(
            status="failed", failure_code=failure_code, failure_message=message
        )
        return
    facts["authorized_at"] = books().now()
    if facts["capture"]:
        collect(facts, facts["amount"])


def collect(facts, amount):
    """Take the money and add its net to the balance."""
    facts.update(status="successful", paid_at=books().now(), captured_amount=amount)
    net = standing.money(facts)["net"]
    facts["transaction"] = transact(facts, "credit", "charge.captured.net", net)


def transact(facts, direction, key, amount, origin=None):
    """Write one line of the balance and tell its id."""
    line = {
        "id": new_id("trxn"),
        "created_at": books().now(),
        "currency": facts["funding_currency"],
        "amount": amount,
        "direction": direction,
        "key": key,
        "origin": origin or facts["id"],
    }
    books().add("transaction", line)
    books().count("balance", amount if direction == "credit" else -amount)
    return line["id"]
