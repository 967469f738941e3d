"""The tamed client against an Omise that misbehaves: what is a sure no, and what is unknown."""

import contextlib
import gzip
import json
import logging
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest
from raw_omise import ASKED, CHARGE, ERROR, Faulty, answer, builder
from rig import eventually, free_port

from payment.gateway import deadline, http, pictures, verbs
from payment.gateway.errors import GatewayError
from payment.gateway.http import MOST_AT_ONCE, MOST_READS
from payment.gateway.pictures import Pictures

PICTURE = b"<svg/>"


@pytest.fixture
def omise():
    with Faulty() as server:
        yield server


@pytest.fixture
def build(tmp_path):
    yield from builder(tmp_path)


@pytest.fixture
def app(build, omise):
    """Build a shop that asks the faulty Omise."""
    return build(f"http://{omise.address}/")


@pytest.fixture
def ask(app):
    """Create a charge at the faulty Omise and give what came of it."""

    def create(**parameters):
        with app.app_context():
            return verbs.create_charge(**(ASKED | parameters))

    return create


def test_a_charge_is_read(omise, ask):
    omise.answer = answer(200, CHARGE)
    assert ask().id == "chrg_test_5xyz"


@pytest.mark.parametrize("end", ["\r\n", "\x1b[2J", "\u2028", "\0", " "])
def test_an_error_code_becomes_a_word_before_anybody_logs_or_keeps_it(omise, ask, end):
    """E10: it forges no line."""
    omise.answer = answer(400, ERROR | {"code": f"used_token{end}ERROR paid"})
    with pytest.raises(GatewayError) as refused:
        ask()
    assert re.fullmatch("used_token[?0-9a-z]+", refused.value.code)
    assert str(refused.value) == f"HTTP 400 {refused.value.code}"


@pytest.mark.parametrize("key", ["failure_code", "authorize_uri"])
def test_a_text_with_control_characters_is_left_out(omise, ask, key):
    """E10: what it came with is not lost over it."""
    omise.answer = answer(200, CHARGE | {key: "used\r\nERROR paid"})
    assert getattr(ask(), key) is None


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
        answer(200, {**CHARGE, "metadata": {}}),
        answer(200, b"[" * 100_000),
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
    there = f"http://{omise.address}/elsewhere"
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


@pytest.fixture
def hanging(omise, app):
    """Let requests hang until the test lets them go, however slow this machine is."""
    app.config["OMISE_READ_TIMEOUT"] = 60
    omise.pause, omise.answer = 60, answer(200, CHARGE)
    return omise


def started(count, act):
    threads = [threading.Thread(target=act) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_a_hanging_omise_takes_only_so_many_threads(hanging, ask):
    """C6: the next request is refused before anything is sent, and the place is given back."""

    def hang():
        with pytest.raises(GatewayError) as error:
            ask()
        assert error.value.code is None

    threads = started(MOST_AT_ONCE, hang)
    eventually(lambda: len(hanging.requests) == MOST_AT_ONCE)
    for _ in range(5):
        with pytest.raises(GatewayError) as error:
            ask()
        assert error.value.code == "nothing_sent"
    assert len(hanging.requests) == MOST_AT_ONCE
    hanging.lets_go()
    for thread in threads:
        thread.join()
    assert ask().id == "chrg_test_5xyz"


def test_what_only_reads_takes_fewer_places_than_payments_have(hanging, app, ask):
    """C8: however many pages ask, a charge is still sent."""
    errors = []

    def read():
        with app.app_context(), pytest.raises(GatewayError) as error:
            verbs.find_charge(CHARGE["id"])
        errors.append(error.value)

    threads = started(MOST_READS, read)
    eventually(lambda: len(hanging.requests) == MOST_READS)
    for _ in range(4):
        read()
    hanging.pause = 0
    assert ask().id == CHARGE["id"]
    hanging.lets_go()
    for thread in threads:
        thread.join()
    assert [error.code for error in errors].count("nothing_sent") == 4
    # Refused or not, a question never says that no money has moved.
    assert all(error.money_may_have_moved for error in errors)


def test_a_webpage_with_429_asks_for_rest_too_and_is_no_sure_no(omise, ask):
    """B16, C2: a proxy said it; what became of the request, nobody knows."""
    omise.answer = answer(429, b"<html>slow down</html>", "text/html")
    with pytest.raises(GatewayError) as error:
        ask()
    assert (error.value.money_may_have_moved, error.value.retry_after) == (True, 10)


@pytest.mark.parametrize(
    "asked", ["soon", "-5", "1.5", "Tue, 29 Oct 2024 16:56:32 GMT"]
)
def test_a_rest_that_is_no_number_is_a_usual_one(omise, ask, asked):
    """B16: a date would be by a clock that need not be ours."""
    head = f"HTTP/1.1 429 X\r\nRetry-After: {asked}\r\nContent-Length: 2\r\n\r\n"
    omise.answer = head.encode() + b"{}"
    with pytest.raises(GatewayError) as error:
        ask()
    assert error.value.retry_after == 10


def test_requests_that_one_shopper_waits_for_share_a_deadline(omise, app):
    """C3, A30: the second gets what the first has left, and none is begun after it."""
    app.config["OMISE_READ_TIMEOUT"] = 20
    omise.answer, omise.pause = answer(200, CHARGE), 2
    with app.app_context(), deadline.within(3.5):
        assert verbs.find_charge(CHARGE["id"]).id == CHARGE["id"]
        with pytest.raises(GatewayError) as error:
            verbs.find_charge(CHARGE["id"])
        assert error.value.code is None
        with pytest.raises(GatewayError) as error:
            verbs.create_charge(**ASKED)
        assert error.value.code == "nothing_sent"
        assert not error.value.money_may_have_moved
    assert len(omise.requests) == 2
    omise.pause = 0
    with app.app_context():
        assert verbs.find_charge(CHARGE["id"]).id == CHARGE["id"]


def test_nobody_listening_is_a_sure_no(build):
    """C1: nothing left, so the shopper may try again at once."""
    app = build(f"http://127.0.0.1:{free_port()}/")
    with app.app_context(), pytest.raises(GatewayError) as error:
        verbs.create_charge(**ASKED)
    assert (error.value.money_may_have_moved, error.value.code) == (
        False,
        "nothing_sent",
    )


def test_a_name_that_does_not_resolve_is_a_sure_no(build):
    """C1: DNS failure."""
    app = build("http://nowhere.invalid/")
    with app.app_context(), pytest.raises(GatewayError) as error:
        verbs.create_charge(**ASKED)
    assert not error.value.money_may_have_moved


@pytest.mark.parametrize("said", [b"this is not TLS\r\n", b"", None])
def test_tls_that_breaks_off_is_not_a_sure_no(build, said):
    """C1, A6: such an error may also come after the request was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = build(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread = threading.Thread(target=breaks_off, args=(listener, said))
        thread.start()
        with app.app_context(), pytest.raises(GatewayError) as error:
            verbs.create_charge(**ASKED)
        thread.join()
    assert error.value.money_may_have_moved


def breaks_off(listener, said):
    """Take one connection, and say something else than TLS, or nothing for a while (None)."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        if said is None:
            time.sleep(1.5)
            return
        connection.sendall(said)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_a_certificate_that_is_not_omise_s_is_a_sure_no(tmp_path, build):
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
        app = build(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread = threading.Thread(target=shake_hands, args=(context, listener))
        thread.start()
        with app.app_context(), pytest.raises(GatewayError) as error:
            verbs.create_charge(**ASKED)
        thread.join()
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
def test_ids_cannot_leave_their_place_in_a_path(app, omise, hostile):
    """E8: ids are quoted."""
    omise.answer = answer(200, CHARGE | {"id": hostile})
    with app.app_context():
        assert verbs.find_charge(hostile).id == hostile
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
        ("https://", False),
        ("https://[", False),
        ("", False),
        (None, False),
    ],
)
def test_where_a_shopper_may_be_sent(build, uri, allowed):
    """E4: https, or the API's own host in development."""
    with build("http://127.0.0.1:5001/").app_context():
        assert http.may_visit(uri) is allowed


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("https://files.omise.co/qr.svg", True),
        ("https://1.1.1.1/qr.svg", True),
        ("http://127.0.0.1:9/qr.svg", True),
        ("https://127.0.0.1/qr.svg", True),
        ("http://files.omise.co/qr.svg", False),
        ("https://10.0.0.1/qr.svg", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://[::1]/qr.svg", False),
        ("https://localhost/qr.svg", False),
        ("https://metadata/qr.svg", False),
        ("https://db.internal/qr.svg", False),
        ("https://printer.local/qr.svg", False),
        ("file:///etc/passwd", False),
    ],
)
def test_from_where_a_picture_may_be_fetched(build, uri, allowed):
    """E21: the API's own host, or a public one; nothing of the shop's own network."""
    with build("http://127.0.0.1:5001/").app_context():
        assert http.may_fetch(uri) is allowed


def moved(there):
    head = f"HTTP/1.1 302 X\r\nLocation: {there}\r\nContent-Length: 0\r\n"
    return f"{head}Connection: close\r\n\r\n".encode()


def test_a_picture_is_fetched_without_a_key(omise, app):
    """E21: and is told apart from what is none."""
    omise.answer = answer(200, PICTURE, "image/svg+xml; charset=utf-8")
    with app.app_context():
        got = http.fetch_picture(f"http://{omise.address}/qr.svg")
    assert got == (PICTURE, "image/svg+xml")
    assert b"Authorization" not in omise.requests[0]


@pytest.mark.parametrize(
    "given",
    [
        answer(200, PICTURE, "text/html"),
        answer(200, PICTURE, ""),
        answer(404, PICTURE, "image/png"),
        answer(200, b"x" * (5 * 2**20), "image/png"),
        moved("http://10.0.0.1/qr.svg"),
        moved("https://localhost/qr.svg"),
        moved("file:///etc/passwd"),
    ],
)
def test_what_is_no_picture_of_omise_s_is_not_shown(omise, app, given):
    """E21: at each hop."""
    # The line stays open a while, or what was sent last would be cut off.
    omise.answer, omise.pause = [given, b""], 0.2
    with app.app_context(), pytest.raises(GatewayError):
        http.fetch_picture(f"http://{omise.address}/qr.svg")
    assert len(omise.requests) == 1


def test_a_picture_that_fails_is_not_asked_for_at_every_look(omise, app, monkeypatch):
    """C8: nor is it for long; one that came is kept."""
    kept, uri = Pictures(), f"http://{omise.address}/qr.svg"
    omise.answer = answer(500, b"", "text/plain")
    monkeypatch.setattr("payment.gateway.pictures._REST", 60)
    with app.app_context():
        for _ in range(3):
            with pytest.raises(GatewayError):
                kept.get(uri)
        assert len(omise.requests) == 1
        omise.answer = answer(200, b"<svg/>", "image/svg+xml")
        monkeypatch.setattr("payment.gateway.pictures._REST", 0)
        assert [kept.get(uri)[0] for _ in range(3)] == [b"<svg/>"] * 3
        assert len(omise.requests) == 2


def test_a_picture_that_lies_elsewhere_is_not_fetched(omise, app):
    """E21: by whatever name that is."""
    elsewhere = omise.address.replace("127.0.0.1", "localhost")
    omise.answer = moved(f"http://{elsewhere}/qr.png")
    with app.app_context(), pytest.raises(GatewayError, match="is not Omise's"):
        http.fetch_picture(f"http://{omise.address}/qr.png")
    assert len(omise.requests) == 1


def test_a_picture_has_one_deadline_with_all_its_redirects(omise, app, monkeypatch):
    """E21: a slow chain holds nobody."""
    monkeypatch.setattr(http, "_PICTURE_DEADLINE", 1)
    omise.answer, omise.pause = [moved(f"http://{omise.address}/qr.svg")], 0.7
    with app.app_context(), pytest.raises(GatewayError):
        http.fetch_picture(f"http://{omise.address}/qr.svg")
    assert len(omise.requests) < 4


def test_the_newest_pictures_are_kept_unless_they_are_large(monkeypatch):
    """E21: each is fetched once, and memory has an end."""
    fetched = []

    def fetch(uri):
        fetched.append(uri)
        return b"x" * (300 * 1024 if uri == "large" else 10), "image/png"

    monkeypatch.setattr(http, "fetch_picture", fetch)
    monkeypatch.setattr(pictures, "_KEPT", 2)
    kept = pictures.Pictures()
    for uri in ("a", "a", "large", "large", "b", "a", "c", "a", "b"):
        kept.get(uri)
    assert fetched == ["a", "large", "large", "b", "c", "b"]


def test_redirects_to_a_picture_end(omise, app):
    """E21: three are followed."""
    omise.answer = moved(f"http://{omise.address}/qr.svg")
    with app.app_context(), pytest.raises(GatewayError, match="too many redirects"):
        http.fetch_picture(f"http://{omise.address}/qr.svg")
    assert len(omise.requests) == 4
