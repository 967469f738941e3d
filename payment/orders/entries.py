"""The history of an order: an entry for each thing that happened, and the signals told from them.

An entry is written in the transaction of what it tells of. The receivers of its signal run after
the commit, and only then is it marked as told; what a crash left unmarked, the next sweep tells
again.
"""

import logging
import random
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .. import signals
from .models import ROOM_FOR_NAME, ROOM_FOR_WHY, Attempt, Entry, Order, utcnow
from .transaction import transaction

log = logging.getLogger(__name__)

# An order that nobody could be told is paid for so long is for a person.
_OVERDUE = timedelta(days=1)
# So many of what is left untold are tried first, the newest, and so many of all, by chance.
_TRIED = 250
# What is this young may be on its way to the receivers just now.
_ON_ITS_WAY = timedelta(seconds=60)


def fit(text: Any, room: int) -> str | None:
    """Clean a text of what a database cannot hold, and cut it to the room that there is."""
    if text is None:
        return None
    clean = str(text).replace("\0", "").encode("utf-8", "replace").decode()
    return clean[:room]


def append(
    session: Session,
    order_id: str,
    what: str,
    by: str,
    *,
    attempt_id: str | None = None,
    was: Any = None,
    became: Any = None,
    why: Any = None,
    signal: str | None = None,
) -> Entry:
    """Add one entry to an order's history; `by` says who: shopper, return, webhook, sweep, or a
    name."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    heard = signal is not None and signals.is_heard(signal, app)
    entry = Entry(
        order_id=order_id,
        attempt_id=attempt_id,
        what=what,
        was=fit(was, ROOM_FOR_NAME),
        became=fit(became, ROOM_FOR_NAME),
        by=fit(by, ROOM_FOR_NAME),
        why=fit(why, ROOM_FOR_WHY),
        signal=signal if heard else None,
    )
    session.add(entry)
    session.info.setdefault("told_when_kept", []).append(_line(session, entry))
    if heard:
        session.info.setdefault("untold", []).append(entry)
    return entry


def _line(session, entry):
    """Give what logs an entry once it is committed: ids and words, and nobody's name.

    `ms` is how long after the attempt was opened it happened, by the database's clock.
    """
    same = (one for one in session if isinstance(one, Attempt))
    attempt = next((one for one in same if one.id == entry.attempt_id), None)
    charge = attempt and (attempt.charge_id or attempt.doubtful_id)
    opened, now = attempt and attempt.created_at, session.info.get("now")
    age = (now - opened) // timedelta(milliseconds=1) if opened and now else "-"
    return partial(
        log.info,
        "money what=%s order=%s attempt=%s charge=%s from=%s to=%s ms=%s by=%s",
        entry.what,
        entry.order_id,
        entry.attempt_id or "-",
        _word(charge),
        _word(entry.was),
        _word(entry.became),
        age,
        # An operator's name stays in the order book.
        (entry.by or "-").split(" ")[0],
    )


def _word(text):
    return re.sub(r"[^\w.,:-]", "_", text, flags=re.ASCII) if text else "-"


def untold(session: Session) -> list[Entry]:
    """Give the entries of this transaction that somebody waits to hear of."""
    return session.info.get("untold", [])


def tell(entries: list[Entry]) -> None:
    """Call the receivers of what has just been committed, and mark what was told.

    Raises OrdersUnavailable when it could not be marked; the next sweep then tells it again.
    """
    told = [entry.id for entry in entries if _tell(entry)]
    if told:
        _mark_told(told)


def tell_what_is_left(seconds: float) -> list[str]:
    """Tell what a crash or a failing receiver left untold, for so many seconds at most.

    The newest come first, and of those that an order is paid; then, in the second half of the
    time, any by chance: receivers that fail or are slow over many old ones keep nothing else from
    being told. Returns the orders of which it could not be told for a day that they are paid.
    """
    tried: set[int] = set()
    overdue = []
    for batch in _left():
        ends = time.monotonic() + seconds / 2
        for entry_id in _until(ends, batch):
            entry, late = (None, False) if entry_id in tried else _untold(entry_id)
            tried.add(entry_id)
            if entry is None:
                continue
            if _tell(entry):
                _mark_told([entry.id])
            elif late and entry.signal == "order_paid":
                overdue.append(entry.order_id)
    return overdue


def _until(ends: float, entry_ids: list[int]) -> Iterator[int]:
    for entry_id in entry_ids:
        if time.monotonic() > ends:
            return
        yield entry_id


def _tell(entry: Entry) -> bool:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return signals.tell(app, entry.signal or "", _order(entry.order_id), entry.why)


@transaction
def _order(session: Session, order_id: str) -> Order | None:
    return session.get(Order, order_id)


@transaction
def _mark_told(session: Session, entry_ids: list[int]) -> None:
    told = update(Entry).where(Entry.id.in_(entry_ids))
    session.execute(told.values(told_at=utcnow()))


@transaction
def _left(session: Session) -> tuple[list[int], list[int]]:
    """List what is left untold: the newest that orders are paid and the newest of the rest, and
    some of all."""
    now = session.scalar(select(utcnow()))
    untold = select(Entry.id).where(Entry.signal.is_not(None), Entry.told_at.is_(None))
    due = untold.where(Entry.at < now - _ON_ITS_WAY)
    found = session.scalars(due.order_by(Entry.signal != "order_paid", Entry.id.desc()))
    ids = list(found)
    return ids[:_TRIED], random.sample(ids, min(_TRIED, len(ids)))


@transaction
def _untold(session: Session, entry_id: int) -> tuple[Entry | None, bool]:
    """Read an entry, unless another sweep has told it meanwhile, and whether it is overdue."""
    entry = session.get(Entry, entry_id)
    if entry is None or entry.told_at:
        return None, False
    return entry, entry.at < session.scalar(select(utcnow())) - _OVERDUE


@transaction
def history(session: Session, order_id: str) -> list[Entry]:
    """List all that happened to an order, the oldest first."""
    entries = select(Entry).where(Entry.order_id == order_id).order_by(Entry.id)
    return list(session.scalars(entries))
