"""Speak to Omise: the only module that imports its SDK, and what tames it.

The SDK (0.16) knows no time limit, opens a connection for each call, never looks at the HTTP
status, drops error codes, pastes ids into paths, logs bodies and keeps its keys in globals.
Every class looks up `omise.Request` at each call, so one subclass put there mends all of it.
"""

import logging
import re
from urllib.parse import quote, urljoin, urlsplit

from flask import current_app

from payment import connection
from payment.charge import Charge, Unreadable
from payment.connection import GatewayError

_handlers = logging.root.handlers[:]
import omise  # noqa: E402  its import calls logging.basicConfig(), which is undone at once

logging.root.handlers[:] = _handlers


_ID = re.compile(r"(chrg|cust|card|tokn|src|evnt)_(test_)?[0-9a-z]{1,64}")


def is_id(text, *kinds):
    """Tell whether a text is an id of Omise's of one of these kinds (`tokn`, `src` ...)."""
    match = isinstance(text, str) and _ID.fullmatch(text)
    return bool(match) and match[1] in kinds


class TamedRequest(omise.Request):
    """Send the SDK's requests with limits, the app's keys, and answers that are checked."""

    def __init__(self, api_key, api_base, api_version):
        config = current_app.config
        super().__init__(
            config["OMISE_SECRET_KEY"],
            config["OMISE_API_BASE"],
            config["OMISE_API_VERSION"],
        )

    def send(self, method, path, payload=None, headers=None):
        """Send one request, never twice, and return its JSON object.

        Raises GatewayError; `money_may_have_moved` is about what this very request asked for.
        """
        return connection.exchange(
            method,
            self._build_path(path),
            data=self._build_payload(payload),
            headers=self._build_headers(headers),
            auth=(self.api_key, ""),
        )

    def _build_path(self, path):
        parts = (path,) if isinstance(path, str) else path
        quoted = [quote(part, safe="") for part in parts]
        return urljoin(self.api_base, "/".join(quoted))


omise.Request = TamedRequest


def _charge(answer):
    # The SDK wraps nested objects; what it was sent is kept here as it came.
    try:
        return Charge.read(answer._attributes)
    except (Unreadable, AttributeError) as error:
        raise GatewayError(f"an answer that is no charge: {error}") from error


def create_charge(**parameters):
    """Charge a token, source or saved card (charges-api#create). Returns the Charge.

    Raises GatewayError; unless it says otherwise, money may have moved.
    """
    return _charge(omise.Charge.create(**parameters))


def find_charge(charge_id):
    """Fetch a charge as it is now (charges-api#retrieve)."""
    return _charge(omise.Charge.retrieve(charge_id))


def charges_since(moment):
    """Walk through the account's charges since a moment, the newest first.

    Each step is one request and yields (attempt id, charge id) for each charge that names an
    attempt. It reads the list of charges and not Search, which lags behind.
    """
    recent = omise.Charge.list(fromDate=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    offset, full = 0, True
    while full:
        page = _page(recent, limit=100, offset=offset, order="reverse_chronological")
        yield [
            (answer["metadata"]["attempt_id"], answer.get("id"))
            for answer in page
            if isinstance(answer.get("metadata"), dict)
            and "attempt_id" in answer["metadata"]
        ]
        offset, full = offset + 100, len(page) == 100


def _page(collection, **cut):
    try:
        return [answer._attributes for answer in collection.offset(**cut)]
    except (KeyError, TypeError, AttributeError) as error:
        raise GatewayError(f"an answer that is no list: {error!r}") from error


def expire_charge(charge_id):
    """Close an unpaid charge, so that its code cannot be paid any more (charges-api#expire)."""
    omise.Charge.from_data({"id": charge_id}).expire()


def capture_charge(charge_id):
    """Take the money that a charge has authorised (charges-api#capture)."""
    omise.Charge.from_data({"id": charge_id}).capture()


def reverse_charge(charge_id):
    """Release the money that a charge has authorised (charges-api#reverse)."""
    omise.Charge.from_data({"id": charge_id}).reverse()


def refund_charge(charge_id, amount, refund_id):
    """Give back so much of a charge, in the smallest unit (refunds-api#create).

    `refund_id` is ours and travels in the metadata, for the case that the answer is lost.
    """
    charge = omise.Charge.from_data({"id": charge_id})
    charge.refund(amount=amount, metadata={"refund_id": refund_id})


def refunds_of(charge_id):
    """List our own ids of the refunds that Omise has made of a charge; it makes 15 at most."""
    refunds = omise.Charge.from_data({"id": charge_id}).list_refunds()
    return [
        (answer.get("metadata") or {}).get("refund_id")
        for answer in _page(refunds, limit=100)
    ]


def save_card(token, email, customer_id=None):
    """Keep a token's card with a customer; returns the customer's id and the card's."""
    if customer_id:
        customer = omise.Customer.from_data({"id": customer_id})
        customer.update(card=token, email=email)
    else:
        customer = omise.Customer.create(card=token, email=email)
    kept = customer._attributes
    cards = (kept.get("cards") or {}).get("data") or []
    if not is_id(kept.get("id"), "cust") or not cards:
        raise GatewayError("an answer that is no customer with a card")
    return kept["id"], cards[-1]["id"]  # chronological: the newest comes last


def forget_customer(customer_id):
    """Delete a customer with all saved cards (customers-api#destroy)."""
    omise.Customer.from_data({"id": customer_id}).destroy()


def may_visit(uri):
    """Tell whether a shopper may be sent to an address that Omise gave.

    It must be https, or plain http on the very host that the API is on (development).
    """
    target, api = urlsplit(uri or ""), urlsplit(current_app.config["OMISE_API_BASE"])
    if target.scheme == "https" and target.hostname:
        return True
    same = (target.scheme, target.hostname) == (api.scheme, api.hostname)
    return target.scheme == "http" and same
