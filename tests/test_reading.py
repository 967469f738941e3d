"""Reading a charge: both API versions, and nothing that is not a charge."""

from types import SimpleNamespace

import pytest

from payment.gateway.charge import Charge, Unreadable, moment_of

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
    # That version does not say so, but cards could be refunded, and nothing else.
    assert charge.refundable
    assert not Charge.read(old | {"source": {"object": "source"}}).refundable


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
        CHARGE | {"object": "refund"},
        CHARGE | {"status": None},
        CHARGE | {"amount": 10**30},
        CHARGE | {"currency": 764},
        CHARGE | {"status": "p\0aid"},
        CHARGE | {"id": "chrg_" + "x" * 60},
        CHARGE | {"id": "chrg_\ud800"},
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


# By field: what is only shown, and what is taken for it where it cannot be kept.
ODD = ("\0", "\ud800", "x" * 3000, {"x": 1}, ["x"], 1, 10**30, True, None, "")


@pytest.mark.parametrize(
    "field",
    [
        "authorize_uri",
        "failure_code",
        "expires_at",
        "refunded_amount",
        "captured_amount",
        "dispute",
        "source",
        "card",
        "metadata",
    ],
)
@pytest.mark.parametrize("odd", ODD)
def test_a_result_is_not_lost_over_what_is_only_shown(field, odd):
    """A31: paid stays paid, whatever else stands there; what cannot be kept is left out."""
    charge = Charge.read(CHARGE | {field: odd})
    assert (charge.status, charge.paid, charge.amount) == ("successful", True, 101645)
    assert charge.authorize_uri is None
    assert 0 <= charge.refunded_amount < 2**63
    assert charge.captured_less is None or charge.captured_less < 2**63
    for text in (charge.failure_code, charge.dispute, charge.order_id, charge.method):
        assert text is None or (len(text) <= 64 and "\0" not in text)


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_name_of_a_card_spoils_a_charge(odd):
    """A31: brand and digits are only shown."""
    card = {"object": "card", "brand": odd, "last_digits": odd}
    name = Charge.read(CHARGE | {"card": card}).paid_with
    assert len(name) <= 60
    assert name.encode()
    assert "\0" not in name


@pytest.mark.parametrize("odd", ODD)
def test_metadata_that_names_nobody_is_of_nobody(odd):
    """A26, B17: ids of any other type are no ids."""
    odd_ids = {"order_id": odd, "attempt_id": odd}
    charge = Charge.read(CHARGE | {"metadata": odd_ids})
    assert (charge.order_id, charge.attempt_id) == (None, None)


@pytest.mark.parametrize(
    ("metadata", "names"),
    [
        ({"order_id": "1001", "attempt_id": "a"}, True),
        ({"order_id": "1001", "attempt_id": "b"}, False),
        ({"order_id": "1002", "attempt_id": "a"}, False),
        ({"order_id": "1001"}, False),
        ({"attempt_id": "a"}, False),
        ({}, False),
    ],
)
def test_a_charge_names_its_attempt_by_both_ids(metadata, names):
    """A9: of order and attempt."""
    attempt = SimpleNamespace(order_id="1001", id="a")
    assert Charge.read(CHARGE | {"metadata": metadata}).names(attempt) is names


@pytest.mark.parametrize(
    ("said", "less"),
    [
        ({"captured_amount": 101645}, None),
        ({"captured_amount": 1000}, 1000),
        ({"captured_amount": 0}, None),
        ({"captured_amount": 1000, "paid": False}, None),
        ({}, None),
    ],
)
def test_what_was_captured_is_told_where_it_was_less(said, less):
    """A27: and only of money that was taken."""
    assert Charge.read(CHARGE | said).captured_less == less


@pytest.mark.parametrize(
    ("dispute", "read"),
    [
        ({"object": "dispute", "status": "pending"}, "pending"),
        ({"object": "dispute"}, "open"),
        ("dspt_test_5xyz", "open"),
        (None, None),
    ],
)
def test_a_dispute_is_read_expanded_or_not(dispute, read):
    """A27: a bare id means that there is one."""
    assert Charge.read(CHARGE | {"dispute": dispute}).dispute == read


@pytest.mark.parametrize(
    "text", [None, "", 5, "2025-01-31", "2025-01-31T06:11:58+07:00", "tomorrow"]
)
def test_a_time_that_is_none_of_omise_s_is_none(text):
    assert moment_of(text) is None
