"""A27: what is done on Omise's dashboard arrives, by webhook alone and by sweep alone."""

import pytest
import requests
from rig import eventually, why
from shopper import Shopper

import sandbox
from payment import attention_needed, order_changed
from payment.gateway import verbs

WAYS = ("webhook", "sweep")


@pytest.fixture(params=WAYS)
def arrives(request):
    """Give what waits until something has come to the shop, by one way and by no other."""

    def waits(shop, check):
        if request.param == "sweep":
            assert not check()
            shop.sweep()
            assert check()
        else:
            eventually(check)

    waits.by = request.param
    return waits


def serve(build_shop, arrives, **settings):
    shop = build_shop(**settings)
    if arrives.by == "sweep":
        shop.omise.control("settings", webhook_uri=None)
    return shop


def begin(shop, pay=Shopper.pays, **more):
    """Let one shopper pay; gives the order's id and the charge's."""
    with Shopper(shop) as shopper:
        shopper.adds()
        pay(shopper, **more)
        order = shopper.order_id
    return order, shop.order(order).attempts[0].charge_id


def by_hand(shop, act, *args):
    """Do at Omise, past the shop's own commands, what a person does on the dashboard."""
    with shop.app.app_context():
        return act(*args)


def history(shop, order):
    shown = shop.app.test_cli_runner().invoke(args=["payment", "show", order]).stdout
    return shown.split("history (UTC):\n")[1]


@pytest.mark.parametrize(("amount", "shown"), [(12000, "paid"), (49000, "refunded")])
def test_a_refund_of_the_dashboard_arrives(build_shop, arrives, amount, shown):
    shop = serve(build_shop, arrives)
    order, charge = begin(shop)
    heard = []

    def listen(app, order, why):
        heard.append(order.attempts[0].refunded_amount)

    order_changed.connect(listen, sender=shop.app)
    by_hand(shop, verbs.refund_charge, charge, amount, "by hand")
    arrives(shop, lambda: shop.order(order).attempts[0].refunded_amount == amount)
    eventually(lambda: amount in heard)
    assert shop.order(order).paid_at
    assert f"refunded 0.00 THB -> {amount / 100:.2f} THB by {arrives.by}" in history(
        shop, order
    )
    with Shopper(shop) as shopper:
        shopper.opens_order(order)
        assert shopper.state == shown
    order_changed.disconnect(listen)


@pytest.mark.parametrize("amount", [None, 12050])
def test_a_capture_of_the_dashboard_arrives(build_shop, arrives, amount):
    """The order is paid, with what was taken."""
    shop = serve(build_shop, arrives, AUTO_CAPTURE="pre_auth")
    order, charge = begin(shop)
    assert not shop.order(order).paid_at
    by_hand(shop, verbs.capture_charge, charge, amount)
    arrives(shop, lambda: shop.order(order).paid_at)
    assert shop.order(order).attempts[0].captured_amount == amount
    assert why(shop.order(order)) is None
    assert f"status pending -> successful by {arrives.by}" in history(shop, order)


def test_a_reversal_of_the_dashboard_arrives_and_is_flagged(build_shop, arrives):
    """Money is let go of that nobody at this terminal has released."""
    shop = serve(build_shop, arrives, AUTO_CAPTURE="off")
    order, charge = begin(shop)
    calls = []

    def mail(app, order, why):
        calls.append((order.id, why))

    attention_needed.connect(mail, sender=shop.app)
    by_hand(shop, verbs.reverse_charge, charge)
    arrives(shop, lambda: shop.order(order).attempts[0].status == "reversed")
    told = (order, f"charge {charge}: the authorised amount was given up (reversed)")
    eventually(lambda: told in calls)
    assert why(shop.order(order)) == told[1]
    attention_needed.disconnect(mail)


def test_a_code_that_was_closed_on_the_dashboard_is_expired(build_shop, arrives):
    shop = serve(build_shop, arrives)
    order, charge = begin(shop, Shopper.pays_by, type="promptpay")
    by_hand(shop, verbs.expire_charge, charge)
    arrives(shop, lambda: shop.order(order).attempts[0].status == "expired")
    assert why(shop.order(order)) is None


def test_a_dispute_arrives_when_it_begins_and_when_it_is_lost(build_shop, arrives):
    """The order stays paid, and a person is called each time."""
    shop = serve(build_shop, arrives)
    order, charge = begin(shop)
    shop.omise.control(f"charges/{charge}/dispute")
    arrives(shop, lambda: shop.order(order).attempts[0].dispute == "open")
    assert why(shop.order(order)) == (
        f"charge {charge} is disputed (open): answer on the dashboard"
    )
    key = (sandbox.SECRET_KEY, "")
    listed = requests.get(f"{shop.omise.base}disputes", auth=key, timeout=30).json()
    (dispute,) = listed["data"]
    uri = f"{shop.omise.base}disputes/{dispute['id']}/accept"
    requests.patch(uri, auth=key, timeout=30).raise_for_status()
    arrives(shop, lambda: shop.order(order).attempts[0].dispute == "lost")
    assert len(shop.order(order).flags) == 2
    assert shop.order(order).paid_at
    listing = shop.app.test_cli_runner().invoke(args=["payment", "list"]).stdout
    assert "disputed: lost" in listing
