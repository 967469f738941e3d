"""The history of an order: an entry for each thing that happened, and the signals told from them.

An entry is written in the transaction of what it tells of. The receivers of its signal run after
the commit, and only then is it marked as told; what a crash left unmarked, the next sweep tells
again.
"""

import logging
import re
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

# A receiver that raises hears of the same thing again for so long.
_TOLD_AGAIN_FOR = timedelta(days=1)
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


def tell_what_is_left() -> int:
    """Tell what a crash or a failing receiver left untold; returns how many entries that was."""
    left = _left()
    tell(left)
    return len(left)


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
def _left(session: Session) -> list[Entry]:
    now = session.scalar(select(utcnow()))
    untold = select(Entry).where(Entry.signal.is_not(None), Entry.told_at.is_(None))
    due = untold.where(Entry.at < now - _ON_ITS_WAY, Entry.at > now - _TOLD_AGAIN_FOR)
    return list(session.scalars(due.order_by(Entry.id).limit(500)))


@transaction
def history(session: Session, order_id: str) -> list[Entry]:
    """List all that happened to an order, the oldest first."""
    entries = select(Entry).where(Entry.order_id == order_id).order_by(Entry.id)
    return list(session.scalars(entries))
