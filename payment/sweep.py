"""Ask Omise about attempts whose outcome is open: on return, by poll, webhook and `flask payment`.

No webhook and no return is ever needed: a sweep settles whatever they missed.
"""

import logging
import time
from datetime import timedelta

import click
from flask.cli import AppGroup

from payment import book, gateway, ledger
from payment.gateway import GatewayError
from payment.models import now

log = logging.getLogger(__name__)

# A request that left is given this long to show up in Omise's list of charges before
# "nothing is there" is believed.
PATIENCE = timedelta(minutes=10)
# A request may still be on its way while its own view waits for the answer.
GRACE = timedelta(seconds=35)

payment = AppGroup("payment", help="Look after orders and their charges.")


def settle(attempt_id):
    """Ask Omise about one attempt and record the answer.

    Raises GatewayError when Omise cannot be asked; the attempt then stays as it was.
    """
    attempt = book.find_attempt(attempt_id)
    if attempt.state == "created":
        _give_up_unsent(attempt)
    elif attempt.charge_id:
        ledger.record(gateway.find_charge(attempt.charge_id))
    else:
        _look_for_lost(attempt)


def _give_up_unsent(attempt):
    """Close an attempt of which nothing ever left, once its view must have ended."""
    if now() - attempt.created_at > GRACE * 2:
        ledger.mark_failed(attempt.id, "nothing_sent")


def _look_for_lost(attempt):
    """Find the charge of a lost answer by its metadata; a create is never sent again."""
    age = now() - attempt.created_at
    charge = gateway.search_charge(
        attempt.id, attempt.created_at - timedelta(minutes=10)
    )
    if charge:
        # The list may lag behind; the charge itself is what counts.
        ledger.record(gateway.find_charge(charge.id))
    elif age > PATIENCE:
        ledger.mark_failed(attempt.id, "nothing_found")
    elif age > GRACE:
        ledger.mark_unknown(attempt.id)


def settle_order(order_id, seconds=0):
    """Settle an order's open attempts; those asked about within so many seconds are left."""
    for attempt_id in book.unsettled(order_id):
        if not book.claim(attempt_id, seconds):
            continue
        try:
            settle(attempt_id)
        except GatewayError as error:
            log.warning("attempt %s: Omise could not be asked: %s", attempt_id, error)


@payment.command("sweep")
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Go on, once every so many seconds, until stopped.",
)
def sweep(every):
    """Ask Omise about every attempt that is still open, and record what it says."""
    while True:
        click.echo(_sweep_once())
        if not every:
            return
        time.sleep(every)


def _sweep_once():
    asked = failed = 0
    for attempt_id in book.unsettled():
        book.claim(attempt_id, 0)
        asked += 1
        try:
            settle(attempt_id)
        except GatewayError as error:
            failed += 1
            click.echo(f"attempt {attempt_id}: {error}", err=True)
        time.sleep(0.05)  # Omise limits how often it may be asked (api-rate-limiting)
    left = len(book.unsettled())
    return f"asked about {asked}, still open {left}, errors {failed}"
