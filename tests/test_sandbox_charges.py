"""Charges: made from cards and sources, with the recorded fields, limits and fees."""

import pytest
from sandbox_shapes import keys

from sandbox import SECRET_KEY

pytest_plugins = ("sandbox_rig",)

# Copied from recorded charges; the three amounts are missing while nothing has settled.
AMOUNTS = ["authorization_type", "authorized_amount", "captured_amount"]
BEFORE = ["object", "id", "location", "amount"]
AFTER = keys(
    "acquirer_reference_number net fee fee_vat interest interest_vat"
    " funding_amount refunded_amount transaction_fees platform_fee currency"
    " funding_currency ip refunds link description metadata card source"
    " schedule linked_account customer dispute transaction failure_code"
    " failure_message merchant_advice merchant_advice_code status"
    " authorize_uri return_uri created_at paid_at authorized_at expires_at"
    " expired_at reversed_at multi_capture zero_interest_installments branch"
    " terminal device authorized capturable capture disputable livemode"
    " refundable partially_refundable reversed reversible voided paid"
    " expired can_perform_void approval_code"
)
SETTLED, OPEN = [*BEFORE, *AMOUNTS, *AFTER], [*BEFORE, *AFTER]
RETURN = "https://shop.test/orders/1/complete"
DAY = 24 * 60 * 60


def flags(charge):
    """Name the flags that are up."""
    return {name for name, value in charge.items() if value is True}


def test_paid_card_charge_has_the_recorded_shape(rig):
    charge = rig.charge(101645, metadata={"order_id": "1001"}, description="Order 1001")
    assert list(charge) == SETTLED
    assert (charge["net"], charge["fee"], charge["fee_vat"]) == (97675, 3710, 260)
    assert charge["status"] == "successful"
    assert flags(charge) == {
        "authorized",
        "capture",
        "disputable",
        "refundable",
        "partially_refundable",
        "paid",
        "can_perform_void",
    }
    assert charge["created_at"] == charge["paid_at"] == charge["authorized_at"]
    assert charge["transaction"].startswith("trxn_test_")
    assert charge["authorize_uri"] is None
    assert charge["location"] == f"/charges/{charge['id']}"


def test_declined_card_is_a_charge_and_answers_200(rig):
    sent = {"amount": 80245, "currency": "thb", "card": rig.token("4111111111140011")}
    answer = rig.call("POST", "charges", json=sent)
    assert answer.status_code == 200
    charge = answer.json()
    assert list(charge) == SETTLED
    assert (charge["status"], charge["failure_code"]) == ("failed", "insufficient_fund")
    assert charge["failure_message"] == (
        "insufficient funds in the account or the card has reached the credit limit"
    )
    assert flags(charge) == {"capture"}
    assert rig.events(charge) == ["charge.create"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("5555551111100012", "stolen_or_lost_card"),
        ("377138160000009", "failed_processing"),
        ("3530111111160014", "payment_rejected"),
        ("4111111111190016", "failed_fraud_check"),
        ("6250947000000063", "invalid_account_number"),
        ("4111111111160001", "invalid_security_code"),
        ("4111111111150002", "payment_rejected"),
        ("4111111111140003", "payment_rejected"),
    ],
)
def test_test_cards_end_as_omise_says_without_3d_secure(rig, number, code):
    assert rig.charge(card=rig.token(number))["failure_code"] == code


def test_3d_secure_card_waits_for_the_bank(rig):
    rig.set(three_d_secure=True)
    charge = rig.charge(5000, return_uri=RETURN)
    shape = OPEN.copy()
    shape.insert(shape.index("card"), "missing_3ds_fields")
    assert list(charge) == shape
    assert charge["missing_3ds_fields"] == ["email", "phone_number"]
    assert charge["status"] == "pending"
    assert flags(charge) == {"capture"}
    assert charge["authorize_uri"].startswith(rig.url + "payments/paym_test_")
    assert charge["authorize_uri"].endswith("/authorize")
    assert (charge["net"], charge["fee"], charge["fee_vat"]) == (4804, 183, 13)


def test_3d_secure_needs_an_address_to_come_back_to_and_keeps_the_token(rig):
    rig.set(three_d_secure=True)
    token = rig.token()
    assert rig.charge(card=token)["message"] == "return uri is invalid"
    assert rig.charge(card=token, return_uri=RETURN)["status"] == "pending"


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("4242424242424242", "successful", None),
        ("4111111111140011", "failed", "insufficient_fund"),
        ("4111111111140003", "failed", "payment_rejected"),
    ],
)
def test_3d_secure_cards_end_as_omise_says_once_the_bank_approves(
    rig, number, status, code
):
    rig.set(three_d_secure=True)
    charge = rig.charge(card=rig.token(number), return_uri=RETURN)
    assert charge["status"] == "pending"
    paid = rig.post(f"control/charges/{charge['id']}/pay")
    assert (paid["status"], paid["failure_code"]) == (status, code)
    assert rig.events(charge) == ["charge.create", "charge.complete"]


def test_card_whose_enrolment_fails_is_never_asked_for_by_its_bank(rig):
    rig.set(three_d_secure=True)
    for number in ("4111111111150002", "5555551111120002", "3530111111100002"):
        charge = rig.charge(card=rig.token(number), return_uri=RETURN)
        told = (charge["status"], charge["failure_code"])
        assert told == ("failed", "payment_rejected")


def test_card_without_3d_secure_still_has_a_page_when_it_has_a_return_uri(rig):
    charge = rig.charge(return_uri=RETURN)
    assert charge["status"] == "successful"
    assert "/payments/paym_test_" in charge["authorize_uri"]
    assert (
        rig.app.test_client().get(charge["authorize_uri"]).headers["Location"] == RETURN
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": 10}, "amount must be greater than or equal to 2000 (thb subunits)"),
        (
            {"amount": 15_000_001},
            "amount must be less than or equal to 15000000 (thb subunits)",
        ),
        ({"currency": "invalid"}, "currency is currently not supported"),
        ({"amount": "1.5"}, "amount is not a number"),
        ({"amount": True}, "amount is not a number"),
        (
            {"amount": "x", "currency": "y"},
            "currency is currently not supported and amount is not a number",
        ),
    ],
)
def test_bad_amounts_and_currencies_are_invalid_charges(rig, fields, message):
    sent = {"amount": 100000, "currency": "thb", "card": rig.token(), **fields}
    answer = rig.call("POST", "charges", json=sent)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_charge"
    assert answer.json()["message"] == message
    assert rig.get("charges")["total"] == 0


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"card": "tokn_x"}, "not_found", "token tokn_x was not found"),
        ({"card": ""}, "missing_card", "request contains no card parameters"),
        ({"metadata": "x"}, "bad_request", "Metadata should be a JSON hash"),
        ({"return_uri": "//x"}, "bad_request", "return uri is invalid"),
        ({"authorization_type": "x"}, "bad_request", "authorization_type is not valid"),
        (
            {"platform_fee": {"percentage": "x"}},
            "bad_request",
            "platform_fee is not valid",
        ),
        (
            {"platform_fee": {"percentage": "NaN"}},
            "bad_request",
            "platform_fee is not valid",
        ),
    ],
)
def test_other_mistakes_are_refused(rig, fields, code, message):
    error = rig.charge(**{"card": rig.token(), **fields})
    assert (error["code"], error["message"]) == (code, message)


def test_authorisation_has_the_recorded_shape(rig):
    charge = rig.charge(capture=False)
    assert list(charge) == OPEN
    assert flags(charge) == {"authorized", "capturable", "reversible"}
    assert charge["status"] == "pending"
    assert charge["authorized_at"] == charge["created_at"]
    assert charge["transaction"] is charge["paid_at"] is None


def test_capture_false_is_understood_from_a_form(rig):
    fields = {
        "amount": "20000",
        "currency": "thb",
        "card": rig.token(),
        "capture": "false",
    }
    assert rig.call("POST", "charges", data=fields).json()["capturable"] is True


def test_description_and_metadata_may_change_and_nothing_else(sdk, rig):
    charge = sdk.Charge.retrieve(rig.charge(metadata={"a": "1", "b": "2"})["id"])
    charge.update(description="new", metadata={"c": ["3"]}, amount=1)
    assert (charge.description, charge.amount) == ("new", 100000)
    assert charge._attributes["metadata"] == {"c": ["3"]}
    assert rig.events({"id": charge.id}) == ["charge.create", "charge.update"]


def test_key_is_checked_before_anything_else(rig):
    assert rig.call("POST", "charges", SECRET_KEY + "x", json={}).status_code == 401
