"""Read a charge as Omise sent it: both API versions in, one checked shape out."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# Statuses of a charge, charges-api. Any other word is kept as it is, and never means paid.
STATUSES = ("pending", "successful", "failed", "expired", "reversed")


class Unreadable(ValueError):
    """Raised when what came back is not a charge, or does not say what must be known."""


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
    # The ids of its refunds; Omise makes 15 at most (refunds-api).
    refund_ids: tuple[str, ...]
    # What was taken, where that is less than the amount (charges-api#capture); None: all of it.
    captured_less: int | None
    # The status of a dispute over it, or None.
    dispute: str | None
    order_id: str | None
    attempt_id: str | None
    failure_code: str | None
    authorize_uri: str | None
    expires_at: datetime | None
    method: str
    paid_with: str | None
    code_uri: str | None
    payment_code: str | None
    reference: str | None

    @classmethod
    def read(cls, answer: Any) -> "Charge":
        """Check an answer of the API and take from it what the shop needs.

        Raises Unreadable when it is no charge or a field is of the wrong kind.
        """
        if not isinstance(answer, dict) or answer.get("object") != "charge":
            raise Unreadable("not a charge")
        source, card = _object(answer, "source"), _object(answer, "card")
        metadata = _object(answer, "metadata")
        references = _object(source, "references")
        of_provider = _object(source, "provider_references")
        image = _object(_object(source, "scannable_code"), "image")
        return cls(
            id=_id(answer),
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
            refund_ids=_refund_ids(answer),
            captured_less=_captured_less(answer),
            dispute=_dispute(answer),
            order_id=_text(metadata, "order_id", None),
            attempt_id=_text(metadata, "attempt_id", None),
            failure_code=_text(answer, "failure_code", None),
            authorize_uri=_address(answer, "authorize_uri"),
            expires_at=moment_of(answer.get("expires_at")),
            method=_text(source, "type", "card") if source else "card",
            paid_with=_paid_with(card, source),
            code_uri=_address(image, "download_uri") or _address(references, "barcode"),
            payment_code=_text(references, "payment_code", None),
            reference=_text(of_provider, "reference_number_1", None),
        )

    def names(self, attempt: Any) -> bool:
        """Tell whether this charge was made for that very attempt, by its metadata."""
        return (self.order_id, self.attempt_id) == (attempt.order_id, attempt.id)

    def differs_from(self, attempt: Any) -> str:
        """Say in what this charge is not the one that the attempt asked for; "" if in nothing."""
        expected = {
            "id": (attempt.charge_id or self.id, self.id),
            "amount": (attempt.amount, self.amount),
            "currency": (attempt.currency, self.currency),
            "livemode": (attempt.livemode, self.livemode),
            "order_id": (attempt.order_id, self.order_id),
            "attempt_id": (attempt.id, self.attempt_id),
            "paid": (self.status == "successful", self.paid),
        }
        wrong = [
            f"{key} is {is_!r}, not {ours!r}"
            for key, (ours, is_) in expected.items()
            if ours != is_
        ]
        return "; ".join(wrong)

    def copy_to(self, attempt: Any) -> None:
        """Copy what the shop shows of a charge to its attempt; the status is the ledger's."""
        for name in _SHOWN:
            setattr(attempt, name, getattr(self, name))
        # These two only ever grow, and answers may overtake each other.
        attempt.refunded_amount = max(attempt.refunded_amount, self.refunded_amount)
        attempt.authorized = attempt.authorized or self.authorized
        attempt.captured_amount = self.captured_less or attempt.captured_amount


_SHOWN = (
    "method",
    "paid_with",
    "failure_code",
    "authorize_uri",
    "code_uri",
    "payment_code",
    "reference",
    "expires_at",
)
_REQUIRED: Any = object()
# What the order book has room for: texts, addresses, and numbers of 64 bits.
_ROOM, _ROOM_FOR_ADDRESS, _MOST = 64, 2048, 2**63 - 1


_ID = re.compile(r"chrg_(test_)?[0-9a-z]+")


def _id(answer):
    """Read the charge's id, which goes into paths."""
    found = _text(answer, "id")
    if not _ID.fullmatch(found):
        raise Unreadable("its id is none of a charge")
    return found


def _text(holder, key, otherwise=_REQUIRED, room=_ROOM):
    value = holder.get(key)
    if isinstance(value, str) and value:
        if len(value) <= room and _is_clean(value):
            return value
        # What is only shown may be missing; a result that is known may not be lost over it.
        value = None
    if otherwise is _REQUIRED:
        raise Unreadable(f"{key} is not a text that can be kept")
    return otherwise


def _is_clean(text):
    """Tell whether a database can hold it and a log can show it: no control character, and no half
    of a character."""
    return not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", text)


def _address(holder, key):
    return _text(holder, key, None, _ROOM_FOR_ADDRESS)


def _number(holder, key):
    value = holder.get(key)
    if type(value) is not int or not 0 <= value <= _MOST:
        raise Unreadable(f"{key} is not an amount")
    return value


def _known_number(holder, key):
    value = holder.get(key)
    return value if type(value) is int and 0 <= value <= _MOST else None


def _refunded(answer):
    key = "refunded_amount" if "refunded_amount" in answer else "refunded"
    return _known_number(answer, key) or 0


def _refund_ids(answer):
    """Read which refunds a charge names; what is no list of them names none."""
    rows = _object(answer, "refunds").get("data")
    named = [
        _text(row, "id", None)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    ]
    return tuple(one for one in named if one)


def _captured_less(answer):
    """Read what was captured, where it was not all; 2017-11-02 knows no partial capture."""
    captured, amount = _known_number(answer, "captured_amount"), answer.get("amount")
    return (
        captured
        if answer.get("paid") is True and captured and captured != amount
        else None
    )


def _dispute(answer):
    dispute = answer.get("dispute")
    if isinstance(dispute, dict):
        return _text(dispute, "status", "open")
    return "open" if isinstance(dispute, str) and dispute else None


def _object(holder, key):
    """Read a nested object; a bare id (not expanded) carries nothing that the shop shows."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def moment_of(text: Any) -> datetime | None:
    """Read a time as Omise writes it (UTC, whole seconds), or None."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError):
        return None


def _paid_with(card, source):
    """Name what is charged: a card, months of instalments, or a bank by its code."""
    months, bank = source.get("installment_term"), _text(source, "bank", None)
    parts = [
        _card_name(card) if card else None,
        f"{months} months" if type(months) is int else None,
        bank.upper() if bank else None,
    ]
    return ", ".join(part for part in parts if part)[:60] or None


def _card_name(card):
    brand, digits = card.get("brand") or "Card", card.get("last_digits") or "????"
    name = f"{brand} •••• {digits}"[:60]
    return name if _is_clean(name) else "Card"
