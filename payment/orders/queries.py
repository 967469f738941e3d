"""Read the order book, and keep the few marks that are no result of a payment."""

from datetime import datetime, timedelta

from sqlalchemy import Select, and_, bindparam, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, lazyload

from . import budgets
from .models import DISPUTED, OPEN, Attempt, Delivery, HeardUntil, Order, Refund, utcnow
from .transaction import read_once, transaction

# How long an attempt of which nothing was found goes on being looked for.
WATCHED_FOR = timedelta(days=7)


def read_clock(session: Session) -> datetime:
    """Tell the time by the database's clock, in a transaction that is open."""
    return session.scalar(select(utcnow()))


@transaction
def clock(session: Session) -> datetime:
    """Tell the time by the database's clock, which all hosts share."""
    return read_clock(session)


@transaction
def find_order(session: Session, order_id: str) -> Order | None:
    """Read an order with its attempts and open flags, or None."""
    return session.get(Order, str(order_id))


@transaction
def find_attempt(session: Session, attempt_id: str) -> Attempt | None:
    """Read an attempt, or None."""
    return session.get(Attempt, str(attempt_id))


def attempt_of_form(form_id: str) -> Select:
    """Ask for the attempt that a form has begun, with its order."""
    with_order = select(Attempt).options(joinedload(Attempt.order))
    return with_order.where(Attempt.form_id == form_id)


@transaction
def find_attempt_of_form(session: Session, form_id: str) -> Attempt | None:
    """Read the attempt that a form has begun, or None."""
    return session.scalar(attempt_of_form(form_id))


@transaction
def find_attempt_of_charge(session: Session, charge_id: str) -> Attempt | None:
    """Read the attempt that a charge is known to belong to, or None."""
    return session.scalar(select(Attempt).where(Attempt.charge_id == charge_id))


def is_unseen(attempt: Attempt) -> bool:
    """Tell whether nothing of an attempt that left was ever seen at Omise."""
    never_used = attempt.status == "failed" and attempt.failure_code == "never_used"
    return attempt.status == "not_found" or never_used


@transaction
def was_used_before(session: Session, attempt: Attempt) -> bool:
    """Tell whether another attempt of ours may have used up the same token or source.

    One that was refused without a charge has not.
    """
    others = session.query(Attempt).where(
        Attempt.pays_with == attempt.pays_with,
        Attempt.id != attempt.id,
        or_(Attempt.status != "failed", Attempt.charge_id.is_not(None)),
    )
    return bool(attempt.pays_with) and others.count() > 0


@transaction
def refusals_from(session: Session, address: str | None) -> int:
    """Count the cards that banks have refused from one address (its mark) lately."""
    return budgets.refusals_at(session, address, read_clock(session))


@transaction
def heard_until(session: Session) -> datetime | None:
    """Tell until when the sweep has heard all that Omise says has happened; None: never."""
    return session.scalar(select(HeardUntil.until))


@transaction
def note_heard(session: Session, until: datetime) -> None:
    """Keep until when all was heard; never an earlier moment than another sweep has noted."""
    later = update(HeardUntil).where(HeardUntil.until < until).values(until=until)
    if session.scalar(select(HeardUntil.until)) is None:
        try:
            with session.begin_nested():
                session.add(HeardUntil(id=1, until=until))
            return
        except IntegrityError:  # another sweep's first round has just ended, too
            pass
    session.execute(later)


# Nearly every page asks it, so it is put together once.
_LATEST_ORDERS = (
    select(Order)
    .where(Order.visitor == bindparam("visitor"))
    .order_by(Order.created_at.desc())
    .limit(bindparam("at_most"))
)


@read_once
@transaction
def latest_orders_of(session: Session, visitor: str, at_most: int) -> list[Order]:
    """List a visitor's latest orders, the newest first."""
    asked = {"visitor": visitor, "at_most": at_most}
    return list(session.scalars(_LATEST_ORDERS, asked))


@transaction
def open_attempts(session: Session, order_id: str | None = None) -> list[Attempt]:
    """List the attempts whose outcome is open, or those of one order; not found counts there."""
    query = select(Attempt).order_by(Attempt.created_at)
    if order_id is None:
        return list(session.scalars(query.where(Attempt.status.in_(OPEN))))
    may_show = or_(
        Attempt.status.in_((*OPEN, "not_found")), Attempt.doubtful_id.is_not(None)
    )
    return list(session.scalars(query.where(Attempt.order_id == order_id, may_show)))


@transaction
def watched(session: Session) -> tuple[list[Attempt], datetime]:
    """List every attempt that a sweep asks about, and the database's time.

    Answers that were lost come first, then the newest: a flood of old ones delays neither.
    """
    now = read_clock(session)
    # That a token was never used is Omise's own word; it might be spoken too early.
    unseen = or_(
        Attempt.status == "not_found",
        and_(Attempt.status == "failed", Attempt.failure_code == "never_used"),
    )
    looked_for = and_(
        unseen,
        Attempt.sent_at > now - WATCHED_FOR,
        # It left soon after it was made: so the index of status and time leads to the few.
        Attempt.created_at > now - WATCHED_FOR - timedelta(days=1),
    )
    # A doubt blocks its order until Omise tells better, whatever became of the attempt.
    doubtful = and_(Attempt.doubtful_id.is_not(None), Attempt.status != "closed")
    query = (
        select(Attempt)
        .where(or_(Attempt.status.in_(OPEN), looked_for, doubtful))
        .options(lazyload(Attempt.refunds))
        .order_by(Attempt.status == "pending", Attempt.created_at.desc())
    )
    return list(session.scalars(query)), now


@transaction
def may_ask_now(session: Session, attempt_id: str, gap: timedelta) -> bool:
    """Take the next question to Omise about an attempt; False if it was asked so lately.

    Only one of those who ask at once gets it. A time in the future, by a clock that was wrong, is
    over.
    """
    now = read_clock(session)
    due = or_(
        Attempt.checked_at.is_(None),
        Attempt.checked_at <= now - gap,
        Attempt.checked_at > now,
    )
    taken = update(Attempt).where(Attempt.id == attempt_id, due)
    return session.execute(taken.values(checked_at=now)).rowcount == 1  # type: ignore[attr-defined]


@transaction
def find_refund(session: Session, refund_id: str) -> Refund | None:
    """Read a refund, or None."""
    return session.get(Refund, refund_id)


@transaction
def find_refund_of_omise(session: Session, refund_id: str) -> Refund | None:
    """Read the refund of ours that has this id at Omise, or None."""
    return session.scalar(select(Refund).where(Refund.refund_id == refund_id))


@transaction
def open_refunds(session: Session) -> list[Refund]:
    """List the refunds of which nobody knows yet whether money went back; not found: for a week."""
    now = read_clock(session)
    looked_for = and_(
        Refund.status == "not_found", Refund.created_at > now - WATCHED_FOR
    )
    query = select(Refund).where(or_(Refund.status == "sent", looked_for))
    return list(session.scalars(query.order_by(Refund.created_at)))


@transaction
def disputed_since(session: Session) -> datetime | None:
    """Tell since when an attempt may have been made over which a dispute is open; None: there is
    none."""
    return session.scalar(select(func.min(Attempt.created_at)).where(DISPUTED))


@transaction
def disputed(session: Session) -> list[Attempt]:
    """List the attempts over which a dispute is open, those first that nobody has asked about for
    longest."""
    query = select(Attempt).where(DISPUTED).order_by(Attempt.checked_at.nulls_first())
    return list(session.scalars(query))


@transaction
def count_open(session: Session) -> int:
    """Count the attempts and refunds whose outcome is open."""
    attempts = session.query(Attempt).where(Attempt.status.in_(OPEN)).count()
    return attempts + session.query(Refund).where(Refund.status == "sent").count()


def note_delivery(event_id: str, key: str, charge_id: str | None) -> bool:
    """Keep a webhook delivery as evidence; False if this very event was kept before."""
    try:
        return _note_delivery(event_id, key, charge_id)
    except IntegrityError:  # the same event arrived twice at once
        return False


@transaction
def _note_delivery(
    session: Session, event_id: str, key: str, charge_id: str | None
) -> bool:
    if session.get(Delivery, event_id):
        return False
    session.add(Delivery(event_id=event_id, key=key, charge_id=charge_id))
    return True
