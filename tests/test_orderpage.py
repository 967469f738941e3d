"""The states of an order's page: what each order is told as, and that every one can be drawn."""

from datetime import datetime

import pytest

from payment import orderpage
from payment.checkout import checkout
from payment.orders.models import Attempt, Order

THEN = datetime(2025, 1, 1)


def an_attempt(status, **more):
    """Give an attempt as it would be read from the book."""
    usual = {
        "number": 1,
        "amount": 49000,
        "method": "card",
        "authorized": False,
        "superseded": False,
        "refunded_amount": 0,
    }
    return Attempt(id=status, status=status, **usual | more)


def an_order(*attempts, paid_by=None):
    """Give an order as it would be read from the book."""
    paid_at = THEN if paid_by else None
    return Order(attempts=list(attempts), paid_at=paid_at, paid_by=paid_by)


def paid(**more):
    return an_order(an_attempt("successful", **more), paid_by="successful")


TOLD = {
    "nobody tried": (an_order(), "open"),
    "about to leave": (an_order(an_attempt("created")), "confirming"),
    "under way": (an_order(an_attempt("sent")), "confirming"),
    "no answer": (an_order(an_attempt("unknown")), "confirming"),
    "at the bank": (an_order(an_attempt("pending")), "leaving"),
    "a code": (an_order(an_attempt("pending", method="promptpay")), "waiting"),
    "authorised": (an_order(an_attempt("pending", authorized=True)), "authorized"),
    "an answer of somebody else's": (
        an_order(an_attempt("pending", doubtful_id="chrg_test_1")),
        "confirming",
    ),
    "declined, and a doubt": (
        an_order(an_attempt("failed", doubtful_id="chrg_test_1")),
        "confirming",
    ),
    "declined": (an_order(an_attempt("failed")), "failed"),
    "too late": (an_order(an_attempt("expired")), "expired"),
    "released": (an_order(an_attempt("reversed")), "reversed"),
    "never seen": (an_order(an_attempt("not_found")), "not_found"),
    "ended by an operator": (an_order(an_attempt("closed")), "open"),
    "another way chosen": (an_order(an_attempt("pending", superseded=True)), "open"),
    "another way chosen, then run out": (
        an_order(an_attempt("expired", superseded=True)),
        "open",
    ),
    "turned up after all": (
        an_order(
            an_attempt("pending", method="promptpay"),
            an_attempt("failed", number=2),
        ),
        "waiting",
    ),
    "tried again": (
        an_order(
            an_attempt("pending", superseded=True), an_attempt("failed", number=2)
        ),
        "failed",
    ),
    "paid": (paid(), "paid"),
    "paid by the first, tried twice": (
        an_order(
            an_attempt("successful"),
            an_attempt("failed", number=2),
            paid_by="successful",
        ),
        "paid",
    ),
    "paid, a part given back": (paid(refunded_amount=48999), "paid"),
    "paid, all given back": (paid(refunded_amount=49000), "refunded"),
    "a part captured, and given back": (
        paid(captured_amount=9000, refunded_amount=9000),
        "refunded",
    ),
}


@pytest.mark.parametrize(("order", "state"), TOLD.values(), ids=TOLD)
def test_every_order_is_told_as_what_it_is(order, state):
    """D4."""
    assert orderpage.state_of(order) == state


@pytest.mark.parametrize(("order", "state"), TOLD.values(), ids=TOLD)
def test_what_may_be_paid_offers_no_form_and_what_is_not_does(order, state):
    """A21: no state is both, and none is neither."""
    assert orderpage.is_spoken_for(order) == (state not in orderpage.PAYABLE)


def test_a_success_that_pays_no_order_is_not_called_paid():
    """A9, D4: no writer leaves one behind; if there is one, an operator must look at it."""
    assert orderpage.state_of(an_order(an_attempt("successful"))) == "confirming"


def test_every_state_is_reached_and_has_a_template_of_its_own():
    assert {state for _, state in TOLD.values()} == orderpage.STATES.keys()
    folder = f"{checkout.root_path}/templates/payment"
    texts = set()
    for name in orderpage.STATES.values():
        with open(f"{folder}/{name}") as template:
            texts.add(template.read())
    assert len(texts) == len(orderpage.STATES)
    assert all("<h1" in text for text in texts)
