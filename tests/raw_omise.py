"""An Omise of bare sockets, for answers that no WSGI server would give, and shops that ask it."""

import itertools
import json
import re
import socketserver
import threading

from rig import database_url

import payment
from app import create_app
from config import Config

CHARGE = {
    "object": "charge",
    "id": "chrg_test_5xyz",
    "amount": 49000,
    "currency": "THB",
    "status": "pending",
    "metadata": {"order_id": "an order", "attempt_id": "an attempt"},
}
ERROR = {"object": "error", "code": "invalid_charge", "message": "no"}
# What a request to charge must say.
ASKED = {
    "order_id": "an order",
    "attempt_id": "an attempt",
    "amount": 49000,
    "currency": "THB",
    "return_uri": "https://shop.example/",
    "ip": None,
    "description": "1 x Celadon cup",
    "capture": True,
    "metadata": {},
    "card": "tokn_test_5xyz",
}


def answer(status, body, kind="application/json", length=None, keep=False):
    """Write an answer of HTTP as bytes."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = len(body) if length is None else length
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n"
    )
    ends = "" if keep else "Connection: close\r\n"
    return f"{head}{ends}\r\n".encode() + body


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address, request_queue_size = True, 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), None)
        self.requests, self.stop = [], threading.Event()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    def handle_error(self, request, client_address):
        """Say nothing: callers hang up here all the time."""


def _length_of(head):
    """Read how long the body of a request is."""
    said = re.search(rb"(?i)content-length: *(\d+)", head)
    return int(said[1]) if said else 0


class Faulty(_Server):
    """Answer every request with the bytes that the test chose, and count the requests."""

    def __init__(self):
        super().__init__()
        self.answer, self.pause = b"", 0

    def lets_go(self):
        """Hang up on whoever waits, and answer at once from now on."""
        self.pause = 0
        self.stop.set()
        self.stop = threading.Event()

    def finish_request(self, request, _address):
        request.settimeout(10)
        with request.makefile("rb") as lines:
            line, head = lines.readline(), b""
            while not head.endswith(b"\r\n\r\n"):
                head += lines.readline() or b"\r\n\r\n"
            body = lines.read(_length_of(head))
        if not line.endswith(b"\r\n"):
            return
        self.requests.append(line + head + body)
        for piece in self.answer if isinstance(self.answer, list) else [self.answer]:
            if self.pause and self.stop.wait(self.pause):
                return
            try:
                request.sendall(piece)
            except OSError:
                return


class Kept(_Server):
    """Keep connections alive, and let the test act on each request in turn.

    `acts` are called with the connection and the request's path, one for each request; the last
    goes on for ever. One that returns False hangs up. `requests` notes on which connection each
    came.
    """

    def __init__(self, context=None):
        super().__init__()
        self.acts, self._context = [], context
        self._numbers, self._turn = itertools.count(1), threading.Lock()

    def finish_request(self, request, _address):
        request.settimeout(10)
        number = next(self._numbers)
        if self._context:
            request = self._context.wrap_socket(request, server_side=True)
        with request, request.makefile("rb") as lines:
            while line := lines.readline():
                head = b""
                while (one := lines.readline()) not in (b"\r\n", b""):
                    head += one
                lines.read(_length_of(head))
                with self._turn:
                    self.requests.append(number)
                    act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
                if act(request, line.split()[1].decode()) is False:
                    return


def build(folder, base, **settings):
    """Build a shop that asks the Omise at `base`; whoever builds it closes it (payment.close)."""
    folder.mkdir(exist_ok=True)
    said = {
        "OMISE_SECRET_KEY": "skey_test_5secret",
        "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
        "FLASK_SECRET_KEY": "long",
        "OMISE_API_BASE": base,
        "OMISE_CONNECT_TIMEOUT": 1,
        "OMISE_READ_TIMEOUT": 1,
        "DATABASE_URL": database_url(folder),
    }
    return create_app(type("RawConfig", (Config,), said | settings))


def builder(folder):
    """Build such shops for one test, and close them all after it."""
    built = []

    def one(base, **settings):
        built.append(build(folder / f"shop{len(built)}", base, **settings))
        return built[-1]

    yield one
    for app in built:
        payment.close(app)
