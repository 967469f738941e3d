"""Giving money back, from a terminal: once for each time an operator asks."""

import threading
from datetime import timedelta

import pytest
from rig import free_port
from shopper import Shopper
from sqlalchemy import update

from database import db
from payment import gateway, refunds
from payment.gateway import GatewayError
from payment.models import Refund, now

CREATE = {"method": "POST", "path": r"/charges/chrg_test_\w+/refunds"}


@pytest.fixture
def paid(shop):
    """Give an order that a card has paid: 490.00 THB."""
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        assert shopper.state == "paid"
        return shop.order(shopper.order_id)


def run(shop, *args):
    return shop.app.test_cli_runner().invoke(args=["payment", *args])


def give_back(shop, order, amount=None):
    with shop.app.app_context():
        return refunds.give_back(order.attempts[0].id, amount)


def charged(shop, order):
    return shop.omise.books(order.id)["by_status"]["successful"]


def test_a_whole_refund_is_written_down_and_not_made_twice(shop, paid):
    """A17: run again, it finds that nothing is left."""
    result = run(shop, "refund", paid.id, "--yes")
    assert (result.exit_code, result.output) == (0, "Refunded 490.00 THB.\n")
    again = run(shop, "refund", paid.id, "--yes")
    assert again.exit_code == 1
    assert "Only 0.00 THB is left" in again.output
    assert charged(shop, paid)["refunded"] == 49000
    attempt = shop.order(paid.id).attempts[0]
    assert (attempt.refunded_amount, attempt.refunds[0].state) == (49000, "done")
    assert shop.order(paid.id).paid_at


def test_twenty_at_once_give_back_once(shop, paid):
    """A17: a double click in any number of terminals."""
    ended, start = [], threading.Barrier(20)

    def refund():
        start.wait()
        try:
            ended.append(give_back(shop, paid).state)
        except refunds.RefundRefused:
            ended.append("refused")

    threads = [threading.Thread(target=refund) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["done"] + ["refused"] * 19
    assert charged(shop, paid)["refunded"] == 49000


def test_part_after_part_until_nothing_is_left(shop, paid):
    """A17: what is given back is never more than what was paid."""
    assert run(shop, "refund", paid.id, "100.50", "--yes").exit_code == 0
    assert run(shop, "refund", paid.id, "400", "--yes").exit_code == 1
    assert run(shop, "refund", paid.id, "389.50", "--yes").exit_code == 0
    assert charged(shop, paid)["refunded"] == 49000


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (text, "is not an amount of THB")
        for text in ("12.345", "1e3", "-5", "ten", "1,5")
    ]
    + [("0", "is left to refund"), ("490.01", "Only 490.00 THB is left")],
)
def test_an_amount_that_cannot_be_is_refused_in_words(shop, paid, amount, said):
    """A10: nothing is asked of Omise."""
    result = run(shop, "refund", paid.id, "--yes", "--", amount)
    assert result.exit_code == 1
    assert said in result.output
    assert charged(shop, paid)["refunded"] == 0


def test_nothing_is_refunded_unless_the_operator_says_yes(shop, paid):
    runner = shop.app.test_cli_runner()
    result = runner.invoke(args=["payment", "refund", paid.id], input="n\n")
    assert result.exit_code == 1
    assert "so far 0.00 THB" in result.output
    assert charged(shop, paid)["refunded"] == 0


@pytest.mark.parametrize("fault", ["reset_after", "answer_after"])
def test_a_refund_whose_answer_is_lost_is_found_again(shop, paid, fault):
    """A17: not sent twice; the refund's own id in its metadata tells."""
    shop.omise.breaks(fault, **CREATE)
    assert give_back(shop, paid, 10000).state == "done"
    assert charged(shop, paid)["refunded"] == 10000


def test_while_nobody_knows_no_second_refund_is_sent(shop, paid):
    """A17: the answer is lost, and Omise cannot be asked either; the sweep settles it."""
    shop.omise.breaks("reset_after", **CREATE)
    shop.omise.breaks("answer_before", method="GET", path="/charges/.*/refunds")
    result = run(shop, "refund", paid.id, "100", "--yes")
    assert "not known yet" in result.output
    with pytest.raises(refunds.RefundRefused, match="under way"):
        give_back(shop, paid, 10000)
    assert "refund" in shop.sweep()
    assert "done" in run(shop, "show", paid.id).output
    assert charged(shop, paid)["refunded"] == 10000


def test_a_refund_that_never_arrived_is_given_up_after_a_long_wait(shop, paid):
    """A17: then, and not earlier, another may be made."""
    shop.omise.breaks("reset_before", **CREATE)
    refund = give_back(shop, paid)
    assert refund.state == "sent"
    shop.sweep()
    assert shop.order(paid.id).attempts[0].refunds[0].state == "sent"
    with shop.app.app_context():
        old = update(Refund).where(Refund.id == refund.id)
        db.session.execute(old.values(created_at=now() - timedelta(minutes=11)))
        db.session.commit()
    assert "sent -> failed" in shop.sweep()
    assert give_back(shop, paid).state == "done"
    assert charged(shop, paid)["refunded"] == 49000


def test_what_was_refunded_on_the_dashboard_is_known_first(shop, paid):
    """A17: the charge is read before more is given back."""
    with shop.app.app_context():
        gateway.refund_charge(paid.attempts[0].charge_id, 40000, "by hand")
    with pytest.raises(refunds.RefundRefused, match="90.00 THB is left"):
        give_back(shop, paid, 10000)
    assert shop.order(paid.id).attempts[0].refunded_amount == 40000


def test_omise_s_refusal_is_said_and_the_money_stays(shop):
    """A15: PromptPay cannot be refunded through the API."""
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        order = shop.order(shopper.order_id)
    shop.omise.control(f"charges/{order.attempts[0].charge_id}/pay")
    shop.sweep()
    result = run(shop, "refund", order.id, "--yes")
    assert result.exit_code == 1
    assert "Omise refused (failed_refund)" in result.output
    assert "by hand" in result.output
    assert shop.order(order.id).attempts[0].refunds[0].state == "failed"


def test_nothing_is_written_when_omise_cannot_be_asked(build_shop):
    shop = build_shop()
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        order = shop.order(shopper.order_id)
    shop.app.config["OMISE_API_BASE"] = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(GatewayError):
        give_back(shop, order)
    assert "Nothing was refunded" in run(shop, "refund", order.id, "--yes").output
    assert shop.order(order.id).attempts[0].refunds == []
