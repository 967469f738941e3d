"""What the shop asks of Omise: each function makes exactly one request.

All raise GatewayError, which says whether money may have moved by that request; a question never
says no. An answer that does not name what was asked for is no answer.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import current_app

from .capability import Capability
from .charge import Charge, Unreadable, moment_of
from .errors import BadAnswer, GatewayError
from .request import Account, Customer, Source, Token, page
from .request import Capability as Capabilities
from .request import Charge as Charges

_ID = re.compile(r"(chrg|cust|card|tokn|src|evnt|rfnd)_(test_)?[0-9a-z]{1,64}")
# Rows of a list that one request may ask for (pagination).
PAGE = 100
# So far ahead of Omise's clock may a window end (reconcile.py), with room for clocks that differ.
_AHEAD = timedelta(minutes=50)


def is_id(text: Any, *kinds: str) -> bool:
    """Tell whether a text is an id of Omise's of one of these kinds (`tokn`, `src` ...)."""
    match = _ID.fullmatch(text) if isinstance(text, str) else None
    return bool(match) and match[1] in kinds and len(text) <= 64  # type: ignore[index]


def _charge(answer: Any) -> Charge:
    # The SDK wraps nested objects; what it was sent is kept here as it came.
    try:
        return Charge.read(answer._attributes)
    except (Unreadable, AttributeError) as error:
        raise BadAnswer(f"an answer that is no charge: {error}") from error


def create_charge(
    *,
    order_id: str,
    attempt_id: str,
    amount: int,
    currency: str,
    return_uri: str,
    ip: str | None,
    description: str,
    capture: bool | str,
    metadata: dict[str, Any],
    **paying: Any,
) -> Charge:
    """Charge a token, source or saved card (charges-api#create). Returns the Charge.

    `amount` is in the smallest unit; `capture` takes it at once or holds it (_taking). `paying`
    is `card`, `source` (an id, or what the source is to be), both, or `customer` with `card`. The
    ids of order and attempt travel in the metadata, by which a charge whose answer was lost is
    found again. Unless the GatewayError says otherwise, money may have moved.
    """
    try:
        charge = _charge(
            Charges.create(
                amount=amount,
                currency=currency,
                return_uri=return_uri,
                ip=ip,
                description=description,
                **_taking(capture, "source" in paying),
                metadata={**metadata, "order_id": order_id, "attempt_id": attempt_id},
                **paying,
            )
        )
    except GatewayError as error:
        # Used before this, its first use: most likely a hop has sent the request again.
        if error.code == "used_token":
            raise GatewayError(str(error), code=error.code) from error
        raise
    if (charge.order_id, charge.attempt_id) != (order_id, attempt_id):
        raise BadAnswer("an answer of another charge", charge_id=charge.id)
    return charge


def _taking(capture: bool | str, by_source: bool) -> dict[str, Any]:
    """Say when the money is taken: at once (True), or when it is captured (False).

    A text is the authorization_type by which a card's is held: "pre_auth" may be captured in part
    (charges-api#capture). A source has none.
    """
    if isinstance(capture, bool) or by_source:
        return {"capture": bool(capture)}
    return {"capture": False, "authorization_type": capture}


def find_charge(charge_id: str) -> Charge:
    """Fetch a charge as it is now (charges-api#retrieve)."""
    return _asked(charge_id, Charges.retrieve(charge_id))


def _asked(charge_id: str, answer: Any) -> Charge:
    charge = _charge(answer)
    if charge.id != charge_id:
        raise BadAnswer(f"asked about {charge_id}, and {charge.id} came")
    return charge


def was_used(pays_with: str) -> bool | None:
    """Tell whether Omise has used a single-use token or source, so that money may have moved.

    None where it does not say so, or where it says that what was made of it has ended without
    money. A token says `used`, a source and newer tokens `charge_status` (tokens-api,
    sources-api).
    """
    kind: Any = Token if is_id(pays_with, "tokn") else Source
    answer = kind.retrieve(pays_with)._attributes
    if answer.get("id") != pays_with:
        raise BadAnswer("an answer of another token or source")
    used, status = answer.get("used"), answer.get("charge_status")
    if status in ("failed", "expired", "reversed"):
        return None
    if used is True or (isinstance(status, str) and status != "unknown"):
        return True
    if used is False or status == "unknown":
        return False
    return None


def type_of_source(source: str) -> str:
    """Ask which way to pay a source stands for (sources-api#retrieve)."""
    answer = Source.retrieve(source)._attributes
    if answer.get("id") != source or not isinstance(answer.get("type"), str):
        raise BadAnswer("an answer of another source")
    return answer["type"]


def find_capability() -> Capability:
    """Ask how the account may be paid (capability-api)."""
    answer = Capabilities.retrieve()
    try:
        return Capability.read(getattr(answer, "_attributes", answer))
    except Unreadable as error:
        raise BadAnswer(f"an answer that is no capability: {error}") from error


def find_account() -> dict[str, Any]:
    """Ask whose the secret key is (account-api)."""
    answer = Account.retrieve()
    account = getattr(answer, "_attributes", answer)
    if account.get("object") != "account":
        raise BadAnswer("an answer that is no account")
    return account


@dataclass(frozen=True)
class Page:
    """Part of a list; `total` is how many rows the whole list has, or None if Omise does not
    say."""

    rows: list[Any]
    total: int | None

    def objects(self) -> list[dict[str, Any]]:
        """Give the rows that are objects at all."""
        return [row for row in self.rows if isinstance(row, dict)]

    def ids(self) -> set[str]:
        """Tell the ids that the rows have: rows that are told twice are one."""
        told = (row.get("id") for row in self.objects())
        return {one for one in told if isinstance(one, str)}


# A row may be so far outside the window that was asked for, as clocks go.
_SLACK = timedelta(minutes=20)


def _page(path: str | tuple[str, ...], **cut: Any) -> Page:
    """Ask for a page of a list; an answer that says it is a page of another one is none.

    What it states of what was asked (its path, `offset`, `limit`, `order`, `from`, `to`) must
    agree; 2017-11-02 says `order: null`.
    """
    asked = {"limit": PAGE, **cut}
    answer = page(path, **asked)
    rows, total = answer.get("data"), answer.get("total")
    if answer.get("object") != "list" or not isinstance(rows, list):
        raise BadAnswer("an answer that is no list")
    for name, value in asked.items():
        if answer.get(name) is not None and not _agrees(name, answer[name], value):
            raise BadAnswer(f"a list of another {name}: {str(answer[name])[:40]!r}")
    if answer.get("location") is not None and not _is_at(answer["location"], path):
        raise BadAnswer("an answer of another list")
    found = Page(rows, total if type(total) is int and total >= 0 else None)
    _check_span(found, cut)
    return found


def _agrees(name: str, said: Any, asked: Any) -> bool:
    if isinstance(asked, int):
        return type(said) is int and said == asked
    if said == asked:
        return True
    at, wanted = _utc(said), _utc(asked)
    if at is None or wanted is None:
        return False
    # A window may reach into the future; a list need not say that it does.
    return at == wanted or (name == "to" and wanted - _AHEAD <= at < wanted)


def _utc(text: Any) -> datetime | None:
    """Read a moment in any way of ISO 8601, in UTC where no zone is named, or None."""
    try:
        moment = datetime.fromisoformat(text)
        away = moment.utcoffset() or timedelta(0)
        return moment.replace(tzinfo=None) - away
    except (TypeError, ValueError, OverflowError):
        return None


def _is_at(location: Any, path: str | tuple[str, ...]) -> bool:
    """Tell whether a list lies where it was asked for, below Omise's own root or the base's."""
    below = path if isinstance(path, str) else "/".join(path)
    base = urlsplit(urljoin(current_app.config["OMISE_API_BASE"], below)).path
    if not isinstance(location, str):
        return False
    return urlsplit(location).path.rstrip("/") in (f"/{below}", base)


def _check_span(found: Page, cut: dict[str, Any]) -> None:
    """Refuse rows that were made, as they say, outside the span that was asked for."""
    begin, end = _utc(cut.get("from")), _utc(cut.get("to"))
    for row in found.objects():
        made = moment_of(row.get("created_at") or row.get("created"))
        early = made and begin and made < begin - _SLACK
        if early or (made and end and made > end + _SLACK):
            raise BadAnswer("a list of another span")


def charges_between(begin: datetime, end: datetime, offset: int) -> Page:
    """Read a page of the charges that were made in a span of time (UTC), the oldest first."""
    return _page(
        "charges",
        offset=offset,
        order="chronological",
        **{"from": _moment(begin), "to": _moment(end)},
    )


def events_since(begin: datetime, offset: int) -> Page:
    """Read a page of what happened in the account since a moment (UTC), the oldest first."""
    return _page(
        "events", offset=offset, order="chronological", **{"from": _moment(begin)}
    )


def newest_event() -> dict[str, Any] | None:
    """Ask what has happened last in the account (events-api); None if nothing has."""
    rows = _page("events", offset=0, order="reverse_chronological").objects()
    return rows[0] if rows else None


def refunds_since(begin: datetime, offset: int) -> Page:
    """Read a page of the account's refunds since a moment (UTC), the newest first."""
    return _page(
        "refunds",
        offset=offset,
        order="reverse_chronological",
        **{"from": _moment(begin)},
    )


def disputes_since(begin: datetime, offset: int) -> Page:
    """Read a page of the account's disputes since a moment (UTC), the newest first."""
    return _page(
        "disputes",
        offset=offset,
        order="reverse_chronological",
        **{"from": _moment(begin)},
    )


def refunds_of(charge_id: str) -> Page:
    """List the refunds of a charge; Omise makes 15 at most (refunds-api)."""
    found = _page(("charges", charge_id, "refunds"), offset=0)
    if any(row.get("charge") not in (None, charge_id) for row in found.objects()):
        raise BadAnswer("the refunds of another charge")
    return found


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _known(charge_id: str) -> Charges:
    return Charges.from_data({"id": charge_id})


def expire_charge(charge_id: str) -> Charge:
    """Close an unpaid charge, so that its code cannot be paid any more (charges-api#expire)."""
    return _asked(charge_id, _known(charge_id).expire())


def capture_charge(charge_id: str, amount: int | None = None) -> Charge:
    """Take the money that a charge has authorised (charges-api#capture).

    `amount` (smallest unit) takes less than all; the rest is released.
    """
    part = {} if amount is None else {"capture_amount": amount}
    return _asked(charge_id, _known(charge_id).capture(**part))


def reverse_charge(charge_id: str) -> Charge:
    """Release the money that a charge has authorised (charges-api#reverse)."""
    return _asked(charge_id, _known(charge_id).reverse())


@dataclass(frozen=True)
class Refund:
    """A refund as Omise tells of it; `amount` in the smallest unit.

    `our_id` is what its metadata says; where a version shows none (2017-11-02), `is_named` is
    false.
    """

    id: str
    amount: Any
    status: Any
    is_named: bool
    our_id: str | None

    @classmethod
    def read(cls, answer: dict[str, Any]) -> "Refund | None":
        """Read a refund (refunds-api), or None if it is none."""
        if answer.get("object") != "refund" or not is_id(answer.get("id"), "rfnd"):
            return None
        metadata = answer.get("metadata")
        ours = metadata.get("refund_id") if isinstance(metadata, dict) else None
        return cls(
            answer["id"],
            answer.get("amount"),
            answer.get("status"),
            "metadata" in answer,
            ours if isinstance(ours, str) else None,
        )

    @property
    def became(self) -> str:
        """Tell whether money went back: done, failed, or sent where that is open.

        Omise has always closed a refund as it made it; another word is no "done".
        """
        if self.status in ("failed", "rejected", "reversed"):
            return "failed"
        return "done" if self.status in ("closed", None) else "sent"


def refund_charge(charge_id: str, amount: int, our_id: str) -> Refund:
    """Give back so much of a charge, in the smallest unit (refunds-api#create).

    `our_id` travels in the metadata, for the case that the answer is lost. The SDK's own
    `refund()` reads the charge too, and what goes wrong with that would be taken for a refund
    that was not made.
    """
    answer = Charges._request(
        "post",
        ("charges", charge_id, "refunds"),
        {"amount": amount, "metadata": {"refund_id": our_id}},
    )
    made = Refund.read(answer)
    if made is None:
        raise BadAnswer("an answer that is no refund")
    if answer.get("charge") not in (None, charge_id) or made.amount != amount:
        raise BadAnswer("an answer of another refund")
    if made.is_named and made.our_id != our_id:
        raise BadAnswer("an answer of another refund, by its metadata")
    return made


@dataclass(frozen=True)
class Card:
    """A card as a token or a customer holds it; never its number."""

    id: str
    fingerprint: str | None
    last_digits: str | None
    expires: tuple[Any, Any]

    @classmethod
    def read(cls, answer: Any) -> "Card":
        """Read a card object (cards-api). Raises GatewayError."""
        if not isinstance(answer, dict) or not is_id(answer.get("id"), "card"):
            raise BadAnswer("an answer without a card")
        return cls(
            answer["id"],
            answer.get("fingerprint"),
            answer.get("last_digits"),
            (answer.get("expiration_year"), answer.get("expiration_month")),
        )

    def is_same(self, other: "Card") -> bool:
        """Tell whether two objects stand for one piece of plastic."""
        mine, its = (
            self.fingerprint or self.last_digits,
            other.fingerprint or other.last_digits,
        )
        return bool(mine) and (mine, self.expires) == (its, other.expires)


def card_of_token(token: str) -> Card:
    """Look at the card that a token stands for (tokens-api#retrieve)."""
    answer = Token.retrieve(token)._attributes
    if answer.get("id") != token:
        raise BadAnswer("an answer of another token")
    return Card.read(answer.get("card"))


def create_customer(token: str, email: str | None) -> str:
    """Keep a token's card with a new customer (customers-api#create); returns the customer's id."""
    return _customer(Customer.create(card=token, email=email), email, None)


def add_card(customer_id: str, token: str, email: str | None) -> str:
    """Keep a token's card with a customer that exists (customers-api#update)."""
    customer: Any = Customer.from_data({"id": customer_id})
    return _customer(customer.update(card=token, email=email), email, customer_id)


def _customer(answer: Any, email: str | None, customer_id: str | None) -> str:
    kept = answer._attributes
    named = kept.get("id")
    if not is_id(named, "cust") or customer_id not in (None, named):
        raise BadAnswer("an answer that is no customer, or another")
    if kept.get("email") != email:
        raise BadAnswer("an answer of another customer")
    return named


def newest_cards(customer_id: str) -> list[Card]:
    """List a customer's cards, the newest first; the list inside a customer shows the first 20
    only."""
    path = ("customers", customer_id, "cards")
    rows = _page(path, offset=0, order="reverse_chronological").objects()
    return [Card.read(row) for row in rows]


def forget_customer(customer_id: str) -> None:
    """Delete a customer with all saved cards (customers-api#destroy)."""
    customer: Any = Customer.from_data({"id": customer_id})
    customer.destroy()


def forget_card(customer_id: str, card: str) -> None:
    """Delete one saved card (cards-api#destroy)."""
    Charges._request("delete", ("customers", customer_id, "cards", card))
