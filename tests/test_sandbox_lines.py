"""The sandbox keeps its lines as Omise does, and misbehaves on kept ones when told to."""

import http.client
import json
import socket
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from rig import Omise, eventually
from werkzeug.serving import WSGIRequestHandler, make_server

import sandbox
from sandbox import line as kept_line
from sandbox.line import Line
from sandbox.serve import Server

KEY = b64encode(f"{sandbox.SECRET_KEY}:".encode()).decode()
PROMPTPAY = {"amount": 10000, "currency": "THB", "source": {"type": "promptpay"}}


@pytest.fixture(scope="module")
def running():
    """Run one sandbox for this module, as anyone's tests would."""
    with sandbox.running() as omise:
        yield omise


@pytest.fixture
def omise(running):
    """Reach a sandbox with empty books and without faults."""
    omise = Omise(running.url)
    omise.reset()
    return omise


class Raw:
    """Speak HTTP by hand on one line."""

    def __init__(self, url):
        address = urlsplit(url)
        self.line = socket.create_connection((address.hostname, address.port), 10)
        self.read = self.line.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.read.close()
        self.line.close()

    def asks(self, method="GET", path="balance", *more, body=b"", version="1.1"):
        """Send a request."""
        lines = [f"{method} /{path} HTTP/{version}", "Host: localhost"]
        lines += [f"Authorization: Basic {KEY}", *more]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        self.line.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def charges(self):
        """Ask for a charge."""
        self.asks("POST", "charges", body=json.dumps(PROMPTPAY).encode())

    def hears(self, bodyless=False):
        """Read exactly one answer: its status, headers in lower case, and body."""
        status = int(self.read.readline().split()[1])
        headers = {}
        while (said := self.read.readline()) not in (b"\r\n", b""):
            name, _, value = said.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if bodyless else int(headers.get("content-length", 0))
        return SimpleNamespace(
            status=status, headers=headers, body=self.read.read(length)
        )

    def is_over(self):
        """Tell whether the sandbox has closed the line, having said nothing more."""
        return self.read.read(1) == b""


@pytest.fixture
def raw(omise):
    """Open a bare line."""
    with Raw(omise.base) as one:
        yield one


@pytest.fixture
def session():
    """Give a client that keeps its lines."""
    with requests.Session() as one:
        one.trust_env = False
        one.auth = (sandbox.SECRET_KEY, "")
        yield one


def pay(session, omise):
    """Charge with a client that keeps its lines."""
    return session.post(f"{omise.base}charges", json=PROMPTPAY, timeout=10).json()


@pytest.fixture
def opened(session, monkeypatch):
    """Note the lines on which this client asked."""
    lines, make = set(), Line.make_environ
    session.headers["X-Kept"] = "yes"

    def noting(line):
        if "X-Kept" in line.headers:
            lines.add(line.client_address)
        return make(line)

    monkeypatch.setattr(Line, "make_environ", noting)
    return lines


def test_one_line_carries_many_requests(omise, session, opened):
    for _ in range(5):
        charge = pay(session, omise)
        shown = session.get(f"{omise.base}charges/{charge['id']}", timeout=10)
        assert shown.json()["id"] == charge["id"]
        assert shown.headers["Connection"] == "keep-alive"
    assert len(opened) == 1


def test_a_line_ends_when_its_caller_says_so(raw):
    raw.asks("GET", "balance", "Connection: close")
    answer = raw.hears()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert raw.is_over()


@pytest.mark.parametrize("asked", [True, False])
def test_a_caller_of_1_0_keeps_its_line_only_if_it_asks_to(raw, asked):
    more = ["Connection: keep-alive"] if asked else []
    raw.asks("GET", "balance", *more, version="1.0")
    answer = raw.hears()
    assert answer.headers["connection"] == ("keep-alive" if asked else "close")
    if asked:
        raw.asks()
        assert raw.hears().status == 200
    else:
        assert raw.is_over()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("HEAD", "balance", 200), ("OPTIONS", "tokens", 204), ("HEAD", "nowhere", 404)],
)
def test_answers_without_a_body_leave_the_line_clean(raw, method, path, status):
    raw.asks(method, path)
    bare = raw.hears(bodyless=True)
    assert bare.status == status
    assert "transfer-encoding" not in bare.headers
    assert ("content-length" in bare.headers) == (method == "HEAD")
    raw.asks()
    assert json.loads(raw.hears().body)["object"] == "balance"


def test_a_file_that_was_seen_before_leaves_the_line_clean(raw):
    raw.asks("GET", "omise.js")
    whole = raw.hears()
    raw.asks("GET", "omise.js", f"If-None-Match: {whole.headers['etag']}")
    assert raw.hears(bodyless=True).status == 304
    raw.asks()
    assert json.loads(raw.hears().body)["object"] == "balance"


def test_requests_that_come_together_are_answered_one_by_one(raw):
    raw.charges()
    raw.asks()
    raw.asks("GET", "account")
    said = [json.loads(raw.hears().body)["object"] for _ in range(3)]
    assert said == ["charge", "balance", "account"]


def test_what_nobody_read_of_a_request_is_not_taken_for_the_next(raw):
    raw.line.sendall(
        b"POST /charges HTTP/1.1\r\nHost: localhost\r\nContent-Length: 41\r\n\r\n"
        b"GET /balance HTTP/1.1\r\nHost: smuggled\r\n\r\n"
    )
    assert raw.hears().status == 401
    raw.asks()
    assert json.loads(raw.hears().body)["object"] == "balance"


def test_a_body_in_chunks_is_read_to_its_end(raw):
    body = json.dumps(PROMPTPAY).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(x), x) for x in (body[:9], body[9:]))
    for key in (f"Basic {KEY}", "Basic wrong"):
        head = f"POST /charges HTTP/1.1\r\nHost: localhost\r\nAuthorization: {key}\r\n"
        head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        raw.line.sendall(head.encode() + chunks + b"0\r\n\r\n")
        assert raw.hears().status == (401 if "wrong" in key else 200)
    raw.asks()
    assert raw.hears().status == 200


def test_a_body_of_no_known_length_is_refused_and_the_line_ends(raw):
    raw.asks("POST", "charges", "Content-Length: some")
    assert raw.hears().status == 400
    assert raw.is_over()


def test_who_waits_to_be_asked_for_the_body_is_asked(raw):
    body = json.dumps(PROMPTPAY).encode()
    said = ["Expect: 100-continue", "Content-Type: application/json"]
    raw.asks("POST", "charges", *said, f"Content-Length: {len(body)}")
    assert raw.hears().status == 100
    raw.line.sendall(body)
    assert json.loads(raw.hears().body)["object"] == "charge"


def test_answers_of_unknown_length_go_in_chunks_to_who_can_read_them():
    def app(environ, start_response):
        start_response("200 OK", [])
        yield from (b"one, ", b"", b"two")

    with serving(app) as url:
        assert requests.get(url, timeout=10).text == "one, two"
        with Raw(url) as raw:
            raw.asks()
            assert raw.hears().headers["transfer-encoding"] == "chunked"
            assert raw.read.read(23) == b"5\r\none, \r\n3\r\ntwo\r\n0\r\n\r\n"
        with Raw(url) as raw:
            raw.asks(version="1.0")
            assert raw.hears().headers["connection"] == "close"
            assert raw.read.read() == b"one, two"


@contextmanager
def serving(app):
    """Serve a bare application with the sandbox's own server."""
    app.extensions = {}
    server = Server(app)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.stop()
    thread.join()


def test_a_line_on_which_too_little_was_said_ends():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "10")])
        yield b"short"

    with serving(app) as url, Raw(url) as raw:
        raw.asks()
        assert raw.read.read().endswith(b"\r\n\r\nshort")


def test_an_application_that_falls_over_is_an_answer_of_500():
    def app(environ, start_response):
        raise RuntimeError("on purpose")

    with serving(app) as url, Raw(url) as raw:
        raw.asks()
        assert raw.hears().status == 500


def test_an_idle_line_is_closed_after_a_while(omise, monkeypatch):
    monkeypatch.setattr(kept_line, "IDLE_SECONDS", 0.3)
    with Raw(omise.base) as raw:
        raw.asks()
        assert raw.hears().status == 200
        began = time.monotonic()
        assert raw.is_over()
        assert 0.2 < time.monotonic() - began < 5


def test_idle_lines_end_with_the_sandbox(running):
    with sandbox.running() as omise:
        raw = Raw(omise.url)
        raw.asks()
        raw.hears()
    with raw:
        assert raw.is_over()


def test_a_refusing_sandbox_closes_its_idle_lines(omise, raw):
    raw.asks()
    raw.hears()
    omise.breaks("refuse", seconds=0.3)
    assert raw.is_over()
    eventually(lambda: is_reached(omise))


def is_reached(omise):
    try:
        return omise.books()
    except requests.ConnectionError:
        return False


def test_below_another_server_lines_end_as_that_server_ends_them(tmp_path):
    """Werkzeug's own server closes every line; nothing of ours changes that."""
    app = sandbox.create_app(database=tmp_path / "books.sqlite3")
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    url = f"http://127.0.0.1:{server.port}/"
    try:
        with Raw(url) as raw:
            raw.asks()
            assert raw.hears().headers["connection"] == "close"
            assert raw.is_over()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["sandbox"].close()


class Silent(WSGIRequestHandler):
    """Serve as Werkzeug does, but for its log."""

    def log(self, *_):
        pass


def test_the_library_beneath_reads_a_kept_line_as_we_do(omise):
    address = urlsplit(omise.base)
    line = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    key = {"Authorization": f"Basic {KEY}"}
    for method, status in (("GET", 200), ("HEAD", 200), ("DELETE", 404), ("GET", 200)):
        line.request(method, "/balance", headers=key)
        answer = line.getresponse()
        answer.read()
        assert (answer.status, answer.will_close) == (status, False)
    line.close()
