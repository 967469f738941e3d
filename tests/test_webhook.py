"""The webhook: what is believed, what is kept, and what it sets off."""

import json
import time
import uuid

import pytest
import requests
from rig import eventually, webhooks_rest
from shopper import Shopper
from sqlalchemy import func, select
from test_signature import SECRET, signed
from werkzeug.test import EnvironBuilder

from payment.orders.models import Delivery
from webhook import webhook
from webhook.webhook import Refusals


def deliver(shop, event, *, secret=SECRET, headers=None, body=None):
    body = json.dumps(event).encode() if body is None else body
    stamp = str(int(time.time()))
    signature = signed(body, stamp, secret)
    sent = {"Omise-Signature": signature, "Omise-Signature-Timestamp": stamp}
    sent |= {"Content-Type": "application/json"} | (headers or {})
    return requests.post(f"{shop.url}/webhook", data=body, headers=sent, timeout=30)


def event(charge_id, key="charge.complete", **data):
    return {
        "object": "event",
        "id": f"evnt_test_{uuid.uuid4().hex[:19]}",
        "key": key,
        "data": {"object": "charge", "id": charge_id, **data},
    }


def deliveries(shop):
    with shop.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Delivery))


def reads(shop):
    """Count how often Omise was asked about a charge."""
    return shop.omise.books()["counts"].get("GET /charges/<charge_id>", 0)


@pytest.fixture
def waiting(shopper):
    """Give a shopper whose PromptPay order waits, with webhooks of the sandbox off."""
    shopper.shop.omise.control("settings", webhook_uri=None)
    shopper.adds()
    shopper.pays_by("promptpay")
    shopper.charge = shopper.shop.omise.charges()[0]
    yield shopper
    shopper.shop.omise.control("settings", webhook_uri=f"{shopper.shop.url}/webhook")


def test_an_event_settles_the_charge_it_names(waiting):
    shop = waiting.shop
    shop.omise.control(f"charges/{waiting.charge['id']}/pay")
    assert deliver(shop, event(waiting.charge["id"])).status_code == 200
    eventually(lambda: shop.order(waiting.order_id).paid_at)


@pytest.mark.parametrize(
    "odd", ["tokn_test_5x", "../tokens", "chrg_test_5x\0", "chrg_" + "x" * 99, 5, {}]
)
def test_what_is_named_and_no_charge_sets_nothing_off(shop, odd):
    """B10: the delivery is kept without it."""
    told, before = event(odd), reads(shop)
    assert deliver(shop, told).status_code == 200
    webhooks_rest()
    assert reads(shop) == before
    with shop.engine.connect() as connection:
        mine = select(Delivery.charge_id).where(Delivery.event_id == told["id"])
        assert connection.execute(mine).all() == [(None,)]


def test_a_long_or_odd_key_is_kept_as_far_as_there_is_room(shop):
    """A31: its delivery is kept all the same."""
    told = event("chrg_test_5x", key="\0Ü" + "x" * 100)
    assert deliver(shop, told).status_code == 200
    with shop.engine.connect() as connection:
        mine = select(Delivery.key).where(Delivery.event_id == told["id"])
        assert connection.scalar(mine) == "??" + "x" * 62


def test_a_caller_who_hangs_up_at_once_is_still_heard(waiting):
    """B12: a server whose client is gone may never close the response; it settles all the same."""
    shop = waiting.shop
    shop.omise.control(f"charges/{waiting.charge['id']}/pay")
    body, stamp = json.dumps(event(waiting.charge["id"])).encode(), str(
        int(time.time())
    )
    headers = {
        "Omise-Signature": signed(body, stamp),
        "Omise-Signature-Timestamp": stamp,
    }
    environ = EnvironBuilder(
        "/webhook", shop.url, method="POST", data=body, headers=headers
    ).get_environ()
    never_closed = shop.app(environ, lambda *_: None)
    eventually(lambda: shop.order(waiting.order_id).paid_at)
    never_closed.close()


def test_a_signed_lie_changes_nothing(waiting):
    """B9: the event says successful, Omise says pending."""
    shop = waiting.shop
    lie = event(waiting.charge["id"], status="successful", paid=True, amount=49000)
    before = shop.order(waiting.order_id).attempts[0].recorded_at
    assert deliver(shop, lie).status_code == 200
    eventually(lambda: shop.order(waiting.order_id).attempts[0].recorded_at != before)
    assert shop.order(waiting.order_id).paid_at is None


def test_the_same_event_again_changes_nothing(waiting):
    """B1, B20: replays are kept once, and Omise is asked once."""
    shop = waiting.shop
    shop.omise.control(f"charges/{waiting.charge['id']}/pay")
    told, before, asked = event(waiting.charge["id"]), deliveries(shop), reads(shop)
    assert [deliver(shop, told).status_code for _ in range(5)] == [200] * 5
    eventually(lambda: shop.order(waiting.order_id).paid_at)
    paid_at = shop.order(waiting.order_id).paid_at
    assert deliver(shop, told).status_code == 200
    webhooks_rest()
    assert deliveries(shop) == before + 1
    assert reads(shop) == asked + 1
    assert shop.order(waiting.order_id).paid_at == paid_at


@pytest.mark.parametrize(
    "broken",
    [
        {"secret": "b3RoZXI="},
        {"headers": {"Omise-Signature": ""}},
        {"headers": {"Omise-Signature-Timestamp": "1"}},
    ],
)
def test_an_unsigned_delivery_is_refused_and_not_kept(shop, broken):
    """B6: 401, nothing stored."""
    before = deliveries(shop)
    assert deliver(shop, event("chrg_test_1"), **broken).status_code == 401
    assert deliveries(shop) == before


def test_a_flood_of_forged_deliveries_does_not_flood_the_log(shop, caplog, monkeypatch):
    """B20: each reason once a minute, with how many there were."""
    monkeypatch.setitem(shop.app.extensions, "webhook", Refusals())
    told, other = event("chrg_test_1"), {"headers": {"Omise-Signature-Timestamp": "1"}}
    for broken in [*[{"secret": "b3RoZXI="}] * 20, other, other]:
        assert deliver(shop, told, **broken).status_code == 401

    def lines():
        return [one for one in caplog.messages if one.startswith("webhook refused")]

    assert [line.split(" (")[1] for line in lines()] == [
        "1 since this was last said)"
    ] * 2
    monkeypatch.setattr(webhook, "QUIET", 0)
    deliver(shop, told, secret="b3RoZXI=")
    assert lines()[-1].endswith("no signature matches (20 since this was last said)")


@pytest.mark.parametrize(
    "told",
    [
        event("chrg_test_5unknown000000000000"),
        event("../customers/x"),
        event(None),
        event("chrg_test_1", key="galaxy.explode"),
        {**event("x"), "data": {"object": "transfer", "id": "trsf_test_1"}},
        {**event("x"), "data": {"object": "refund", "charge": "chrg_test_5unknown"}},
        {**event("x"), "data": None},
        {**event("x"), "key": None},
    ],
)
def test_events_of_other_things_are_kept_and_left_alone(shop, told):
    """B10: unknown keys, ids and objects are answered 200."""
    before = deliveries(shop)
    assert deliver(shop, told).status_code == 200
    assert deliveries(shop) == before + 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_event_is_refused(shop, body):
    """B13: deep or broken JSON."""
    assert deliver(shop, None, body=body).status_code == 400


def test_a_body_too_large_is_refused(shop):
    """B13: over 256 KiB."""
    assert deliver(shop, None, body=b" " * (256 * 1024 + 1)).status_code == 413


def test_looking_at_the_webhook_is_refused(shop):
    """B13: GET."""
    assert requests.get(f"{shop.url}/webhook", timeout=30).status_code == 405


def test_without_a_secret_nothing_is_believed(build_shop):
    """B8: there is no "accept all"."""
    shop = build_shop()
    shop.app.config["OMISE_WEBHOOK_SECRET"] = None
    assert deliver(shop, event("chrg_test_1")).status_code == 503


def test_an_event_before_our_own_answer_is_not_lost(shopper):
    """B3: the attempt is found by the metadata, whoever reports first."""
    shop = shopper.shop
    shopper.adds()
    shopper.pays_by("promptpay")
    attempt = shop.order(shopper.order_id).attempts[0]
    assert attempt.charge_id == shop.omise.charges()[0]["id"]
    assert shop.omise.charges()[0]["metadata"]["attempt_id"] == attempt.id


def test_the_sandbox_and_the_shop_agree_on_the_signature(shop):
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        charge = shop.omise.charges()[0]
        shop.omise.control(f"charges/{charge['id']}/pay")
        eventually(lambda: shop.order(shopper.order_id).paid_at)
