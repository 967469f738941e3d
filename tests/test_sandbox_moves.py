"""How charges move: pay, fail, capture, reverse, expire; and what may not happen."""

import pytest

pytest_plugins = ("sandbox_rig",)

RETURN = "https://shop.test/orders/1/complete"
DAY = 24 * 60 * 60


def wallet(rig, **fields):
    """Charge a wallet that waits for its payer."""
    return rig.charge(source={"type": "truemoney_jumpapp"}, return_uri=RETURN, **fields)


def move(rig, charge, name, **fields):
    """Ask for a move and answer what came back."""
    return rig.post(f"charges/{charge['id']}/{name}", **fields)


def test_wallet_is_paid(rig):
    charge = wallet(rig)
    paid = move(rig, charge, "mark_as_paid")
    assert (paid["status"], paid["paid"], paid["authorized"]) == (
        "successful",
        True,
        True,
    )
    assert paid["source"]["charge_status"] == "successful"
    assert paid["transaction"] is not None
    assert rig.events(charge) == ["charge.create", "charge.complete"]


def test_wallet_fails(rig):
    charge = wallet(rig)
    failed = move(rig, charge, "mark_as_failed")
    assert (failed["status"], failed["failure_code"]) == ("failed", "failed_processing")
    assert (failed["paid"], failed["authorized"], failed["transaction"]) == (
        False,
        False,
        None,
    )
    assert rig.events(charge) == ["charge.create", "charge.complete"]


def test_control_fails_a_charge_for_a_named_reason(rig):
    charge = rig.post(
        f"control/charges/{wallet(rig)['id']}/fail", failure_code="payment_cancelled"
    )
    assert charge["failure_message"] == "payment cancelled"


@pytest.mark.parametrize("name", ["mark_as_paid", "mark_as_failed"])
@pytest.mark.parametrize("first", ["mark_as_paid", "mark_as_failed", "expire"])
def test_finished_charge_is_not_finished_again(rig, first, name):
    charge = wallet(rig)
    before = move(rig, charge, first)
    refused = rig.call("POST", f"charges/{charge['id']}/{name}")
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
    assert rig.get(f"charges/{charge['id']}")["status"] == before["status"]
    assert len(rig.events(charge)) == 2


def test_authorisation_is_captured_in_full(sdk, rig):
    charge = sdk.Charge.retrieve(rig.charge(capture=False)["id"])
    charge.capture()
    assert (charge.status, charge.paid, charge.capturable) == (
        "successful",
        True,
        False,
    )
    assert charge.captured_amount == 100000
    assert rig.events({"id": charge.id}) == ["charge.create", "charge.capture"]
    with pytest.raises(sdk.errors.FailedCaptureError):
        charge.capture()


def test_pre_auth_is_captured_in_part_as_recorded(rig):
    charge = rig.charge(capture=False, authorization_type="pre_auth")
    assert (charge["authorization_type"], charge["captured_amount"]) == (
        "pre_auth",
        100000,
    )
    captured = move(rig, charge, "capture", capture_amount=50000)
    assert captured["status"] == "successful"
    assert (captured["amount"], captured["captured_amount"]) == (100000, 50000)
    assert (captured["net"], captured["fee"], captured["fee_vat"]) == (48047, 1825, 128)
    assert captured["funding_amount"] == 50000
    assert rig.get("balance")["total"] == 48047


@pytest.mark.parametrize("amount", [0, -1, 100001, "x"])
def test_capture_of_a_wrong_amount_is_refused(rig, amount):
    charge = rig.charge(capture=False, authorization_type="pre_auth")
    refused = rig.call(
        "POST", f"charges/{charge['id']}/capture", json={"capture_amount": amount}
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "failed_capture")


def test_partial_capture_needs_pre_auth(rig):
    charge = rig.charge(capture=False)
    assert (
        move(rig, charge, "capture", capture_amount=50000)["code"] == "failed_capture"
    )
    assert rig.get(f"charges/{charge['id']}")["capturable"] is True


def test_only_authorised_charges_are_captured(rig):
    for charge in (wallet(rig), rig.charge()):
        error = move(rig, charge, "capture")
        assert (error["code"], error["message"]) == (
            "failed_capture",
            "Charge is not authorized",
        )


def test_authorisation_is_reversed_as_recorded(sdk, rig):
    charge = sdk.Charge.retrieve(rig.charge(capture=False)["id"])
    charge.reverse()
    assert (charge.status, charge.reversed, charge.authorized) == (
        "reversed",
        True,
        True,
    )
    assert (charge.capturable, charge.reversible, charge.paid) == (False, False, False)
    assert charge.reversed_at is not None
    assert "captured_amount" not in charge._attributes
    assert rig.events({"id": charge.id}) == ["charge.create", "charge.reverse"]


def test_captured_or_waiting_charge_is_not_reversed(rig):
    for charge in (rig.charge(), wallet(rig)):
        error = move(rig, charge, "reverse")
        assert error["code"] == "failed_reverse"
        assert error["message"] == "only uncaptured authorized charges can be reversed"


def test_3d_secure_authorisation_stays_pending_after_the_bank(rig):
    rig.set(three_d_secure=True)
    charge = rig.charge(capture=False, return_uri=RETURN)
    assert (charge["authorized"], charge["capturable"]) == (False, False)
    held = move(rig, charge, "mark_as_paid")
    assert (held["status"], held["authorized"], held["capturable"]) == (
        "pending",
        True,
        True,
    )
    assert move(rig, charge, "mark_as_paid")["code"] == "bad_request"
    assert move(rig, charge, "capture")["status"] == "successful"
    assert rig.events(charge) == ["charge.create", "charge.complete", "charge.capture"]


def test_source_charge_is_expired_on_request_as_recorded(sdk, rig):
    charge = sdk.Charge.retrieve(wallet(rig)["id"])
    charge.expire()
    assert (charge.status, charge.expired, charge.paid) == ("expired", True, False)
    assert charge.expires_at == charge.expired_at
    assert charge.source.charge_status == "expired"
    assert charge.failure_code is None
    assert rig.events({"id": charge.id}) == ["charge.create", "charge.expire"]


def test_card_charge_is_not_expired_on_request(rig):
    rig.set(three_d_secure=True)
    waiting = rig.charge(return_uri=RETURN)
    for charge in (waiting, rig.charge(capture=False, return_uri=RETURN)):
        assert move(rig, charge, "expire")["code"] == "failed_expire"
    assert rig.post(f"control/charges/{waiting['id']}/expire")["status"] == "expired"


def test_charge_expires_by_itself_when_read(rig):
    charge = rig.promptpay()
    rig.set(clock_offset=DAY + 60)
    late = rig.get(f"charges/{charge['id']}")
    assert (late["status"], late["expired"]) == ("expired", True)
    assert late["expired_at"] == late["expires_at"] == charge["expires_at"]
    assert rig.get(f"sources/{charge['source']['id']}")["charge_status"] == "expired"
    assert rig.events(charge) == ["charge.create", "charge.expire"]
    assert move(rig, charge, "mark_as_paid")["code"] == "bad_request"


def test_charges_expire_by_themselves_when_listed(rig):
    rig.promptpay()
    rig.set(clock_offset=DAY + 60)
    assert rig.get("charges")["data"][0]["status"] == "expired"


def test_charge_whose_time_is_up_is_not_paid(rig):
    charge = rig.promptpay()
    rig.set(clock_offset=DAY + 60)
    assert move(rig, charge, "mark_as_paid")["code"] == "bad_request"
    assert rig.get(f"charges/{charge['id']}")["status"] == "expired"


def test_uncaptured_authorisation_is_released_after_seven_days(rig):
    charge = rig.charge(capture=False)
    rig.set(clock_offset=8 * DAY)
    late = rig.get(f"charges/{charge['id']}")
    assert (late["status"], late["capturable"]) == ("expired", False)
    assert move(rig, charge, "capture")["code"] == "failed_capture"


def test_failed_and_paid_charges_look_expired_later_as_recorded(rig):
    failed, paid = rig.charge(card=rig.token("4111111111140011")), rig.charge()
    rig.set(clock_offset=8 * DAY)
    failed, paid = (rig.get(f"charges/{charge['id']}") for charge in (failed, paid))
    assert (failed["status"], failed["expired"]) == ("failed", True)
    assert (paid["status"], paid["expired"]) == ("successful", False)
    for charge in (failed, paid):
        assert charge["expired_at"] == charge["expires_at"]
