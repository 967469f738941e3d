"""Tokens: made from card data, checked in Omise's words, used once."""

from datetime import UTC, datetime

import pytest
from sandbox_shapes import keys

from sandbox import PUBLIC_KEY as PUBLIC

pytest_plugins = ("sandbox_rig",)

WORKS = "4242424242424242"

# Copied from the recorded token.
TOKEN = keys("object id livemode location used charge_status card created_at")
CARD = keys(
    "object id livemode location deleted street1 street2 city state"
    " phone_number postal_code country financing bank brand fingerprint"
    " first_digits last_digits name expiration_month expiration_year"
    " security_code_check tokenization_method created_at"
)
GOOD = {
    "name": "Somchai",
    "number": WORKS,
    "expiration_month": 12,
    "expiration_year": 35,
}


def refused(rig, **changed):
    """Try to make a token and answer the error."""
    answer = rig.call("POST", "tokens", PUBLIC, json={"card": {**GOOD, **changed}})
    assert answer.status_code == 400
    return answer.json()


def test_token_has_the_recorded_shape(rig):
    card = {**GOOD, "city": "Bangkok", "postal_code": "10320", "security_code": "123"}
    token = rig.post("tokens", PUBLIC, card=card)
    assert list(token) == TOKEN
    assert list(token["card"]) == CARD
    assert token["location"] == f"{rig.url}tokens/{token['id']}"
    assert (token["used"], token["charge_status"]) == (False, "unknown")
    assert (token["card"]["last_digits"], token["card"]["expiration_year"]) == (
        "4242",
        2035,
    )
    assert (token["card"]["city"], token["card"]["country"]) == ("Bangkok", "")
    assert token["card"]["location"] is None


def test_sdk_makes_and_reloads_a_token(sdk):
    token = sdk.Token.create(**GOOD, security_code="123")
    assert token.reload().card.brand == "Visa"
    assert token.card.security_code_check is True


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"number": "4242424242424241"}, "number is invalid"),
        ({"number": "42424242424242424"}, "number is invalid"),
        ({"number": "999999"}, "number is invalid and brand not supported (unknown)"),
        ({"number": ""}, "number can't be blank and brand not supported (unknown)"),
        ({"number": "9999999999999995"}, "brand not supported (unknown)"),
        ({"expiration_year": 2020}, "expiration date cannot be in the past"),
        ({"expiration_year": "abc"}, "expiration year is invalid"),
        (
            {"expiration_month": 13},
            "expiration month is not between 1 and 12 and expiration date is invalid",
        ),
        (
            {"expiration_month": ""},
            "expiration month can't be blank and expiration month is not between 1 and 12",
        ),
        (
            {"expiration_month": 0, "expiration_year": 0},
            "expiration month is not between 1 and 12, expiration year is invalid,"
            " and expiration date is invalid",
        ),
        ({"name": " "}, "name can't be blank"),
        (
            {"expiration_month": 13, "expiration_year": "x", "name": "", "number": "1"},
            "expiration month is not between 1 and 12, name can't be blank, expiration year is"
            " invalid, expiration date is invalid, number is invalid, and brand not supported"
            " (unknown)",
        ),
    ],
)
def test_bad_cards_are_refused_in_the_recorded_words(rig, changed, message):
    error = refused(rig, **changed)
    assert (error["code"], error["message"]) == ("invalid_card", message)


def test_request_without_a_card_says_so(rig):
    error = rig.post("tokens", PUBLIC)
    assert error["code"] == "missing_card"
    assert error["message"] == "request contains no card parameters"


def test_card_is_good_until_the_end_of_its_month(rig):
    today = datetime.now(UTC)
    month = {"expiration_month": today.month, "expiration_year": today.year}
    assert rig.post("tokens", PUBLIC, card={**GOOD, **month})["object"] == "token"


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4111111111111111", "Visa"),
        ("5555555555554444", "MasterCard"),
        ("5454545454545454", "MasterCard"),
        ("3530111333300000", "JCB"),
        ("378282246310005", "American Express"),
        ("6447032400000000001", "Discover"),
        ("36021042000004", "Diners Club"),
        ("6250947000000006", "UnionPay"),
        (4242424242424242, "Visa"),
    ],
)
def test_brand_is_told_by_the_number(rig, number, brand):
    token = rig.get(f"tokens/{rig.token(number)}", PUBLIC)
    assert token["card"]["brand"] == brand


def test_fingerprint_is_the_same_for_the_same_number_only(rig):
    numbers = [WORKS, WORKS, "4111111111111111"]
    prints = [
        rig.get(f"tokens/{rig.token(n)}", PUBLIC)["card"]["fingerprint"]
        for n in numbers
    ]
    assert prints[0] == prints[1] != prints[2]
    assert len(prints[0]) == 44


def test_number_and_security_code_are_kept_nowhere(rig, tmp_path):
    rig.charge(card=rig.token("5454545454545454", security_code="8437"))
    copy = tmp_path / "books.sqlite3"
    rig.books.query("VACUUM INTO ?", (str(copy),))
    kept = copy.read_bytes()
    assert b'"last_digits": "5454"' in kept
    assert b"545454545454" not in kept
    assert b"8437" not in kept


def test_token_is_used_once(rig):
    token = rig.token()
    assert rig.charge(card=token)["status"] == "successful"
    again = rig.call(
        "POST", "charges", json={"amount": 2000, "currency": "THB", "card": token}
    )
    assert again.status_code == 400
    assert again.json() == {
        "object": "error",
        "location": "https://www.omise.co/api-errors#used-token",
        "code": "used_token",
        "message": "token was already used",
    }
    used = rig.get(f"tokens/{token}", PUBLIC)
    assert (used["used"], used["charge_status"]) == (True, "successful")


def test_refused_charge_does_not_use_the_token_up(rig):
    token = rig.token()
    assert rig.charge(card=token, amount=10)["code"] == "invalid_charge"
    assert rig.charge(card=token)["status"] == "successful"


def test_failing_test_card_still_becomes_a_token(rig):
    token = rig.get(f"tokens/{rig.token('4111111111160001')}", PUBLIC)
    assert token["card"]["security_code_check"] is False


def test_wallet_data_becomes_a_token(rig):
    wallet = {"method": "googlepay", "data": "{}", "billing_city": "Bangkok"}
    token = rig.post("tokens", PUBLIC, tokenization=wallet)
    assert token["card"]["tokenization_method"] == "googlepay"
    assert token["card"]["city"] == "Bangkok"
    assert rig.charge(card=token["id"])["status"] == "successful"
