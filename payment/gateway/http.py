"""Exchange one request for one answer with Omise, and say what may have happened if none came.

Connections are kept and reused, nothing is ever sent twice, redirects are not followed with a
key, and only so many threads of a process wait at once.
"""

import ipaddress
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLCertVerificationError
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from flask import current_app
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError, TimeoutError

from . import deadline
from .errors import GatewayError, NothingSent

# So many threads of a process may wait for Omise at once; the others (gunicorn.conf.py starts
# 64) go on showing the shop when Omise hangs. What only reads may take this many of them.
MOST_AT_ONCE, MOST_READS = 48, 16
_LARGEST_ANSWER = 4 * 1024 * 1024
# Omise publishes no rates (api-rate-limiting): seconds to wait where a 429 names none.
_UNSAID_WAIT = 10
# Timed out, conflict, too early, given up: what a hop says of a request that it may have passed on.
_NO_WORD_OF_OMISE_S = (408, 409, 425, 499)
_MOST_REDIRECTS = 3
# Seconds for a picture, with all its redirects.
_PICTURE_DEADLINE = 10
PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif")


class Connections:
    """The way to Omise that the threads of an app share: kept connections, and places to wait."""

    def __init__(self) -> None:
        self.session = requests.Session()
        adapter = deadline.Adapter(
            pool_connections=4, pool_maxsize=MOST_AT_ONCE, max_retries=0
        )
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)
        self.places = BoundedSemaphore(MOST_AT_ONCE)
        self.places_for_reads = BoundedSemaphore(MOST_READS)
        # The `Date` of the answer that came last (RFC 9110, 6.6.1): Omise's clock.
        self.date: str | None = None

    def close(self) -> None:
        """Close the kept connections."""
        self.session.close()

    @contextmanager
    def place(self, reads: bool) -> Iterator[None]:
        """Hold one of the places from which this process may wait for Omise. Raises NothingSent."""
        wanted = [self.places_for_reads, self.places] if reads else [self.places]
        held: list[BoundedSemaphore] = []
        try:
            for places in wanted:
                if not places.acquire(blocking=False):
                    raise NothingSent(
                        "too many requests wait for Omise already", reads=reads
                    )
                held.append(places)
            yield
        finally:
            for places in held:
                places.release()


def exchange(method: str, url: str, **sent: Any) -> dict[str, Any]:
    """Send one request, never twice, and return the JSON object that came as answer.

    Raises GatewayError for everything but a success.
    """
    limits = (
        current_app.config["OMISE_CONNECT_TIMEOUT"],
        current_app.config["OMISE_READ_TIMEOUT"],
    )
    with _answer(method, url, limits, **sent) as response:
        status, wait, text = (
            response.status_code,
            _wait_asked(response),
            _read(response),
        )
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise GatewayError(f"HTTP {status} without a JSON object", retry_after=wait)
    _refuse(status, answer, wait, reads=method.upper() == "GET")
    return answer


def fetch_picture(uri: str) -> tuple[bytes, str]:
    """Fetch the picture of a QR code or barcode; returns its bytes and its type.

    Needs no key. It may be redirected to where the file lies, but to nowhere that Omise would not
    put it.
    """
    with deadline.within(_PICTURE_DEADLINE):
        for _ in range(_MOST_REDIRECTS + 1):
            if not may_fetch(uri):
                raise GatewayError("a picture at an address that is not Omise's")
            with _answer("GET", uri, (3, _PICTURE_DEADLINE)) as response:
                if response.is_redirect:
                    uri = urljoin(uri, response.headers["Location"])
                    continue
                kind = response.headers.get("Content-Type", "").split(";")[0].lower()
                if response.status_code != 200 or kind not in PICTURES:
                    raise GatewayError(f"HTTP {response.status_code} {kind!r}")
                return _read(response), kind
    raise GatewayError("too many redirects to a picture")


def may_fetch(uri: str) -> bool:
    """Tell whether a picture may be fetched from there: the API's own host, or a public one by
    https."""
    if not may_visit(uri):
        return False
    host, api = urlsplit(uri).hostname or "", urlsplit(
        current_app.config["OMISE_API_BASE"]
    )
    if host == api.hostname:
        return True
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost"))


def may_visit(uri: str | None) -> bool:
    """Tell whether a shopper may be sent to an address that Omise gave.

    It must be https, or plain http on the very host that the API is on (development).
    """
    try:
        target = urlsplit(uri or "")
    except ValueError:
        return False
    api = urlsplit(current_app.config["OMISE_API_BASE"])
    if target.scheme == "https" and target.hostname:
        return True
    same = (target.scheme, target.hostname) == (api.scheme, api.hostname)
    return target.scheme == "http" and same


@contextmanager
def _answer(
    method: str, url: str, limits: tuple[float, float], **sent: Any
) -> Iterator[requests.Response]:
    """Hold the answer to a request while it is read; what breaks becomes a GatewayError."""
    connections, reads = (
        current_app.extensions["payment"].connections,
        method.upper() == "GET",
    )
    within = tuple(deadline.left(limit) for limit in limits)
    if min(within) <= 0:
        raise NothingSent("the time for this shopper's request was over", reads=reads)
    sent |= {"timeout": within, "allow_redirects": False, "stream": True}
    try:
        with (
            connections.place(reads),
            connections.session.request(method, url, **sent) as response,
        ):
            connections.date = response.headers.get("Date")
            yield response
    except (requests.RequestException, HTTPError) as error:
        raise _broken(error, reads) from error


def _wait_asked(response: requests.Response) -> int | None:
    """Tell how many seconds Omise asks to be left alone, or None."""
    if response.status_code != 429:
        return None
    asked = response.headers.get("Retry-After", "")
    return int(asked) if re.fullmatch("[0-9]{1,4}", asked) else _UNSAID_WAIT


def _read(response: requests.Response) -> bytes:
    pieces, size = [], 0
    while piece := response.raw.read1(64 * 1024, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_ANSWER:
            raise GatewayError("the answer was too long")
    return b"".join(pieces)


def _broken(error: Exception, reads: bool) -> GatewayError:
    """Tell a connection that was never made from one that broke after something had left."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    # Any other TLS error may come after the request was sent.
    foreign = isinstance(reason, SSLError) and isinstance(
        reason.args[0], SSLCertVerificationError
    )
    if foreign:
        return NothingSent("its certificate cannot be trusted", reads=reads)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return NothingSent("no connection was made in time", reads=reads)
    if isinstance(reason, NewConnectionError):
        return NothingSent("no connection could be made", reads=reads)
    late = (requests.Timeout, TimeoutError)
    if any(isinstance(one, late) for one in (error, cause, reason)):
        return GatewayError("no whole answer came in time")
    return GatewayError("the connection broke")


def _refuse(status: int, answer: dict[str, Any], wait: int | None, reads: bool) -> None:
    """Raise for every answer but a success.

    Only a 4xx with Omise's code is a sure no, and only to what asked for something to be done:
    that a question is refused tells nothing of what it asked about.
    """
    code = answer.get("code")
    is_error = answer.get("object") == "error"
    if 200 <= status < 300 and not is_error:
        return
    refused = 400 <= status < 500 and status not in _NO_WORD_OF_OMISE_S
    if is_error and isinstance(code, str) and code and refused:
        code = re.sub("[^0-9a-z_]", "?", code)[:64]
        raise GatewayError(
            f"HTTP {status} {code}",
            code=code,
            money_may_have_moved=reads,
            retry_after=wait,
        )
    raise GatewayError(f"HTTP {status}", retry_after=wait)
