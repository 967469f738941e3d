"""Exchange one request for one answer with Omise, and say what may have happened if none came.

Connections are kept and reused. requests limits only the wait for each piece, so that headers or
a body coming byte by byte could hold a worker for ever: here the whole answer has a deadline.
"""

import io
import json
import re
import time
from contextlib import contextmanager
from http.client import HTTPResponse
from ssl import SSLCertVerificationError
from threading import BoundedSemaphore

import requests
from flask import current_app
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

# So many threads of a process may wait for Omise at once; the others (gunicorn.conf.py starts
# 64) go on showing the shop when Omise hangs.
MOST_AT_ONCE = 48
_LARGEST_ANSWER = 4 * 1024 * 1024
# Omise publishes no rates (api-rate-limiting): seconds to wait where a 429 names none.
_UNSAID_WAIT = 10


class GatewayError(Exception):
    """Say why Omise gave no usable answer, and whether money may have moved.

    `code` is Omise's error code, `nothing_sent` when no connection was made, or None.
    `retry_after` is the number of seconds that Omise asks to be left alone (429), or None.
    """

    def __init__(
        self, reason, *, code=None, money_may_have_moved=True, retry_after=None
    ):
        super().__init__(reason)
        self.code = code
        self.money_may_have_moved = money_may_have_moved
        self.retry_after = retry_after


class _UntilDeadline(io.RawIOBase):
    """Read a socket, but never past the moment at which its whole answer is due."""

    def __init__(self, sock):
        self._sock, self._file = sock, sock.makefile("rb", buffering=0)
        self._wait = sock.gettimeout()
        self._ends = time.monotonic() + self._wait

    def readable(self):
        return True

    def readinto(self, buffer):
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer was not whole by its deadline")
        self._sock.settimeout(left)
        try:
            return self._file.readinto(buffer)
        finally:
            self._sock.settimeout(self._wait)

    def close(self):
        self._file.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock, *args, **more):
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = io.BufferedReader(_UntilDeadline(sock))


class _Connection(HTTPConnection):
    response_class = _Answer


class _TLSConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args, **more):
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def proxy_manager_for(self, *args, **more):
        manager = super().proxy_manager_for(*args, **more)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager


def open_session():
    """Make the pool of kept connections that an app's threads share; it never sends twice."""
    session = requests.Session()
    adapter = _Adapter(pool_connections=4, pool_maxsize=MOST_AT_ONCE, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def slots():
    """Make the counter of how many threads wait for Omise."""
    return BoundedSemaphore(MOST_AT_ONCE)


@contextmanager
def _slot():
    """Hold one of the places from which this process may wait for Omise."""
    slots = current_app.extensions["payment"]["slots"]
    if not slots.acquire(blocking=False):
        raise GatewayError(
            "too many requests wait for Omise already",
            code="nothing_sent",
            money_may_have_moved=False,
        )
    try:
        yield
    finally:
        slots.release()


def exchange(method, url, **sent):
    """Send one request, never twice, and return the JSON object that came as answer.

    Raises GatewayError for everything but a success.
    """
    limits = (
        current_app.config["OMISE_CONNECT_TIMEOUT"],
        current_app.config["OMISE_READ_TIMEOUT"],
    )
    sent |= {"timeout": limits, "allow_redirects": False}
    with _answer(method, url, **sent) as response:
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
    _refuse(status, answer, wait)
    return answer


def fetch_image(uri):
    """Fetch the picture of a QR code or barcode; returns its bytes and its type.

    Needs no key, and may redirect to where the file lies.
    """
    with _answer("GET", uri, timeout=(3, 10)) as response:
        kind = response.headers.get("Content-Type", "").split(";")[0]
        if response.status_code != 200 or not kind.startswith("image/"):
            raise GatewayError(f"HTTP {response.status_code} {kind}")
        return _read(response), kind


@contextmanager
def _answer(method, url, **sent):
    """Hold the answer to a request while it is read; what breaks becomes a GatewayError."""
    session = current_app.extensions["payment"]["session"]
    try:
        with _slot(), session.request(method, url, stream=True, **sent) as response:
            yield response
    except (requests.RequestException, HTTPError) as error:
        raise _broken(error) from error


def _wait_asked(response):
    """Tell how many seconds Omise asks to be left alone, or None."""
    if response.status_code != 429:
        return None
    asked = response.headers.get("Retry-After", "")
    return int(asked) if re.fullmatch("[0-9]{1,4}", asked) else _UNSAID_WAIT


def _read(response):
    pieces, size = [], 0
    while piece := response.raw.read1(64 * 1024, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_ANSWER:
            raise GatewayError("the answer was too long")
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


def _refuse(status, answer, wait):
    """Raise for every answer but a success; only a 4xx with Omise's code is a sure no."""
    code = answer.get("code")
    is_error = answer.get("object") == "error"
    if 200 <= status < 300 and not is_error:
        return
    if is_error and isinstance(code, str) and 400 <= status < 500:
        raise GatewayError(
            f"HTTP {status} {code}",
            code=code,
            money_may_have_moved=False,
            retry_after=wait,
        )
    raise GatewayError(f"HTTP {status}", retry_after=wait)
