"""Answers that get lost on the way back from Omise: nobody pays twice, and nothing is forgotten."""

import http.server
import threading
from datetime import timedelta

import pytest
import requests
from shopper import Shopper
from sqlalchemy import update

from database import db
from payment import book, gateway, ledger
from payment.models import Attempt, now


class Line(http.server.BaseHTTPRequestHandler):
    """Pass requests on to Omise; lose the answer to those that the test chose."""

    protocol_version = "HTTP/1.1"

    def pass_on(self):
        length = int(self.headers.get("Content-Length") or 0)
        kept = ("Authorization", "Content-Type", "Omise-Version", "Accept")
        answer = requests.request(
            self.command,
            self.server.omise + self.path.lstrip("/"),
            data=self.rfile.read(length),
            headers={name: self.headers[name] for name in kept if self.headers[name]},
            timeout=10,
        )
        self.server.passed.append((self.command, self.path))
        if self.server.loses == (self.command, self.path):
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = pass_on

    def log_message(self, *_):
        """Say nothing: lost answers are the point."""


@pytest.fixture
def line(build_shop):
    """Put a line between a shop and its Omise."""
    shop = build_shop()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Line)
    server.daemon_threads = True
    server.omise, server.passed, server.loses = shop.omise.base, [], None
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    shop.app.config["OMISE_API_BASE"] = f"http://127.0.0.1:{server.server_port}/"
    shop.omise.control("settings", webhook_uri=None)
    server.shop = shop
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def creates(line):
    return line.passed.count(("POST", "/charges"))


def test_a_lost_answer_is_unknown_then_found_by_its_metadata(line):
    """A3: one create; the attempt adopts the charge that it made."""
    line.loses = ("POST", "/charges")
    with Shopper(line.shop) as shopper:
        shopper.adds()
        shopper.pays()
        assert shopper.state == "confirming"
        assert "do not pay again" in shopper.page.text
        assert line.shop.order(shopper.order_id).attempts[0].state == "unknown"
        assert "still open 0" in line.shop.sweep()
        shopper.get(f"/orders/{shopper.order_id}")
        assert shopper.state == "paid"
    assert creates(line) == line.shop.omise.books()["charges"] == 1


def test_a_lost_answer_settles_while_the_page_is_open(line):
    """A3: the page's own poll finds the charge; no second process is needed."""
    line.loses = ("POST", "/charges")
    with Shopper(line.shop) as shopper:
        shopper.adds()
        shopper.pays()
        order = shopper.order_id
        assert shopper.get(f"/orders/{order}/status").json()["state"].startswith("paid")


def test_paying_again_while_nobody_knows_charges_nothing(line):
    """A6: the cart cannot be paid a second time while the first is unknown."""
    line.loses = ("POST", "/charges")
    with Shopper(line.shop) as shopper:
        shopper.adds()
        form = shopper.opens_checkout()
        shopper.charges(form, omiseToken=line.shop.omise.token())
        order = shopper.order_id
        shopper.get("/checkout")
        assert shopper.order_id == order
        second = {**form, "form": "00000000-0000-4000-8000-000000000001"}
        shopper.charges(second, omiseToken=line.shop.omise.token())
        assert shopper.order_id == order
        page = f"/orders/{order}/again"
        shopper.post(page, {"csrf_token": form["csrf_token"]})
        assert shopper.state == "confirming"
    assert creates(line) == 1


def test_a_request_that_never_arrived_frees_the_order_after_a_while(line):
    """A6: only after a long wait is "nothing is there" believed; and nothing was sent again."""
    shop = line.shop
    with Shopper(shop) as shopper:
        shopper.adds()
        form = shopper.opens_checkout()
        shop.app.config["OMISE_API_BASE"] += "nowhere/"
        shopper.charges(form, omiseToken=shop.omise.token())
        order = shopper.order_id
        set_attempt(shop, order, state="unknown", failure_code=None)
        shop.app.config["OMISE_API_BASE"] = f"http://127.0.0.1:{line.server_port}/"
        shop.sweep()
        assert shop.order(order).attempts[0].state == "unknown"
        set_attempt(shop, order, created_at=now() - timedelta(minutes=11))
        shop.sweep()
        assert shop.order(order).attempts[0].state == "failed"
        shopper.pays()
        assert (shopper.order_id, shopper.state) == (order, "paid")


@pytest.mark.parametrize("state", ["created", "sent"])
def test_a_crash_between_two_commits_leaves_a_row_to_settle(line, state):
    """A5: whatever the process did not live to write, the sweep does."""
    shop = line.shop
    line.loses = ("POST", "/charges")
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        order = shopper.order_id
        old = now() - timedelta(minutes=2)
        set_attempt(shop, order, state=state, created_at=old)
        shop.sweep()
        expected = {"created": "failed", "sent": "successful"}
        assert shop.order(order).attempts[0].state == expected[state]


def set_attempt(shop, order_id, **values):
    """Put the order book into a state that only a crash leaves behind."""
    with shop.app.app_context():
        changed = update(Attempt).where(Attempt.order_id == order_id).values(**values)
        db.session.execute(changed)
        db.session.commit()


def test_a_lost_answer_to_saving_a_card_charges_nothing(line):
    """A6: the card may be saved or not, but no charge was asked for."""
    line.loses = ("POST", "/customers")
    with Shopper(line.shop) as shopper:
        shopper.adds()
        shopper.pays(remember="yes", email="somchai@example.com")
        assert shopper.state == "failed"
        assert "nothing was charged" in shopper.page.text
        assert creates(line) == 0
        shopper.pays()
        assert shopper.state == "paid"


def test_an_attempt_given_up_while_its_card_was_saved_is_not_sent(line, monkeypatch):
    """A5, A6: the sweep closed it first, so another attempt may already be paying."""
    slow = gateway.save_card

    def given_up_meanwhile(*args):
        saved = slow(*args)
        for attempt_id in book.unsettled():
            ledger.mark_failed(attempt_id, "nothing_sent")
        return saved

    monkeypatch.setattr(gateway, "save_card", given_up_meanwhile)
    with Shopper(line.shop) as shopper:
        shopper.adds()
        shopper.pays(remember="yes", email="somchai@example.com")
        assert shopper.state == "failed"
    assert creates(line) == 0
