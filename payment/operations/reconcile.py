"""Ask Omise about an attempt whose outcome is open, and record what it says.

A return, a waiting page's poll, a webhook and the sweep all end here. Evidence comes first: the
charge itself, or Omise's word on whether the single-use token or source was used. That a list
does not show a charge proves little: only a list of a window around the attempt, read to its end
and begun after patience ran out, lets the shopper choose again, and the attempt goes on being
watched.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..gateway import deadline, verbs
from ..gateway.errors import BadAnswer, GatewayError
from ..orders import ledger, queries
from ..orders.models import Attempt

log = logging.getLogger(__name__)

# A request that left is given this long before its absence means anything.
PATIENCE = timedelta(minutes=10)
# A request may still be on its way while its own view waits for the answer
# (settings.LONGEST_ANSWER).
GRACE = timedelta(seconds=35)
# What cannot be read for so long is no slip of the line: a person must look.
STUBBORN = timedelta(hours=1)
# So far apart may Omise's clock and the database's be.
SKEW = timedelta(minutes=20)
# How far into a window a shopper's own page looks: requests of 100 charges each.
_PAGES_FOR_A_SHOPPER = 2
# Seconds that one shopper's request may wait for Omise, whatever it has to ask.
_FOR_A_SHOPPER = 25


@dataclass
class Evidence:
    """What the account's list of charges has shown: charges by attempt, and for whom it is
    complete.

    `complete` holds the attempts whose whole window was read, with the moment at which reading
    began.
    """

    found: dict[str, list[str]] = field(default_factory=dict)
    complete: dict[str, datetime] = field(default_factory=dict)


def reconcile_order(order_id: str, by: str, gap: int = 0) -> bool:
    """Ask about an order's open attempts; those asked about within `gap` seconds are left.

    What cannot be asked now is logged and left to the sweep. Tells whether all were answered.
    """
    answered = True
    with deadline.within(_FOR_A_SHOPPER):
        for attempt in queries.open_attempts(order_id):
            if not queries.may_ask_now(attempt.id, timedelta(seconds=gap)):
                continue
            try:
                reconcile(attempt, by, look([attempt], _PAGES_FOR_A_SHOPPER))
            except GatewayError as error:
                answered = False
                log.warning(
                    "attempt %s: Omise could not be asked: %s", attempt.id, error
                )
    return answered


def reconcile_charge(charge_id: str, by: str) -> None:
    """Fetch a charge that somebody named, and record it if it is ours. Raises GatewayError."""
    ledger.record(verbs.find_charge(charge_id), by)


def reconcile(attempt: Attempt, by: str, evidence: Evidence) -> None:
    """Record the charge of an attempt as Omise tells it now, or what its absence means.

    Raises GatewayError; the attempt then stays as it was.
    """
    found = evidence.found.get(attempt.id, [])
    if attempt.charge_id or found:
        # More than one charge of one attempt: a hop has sent it twice. The ledger flags that.
        for charge_id in dict.fromkeys([attempt.charge_id or found[0], *found]):
            _record(attempt, charge_id, by)
    elif attempt.doubtful_id:
        _look_at_doubt(attempt, by)
    elif attempt.status == "created":
        # Nothing ever left: whoever sends must first write `sent`, which is refused from now on.
        if queries.clock() - attempt.created_at > GRACE:
            ledger.mark_failed(attempt, "nothing_sent", by)
    else:
        _judge_absence(attempt, by, evidence)


def _record(attempt: Attempt, charge_id: str, by: str) -> None:
    try:
        charge = verbs.find_charge(charge_id)
    except BadAnswer as error:
        if queries.clock() - attempt.created_at > STUBBORN:
            ledger.flag(attempt.order_id, f"charge {charge_id}: {error}", by)
        raise
    except GatewayError as error:
        if error.code == "not_found":
            why = f"charge {charge_id} is not in the account of these keys"
            ledger.flag(attempt.order_id, why, by)
        raise
    recorded = ledger.record(charge, by, attempt)
    if recorded and recorded.status == "pending" and not recorded.authorized:
        _close_what_is_left_over(recorded, by)


def _close_what_is_left_over(attempt: Attempt, by: str) -> None:
    """Close a code or a page that could still be paid although another attempt has paid the
    order."""
    order = queries.find_order(attempt.order_id)
    if order is None or not order.paid_by or order.paid_by == attempt.id:
        return
    with suppress(
        GatewayError
    ):  # some methods cannot be closed; they run out by themselves
        verbs.expire_charge(attempt.charge_id or "")
        ledger.record(verbs.find_charge(attempt.charge_id or ""), by, attempt)


def _look_at_doubt(attempt: Attempt, by: str) -> None:
    """Look at a charge that came as an attempt's answer and did not name it."""
    charge = verbs.find_charge(attempt.doubtful_id or "")
    if charge.attempt_id and charge.attempt_id != attempt.id:
        # It is somebody else's: an answer that went astray. Ours is still unknown.
        ledger.record(charge, by)
        ledger.forget_doubt(attempt, by)
        return
    ledger.record(charge, by, attempt)


def _judge_absence(attempt: Attempt, by: str, evidence: Evidence) -> None:
    left_at = attempt.sent_at or attempt.created_at
    now = queries.clock()
    single_use = attempt.pays_with if now - left_at > PATIENCE else None
    used = _was_used(single_use) if single_use else None
    if used is False:
        ledger.mark_failed(attempt, "never_used", by)
        return
    began = evidence.complete.get(attempt.id)
    if began and began - left_at > PATIENCE and not used:
        ledger.mark_not_found(attempt, by)
    elif (attempt.status == "sent" and now - left_at > GRACE) or (
        attempt.status == "not_found" and used
    ):
        ledger.mark_unknown(attempt, by)
    if used and now - left_at > STUBBORN:
        # There is a charge, by Omise's own word, and no list has shown it.
        why = (
            f"attempt {attempt.number}: Omise says that its token or source was used to pay, and "
            "shows no charge of it: look on the dashboard, and close the attempt if there is none"
        )
        ledger.flag(attempt.order_id, why, by)


def _was_used(pays_with: str) -> bool | None:
    """Tell what Omise itself says of a token or source. Raises GatewayError."""
    try:
        return verbs.was_used(pays_with)
    except GatewayError as error:
        if error.code == "not_found":  # forgotten, after whatever became of it
            return None
        raise


def look(attempts: Iterable[Attempt], most_pages: int) -> Evidence:
    """Look for the charges of attempts whose answer was lost, in the account's list of charges.

    At most so many pages of each window are read. Raises GatewayError.
    """
    evidence = Evidence()
    for window in windows(attempts):
        read(window, evidence, most_pages)
    return evidence


def _is_lost(attempt: Attempt) -> bool:
    """Tell whether an attempt's own charge is still to be found: also beside a doubtful one."""
    unanswered = attempt.status in ("sent", "unknown")
    return not attempt.charge_id and (unanswered or queries.is_unseen(attempt))


@dataclass
class Window:
    """A span of time in which the charges of some attempts must have been made."""

    begin: datetime
    end: datetime
    attempts: list[Attempt]


def windows(attempts: Iterable[Attempt]) -> list[Window]:
    """Give a window of time around each attempt whose answer was lost, the newest first.

    So the account's size does not matter; windows that touch are one.
    """
    found: list[Window] = []
    lost = [one for one in attempts if _is_lost(one)]
    for one in sorted(lost, key=lambda one: one.sent_at or one.created_at):
        left_at = one.sent_at or one.created_at
        begin, end = left_at - SKEW, left_at + PATIENCE + SKEW
        if found and begin <= found[-1].end:
            found[-1].end = end
            found[-1].attempts.append(one)
        else:
            found.append(Window(begin, end, [one]))
    return found[::-1]


def read(
    window: Window,
    evidence: Evidence,
    most_pages: int,
    pace: Callable[[], None] = lambda: None,
) -> bool:
    """Read a window to its end, or as far as the pages go; false where that tells not enough.

    `pace` is called before each request. Raises GatewayError; what was found by then stands.
    """
    wanted = {one.id for one in window.attempts}
    began, offset = queries.clock(), 0
    seen: set[str] = set()
    for _ in range(most_pages):
        if wanted <= evidence.found.keys():
            return True
        pace()
        page = verbs.charges_between(window.begin, window.end, offset)
        for row in page.objects():
            metadata = row.get("metadata")
            named = metadata.get("attempt_id") if isinstance(metadata, dict) else None
            if (
                isinstance(named, str)
                and named in wanted
                and verbs.is_id(row.get("id"), "chrg")
            ):
                ids = evidence.found.setdefault(named, [])
                ids += [row["id"]] if row["id"] not in ids else []
        offset += len(page.rows)
        fresh = page.ids() - seen
        seen |= fresh
        # Rows that were told twice stand where others were not told.
        if page.total is not None and len(seen) >= page.total:
            evidence.complete |= dict.fromkeys(wanted - evidence.found.keys(), began)
            return True
        # `total` says that there is more, and there is nothing new: no evidence.
        if not fresh or (page.total is not None and offset >= page.total):
            break
    return wanted <= evidence.found.keys()
