"""The log: a line for each request and each move of money, forged by nobody, private to all."""

import io
import logging
import re
import subprocess
import sys

import pytest
import requests
from canaries import CANARIES, FORBIDDEN, Canaries
from rig import free_port
from shopper import Shopper

import logs

POOR = "4111111111140011"


@pytest.fixture
def told(caplog):
    """Give the messages of the log so far that begin with a word."""
    caplog.set_level(logging.INFO, "payment")

    def lines(word):
        return [line for line in caplog.messages if line.startswith(f"{word} ")]

    return lines


def test_every_request_is_one_line_without_what_was_asked(shop, told):
    """E10: route and order, not address, query or shopper."""
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.get("/cart?name=Somchai+Prasert&token=tokn_test_5xyz5xyz5xyz")
        shopper.get("/nowhere/somchai@example.com")
        shopper.get("/orders/00000000-0000-4000-8000-000000000000?x=1")
    lines = [re.sub(r"ms=\d+", "ms=", line) for line in told("request")]
    assert lines[-3:] == [
        "request method=GET route=/cart order=- status=200 ms=",
        "request method=GET route=- order=- status=404 ms=",
        "request method=GET route=/orders/<uuid:order_id> "
        "order=00000000-0000-4000-8000-000000000000 status=404 ms=",
    ]


def test_a_method_of_somebody_s_own_is_no_word_of_the_log(served, told):
    requests.request("canary", f"{served.url}/", timeout=60)
    assert "request method=other " in told("request")[-1]


def test_every_move_of_money_is_one_line(shop, shopper, told):
    """E10: which order, attempt and charge, from what to what, and how long after."""
    shopper.adds()
    shopper.pays(card=POOR)
    order = shop.order(shopper.order_id)
    charge = shop.omise.latest()["id"]
    shopper.pays_here()
    shopper.http.close()
    refused, paid = shop.order(order.id).attempts
    lines = [re.sub(r"ms=\d+", "ms=", line) for line in told("money")]
    head = f"order={order.id} attempt={{0.id}} charge={{1}} "
    paying = head.format(paid, shop.omise.latest()["id"])
    assert lines == [
        f"money what=opened {head.format(refused, '-')}from=- to=sent ms=- by=shopper",
        f"money what=status {head.format(refused, charge)}from=sent to=failed ms= by=charge",
        f"money what=opened {head.format(paid, '-')}from=- to=sent ms=- by=shopper",
        f"money what=status {paying}from=sent to=successful ms= by=charge",
        f"money what=paid {paying}from=- to=- ms= by=charge",
    ]


def test_money_that_was_not_kept_is_not_told(shop, shopper, told, monkeypatch):
    """A line is written after the commit, so that it is true."""
    from payment.orders import ledger

    shopper.adds()
    form = shopper.opens_checkout()

    def fails(*_, **__):
        raise RuntimeError("the transaction is undone")

    monkeypatch.setattr(ledger.entries, "untold", fails)
    assert shopper.charges(form, omiseToken=shop.omise.token()).status_code == 500
    assert not told("money")


def test_an_operator_s_name_stays_in_the_book(shop, shopper, told, monkeypatch):
    """E10, E23: the entry names who did it, the log says that an operator did."""
    monkeypatch.setenv("USER", "canary")
    monkeypatch.setenv("LOGNAME", "canary")
    shopper.adds()
    shopper.pays()
    run = shop.app.test_cli_runner().invoke
    done = run(args=["payment", "refund", shopper.order_id, "1", "--yes"])
    assert done.exit_code == 0, done.output
    asked = [line for line in told("money") if "what=refund " in line]
    assert {line.rsplit(" ", 1)[1] for line in asked} == {"by=operator"}


class Page:
    """Ask for the page of each kind of trouble."""

    def bad_form(self, shopper, _):
        """400: a form without its token."""
        return shopper.post("/add", {})

    def nowhere(self, shopper, _):
        """404."""
        return shopper.get("/nowhere")

    def wrong_method(self, shopper, _):
        """405."""
        return shopper.get("/webhook")

    def long_form(self, shopper, _):
        """413."""
        return shopper.post("/add", {"sku": "x" * 70_000})

    def foreign_name(self, shopper, _):
        """400, in plain words."""
        return shopper.get("/", headers={"Host": "evil.example"})

    def bug(self, shopper, monkeypatch):
        """500."""

        def broken():
            raise RuntimeError("out of tea")

        monkeypatch.setitem(shopper.shop.app.view_functions, "store.cart", broken)
        return shopper.get("/cart")


TROUBLES = {
    "bad_form": 400,
    "nowhere": 404,
    "wrong_method": 405,
    "long_form": 413,
    "foreign_name": 400,
    "bug": 500,
}


@pytest.fixture
def written(monkeypatch):
    """Give what the log of an operator would hold."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Lines())
    logging.getLogger().addHandler(handler)
    yield stream.getvalue
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize(("trouble", "status"), TROUBLES.items())
def test_the_reference_on_a_page_of_trouble_finds_its_lines(
    shopper, monkeypatch, written, trouble, status
):
    """E13: what a shopper reads out on the phone leads to what happened."""
    page = getattr(Page(), trouble)(shopper, monkeypatch)
    assert page.status_code == status
    (reference,) = re.findall(r"Reference (?:<code>)?([0-9a-f]{8})\b", page.text)
    lines = [line for line in written().splitlines() if f"ref={reference}" in line]
    assert f"status={status}" in lines[-1]
    if trouble == "bug":
        assert "error store.errors" in lines[0]
        assert "  | RuntimeError: out of tea" in written()


def test_each_request_has_a_reference_of_its_own(shopper):
    pages = [shopper.get("/nowhere").text for _ in range(2)]
    first, second = (re.search(r"<code>(\w{8})</code>", page)[1] for page in pages)
    assert first != second


@pytest.mark.parametrize("state", ["wait", "unavailable"])
def test_pages_of_payment_s_own_show_the_reference(served, state):
    """429 and 503."""
    with served.app.test_request_context("/checkout"):
        page = served.app.jinja_env.get_template(f"payment/{state}.html")
        served.app.update_template_context(
            words := {"minutes": 1, "layout": "layout.html"}
        )
        assert f"Reference <code>{logs.reference()}</code>" in page.render(words)


def record(message, **more):
    """Make a record as a logger does."""
    return logging.makeLogRecord({"name": "payment", "msg": message, **more})


@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\x1b[2J", "\0"]
)
def test_nothing_in_a_line_begins_another(end):
    """E10: control characters are written out, in words and in tracebacks."""
    said = f"refused {end}2026-01-01T00:00:00.000+00:00 error payment ref=- forged"
    assert len(logs.Lines().format(record(said)).splitlines()) == 1
    try:
        raise ValueError(said)
    except ValueError:
        text = logs.Lines().format(record("broken", exc_info=sys.exc_info()))
    assert "\x1b" not in text
    assert "\0" not in text
    for line in text.splitlines()[1:]:
        assert line.startswith("  | ")


def test_a_line_says_when_how_grave_and_whose():
    line = logs.Lines().format(record("money what=paid", levelname="INFO", created=0.0))
    assert line == "1970-01-01T00:00:00.000+00:00 info payment ref=- money what=paid"


SERVE = """
import logging
from app import create_app
from config import Config

class Said(Config):
    OMISE_SANDBOX = "on"
    SERVER_NAME = "localhost:{port}"
    FLASK_SECRET_KEY = "long"
    DATABASE_URL = "sqlite:///{folder}/shop.sqlite3"
    SANDBOX_DATABASE = "{folder}/sandbox.sqlite3"

logging.basicConfig() if {own} else None
from payment.orders import migrations
from payment.orders.transaction import Book
migrations.upgrade(Book(None, Said.DATABASE_URL, None))
app = create_app(Said)
app.test_client().get("/", base_url="http://localhost:{port}")
"""


@pytest.mark.parametrize("own", [False, True], ids=["plain", "set-up"])
def test_a_server_s_log_has_the_lines_and_an_operator_s_own_set_up_keeps_its_form(
    tmp_path, own
):
    said = SERVE.format(port=free_port(), folder=tmp_path, own=own)
    run = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, timeout=60
    )
    (line,) = [one for one in run.stderr.splitlines() if "request method=GET" in one]
    ours = r"\S+\+00:00 info logs ref=[0-9a-f]{8} request method=GET route=/ .*"
    assert re.fullmatch("INFO:logs:request.*" if own else ours, line)


@pytest.mark.parametrize(
    "said",
    [
        "key skey_test_5xyzabc",
        "tokn_test_5xyz5xyz5xyz",
        "paid by somchai@example.com",
        "card 4242424242424242",
        "Cookie: session=eyJjYXJ0Ijp7fX0.abc",
        "for Somchai Prasert",
    ],
)
def test_the_canaries_sing(said):
    """E10: the fixture that watches every test does see what it looks for."""
    logging.getLogger("payment").error("%s", said)
    assert CANARIES.take()


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("card 4242424242424242.", "card [digits]."),
        ("/4222222222222/", "/[digits]/"),
        ("charge chrg_test_54242424242424242a", None),
        ("at 1785000000123 ms", None),
        ("12345678901234567890123", None),
    ],
)
def test_what_looks_like_a_card_number_is_left_out_of_every_line(said, written):
    """E9: whoever wrote it, and wherever it came from."""
    assert logs.escaped(said) == (written or said)


def test_the_canaries_let_ids_and_words_pass():
    canaries = Canaries()
    words = (
        "money order=9e5c7c3e-0000-4000-8000-123456789012 charge=chrg_test_5xyzabcdefgh"
    )
    canaries.emit(record(words))
    assert not canaries.take()
    assert not FORBIDDEN.search(
        "request method=POST route=/charge order=- status=303 ms=12"
    )


def test_statements_that_fail_do_not_tell_what_they_were_given(served):
    """E10: an e-mail is among the values of an order's row."""
    assert served.engine.hide_parameters
