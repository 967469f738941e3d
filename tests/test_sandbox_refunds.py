"""Refunds, voids and the balance that they leave."""

import pytest
from sandbox_shapes import keys

pytest_plugins = ("sandbox_rig",)

RETURN = "https://shop.test/orders/1/complete"
DAY = 24 * 60 * 60


def wallet(rig):
    """Charge a wallet that waits for its payer."""
    return rig.charge(source={"type": "truemoney_jumpapp"}, return_uri=RETURN)


def move(rig, charge, name, **fields):
    """Ask for a move and answer what came back."""
    return rig.post(f"charges/{charge['id']}/{name}", **fields)


def test_refund_has_the_recorded_shape_and_shows_on_the_charge(sdk, rig):
    charge = sdk.Charge.retrieve(rig.charge()["id"])
    refund = charge.refund(amount=10000, metadata={"why": "sorry"})
    assert list(refund._attributes) == keys(
        "object id location livemode voided currency amount metadata charge"
        " capture terminal transaction status funding_amount funding_currency"
        " created_at acquirer_reference_number approval_code"
    )
    assert (refund.status, refund.voided, refund.amount) == ("closed", False, 10000)
    assert refund.location == f"/charges/{charge.id}/refunds/{refund.id}"
    assert (charge.status, charge.refunded_amount) == ("successful", 10000)
    assert (charge.refundable, charge.can_perform_void) == (True, False)
    assert charge.refunds.total == 1
    assert [each.id for each in charge.list_refunds()] == [refund.id]
    assert rig.get(f"charges/{charge.id}/refunds/{refund.id}")["id"] == refund.id
    assert rig.get("refunds")["data"][0]["metadata"] == {"why": "sorry"}
    assert rig.events({"id": charge.id}) == ["charge.create", "refund.create"]


def test_refunds_stop_at_what_was_charged(rig):
    charge = rig.charge()
    assert move(rig, charge, "refunds", amount=60000)["status"] == "closed"
    assert move(rig, charge, "refunds", amount=40001)["code"] == "failed_refund"
    assert move(rig, charge, "refunds", amount=40000)["status"] == "closed"
    assert move(rig, charge, "refunds", amount=1)["code"] == "failed_refund"
    after = rig.get(f"charges/{charge['id']}")
    assert (after["refunded_amount"], after["refundable"]) == (100000, False)
    assert (after["status"], after["voided"]) == ("successful", False)


def test_refund_of_a_partial_capture_stops_at_what_was_captured(rig):
    charge = rig.charge(capture=False, authorization_type="pre_auth")
    move(rig, charge, "capture", capture_amount=50000)
    assert move(rig, charge, "refunds", amount=50001)["code"] == "failed_refund"
    assert move(rig, charge, "refunds", amount=50000)["status"] == "closed"


@pytest.mark.parametrize("amount", [None, "x", 0, -5])
def test_refund_of_no_amount_is_refused(rig, amount):
    charge = rig.charge()
    assert move(rig, charge, "refunds", amount=amount)["code"] == "failed_refund"


def test_no_more_than_fifteen_refunds(rig):
    charge = rig.charge()
    for _ in range(15):
        assert move(rig, charge, "refunds", amount=1)["object"] == "refund"
    assert move(rig, charge, "refunds", amount=1)["code"] == "failed_refund"


def test_only_paid_and_refundable_charges_are_refunded(rig):
    promptpay = rig.promptpay()
    move(rig, promptpay, "mark_as_paid")
    instalment = rig.charge(
        300000,
        source={"type": "installment_bay", "installment_term": 6},
        return_uri=RETURN,
    )
    move(rig, instalment, "mark_as_paid")
    for charge in (wallet(rig), rig.charge(capture=False), promptpay):
        for amount in (100, charge["amount"]):
            refused = move(rig, charge, "refunds", amount=amount)
            assert refused["code"] == "failed_refund"
    assert move(rig, instalment, "refunds", amount=100)["code"] == "failed_refund"
    assert move(rig, instalment, "refunds", amount=300000)["status"] == "closed"


@pytest.mark.parametrize(
    ("number", "days"), [("4242424242424242", 365), ("3530111333300000", 160)]
)
def test_charge_becomes_too_old_to_refund(rig, number, days):
    charge = rig.charge(card=rig.token(number))
    rig.set(clock_offset=days * DAY - 60)
    assert move(rig, charge, "refunds", amount=1)["status"] == "closed"
    rig.set(clock_offset=days * DAY + 60)
    assert move(rig, charge, "refunds", amount=1)["code"] == "failed_refund"


def test_void_returns_everything_with_the_fee(rig):
    charge = rig.charge()
    assert move(rig, charge, "refunds", amount=500, void=True)["code"] == "failed_void"
    void = move(rig, charge, "refunds", amount=100000, void=True)
    assert void["voided"] is True
    after = rig.get(f"charges/{charge['id']}")
    assert (after["voided"], after["status"], after["refundable"]) == (
        True,
        "successful",
        False,
    )
    assert rig.get("balance")["total"] == 0


def test_void_is_only_possible_on_the_same_day(rig):
    charge = rig.charge()
    rig.set(clock_offset=DAY)
    assert rig.get(f"charges/{charge['id']}")["can_perform_void"] is False
    assert (
        move(rig, charge, "refunds", amount=100000, void=True)["code"] == "failed_void"
    )


def test_balance_is_what_its_transactions_add_up_to(rig):
    charge = rig.charge()
    rig.charge(10000, "usd")
    move(rig, charge, "refunds", amount=10000)
    lines = rig.get("transactions")["data"]
    signed = [
        line["amount"] * (1 if line["direction"] == "credit" else -1) for line in lines
    ]
    assert rig.get("balance")["total"] == sum(signed) == 96094 + 317_112 - 10000
    assert list(lines[0]) == keys(
        "object id livemode currency amount location direction key origin"
        " transferable_at created_at"
    )
    assert (lines[0]["origin"], lines[0]["key"]) == (
        charge["id"],
        "charge.captured.net",
    )
    assert rig.get(f"transactions/{charge['transaction']}") == lines[0]
    assert list(rig.get("balance")) == keys(
        "object livemode location currency total transferable reserve on_hold"
        " created_at"
    )
