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
            # Named `refunded` in 2017-11-02.
            refunded_amount=_refunded(answer),
            metadata=_object(answer, "metadata"),
            failure_code=_text(answer, "failure_code", None),
            authorize_uri=_text(answer, "authorize_uri", None),
            expires_at=_moment(answer.get("expires_at")),
            method=_text(source, "type", "card") if source else "card",
            paid_with=_card_name(card),
            code_uri=_text(image, "download_uri", None)
            or _text(references, "barcode", None),
            payment_code=_text(references, "payment_code", None),
        )


_REQUIRED = object()


def _text(holder, key, otherwise=_REQUIRED):
    value = holder.get(key)
    if isinstance(value, str) and value:
        return value
    if otherwise is _REQUIRED or value not in (None, ""):
        raise Unreadable(f"{key} is not a text")
    return otherwise


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
