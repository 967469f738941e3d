"""The order book: the only writer of orders and attempts, and the table of legal moves.

Every writer first takes the order's lock, then reads, decides and commits. No function here
calls Omise, and none is called with a transaction open.
"""

import logging
import uuid

from sqlalchemy.exc import IntegrityError

from payment import order_changed, order_paid
from payment.book import OPEN, LedgerDown, find_attempt, find_order, lock, whole
from payment.charge import STATUSES
from payment.models import Attempt, Order, now

log = logging.getLogger(__name__)

# created: nothing has left. sent: the request may have left. unknown: it left, and no
# answer that can be read came back.
_OUTCOMES = {"pending", "successful", "failed", "expired", "reversed"}
MAY_BECOME = {
    "created": {"sent", "failed"} | _OUTCOMES,
    "sent": {"unknown"} | _OUTCOMES,
    "unknown": _OUTCOMES,
    "pending": _OUTCOMES - {"pending"},
    # Money that arrives late is never dropped.
    "failed": {"successful"},
    "expired": {"successful"},
    "reversed": set(),
    "successful": set(),
}
# What an order has room for: of one reason to call an operator, and of all of them.
_ROOM_FOR_REASON, _ROOM = 200, 500


def blocking(order):
    """List the attempts that must end, or be set aside, before another may begin."""
    return [one for one in order.attempts if one.state in OPEN and not one.set_aside]


def open_order(order_id, form_id, **details):
    """Write an order and an attempt to pay it, before Omise hears of either.

    `details`: amount (smallest unit), currency, lines, email, livemode. Returns the attempt and
    whether it is a new one: a form posted twice, an order already paid and an order with an
    attempt still open lead to the attempt that is there.
    """
    try:
        _insert_order(order_id, details)
    except LedgerDown as error:
        if not isinstance(error.__cause__, IntegrityError):
            raise
    return _open_attempt(order_id, form_id, details)


@whole
def _insert_order(session, order_id, details):
    fields = {key: details[key] for key in ("amount", "currency", "lines", "email")}
    if not session.get(Order, order_id):
        session.add(Order(id=order_id, **fields))


@whole
def _open_attempt(session, order_id, form_id, details):
    order = lock(session, order_id)
    same = [one for one in order.attempts if one.form_id == form_id]
    standing = same or blocking(order)
    if standing or order.paid_at:
        return (standing or order.attempts)[-1], False
    order.email = details["email"] or order.email
    attempt = Attempt(
        id=str(uuid.uuid4()),
        order_id=order_id,
        form_id=form_id,
        number=len(order.attempts) + 1,
        amount=order.amount,
        currency=order.currency,
        livemode=details["livemode"],
    )
    order.attempts.append(attempt)
    return attempt, True


def mark_sent(attempt_id):
    """Note that the request to charge leaves now; from here on, silence means unknown.

    False when the attempt was given up meanwhile: then nothing may be sent.
    """
    return _move_without_charge(attempt_id, "sent")


def mark_unknown(attempt_id):
    """Note that nobody knows yet whether money moved."""
    _move_without_charge(attempt_id, "unknown")


def mark_failed(attempt_id, code):
    """Note that this attempt surely made no charge, and why."""
    _move_without_charge(attempt_id, "failed", code)


def _move_without_charge(attempt_id, state, code=None):
    order_id = find_attempt(attempt_id).order_id
    moved = _moved_without_charge(order_id, attempt_id, state, code)
    if moved:
        _tell(order_changed, order_id)
    return moved


@whole
def _moved_without_charge(session, order_id, attempt_id, state, code):
    lock(session, order_id)
    attempt = session.get(Attempt, attempt_id, populate_existing=True)
    # A charge that is known outranks what the caller believes.
    if attempt.charge_id or state not in MAY_BECOME[attempt.state]:
        return False
    attempt.state, attempt.failure_code = state, code
    return True


@whole
def set_aside(session, attempt_id):
    """Let an attempt that waits for the shopper stand back for another; False if it may not.

    Only where Omise's own word is pending, failed or expired: what may have moved money blocks.
    """
    order = lock(session, session.get(Attempt, attempt_id).order_id)
    attempt = session.get(Attempt, attempt_id, populate_existing=True)
    if (
        order.paid_at
        or attempt.authorized
        or attempt.state not in ("pending", "failed", "expired")
    ):
        return False
    attempt.set_aside = True
    return True


def record(charge, asked=None):
    """Write what Omise says of a charge: the only place where a result enters the book.

    `charge` must have just been fetched from Omise; `asked` is the attempt it was fetched for,
    where that is known. Returns the attempt as it stands now, or None for a charge that is not
    ours. A charge that does not match its attempt in amount, currency, mode, metadata or id
    changes no state and marks the order for an operator.
    """
    attempt = asked or find_attempt(charge.metadata.get("attempt_id"))
    if attempt is None:
        log.info("charge %s is not of this shop", charge.id)
        return None
    attempt, changed, paid = _recorded(attempt.order_id, attempt.id, charge)
    if changed:
        _tell(order_changed, attempt.order_id)
    if paid:
        _tell(order_paid, attempt.order_id)
    return attempt


@whole
def _recorded(session, order_id, attempt_id, charge):
    order = lock(session, order_id)
    attempt = session.get(Attempt, attempt_id, populate_existing=True)
    attempt.checked_at = now()
    wrong = charge.differs_from(attempt)
    if wrong:
        _call_operator(order, f"charge {charge.id} ({charge.status}): {wrong}")
        return attempt, False, False
    attempt.charge_id = charge.id
    changed = (
        charge.status != attempt.state and charge.status in MAY_BECOME[attempt.state]
    )
    if changed:
        attempt.state = charge.status
    elif charge.status not in STATUSES:
        _call_operator(order, f"charge {charge.id}: unknown status {charge.status!r}")
    # An answer from before the last move (it was overtaken) has nothing to tell any more.
    if charge.status == attempt.state:
        charge.copy_to(attempt)
    return attempt, changed, _pay(order, attempt, charge)


def _pay(order, attempt, charge):
    if attempt.state != "successful" or order.paid_by == attempt.id:
        return False
    if order.paid_by:
        if charge.refunded_amount < charge.amount:
            _call_operator(order, f"paid twice: {_pay_back(charge)}")
        return False
    order.paid_at, order.paid_by = now(), attempt.id
    return True


def _pay_back(charge):
    if charge.refundable:
        return f"refund charge {charge.id}"
    return f"manual refund: Omise cannot give back charge {charge.id}, so pay it back by hand"


def _call_operator(order, reason):
    reason, known = reason[:_ROOM_FOR_REASON], order.needs_attention or ""
    if reason in known:
        return
    log.error("order %s needs attention: %s", order.id, reason)
    # The newest comes first: what no longer fits is what was there longest.
    order.needs_attention = " | ".join(filter(None, [reason, known]))[:_ROOM]


@whole
def call_operator(session, order_id, reason):
    """Mark an order as needing a person's look, and say why."""
    _call_operator(lock(session, order_id), reason)


@whole
def clear_attention(session, order_id):
    """Take the mark off an order that a person has looked after."""
    lock(session, order_id).needs_attention = None


def _tell(signal, order_id):
    """Send a signal; what a receiver does wrong is logged and changes no payment."""
    order = find_order(order_id)
    for receiver in signal.receivers_for(order):
        try:
            receiver(order)
        except Exception:  # a receiver is the host's code: anything may come out of it
            log.exception("a receiver of %s failed", signal.name)
