"""Read a charge as Omise sent it: both API versions in, one checked shape out."""

from dataclasses import dataclass
from datetime import datetime

# Statuses of a charge, charges-api. Any other word is kept as it is, and never means paid.
STATUSES = ("pending", "successful", "failed", "expired", "reversed")


class Unreadable(ValueError):
    """Say that what came back is not a charge."""


@dataclass(frozen=True)
class Charge:
    """Hold what the shop needs of a charge; amounts in the smallest unit."""

    id: str
    status: str
    paid: bool
    authorized: bool
    amount: int
    currency: str
    livemode: bool
    refundable: bool
    refunded_amount: int
    metadata: dict
    failure_code: str | None
    authorize_uri: str | None
    expires_at: datetime | None
    method: str
    paid_with: str | None
    code_uri: str | None
    payment_code: str | None

    @classmethod
    def read(cls, answer):
        """Check an answer of the API and take from it what the shop needs.

        Raises Unreadable when it is no charge or a field is of the wrong kind.
        """
        if not isinstance(answer, dict) or answer.get("object") != "charge":
            raise Unreadable("not a charge")
        source, card = _object(answer, "source"), _object(answer, "card")
        references = _object(source, "references")
        image = _object(_object(source, "scannable_code"), "image")
        return cls(
            id=_text(answer, "id"),
            status=_text(answer, "status"),
            paid=answer.get("paid") is True,
            authorized=answer.get("authorized") is True,
            amount=_number(answer, "amount"),
            currency=_text(answer, "currency").upper(),
            livemode=answer.get("livemode") is True,
            # Not told in 2017-11-02, where cards could be refunded.
            refundable=answer.get("refundable", not source) is True,
            # Named `refunded` in 2017-11-02.
            refunded_amount=_refunded(answer),
            metadata=_object(answer, "metadata"),
            failure_code=_text(answer, "failure_code", None),
            authorize_uri=_address(answer, "authorize_uri"),
            expires_at=_moment(answer.get("expires_at")),
            method=_text(source, "type", "card") if source else "card",
            paid_with=_card_name(card),
            code_uri=_address(image, "download_uri") or _address(references, "barcode"),
            payment_code=_text(references, "payment_code", None),
        )

    def differs_from(self, attempt):
        """Say in what this charge is not the one that the attempt asked for; "" if in nothing."""
        expected = {
            "id": (attempt.charge_id or self.id, self.id),
            "amount": (attempt.amount, self.amount),
            "currency": (attempt.currency, self.currency),
            "livemode": (attempt.livemode, self.livemode),
            "order_id": (attempt.order_id, self.metadata.get("order_id")),
            "attempt_id": (attempt.id, self.metadata.get("attempt_id")),
            "paid": (self.status == "successful", self.paid),
        }
        wrong = [
            f"{key} is {is_!r}, not {ours!r}"
            for key, (ours, is_) in expected.items()
            if ours != is_
        ]
        return "; ".join(wrong)

    def copy_to(self, attempt):
        """Copy what the shop shows of a charge to its attempt; the state is the ledger's."""
        for name in _SHOWN:
            setattr(attempt, name, getattr(self, name))
        # These two only ever grow, and answers may overtake each other.
        attempt.refunded_amount = max(attempt.refunded_amount, self.refunded_amount)
        attempt.authorized = attempt.authorized or self.authorized


_SHOWN = (
    "method",
    "paid_with",
    "failure_code",
    "authorize_uri",
    "code_uri",
    "payment_code",
    "expires_at",
)
_REQUIRED = object()
# What the order book has room for: texts, and addresses.
_ROOM, _ROOM_FOR_ADDRESS = 64, 2048


def _text(holder, key, otherwise=_REQUIRED, room=_ROOM):
    value = holder.get(key)
    if isinstance(value, str) and value:
        if len(value) <= room:
            return value
        # What is only shown may be missing; a result that is known may not be lost over it.
        value = None
    if otherwise is _REQUIRED or value not in (None, ""):
        raise Unreadable(f"{key} is not a text, or too long")
    return otherwise


def _address(holder, key):
    return _text(holder, key, None, _ROOM_FOR_ADDRESS)


def _number(holder, key):
    value = holder.get(key)
    if type(value) is not int or value < 0:
        raise Unreadable(f"{key} is not an amount")
    return value


def _refunded(answer):
    key = "refunded_amount" if "refunded_amount" in answer else "refunded"
    return _number(answer, key) if answer.get(key) else 0


def _object(holder, key):
    value = holder.get(key)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        # Unexpanded references (a bare id) carry nothing that the shop shows.
        return {}
    return value


def _moment(text):
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError):
        return None


def _card_name(card):
    if not card:
        return None
    brand, digits = card.get("brand") or "Card", card.get("last_digits") or "????"
    return f"{brand} •••• {digits}"[:60]
