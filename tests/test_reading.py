"""Reading a charge: both API versions, and nothing that is not a charge."""

import pytest

from payment.charge import Charge, Unreadable

CHARGE = {
    "object": "charge",
    "id": "chrg_test_62ijtbx3il4tik9jqrj",
    "livemode": False,
    "amount": 101645,
    "currency": "THB",
    "status": "successful",
    "paid": True,
    "refunded_amount": 500,
    "metadata": {"order_id": "1001"},
    "card": {"object": "card", "brand": "Visa", "last_digits": "4242"},
    "source": None,
    "failure_code": None,
    "authorize_uri": None,
    "expires_at": "2025-01-31T06:11:58Z",
}


def test_the_current_version():
    charge = Charge.read(CHARGE)
    assert (charge.amount, charge.currency, charge.paid) == (101645, "THB", True)
    assert (charge.refunded_amount, charge.method) == (500, "card")
    assert charge.paid_with == "Visa •••• 4242"
    assert charge.expires_at.isoformat() == "2025-01-31T06:11:58"


def test_the_version_of_the_tutorial():
    old = {key: value for key, value in CHARGE.items() if key != "refunded_amount"}
    old |= {"currency": "thb", "refunded": 500, "created": "2017-11-04T08:52:08Z"}
    charge = Charge.read(old)
    assert (charge.currency, charge.refunded_amount) == ("THB", 500)


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "charge",
        {},
        {"object": "error", "code": "not_found"},
        CHARGE | {"id": None},
        CHARGE | {"amount": "101645"},
        CHARGE | {"amount": 1016.45},
        CHARGE | {"amount": True},
        CHARGE | {"amount": -1},
        CHARGE | {"status": None},
        CHARGE | {"currency": 764},
        CHARGE | {"authorize_uri": {"x": 1}},
    ],
)
def test_what_is_no_charge_is_not_read_as_one(broken):
    """C2: wrong JSON types are not an answer."""
    with pytest.raises(Unreadable):
        Charge.read(broken)


@pytest.mark.parametrize("paid", ["true", 1, None])
def test_paid_is_nothing_but_true(paid):
    """A9: paid only if Omise says so."""
    assert Charge.read(CHARGE | {"paid": paid}).paid is False
