"""The ledger: the only writer of orders and attempts, and the table of legal moves.

Every writer first takes the order's lock, then reads, decides and commits. No function here calls
Omise, and none is called with a transaction open.
"""

import logging
import uuid
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from ..gateway.charge import STATUSES, Charge
from ..money import plain
from . import budgets, entries
from .budgets import Payer
from .entries import fit
from .models import OPEN, ROOM_FOR_WHY, Attempt, Entry, Flag, Order, utcnow
from .queries import (
    attempt_of_form,
    find_attempt,
    find_attempt_of_form,
    is_unseen,
    read_clock,
)
from .transaction import transaction

log = logging.getLogger(__name__)

# created: nothing has left. sent: the request may have left. unknown: it left, and no answer that
# can be read came back. not_found: patience has ended and nothing of it was seen; it stays
# watched. closed: an operator has ended it, with a reason.
_OUTCOMES = {"pending", "successful", "failed", "expired", "reversed"}
MAY_BECOME = {
    "created": {"sent", "failed", "closed"} | _OUTCOMES,
    "sent": {"unknown", "not_found", "closed"} | _OUTCOMES,
    "unknown": {"not_found", "closed"} | _OUTCOMES,
    "not_found": {"unknown", "closed"} | _OUTCOMES,
    "pending": (_OUTCOMES | {"closed"}) - {"pending"},
    # Money that arrives late is never dropped.
    "failed": {"successful"},
    "expired": {"successful"},
    "closed": {"pending", "successful"},
    "reversed": set(),
    "successful": set(),
}
# How the name of a person at a terminal begins, in entries and flags.
OPERATOR = "operator "
_UNPAID = ("failed", "expired", "reversed")
_ENDED = ("failed", "expired", "closed")
# An order has few rows: one statement reads them all.
_WHOLE = (
    joinedload(Order.attempts).joinedload(Attempt.refunds),
    joinedload(Order.flags),
)


class FormOutdated(Exception):
    """Raised when a form asks to pay for an order other than it was shown; nothing was written."""


def lock(session: Session, order_id: str) -> Order | None:
    """Take the order for this transaction alone, and read it afresh.

    Touching the row takes the row lock on PostgreSQL and the write lock on SQLite, where
    SELECT FOR UPDATE is silently nothing.
    """
    touch = update(Order).where(Order.id == order_id).values(touched=Order.touched + 1)
    session.info["now"] = session.scalar(touch.returning(utcnow()))
    if session.info["now"] is None:
        return None
    order = session.get(Order, order_id, options=_WHOLE, populate_existing=True)
    for attempt in order.attempts if order else []:
        # Its order can be read when the transaction is over, too.
        set_committed_value(attempt, "order", order)
    return order


def _now(session):
    """Tell when this transaction took its lock, by the database's clock."""
    return session.info["now"] or read_clock(session)


def blocks(attempt: Attempt) -> bool:
    """Tell whether an attempt must end, or be superseded, before another may begin.

    One that was superseded blocks again once it holds money.
    """
    if attempt.doubtful_id and attempt.status != "closed":
        return True
    return attempt.status in OPEN and (attempt.authorized or not attempt.superseded)


def blocking(order: Order) -> list[Attempt]:
    """List the attempts of an order that must end before another may begin."""
    return [one for one in order.attempts if blocks(one)]


def open_order(
    order_id: str,
    form_id: str,
    *,
    fingerprint: str,
    basket: dict[str, Any] | None,
    payer: Payer,
    email: str | None,
    livemode: bool,
    pays_with: str | None,
    leaves_now: bool,
    chosen: str | None = None,
    method: str | None = None,
) -> tuple[Attempt, bool]:
    """Write an order and an attempt to pay it, before Omise hears of either.

    `basket` holds lines, amount (smallest unit) and currency of a new order; None asks to pay an
    order that is in the book. `leaves_now`: the next thing is the request to charge, so silence
    means unknown from here on. `chosen` and `method` say in which way, where that is known. Returns
    the attempt and whether it is a new one: a form posted twice, an order already paid and an order
    with an attempt still open lead to the attempt that is there. Raises FormOutdated, and
    budgets.TooManyTries.
    """
    asked = (order_id, form_id, fingerprint, basket, payer, email)
    more = {
        "livemode": livemode,
        "pays_with": pays_with,
        "chosen": chosen,
        "method": method,
    }
    try:
        attempt, fresh, news = _open_order(*asked, leaves_now, more)
    except IntegrityError:
        # The same form came twice at once, and the other one was first.
        standing = find_attempt_of_form(form_id)
        if standing is None:
            raise
        return standing, False
    entries.tell(news)
    return attempt, fresh


@transaction
def _open_order(
    session,
    order_id,
    form_id,
    fingerprint,
    basket,
    payer,
    email,
    leaves_now,
    more,
):
    order = lock(session, order_id)
    same = session.scalar(attempt_of_form(form_id))
    if same:
        return same, False, []
    if order is None:
        order = _insert_order(session, order_id, fingerprint, basket, payer.visitor)
    if order.fingerprint != fingerprint:
        raise FormOutdated
    standing = blocking(order)
    if standing or order.paid_at:
        return (standing or order.attempts)[-1], False, []
    budgets.check(session, order, payer, _now(session))
    if email:
        order.email = email
    attempt = Attempt(
        id=str(uuid.uuid4()),
        form_id=form_id,
        number=len(order.attempts) + 1,
        status="sent" if leaves_now else "created",
        amount=order.amount,
        currency=order.currency,
        sent_at=_now(session) if leaves_now else None,
        **vars(payer),
        **more,
    )
    _append_attempt(session, order, attempt)
    return attempt, True, entries.untold(session)


def _append_attempt(session, order, attempt):
    order.attempts.append(attempt)
    more = {"attempt_id": attempt.id, "became": attempt.status}
    entries.append(session, order.id, "opened", "shopper", **more)
    session.flush()


def _insert_order(session, order_id, fingerprint, basket, visitor):
    if basket is None:
        raise FormOutdated
    known = {"fingerprint": fingerprint, "visitor": visitor, **basket}
    order = Order(id=order_id, attempts=[], flags=[], **known)
    try:
        with session.begin_nested():
            session.add(order)
        session.info["now"] = order.created_at
        return order
    except IntegrityError:  # another tab was first; its order is the same basket's
        return lock(session, order_id)


def mark_sent(attempt: Attempt) -> bool:
    """Note that the request to charge leaves now; from here on, silence means unknown.

    False when the attempt was given up meanwhile: then nothing may be sent.
    """
    return _move(attempt, "sent", "shopper")


def mark_unknown(attempt: Attempt, by: str, why: str | None = None) -> bool:
    """Note that nobody knows yet whether money moved."""
    return _move(attempt, "unknown", by, why=why)


def mark_not_found(attempt: Attempt, by: str) -> bool:
    """Note that nothing of this attempt was seen at Omise for so long that the shopper may choose
    again."""
    return _move(attempt, "not_found", by)


def mark_failed(attempt: Attempt, code: str | None, by: str) -> bool:
    """Note that this attempt surely made no charge, and why."""
    return _move(attempt, "failed", by, code=code)


def close(attempt: Attempt, by: str, why: str) -> bool:
    """End an attempt on an operator's word; a charge of it that pays later is still recorded."""
    return _move(attempt, "closed", by, why=why, known_charges_too=True)


def _move(attempt, status, by, *, code=None, why=None, known_charges_too=False):
    reasons = {"code": code, "why": why}
    moved, news = _moved(
        attempt, status, by, **reasons, known_charges_too=known_charges_too
    )
    entries.tell(news)
    return moved


@transaction
def _moved(session, asked, status, by, *, code, why, known_charges_too):
    lock(session, asked.order_id)
    attempt = session.get(Attempt, asked.id)
    # A charge that is known outranks what the caller believes.
    known = attempt.charge_id or (attempt.doubtful_id and status != "unknown")
    if (known and not known_charges_too) or status not in MAY_BECOME[attempt.status]:
        return False, []
    _change(session, attempt, status, by, why or code)
    attempt.failure_code = fit(code, 64)
    if status == "sent":
        attempt.sent_at = _now(session)
    return True, entries.untold(session)


def _change(session, attempt, status, by, why=None):
    entries.append(
        session,
        attempt.order_id,
        "status",
        by,
        attempt_id=attempt.id,
        was=attempt.status,
        became=status,
        why=why,
        signal="order_changed",
    )
    attempt.status = status


def keep_doubt(attempt: Attempt, charge_id: str, by: str) -> None:
    """Keep the id of a charge that came as an answer and did not name its attempt; that blocks."""
    entries.tell(_doubt_kept(attempt, charge_id, by))


@transaction
def _doubt_kept(session, attempt, charge_id, by):
    order = lock(session, attempt.order_id)
    fresh = session.get(Attempt, attempt.id)
    if not fresh.charge_id and "unknown" in MAY_BECOME[fresh.status]:
        _change(session, fresh, "unknown", by)
        fresh.doubtful_id = charge_id
        why = f"charge {charge_id} came as an answer, and does not name this order"
        _flag(session, order, why, by)
    return entries.untold(session)


@transaction
def forget_doubt(session: Session, attempt: Attempt, by: str) -> None:
    """Let go of a charge that has turned out to be another attempt's."""
    lock(session, attempt.order_id)
    fresh = session.get(Attempt, attempt.id)
    if fresh is not None and fresh.doubtful_id:
        entries.append(
            session,
            fresh.order_id,
            "doubt",
            by,
            attempt_id=fresh.id,
            was=fresh.doubtful_id,
        )
        fresh.doubtful_id = None


@transaction
def supersede(session: Session, attempt: Attempt, by: str) -> bool:
    """Let an attempt that waits for the shopper stand back for another; False if it may not.

    Only where Omise's own word is pending, failed or expired: what may have moved money blocks.
    """
    order = lock(session, attempt.order_id)
    fresh = session.get(Attempt, attempt.id)
    if order is None or fresh is None or order.paid_at or fresh.authorized:
        return False
    if fresh.status not in ("pending", "failed", "expired") or not fresh.charge_id:
        return False
    if not fresh.superseded:
        fresh.superseded = True
        entries.append(session, order.id, "superseded", by, attempt_id=fresh.id)
    return True


def record(charge: Charge, by: str, asked: Attempt | None = None) -> Attempt | None:
    """Write what Omise says of a charge: the only place where a result enters the book.

    `charge` must have just been fetched from Omise; `asked` is the attempt it was fetched for,
    where that is known. Returns the attempt as it stands now, or None for a charge that is not
    ours. A charge that does not match its attempt in amount, currency, mode, metadata or id moves
    nothing: it is kept by its id, so that the attempt blocks, and the order is flagged.
    """
    attempt = asked or find_attempt(charge.attempt_id or "")
    if attempt is None:
        log.info("charge %s is not of this shop", charge.id)
        return None
    recorded, news = _recorded(attempt.order_id, attempt.id, charge, by)
    entries.tell(news)
    return recorded


@transaction
def _recorded(session, order_id, attempt_id, charge, by):
    order = lock(session, order_id)
    attempt = session.get(Attempt, attempt_id)
    attempt.recorded_at = _now(session)
    moves = _moves(attempt, charge)
    wrong = charge.differs_from(attempt)
    if wrong:
        _keep_doubt(session, order, attempt, charge, wrong, by)
        return attempt, entries.untold(session)
    attempt.charge_id, attempt.doubtful_id = charge.id, None
    if charge.status not in STATUSES:
        why = f"charge {charge.id}: unknown status {charge.status!r}"
        _flag(session, order, why, by)
    elif charge.status != attempt.status and charge.status in moves:
        _take_over(session, order, attempt, charge, by)
    # An answer from before the last move (it was overtaken) has nothing to tell any more.
    if charge.status == attempt.status:
        _note_afterwards(session, order, attempt, charge, by)
        charge.copy_to(attempt)
    _pay(session, order, attempt, charge, by)
    _flag_taken_back(session, order, attempt, charge, by)
    _flag_second_hold(session, order, attempt, by)
    session.flush()
    return attempt, entries.untold(session)


def _moves(attempt, charge):
    """List what an attempt may become by a charge: one that nobody has seen a charge of may show
    after all.

    What an operator has closed opens again only for money that is held or taken.
    """
    if attempt.status == "closed" and not charge.authorized:
        return MAY_BECOME["closed"] - {"pending"}
    ended = attempt.status in ("failed", "closed") and not attempt.charge_id
    unseen = ended or is_unseen(attempt)
    return MAY_BECOME["not_found" if unseen else attempt.status]


def _keep_doubt(session, order, attempt, charge, wrong, by):
    """Keep a charge that is not what its attempt asked for; nobody may pay beside it."""
    if charge.names(attempt):
        attempt.charge_id = attempt.charge_id or charge.id
    elif not attempt.charge_id:
        attempt.doubtful_id = charge.id
    if attempt.status in _ENDED and charge.status in ("pending", "successful"):
        # Money moves where all was thought to be over.
        attempt.doubtful_id = charge.id
    if attempt.status in ("created", "sent", "not_found"):
        _change(session, attempt, "unknown", by)
    _flag(session, order, f"charge {charge.id} ({charge.status}): {wrong}", by)


def _take_over(session, order, attempt, charge, by):
    was = attempt.status
    _change(session, attempt, charge.status, by, charge.failure_code)
    if was in _ENDED and (charge.status == "successful" or charge.authorized):
        taken = "paid" if charge.status == "successful" else "authorised"
        why = f"charge {charge.id} was {taken} although attempt {attempt.number} was {was}"
        _flag(session, order, why, by)
    if charge.status == "successful" and was in (*_ENDED, "not_found"):
        _flag_goods_bought_again(session, order, by)
    released = charge.status in ("expired", "reversed") and attempt.authorized
    if released and not _was_asked(session, attempt, charge.status, by):
        why = (
            f"charge {charge.id}: the authorised amount was given up ({charge.status})"
        )
        _flag(session, order, why, by)


def _flag_goods_bought_again(session, order, by):
    """Call an operator where the shopper, told that nothing came of it, has bought the same
    again."""
    same = select(Order.id).where(
        Order.visitor == order.visitor,
        Order.fingerprint == order.fingerprint,
        Order.id != order.id,
        Order.paid_at > order.created_at,
    )
    for other in session.scalars(same) if order.visitor else ():
        why = f"order {other} of the same shopper has paid for the same goods since"
        _flag(session, order, why, by)


@transaction
def note_asked(
    session: Session, attempt: Attempt, what: str, by: str, why: str | None = None
) -> None:
    """Write that somebody asks Omise for this now, and why, before it is asked."""
    lock(session, attempt.order_id)
    entries.append(session, attempt.order_id, what, by, attempt_id=attempt.id, why=why)


def _was_asked(session, attempt, status, by):
    """Tell whether somebody here gave up what was authorised, whoever sees first that it is."""
    if by.startswith(OPERATOR):
        return True
    asked = select(Entry.id).where(
        Entry.attempt_id == attempt.id, Entry.what == "reverse"
    )
    return status == "reversed" and session.scalar(asked.limit(1)) is not None


def _flag_taken_back(session, order, attempt, charge, by):
    """Call an operator where a charge that was paid is not any more: the order stays paid."""
    if attempt.status == "successful" and charge.status in _UNPAID:
        why = f"charge {charge.id} was paid, and Omise calls it {charge.status} now"
        _flag_once(session, order, why, by)


def _flag_unasked_refund(session, order, attempt, charge, by):
    """Call an operator where more was given back than was asked for here, as on the dashboard.

    That a surplus goes back was asked for by the flag that it raised.
    """
    if order.paid_by not in (None, attempt.id):
        return
    asked = sum(one.amount for one in attempt.refunds if one.status != "failed")
    if charge.refunded_amount > asked:
        amount = plain(charge.refunded_amount - asked, attempt.currency)
        ours = {one.refund_id for one in attempt.refunds}
        unasked = [one for one in charge.refund_ids if one not in ours]
        which = f" ({', '.join(unasked)})" if unasked else ""
        why = (
            f"charge {charge.id}: {amount} was refunded that nobody asked for here{which}: find "
            "out on the dashboard who gave it back, and clear the flag if it is right"
        )
        _flag_once(session, order, why, by)


def _note_afterwards(session, order, attempt, charge, by):
    """Write what happened to money after it was taken: refund, dispute, partial capture."""
    happened = (
        ("refunded", attempt.refunded_amount, charge.refunded_amount),
        ("captured", attempt.captured_amount or 0, charge.captured_less or 0),
    )
    for what, was, became in happened:
        if became > was:
            amounts = [plain(one, attempt.currency) for one in (was, became)]
            _note(session, attempt, what, *amounts, by)
    if charge.refunded_amount > attempt.refunded_amount:
        _flag_unasked_refund(session, order, attempt, charge, by)
    # Where only the dispute's id is told, it may have moved on from "open".
    if charge.dispute and not (charge.dispute == "open" and attempt.dispute):
        _note_dispute(session, order, attempt, charge.dispute, by)


def note_dispute(attempt: Attempt, status: str, by: str) -> None:
    """Write how a dispute stands, as Omise's list of disputes has it."""
    entries.tell(_dispute_noted(attempt, status, by))


@transaction
def _dispute_noted(session, attempt, status, by):
    order = lock(session, attempt.order_id)
    fresh = session.get(Attempt, attempt.id)
    _note_dispute(session, order, fresh, fit(status, 64), by)
    return entries.untold(session)


def _note_dispute(session, order, attempt, status, by):
    if status == attempt.dispute:
        return
    _note(session, attempt, "dispute", attempt.dispute, status, by)
    attempt.dispute = status
    if status != "won":
        _flag(session, order, _disputed(attempt), by)


def _disputed(attempt):
    """Say how the dispute over an attempt stands, and what to do."""
    said = f"charge {attempt.charge_id} is disputed ({attempt.dispute})"
    if attempt.is_disputed:
        return f"{said}: answer on the dashboard"
    return f"{said}: see on the dashboard what was taken back"


def _note(session, attempt, what, was, became, by):
    entries.append(
        session,
        attempt.order_id,
        what,
        by,
        attempt_id=attempt.id,
        was=was,
        became=became,
        signal="order_changed",
    )


def _pay(session, order, attempt, charge, by):
    if attempt.status != "successful" or order.paid_by == attempt.id:
        return
    if order.paid_by:
        if charge.refunded_amount < charge.amount:
            _flag(session, order, f"paid twice: {_pay_back(charge)}", by)
        return
    order.paid_at, order.paid_by = _now(session), attempt.id
    entries.append(
        session, order.id, "paid", by, attempt_id=attempt.id, signal="order_paid"
    )


def _flag_second_hold(session, order, attempt, by):
    """Call an operator where money is held although another attempt holds or has taken it too."""
    held = [
        one
        for one in order.attempts
        if one.id == order.paid_by or (one.status == "pending" and one.authorized)
    ]
    if len(held) > 1 and attempt in held:
        numbers = " and ".join(str(one.number) for one in held)
        why = f"the amount is held by attempts {numbers}: release all but one on the dashboard"
        _flag(session, order, why, by)


def _pay_back(charge):
    if charge.refundable:
        return f"refund charge {charge.id}"
    return f"manual refund: Omise cannot give back charge {charge.id}, so pay it back by hand"


def _flag(session, order, why, by):
    why = fit(why, ROOM_FOR_WHY)
    if any(one.why == why for one in order.flags):
        return
    log.error("order %s needs attention: %s", order.id, why)
    order.flags.append(Flag(why=why, by=by))
    entries.append(session, order.id, "flag", by, why=why, signal="attention_needed")


def flag(order_id: str, why: str, by: str) -> None:
    """Mark an order as needing a person's look, and say why; once for each reason."""
    entries.tell(_flagged(order_id, why, by))


@transaction
def _flagged(session, order_id, why, by):
    order = lock(session, order_id)
    if order:
        _flag(session, order, why, by)
    return entries.untold(session)


def flag_once(order_id: str, why: str, by: str) -> None:
    """Mark an order as needing a person's look; never again for a reason that somebody has looked
    after."""
    entries.tell(_flagged_once(order_id, why, by))


@transaction
def _flagged_once(session, order_id, why, by):
    order = lock(session, order_id)
    if order:
        _flag_once(session, order, why, by)
    return entries.untold(session)


def _flag_once(session, order, why, by):
    same = select(Flag.id).where(
        Flag.order_id == order.id, Flag.why == fit(why, ROOM_FOR_WHY)
    )
    if session.scalar(same.limit(1)) is None:
        _flag(session, order, why, by)


@transaction
def unflag(session: Session, order_id: str, by: str, why: str | None = None) -> int:
    """Lower the flags of an order that a person has looked after; returns how many there were.

    That of a dispute that is open stays: it has a term, and only the bank ends it.
    """
    order = lock(session, order_id)
    stay = (
        {_disputed(one) for one in order.attempts if one.is_disputed} if order else {}
    )
    raised = [one for one in order.flags if one.why not in stay] if order else []
    for one in raised:
        one.lowered_at, one.lowered_by = _now(session), by
        one.lowered_why = fit(why, ROOM_FOR_WHY)
    if raised:
        entries.append(session, order_id, "unflag", by, why=why)
    return len(raised)
