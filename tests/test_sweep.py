"""The sweep: asks about everything that is open, gently, and lets nothing stop it."""

import threading
import time
from datetime import timedelta

import pytest
from rig import free_port
from shopper import Shopper
from sqlalchemy import text, update

from database import db
from payment import book, connection, order_paid
from payment.models import Attempt, now
from payment.sweep import RATE, Round, back_off


@pytest.fixture
def quiet(build_shop):
    """Serve a shop to which no webhook comes, at an Omise where each card asks its bank."""
    shop = build_shop()
    shop.omise.control("settings", webhook_uri=None, three_d_secure=True)
    return shop


def waiting_orders(shop, number):
    """Leave so many shoppers at their bank, and give their orders."""
    orders = []
    for _ in range(number):
        with Shopper(shop) as shopper:
            shopper.adds()
            shopper.pays(follow=False)
            path = shopper.page.headers["Location"]
            orders.append(path.split("/orders/")[1][:36])
    return orders


def pay_all(shop):
    for charge in shop.omise.charges():
        if charge["status"] == "pending":
            shop.omise.control(f"charges/{charge['id']}/pay")


def age(shop, order_id, **values):
    """Let time pass for an attempt."""
    with shop.app.app_context():
        changed = update(Attempt).where(Attempt.order_id == order_id).values(**values)
        db.session.execute(changed)
        db.session.commit()


def run_round(shop, patiently=False):
    lines = []
    with shop.app.app_context():
        one = Round(lines.append, patiently)
        one.run()
    return one, lines


def state(shop, order_id):
    return shop.order(order_id).attempts[0].state


def test_each_move_is_told_and_summed_up(quiet):
    """B4, B5: neither webhook nor return, and still paid."""
    (order,) = waiting_orders(quiet, 1)
    assert "asked about 1, still open 1, errors 0" in quiet.sweep()
    pay_all(quiet)
    said = quiet.sweep()
    assert f"order {order} attempt 1: pending -> successful" in said
    assert "asked about 1, still open 0, errors 0" in said
    assert quiet.order(order).paid_at


@pytest.mark.parametrize(
    ("seconds", "gap"),
    [(0, 0), (20, 1), (1200, 60), (12_000, 600), (10_000_000, 600), (-600, 0)],
)
def test_what_is_older_is_asked_about_less_often(seconds, gap):
    """B15: the back-off grows with age up to ten minutes, with chance in it; C7: never below 0."""
    attempt = Attempt(created_at=now() - timedelta(seconds=seconds))
    gaps = [back_off(attempt).total_seconds() for _ in range(50)]
    assert 0.79 * gap - 0.1 <= min(gaps) <= max(gaps) <= 1.21 * gap + 0.1
    assert gap == 0 or len(set(gaps)) > 40


def test_a_patient_round_leaves_alone_what_was_asked_lately(quiet):
    """B15: two rounds at once ask once; without patience everything is asked."""
    (order,) = waiting_orders(quiet, 1)
    age(quiet, order, created_at=now() - timedelta(hours=1))
    assert run_round(quiet, patiently=True)[0].asked == 0
    age(quiet, order, checked_at=now() - timedelta(minutes=5))
    assert run_round(quiet, patiently=True)[0].asked == 1
    assert run_round(quiet, patiently=True)[0].asked == 0
    assert run_round(quiet)[0].asked == 1


def test_one_bad_row_stops_no_other(quiet):
    """B15: an order that cannot be read is told, and the rest is settled."""
    orders = waiting_orders(quiet, 3)
    pay_all(quiet)
    with quiet.app.app_context():
        # Neither SQLite's texts nor PostgreSQL's timestamps become a datetime from this.
        broken = text("UPDATE orders SET created_at = 'infinity' WHERE id = :id")
        db.session.execute(broken, {"id": orders[0]})
        db.session.commit()
    one, lines = run_round(quiet)
    assert (one.asked, one.errors) == (3, 1)
    (told,) = [line for line in lines if orders[0] in line]
    assert "Error" in told or "LedgerDown" in told
    assert all(quiet.order(order).paid_at for order in orders[1:])


def test_a_round_ends_when_nothing_works_and_the_next_begins_elsewhere(quiet):
    """B15: a dead Omise is not asked about every row, and no row is for ever the last."""
    orders = waiting_orders(quiet, 7)
    base = quiet.app.config["OMISE_API_BASE"]
    quiet.app.config["OMISE_API_BASE"] = f"http://127.0.0.1:{free_port()}/"
    one, _ = run_round(quiet)
    assert (one.asked, one.errors) == (5, 5)
    pay_all(quiet)
    quiet.app.config["OMISE_API_BASE"] = base
    with quiet.app.app_context():
        first = [attempt.order_id for attempt in book.unsettled()][:2]
    assert set(first) == set(orders[5:])
    assert run_round(quiet)[0].errors == 0
    assert all(quiet.order(order).paid_at for order in orders)


def test_two_sweepers_at_once_do_no_harm(quiet):
    """B15, A18: each order is paid and told of once."""
    orders = waiting_orders(quiet, 6)
    pay_all(quiet)
    told = []

    def listen(order):
        told.append(order.id)

    order_paid.connect(listen)
    threads = [threading.Thread(target=run_round, args=(quiet,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    order_paid.disconnect(listen)
    assert sorted(told) == sorted(orders)
    assert all(quiet.order(order).paid_at for order in orders)


def note_requests(monkeypatch):
    """Note when each request leaves for Omise."""
    sent, exchange = [], connection.exchange

    def noted(*args, **more):
        sent.append(time.monotonic())
        return exchange(*args, **more)

    monkeypatch.setattr(connection, "exchange", noted)
    return sent


def test_requests_leave_one_after_the_other_at_the_agreed_rate(quiet, monkeypatch):
    """B16: never more than so many a second."""
    waiting_orders(quiet, 8)
    sent = note_requests(monkeypatch)
    run_round(quiet)
    gaps = [later - earlier for earlier, later in zip(sent, sent[1:], strict=False)]
    assert len(sent) == 8
    assert min(gaps) >= 0.9 / RATE


SLOW_DOWN = {"method": "GET", "path": r"/charges/chrg_test_\w+", "status": 429}


def test_a_429_is_waited_for_and_then_the_round_goes_on(quiet, monkeypatch):
    """B16: Retry-After is honoured."""
    orders = waiting_orders(quiet, 2)
    pay_all(quiet)
    quiet.omise.breaks(
        "answer_before", **SLOW_DOWN, body="error", code="rate_limit", retry_after=1
    )
    sent = note_requests(monkeypatch)
    one, lines = run_round(quiet)
    assert sent[1] - sent[0] >= 1
    assert "HTTP 429 rate_limit" in lines[0]
    assert (one.asked, one.errors, one.rest) == (2 + 1, 1, 0)
    assert all(quiet.order(order).paid_at for order in orders)


def test_a_long_rest_ends_the_round_and_a_webpage_429_counts_too(quiet, monkeypatch):
    """B16: the other rows wait for the next round, which comes no earlier than asked."""
    waiting_orders(quiet, 3)
    quiet.omise.breaks("answer_before", **SLOW_DOWN, body="html", retry_after=3600)
    sent = note_requests(monkeypatch)
    one, _ = run_round(quiet)
    assert len(sent) == 1
    assert one.rest == 3600


def test_a_burst_of_429_ends_the_round(quiet, monkeypatch):
    """B16: four in a round are enough; nobody is asked for ever."""
    waiting_orders(quiet, 3)
    quiet.omise.breaks(
        "answer_before", **SLOW_DOWN, body="error", code="x", retry_after=0, times=0
    )
    sent = note_requests(monkeypatch)
    one, _ = run_round(quiet)
    assert len(sent) == 4
    assert one.errors == 4


def test_a_charge_of_another_account_is_for_an_operator(quiet):
    """A charge that these keys cannot see is flagged, not forgotten."""
    (order,) = waiting_orders(quiet, 1)
    age(quiet, order, charge_id="chrg_test_5elsewhere")
    assert "HTTP 404 not_found" in quiet.sweep()
    assert "not in the account" in quiet.order(order).needs_attention


def test_the_order_book_being_away_is_said(quiet, monkeypatch):
    """B12: once, the command fails; it asks nothing of Omise."""
    waiting_orders(quiet, 1)
    sent = note_requests(monkeypatch)
    with quiet.app.app_context():
        db.session.execute(text("ALTER TABLE attempts RENAME TO elsewhere"))
        db.session.commit()
    result = quiet.app.test_cli_runner().invoke(args=["payment", "sweep"])
    assert result.exit_code == 1
    assert "order book cannot be reached" in result.output
    assert sent == []
