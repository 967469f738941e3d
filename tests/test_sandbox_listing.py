"""Charges in lists, the ids and times on them, and the pages they lead to."""

import pytest
from sandbox_shapes import keys

pytest_plugins = ("sandbox_rig",)

RETURN = "https://shop.test/orders/1/complete"
DAY = 24 * 60 * 60


def test_card_charge_lives_seven_days_and_thirty_in_japan(rig):
    for country, currency, days in (("TH", "THB", 7), ("JP", "JPY", 30)):
        rig.set(country=country)
        charge = rig.books.find("charge", rig.charge(5000, currency)["id"])
        assert charge["expires_at"] - charge["created_at"] == days * DAY


@pytest.mark.parametrize(
    ("source", "seconds"),
    [
        ({"type": "promptpay"}, DAY),
        ({"type": "wechat_pay"}, 7 * DAY),
        ({"type": "installment_bay", "installment_term": 6}, DAY + 300),
        ({"type": "bill_payment_tesco_lotus"}, DAY),
        ({"type": "rabbit_linepay"}, 1200),
    ],
)
def test_every_method_has_its_own_time_to_pay(rig, source, seconds):
    rig.set(retired_methods=True)
    made = rig.charge(300000, source=source, return_uri=RETURN)
    charge = rig.books.find("charge", made["id"])
    assert charge["expires_at"] - charge["created_at"] == seconds


def test_promptpay_charge_keeps_the_expiry_it_was_given(rig):
    assert (
        rig.promptpay(expires_at="2035-01-01T00:00:00Z")["expires_at"]
        == "2035-01-01T00:00:00Z"
    )
    for wrong in ("2020-01-01T00:00:00Z", "soon"):
        assert rig.promptpay(expires_at=wrong)["message"] == "expires_at is invalid"


def test_pages_are_addressed_as_omise_addresses_them(rig):
    def address(kind, **fields):
        source = {"type": kind, "installment_term": 6}
        return rig.charge(300000, source=source, **fields)["authorize_uri"]

    wallet = address("truemoney_jumpapp", return_uri=RETURN)
    assert wallet.startswith(rig.url + "payments/pay2_test_")
    assert wallet.endswith("/authorize?acs=false")
    bank = address("installment_bay", return_uri=RETURN)
    assert bank.startswith(rig.url + "offsites/ofsp_test_")
    assert bank.endswith("/pay?acs=false")
    assert "/payments/pay2_test_" in address("promptpay", return_uri=RETURN)
    assert address("promptpay") is None


def test_sdk_lists_charges_in_both_orders_and_by_page(sdk, rig):
    made = [rig.promptpay()["id"] for _ in range(3)]
    assert [charge.id for charge in sdk.Charge.list()] == made
    newest = sdk.Charge.list().offset(limit=2, offset=0, order="reverse_chronological")
    assert [charge.id for charge in newest] == [made[2], made[1]]
    assert sorted(made) == made


def test_list_is_wrapped_as_recorded_and_cut_by_date(rig):
    rig.promptpay()
    listed = rig.get("charges?limit=500&offset=-1&from=2020-01-01")
    assert list(listed) == (
        keys("object data limit offset total location order from to")
    )
    assert (listed["limit"], listed["offset"], listed["order"]) == (
        100,
        0,
        "chronological",
    )
    assert (listed["from"], listed["total"]) == ("2020-01-01T00:00:00Z", 1)
    assert rig.get("charges?to=2020-01-01")["total"] == 0


@pytest.mark.parametrize(
    "edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
)
def test_list_survives_the_edges_of_the_calendar(rig, edge):
    for name in ("from", "to"):
        assert rig.call("GET", "charges", params={name: edge}).status_code == 200


def test_ids_look_like_omise_s(rig):
    charge = rig.promptpay(return_uri=RETURN)
    transaction = rig.charge()["transaction"]
    document = charge["source"]["scannable_code"]["image"]["id"]
    for identifier in (charge["id"], charge["source"]["id"], transaction, document):
        prefix, mode, digits = identifier.split("_")
        assert mode == "test"
        assert prefix.isalpha()
        assert len(digits) == 19
        assert digits.isalnum()
        assert digits == digits.lower()


def test_every_time_is_a_whole_utc_second(rig):
    charge = rig.charge()
    for name in ("created_at", "paid_at", "expires_at"):
        assert len(charge[name]) == 20
        assert charge[name].endswith("Z")
