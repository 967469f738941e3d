"""Answers that get lost on the way back from Omise: nobody pays twice, and nothing is forgotten."""

from datetime import timedelta

import pytest
from fault_rig import begin, creates, set_attempt

from payment import book, gateway, ledger
from payment.models import now


@pytest.fixture
def shop(served):
    """Give a shop to which no webhook comes."""
    return begin(served)


@pytest.fixture
def filled(shopper):
    """Give a shopper with something in the cart."""
    shopper.adds()
    return shopper


def loses(shop, path="/charges"):
    """Let Omise act upon the next such request and hang up without an answer."""
    return shop.omise.breaks("close_after", method="POST", path=path)


def attempt_of(shopper):
    return shopper.shop.order(shopper.order_id).attempts[0]


def test_a_lost_answer_is_unknown_then_found_by_its_metadata(shop, filled):
    """A3: one create; the attempt adopts the charge that it made."""
    loses(shop)
    filled.pays()
    assert filled.state == "confirming"
    assert "do not pay again" in filled.page.text
    assert attempt_of(filled).state == "unknown"
    assert "still open 0" in shop.sweep()
    filled.get(f"/orders/{filled.order_id}")
    assert filled.state == "paid"
    assert attempt_of(filled).charge_id == shop.omise.charges()[0]["id"]
    assert creates(shop) == shop.omise.books()["charges"] == 1


def test_one_list_that_fails_puts_no_lost_answer_off(shop, filled):
    """A3: the sweep asks for the list once more in the same round."""
    loses(shop)
    filled.pays()
    rule = shop.omise.breaks("close_before", method="GET", path="/charges")
    said = shop.sweep()
    assert shop.omise.fault(rule)["met"] == 1
    assert "lost answers: " in said
    assert "asked about 1, still open 0, errors 1" in said


def test_a_lost_answer_settles_while_the_page_is_open(shop, filled):
    """A3: the page's own poll finds the charge; no second process is needed."""
    loses(shop)
    filled.pays()
    path = f"/orders/{filled.order_id}/status"
    assert filled.get(path).json()["state"].startswith("paid")


def test_paying_again_while_nobody_knows_charges_nothing(shop, filled):
    """A6: the cart cannot be paid a second time while the first is unknown."""
    loses(shop)
    form = filled.opens_checkout()
    filled.charges(form, omiseToken=shop.omise.token())
    order = filled.order_id
    filled.get("/checkout")
    assert filled.order_id == order
    second = {**form, "form": "00000000-0000-4000-8000-000000000001"}
    filled.charges(second, omiseToken=shop.omise.token())
    assert filled.order_id == order
    page = f"/orders/{order}/again"
    filled.post(page, {"csrf_token": form["csrf_token"]})
    assert filled.state == "confirming"
    assert creates(shop) == 1


def test_a_request_that_never_arrived_frees_the_order_after_a_while(shop, filled):
    """A6: only after a long wait is "nothing is there" believed; and nothing was sent again."""
    rule = shop.omise.breaks("close_before", method="POST", path="/charges")
    filled.pays()
    order = filled.order_id
    shop.sweep()
    assert attempt_of(filled).state == "unknown"
    set_attempt(shop, order, created_at=now() - timedelta(minutes=11))
    shop.sweep()
    assert attempt_of(filled).state == "failed"
    assert (creates(shop), shop.omise.fault(rule)["met"]) == (0, 1)
    filled.pays()
    assert (filled.order_id, filled.state) == (order, "paid")


@pytest.mark.parametrize("state", ["created", "sent"])
def test_a_crash_between_two_commits_leaves_a_row_to_settle(shop, filled, state):
    """A5: whatever the process did not live to write, the sweep does."""
    loses(shop)
    filled.pays()
    order = filled.order_id
    old = now() - timedelta(minutes=2)
    set_attempt(shop, order, state=state, created_at=old)
    shop.sweep()
    expected = {"created": "failed", "sent": "successful"}
    assert attempt_of(filled).state == expected[state]


def test_a_lost_answer_to_saving_a_card_charges_nothing(shop, filled):
    """A6: the card may be saved or not, but no charge was asked for."""
    loses(shop, "/customers")
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.state == "failed"
    assert "nothing was charged" in filled.page.text
    assert creates(shop) == 0
    filled.pays()
    assert filled.state == "paid"


def test_an_attempt_given_up_while_its_card_was_saved_is_not_sent(
    shop, filled, monkeypatch
):
    """A5, A6: the sweep closed it first, so another attempt may already be paying."""
    slow = gateway.save_card

    def given_up_meanwhile(*args):
        saved = slow(*args)
        for attempt in book.unsettled():
            ledger.mark_failed(attempt.id, "nothing_sent")
        return saved

    monkeypatch.setattr(gateway, "save_card", given_up_meanwhile)
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.state == "failed"
    assert creates(shop) == 0
