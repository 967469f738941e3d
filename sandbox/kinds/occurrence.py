"""Occurrences: what became of each day of a schedule. Rests on schedules-api."""

from ..books import books
from ..rules import days
from ..rules.refusals import Refused
from . import charge, transfer
from .kind import OCCURRENCE as KIND
from .kind import SCHEDULE

_CHARGED = ("amount", "currency", "customer", "card", "description", "metadata")

find = KIND.find


def make(schedule_id):
    """Let the next day of a schedule happen now, and write down what became of it."""
    with books().change():
        facts = books().find(SCHEDULE.name, schedule_id)
        done = {"parent": schedule_id, "newest_first": True, "limit": 1}
        last, _ = books().page(KIND.name, **done)
        coming = days.coming(facts, days.date_at(books().now()), last)
        if not coming:
            raise Refused("bad_request", "schedule has no days to come")
        return _happened(facts, coming[0])


def begin(facts):
    """Let the first day of a new schedule happen if that is today; call it inside its change."""
    today = days.date_at(books().now())
    if days.coming(facts, today, [])[:1] == [today]:
        _happened(facts, today)


def _happened(facts, day):
    """Write down what became of a day."""
    occurrence = KIND.begun(
        processed_at=books().now(),
        schedule=facts["id"],
        scheduled_on=day.isoformat(),
        **_outcome(facts),
    )
    return KIND.add(occurrence)


def _outcome(facts):
    """Charge or transfer as the schedule says, and tell how that went."""
    agreed = facts[facts["sort"]]
    try:
        if facts["sort"] == "transfer":
            made = _paid_out(agreed, facts["id"])
            done = {"result": made["id"], "transfer_amount": made["amount"]}
            return {"status": "successful", **done}
        given = {name: agreed[name] for name in _CHARGED}
        made = charge.make(given, schedule=facts["id"])
    except Refused as refused:
        return {"status": "failed", "message": refused.message}
    paid = made["status"] == "successful"
    return {
        "status": "successful" if paid else "failed",
        "result": made["id"],
        "message": made["failure_message"],
    }


def _paid_out(agreed, schedule_id):
    """Transfer a sum, or a share of the balance."""
    balance = books().counts().get("balance", 0)
    amount = agreed["amount"] or balance * agreed["percentage_of_balance"] // 100
    wanted = {"amount": amount, "recipient": agreed["recipient"]}
    return transfer.make(wanted, schedule=schedule_id)
