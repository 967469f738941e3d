"""The sweep: asks about everything that is open, gently, and lets nothing stop it."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import requests
from fault_rig import ago, set_attempt
from rig import free_port, why
from shopper import Shopper
from sqlalchemy import create_engine, delete, select, text, update
from sqlalchemy.exc import DBAPIError

import sandbox
from payment import order_paid
from payment.gateway import http, verbs
from payment.gateway.errors import GatewayError
from payment.operations import sweep
from payment.operations.reconcile import SKEW
from payment.operations.sweep import RATE, News, Round, back_off
from payment.orders import entries, queries
from payment.orders.models import Attempt, Entry, HeardUntil, Order


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


def lost_order(shop):
    """Let one shopper's answer get lost, and give the order; its charge waits at the bank."""
    shop.omise.breaks("close_after", method="POST", path="/charges")
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        return shopper.order_id


def paid_order(shop):
    shop.omise.control("settings", three_d_secure=False)
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        assert shopper.state == "paid"
        return shopper.order_id


def charge_id(shop, order_id):
    return shop.order(order_id).attempts[0].charge_id


def pays(shop, order_id):
    shop.omise.control(f"charges/{charge_id(shop, order_id)}/pay")


def pay_all(shop):
    for charge in shop.omise.charges():
        if charge["status"] == "pending":
            shop.omise.control(f"charges/{charge['id']}/pay")


def run_round(shop, news=None):
    lines = []
    with shop.app.app_context():
        one = Round(lines.append, news)
        one.run()
    return one, lines


def run_sweep(shop):
    return shop.app.test_cli_runner().invoke(args=["payment", "sweep"])


def status(shop, order_id):
    return shop.order(order_id).attempts[0].status


def kill_rows(shop, orders):
    """Let attempts name charges that no account knows."""
    for number, order in enumerate(orders):
        set_attempt(shop, order, charge_id=f"chrg_test_5elsewhere{number}")


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
    ("status", "seconds", "gap"),
    [
        ("pending", 0, 0),
        ("pending", 20, 1),
        ("pending", 1200, 60),
        ("unknown", 12_000, 600),
        ("pending", 10_000_000, 600),
        ("pending", -600, 0),
        ("not_found", 12_000, 600),
        ("not_found", 500_000, 3 * 3600),
    ],
)
def test_what_is_older_is_asked_about_less_often(quiet, status, seconds, gap):
    """B15: the back-off grows with age up to ten minutes, with chance in it; C7: never below 0."""
    now = ago(quiet, seconds=0)
    attempt = Attempt(created_at=now - timedelta(seconds=seconds), status=status)
    gaps = [back_off(attempt, now).total_seconds() for _ in range(50)]
    assert 0.79 * gap - 0.1 <= min(gaps) <= max(gaps) <= 1.21 * gap + 0.1
    assert gap == 0 or len(set(gaps)) > 40


def test_a_patient_round_leaves_alone_what_was_asked_lately(quiet):
    """B15: two rounds at once ask once; without patience everything is asked."""
    (order,) = waiting_orders(quiet, 1)
    set_attempt(quiet, order, created_at=ago(quiet, hours=1))
    assert run_round(quiet, News())[0].asked == 1
    assert run_round(quiet, News())[0].asked == 0
    set_attempt(quiet, order, checked_at=ago(quiet, minutes=5))
    assert run_round(quiet, News())[0].asked == 1
    assert run_round(quiet, News())[0].asked == 0
    assert run_round(quiet)[0].asked == 1


def test_a_time_in_the_future_counts_as_due(quiet):
    """C9: a clock that was wrong once puts no order off."""
    (order,) = waiting_orders(quiet, 1)
    set_attempt(
        quiet,
        order,
        created_at=ago(quiet, hours=1),
        checked_at=ago(quiet, minutes=-11),
    )
    assert run_round(quiet, News())[0].asked == 1


def test_one_bad_row_stops_no_other(quiet):
    """B15: an order that cannot be read is told, and the rest is settled."""
    orders = waiting_orders(quiet, 3)
    pay_all(quiet)
    with quiet.engine.begin() as connection:
        # Neither SQLite's texts nor PostgreSQL's timestamps become a datetime from this.
        broken = "UPDATE payment_orders SET created_at = 'infinity' WHERE id = :id"
        connection.execute(text(broken), {"id": orders[0]})
    one, lines = run_round(quiet)
    assert (one.asked, one.errors) == (3, 1)
    (told,) = [line for line in lines if orders[0] in line]
    assert "something went wrong that the log tells" in told
    assert all(quiet.order(order).paid_at for order in orders[1:])


def test_dead_rows_stop_neither_lost_answers_nor_others_nor_refunds(quiet):
    """B17: that a charge is not there is an answer; whatever comes after may well be."""
    gives_back = paid_order(quiet)
    create = {"method": "POST", "path": "/charges/.*/refunds"}
    quiet.omise.breaks("reset_after", **create)
    quiet.omise.breaks("answer_before", skip=1, method="GET", path=create["path"])
    runner = quiet.app.test_cli_runner()
    refund = ["payment", "refund", gives_back, "100", "--yes"]
    assert "not known yet" in runner.invoke(args=refund).output
    quiet.omise.control("settings", three_d_secure=True)
    honest = waiting_orders(quiet, 1)
    dead = waiting_orders(quiet, 8)
    kill_rows(quiet, dead)
    lost = lost_order(quiet)
    pay_all(quiet)
    one, lines = run_round(quiet)
    assert one.errors == len(dead)
    assert {line.split(": ")[1] for line in lines if "HTTP 404" in line} == {
        "HTTP 404 not_found"
    }
    assert all(quiet.order(order).paid_at for order in [*honest, lost])
    assert quiet.order(gives_back).attempts[0].refunds[0].status == "done"
    assert all("not in the account" in why(quiet.order(order)) for order in dead)


def test_a_round_ends_when_nothing_works_and_the_next_begins_elsewhere(quiet):
    """B15: a dead Omise is not asked about every row, and no row is for ever the last."""
    orders = waiting_orders(quiet, 7)
    base = quiet.app.config["OMISE_API_BASE"]
    quiet.app.config["OMISE_API_BASE"] = f"http://127.0.0.1:{free_port()}/"
    one, _ = run_round(quiet)
    assert (one.asked, one.errors) == (5, 5)
    pay_all(quiet)
    quiet.app.config["OMISE_API_BASE"] = base
    # The newest came first, and go on failing; the others are not kept waiting by them.
    for order in orders[2:]:
        path = f"/charges/{charge_id(quiet, order)}"
        quiet.omise.breaks("answer_before", method="GET", path=path)
    one, _ = run_round(quiet)
    assert (one.asked, one.errors) == (7, 5)
    assert all(quiet.order(order).paid_at for order in orders[:2])
    assert run_round(quiet)[0].errors == 0
    assert all(quiet.order(order).paid_at for order in orders)


def test_two_sweepers_at_once_do_no_harm(quiet):
    """B15, A18: each order is paid and told of once."""
    orders = waiting_orders(quiet, 6)
    pay_all(quiet)
    told = []

    def listen(app, order, why):
        told.append(order.id)

    with order_paid.connected_to(listen):
        threads = [threading.Thread(target=run_round, args=(quiet,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(told) == sorted(orders)
    assert all(quiet.order(order).paid_at for order in orders)


def test_a_receiver_that_failed_hears_of_it_again_from_the_sweep(quiet):
    """A28: and what it raises changes no payment and stops no round."""
    orders = waiting_orders(quiet, 2)
    pay_all(quiet)
    calls, works = [], []

    def send_mail(app, order, why):
        calls.append(order.id)
        if not works:
            raise RuntimeError("the mail server is down")

    with order_paid.connected_to(send_mail):
        one, _ = run_round(quiet)
        assert (one.asked, one.errors) == (2, 0)
        assert sorted(calls) == sorted(orders)
        assert all(quiet.order(order).paid_at for order in orders)
        works.append("again")
        run_round(quiet)
        assert len(calls) == 2  # they may be on their way still
        with quiet.engine.begin() as connection:
            connection.execute(update(Entry).values(at=ago(quiet, minutes=2)))
        run_round(quiet)
        assert sorted(calls[2:]) == sorted(orders)
        run_round(quiet)
        assert len(calls) == 4
    with quiet.engine.connect() as connection:
        told = select(Entry.told_at).where(Entry.signal == "order_paid")
        assert all(connection.scalars(told))


def note_requests(monkeypatch):
    """Note when each request leaves for Omise, and to where."""
    sent, exchange = [], http.exchange

    def noted(method, url, **more):
        sent.append((time.monotonic(), f"{method} {url.split('/sandbox')[-1]}"))
        return exchange(method, url, **more)

    monkeypatch.setattr(http, "exchange", noted)
    return sent


def moments(sent):
    return [moment for moment, _ in sent]


def test_requests_leave_one_after_the_other_at_the_agreed_rate(quiet, monkeypatch):
    """B16: never more than so many a second, whatever they are for."""
    waiting_orders(quiet, 8)
    lost_order(quiet)
    sent = note_requests(monkeypatch)
    run_round(quiet, News(since=ago(quiet, seconds=0)))
    at = moments(sent)
    gaps = [later - earlier for earlier, later in zip(at, at[1:], strict=False)]
    # Events, which name the lost one too, nine charges, refunds and disputes.
    assert len(sent) == 1 + 9 + 1 + 1
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
    assert moments(sent)[1] - moments(sent)[0] >= 1
    assert "HTTP 429 rate_limit" in lines[0]
    assert (one.asked, one.errors, one.rest) == (2 + 1, 1, 0)
    assert all(quiet.order(order).paid_at for order in orders)


def test_a_long_rest_ends_the_round_and_a_webpage_429_counts_too(quiet, monkeypatch):
    """B16: the other rows wait for the next round, which comes no earlier than asked."""
    monkeypatch.setattr(sweep, "LONGEST_REST", 1)
    waiting_orders(quiet, 3)
    quiet.omise.breaks("answer_before", **SLOW_DOWN, body="html", retry_after=2)
    sent = note_requests(monkeypatch)
    one, _ = run_round(quiet)
    assert len(sent) == 1
    assert one.rest == 2


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
    kill_rows(quiet, [order])
    result = run_sweep(quiet)
    assert (result.exit_code, "HTTP 404 not_found" in result.output) == (1, True)
    assert "not in the account" in why(quiet.order(order))
    assert status(quiet, order) == "pending"


def test_keys_that_are_refused_end_the_round_at_once(quiet, monkeypatch):
    """C4, F5: one question is enough, and the exit code tells cron."""
    waiting_orders(quiet, 3)
    refused = {"status": 401, "body": "error", "code": "authentication_failure"}
    quiet.omise.breaks("answer_before", times=0, **refused)
    sent = note_requests(monkeypatch)
    result = run_sweep(quiet)
    assert result.exit_code == 1
    assert "Omise refuses OMISE_SECRET_KEY" in result.output
    assert len(sent) == 1


def test_what_could_not_be_asked_is_in_the_exit_code(quiet):
    """F5: also where everything else went well."""
    orders = waiting_orders(quiet, 2)
    pay_all(quiet)
    quiet.omise.breaks("answer_before", method="GET", path=r"/charges/chrg_test_\w+")
    result = run_sweep(quiet)
    assert result.exit_code == 1
    assert "Not everything could be asked" in result.output
    assert sum(bool(quiet.order(order).paid_at) for order in orders) == 1
    assert run_sweep(quiet).exit_code == 0


@pytest.mark.parametrize("while_it_runs", [False, True])
def test_the_order_book_being_away_is_said(quiet, monkeypatch, while_it_runs):
    """B12: the command fails, also when it goes away meanwhile; it asks nothing of Omise."""
    waiting_orders(quiet, 1)
    sent = note_requests(monkeypatch)
    book = quiet.app.extensions["payment"].book
    away = create_engine("sqlite:////nowhere/shop.sqlite3")
    if while_it_runs:
        first = queries.watched

        def then_it_goes():
            monkeypatch.setattr(book, "_engine", away)
            return first()

        monkeypatch.setattr(queries, "watched", then_it_goes)
        said = "The order book cannot be reached."
    else:
        monkeypatch.setattr(book, "_engine", away)
        said = "cannot be reached (unable to open database file)"
    result = run_sweep(quiet)
    away.dispose()
    monkeypatch.undo()
    assert result.exit_code == 1
    assert said in result.output
    assert sent == []


def test_a_book_that_is_broken_is_not_called_away(quiet):
    """DESIGN: only an outage is an outage; the rest is a bug, and shows as one."""
    waiting_orders(quiet, 1)
    with quiet.engine.begin() as connection:
        connection.execute(text("ALTER TABLE payment_attempts RENAME TO elsewhere"))
    result = run_sweep(quiet)
    assert isinstance(result.exception, DBAPIError)
    assert "cannot be reached" not in result.output


def test_the_newest_and_lost_answers_come_first(quiet, monkeypatch):
    """B18: a flood of old orders delays neither."""
    first, second = waiting_orders(quiet, 2)
    lost = lost_order(quiet)
    third, fourth = waiting_orders(quiet, 2)
    sent = note_requests(monkeypatch)
    run_round(quiet, News())
    asked = [path.rsplit("/", 1)[1] for _, path in sent if "/charges/chrg" in path]
    expected = [lost, fourth, third, second, first]
    assert asked == [charge_id(quiet, order) for order in expected]


def test_a_patient_round_that_takes_long_leaves_what_is_old(quiet, monkeypatch):
    """B18: the next one begins with what is new; lost answers are never left."""
    waiting_orders(quiet, 2)
    lost_order(quiet)
    monkeypatch.setattr(sweep, "LONGEST_ROUND", -1)
    assert run_round(quiet, News())[0].asked == 1
    assert run_round(quiet)[0].asked == 3


def test_who_has_just_paid_is_heard_of_before_anything_else(quiet, monkeypatch):
    """B18: from the list of events, although each row was asked about a moment ago."""
    orders = waiting_orders(quiet, 3)
    for order in orders:
        set_attempt(quiet, order, created_at=ago(quiet, hours=1))
    news = News()
    assert run_round(quiet, news)[0].asked == 3
    pays(quiet, orders[0])
    one, lines = run_round(quiet, news)
    assert lines == [f"order {orders[0]} attempt 1: pending -> successful"]
    assert one.asked == 1
    sent = note_requests(monkeypatch)
    assert run_round(quiet, news)[0].asked == 0
    assert not [path for _, path in sent if "/charges/chrg" in path]


def test_news_are_read_from_a_little_before_the_last_round(quiet, monkeypatch):
    """C9: Omise's clock need not be the database's."""
    begun = []

    def events(begin, offset):
        begun.append(begin)
        return verbs.Page([], 0)

    monkeypatch.setattr(verbs, "events_since", events)
    since = ago(quiet, hours=1)
    run_round(quiet, News(since=since))
    assert begun == [since - SKEW]


def test_news_are_heard_again_until_they_are_in_the_book(quiet):
    """B18: the charge could not be read the first time."""
    (order,) = waiting_orders(quiet, 1)
    set_attempt(quiet, order, created_at=ago(quiet, hours=1))
    news = News()
    run_round(quiet, news)
    pays(quiet, order)
    charge = f"/charges/{quiet.order(order).latest.charge_id}"
    quiet.omise.breaks("answer_before", method="GET", path=charge, status=500)
    assert run_round(quiet, news)[0].errors == 1
    assert status(quiet, order) == "pending"
    run_round(quiet, news)
    assert status(quiet, order) == "successful"


def test_news_are_read_page_by_page(quiet, monkeypatch):
    """B18: to the end of the list."""
    orders = waiting_orders(quiet, 3)
    for order in orders:
        set_attempt(quiet, order, created_at=ago(quiet, hours=1))
    news = News()
    run_round(quiet, news)
    pay_all(quiet)
    monkeypatch.setattr(verbs, "PAGE", 2)
    one, _ = run_round(quiet, news)
    assert one.asked == 3
    assert all(quiet.order(order).paid_at for order in orders)


def test_news_that_cannot_be_read_stop_nothing(quiet):
    """B15, B17: a list that fails, or is nonsense, is told; rows are asked all the same."""
    orders = waiting_orders(quiet, 2)
    news = News()
    run_round(quiet, news)
    pay_all(quiet)
    quiet.omise.breaks("answer_before", method="GET", path="/events")
    odd = [{"data": None}, None, 5, {"data": {"object": "charge", "id": 7}}, {"id": []}]
    for path in ("/refunds", "/disputes"):
        quiet.omise.breaks("change", method="GET", path=path, set={"data": odd})
    one, lines = run_round(quiet, news)
    assert lines[0].startswith("news: HTTP 500")
    assert one.errors == 1
    assert all(quiet.order(order).paid_at for order in orders)


def test_a_refund_on_the_dashboard_is_found_without_any_webhook(quiet):
    """A27: the order says so, and nothing but its charge is asked about."""
    order = paid_order(quiet)
    with quiet.app.app_context():
        verbs.refund_charge(charge_id(quiet, order), 12000, "by hand")
    quiet.sweep()
    assert quiet.order(order).attempts[0].refunded_amount == 12000
    assert quiet.order(order).paid_at
    (made,) = quiet.omise.latest()["refunds"]["data"]
    said = why(quiet.order(order))
    assert f"120.00 THB was refunded that nobody asked for here ({made['id']})" in said
    # What is given back from here is asked for, and the flag is raised once.
    runner = quiet.app.test_cli_runner()
    assert runner.invoke(args=["payment", "clear", order]).exit_code == 0
    refund = ["payment", "refund", order, "100", "--yes"]
    assert runner.invoke(args=refund).exit_code == 0
    quiet.sweep()
    assert quiet.order(order).attempts[0].refunded_amount == 22000
    assert why(quiet.order(order)) is None


def test_a_dispute_is_found_without_any_webhook_and_flagged(quiet):
    """A27: when it begins and when it is lost; the order stays paid."""
    order = paid_order(quiet)
    quiet.omise.control(f"charges/{charge_id(quiet, order)}/dispute")
    quiet.sweep()
    assert quiet.order(order).attempts[0].dispute == "open"
    assert "is disputed (open)" in why(quiet.order(order))
    key = (sandbox.SECRET_KEY, "")
    (dispute,) = requests.get(
        f"{quiet.omise.base}disputes", auth=key, timeout=30
    ).json()["data"]
    uri = f"{quiet.omise.base}disputes/{dispute['id']}/accept"
    requests.patch(uri, auth=key, timeout=30).raise_for_status()
    quiet.sweep()
    assert quiet.order(order).attempts[0].dispute == "lost"
    assert why(quiet.order(order)).startswith("charge")
    assert "is disputed (lost)" in why(quiet.order(order))
    assert quiet.order(order).paid_at
    assert len(quiet.order(order).flags) == 2
    quiet.sweep()
    assert len(quiet.order(order).flags) == 2


def disputes_of(shop):
    key = (sandbox.SECRET_KEY, "")
    return requests.get(f"{shop.omise.base}disputes", auth=key, timeout=30).json()[
        "data"
    ]


def test_a_dispute_is_followed_to_its_end_however_long_that_takes(quiet):
    """A27: opened three days ago, lost now; every round but the first looks two days back.

    No event tells of it, as where a sweep was away.
    """
    quiet.omise.control("settings", clock_offset=-3 * 24 * 60 * 60)
    order = paid_order(quiet)
    quiet.omise.control(f"charges/{charge_id(quiet, order)}/dispute")
    quiet.omise.control("settings", clock_offset=0)
    set_attempt(quiet, order, created_at=ago(quiet, days=3))
    news = News()
    run_round(quiet, news)
    assert quiet.order(order).attempts[0].dispute == "open"
    (dispute,) = disputes_of(quiet)
    uri = f"{quiet.omise.base}disputes/{dispute['id']}/accept"
    key = (sandbox.SECRET_KEY, "")
    requests.patch(uri, auth=key, timeout=30).raise_for_status()
    nothing = {"data": [], "total": 0}
    quiet.omise.breaks("change", method="GET", path="/events", set=nothing)
    run_round(quiet, news)
    assert quiet.order(order).attempts[0].dispute == "lost"


def test_a_dispute_of_which_no_list_tells_is_asked_about_by_its_charge(
    quiet, monkeypatch
):
    """A27: however many newer ones there are; once an hour, the one first that waited longest."""
    older = paid_order(quiet)
    quiet.omise.control(f"charges/{charge_id(quiet, older)}/dispute")
    news = News()
    run_round(quiet, news)
    assert quiet.order(older).attempts[0].dispute == "open"
    (dispute,) = disputes_of(quiet)
    newer = paid_order(quiet)
    quiet.omise.control(f"charges/{charge_id(quiet, newer)}/dispute")
    key = (sandbox.SECRET_KEY, "")
    uri = f"{quiet.omise.base}disputes/{dispute['id']}/accept"
    requests.patch(uri, auth=key, timeout=30).raise_for_status()
    monkeypatch.setattr(verbs, "PAGE", 1)
    monkeypatch.setattr(sweep, "_PAGES_OF_NEWS", 1)
    nothing = {"data": [], "total": 0}
    quiet.omise.breaks("change", method="GET", path="/events", set=nothing, times=0)
    set_attempt(quiet, older, checked_at=ago(quiet, minutes=59))
    run_round(quiet, news)
    assert quiet.order(older).attempts[0].dispute == "open"
    set_attempt(quiet, older, checked_at=ago(quiet, minutes=61))
    run_round(quiet, news)
    assert quiet.order(older).attempts[0].dispute == "lost"


def test_a_refund_that_was_done_and_failed_since_is_flagged_once(quiet):
    """A24: weeks later, in a sweep that goes on: it looks far back once a day."""
    order = paid_order(quiet)
    runner, news = quiet.app.test_cli_runner(), News()
    refund = ["payment", "refund", order, "100", "--yes"]
    quiet.omise.control("settings", clock_offset=-9 * 24 * 60 * 60)
    assert runner.invoke(args=refund).exit_code == 0
    quiet.omise.control("settings", clock_offset=0)
    run_round(quiet, news)
    (row,) = refunds_at_omise(quiet)
    failed = {"data": [row | {"status": "failed"}], "total": 1}
    quiet.omise.breaks("change", method="GET", path="/refunds", set=failed, times=0)
    # What a list shows of a span that it was not asked for is refused.
    _, lines = run_round(quiet, news)
    assert lines == ["refunds of the dashboard: a list of another span"]
    news.looked_far_back_at = ago(quiet, hours=25)
    _, lines = run_round(quiet, news)
    assert lines == [f"refund {row['id']}: done -> failed"]
    attempt = quiet.order(order).attempts[0]
    (given,) = attempt.refunds
    assert (given.status, given.failure_code) == ("failed", "failed")
    assert attempt.refunded_amount == 0
    said = why(quiet.order(order))
    assert f"refund {row['id']} of 100.00 THB was done, and Omise calls it" in said
    assert runner.invoke(args=["payment", "clear", order]).exit_code == 0
    quiet.omise.heals()
    for _ in range(2):
        run_round(quiet, News())
    assert "was done, and Omise" not in (why(quiet.order(order)) or "")


def refunds_at_omise(shop):
    key = (sandbox.SECRET_KEY, "")
    return requests.get(f"{shop.omise.base}refunds", auth=key, timeout=30).json()[
        "data"
    ]


def test_of_long_lists_the_newest_are_read_and_the_rest_is_told(quiet, monkeypatch):
    """A27, B17: however much others give back or dispute in the same account."""
    older, newer = paid_order(quiet), paid_order(quiet)
    for order in (older, newer):
        with quiet.app.app_context():
            verbs.refund_charge(charge_id(quiet, order), 12000, "by hand")
        quiet.omise.control(f"charges/{charge_id(quiet, order)}/dispute")
    monkeypatch.setattr(verbs, "PAGE", 1)
    monkeypatch.setattr(sweep, "_PAGES_OF_NEWS", 1)
    _, lines = run_round(quiet)
    assert lines == [
        "refunds of the dashboard: only the newest 1 could be listed",
        "disputes: only the newest 1 could be listed",
    ]
    attempt = quiet.order(newer).attempts[0]
    assert (attempt.refunded_amount, attempt.dispute) == (12000, "open")


def test_charges_that_cannot_be_read_stop_neither_refunds_nor_disputes(quiet):
    """B17: Omise answers, so it is not down; it is told, row by row."""
    disputed = paid_order(quiet)
    quiet.omise.control(f"charges/{charge_id(quiet, disputed)}/dispute")
    quiet.omise.control("settings", three_d_secure=True)
    orders = waiting_orders(quiet, 6)
    for order in orders:
        path = f"/charges/{charge_id(quiet, order)}"
        quiet.omise.breaks("change", method="GET", path=path, set={"amount": "much"})
    one, lines = run_round(quiet)
    assert (one.asked, one.errors) == (6, 6)
    assert "amount is not an amount" in lines[0]
    assert quiet.order(disputed).attempts[0].dispute == "open"


def two_lost_orders(shop):
    """Let two answers get lost, one long before the other, and give both orders."""
    old, new = lost_order(shop), lost_order(shop)
    long_ago = ago(shop, hours=30)
    for order, left in ((old, long_ago), (new, ago(shop, minutes=1))):
        set_attempt(shop, order, pays_with=None, sent_at=left, created_at=left)
    return old, new


def change_window(monkeypatch, is_it, answer):
    """Let a window of the list of charges answer otherwise; gives how often it was read."""
    honest, reads = verbs.charges_between, []

    def read(begin, end, offset):
        if not is_it(begin):
            return honest(begin, end, offset)
        reads.append(offset)
        return answer(offset)

    monkeypatch.setattr(verbs, "charges_between", read)
    return reads


def breaks_down(offset):
    raise GatewayError("HTTP 500")


def endless(offset):
    rows = [{"object": "charge", "id": f"chrg_test_{offset + one}"} for one in range(9)]
    return verbs.Page(rows, 10**6)


@pytest.mark.parametrize("answer", [breaks_down, endless])
@pytest.mark.parametrize("which", ["the old", "the new"])
def test_one_window_that_is_never_read_stops_no_other(
    quiet, monkeypatch, which, answer
):
    """B17, A3: it fails, or it has no end; so much is read of it, and it is told."""
    old, new = two_lost_orders(quiet)
    (found,) = [one for one in (old, new) if (one == old) is not (which == "the old")]
    begins = ago(quiet, hours=15)
    if which == "the new":
        # The list shows the old one's charge where its attempt says that it was made.
        shown = [row for row in quiet.omise.charges() if old in str(row["metadata"])]
        change_window(
            monkeypatch, lambda begin: begin < begins, lambda _: verbs.Page(shown, 1)
        )
    reads = change_window(
        monkeypatch, lambda begin: (begin < begins) is (which == "the old"), answer
    )
    monkeypatch.setattr(sweep, "_PAGES_OF_A_WINDOW", 3)
    # The newest is read first: were it the other way round, the old one would leave it no page.
    monkeypatch.setattr(sweep, "_PAGES", 3 if which == "the old" else 4)
    one, lines = run_round(quiet)
    assert charge_id(quiet, found)
    assert len(reads) == (3 if (which, answer) == ("the new", endless) else 2)
    said = "HTTP 500" if answer is breaks_down else "not all charges of"
    assert lines[0].startswith(f"lost answers: {said}")
    assert one.errors == (2 if answer is breaks_down else 0)


def test_a_list_that_repeats_its_rows_is_not_read_on_and_on(quiet, monkeypatch):
    """B17: nothing new in a page is the end of it."""
    two_lost_orders(quiet)
    begins = ago(quiet, hours=15)
    reads = change_window(
        monkeypatch, lambda begin: begin < begins, lambda _: endless(0)
    )
    run_round(quiet)
    assert len(reads) == 2


def test_receivers_are_told_what_was_left_after_omise_was_asked(quiet, monkeypatch):
    """B18: one that is slow delays no lost answer."""
    waiting_orders(quiet, 1)
    sent = note_requests(monkeypatch)
    told = []

    def tell(seconds):
        told.append((seconds, len(sent)))
        return []

    monkeypatch.setattr(entries, "tell_what_is_left", tell)
    run_round(quiet)
    assert told == [(10, len(sent))]


def test_an_order_that_nobody_is_told_of_is_flagged_once(quiet):
    """A28: also when somebody has looked after it, and the receiver goes on failing."""

    def fails(app, order, why):
        raise RuntimeError("the mail server is down")

    with order_paid.connected_to(fails):
        order = paid_order(quiet)
        with quiet.engine.begin() as connection:
            connection.execute(update(Entry).values(at=ago(quiet, hours=25)))
        run_round(quiet)
        assert "told to nobody for a day" in why(quiet.order(order))
        runner = quiet.app.test_cli_runner()
        assert runner.invoke(args=["payment", "clear", order]).exit_code == 0
        run_round(quiet)
    assert why(quiet.order(order)) is None


@pytest.mark.parametrize("move", ["reverse", "expire"])
def test_an_authorisation_that_lapses_is_recorded_and_flagged(build_shop, move):
    """A27: nobody asked for it at this terminal."""
    shop = build_shop(AUTO_CAPTURE="off")
    shop.omise.control("settings", webhook_uri=None)
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        assert shopper.state == "authorized"
        order = shopper.order_id
    shop.sweep()
    assert why(shop.order(order)) is None
    if move == "reverse":
        with shop.app.app_context():
            verbs.reverse_charge(charge_id(shop, order))
    else:
        shop.omise.control("settings", clock_offset=8 * 24 * 60 * 60)
    shop.sweep()
    ended = {"reverse": "reversed", "expire": "expired"}[move]
    assert status(shop, order) == ended
    assert f"the authorised amount was given up ({ended})" in why(shop.order(order))


def test_a_release_whose_answer_was_lost_is_not_called_unasked(build_shop):
    """A27: an operator has asked for it here, whoever finds it."""
    shop = build_shop(AUTO_CAPTURE="off")
    shop.omise.control("settings", webhook_uri=None)
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        order = shopper.order_id
    path = f"/charges/{charge_id(shop, order)}"
    shop.omise.breaks("reset_after", method="POST", path=f"{path}/reverse")
    shop.omise.breaks("answer_before", method="GET", path=path)
    runner = shop.app.test_cli_runner()
    result = runner.invoke(args=["payment", "reverse", order, "--yes"])
    assert (result.exit_code, status(shop, order)) == (1, "pending")
    shop.sweep()
    assert status(shop, order) == "reversed"
    assert why(shop.order(order)) is None
    assert "reverse" in runner.invoke(args=["payment", "show", order]).output


def test_a_code_that_is_left_over_is_closed_once_its_order_is_paid(quiet):
    """A15, A16: nobody can pay it by mistake any more."""
    quiet.omise.control("settings", three_d_secure=False)
    quiet.omise.breaks("answer_before", method="POST", path="/charges/.*/expire")
    with Shopper(quiet) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        order = shopper.order_id
        token = shopper.hidden()["csrf_token"]
        shopper.post(f"/orders/{order}/again", {"csrf_token": token})
        assert status(quiet, order) == "pending"
        shopper.opens_order(order, "/pay")
        shopper.pays_here()
        assert shopper.state == "paid"
    quiet.sweep()
    assert status(quiet, order) == "expired"
    assert quiet.omise.charged(order) == {
        "expired": (1, 49000),
        "successful": (1, 49000),
    }
    assert why(quiet.order(order)) is None


def test_a_row_that_no_attempt_explains_is_left_alone(quiet):
    """B10: charges, refunds and disputes of another app in the same account."""
    foreign = str(uuid.uuid4())
    with quiet.app.app_context():
        quiet.omise.control("settings", three_d_secure=False)
        made = verbs.create_charge(
            order_id=foreign,
            attempt_id=foreign,
            amount=49000,
            currency="THB",
            return_uri=quiet.url,
            ip=None,
            description="of another app",
            capture=True,
            metadata={},
            card=quiet.omise.token(),
        )
        verbs.refund_charge(made.id, 100, "theirs")
    quiet.omise.control(f"charges/{made.id}/dispute")
    news = News(since=ago(quiet, hours=1))
    assert run_round(quiet, news)[0].asked == 0
    with quiet.engine.connect() as connection:
        assert connection.execute(select(Order.id)).all() == []


@pytest.mark.parametrize("odd", ["../tokens", "chrg_test_5\0x", "tokn_test_5x", 5])
def test_news_of_an_id_that_is_no_charge_s_ask_nothing(quiet, odd):
    """B17: whatever attempt it names."""
    (order,) = waiting_orders(quiet, 1)
    lately = {"created_at": ago(quiet, hours=1), "checked_at": ago(quiet, seconds=1)}
    set_attempt(quiet, order, **lately)
    named = {"attempt_id": quiet.order(order).latest.id}
    data = {"object": "charge", "id": odd, "status": "failed", "metadata": named}
    rows = [{"object": "event", "id": "evnt_test_5x", "data": data}]
    changed = {"data": rows, "total": 1}
    quiet.omise.breaks("change", set=changed, method="GET", path="/events", times=0)
    one, _ = run_round(quiet, News(since=ago(quiet, hours=1)))
    assert (one.asked, one.errors) == (0, 0)


def test_what_was_not_found_is_watched_for_a_week(quiet):
    """A19: then no longer."""
    order = lost_order(quiet)
    set_attempt(quiet, order, status="not_found", sent_at=ago(quiet, days=6, hours=23))
    with quiet.app.app_context():
        assert [one.order_id for one in queries.watched()[0]] == [order]
    set_attempt(quiet, order, sent_at=ago(quiet, days=7, hours=1))
    assert "asked about 0" in quiet.sweep()


def heard_until(shop, **by):
    """Let the last sweep that heard all have been so long ago."""
    with shop.engine.begin() as connection:
        connection.execute(update(HeardUntil).values(until=ago(shop, **by)))


def late_payment(shop, minutes=0):
    """Let a code be paid so long ago, although the book has that it expired."""
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        order = shopper.order_id
    run_sweep(shop)
    set_attempt(shop, order, status="expired")
    shop.omise.control("settings", clock_offset=-60 * minutes)
    pays(shop, order)
    shop.omise.control("settings", clock_offset=0)
    return order


def test_money_that_comes_after_an_attempt_has_ended_needs_no_webhook(quiet):
    """A14: sweeps that are started anew hear of it, too, and a person does."""
    order = late_payment(quiet)
    run_sweep(quiet)
    assert status(quiet, order) == "successful"
    assert "paid although attempt 1 was expired" in why(quiet.order(order))


def test_first_rounds_that_end_at_once_all_keep_how_far_they_heard(quiet):
    """A14, A18: a book that no sweep has noted anything in yet, and the latest moment stays."""
    moments = [datetime(2026, 11, 24, 12, minute) for minute in range(8)]

    def note(until, ready):
        with quiet.app.app_context():
            ready.wait()
            queries.note_heard(until)

    for _ in range(10):
        with quiet.engine.begin() as connection:
            connection.execute(delete(HeardUntil))
        with ThreadPoolExecutor(len(moments)) as pool:
            ready = threading.Barrier(len(moments))
            noted = [pool.submit(note, until, ready) for until in moments]
        assert [one.result() for one in noted] == [None] * len(moments)
        with quiet.app.app_context():
            assert queries.heard_until() == moments[-1]


def test_news_that_could_not_be_read_are_heard_by_a_later_sweep(quiet):
    """A14, B15: however long the list fails."""
    order = late_payment(quiet, minutes=25)
    heard_until(quiet, minutes=30)
    broken = {"method": "GET", "path": "/events", "times": 1}
    rule = quiet.omise.breaks("answer_before", status=500, body="html", **broken)
    run_sweep(quiet)
    assert quiet.omise.fault(rule)["met"] == 1
    assert status(quiet, order) == "expired"
    run_sweep(quiet)
    assert status(quiet, order) == "successful"


def test_news_whose_charge_could_not_be_read_are_heard_again(quiet):
    """A14: the list was read, and the charge was not."""
    order = late_payment(quiet, minutes=25)
    heard_until(quiet, minutes=30)
    path = f"/charges/{charge_id(quiet, order)}"
    quiet.omise.breaks("close_before", method="GET", path=path, times=1)
    run_sweep(quiet)
    assert status(quiet, order) == "expired"
    run_sweep(quiet)
    assert status(quiet, order) == "successful"


def test_news_are_heard_from_where_a_short_list_ended(quiet, monkeypatch):
    """A20: more has happened than one round reads."""
    order = late_payment(quiet, minutes=25)
    heard_until(quiet, minutes=30)
    monkeypatch.setattr(sweep, "_PAGES_OF_NEWS", 1)
    rule = quiet.omise.breaks("short_page", method="GET", path="/events", rows=0)
    run_sweep(quiet)
    assert quiet.omise.fault(rule)["met"] == 1
    run_sweep(quiet)
    assert status(quiet, order) == "successful"


def test_old_news_open_no_attempt_that_an_operator_has_closed(quiet):
    """A31: that its charge was made once is no news; money is."""
    with Shopper(quiet) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        order = shopper.order_id
    refusal = {"status": 400, "body": "error", "code": "failed_expire"}
    path = f"/charges/{charge_id(quiet, order)}/expire"
    quiet.omise.breaks("answer_before", method="POST", path=path, **refusal)
    closing = ["payment", "close", order, "--reason", "the shopper asked", "--yes"]
    assert quiet.app.test_cli_runner().invoke(args=closing).exit_code == 0
    run_sweep(quiet)
    run_round(quiet, News())
    assert status(quiet, order) == "closed"
    pays(quiet, order)
    run_sweep(quiet)
    assert status(quiet, order) == "successful"
    assert "paid although attempt 1 was closed" in why(quiet.order(order))


def test_money_held_by_an_attempt_that_was_closed_opens_it(build_shop):
    """A14, A31: the shopper's bank has said yes since."""
    shop = build_shop(AUTO_CAPTURE="off")
    shop.omise.control("settings", webhook_uri=None, three_d_secure=True)
    (order,) = waiting_orders(shop, 1)
    run_sweep(shop)
    closing = ["payment", "close", order, "--reason", "no word of them", "--yes"]
    assert shop.app.test_cli_runner().invoke(args=closing).exit_code == 0
    pays(shop, order)
    run_sweep(shop)
    assert (status(shop, order), shop.order(order).attempts[0].authorized) == (
        "pending",
        True,
    )
    assert "authorised although attempt 1 was closed" in why(shop.order(order))
