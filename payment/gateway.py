"""Speak to Omise: the only module that imports its SDK, and what tames it.

The SDK (0.16) knows no time limit, opens a connection for each call, never looks at the HTTP
status, drops error codes, pastes ids into paths, logs bodies and keeps its keys in globals.
Every class looks up `omise.Request` at each call, so one subclass put there mends all of it.
"""

import json
import logging
import re
import time
from ssl import SSLCertVerificationError
from urllib.parse import urljoin, urlsplit

import requests
from flask import current_app
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from payment.charge import Charge, Unreadable

_handlers = logging.root.handlers[:]
import omise  # noqa: E402  its import calls logging.basicConfig(), which is undone at once

logging.root.handlers[:] = _handlers


_ID = re.compile(r"(chrg|cust|card|tokn|src|evnt)_(test_)?[0-9a-z]{1,64}")
_LARGEST_ANSWER = 4 * 1024 * 1024
_PAGES_TO_SEARCH = 5


class GatewayError(Exception):
    """Say why Omise gave no usable answer, and whether money may have moved.

    `code` is Omise's error code, `nothing_sent` when no connection was made, or None.
    """

    def __init__(self, reason, *, code=None, money_may_have_moved=True):
        super().__init__(reason)
        self.code = code
        self.money_may_have_moved = money_may_have_moved


def is_id(text, *kinds):
    """Tell whether a text is an id of Omise's of one of these kinds (`tokn`, `src` ...)."""
    match = isinstance(text, str) and _ID.fullmatch(text)
    return bool(match) and match[1] in kinds


def open_session():
    """Make the pool of kept connections that an app's threads share."""
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=32, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


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
        url, body = self._build_path(path), self._build_payload(payload)
        headers = self._build_headers(headers)
        status, text = _exchange(method, url, body, headers, self.api_key)
        try:
            answer = json.loads(text)
        except ValueError:
            raise GatewayError(f"HTTP {status} without JSON") from None
        if not isinstance(answer, dict):
            raise GatewayError(f"HTTP {status} without a JSON object")
        _refuse(status, answer)
        return answer

    def _build_path(self, path):
        parts = (path,) if isinstance(path, str) else path
        quoted = [requests.utils.quote(part, safe="") for part in parts]
        return urljoin(self.api_base, "/".join(quoted))


omise.Request = TamedRequest


def _exchange(method, url, body, headers, key):
    config = current_app.config
    limits = config["OMISE_CONNECT_TIMEOUT"], config["OMISE_READ_TIMEOUT"]
    deadline = time.monotonic() + sum(limits)
    try:
        with current_app.extensions["payment"]["session"].request(
            method,
            url,
            data=body,
            headers=headers,
            auth=(key, ""),
            timeout=limits,
            allow_redirects=False,
            stream=True,
        ) as response:
            return response.status_code, _read(response, deadline)
    except (requests.RequestException, HTTPError) as error:
        raise _broken(error) from error


def _read(response, deadline):
    pieces, size = [], 0
    # read1 gives what has come so far, so that a slow drip meets the deadline.
    while piece := response.raw.read1(64 * 1024, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_ANSWER or time.monotonic() > deadline:
            raise GatewayError("the answer was too long or too slow")
    return b"".join(pieces)


def _broken(error):
    """Tell a connection that was never made from one that broke after something had left."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    # Any other TLS error may come after the request was sent.
    foreign = isinstance(reason, SSLError) and isinstance(
        reason.args[0], SSLCertVerificationError
    )
    timed_out = isinstance(error, requests.exceptions.ConnectTimeout)
    never_made = foreign or timed_out or isinstance(reason, NewConnectionError)
    return GatewayError(
        type(reason or error).__name__,
        code="nothing_sent" if never_made else None,
        money_may_have_moved=not never_made,
    )


def _refuse(status, answer):
    """Raise for every answer but a success; only a 4xx with Omise's code is a sure no."""
    code = answer.get("code")
    is_error = answer.get("object") == "error"
    if 200 <= status < 300 and not is_error:
        return
    if is_error and isinstance(code, str) and 400 <= status < 500:
        raise GatewayError(
            f"HTTP {status} {code}", code=code, money_may_have_moved=False
        )
    raise GatewayError(f"HTTP {status}")


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


def search_charge(attempt_id, since):
    """Find the charge that an attempt made although its answer was lost, or None.

    Reads the account's newest charges from `since` on; Search lags behind and is not asked.
    """
    recent = omise.Charge.list(fromDate=since.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for page in range(_PAGES_TO_SEARCH):
        found = recent.offset(
            limit=100, offset=100 * page, order="reverse_chronological"
        )
        for answer in found:
            metadata = answer._attributes.get("metadata") or {}
            if metadata.get("attempt_id") == attempt_id:
                return _charge(answer)
        if len(found) < 100:
            return None
    raise GatewayError("too many charges since then to be sure")


def expire_charge(charge_id):
    """Close an unpaid charge, so that its code cannot be paid any more (charges-api#expire)."""
    omise.Charge.from_data({"id": charge_id}).expire()


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


def fetch_image(uri):
    """Fetch the picture of a QR code or barcode; returns its bytes and its type.

    Needs no key, and may redirect to where the file lies.
    """
    session = current_app.extensions["payment"]["session"]
    try:
        with session.get(uri, timeout=(3, 10), stream=True) as response:
            kind = response.headers.get("Content-Type", "").split(";")[0]
            if response.status_code != 200 or not kind.startswith("image/"):
                raise GatewayError(f"HTTP {response.status_code} {kind}")
            return _read(response, time.monotonic() + 10), kind
    except (requests.RequestException, HTTPError) as error:
        raise _broken(error) from error


def may_visit(uri):
    """Tell whether a shopper may be sent to an address that Omise gave.

    It must be https, or plain http on the very host that the API is on (development).
    """
    target, api = urlsplit(uri or ""), urlsplit(current_app.config["OMISE_API_BASE"])
    if target.scheme == "https" and target.hostname:
        return True
    same = (target.scheme, target.hostname) == (api.scheme, api.hostname)
    return target.scheme == "http" and same
