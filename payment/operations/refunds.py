"""Give money back: once for each time an operator asks, also when the answer is lost.

A refund is committed before Omise is called. Omise knows no idempotency keys, so a refund whose
answer was lost is found again by our id in its metadata, or where a version of the API shows
none, as the one refund of that amount that was not there before.
"""

import logging
import uuid
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..gateway import verbs
from ..gateway.errors import BadAnswer, GatewayError
from ..money import plain
from ..orders import entries, ledger, queries
from ..orders.entries import fit
from ..orders.ledger import lock
from ..orders.models import ROOM_FOR_WHY, Attempt, Refund
from ..orders.transaction import transaction
from .reconcile import PATIENCE
from .telling import stands

log = logging.getLogger(__name__)

# The requests that reconciling one refund takes.
REQUESTS = 2
# How soon the same amount is no second wish, but the first one said again.
_SAID_TWICE = timedelta(minutes=10)


class RefundRefused(Exception):
    """Raised when nothing was asked of Omise; says to the operator why."""


class NothingIsLeft(RefundRefused):
    """Raised when everything that was left was to go back, and it has gone back before."""


def give_back(
    attempt_id: str,
    amount: int | None,
    by: str,
    why: str | None = None,
    again: bool = False,
) -> Refund:
    """Refund so much of an attempt's charge (smallest unit; None: what is left).

    `again` says that one more is wanted although the same amount has just gone back, or that an
    earlier one, which was not found at Omise, was looked for on the dashboard. Returns the
    Refund: `done`, `failed`, or `sent` while nobody knows; the sweep finds that out. Raises
    RefundRefused, or GatewayError when the charge could not be read; nothing moved then.
    """
    attempt = queries.find_attempt(attempt_id)
    if attempt is None or not attempt.charge_id:
        raise RefundRefused("There is no charge to refund.")
    # What was refunded on the dashboard must be known before more is.
    ledger.record(verbs.find_charge(attempt.charge_id), by, attempt)
    before = [row.get("id") for row in verbs.refunds_of(attempt.charge_id).objects()]
    refund = _open(attempt.order_id, attempt_id, amount, before, by, why, again)
    try:
        made = verbs.refund_charge(attempt.charge_id, refund.amount, refund.id)
        if made.id in before:
            raise BadAnswer("an answer of an earlier refund")
    except GatewayError as error:
        if not error.money_may_have_moved:
            return _note_outcome(refund.id, "failed", by, code=error.code)
        with suppress(GatewayError):  # then it stays `sent` until a sweep can ask
            reconcile(refund, by)
    else:
        refund = _note_outcome(refund.id, made.became, by, made=made)
        with suppress(GatewayError):
            if (
                refund.refund_id != made.id
            ):  # it was the answer to another refund of ours
                reconcile(refund, by)
            ledger.record(verbs.find_charge(attempt.charge_id), by, attempt)
    return _again(refund)


def _again(refund: Refund) -> Refund:
    return queries.find_refund(refund.id) or refund


def reconcile(refund: Refund, by: str) -> str:
    """Look an open refund up at Omise and write down what became of it; returns its status.

    That nothing of it is seen is never taken for "no": after patience it is `not_found`, and goes
    on being looked for. Raises GatewayError; the refund then stays as it was.
    """
    attempt = queries.find_attempt(refund.attempt_id)
    if attempt is None or not attempt.charge_id:
        return refund.status
    began = queries.clock()
    page = verbs.refunds_of(attempt.charge_id)
    made = _find(refund, page, _ids_of_others(refund), by)
    ledger.record(verbs.find_charge(attempt.charge_id), by, attempt)
    if made:
        return _note_outcome(refund.id, made.became, by, made=made).status
    whole = page.total is not None and page.total <= len(page.ids())
    if whole and began - refund.created_at > PATIENCE and refund.status == "sent":
        return _note_outcome(refund.id, "not_found", by).status
    return refund.status


def _find(
    refund: Refund, page: verbs.Page, others: set[str], by: str
) -> verbs.Refund | None:
    """Find a refund of ours among those of its charge."""
    rows = [verbs.Refund.read(row) for row in page.objects()]
    made = [row for row in rows if row]
    for one in made:
        if one.our_id == refund.id:
            return one
    # 2017-11-02 shows no metadata: what was not there before, and is nobody else's, is ours.
    known = {*(refund.before or []), *others}
    new = [
        one
        for one in made
        if not one.is_named and one.amount == refund.amount and one.id not in known
    ]
    if not new or refund.before is None:
        return None
    _flag_a_guess(refund, new, by)
    return new[0]


def _flag_a_guess(refund: Refund, new: list[verbs.Refund], by: str) -> None:
    """Call an operator where the answer was lost, and what is taken for ours is known by its
    amount alone."""
    attempt = queries.find_attempt(refund.attempt_id)
    if attempt is None:
        return
    ids = ", ".join(one.id for one in new)
    amount = plain(refund.amount, attempt.currency)
    taken = (
        "the first was taken for it, look on the dashboard who asked for the others"
        if len(new) > 1
        else "it was taken for it; if somebody made it on the dashboard, ours was never made"
    )
    are = "are" if len(new) > 1 else "is"
    why = (
        f"the answer to a refund of {amount} was lost, and {len(new)} of its amount {are} new "
        f"({ids}): {taken}"
    )
    ledger.flag_once(attempt.order_id, why, by)


def look_again(attempt: Attempt, by: str) -> None:
    """Look up every refund of an attempt: those that are open, and whether one that was done has
    failed since. Raises GatewayError."""
    for refund in attempt.refunds:
        if refund.status in ("sent", "not_found"):
            reconcile(refund, by)
    if attempt.charge_id and any(one.status == "done" for one in attempt.refunds):
        for row in verbs.refunds_of(attempt.charge_id).objects():
            hear(row, by)


def hear(row: dict, by: str) -> bool:
    """Take back a refund that was done, if a row of a list of refunds now says that it failed.

    Tells whether it did so now. The order is flagged: the shopper has not got the money.
    """
    told = verbs.Refund.read(row)
    if told is None or told.became != "failed":
        return False
    refund = queries.find_refund_of_omise(told.id)
    attempt = queries.find_attempt(refund.attempt_id) if refund else None
    if refund is None or attempt is None or refund.status != "done":
        return False
    amount = plain(refund.amount, attempt.currency)
    why = (
        f"refund {told.id} of {amount} was done, and Omise calls it {told.status} now: the "
        "shopper has not got it, so see on the dashboard why, and give it back in another way"
    )
    # First, so that no crash keeps it from being said.
    ledger.flag_once(attempt.order_id, why, by)
    taken_back, news = _taken_back(attempt.order_id, refund.id, told.status, by)
    entries.tell(news)
    return taken_back


@transaction
def _taken_back(session, order_id, refund_id, code, by):
    lock(session, order_id)
    refund = session.get(Refund, refund_id)
    if refund.status != "done":
        return False, []
    attempt = session.get(Attempt, refund.attempt_id)
    _write_outcome(session, refund, attempt, "failed", by, code)
    # What has gone back only grows (Charge.copy_to): this is the one proof that it did not.
    attempt.refunded_amount = max(0, attempt.refunded_amount - refund.amount)
    return True, entries.untold(session)


@transaction
def _ids_of_others(session: Session, refund: Refund) -> set[str]:
    known = select(Refund.refund_id).where(
        Refund.attempt_id == refund.attempt_id, Refund.id != refund.id
    )
    return set(session.scalars(known.where(Refund.refund_id.is_not(None))))


def _amount(attempt: Attempt, amount: int | None, again: bool, now: datetime) -> int:
    """Tell how much goes back (smallest unit): all that is left, unless less was said.

    The same amount soon after is taken for the same wish said twice, unless `again` is. Raises
    RefundRefused.
    """
    taken = attempt.taken
    # The charge may not have been read since the last one was made.
    done = sum(one.amount for one in attempt.refunds if one.status == "done")
    left = taken - max(attempt.refunded_amount, done)
    if any(one.status == "sent" for one in attempt.refunds):
        raise RefundRefused("A refund of it is under way; run the sweep and look.")
    if not again and any(one.status == "not_found" for one in attempt.refunds):
        raise RefundRefused(
            "The answer to an earlier refund was lost, and nothing of it was seen since: look at "
            "the charge on the dashboard, and say --again if it is not there."
        )
    if amount is None and left == 0:
        raise NothingIsLeft(
            f"All of {plain(taken, attempt.currency)} was refunded before."
        )
    for one in [] if again else attempt.refunds:
        soon = one.status == "done" and now - one.created_at < _SAID_TWICE
        if soon and one.amount == amount:
            raise RefundRefused(
                f"{plain(amount, attempt.currency)} of it was given back at "
                f"{one.created_at:%H:%M:%S} UTC: say --again to give back as much once more."
            )
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise RefundRefused(
            f"Only {plain(left, attempt.currency)} of {plain(taken, attempt.currency)} is left "
            "to refund."
        )
    return amount


@transaction
def _open(
    session: Session,
    order_id: str,
    attempt_id: str,
    amount: int | None,
    before: list,
    by: str,
    why: str | None,
    again: bool,
) -> Refund:
    lock(session, order_id)
    attempt = session.get(Attempt, attempt_id, populate_existing=True)
    if attempt is None or attempt.status != "successful":
        status = stands(attempt) if attempt else "gone"
        raise RefundRefused(f"The attempt is {status}, so there is no money.")
    amount = _amount(attempt, amount, again, queries.read_clock(session))
    refund = Refund(
        id=str(uuid.uuid4()),
        attempt_id=attempt_id,
        amount=amount,
        before=before,
        by=by,
        why=fit(why, ROOM_FOR_WHY),
    )
    attempt.refunds.append(refund)
    entries.append(
        session,
        order_id,
        "refund",
        by,
        attempt_id=attempt_id,
        became=f"sent {plain(amount, attempt.currency)}",
        why=why,
    )
    return refund


def _note_outcome(
    refund_id: str,
    status: str,
    by: str,
    *,
    code: str | None = None,
    made: verbs.Refund | None = None,
) -> Refund:
    """Write what became of a refund that was asked for: done, failed, not_found, or its id alone
    while it is `sent`. What has ended stays so."""
    try:
        refund, news = _outcome_noted(refund_id, status, by, code, made)
    except IntegrityError:
        # Another refund of ours has that id: this was its answer, and none of this one.
        log.warning("refund %s: %s is another's", refund_id, made and made.id)
        found = queries.find_refund(refund_id)
        if found is None:
            raise
        return found
    entries.tell(news)
    return refund


@transaction
def _outcome_noted(session, refund_id, status, by, code, made):
    refund = session.get(Refund, refund_id)
    attempt = session.get(Attempt, refund.attempt_id)
    lock(session, attempt.order_id)
    session.refresh(refund)
    if refund.status in ("done", "failed"):
        return refund, []
    if made:
        refund.refund_id = made.id
        code = made.status if status == "failed" else code
    if status == refund.status:
        return refund, []
    _write_outcome(session, refund, attempt, status, by, code)
    return refund, entries.untold(session)


def _write_outcome(session, refund, attempt, status, by, code):
    entries.append(
        session,
        attempt.order_id,
        "refund",
        by,
        attempt_id=attempt.id,
        was=refund.status,
        became=f"{status} {plain(refund.amount, attempt.currency)}",
        why=code,
        signal="order_changed",
    )
    refund.status, refund.failure_code = status, fit(code, 64)
