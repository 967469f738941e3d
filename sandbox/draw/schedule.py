"""Draw a schedule, with what it charges or transfers."""

from ..rules import days
from . import occurrence
from .shape import Shape, list_of

SHAPE = Shape(
    "schedule",
    "object id deleted livemode location every occurrences on in_words period status active state"
    " charge transfer next_occurrences_on ended_at start_on end_on created_at execute_time"
    " deleted_by",
    "object id livemode location status deleted every period on in_words start_on>start_date"
    " end_on>end_date charge transfer occurrences next_occurrences_on>next_occurrence_dates"
    " created_at>created",
)
CHARGE = Shape(
    "scheduled_charge",
    "object id livemode currency amount default_card card customer linked_account description"
    " metadata created_at",
    "amount currency description customer card",
)
TRANSFER = Shape(
    "transfer_schedule",
    "object id livemode amount currency percentage_of_balance recipient created_at"
    " is_realtime_payout",
    "recipient amount percentage_of_balance currency",
)


def draw(facts, sight):
    """Draw a schedule with the days behind and ahead of it."""
    location, sort = f"/schedules/{facts['id']}", facts["sort"]
    today = days.date_at(sight.now)
    ended = facts["deleted"] or today > days.day(facts["end_on"])
    past, total = sight.page("occurrence", parent=facts["id"])
    last, _ = sight.page("occurrence", parent=facts["id"], newest_first=True, limit=1)
    happened = [occurrence.draw(each, sight) for each in past]
    coming = days.coming(facts, today, last)
    agreed = CHARGE if sort == "charge" else TRANSFER
    return SHAPE.drawn(
        {**facts, sort: agreed.drawn(facts[sort])},
        location=sight.path(location),
        status="deleted" if facts["deleted"] else "expired" if ended else "running",
        active=not ended,
        # That nothing is paused here; what it says of an ended one was not recorded.
        state="Active",
        occurrences=list_of(sight, f"{location}/occurrences", happened, total),
        in_words=days.in_words(facts),
        next_occurrences_on=[each.isoformat() for each in coming],
    )
