"""Take, release or close what a charge holds, on an operator's word, and write down what came of
it."""

from collections.abc import Callable

from ..gateway import verbs
from ..gateway.charge import Charge
from ..gateway.errors import GatewayError, NothingSent
from ..orders import ledger
from ..orders.models import Attempt
from .telling import stands


class MoveRefused(Exception):
    """Raised when Omise did not do what an operator asked; says to the operator why."""


def capture(
    attempt: Attempt, by: str, why: str | None = None, amount: int | None = None
) -> Attempt:
    """Take the money that a charge has authorised, or so much of it (smallest unit).

    Saying it twice takes it once. Raises MoveRefused or GatewayError.
    """
    ledger.note_asked(attempt, "capture", by, why)
    try:
        return _move(
            attempt,
            by,
            lambda charge_id: verbs.capture_charge(charge_id, amount),
            "successful",
        )
    except MoveRefused as refusal:
        if amount is None or amount > attempt.amount:
            raise
        raise MoveRefused(
            f"{refusal} A part can be captured only of what was authorised under "
            "AUTO_CAPTURE=pre_auth."
        ) from refusal


def reverse(attempt: Attempt, by: str, why: str | None = None) -> Attempt:
    """Release the money that a charge has authorised. Raises MoveRefused or GatewayError."""
    ledger.note_asked(attempt, "reverse", by, why)
    return _move(attempt, by, verbs.reverse_charge, "reversed")


def expire(attempt: Attempt, by: str, why: str | None = None) -> Attempt:
    """Close a charge that waits for its shopper. Raises MoveRefused or GatewayError."""
    ledger.note_asked(attempt, "expire", by, why)
    return _move(attempt, by, verbs.expire_charge, "expired")


def _move(
    attempt: Attempt, by: str, act: Callable[[str], Charge], wanted: str
) -> Attempt:
    """Do something to a charge; whatever comes back, the charge is then read: only that is
    believed."""
    said, was_sent = "", True
    try:
        act(attempt.charge_id or "")
    except NothingSent as error:
        said, was_sent = f" Nothing was sent to Omise: {error}.", False
    except GatewayError as error:
        said = f" Omise answered: {error}."
    try:
        charge = verbs.find_charge(attempt.charge_id or "")
    except GatewayError as error:
        if was_sent:
            raise
        raise MoveRefused(f"Nothing was done.{said}") from error
    now = ledger.record(charge, by, attempt) or attempt
    if now.status != wanted:
        raise MoveRefused(f"The charge is {stands(now)}.{said}")
    return now
