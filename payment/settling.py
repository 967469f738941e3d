"""Ask Omise about an attempt whose outcome is open, and record what it says.

A return, a waiting page's poll and the sweep all end here; no webhook is ever needed.
"""

import logging
from datetime import timedelta

from payment import book, gateway, ledger
from payment.gateway import GatewayError
from payment.models import now

log = logging.getLogger(__name__)

# A request that left is given this long to show up in Omise's list of charges before
# "nothing is there" is believed.
PATIENCE = timedelta(minutes=10)
# A request may still be on its way while its own view waits for the answer.
GRACE = timedelta(seconds=35)
# So far apart may Omise's clock and ours be.
SKEW = timedelta(minutes=20)
# How far a shopper's own page looks into the list of charges: requests of 100 charges each.
_PAGES = 3


def settle_order(order_id, seconds=0):
    """Settle an order's open attempts; those asked about within so many seconds are left."""
    for attempt in book.unsettled(order_id):
        if not book.claim(attempt.id, timedelta(seconds=seconds)):
            continue
        try:
            found, sure = find_lost([attempt], _PAGES)
            settle(attempt, found.get(attempt.id), sure)
        except GatewayError as error:
            log.warning("attempt %s: Omise could not be asked: %s", attempt.id, error)


def settle(attempt, charge_id, sure):
    """Record the charge of an attempt as Omise tells it now.

    Without a `charge_id`, wait or give up: `sure` says that no charge of it can be seen at
    Omise. Raises GatewayError; the attempt then stays as it was.
    """
    if charge_id:
        return _ask(attempt, charge_id)
    age = now() - attempt.created_at
    if attempt.state == "created" and age > GRACE:
        # Nothing ever left: whoever sends must first write `sent`, which is refused from now on.
        ledger.mark_failed(attempt.id, "nothing_sent")
    elif attempt.state != "created" and sure and age > PATIENCE:
        ledger.mark_failed(attempt.id, "nothing_found")
    elif attempt.state != "created" and age > GRACE:
        ledger.mark_unknown(attempt.id)
    return None


def _ask(attempt, charge_id):
    try:
        # A list may lag behind, and an event may lie; the charge itself is what counts.
        return ledger.record(gateway.find_charge(charge_id), attempt)
    except GatewayError as error:
        if error.code == "not_found":
            reason = f"charge {charge_id} is not in the account of these keys"
            ledger.call_operator(attempt.order_id, reason)
        raise


def find_lost(attempts, pages, pace=None):
    """Find the charges of attempts by their metadata, also where the answer was lost.

    Reads at most so many pages of the account's list, calling `pace` before each. Returns
    {attempt id: charge id}, and whether it is sure that the others have no charge.
    """
    found = {one.id: one.charge_id for one in attempts if one.charge_id}
    lost = [one for one in attempts if not one.charge_id and one.state != "created"]
    missing = {one.id for one in lost}
    if not missing:
        return found, True
    walk = gateway.charges_since(min(one.created_at for one in lost) - SKEW)
    for _ in range(pages):
        if pace:
            pace()
        page = next(walk, None)
        if page is None:
            return found, True
        found |= {key: charge_id for key, charge_id in page if key in missing}
        if missing <= found.keys():
            return found, True
    return found, False
