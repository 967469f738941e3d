"""The operator's commands: what they show, and what they do to an authorised charge."""

import pytest
from shopper import Shopper

from payment import gateway, ledger, money


def run(shop, *args):
    return shop.app.test_cli_runner().invoke(args=["payment", *args])


@pytest.fixture
def authorised(build_shop):
    """Serve a shop that captures later, and give it with an authorised order."""
    shop = build_shop(AUTO_CAPTURE="off")
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        return shop, shop.order(shopper.order_id)


def test_list_and_show_tell_what_an_order_is_and_how_it_stands(shop, shopper):
    shopper.adds()
    shopper.pays("4111111111140011")
    shopper.pays()
    order = shop.order(shopper.order_id)
    listed = run(shop, "list", "--limit", "1").output
    assert order.id in listed
    assert "490.00 THB  paid" in listed
    shown = run(shop, "show", order.id).output
    assert "1 x " in shown
    assert "total 490.00 THB" in shown
    assert "attempt 1: failed, card, chrg_test_" in shown
    assert "insufficient_fund" in shown
    assert f"attempt 2: successful, card, {order.attempts[1].charge_id}" in shown
    assert "paid the order" in shown


def test_what_needs_attention_is_listed_until_it_is_cleared(shop, shopper):
    shopper.adds()
    shopper.pays()
    order = shopper.order_id
    with shop.app.app_context():
        ledger.call_operator(order, "the parcel came back")
    assert "! the parcel came back" in run(shop, "list", "--attention").output
    assert "needs attention" in run(shop, "show", order).output
    assert run(shop, "clear", order).output == "Cleared.\n"
    assert order not in run(shop, "list", "--attention").output


def test_an_authorised_charge_is_captured_once(authorised):
    """A17: captured again, or by somebody else meanwhile, it converges."""
    shop, order = authorised
    assert "authorised" in run(shop, "show", order.id).output
    assert run(shop, "capture", order.id).output == "The charge is successful now.\n"
    assert shop.order(order.id).paid_at
    again = run(shop, "capture", order.id)
    assert (again.exit_code, again.output) == (
        1,
        "Error: This order has no authorised charge.\n",
    )


def test_an_authorisation_is_released(authorised):
    shop, order = authorised
    assert run(shop, "reverse", order.id).output == "The charge is reversed now.\n"
    assert not shop.order(order.id).paid_at


def test_a_capture_on_the_dashboard_is_found_out(authorised):
    """A17: "already captured" is no error but news."""
    shop, order = authorised
    with shop.app.app_context():
        gateway.capture_charge(order.attempts[0].charge_id)
    result = run(shop, "capture", order.id)
    assert "Omise answered: HTTP 400 failed_capture" in result.output
    assert "The charge is successful now." in result.output


def test_an_order_that_is_not_there_is_said(shop):
    for command in ("show", "capture", "reverse", "refund", "clear"):
        result = run(shop, command, "nowhere")
        assert (result.exit_code, result.output) == (
            1,
            "Error: There is no order nowhere.\n",
        )


@pytest.mark.parametrize("currency", ["THB", "JPY", "SGD", "MYR"])
@pytest.mark.parametrize("amount", [0, 1, 99, 100, 101, 49000, 123456789])
def test_an_amount_that_is_written_is_read_back(currency, amount):
    """A12: parse(plain(x)) == x, in whole units where a currency has no smaller one."""
    assert money.parse(money.plain(amount, currency), currency) == amount


def test_yen_have_no_decimals():
    """A12: JPY."""
    assert money.plain(1200, "JPY") == "1200 JPY"
    with pytest.raises(ValueError, match="such as 120"):
        money.parse("12.00", "JPY")
