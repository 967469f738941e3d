"""Webhooks that come twice, late, early, in the wrong order, signed oddly, lying, or not at all."""

import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
import requests
from fault_rig import begin, dump
from rig import eventually, why
from sqlalchemy.orm import Session
from test_signature import OTHER, SECRET, signed
from test_webhook import deliver, event
from test_webhook import reads as reads_of_charges

import sandbox
from payment import OrdersUnavailable, order_paid
from payment.operations import sweep
from payment.orders import ledger, queries
from webhook import webhook

CREATE = {"method": "POST", "path": "/charges"}
FIND = {"method": "GET", "path": r"/charges/chrg_test_\w+"}


class Settlers:
    """Settle on threads as the webhook does, and tell when they are done."""

    def __init__(self):
        self.pool, self.futures = ThreadPoolExecutor(4), []

    def submit(self, act, *args):
        """Begin one."""
        self.futures.append(self.pool.submit(act, *args))

    def rest(self):
        """Wait until all that began are done."""
        assert not wait(self.futures, timeout=20).not_done


@pytest.fixture
def settlers(monkeypatch):
    """Watch the threads that settle what webhooks tell."""
    settlers = Settlers()
    monkeypatch.setattr(webhook, "_workers", settlers)
    yield settlers
    settlers.pool.shutdown()


@pytest.fixture
def shop(served, settlers, monkeypatch):
    """Give a shop with empty books that hears from its Omise."""
    monkeypatch.setattr(sweep, "RATE", 1000)
    yield begin(served, webhook_uri=f"{served.url}/webhook")
    served.omise.heals()
    postman(served).rest()


@pytest.fixture
def filled(shopper):
    """Give a shopper with something in the cart."""
    shopper.adds()
    return shopper


@pytest.fixture
def paid(shop):
    """Hear of each order that is paid."""
    told = []

    def listen(app, order, why):
        told.append(order.id)

    with order_paid.connected_to(listen):
        yield told


def postman(shop):
    """Find the sandbox's postman, who can tell when all letters are delivered."""
    return shop.app.extensions["sandbox"].extensions["sandbox_postman"]


def waits(shopper):
    """Leave a PromptPay order waiting and all heard of it settled; gives its charge's id."""
    shopper.pays_by("promptpay")
    postman(shopper.shop).rest()
    return shopper.shop.order(shopper.order_id).latest.charge_id


def pay(shop, charge_id):
    shop.omise.control(f"charges/{charge_id}/pay")


def answers_to(shop):
    """List with which statuses the shop has answered deliveries, oldest event first."""
    asked = f"{shop.omise.base}events?limit=100"
    events = requests.get(asked, auth=(sandbox.SECRET_KEY, ""), timeout=30).json()
    return [
        (one["key"], delivery["status"])
        for one in events["data"]
        for delivery in one["webhook_deliveries"]
    ]


def test_the_same_event_a_hundred_times_changes_nothing(shop, filled, settlers, paid):
    """B1, B20, A18: one after the other, then from twenty threads at once; Omise is asked once."""
    charge_id = waits(filled)
    settlers.rest()
    shop.omise.control("settings", webhook_uri=None)
    pay(shop, charge_id)
    told, asked = event(charge_id), reads_of_charges(shop)
    assert deliver(shop, told).status_code == 200
    settlers.rest()
    before = dump(shop)
    assert before["payment_orders"][0]
    assert paid == [filled.order_id]
    for _ in range(100):
        assert deliver(shop, told).status_code == 200
    settlers.rest()
    assert dump(shop) == before
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: deliver(shop, told), range(100)))
    settlers.rest()
    assert {answer.status_code for answer in answers} == {200}
    assert dump(shop) == before
    assert reads_of_charges(shop) == asked + 1
    assert paid == [filled.order_id]


def test_the_first_hundred_at_once_pay_the_order_once(shop, filled, settlers, paid):
    """B1, A18: nobody was first yet."""
    charge_id = waits(filled)
    shop.omise.control("settings", webhook_uri=None)
    pay(shop, charge_id)
    told, line_up = event(charge_id), threading.Barrier(20)

    def press(_):
        line_up.wait()
        return [deliver(shop, told).status_code for _ in range(5)]

    with ThreadPoolExecutor(20) as crowd:
        statuses = {status for each in crowd.map(press, range(20)) for status in each}
    settlers.rest()
    assert statuses == {200}
    assert paid == [filled.order_id]
    kept = [row for row in dump(shop)["payment_deliveries"] if row[0] == told["id"]]
    assert len(kept) == 1
    assert why(shop.order(filled.order_id)) is None


def test_of_two_that_look_for_an_event_at_once_one_is_first(shop, monkeypatch):
    """B1, B20: neither has found it."""
    monkeypatch.setattr(Session, "get", lambda *_: None)
    with shop.app.app_context():
        said = [queries.note_delivery("evnt_test_5x", "", None) for _ in range(2)]
    assert said == [True, False]


@pytest.mark.parametrize("fault", ["hold_after", "close_after", "answer_after"])
def test_an_event_that_outruns_our_own_answer_is_not_lost(
    shop, filled, settlers, paid, fault
):
    """B3, A3: the attempt is found by its metadata before we know the charge's id."""
    form = filled.opens_checkout()
    token, order_id = shop.omise.token(), form["order"]
    shop.omise.breaks("webhook", early=True, about=order_id)
    rule = shop.omise.breaks(fault, **CREATE)
    posting = threading.Thread(target=filled.charges, kwargs={"omiseToken": token})
    posting.start()
    try:
        eventually(lambda: (order := shop.order(order_id)) and order.paid_at)
    finally:
        if fault == "hold_after":
            assert shop.omise.fault(rule)["state"] == "held"
            shop.omise.releases(rule)
        posting.join()
    settlers.rest()
    if fault != "hold_after":
        filled.get(f"/orders/{order_id}")  # it may have been drawn a moment too early
    assert (filled.order_id, filled.state) == (order_id, "paid")
    assert (paid, answers_to(shop)) == ([order_id], [("charge.create", 200)])
    assert shop.omise.books()["counts"]["POST /charges"] == 1


def test_no_event_at_all_is_made_up_for_by_the_sweep(shop, filled):
    """B4, B5: whatever was paid with; neither webhook nor return nor an open page."""
    shop.omise.breaks("webhook", drop=True, times=0)
    shop.omise.control("settings", three_d_secure=True)
    orders = []
    for sku, pays in (
        ("cloud-oolong", filled.pays),
        ("celadon-cup", lambda: filled.pays_by("promptpay")),
        (
            "rain-ink",
            lambda: filled.pays_by("truemoney", phone_number="0812345678"),
        ),
    ):
        filled.adds(sku)
        pays()
        orders.append(filled.order_id)
        pay(shop, shop.order(filled.order_id).latest.charge_id)
    postman(shop).rest()
    assert answers_to(shop) == []
    assert len(set(orders)) == 3
    assert not any(shop.order(order).paid_at for order in orders)
    shop.sweep()
    assert all(shop.order(order).paid_at for order in orders)


@pytest.mark.parametrize(
    "how",
    [
        {"hold_back": 2},
        {"copies": 7},
        {"delay": 0.2},
        {"age": 290},
        {"api_version": "2017-11-02"},
    ],
    ids=lambda how: "-".join(how),
)
def test_events_may_come_in_any_way_that_omise_sends_them(
    shop, filled, settlers, paid, how
):
    """B1, B2: newest first, n-fold, late, long under way, or in the account's older version."""
    shop.omise.breaks("webhook", times=0, **how)
    filled.pays_by("promptpay")
    charge_id = shop.order(filled.order_id).latest.charge_id
    pay(shop, charge_id)
    eventually(lambda: shop.order(filled.order_id).paid_at)
    postman(shop).rest()
    settlers.rest()
    assert {status for _, status in answers_to(shop)} == {200}
    assert paid == [filled.order_id]
    assert len(dump(shop)["payment_deliveries"]) == 2
    assert why(shop.order(filled.order_id)) is None


@pytest.mark.parametrize(
    "how", [{"age": 310}, {"secret": OTHER}], ids=["stale", "wrong key"]
)
def test_what_omise_would_not_send_is_refused_and_sets_off_nothing(shop, filled, how):
    """B6: 401, nothing kept, nobody asked; the sweep settles all the same."""
    shop.omise.breaks("webhook", times=0, **how)
    charge_id = waits(filled)
    pay(shop, charge_id)
    postman(shop).rest()
    assert {status for _, status in answers_to(shop)} == {401}
    assert (dump(shop)["payment_deliveries"], reads_of_charges(shop)) == ([], 0)
    shop.sweep()
    assert shop.order(filled.order_id).paid_at


def headers(body, stamp, **other):
    signature = {"Omise-Signature": signed(body, stamp)}
    return {**signature, "Omise-Signature-Timestamp": stamp, **other}


@pytest.mark.parametrize("oddity", ["newer", "no stamp", "odd stamp", "altered"])
def test_a_delivery_with_one_thing_wrong_is_refused_cheaply(
    shop, filled, settlers, oddity
):
    """B6: too new, without a usable timestamp, or altered under way."""
    charge_id = waits(filled)
    settlers.rest()
    before, asked = dump(shop), reads_of_charges(shop)
    body, stamp = json.dumps(event(charge_id)).encode(), str(int(time.time()))
    sent = headers(body, stamp)
    if oddity == "newer":
        sent = headers(body, str(int(stamp) + 310))
    elif oddity == "no stamp":
        del sent["Omise-Signature-Timestamp"]
    elif oddity == "odd stamp":
        sent = headers(body, "soon")
    else:
        body += b" "
    answer = requests.post(f"{shop.url}/webhook", data=body, headers=sent, timeout=30)
    settlers.rest()
    assert answer.status_code == 401
    assert (dump(shop), reads_of_charges(shop)) == (before, asked)


@pytest.mark.parametrize(
    ("omise", "ours", "status"),
    [
        ((OTHER, SECRET), SECRET, 200),
        ((OTHER, SECRET), f"{SECRET},{OTHER}", 200),
        ((OTHER, None), f"{SECRET},{OTHER}", 200),
        ((OTHER, None), OTHER, 200),
        ((OTHER, None), SECRET, 401),
    ],
    ids=["rolled", "both known", "a day later", "old forgotten", "never learnt"],
)
def test_a_secret_may_be_rolled_without_losing_an_event(
    shop, filled, monkeypatch, omise, ours, status
):
    """B7: Omise signs with both for a day; the shop may know both for as long as it likes."""
    monkeypatch.setitem(shop.app.config, "OMISE_WEBHOOK_SECRET", ours)
    new, previous = omise
    shop.omise.control("settings", webhook_secret=new, webhook_previous_secret=previous)
    pay(shop, waits(filled))
    postman(shop).rest()
    assert {told for _, told in answers_to(shop)} == {status}
    if status == 200:
        eventually(lambda: shop.order(filled.order_id).paid_at)


@pytest.mark.parametrize(
    ("move", "lie", "state"),
    [
        (None, {"data.status": "successful", "data.paid": True}, "pending"),
        ("fail", {"data.status": "successful", "data.paid": True}, "failed"),
        ("expire", {"data.status": "successful", "data.paid": True}, "expired"),
        ("pay", {"data.status": "failed", "data.paid": False}, "successful"),
        ("pay", {"data.amount": 1}, "successful"),
        ("pay", {"key": "charge.expire", "data.status": "expired"}, "successful"),
        ("pay", {"data.metadata": {}}, "successful"),
    ],
)
def test_an_event_that_lies_is_only_a_reason_to_ask(
    shop, filled, settlers, move, lie, state
):
    """B9: genuine, well signed and wrong; Omise's own answer counts."""
    shop.omise.breaks("webhook", set=lie, times=0)
    charge_id = waits(filled)
    if move:
        shop.omise.control(f"charges/{charge_id}/{move}")
    postman(shop).rest()
    settlers.rest()
    assert {status for _, status in answers_to(shop)} == {200}
    order = shop.order(filled.order_id)
    assert (order.latest.status, why(order)) == (state, None)
    assert bool(order.paid_at) == (state == "successful")


@pytest.mark.parametrize(
    "metadata",
    [{}, {"order_id": "1001"}, {"order_id": "1001", "attempt_id": str(uuid.uuid4())}],
    ids=["none", "an order", "an attempt"],
)
def test_charges_of_other_apps_are_told_of_and_left_alone(
    shop, filled, settlers, metadata
):
    """B10: another app charges through the same account, and refunds."""
    waits(filled)
    settlers.rest()
    before = dump(shop)
    key = (sandbox.SECRET_KEY, "")
    asked = {"amount": 50000, "currency": "THB", "metadata": metadata}
    asked["card"] = shop.omise.token()
    url = f"{shop.omise.base}charges"
    charge = requests.post(url, json=asked, auth=key, timeout=30).json()
    refund = f"{url}/{charge['id']}/refunds"
    requests.post(refund, json={"amount": 50000}, auth=key, timeout=30)
    postman(shop).rest()
    settlers.rest()
    assert answers_to(shop)[-2:] == [("charge.create", 200), ("refund.create", 200)]
    after = dump(shop)
    assert (
        len(after.pop("payment_deliveries"))
        == len(before.pop("payment_deliveries")) + 2
    )
    assert after == before


def test_a_refund_on_the_dashboard_is_heard_of_at_its_charge(shop, filled, settlers):
    """A27, B10: the event is about the refund, and names the charge."""
    filled.pays()
    order_id, charge_id = filled.order_id, shop.omise.latest()["id"]
    refund = f"{shop.omise.base}charges/{charge_id}/refunds"
    key = (sandbox.SECRET_KEY, "")
    requests.post(refund, json={"amount": 9000}, auth=key, timeout=30)
    postman(shop).rest()
    settlers.rest()
    assert answers_to(shop)[-1] == ("refund.create", 200)
    assert shop.order(order_id).latest.refunded_amount == 9000
    filled.opens_order(order_id)
    assert filled.state == "paid"
    assert "90.00 of it was refunded" in filled.page.text
    requests.post(refund, json={"amount": 40000}, auth=key, timeout=30)
    postman(shop).rest()
    settlers.rest()
    filled.opens_order(order_id)
    assert filled.state == "refunded"
    assert "490.00" in filled.page.text


def test_an_answer_never_waits_for_omise(shop, filled, settlers):
    """B11: stored first, processed afterwards, however long Omise takes."""
    charge_id = waits(filled)
    settlers.rest()
    shop.omise.control("settings", webhook_uri=None)
    pay(shop, charge_id)
    rule = shop.omise.breaks("hold_before", **FIND, times=0)
    taken = []
    for _ in range(20):
        started = time.monotonic()
        assert deliver(shop, event(charge_id)).status_code == 200
        taken.append(time.monotonic() - started)
    eventually(lambda: shop.omise.fault(rule)["state"] == "held")
    assert shop.order(filled.order_id).paid_at is None
    shop.omise.releases(rule)
    settlers.rest()
    assert shop.order(filled.order_id).paid_at
    assert sorted(taken)[-2] < 1


def fails_once(monkeypatch, holder, name, error):
    honest, calls = getattr(holder, name), []

    def flaky(*args):
        calls.append(args)
        if len(calls) == 1:
            raise error
        return honest(*args)

    monkeypatch.setattr(holder, name, flaky)


def test_an_event_that_could_not_be_kept_is_asked_for_again(shop, filled, monkeypatch):
    """B12: 503, and Omise delivers it again."""
    charge_id = waits(filled)
    here = shop.app.extensions["payment"]
    fails_once(monkeypatch, here, "note_delivery", OrdersUnavailable("asked for"))
    pay(shop, charge_id)
    postman(shop).rest()
    assert answers_to(shop)[-1] == ("charge.complete", 503)
    assert shop.order(filled.order_id).paid_at is None
    asked = f"{shop.omise.base}events?limit=100"
    events = requests.get(asked, auth=(sandbox.SECRET_KEY, ""), timeout=30).json()
    shop.omise.control(f"events/{events['data'][-1]['id']}/deliver")
    eventually(lambda: shop.order(filled.order_id).paid_at)


@pytest.mark.parametrize(
    "error", [OrdersUnavailable("asked for"), RuntimeError("asked for")], ids=repr
)
def test_an_event_that_could_not_be_acted_upon_is_left_to_the_sweep(
    shop, filled, settlers, monkeypatch, caplog, error
):
    """B12: it was answered already, so nobody delivers it again."""
    charge_id = waits(filled)
    settlers.rest()
    fails_once(monkeypatch, ledger, "record", error)
    pay(shop, charge_id)
    postman(shop).rest()
    settlers.rest()
    assert answers_to(shop)[-1] == ("charge.complete", 200)
    assert f"webhook for {charge_id} is left to the sweep" in caplog.text
    assert shop.order(filled.order_id).paid_at is None
    shop.sweep()
    assert shop.order(filled.order_id).paid_at
