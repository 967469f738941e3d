"""Give money back: once for each time an operator asks, also when the answer is lost.

A refund is committed before Omise is called, and its id travels in the metadata: Omise knows no
idempotency keys, so this is how a refund whose answer was lost is found again.
"""

import uuid
from contextlib import suppress

from payment import book, gateway, ledger
from payment.book import lock, whole
from payment.gateway import GatewayError
from payment.models import Attempt, Refund, now
from payment.money import plain
from payment.settling import PATIENCE

# The requests that settling one refund takes.
REQUESTS = 2


class RefundRefused(Exception):
    """Say to the operator why nothing was asked of Omise."""


def give_back(attempt_id, amount=None):
    """Refund so much of an attempt's charge (smallest unit; without an amount, what is left).

    Returns the Refund: `done`, `failed`, or `sent` while nobody knows; the sweep settles that.
    Raises RefundRefused, or GatewayError when the charge could not be read; nothing moved then.
    """
    attempt = book.find_attempt(attempt_id)
    if not attempt.charge_id:
        raise RefundRefused("There is no charge to refund.")
    # What was refunded on the dashboard must be known before more is.
    ledger.record(gateway.find_charge(attempt.charge_id), attempt)
    refund = _open(attempt.order_id, attempt_id, amount)
    try:
        gateway.refund_charge(attempt.charge_id, refund.amount, refund.id)
    except GatewayError as error:
        if not error.money_may_have_moved:
            return _close(refund.id, "failed", error.code)
    with suppress(GatewayError):  # then it stays `sent` until a sweep can ask
        settle(refund)
    return book.find_refund(refund.id)


def settle(refund):
    """Look an open refund up at Omise and write down what became of it; returns its state.

    Raises GatewayError; the refund then stays as it was.
    """
    attempt = book.find_attempt(refund.attempt_id)
    made = refund.id in gateway.refunds_of(attempt.charge_id)
    ledger.record(gateway.find_charge(attempt.charge_id), attempt)
    if made:
        return _close(refund.id, "done").state
    if now() - refund.created_at > PATIENCE:
        return _close(refund.id, "failed", "nothing_found").state
    return refund.state


@whole
def _open(session, order_id, attempt_id, amount):
    lock(session, order_id)
    attempt = session.get(Attempt, attempt_id, populate_existing=True)
    left = attempt.amount - attempt.refunded_amount
    amount = left if amount is None else amount
    if attempt.state != "successful":
        raise RefundRefused(f"The attempt is {attempt.state}, so there is no money.")
    if any(one.state == "sent" for one in attempt.refunds):
        raise RefundRefused("A refund of it is under way; run the sweep and look.")
    if not 0 < amount <= left:
        raise RefundRefused(f"Only {plain(left, attempt.currency)} is left to refund.")
    refund = Refund(id=str(uuid.uuid4()), attempt_id=attempt_id, amount=amount)
    session.add(refund)
    return refund


@whole
def _close(session, refund_id, state, code=None):
    refund = session.get(Refund, refund_id)
    refund.state, refund.failure_code = state, code
    return refund
