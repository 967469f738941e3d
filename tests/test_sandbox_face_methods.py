"""The ways to pay in the sandbox's pay form, against what its API takes; and its test cards.

One of each kind is gone through in the form; EVERY_WAY=1 goes through all of them.
"""

import os

import pytest

from sandbox import PUBLIC_KEY
from sandbox.rules import countries, methods, scenarios
from sandbox.rules.cards import passes_luhn

pytest_plugins = ("sandbox_rig", "sandbox_face_rig")

EVERY_WAY = "EVERY_WAY" in os.environ
# Within the limits of every way to pay of the country.
AMOUNTS = {"TH": 300000, "JP": 3000, "SG": 300000, "MY": 100000}
TERMS_AND_LEAST = """Object.fromEntries(it.everyMethod().filter(({ terms }) => terms).map(
  (one) => [one.type, Object.fromEntries(
    one.terms.map((term) => [term, it.leastIn(one, term)]))]))"""
TYPED = {
    "name": "Taro",
    "email": "taro@example.com",
    "phone_number": "081-234 5678",
    "barcode": "1234567890123456",
}


def table(merchant, module, expression):
    """Evaluate something of the pay form's own tables."""
    merchant.page.goto(merchant.rig.url + "pay.html")
    address = f"{merchant.rig.url}static/{module}.js"
    return merchant.page.evaluate(f"import('{address}').then((it) => {expression})")


def opens(merchant, name, currency, amount=300000, **config):
    """Open the pay form on one way to pay, by hand, and keep what it calls back with."""
    config = {"amount": amount, "currency": currency, **config}
    merchant.page.evaluate(
        """([config]) => { window.made = null; OmiseCard.configure(config); OmiseCard.open({
             onCreateTokenSuccess: (id) => { made = id; } }); }""",
        [{"key": PUBLIC_KEY, "defaultPaymentMethod": name, **config}],
    )
    merchant.form.locator(f"[data-view={name}]").wait_for()


def fills(merchant):
    """Type something good into every input that is shown, and choose from every list."""
    for field in merchant.form.locator("input:visible").all():
        field.fill(TYPED[field.get_attribute("name")])
    for field in merchant.form.locator("select:visible").all():
        field.select_option(index=1)


def test_table_of_methods_agrees_with_the_api(merchant):
    merchant.rig.set(retired_methods=True)
    known = {
        one["type"]: one
        for one in table(merchant, "pay-methods", "it.everyMethod()")
        if one["type"] != "econtext"
    }
    assert {*known, "econtext"} == set(methods.METHODS)
    assert table(merchant, "pay-methods", TERMS_AND_LEAST) == {
        name: {str(term): least for term, least in rules.least.items()}
        for name, rules in methods.METHODS.items()
        if rules.terms
    }
    for name, one in known.items():
        rules = methods.METHODS[name]
        assert tuple(one.get("terms", ())) == rules.terms, name
        assert set(one.get("banks", ())) == set(rules.banks), name
        white_label = name.startswith("installment_wlb_")
        assert white_label or set(rules.needs) <= set(one.get("fields", ())), name


def one_of_each_kind(names):
    """Keep one of the ways to pay that ask for the same, and send the payer to the same."""
    kinds = {}
    for name in names:
        rules = methods.METHODS.get(name)
        asks = rules and (rules.needs, bool(rules.banks), bool(rules.terms), rules.flow)
        kinds.setdefault(asks, name)
    return list(kinds.values())


@pytest.mark.parametrize("country", list(countries.COUNTRIES))
def test_each_way_to_pay_of_a_country_makes_its_source_through_the_form(
    merchant, country
):
    currency = countries.COUNTRIES[country].currency
    merchant.rig.set(country=country)
    merchant.scripts()
    offered = [
        name
        for name in methods.offered(country)
        if not name.startswith("installment_wlb_")
    ]
    konbini = {"convenience_store", "pay_easy", "net_banking"}
    names = [*offered, *(konbini if country == "JP" else ())]
    for name in names if EVERY_WAY else one_of_each_kind(names):
        opens(merchant, name, currency, AMOUNTS[country])
        fills(merchant)
        merchant.pays()
        made = merchant.eventually("window.made")
        source = merchant.rig.get(f"sources/{made}")
        assert source["type"] == ("econtext" if name in konbini else name)
        assert source["phone_number"] in (None, "0812345678")
        merchant.closed()
    assert merchant.complaints == []


def test_what_omise_switched_off_is_offered_only_where_the_sandbox_is_told_to(merchant):
    retired = [name for name, rules in methods.METHODS.items() if rules.retired]
    wanted = ", ".join(["promptpay", "internet_banking", *retired])
    merchant.sells(other_payment_methods=wanted)
    shown = merchant.form.locator(".others .method").all_inner_texts()
    assert shown == ["PromptPay"]
    merchant.rig.set(retired_methods=True)
    merchant.sells(other_payment_methods=wanted)
    shown = merchant.form.locator(".others .method").all_inner_texts()
    assert {"PromptPay", "Internet banking", "Citi points"} <= set(shown)


def test_what_the_form_does_not_know_is_ignored_without_a_word(merchant):
    odd = "google_pay, applepay, points_citi, internet_banking(citi), constructor, grabpay"
    merchant.sells(other_payment_methods=odd)
    shown = merchant.form.locator(".others .method").all_inner_texts()
    assert shown == ["GrabPay"]


@pytest.mark.parametrize(
    ("locale", "name", "field", "typed", "complaint"),
    [
        ("en", "truemoney", "phone_number", "12345", "Enter a phone number of 10"),
        ("th", "truemoney", "phone_number", "12345", "10 หรือ 11 หลัก"),
        ("ja", "truemoney", "phone_number", "12345", "10桁または11桁"),
        ("en", "fpx", "email", "nobody", "Enter an email address"),
        ("ja", "fpx", "email", "nobody", "メールアドレス"),
        ("en", "fpx", "bank", None, "Please fill in: Bank."),
        ("th", "convenience_store", "name", "", "กรุณากรอกชื่อ"),
        ("ja", "convenience_store", "name", "Taro Yamada Jr", "10文字以内"),
    ],
)
def test_mistakes_are_told_in_the_shopper_s_language_before_anyone_is_asked(
    merchant, locale, name, field, typed, complaint
):
    merchant.sells(locale=locale, default_payment_method=name)
    fills(merchant)
    box = merchant.form.locator(f"[name={field}]")
    box.select_option("") if typed is None else box.fill(typed)
    merchant.pays()
    assert complaint in merchant.complaint()
    assert box.get_attribute("aria-invalid") == "true"
    assert not any("/sources" in url for url, _ in merchant.requests)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "Type is currently not supported."),
        ("th", "บัญชีนี้ไม่รองรับวิธีชำระเงินนี้"),
        ("ja", "このアカウントでは、このお支払い方法をご利用いただけません。"),
    ],
)
def test_refusal_of_the_api_is_told_in_the_shopper_s_language(merchant, locale, said):
    """English keeps the API's own words, which a shop's developer can look up."""
    merchant.sells(locale=locale, default_payment_method="paypay")
    merchant.pays()
    assert merchant.complaint() == said


def test_number_that_may_be_real_is_not_sent_anywhere(merchant):
    merchant.sells()
    merchant.types_card(number="4012888888881881")
    merchant.pays()
    assert "may be a real card" in merchant.complaint()
    assert not any("4012888888881881" in body for _, body in merchant.requests)
    assert not any(url.endswith("/tokens") for url, _ in merchant.requests)


def test_every_test_card_is_offered_to_click_under_what_it_stands_for(merchant):
    cards = table(merchant, "pay-cards", "it.TEST_CARDS")
    offered = [number for card in cards for number in card["numbers"]]
    assert len(offered) == len(set(offered))
    for card in cards:
        outcomes = {scenarios.scenario_of(number) for number in card["numbers"]}
        assert len(outcomes) == 1, card["label"]
        assert all(passes_luhn(number) for number in card["numbers"])
    failing = {number for row in scenarios._CARDS.values() for number in row.split()}
    assert failing <= set(offered)
    merchant.sells()
    merchant.form.locator("summary").click()
    buttons = merchant.form.locator("li [data-number]")
    shown = buttons.evaluate_all("nodes => nodes.map((node) => node.dataset.number)")
    assert shown == offered


def test_payer_s_device_is_named_to_methods_that_open_an_app(merchant):
    merchant.sells(default_payment_method="mobile_banking_scb")
    merchant.pays()
    source = merchant.rig.get(f"sources/{merchant.got()['omiseSource']}")
    assert source["platform_type"] == "WEB"


@pytest.mark.parametrize("language", ["en", "th", "ja"])
def test_no_language_lacks_a_word(merchant, language):
    words = table(
        merchant,
        "pay-words",
        "Object.fromEntries(Object.entries(it.LANGUAGES)"
        ".map(([name, words]) => [name, Object.keys(words).sort()]))",
    )
    assert words[language] == words["en"]
