"""Schedules: what to charge or transfer, and on which days.

No clock runs them: an ``occurrence`` is made when someone says so, but for the first day of a
schedule that begins today, which is run at once as recorded. Rests on schedules-api; messages, and
how many days are told ahead, are our inference.
"""

from ..books import books
from ..books.ids import new_id
from ..rules import days, values
from ..rules.refusals import Refused, refuse_all
from ..webhooks.events import tell
from . import card, occurrence
from .kind import CUSTOMER, RECIPIENT
from .kind import SCHEDULE as KIND

PERIODS = ("day", "week", "month")


def make(params):
    """Make a schedule; its customer or recipient must exist."""
    every, period = values.whole(params.get("every")), values.text(params.get("period"))
    start = days.day(params.get("start_date") or days.date_at(books().now()))
    end, on = days.day(params.get("end_date")), days.read(period, params.get("on"))
    problems = {
        "every must be greater than 0": every is None or every < 1,
        "period is not included in the list": period not in PERIODS,
        "start_date is invalid": start is None,
        "end_date is invalid": end is None or (start is not None and end < start),
        "on is invalid": on is None,
    }
    refuse_all("bad_request", [words for words, is_so in problems.items() if is_so])
    facts = KIND.begun(every=every, period=period, on=on, deleted=False)
    facts.update(start_on=start.isoformat(), end_on=end.isoformat())
    with books().change():
        made = tell("schedule.create", KIND.add({**facts, **_what(params)}))
        occurrence.begin(made)
        return made


def find(schedule_id):
    """Fetch a schedule; a deleted one stays to be seen, since that is one of its statuses."""
    return books().find(KIND.name, schedule_id)


def destroy(schedule_id):
    """End a schedule."""
    with books().change():
        return tell("schedule.destroy", KIND.forget(KIND.find(schedule_id)))


def _what(params):
    """Read what happens on each day: a transfer or a charge."""
    for sort, read in (("transfer", _transfer), ("charge", _charge)):
        if isinstance(params.get(sort), dict):
            return {"sort": sort, sort: read(params[sort])}
    raise Refused("bad_request", "charge or transfer can't be blank")


def _agreed(prefix, given, needs_amount):
    """Begin what a schedule does each time, with the money that it moves."""
    amount, own = values.whole(given.get("amount")), books().settings()["currency"]
    told = needs_amount or given.get("amount") is not None
    if told and (amount is None or amount < 1):
        raise Refused("bad_request", "amount is not a number")
    currency = (values.text(given.get("currency")) or own).upper()
    now = {"id": new_id(prefix), "created_at": books().now()}
    return {**now, "amount": amount, "currency": currency}


def _charge(given):
    """Read what to charge, and to whom."""
    owner = CUSTOMER.find(str(given.get("customer")))
    card_id = values.text(given.get("card"))
    if card_id:
        card.find(owner["id"], card_id)
    return {
        **_agreed("rchg", given, needs_amount=True),
        "customer": owner["id"],
        "card": card_id,
        "default_card": card_id is None,
        "description": values.text(given.get("description")),
        "metadata": values.metadata(given),
    }


def _transfer(given):
    """Read what to pay out, and to whom: a sum, or a whole percentage of the balance."""
    agreed = _agreed("rtrf", given, needs_amount=False)
    share = values.whole(given.get("percentage_of_balance", 100))
    if share is None or not 0 < share <= 100:
        raise Refused("bad_request", "percentage_of_balance is invalid")
    return {
        **agreed,
        "percentage_of_balance": None if agreed["amount"] else share,
        "recipient": RECIPIENT.find(str(given.get("recipient")))["id"],
        "is_realtime_payout": False,
    }
