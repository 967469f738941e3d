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
    return session.post(f"{omise.base}charges", json=PROMPTPAY, timeout=60).json()


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
        shown = session.get(f"{omise.base}charges/{charge['id']}", timeout=60)
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
        assert requests.get(url, timeout=60).text == "one, two"
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
        for fault in ("doubled", "leftover", "reset_reused", "close_idle", "refuse"):
            asked = {"fault": fault}
            refused = requests.post(f"{url}control/faults", json=asked, timeout=60)
            assert refused.status_code == 400
            assert "only a sandbox that runs by itself" in refused.json()["message"]
        Omise(url).breaks("interim", statuses=[100, 103])
        with Raw(url) as raw:
            raw.asks()
            assert [raw.hears().status for _ in range(3)] == [100, 103, 200]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["sandbox"].close()


class Silent(WSGIRequestHandler):
    """Serve as Werkzeug does, but for its log."""

    def log(self, *_):
        pass


# What may go wrong on a kept line.


@pytest.mark.parametrize("fault", ["answer_before", "answer_after", "change", "stale"])
def test_an_answer_that_lies_leaves_the_line_clean(omise, session, opened, fault):
    said = {"set": {"amount": 1}} if fault == "change" else {}
    omise.breaks(fault, method="POST", path="/charges", **said)
    pay(session, omise)
    assert pay(session, omise)["amount"] == 10000
    assert len(opened) == 1


@pytest.mark.parametrize(
    "fault", ["reset_before", "reset_after", "close_before", "close_after", "half_body"]
)
def test_a_kept_line_can_be_cut_like_a_fresh_one(omise, session, fault):
    pay(session, omise)
    omise.breaks(fault, method="POST", path="/charges")
    with pytest.raises(
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
    ):
        pay(session, omise)
    assert pay(session, omise)["object"] == "charge"
    assert omise.books()["charges"] == (2 if fault.endswith("before") else 3)


@pytest.mark.parametrize("statuses", [[100], [103], [102, 103, 199, 100, 103]])
def test_answers_that_are_none_yet_come_before_the_true_one(omise, raw, statuses):
    omise.breaks("interim", method="POST", path="/charges", statuses=statuses)
    raw.charges()
    heard = [raw.hears() for _ in statuses]
    assert [one.status for one in heard] == statuses
    assert [one.headers.get("link") for one in heard if one.status == 103] == [
        "</omise.css>; rel=preload"
    ] * statuses.count(103)
    true = raw.hears()
    assert (true.status, json.loads(true.body)["object"]) == (200, "charge")
    raw.asks()
    assert json.loads(raw.hears().body)["object"] == "balance"


def test_a_client_that_knows_100_alone_takes_103_for_the_answer(omise, session):
    """And so it does not know that it was charged; the answer stays on the line."""
    omise.breaks("interim", method="POST", path="/charges", statuses=[100])
    assert pay(session, omise)["object"] == "charge"
    omise.breaks("interim", method="POST", path="/charges")
    fooled = session.post(f"{omise.base}charges", json=PROMPTPAY, timeout=60)
    assert (fooled.status_code, fooled.content) == (103, b"")
    assert omise.books()["charges"] == 2


def test_an_answer_may_come_twice(omise, raw):
    omise.breaks("doubled", method="POST", path="/charges")
    raw.charges()
    first, second = raw.hears(), raw.hears()
    assert first.body == second.body
    assert json.loads(first.body)["object"] == "charge"
    # Whoever reads on takes an answer for that of the next request.
    raw.asks()
    assert json.loads(raw.hears().body)["object"] == "balance"
    assert omise.books()["charges"] == 1


def test_the_answer_about_another_charge_may_lie_on_the_line(omise, raw, session):
    other, newest = pay(session, omise), pay(session, omise)
    for named, expected in (({}, newest), ({"of": other["id"]}, other)):
        omise.breaks("leftover", method="GET", path="/balance", **named)
        raw.asks()
        assert json.loads(raw.hears().body)["object"] == "balance"
        raw.asks("GET", "account")
        stale = raw.hears()
        assert (stale.status, stale.headers["connection"]) == (200, "keep-alive")
        assert json.loads(stale.body)["id"] == expected["id"]
        assert json.loads(raw.hears().body)["object"] == "account"
    # Nobody sent a request for what lay there.
    assert "GET /charges/<charge_id>" not in omise.books()["counts"]


def test_bytes_that_are_no_answer_may_lie_on_the_line(omise, raw):
    omise.breaks("leftover", bytes="text")
    raw.asks()
    assert raw.hears().status == 200
    assert raw.read.read(28) == b"\r\n0\r\n\r\nleft over by somebody"


@pytest.mark.parametrize("fault", ["doubled", "leftover"])
def test_a_client_that_looks_first_drops_a_line_with_something_on_it(
    omise, session, opened, fault
):
    pay(session, omise)
    omise.breaks(fault)
    assert pay(session, omise)["object"] == "charge"
    time.sleep(0.3)
    balance = session.get(f"{omise.base}balance", timeout=60).json()
    assert balance["object"] == "balance"
    assert len(opened) == 2


@pytest.mark.parametrize("fault", ["doubled", "leftover"])
def test_no_look_helps_when_the_bytes_come_after_it(omise, session, opened, fault):
    first = pay(session, omise)
    omise.breaks(fault, seconds=0.5)
    second = pay(session, omise)
    wrong = session.get(f"{omise.base}balance", timeout=60).json()
    assert wrong["id"] == {"doubled": second, "leftover": first}[fault]["id"]
    assert len(opened) == 1


def test_a_kept_line_may_be_reset_when_it_is_used_again(omise, raw, session):
    rule = omise.breaks("reset_reused", method="POST", path="/charges", times=2)
    raw.charges()
    assert raw.hears().status == 200
    raw.asks()
    with pytest.raises(ConnectionResetError):
        raw.read.read(1)
    pay(session, omise)
    # No look at the line beforehand shows it.
    with pytest.raises(requests.ConnectionError, match="reset"):
        session.get(f"{omise.base}balance", timeout=60)
    assert omise.books()["charges"] == 2
    assert omise.fault(rule)["state"] == "done"
    assert pay(session, omise)["object"] == "charge"


def test_a_kept_line_may_be_closed_early(omise, raw, session, opened):
    omise.breaks("close_idle", seconds=0.3, times=2)
    raw.asks()
    assert raw.hears().headers["connection"] == "keep-alive"
    began = time.monotonic()
    assert raw.is_over()
    assert time.monotonic() - began < 5
    pay(session, omise)
    time.sleep(0.6)
    assert pay(session, omise)["object"] == "charge"
    assert len(opened) == 2


def test_whoever_asks_again_soon_enough_keeps_the_line(omise, raw):
    omise.breaks("close_idle", seconds=30)
    for _ in range(3):
        raw.asks()
        assert raw.hears().status == 200


def test_a_request_may_get_the_answer_about_another_charge(omise, session):
    first, second = pay(session, omise), pay(session, omise)
    omise.breaks("swapped", method="GET", path="/charges/.*")
    shown = session.get(f"{omise.base}charges/{first['id']}", timeout=60).json()
    assert (shown["id"], shown["object"]) == (second["id"], "charge")
    shown = session.get(f"{omise.base}charges/{first['id']}", timeout=60).json()
    assert shown["id"] == first["id"]
    omise.breaks("swapped", method="POST", path="/charges", of=first["id"])
    assert pay(session, omise)["id"] == first["id"]
    assert omise.books()["charges"] == 3


@pytest.mark.parametrize("version", ["2019-05-29", "2017-11-02"])
def test_a_refund_may_be_swapped_too_in_either_version(omise, session, version):
    session.headers["Omise-Version"] = version
    card, refunds = {"amount": 10000, "currency": "THB"}, []
    for _ in range(2):
        asked = card | {"card": omise.token()}
        paid = session.post(f"{omise.base}charges", json=asked, timeout=60).json()["id"]
        path = f"{omise.base}charges/{paid}/refunds"
        refunds.append(session.post(path, json={"amount": 100}, timeout=60).json())
    omise.breaks("swapped", method="GET", path=".*/refunds/.*")
    asked = f"{omise.base}charges/{refunds[0]['charge']}/refunds/{refunds[0]['id']}"
    told = session.get(asked, timeout=60)
    assert told.json()["id"] == refunds[1]["id"]
    assert told.headers["Omise-Version"] == version


def test_nothing_is_swapped_where_there_is_nothing_else(omise, session):
    omise.breaks("swapped", times=0)
    charge = pay(session, omise)
    shown = session.get(f"{omise.base}charges/{charge['id']}", timeout=60).json()
    assert shown["id"] == charge["id"]
    assert session.get(f"{omise.base}balance", timeout=60).json()["object"] == "balance"
    assert session.get(f"{omise.base}nowhere", timeout=60).status_code == 404


def test_the_library_beneath_reads_a_kept_line_as_we_do(omise):
    address = urlsplit(omise.base)
    line = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    key = {"Authorization": f"Basic {KEY}"}
    for method, status in (("GET", 200), ("HEAD", 200), ("DELETE", 404), ("GET", 200)):
        line.request(method, "/balance", headers=key)
        answer = line.getresponse()
        answer.read()
        assert (answer.status, answer.will_close) == (status, False)
    line.close()
