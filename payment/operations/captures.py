"""Take, release or close what a charge holds, on an operator's word, and write down what came of
it."""

from collections.abc import Callable

from ..gateway import verbs
from ..gateway.charge import Charge
from ..gateway.errors import GatewayError
from ..orders import ledger
from ..orders.models import Attempt


class MoveRefused(Exception):
    """Raised when Omise did not do what an operator asked; says to the operator why."""


def capture(attempt: Attempt, by: str, amount: int | None = None) -> Attempt:
    """Take the money that a charge has authorised, or so much of it (smallest unit).

    Saying it twice takes it once. Raises MoveRefused or GatewayError.
    """
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


def reverse(attempt: Attempt, by: str) -> Attempt:
    """Release the money that a charge has authorised. Raises MoveRefused or GatewayError.

    That it was asked for is in the book first: its answer may be lost.
    """
    ledger.note_asked(attempt, "reverse", by)
    return _move(attempt, by, verbs.reverse_charge, "reversed")


def expire(attempt: Attempt, by: str) -> Attempt:
    """Close a charge that waits for its shopper. Raises MoveRefused or GatewayError."""
    return _move(attempt, by, verbs.expire_charge, "expired")


def _move(
    attempt: Attempt, by: str, act: Callable[[str], Charge], wanted: str
) -> Attempt:
    """Do something to a charge; whatever comes back, the charge is then read: only that is
    believed."""
    refusal: GatewayError | None = None
    try:
        act(attempt.charge_id or "")
    except GatewayError as error:
        refusal = error
    now = (
        ledger.record(verbs.find_charge(attempt.charge_id or ""), by, attempt)
        or attempt
    )
    if now.status != wanted:
        said = f" Omise answered: {refusal}." if refusal else ""
        raise MoveRefused(f"The charge is {now.status}.{said}")
    return now
