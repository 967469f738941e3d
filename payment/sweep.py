"""Sweep the order book: ask about every open attempt and refund, gently, whatever goes wrong."""

import logging
import random
import time
from datetime import timedelta

from payment import book, refunds
from payment.gateway import GatewayError
from payment.models import now
from payment.settling import find_lost, settle

log = logging.getLogger(__name__)

# Requests a second, at most; Omise publishes no limit (api-rate-limiting).
RATE = 10
# A round ends early when so many rows in a row go wrong, or Omise so often says "slow down".
_WRONG_IN_A_ROW, _SLOW_DOWNS = 5, 3
# The longest rest, in seconds, that Omise may ask for within a round.
LONGEST_REST = 60
# How far a round looks into the list of charges: requests of 100 charges each.
_PAGES = 50


def back_off(attempt):
    """Tell how long to leave an attempt alone between two questions: longer as it grows older.

    Some chance is in it, so that the attempts of one moment do not stay together.
    """
    age = max(now() - attempt.created_at, timedelta(0))
    return min(age / 20, timedelta(minutes=10)) * random.uniform(0.8, 1.2)


class Round:
    """Go once through what is open in the order book.

    `tell` takes a line for the operator; `patiently` leaves alone what was asked about lately.
    """

    def __init__(self, tell, patiently=False):
        self.asked = self.errors = self.rest = 0
        self._tell, self._patiently = tell, patiently
        self._in_a_row = self._slow_downs = 0
        self._over, self._next = False, time.monotonic()

    def run(self):
        """Ask about every open attempt and refund; `rest` then says how long Omise asks for.

        Raises book.LedgerDown when the order book cannot even be listed.
        """
        due = [(one, self._gap(one)) for one in book.unsettled()]
        due = [(one, gap) for one, gap in due if _is_due(one, gap)]
        found, sure = self._find_lost([one for one, _ in due])
        for attempt, gap in due:
            if not self._over and book.claim(attempt.id, gap):
                charge_id = found.get(attempt.id, attempt.charge_id)
                self._try(_name(attempt), self._settle, attempt, charge_id, sure)
        for refund in [] if self._over else book.open_refunds():
            self._try(f"refund {refund.id}", self._settle_refund, refund)

    def _gap(self, attempt):
        return back_off(attempt) if self._patiently else timedelta(0)

    def _find_lost(self, attempts):
        # Twice if need be: one list that fails would put off every answer that was lost.
        ask = ("lost answers", find_lost, attempts, _PAGES, self._pace)
        return self._try(*ask) or self._try(*ask) or ({}, False)

    def _settle(self, attempt, charge_id, sure):
        self.asked += 1
        self._pace()
        settle(attempt, charge_id, sure)
        state = book.find_attempt(attempt.id).state
        if state != attempt.state:
            self._tell(f"{_name(attempt)}: {attempt.state} -> {state}")

    def _settle_refund(self, refund):
        self.asked += 1
        for _ in range(refunds.REQUESTS):
            self._pace()
        state = refunds.settle(refund)
        if state != refund.state:
            self._tell(f"refund {refund.id}: {refund.state} -> {state}")

    def _try(self, what, act, *args):
        """Do one thing; what goes wrong is told, and stops nothing else."""
        while not self._over:
            try:
                result = act(*args)
            except GatewayError as error:
                self._went_wrong(what, error)
                if error.retry_after is None:
                    return None
                self._slow_down(error.retry_after)
            except (
                Exception
            ) as error:  # whatever is in one row must not stop the others
                log.exception("%s", what)
                self._went_wrong(what, type(error).__name__)
                return None
            else:
                self._in_a_row = 0
                return result
        return None

    def _went_wrong(self, what, error):
        self.errors += 1
        self._in_a_row += 1
        self._tell(f"{what}: {error}")
        self._over = self._in_a_row >= _WRONG_IN_A_ROW

    def _slow_down(self, seconds):
        self._slow_downs += 1
        if seconds > LONGEST_REST or self._slow_downs > _SLOW_DOWNS:
            self._over, self.rest = True, seconds
            return
        time.sleep(seconds)

    def _pace(self):
        time.sleep(max(0, self._next - time.monotonic()))
        self._next = time.monotonic() + 1 / RATE


def _is_due(attempt, gap):
    return attempt.checked_at is None or now() - attempt.checked_at >= gap


def _name(attempt):
    return f"order {attempt.order_id} attempt {attempt.number}"
