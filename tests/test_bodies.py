"""E17: what is posted is bounded before anybody parses it; what is malformed is no error 500."""

import time
from pathlib import Path

import pytest
import requests
from processes import Machine
from shopper import Shopper
from test_signature import SECRET, signed
from wire import chunked, head, say

from payment.body import LONGEST_FORM
from webhook.webhook import LARGEST_BODY

FORM = "Content-Type: application/x-www-form-urlencoded"
PARTS = "Content-Type: multipart/form-data; boundary=x"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Serve a shop as production does, with a folder of its own for whatever is written."""
    folder = tmp_path_factory.mktemp("machine")
    with Machine(folder) as one:
        yield one


@pytest.fixture(params=["werkzeug", "gunicorn"])
def place(request):
    """Say where a shop listens, under each of the two servers."""
    if request.param == "gunicorn":
        return request.getfixturevalue("machine")
    return request.getfixturevalue("served")


@pytest.fixture
def careless(served, monkeypatch):
    """Let the shop be a host that bounds nothing itself."""
    monkeypatch.setitem(served.app.config, "MAX_CONTENT_LENGTH", None)
    monkeypatch.setitem(served.app.url_value_preprocessors, None, [])
    return served


def posts(place, path, body, *lines, **more):
    host = place.url.split("//")[1]
    return say(place.port, head("POST", path, host, *lines) + body, **more)


def field(size):
    return b"sku=" + b"x" * (size - 4)


def part(size):
    body = b'--x\r\nContent-Disposition: form-data; name="sku"; filename="f"\r\n\r\n'
    return body + b"x" * (size - len(body) - 9) + b"\r\n--x--\r\n"


@pytest.mark.parametrize("path", ["/add", "/charge", "/card/forget"])
@pytest.mark.parametrize(("kind", "make"), [(FORM, field), (PARTS, part)])
@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize(
    ("size", "status"), [(LONGEST_FORM, 400), (LONGEST_FORM + 1, 413)]
)
def test_a_form_over_the_limit_is_refused_however_it_is_sent(
    place, path, kind, make, in_chunks, size, status
):
    """At the limit it is read whole, and lacks a CSRF token."""
    body = make(size)
    length = CHUNKED if in_chunks else f"Content-Length: {size}"
    sent = chunked(body[:1000], body[1000:]) if in_chunks else body
    assert posts(place, path, sent, kind, length)[0] == status


MALFORMED = {
    "no chunk size": (b"zz\r\nabc\r\n0\r\n\r\n", CHUNKED),
    "negative chunk size": (b"-5\r\nabcde\r\n0\r\n\r\n", CHUNKED),
    "a chunk that does not end": (b"5\r\nabcdefgh\r\n0\r\n\r\n", CHUNKED),
    "a chunk cut short": (b"ff\r\nabc", CHUNKED),
    "no last chunk": (b"3\r\nabc\r\n", CHUNKED),
    "nothing in chunks": (b"", CHUNKED),
    "shorter than it says": (b"sku=a", "Content-Length: 50"),
    "a negative length": (b"sku=a", "Content-Length: -1"),
    "a length in words": (b"sku=a", "Content-Length: five"),
    "a length of other digits": (b"sku=a", "Content-Length: 0x5"),
    "packed": (b"sku=a", "Content-Length: 5\r\nContent-Encoding: gzip"),
    "packed as nobody knows": (b"sku=a", "Content-Length: 5\r\nContent-Encoding: cow"),
    "packed on the way": (b"0\r\n\r\n", "Transfer-Encoding: gzip, chunked"),
}


@pytest.mark.parametrize("path", ["/add", "/charge", "/webhook"])
@pytest.mark.parametrize(("body", "lines"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_the_caller_s_mistake(place, path, body, lines):
    status, text = posts(place, path, body, FORM, lines, hang_up=True)
    assert status == 400
    assert "Traceback" not in text


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_careless_host_s_payment_forms_are_bounded_all_the_same(careless, in_chunks):
    body = part(LONGEST_FORM + 1)
    length = CHUNKED if in_chunks else f"Content-Length: {len(body)}"
    sent = chunked(body) if in_chunks else body
    assert posts(careless, "/charge", sent, PARTS, length)[0] == 413


@pytest.mark.parametrize(("body", "lines"), MALFORMED.values(), ids=MALFORMED)
def test_a_careless_host_s_payment_forms_are_no_error_500(careless, body, lines):
    assert posts(careless, "/charge", body, FORM, lines, hang_up=True)[0] == 400


@pytest.mark.parametrize("path", ["/add", "/charge", "/webhook"])
def test_an_unknown_transfer_coding_is_refused(place, path):
    """By the shop; gunicorn does so before it, with the 501 that RFC 9112 has for it."""
    status, _ = posts(place, path, b"", FORM, "Transfer-Encoding: cow", hang_up=True)
    assert status == (501 if isinstance(place, Machine) else 400)


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize(
    ("size", "status"), [(LARGEST_BODY, 400), (LARGEST_BODY + 1, 413)]
)
def test_a_delivery_over_its_own_limit_is_refused(place, in_chunks, size, status):
    """B13: at the limit it is read whole: its signature is right, and it is no event."""
    body, stamp = b"x" * size, str(int(time.time()))
    lines = (
        f"Omise-Signature: {signed(body, stamp, SECRET)}",
        f"Omise-Signature-Timestamp: {stamp}",
        CHUNKED if in_chunks else f"Content-Length: {size}",
    )
    sent = chunked(body[:70_000], body[70_000:]) if in_chunks else body
    assert posts(place, "/webhook", sent, *lines)[0] == status


def test_a_form_in_chunks_is_read_like_any_other(machine):
    """A form that is whole and short enough passes, however it comes."""
    with Shopper(machine) as shopper:
        token = shopper.hidden(shopper.get("/").text)["csrf_token"]
        form = f"sku=celadon-cup&quantity=2&csrf_token={token}".encode()
        page = shopper.http.post(
            f"{machine.url}/add",
            data=iter([form[:10], form[10:]]),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=30,
        )
        assert page.status_code == 200
        assert "2 items" in page.text


def written(machine):
    """Count what gunicorn and its workers have written anywhere, in bytes."""
    leader = machine._shop._running.pid
    group = [
        one
        for one in Path("/proc").iterdir()
        if one.name.isdigit() and _group(one) == leader
    ]
    assert len(group) >= 3
    return sum(
        int((one / "io").read_text().split("wchar: ")[1].split()[0]) for one in group
    )


def _group(process):
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[2])
    except (OSError, IndexError):
        return None


@pytest.mark.parametrize("path", ["/add", "/charge", "/webhook", "/nowhere", "/"])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_300_mb_write_nothing_to_disk(machine, path, in_chunks):
    """Neither into a temporary file nor anywhere else."""
    megabyte, before = b"x" * 2**20, written(machine)

    def pieces():
        opening = (
            b'--x\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n'
        )
        yield opening + megabyte[len(opening) :]
        for _ in range(299):
            yield megabyte

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    if not in_chunks:
        headers["Content-Length"] = str(300 * 2**20)
    try:
        page = requests.post(
            f"{machine.url}{path}", data=pieces(), headers=headers, timeout=60
        )
        assert page.status_code in (400, 404, 405, 413)
    except requests.ConnectionError:
        pass  # it was hung up on, which is as good
    assert written(machine) - before < 100_000
