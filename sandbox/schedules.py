"""Keep schedules: what to charge or transfer, on which days, and what became of each day.

No clock runs them: ``POST /control/schedules/<id>/run`` lets the next day happen now. Rests on
schedules-api; messages, and how many days are told ahead, are our inference.
"""

from datetime import timedelta

from . import charging, customers, keeping, objects, payouts, wire
from .rows import new_id
from .rules import days, values
from .rules.refusals import Refused, refuse_all
from .state import books

PERIODS = ("day", "week", "month")
MOST_AHEAD = 30
CHARGED = ("amount", "currency", "customer", "card", "description", "metadata")


def _today():
    return days.date_at(books().now())


def begin(params):
    """Check a new schedule and answer its facts; customer or recipient must exist."""
    every, period = values.whole(params.get("every")), values.text(params.get("period"))
    start = days.day(params.get("start_date") or _today())
    end, on = days.day(params.get("end_date")), days.read(period, params.get("on"))
    problems = {
        "every must be greater than 0": every is None or every < 1,
        "period is not included in the list": period not in PERIODS,
        "start_date is invalid": start is None,
        "end_date is invalid": end is None or (start is not None and end < start),
        "on is invalid": on is None,
    }
    refuse_all("bad_request", [words for words, is_so in problems.items() if is_so])
    facts = {"every": every, "period": period, "on": on}
    facts.update(start_on=start.isoformat(), end_on=end.isoformat())
    for sort, read in (("transfer", _transfer), ("charge", _charge)):
        if isinstance(params.get(sort), dict):
            return {**facts, "sort": sort, sort: read(params[sort])}
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
    customer = customers.find(str(given.get("customer")))
    card = values.text(given.get("card"))
    if card:
        customers.find_card(customer["id"], card)
    return {
        **_agreed("rchg", given, needs_amount=True),
        "customer": customer["id"],
        "card": card,
        "default_card": card is None,
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
        "recipient": keeping.find("recipient", str(given.get("recipient")))["id"],
        "is_realtime_payout": False,
    }


def found_by(facts):
    """Tell whose schedule it is and of which sort, which is how lists find it."""
    agreed = facts[facts["sort"]]
    owner = agreed.get("customer") or agreed.get("recipient")
    return {"parent": owner, "status": facts["sort"]}


def draw(facts):
    """Draw a schedule with the days behind and ahead of it."""
    location, sort = f"/schedules/{facts['id']}", facts["sort"]
    ended = facts["deleted"] or _today() > days.day(facts["end_on"])
    status = "deleted" if facts["deleted"] else "expired" if ended else "running"
    past, total = books().page("occurrence", parent=facts["id"])
    data = [draw_occurrence(each) for each in past]
    shown = {**facts, sort: objects.drawn(f"{sort}_schedule", facts[sort])}
    return objects.drawn(
        "schedule",
        {**shown, "status": status, "active": not ended},
        location=wire.path_of(location),
        occurrences=objects.list_of(f"{location}/occurrences", data, total),
        in_words=days.in_words(facts),
        next_occurrences_on=[each.isoformat() for each in _ahead(facts)],
    )


def draw_occurrence(facts):
    """Draw what became of one day of a schedule."""
    location = wire.path_of(f"/occurrences/{facts['id']}")
    return objects.drawn("occurrence", facts, location=location)


def _ahead(facts):
    """List the days to come: from today on, and not those that have happened."""
    if facts["deleted"]:
        return []
    done, _ = books().page("occurrence", parent=facts["id"], newest_first=True, limit=1)
    after = [days.day(each["scheduled_on"]) + timedelta(days=1) for each in done]
    return days.ahead(facts, max([_today(), *after]), MOST_AHEAD)


def run(schedule_id):
    """Let the next day of a schedule happen now, and answer what became of it."""
    with books().change():
        facts = books().find("schedule", schedule_id)
        coming = _ahead(facts)
        if not coming:
            raise Refused("bad_request", "schedule has no days to come")
        occurrence = {
            "id": new_id("occu"),
            "created_at": books().now(),
            "processed_at": books().now(),
            "schedule": schedule_id,
            "scheduled_on": coming[0].isoformat(),
            **_outcome(facts),
        }
        books().add("occurrence", occurrence, parent=schedule_id)
        return draw_occurrence(occurrence)


def _outcome(facts):
    """Charge or transfer as the schedule says, and tell how that went."""
    agreed = facts[facts["sort"]]
    try:
        if facts["sort"] == "transfer":
            made = payouts.pay_out(agreed, facts["id"])
            return {"status": "successful", "result": made["id"]}
        given = {name: agreed[name] for name in CHARGED}
        made = charging.create(given, schedule=facts["id"])
    except Refused as refused:
        return {"status": "failed", "message": refused.message}
    paid = made["status"] == "successful"
    return {
        "status": "successful" if paid else "failed",
        "result": made["id"],
        "message": made["failure_message"],
    }
