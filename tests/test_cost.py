"""What a payment costs the order book: transactions and statements are counted, never timed."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from payment import order_changed, order_paid

GOOD, POOR = "4242424242424242", "4111111111140011"


@contextmanager
def counted(shop):
    """Count what a block costs the order book: transactions, writes that last, statements."""
    count = {"transactions": 0, "durable": 0, "statements": 0}
    wrote = set()

    def begun(connection):
        count["transactions"] += 1

    def executed(connection, cursor, statement, *_):
        count["statements"] += 1
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            wrote.add(id(connection))

    def committed(connection):
        if id(connection) in wrote:
            wrote.discard(id(connection))
            count["durable"] += 1

    listeners = {
        "begin": begun,
        "before_cursor_execute": executed,
        "commit": committed,
    }
    for name, listener in listeners.items():
        event.listen(shop.engine, name, listener)
    try:
        yield count
    finally:
        for name, listener in listeners.items():
            event.remove(shop.engine, name, listener)


@pytest.fixture
def quiet(shop):
    """Give a shop that nobody but its shopper asks anything."""
    shop.omise.control("settings", webhook_uri=None)
    return shop


def cost(shop, shopper, **more):
    """Tell what POST /charge costs, without the page it leads to."""
    shopper.adds()
    form = shopper.opens_checkout()
    paying = {"omiseToken": shop.omise.token(), **more}
    with counted(shop) as count:
        shopper.charges(form, follow=False, **paying)
    assert shopper.page.status_code == 303, shopper.page.text
    return count


def test_a_payment_takes_two_transactions_and_both_last(quiet, shopper):
    """The attempt before Omise is asked, and the answer."""
    count = cost(quiet, shopper)
    assert (count["transactions"], count["durable"]) == (2, 2)
    assert count["statements"] <= 14


def test_a_payment_that_somebody_hears_of_takes_four(quiet, shopper):
    """Receivers get the order as it was committed, and that they ran is marked."""
    heard = []

    def receiver(app, order, why):
        heard.append(order.id)

    order_paid.connect(receiver)
    try:
        count = cost(quiet, shopper)
    finally:
        order_paid.disconnect(receiver)
    assert len(heard) == 1
    assert count["transactions"] <= 4


def test_a_card_that_is_saved_first_takes_one_more(quiet, shopper):
    """`sent` is written once the card is saved: until then nothing has left."""
    more = {"remember": "yes", "email": "somchai@example.com"}
    count = cost(quiet, shopper, **more)
    assert (count["transactions"], count["durable"]) == (3, 3)


def test_signals_nobody_hears_cost_nothing(quiet, shopper):
    assert not order_paid.has_receivers_for(quiet.app)
    assert not order_changed.has_receivers_for(quiet.app)
    assert cost(quiet, shopper)["transactions"] == 2
