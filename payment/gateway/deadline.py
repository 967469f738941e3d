"""An answer is whole by its deadline, or it is given up.

`requests` limits only the wait for each piece, so that headers or a body coming byte by byte
could hold a worker for ever. Here the whole answer has one deadline, and the requests that one
shopper waits for share another. What is unread, or unasked for, on a connection ends that
connection: the next answer on it might be somebody else's.
"""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from http.client import BadStatusLine, HTTPResponse
from socket import SHUT_RDWR

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

# Answers before the answer (RFC 9110, 15.2) that are read past before it is given up.
_MOST_INTERIM = 10
# Seconds after which a kept connection is not used again; servers and balancers keep them for a
# minute.
LONGEST_IDLE = 15
_ends: ContextVar[float | None] = ContextVar("payment_deadline", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let all requests of a `with` block be over within so many seconds."""
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


def left(limit: float) -> float:
    """Tell how many seconds an answer may take: its own limit, or what is left of the block's."""
    ends = _ends.get()
    return limit if ends is None else min(limit, ends - time.monotonic())


class _UntilDeadline(io.RawIOBase):
    """Read a socket, but never past the moment at which its whole answer is due."""

    def __init__(self, sock):
        self._sock, self._file = sock, sock.makefile("rb", buffering=0)
        self._wait = sock.gettimeout()
        self._ends = time.monotonic() + self._wait
        self.is_over = False

    def readable(self):
        return True

    def readinto(self, buffer):
        if self.is_over:
            return 0
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
        self._sock, self._raw, self._interim = sock, _UntilDeadline(sock), 0
        self.fp = io.BufferedReader(self._raw)

    def begin(self):
        """Read past interim answers; a connection that carried one carries nothing more."""
        super().begin()
        while 100 <= self.status < 200:
            self.headers = self.msg = None
            super().begin()
        if self._interim:
            self.will_close = True

    def _read_status(self):
        version, status, reason = super()._read_status()
        self._interim += 100 <= status < 200
        if self._interim > _MOST_INTERIM:
            raise BadStatusLine("one interim answer after the other")
        return version, status, reason

    def _close_conn(self):
        """Hang up where something follows the answer: whose it is, nobody knows."""
        self._raw.is_over = True
        pending = getattr(self._sock, "pending", lambda: 0)
        if not self.fp.closed and (self.fp.peek(1) or pending()):
            with suppress(OSError):
                self._sock.shutdown(SHUT_RDWR)
        super()._close_conn()


class _Connection(HTTPConnection):
    response_class = _Answer


class _TLSConnection(HTTPSConnection):
    response_class = _Answer


class _Fresh:
    """Take no connection from the pool that was idle for long: its other end may be gone.

    A request that is sent into nothing would be a payment of which nobody knows.
    """

    def _get_conn(self, timeout=None):
        connection = super()._get_conn(timeout)
        idle = time.monotonic() - getattr(connection, "payment_used_at", 0)
        if connection.sock is not None and idle > LONGEST_IDLE:
            connection.close()
        return connection

    def _put_conn(self, connection):
        if connection is not None:
            connection.payment_used_at = time.monotonic()
        super()._put_conn(connection)


class _Pool(_Fresh, HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(_Fresh, HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class Adapter(HTTPAdapter):
    """Give every connection of a `requests` session these habits."""

    def init_poolmanager(self, *args, **more):
        """Make the pools of plain connections."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def proxy_manager_for(self, *args, **more):
        """Make the pools of connections through a proxy."""
        manager = super().proxy_manager_for(*args, **more)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager
