"""Sweep the order book: ask about everything that is open, gently, whatever goes wrong.

First what Omise says has happened since the last round, then answers that were lost, then the
newest; what a round has no time for comes in the next. Receivers of signals that were left untold
come last: they may be slow.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..gateway import verbs
from ..gateway.charge import moment_of
from ..gateway.errors import BadAnswer, GatewayError
from ..orders import entries, ledger, queries
from ..orders.models import OPEN, Attempt, Refund
from . import refunds
from .reconcile import SKEW, Evidence, Window, read, reconcile, windows

log = logging.getLogger(__name__)

# Requests a second, at most; Omise publishes no limit (api-rate-limiting).
RATE = 10
# A round ends early when so many rows in a row go wrong, or Omise so often says "slow down".
_WRONG_IN_A_ROW, _SLOW_DOWNS = 5, 3
# The longest rest, in seconds, that Omise may ask for within a round.
LONGEST_REST = 60
# How far a round looks into lists, in requests of 100 rows each: for lost answers in all, in one
# window, and for news.
_PAGES, _PAGES_OF_A_WINDOW, _PAGES_OF_NEWS = 400, 150, 20
# How long a round tells receivers what was left untold, in seconds.
_TELLS_FOR = 10
# How long a patient round goes on with what is old, in seconds: the next round begins with what
# is new.
LONGEST_ROUND = 20
# How far back a round looks for refunds and disputes that nobody told of: once, and while it goes
# on.
_LOOKS_BACK, _LOOKS_BACK_AGAIN = timedelta(days=30), timedelta(days=2)
# How often a sweep that goes on looks back as far as at its start.
_LOOKS_FAR_BACK = timedelta(days=1)
# So many charges of disputes that no list tells of are asked about in a round, each so seldom.
_DISPUTES, _DISPUTES_SELDOM = 20, timedelta(hours=1)
# How seldom an attempt is asked about, however old it is.
_SELDOM, _NOT_FOUND_SELDOM = timedelta(minutes=10), timedelta(hours=3)


def back_off(attempt: Attempt, now: datetime) -> timedelta:
    """Tell how long to leave an attempt alone between two questions: longer as it grows older.

    Some chance is in it, so that the attempts of one moment do not stay together.
    """
    age = max(now - attempt.created_at, timedelta(0))
    seldom = _NOT_FOUND_SELDOM if queries.is_unseen(attempt) else _SELDOM
    return min(age / 20, seldom) * random.uniform(0.8, 1.2)


@dataclass
class News:
    """What the rounds before have heard of already; one goes with every loop of rounds.

    How far they have heard is also in the order book, for a sweep that is started anew.
    """

    since: datetime | None = None
    looked_far_back_at: datetime | None = None
    heard: set[str] = field(default_factory=set)

    def is_new(self, row: dict[str, Any]) -> bool:
        """Tell whether a row of a list (by id and status) was not heard in a round before."""
        return self._mark(row) not in self.heard

    def hear(self, row: dict[str, Any]) -> None:
        """Note that what a row tells is in the book."""
        self.heard.add(self._mark(row))

    @staticmethod
    def _mark(row: dict[str, Any]) -> str:
        return f"{row.get('id')} {row.get('status')}"


class Round:
    """Go once through what is open in the order book.

    `tell` takes a line for the operator. `news` is given from one round to the next; with it,
    what was asked about lately is left alone. `rest` then says how long Omise asks for, `refused`
    that it refuses the keys.
    """

    def __init__(self, tell: Callable[[str], None], news: News | None = None) -> None:
        self.asked = self.errors = self.rest = 0
        self.refused = False
        self._tell, self._patiently, self._news = tell, news is not None, news or News()
        self._in_a_row = self._slow_downs = 0
        self._heard_of: set[str] = set()
        self._pages = _PAGES
        self._over, self._next = False, time.monotonic()
        self._ends = time.monotonic() + LONGEST_ROUND

    def run(self) -> None:
        """Ask about every open attempt and refund, and about what was done on the dashboard.

        Raises OrdersUnavailable when the order book cannot even be listed.
        """
        attempts, now = queries.watched()
        due = [one for one in attempts if self._is_due(one, now)]
        if not self._patiently:
            due.sort(key=_turn)
        heard: datetime | None = now
        # In a book that no sweep has seen yet, what is open is asked about anyway.
        since = self._news.since or queries.heard_until()
        if since:
            longest = now - _LOOKS_BACK_AGAIN
            heard = self._try("news", self._hear_events, max(since, longest))
        due = [one for one in due if one.id not in self._heard_of]
        evidence = self._look(due)
        for attempt in due:
            if self._over or self._is_late(attempt):
                break
            if queries.may_ask_now(attempt.id, self._gap(attempt, now)):
                self._try(_name(attempt), self._reconcile, attempt, evidence)
        for refund in [] if self._over else queries.open_refunds():
            self._try(f"refund {refund.id}", self._reconcile_refund, refund)
        back = now - self._looks_back(now)
        self._try("refunds of the dashboard", self._hear_refunds, back)
        # One that is open is followed to its end, however long ago it was opened.
        disputed = (queries.disputed_since() or now) - SKEW
        self._try("disputes", self._hear_disputes, min(back, disputed))
        if heard:
            self._news.since = min(heard, now)
            queries.note_heard(self._news.since)
        self._tell_receivers()

    def _tell_receivers(self) -> None:
        for order_id in entries.tell_what_is_left(_TELLS_FOR):
            why = "order_paid was told to nobody for a day: its receivers fail, see the log"
            ledger.flag_once(order_id, why, "sweep")

    def _looks_back(self, now: datetime) -> timedelta:
        """Tell how far back refunds and disputes are looked for: seldom far, as what was told long
        ago may have changed."""
        far = self._news.looked_far_back_at
        if far and far > now - _LOOKS_FAR_BACK:
            return _LOOKS_BACK_AGAIN
        self._news.looked_far_back_at = now
        return _LOOKS_BACK

    def _gap(self, attempt: Attempt, now: datetime) -> timedelta:
        return back_off(attempt, now) if self._patiently else timedelta(0)

    def _is_due(self, attempt: Attempt, now: datetime) -> bool:
        asked = attempt.checked_at
        return asked is None or asked > now or now - asked >= self._gap(attempt, now)

    def _is_late(self, attempt: Attempt) -> bool:
        """Tell whether what is left is old and can wait for the next round."""
        late = self._patiently and time.monotonic() > self._ends
        return late and attempt.status == "pending"

    def _look(self, attempts: list[Attempt]) -> Evidence:
        evidence = Evidence()
        for window in windows(attempts):
            # Twice if need be: one list that fails would put off every answer that was lost then.
            ask = ("lost answers", self._read, window, evidence)
            if self._try(*ask) is None:
                self._try(*ask)
        return evidence

    def _read(self, window: Window, evidence: Evidence) -> bool:
        most = min(self._pages, _PAGES_OF_A_WINDOW)
        whole = read(window, evidence, most, self._turn_page)
        if not whole:
            span = f"{window.begin:%Y-%m-%d %H:%M} to {window.end:%H:%M} UTC"
            self._note(f"lost answers: not all charges of {span} could be listed")
        return whole

    def _turn_page(self) -> None:
        self._pages -= 1
        self._pace()

    def _note(self, line: str) -> None:
        log.warning("%s", line)
        self._tell(line)

    def _reconcile(self, attempt: Attempt, evidence: Evidence) -> None:
        self.asked += 1
        self._pace()
        reconcile(attempt, "sweep", evidence)
        fresh = queries.find_attempt(attempt.id)
        if fresh and fresh.status != attempt.status:
            self._tell(f"{_name(attempt)}: {attempt.status} -> {fresh.status}")

    def _reconcile_refund(self, refund: Refund) -> None:
        self.asked += 1
        for _ in range(refunds.REQUESTS):
            self._pace()
        status = refunds.reconcile(refund, "sweep")
        if status != refund.status:
            self._tell(f"refund {refund.id}: {refund.status} -> {status}")

    def _hear_events(self, since: datetime) -> datetime:
        """Record first what Omise says has happened: who has just paid waits for no old order.

        Gives until when all was heard: what could not be is heard again by the next round.
        """
        rows, whole = self._rows(verbs.events_since, since - SKEW)
        failed: list[dict[str, Any]] = []
        for event in rows:
            data = event.get("data")
            if not self._news.is_new(event) or not isinstance(data, dict):
                continue
            attempt, charge_id = self._ours(data)
            if attempt and _tells_more(data, attempt, charge_id):
                self._try("news", self._record, attempt, charge_id, event)
            else:
                self._news.hear(event)
            failed += [event] if self._news.is_new(event) else []
        until = datetime.max if whole else (rows and _made(rows[-1])) or since
        return min([until, *(_made(one) or since for one in failed)])

    def _hear_refunds(self, since: datetime) -> None:
        """Record the charges of which something was given back since we last looked."""
        for row in self._newest("refunds of the dashboard", verbs.refunds_since, since):
            attempt, charge_id = self._ours(row)
            if attempt is None or not self._news.is_new(row):
                continue
            if self._try("refund", refunds.hear, row, "sweep"):
                self._tell(f"refund {row.get('id')}: done -> failed")
            if _is_later(row, attempt.recorded_at):
                self._try("refund", self._record, attempt, charge_id, row)

    def _hear_disputes(self, since: datetime) -> None:
        """Note how disputes over our charges stand."""
        listed = set()
        for row in self._newest("disputes", verbs.disputes_since, since):
            (attempt, _), status = self._ours(row), row.get("status")
            if attempt and isinstance(status, str):
                listed.add(attempt.id)
                if status != attempt.dispute:
                    ledger.note_dispute(attempt, status, "sweep")
        untold = [one for one in queries.disputed() if one.id not in listed]
        for attempt in untold[:_DISPUTES]:
            if queries.may_ask_now(attempt.id, _DISPUTES_SELDOM):
                self._try("dispute", self._ask_about_dispute, attempt)

    def _ask_about_dispute(self, attempt: Attempt) -> None:
        """Ask the charge itself, where no list tells of its dispute."""
        self.asked += 1
        self._pace()
        charge = verbs.find_charge(attempt.charge_id or "")
        ledger.record(charge, "sweep", attempt)

    def _ours(self, row: dict[str, Any]) -> tuple[Attempt | None, str]:
        """Find the attempt that a charge, or a row that names one, belongs to; by its metadata
        where its id is not known yet."""
        is_charge = row.get("object") == "charge"
        charge_id = row.get("id") if is_charge else row.get("charge")
        if not isinstance(charge_id, str) or not verbs.is_id(charge_id, "chrg"):
            return None, ""
        metadata = row.get("metadata") if is_charge else None
        named = metadata.get("attempt_id") if isinstance(metadata, dict) else None
        known = queries.find_attempt_of_charge(charge_id)
        if known is None and isinstance(named, str):
            known = queries.find_attempt(named[:36])
        return known, charge_id

    def _record(self, attempt: Attempt, charge_id: str, row: dict[str, Any]) -> None:
        self.asked += 1
        self._pace()
        fresh = ledger.record(verbs.find_charge(charge_id), "sweep", attempt)
        self._news.hear(row)
        self._heard_of.add(attempt.id)
        if fresh and fresh.status != attempt.status:
            self._tell(f"{_name(attempt)}: {attempt.status} -> {fresh.status}")

    def _rows(
        self, ask: Callable[[datetime, int], verbs.Page], since: datetime
    ) -> tuple[list[dict[str, Any]], bool]:
        """Read a list; gives its rows, and whether these are all."""
        rows: list[dict[str, Any]] = []
        offset = 0
        for _ in range(_PAGES_OF_NEWS):
            self._pace()
            page = ask(since, offset)
            rows += page.objects()
            offset += len(page.rows)
            if page.total is not None and offset >= page.total:
                return rows, True
            if not page.rows:
                break
        return rows, False

    def _newest(
        self, what: str, ask: Callable[[datetime, int], verbs.Page], since: datetime
    ) -> list[dict[str, Any]]:
        """Read a list that has the newest first; gives its rows in the order of time."""
        rows, whole = self._rows(ask, since)
        if not whole:
            self._note(f"{what}: only the newest {len(rows)} could be listed")
        return rows[::-1]

    def _try(self, what: str, act: Callable, *args: Any) -> Any:
        """Do one thing; what goes wrong is told, and stops nothing else."""
        while not self._over:
            try:
                result = act(*args)
            except GatewayError as error:
                is_answer = error.code == "not_found" or isinstance(error, BadAnswer)
                self._went_wrong(what, str(error), is_answer)
                if error.code == "authentication_failure":
                    self._over = self.refused = True
                if error.retry_after is None:
                    return None
                self._slow_down(error.retry_after)
            except Exception:  # whatever is in one row must not stop others
                log.exception("%s", what)
                self._went_wrong(what, "something went wrong that the log tells")
                return None
            else:
                self._in_a_row = 0
                return result
        return None

    def _went_wrong(self, what: str, error: str, is_answer: bool = False) -> None:
        self.errors += 1
        # That a charge is not there, or cannot be read, is an answer: the next may well be.
        self._in_a_row = 0 if is_answer else self._in_a_row + 1
        self._tell(f"{what}: {error}")
        self._over = self._in_a_row >= _WRONG_IN_A_ROW

    def _slow_down(self, seconds: int) -> None:
        self._slow_downs += 1
        if seconds > LONGEST_REST or self._slow_downs > _SLOW_DOWNS:
            self._over, self.rest = True, seconds
            return
        time.sleep(seconds)

    def _pace(self) -> None:
        time.sleep(max(0, self._next - time.monotonic()))
        self._next = time.monotonic() + 1 / RATE


def _turn(attempt: Attempt) -> tuple[bool, datetime]:
    """Rank lost answers first, then what was asked about longest ago: no row is for ever the
    last."""
    return attempt.status == "pending", attempt.checked_at or datetime.min


def _name(attempt: Attempt) -> str:
    return f"order {attempt.order_id} attempt {attempt.number}"


def _tells_more(data: dict[str, Any], attempt: Attempt, charge_id: str) -> bool:
    """Tell whether an event's charge may be news of its attempt.

    It shows the charge as it was then: that it waited once is no news of one that has ended,
    unless money is held by it.
    """
    if charge_id != attempt.charge_id:
        return True
    ended = attempt.status not in (*OPEN, "not_found")
    if data.get("status") == "pending" and ended:
        return data.get("authorized") is True and not attempt.authorized
    return data.get("status") != attempt.status


def _made(row: dict[str, Any]) -> datetime | None:
    """Tell when a row was made; the API's versions name it differently."""
    return moment_of(row.get("created_at") or row.get("created"))


def _is_later(row: dict[str, Any], moment: datetime | None) -> bool:
    """Tell whether a row was made after a moment, as far as two clocks can say."""
    made = _made(row)
    return made is None or moment is None or made > moment - SKEW
