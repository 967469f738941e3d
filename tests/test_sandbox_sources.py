"""Sources: every way to pay that is no card."""

import pytest
from sandbox_shapes import keys

from sandbox import PUBLIC_KEY as PUBLIC
from sandbox.rules import methods

pytest_plugins = ("sandbox_rig",)

# Copied from the recorded source; PromptPay's ends in supplier_id.
SOURCE = keys(
    "object id livemode location amount barcode bank created_at currency"
    " email flow installment_term ip absorption_type name mobile_number"
    " phone_number platform_type scannable_code qr_settings billing shipping"
    " items references provider_references store_id store_name terminal_id"
    " type zero_interest_installments charge_status receipt_amount discounts"
    " promotion_code"
)
ENOUGH = {
    "installment_term": 6,
    "phone_number": "0812345678",
    "email": "a@example.com",
    "name": "Taro",
    "barcode": "123",
    "bank": "cimb",
}
CURRENCY = {"TH": "THB", "JP": "JPY", "SG": "SGD", "MY": "MYR"}
RETIRED = [
    ("TH", "internet_banking_bay"),
    ("TH", "internet_banking_bbl"),
    ("TH", "internet_banking_ktb"),
    ("TH", "internet_banking_scb"),
    ("TH", "bill_payment_tesco_lotus"),
    ("TH", "installment_citi"),
    ("TH", "points_citi"),
    ("SG", "mobile_banking_ocbc_pao"),
]


def make(rig, kind="truemoney", amount=300000, currency="THB", **fields):
    """Make a source with the public key."""
    return rig.post(
        "sources", PUBLIC, type=kind, amount=amount, currency=currency, **fields
    )


def test_source_has_the_recorded_shape(rig):
    source = make(rig, "alipay_cn", platform_type="IOS", ip="203.0.113.10")
    assert list(source) == SOURCE
    assert (source["flow"], source["charge_status"]) == ("app_redirect", "unknown")
    assert (source["platform_type"], source["ip"]) == ("IOS", "203.0.113.10")
    assert list(make(rig, "promptpay")) == [*SOURCE, "supplier_id"]


def test_source_keeps_what_a_basket_needs(rig):
    item = {"sku": "1", "name": "Book", "amount": "100", "quantity": 2}
    source = make(
        rig, "atome", items=[item], shipping={"city": "Bangkok", "country": "TH"}
    )
    assert source["items"][0]["amount"] == 100
    assert source["shipping"]["city"] == "Bangkok"
    phone = make(rig, "truemoney", phone_number="0812345678")
    assert phone["mobile_number"] == phone["phone_number"] == "0812345678"


@pytest.mark.parametrize(("country", "kind"), RETIRED)
def test_what_omise_switched_off_is_refused_unless_the_account_is_told_to_offer_it(
    rig, country, kind
):
    rig.set(country=country)
    for on in (False, True):
        rig.set(retired_methods=on)
        listed = rig.get("capability", PUBLIC)["payment_methods"]
        assert (kind in [each["name"] for each in listed]) is on
        enough = {**ENOUGH, "bank": None}
        source = make(rig, kind, 200_000, CURRENCY[country], **enough)
        said = source.get("message")
        assert said == (None if on else "type is currently not supported"), source
        inline = {"type": kind, **enough}
        charge = rig.charge(
            200_000,
            CURRENCY[country],
            source=inline,
            return_uri="https://shop.test/",
        )
        assert (charge["object"] == "charge") is on
    # What was made of it stays to be seen.
    rig.set(retired_methods=False)
    assert rig.get(f"charges/{charge['id']}")["source"]["type"] == kind


@pytest.mark.parametrize(
    ("kind", "countries"),
    [
        ("touch_n_go", "TH SG MY"),
        ("alipayplus_mpm", "TH SG MY"),
        ("alipay_cn", "TH SG"),
        ("gcash", "TH SG"),
        ("bkash", "TH"),
        ("alipayplus_upm", "TH"),
    ],
)
def test_wallets_are_offered_where_omise_offers_them(rig, kind, countries):
    for country, currency in CURRENCY.items():
        rig.set(country=country)
        made = make(rig, kind, 20000, currency, **ENOUGH)
        assert (made["object"] == "source") is (country in countries.split())


@pytest.mark.parametrize(
    ("country", "kind", "term", "least"),
    [
        # A bank's least month, or the least of all instalments.
        ("TH", "installment_bay", 3, 200_000),
        ("TH", "installment_bay", 6, 300_000),
        ("TH", "installment_bbl", 10, 500_000),
        ("TH", "installment_scb", 9, 450_000),
        ("TH", "installment_ttb", 10, 500_000),
        ("TH", "installment_uob", 10, 500_000),
        ("TH", "installment_first_choice", 36, 1_080_000),
        ("TH", "installment_kbank", 10, 200_000),
        ("TH", "installment_ktc", 10, 200_000),
        ("TH", "installment_wlb_ktc", 10, 300_000),
        ("TH", "installment_wlb_kbank", 10, 200_000),
        ("TH", "installment_wlb_scb", 10, 500_000),
        ("MY", "installment_mbb", 6, 50_000),
        ("MY", "installment_mbb", 12, 100_000),
        ("MY", "installment_mbb", 18, 150_000),
        ("MY", "installment_mbb", 24, 200_000),
    ],
)
def test_a_month_of_instalments_has_a_least_amount(rig, country, kind, term, least):
    rig.set(country=country)
    asked = {"currency": CURRENCY[country], "installment_term": term}
    assert make(rig, kind, least, **asked)["object"] == "source"
    refused = make(rig, kind, least - 1, **asked)
    assert refused["code"] == "bad_request"
    assert refused["message"] == f"amount must be greater than or equal to {least}"


@pytest.mark.parametrize(
    ("country", "kind"),
    [(country, kind) for country in CURRENCY for kind in methods.offered(country)],
)
def test_every_offered_type_can_be_charged_and_paid(rig, country, kind):
    if country != "TH":
        rig.set(country=country)
    amount = {"JP": 20000, "MY": 150_000}.get(country, 300_000)
    source = make(rig, kind, amount, CURRENCY[country], **ENOUGH)
    assert source["object"] == "source", source
    card = {"card": rig.token()} if kind.startswith("installment_wlb") else {}
    charge = rig.charge(
        amount,
        CURRENCY[country],
        source=source["id"],
        return_uri="https://shop.test/",
        **card,
    )
    assert charge["status"] == "pending", charge
    assert charge["source"]["charge_status"] == "pending"
    paid = rig.post(f"charges/{charge['id']}/mark_as_paid")
    assert (paid["status"], paid["paid"]) == ("successful", True)
    assert rig.get(f"sources/{source['id']}")["charge_status"] == "successful"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": "abc"}, "amount is not a number"),
        ({"currency": "ABC"}, "currency is currently not supported"),
        ({"currency": "USD"}, "currency is currently not supported"),
        ({"kind": "galactic"}, "type is currently not supported"),
        ({"kind": "paynow"}, "type is currently not supported"),
        ({"kind": ["promptpay"]}, "type is currently not supported"),
        ({"amount": 1999}, "amount must be greater than or equal to 2000"),
        (
            {"kind": "promptpay", "amount": 15_000_001},
            "amount must be less than or equal to 15000000",
        ),
        ({"phone_number": "1"}, "phone_number must contain 10-11 digit characters"),
        ({"kind": "promptpay", "email": "x"}, "email is in invalid format"),
        (
            {"kind": "installment_kbank", "amount": 199_999, "installment_term": 6},
            "amount must be greater than or equal to 200000",
        ),
        (
            {"kind": "installment_bay", "installment_term": 5},
            "installment_term is not valid",
        ),
        ({"kind": "wechat_pay_upm"}, "barcode cannot be blank"),
        (
            {"amount": "abc", "currency": "ABC", "kind": "galactic"},
            "currency is currently not supported, amount is not a number,"
            " and type is currently not supported",
        ),
    ],
)
def test_bad_sources_are_bad_requests_in_the_recorded_words(rig, fields, message):
    answer = make(rig, **{"phone_number": "0812345678", **fields})
    assert (answer["code"], answer["message"]) == ("bad_request", message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"currency": "THB"}, "currency must be JPY"),
        ({"amount": 199}, "amount must be at least 200"),
        ({"amount": 50000}, "amount must be less than 50000"),
        ({"name": ""}, "name cannot be blank"),
        ({"name": "a" * 11}, "name is too long (maximum is 10 characters)"),
        ({"email": ""}, "email is in invalid format"),
        ({"phone_number": "123"}, "phone_number must contain 10-11 digit characters"),
    ],
)
def test_konbini_payments_are_checked_in_the_recorded_words(rig, fields, message):
    rig.set(country="JP")
    answer = make(
        rig,
        **{"kind": "econtext", "amount": 5000, "currency": "JPY", **ENOUGH, **fields},
    )
    assert (answer["code"], answer["message"]) == ("bad_request", message)


def test_banks_are_checked_where_a_bank_is_needed(rig):
    rig.set(country="MY")
    assert (
        make(rig, "fpx", currency="MYR", bank="nowhere")["message"]
        == "bank is not valid"
    )


def test_interest_is_whose_the_merchant_says(rig):
    plain = make(rig, "installment_bay", installment_term=6)
    free = make(
        rig, "installment_bay", installment_term=6, zero_interest_installments=True
    )
    assert (plain["absorption_type"], plain["zero_interest_installments"]) == (
        "customer",
        False,
    )
    assert (free["absorption_type"], free["zero_interest_installments"]) == (
        "merchant",
        True,
    )


def test_source_keeps_the_address_of_its_caller(rig):
    assert make(rig, "promptpay")["ip"] == "127.0.0.1"
    assert make(rig, "promptpay", ip="203.0.113.10")["ip"] == "203.0.113.10"


def test_source_is_charged_once_with_its_own_amount_and_currency(rig):
    source = make(rig, "promptpay", 20000)["id"]
    assert rig.charge(20001, source=source)["code"] == "invalid_charge"
    assert rig.charge(20000, source=source)["status"] == "pending"
    assert rig.charge(20000, source=source)["message"] == "source was already used"
    assert rig.charge(20000, source="src_x")["message"] == "source src_x was not found"


def test_payer_can_only_be_sent_away_with_an_address_to_come_back_to(rig):
    for uri in (None, "nowhere", "javascript:alert(1)", "http://["):
        error = rig.charge(source={"type": "mobile_banking_scb"}, return_uri=uri)
        assert (error["code"], error["message"]) == (
            "bad_request",
            "return uri is invalid",
        )


def test_white_label_instalments_need_card_and_source(rig):
    source = {"type": "installment_wlb_bay", "installment_term": 6}
    sent = {"amount": 300000, "source": source, "return_uri": "https://shop.test/"}
    assert rig.charge(**sent)["code"] == "missing_card"
    token = rig.token()
    charge = rig.charge(card=token, **sent)
    assert (charge["card"]["last_digits"], charge["source"]["flow"]) == (
        "4242",
        "redirect",
    )
    assert rig.get(f"tokens/{token}", PUBLIC)["charge_status"] == "pending"


def test_sdk_makes_a_source(sdk):
    source = sdk.Source.create(type="promptpay", amount=20000, currency="thb")
    assert (source.flow, source.currency) == ("offline", "THB")
    assert sdk.Source.retrieve(source.id).scannable_code is None
