"""Limits, fees and currencies, in whole smallest units."""

import pytest

from sandbox.rules import countries, fees

pytest_plugins = ("sandbox_rig",)

RETURN = "https://shop.test/orders/1/complete"


@pytest.mark.parametrize(
    ("country", "low", "high"),
    [
        ("TH", 2000, 15_000_000),
        ("SG", 100, 2_000_000),
        ("MY", 100, 10_000_000),
        ("JP", 100, 6_000_000),
    ],
)
def test_limits_are_those_of_the_country(rig, country, low, high):
    rig.set(country=country)
    currency = countries.COUNTRIES[country].currency
    assert rig.charge(low, currency)["status"] == "successful"
    assert rig.charge(high, currency)["status"] == "successful"
    assert rig.charge(low - 1, currency)["code"] == "invalid_charge"
    assert rig.charge(high + 1, currency)["code"] == "invalid_charge"


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (100000, (96094, 3650, 256)),
        (31000, (29789, 1132, 79)),
        (5000, (4804, 183, 13)),
        (12345, (11862, 451, 32)),
        (80245, (77111, 2929, 205)),
        (20000, (19219, 730, 51)),
    ],
)
def test_fees_are_rounded_as_recorded(amount, expected):
    assert fees.split(amount, "3.65", "7.0") == expected


def test_foreign_card_charge_is_funded_in_the_account_s_currency(rig):
    charge = rig.charge(10000, "usd")
    assert (charge["currency"], charge["funding_currency"]) == ("USD", "THB")
    assert charge["funding_amount"] == 330_000
    assert charge["net"] == fees.split(330_000, "3.65", "7.0")[0]
    assert rig.charge(10, "usd")["message"] == (
        "amount must be greater than or equal to 61 (usd subunits)"
    )


def test_platform_fee_is_worked_out(rig):
    charge = rig.charge(platform_fee={"fixed": 100, "percentage": "2.5"})
    assert charge["platform_fee"] == {"fixed": 100, "amount": 2600, "percentage": "2.5"}


def test_wechat_costs_no_fee_as_recorded(rig):
    charge = rig.charge(67405, source={"type": "wechat_pay"}, return_uri=RETURN)
    assert (charge["net"], charge["transaction_fees"]["fee_rate"]) == (67405, "0.0")
