"""Something of a host's about an order, done once."""

from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

import payment
from payment.orders import entries
from payment.orders.models import Entry


@pytest.fixture
def order(shop):
    with shop.app.app_context():
        yield shop.orders(100_00, "THB")


def done(order):
    with payment.once(order, "parcel") as wanted:
        return wanted


def history(order):
    return [(one.what, one.became, one.by) for one in entries.history(order)]


def test_what_was_done_is_not_wanted_again(order):
    """A28: and the order's history tells of it."""
    assert done(order)
    assert not done(order)
    assert history(order) == [("parcel", "begun", "host"), ("parcel", "done", "host")]


def test_each_thing_and_each_order_is_for_itself(order, shop):
    assert done(order)
    assert done(shop.orders(100_00, "THB"))
    with payment.once(order, "letter") as wanted:
        assert wanted


def test_what_failed_may_be_tried_again(order):
    with pytest.raises(ZeroDivisionError), payment.once(order, "parcel"):
        1 / 0  # noqa: B018
    assert done(order)
    assert [became for _, became, _ in history(order)] == [
        "begun",
        "failed",
        "begun",
        "done",
    ]


def test_what_another_does_just_now_is_neither_done_nor_left(order):
    with payment.once(order, "parcel") as wanted:
        assert wanted
        with pytest.raises(payment.Underway):
            done(order)
    assert not done(order)


@pytest.mark.parametrize(("minutes", "again"), [(9, False), (11, True)])
def test_what_a_crash_cut_off_is_taken_over_after_a_while(shop, order, minutes, again):
    """A5: by the database's clock."""
    thing = payment.once(order, "parcel")
    thing.__enter__()
    with Session(shop.engine) as session:
        begun = session.query(Entry).filter_by(order_id=order).one()
        long_ago = begun.at - timedelta(minutes=minutes)
        session.execute(update(Entry).where(Entry.id == begun.id).values(at=long_ago))
        session.commit()
    if again:
        assert done(order)
    else:
        with pytest.raises(payment.Underway):
            done(order)


def test_no_transaction_is_open_meanwhile(shop, order):
    with payment.once(order, "parcel"), Session(shop.engine) as session:
        session.execute(text("UPDATE payment_orders SET touched = touched + 1"))
        session.commit()


def test_an_order_that_is_not_there_wants_nothing(shop):
    with shop.app.app_context():
        assert not done("00000000-0000-4000-8000-000000000000")
