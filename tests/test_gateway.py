"""The tamed client against an Omise that misbehaves: what is a sure no, and what is unknown."""

import contextlib
import gzip
import json
import logging
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time

import pytest
from rig import database_url, free_port

from app import create_app
from config import Config
from database import db
from payment import gateway
from payment.connection import MOST_AT_ONCE
from payment.gateway import GatewayError

CHARGE = {
    "object": "charge",
    "id": "chrg_test_5xyz",
    "amount": 49000,
    "currency": "THB",
    "status": "pending",
    "metadata": {},
}
ERROR = {"object": "error", "code": "invalid_charge", "message": "no"}


class Faulty(socketserver.ThreadingTCPServer):
    """Answer every request with the bytes that the test chose, and count the requests."""

    daemon_threads = True
    allow_reuse_address, request_queue_size = True, 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), None)
        self.answer, self.requests, self.pause = b"", [], 0
        self.stop = threading.Event()

    def finish_request(self, request, _address):
        request.settimeout(10)
        head = b""
        while b"\r\n\r\n" not in head:
            piece = request.recv(65536)
            if not piece:
                return
            head += piece
        self.requests.append(head)
        for piece in self.answer if isinstance(self.answer, list) else [self.answer]:
            if self.stop.wait(self.pause):
                return
            try:
                request.sendall(piece)
            except OSError:
                return


def answer(status, body, kind="application/json", length=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = len(body) if length is None else length
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n"
    )
    return f"{head}Connection: close\r\n\r\n".encode() + body


@pytest.fixture
def omise():
    server = Faulty()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


def build(tmp_path, base, **settings):
    said = {
        "OMISE_SECRET_KEY": "skey_test_5secret",
        "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
        "FLASK_SECRET_KEY": "long",
        "OMISE_API_BASE": base,
        "OMISE_CONNECT_TIMEOUT": 1,
        "OMISE_READ_TIMEOUT": 1,
        "DATABASE_URL": database_url(tmp_path),
    }
    return create_app(type("GatewayConfig", (Config,), said | settings))


@pytest.fixture
def ask(tmp_path, omise):
    """Create a charge at the faulty Omise and give what came of it."""
    app = build(tmp_path, f"http://127.0.0.1:{omise.server_address[1]}/")

    def create(**parameters):
        with app.app_context():
            return gateway.create_charge(amount=49000, currency="THB", **parameters)

    yield create
    app.extensions["payment"]["session"].close()
    with app.app_context():
        db.engine.dispose()


def test_a_charge_is_read(omise, ask):
    omise.answer = answer(200, CHARGE)
    assert ask().id == "chrg_test_5xyz"


@pytest.mark.parametrize(
    "given",
    [
        answer(500, b""),
        answer(500, CHARGE),
        answer(500, ERROR),
        answer(502, b"<html>Bad gateway</html>", "text/html"),
        answer(503, ERROR),
        answer(200, b""),
        answer(200, b"[]"),
        answer(200, b"null"),
        answer(200, b'"charge"'),
        answer(200, b"{}"),
        answer(200, ERROR),
        answer(200, {"object": "customer", "id": "cust_test_1"}),
        answer(200, {**CHARGE, "amount": "49000"}),
        answer(200, {**CHARGE, "id": None}),
        answer(400, {"object": "error", "message": "no code"}),
        answer(400, b"<html>proxy</html>", "text/html"),
        answer(301, b"", "text/html"),
        answer(200, json.dumps(CHARGE).encode()[:40], length=400),
        b"HTTP/1.1 200 OK\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_what_cannot_be_read_is_unknown_and_asked_once(omise, ask, given):
    """C2, A6: after the request left nobody knows, and nothing is sent twice."""
    omise.answer = given
    with pytest.raises(GatewayError) as error:
        ask()
    assert error.value.money_may_have_moved
    assert len(omise.requests) == 1


def test_a_redirect_is_not_followed(omise, ask):
    """A6: a request to charge goes where it was sent, once."""
    there = f"http://127.0.0.1:{omise.server_address[1]}/elsewhere"
    head = f"HTTP/1.1 307 X\r\nLocation: {there}\r\nContent-Length: 0\r\n"
    omise.answer = f"{head}Connection: close\r\n\r\n".encode()
    with pytest.raises(GatewayError) as error:
        ask()
    assert error.value.money_may_have_moved
    assert len(omise.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
def test_a_refusal_with_omise_s_code_is_a_sure_no(omise, ask, status):
    """C4: told apart from not knowing, and never retried."""
    omise.answer = answer(status, ERROR)
    with pytest.raises(GatewayError) as error:
        ask()
    assert not error.value.money_may_have_moved
    assert error.value.code == "invalid_charge"
    assert error.value.retry_after == (10 if status == 429 else None)
    assert len(omise.requests) == 1


def test_silence_ends_at_the_limit_and_is_unknown(omise, ask):
    """C3: read limit."""
    omise.pause, omise.answer = 20, answer(200, CHARGE)
    started = time.monotonic()
    with pytest.raises(GatewayError) as error:
        ask()
    assert error.value.money_may_have_moved
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("kind", [None, "gzip"])
def test_an_answer_without_end_is_given_up(omise, ask, kind):
    """C2: it fills no memory, packed or not, and the charge is unknown."""
    body = json.dumps(CHARGE | {"description": "long " * 2**20}).encode()
    whole = answer(200, gzip.compress(body) if kind else body)
    if kind:
        packed = b"Content-Encoding: gzip\r\nContent-Type"
        whole = whole.replace(b"Content-Type", packed)
    # The line stays open a while, or what was sent last would be cut off.
    omise.answer, omise.pause = [whole, b""], 0.5
    with pytest.raises(GatewayError, match="too long") as refused:
        ask()
    assert refused.value.money_may_have_moved


def test_a_slow_drip_ends_at_the_deadline(omise, ask):
    """C3: total deadline, although each piece comes in time."""
    whole = answer(200, {**CHARGE, "description": "x" * 400})
    head, body = whole.split(b"\r\n\r\n", 1)
    omise.answer = [
        head + b"\r\n\r\n",
        *(body[n : n + 8] for n in range(0, len(body), 8)),
    ]
    omise.pause = 0.3
    started = time.monotonic()
    with pytest.raises(GatewayError) as error:
        ask()
    assert error.value.money_may_have_moved
    assert time.monotonic() - started < 6


def test_headers_that_drip_end_at_the_deadline_too(omise, ask):
    """C3: the deadline is one for the whole answer, from its first byte on."""
    head = b"HTTP/1.1 200 OK\r\n" + b"X-More: and more\r\n" * 20
    omise.answer = [head[n : n + 4] for n in range(0, len(head), 4)]
    omise.pause = 0.3
    started = time.monotonic()
    with pytest.raises(GatewayError) as error:
        ask()
    assert error.value.money_may_have_moved
    assert time.monotonic() - started < 3


def test_a_hanging_omise_takes_only_so_many_threads(omise, ask):
    """C6: the next request is refused before anything is sent, and the place is given back."""
    omise.pause, omise.answer = 20, answer(200, CHARGE)
    errors = []

    def hang():
        with pytest.raises(GatewayError) as error:
            ask()
        errors.append(error.value)

    threads = [threading.Thread(target=hang) for _ in range(MOST_AT_ONCE + 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [error for error in errors if error.code == "nothing_sent"]
    assert len(refused) == 5
    assert len(omise.requests) == MOST_AT_ONCE
    omise.pause = 0
    assert ask().id == "chrg_test_5xyz"


def test_nobody_listening_is_a_sure_no(tmp_path):
    """C1: nothing left, so the shopper may try again at once."""
    app = build(tmp_path, f"http://127.0.0.1:{free_port()}/")
    with app.app_context(), pytest.raises(GatewayError) as error:
        gateway.create_charge(amount=1)
    assert (error.value.money_may_have_moved, error.value.code) == (
        False,
        "nothing_sent",
    )


def test_a_name_that_does_not_resolve_is_a_sure_no(tmp_path):
    """C1: DNS failure."""
    app = build(tmp_path, "http://nowhere.invalid/")
    with app.app_context(), pytest.raises(GatewayError) as error:
        gateway.create_charge(amount=1)
    assert not error.value.money_may_have_moved


def test_tls_that_breaks_off_is_not_a_sure_no(tmp_path, omise):
    """C1, A6: such an error may also come after the request was sent."""
    omise.answer = b"this is not TLS"
    app = build(tmp_path, f"https://127.0.0.1:{omise.server_address[1]}/")
    with app.app_context(), pytest.raises(GatewayError) as error:
        gateway.create_charge(amount=1)
    app.extensions["payment"]["session"].close()
    assert error.value.money_may_have_moved


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_a_certificate_that_is_not_omise_s_is_a_sure_no(tmp_path):
    """C1: the handshake ends before anything is sent."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = build(tmp_path, f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread = threading.Thread(target=shake_hands, args=(context, listener))
        thread.start()
        with app.app_context(), pytest.raises(GatewayError) as error:
            gateway.create_charge(amount=1)
        thread.join()
    app.extensions["payment"]["session"].close()
    assert not error.value.money_may_have_moved
    assert error.value.code == "nothing_sent"


def shake_hands(context, listener):
    """Take one TLS connection, which the client is expected to refuse."""
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        context.wrap_socket(connection, server_side=True).close()


@pytest.mark.parametrize(
    "hostile", ["../customers/x", "chrg_test_1/../x", "a b", "a?b"]
)
def test_ids_cannot_leave_their_place_in_a_path(tmp_path, omise, hostile):
    """E8: ids are quoted."""
    omise.answer = answer(200, CHARGE)
    app = build(tmp_path, f"http://127.0.0.1:{omise.server_address[1]}/")
    with app.app_context():
        gateway.find_charge(hostile)
        db.engine.dispose()
    app.extensions["payment"]["session"].close()
    path = omise.requests[0].split()[1]
    assert path.count(b"/") == 2
    assert path.startswith(b"/charges/")
    assert not set(path) & set(b"? ")


def test_nothing_secret_or_personal_is_logged(omise, ask, caplog):
    """E10: neither keys nor tokens nor bodies."""
    caplog.set_level(logging.DEBUG)
    omise.answer = answer(200, {**CHARGE, "description": "planted-canary"})
    ask(card="tokn_test_5canary", description="planted-canary")
    for planted in ("skey_test_5secret", "tokn_test_5canary", "planted-canary"):
        assert planted not in caplog.text


def test_keys_are_the_app_s_own(omise, ask):
    omise.answer = answer(200, CHARGE)
    ask()
    assert b"Basic c2tleV90ZXN0XzVzZWNyZXQ6" in omise.requests[0]
    assert b"Omise-Version: 2019-05-29" in omise.requests[0]


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("https://pay.omise.co/payments/x/authorize", True),
        ("http://127.0.0.1:9/payments/x", True),
        ("http://evil.example/", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("", False),
        (None, False),
    ],
)
def test_where_a_shopper_may_be_sent(tmp_path, uri, allowed):
    """E4: https, or the API's own host in development."""
    app = build(tmp_path, "http://127.0.0.1:5001/")
    with app.app_context():
        assert gateway.may_visit(uri) is allowed
