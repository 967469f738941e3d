"""Which ways are offered: the table x the account's capability x the amount; and how the capability
is kept."""

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fault_rig import begin, creates
from rig import eventually
from shopper import Shopper

from payment import account, fields, methods, ways
from payment.gateway.capability import Capability, Means
from payment.gateway.charge import Unreadable
from payment.methods import CARD, GROUPS

ROOT = Path(__file__).parent.parent
MARKS = ROOT / "payment" / "static" / "marks.svg"


def means(*currencies, brands=(), terms=(), banks=None):
    return Means(currencies, brands, terms, banks or {})


def an_account(country="TH", least=2_000, most=15_000_000, **more):
    """Give the capability of an account that has a few ways."""
    usual = {
        "card": means("THB", "JPY", brands=("Visa", "JCB", "Wirecard")),
        "promptpay": means("THB"),
        "installment_kbank": means("THB", terms=(3, 6, 10)),
        "installment_bay": means("THB", terms=(3, 10)),
        "mobile_banking_scb": means("THB"),
        "mobile_banking_kbank": means("THB"),
    }
    given = {"least_instalments": 200_000, "is_without_interest": False}
    given |= {"tokenized": ("googlepay",), "means": usual, **more}
    return Capability(country=country, least=least, most=most, **given)


def names(amount=500_000, currency="THB", capability=None):
    return set(ways.offered(amount, currency, capability))


# The table


@pytest.mark.parametrize("way", methods.METHODS, ids=lambda way: way.name)
def test_a_row_says_all_that_is_needed(way):
    assert way.label
    assert way.limits
    assert set(way.limits) <= set(methods.CURRENCIES)
    assert all(0 < low < high for low, high in way.limits.values())
    assert set(way.asks) <= set(fields.FIELDS)
    assert bool(way.terms) == ("installment_term" in way.asks)
    assert bool(way.banks) == ("bank" in way.asks)
    assert not way.group or way.group in GROUPS
    if way.listed:
        assert way.steps
    if way.listed and way.flow != CARD:
        assert way.hint


def test_no_two_rows_have_one_name():
    named = [way.name for way in methods.METHODS]
    assert sorted(named) == sorted(set(named))


def test_every_mark_is_drawn_by_us_and_every_drawing_used():
    tree = ElementTree.parse(MARKS)
    drawn = {one.get("id") for one in tree.iter("{http://www.w3.org/2000/svg}symbol")}
    used = {way.mark for way in methods.METHODS} | {
        each.mark for each in GROUPS.values()
    }
    assert drawn == used
    assert "href" not in MARKS.read_text()


# What is offered


def test_without_a_capability_the_table_serves():
    assert {"card", "promptpay", "truemoney"} <= names()
    assert "paynow" not in names()
    assert {"card", "paynow", "grabpay"} <= names(currency="SGD")


def test_an_account_is_offered_what_it_has_and_no_more():
    found = names(capability=an_account())
    assert found == set(an_account().means) | {"googlepay"}
    assert names(currency="JPY", capability=an_account()) == {"card", "googlepay"}
    assert names(currency="MYR", capability=an_account()) == {"googlepay"}


def test_a_way_in_another_currency_is_not_offered():
    elsewhere = an_account(means={"dana": means("SGD"), "gcash": means("SGD", "MYR")})
    assert names(currency="THB", capability=elsewhere) == {"googlepay"}
    assert names(currency="SGD", capability=elsewhere) == {"dana", "gcash", "googlepay"}


@pytest.mark.parametrize(
    ("account", "name", "limits"),
    [
        (an_account(), "card", (2_000, 15_000_000)),
        (an_account(least=5_000, most=99_000_000), "card", (5_000, 99_000_000)),
        (an_account(most=99_000_000), "mobile_banking_scb", (2_000, 99_000_000)),
        (an_account(most=40_000), "promptpay", (2_000, 40_000)),
        (an_account(most=99_000_000), "promptpay", (2_000, 99_000_000)),
        # Limits in baht say nothing of another country's.
        (an_account(country="SG", most=10), "card", (2_000, 15_000_000)),
        (an_account(least=None, most=None), "card", (2_000, 15_000_000)),
        (an_account(least_instalments=500_000), "installment_kbank", (500_000, None)),
        (an_account(least_instalments=None), "installment_bay", (200_000, None)),
    ],
)
def test_limits_are_the_method_s_and_the_account_s(account, name, limits):
    offer = ways.offered(1_000_000, "THB", account)[name]
    assert offer.low == limits[0]
    assert limits[1] in (None, offer.high)


def test_limits_of_a_wallet_stay_below_a_generous_account_s():
    generous = an_account(most=99_000_000, means={"truemoney": means("THB")})
    assert ways.offered(1, "THB", generous)["truemoney"].high == 10_000_000


@pytest.mark.parametrize(
    ("amount", "is_open"), [(1_999, False), (2_000, True), (15_000_000, True)]
)
def test_an_amount_at_its_limits(amount, is_open):
    offer = ways.offered(amount, "THB", an_account())["promptpay"]
    assert offer.is_open is is_open


def terms(amount, name="installment_bay", **more):
    offer = ways.offered(amount, "THB", an_account(**more))[name]
    return [(term.months, term.monthly) for term in offer.terms], offer.is_open


def test_months_are_the_account_s_and_each_is_dear_enough():
    """FACTS 3.3: bay takes 500 baht a month, kbank whatever the total allows."""
    assert terms(200_000) == ([(3, 66_667)], True)
    assert terms(500_000) == ([(3, 166_667), (10, 50_000)], True)
    assert terms(499_999)[0] == [(3, 166_667)]
    assert terms(200_000, "installment_kbank")[0][-1] == (10, 20_000)
    assert terms(199_999, "installment_kbank")[1] is False


def test_months_that_a_capability_adds_are_offered_too():
    more = an_account().means | {"installment_bay": means("THB", terms=(12, 3, 24))}
    assert [months for months, _ in terms(5_000_000, means=more)[0]] == [3, 12, 24]


def test_maybank_s_months_each_have_a_least_total():
    offer = ways.offered(160_000, "MYR", None)["installment_mbb"]
    assert [term.months for term in offer.terms] == [6, 12, 18]
    assert offer.low == 50_000


def test_banks_that_are_closed_are_not_offered():
    open_now = {"cimb": "CIMB BANK BERHAD", "newbank": "New Bank"}
    fpx = an_account("MY", means={"fpx": means("MYR", banks=open_now)})
    found = ways.offered(10_000, "MYR", fpx)["fpx"].banks
    assert found == {"cimb": "CIMB Clicks", "newbank": "New Bank"}
    assert len(ways.offered(10_000, "MYR", None)["fpx"].banks) == 21


def test_a_group_of_one_is_a_row_of_its_own():
    alone = an_account(means={"mobile_banking_scb": means("THB")})
    (row,) = ways.rows(ways.offered(500_000, "THB", alone))
    assert row.offer.way.name == "mobile_banking_scb"
    several = ways.rows(ways.offered(500_000, "THB", an_account()))
    assert [row.name for row in several if row.group] == [
        "mobile_banking",
        "installment",
    ]


def test_omise_js_is_told_the_same_ways_by_its_own_names():
    offers = ways.offered(500_000, "THB", an_account())
    assert ways.pickers(offers) == (
        "googlepay,promptpay,mobile_banking(scb, kbank),installment(bay, kbank)"
    )
    too_small = ways.pickers(ways.offered(49_000, "THB", an_account()))
    assert too_small == "googlepay,promptpay,mobile_banking(scb, kbank)"
    assert ways.brands(an_account()) == {"Visa": "visa", "JCB": "jcb"}
    assert list(ways.brands(None).values()) == ["visa", "mastercard"]


def test_what_is_not_offered_is_refused_by_name():
    with pytest.raises(ways.WayRefused) as refused:
        ways.check("truemoney", 49_000, "THB", an_account())
    assert refused.value.offer is None
    with pytest.raises(ways.WayRefused) as refused:
        ways.check("promptpay", 1, "THB", an_account())
    assert refused.value.offer.low == 2_000


# Reading a capability


def test_the_recorded_capability_is_read(sample):
    found = Capability.read(sample)
    assert found.country == "TH"
    assert (found.least, found.most) == (2_000, 500_000_000_000)
    assert found.means["installment_wlb_kbank"].terms == (3, 6, 10)
    assert found.means["dana"].currencies == ("SGD",)
    assert "JCB" in found.means["card"].brands
    assert found.tokenized == ("googlepay", "applepay")
    offers = ways.offered(500_000, "THB", found)
    assert {"card", "promptpay", "atome", "installment_wlb_bay"} <= set(offers)
    assert "dana" not in offers


@pytest.fixture
def sample():
    """Give a capability of the recorded shape, with a few rows of it."""
    row = {"object": "payment_method", "provider": None, "banks": []}
    rows = [
        {**row, "name": "card", "currencies": ["THB"], "card_brands": ["JCB", "Visa"]},
        {**row, "name": "promptpay", "currencies": ["THB"], "card_brands": None},
        {**row, "name": "atome", "currencies": ["THB"], "installment_terms": None},
        {**row, "name": "dana", "currencies": ["SGD"]},
    ]
    for bank, months in (("bay", [3, 4]), ("kbank", [3, 6, 10])):
        name = f"installment_wlb_{bank}"
        rows.append(
            {**row, "name": name, "currencies": ["THB"], "installment_terms": months}
        )
    limits = {
        "charge_amount": {"max": 500_000_000_000, "min": 2_000},
        "installment_amount": {"min": 200_000},
    }
    return {
        "object": "capability",
        "country": "TH",
        "limits": limits,
        "payment_methods": rows,
        "tokenization_methods": ["googlepay", "applepay"],
        "zero_interest_installments": False,
    }


@pytest.mark.parametrize(
    "odd", [None, [], {}, {"object": "capability"}, {"object": "account"}, "text"]
)
def test_what_is_no_capability_is_not_read(odd):
    with pytest.raises(Unreadable):
        Capability.read(odd)


@pytest.mark.parametrize(
    "odd",
    [
        {"limits": None},
        {"limits": {"charge_amount": {"min": "2000", "max": -1}}},
        {"payment_methods": [None, 1, {}, {"name": 7}, {"name": "card"}]},
        {
            "payment_methods": [
                {
                    "name": "fpx",
                    "banks": [None, {"code": 7}, {"code": "cimb"}],
                    "currencies": "MYR",
                }
            ]
        },
        {"tokenization_methods": {"googlepay": True}, "country": 66},
    ],
)
def test_a_part_that_cannot_be_read_is_left_out(sample, odd):
    """A31: whatever Omise's answer holds, the shop goes on."""
    found = Capability.read({**sample, **odd})
    for currency in methods.CURRENCIES:
        assert isinstance(ways.offered(50_000, currency, found), dict)


# How it is kept


def test_a_checkout_offers_what_the_account_can_do_and_asks_once(shop, shopper):
    shopper.adds()
    shop.capability()
    before = shop.omise.books()["counts"].get("GET /capability", 0)
    for _ in range(5):
        shopper.opens_checkout()
    assert shop.omise.books()["counts"].get("GET /capability", 0) == before
    told = re.search('data-other-payment-methods="([^"]*)"', shopper.page.text)[1]
    assert "mobile_banking(scb, kbank, bbl, bay, ktb)" in told
    assert "googlepay,applepay" in told
    assert 'data-card-brands="jcb visa mastercard amex unionpay"' in shopper.page.text
    assert "JCB, Visa, MasterCard, American Express, UnionPay" in shopper.page.text


def test_nobody_waits_for_the_capability_and_a_stale_one_serves_on(
    shop, shopper, monkeypatch
):
    """C5: while Omise says nothing, the last answer is used, however old."""
    known = shop.capability()
    kept = shop.app.extensions["payment"].account
    begin(shop)
    rule = shop.omise.breaks("hold_before", method="GET", path="/capability")
    monkeypatch.setattr(kept, "_asks_after", 0.0)
    shopper.adds()
    shopper.opens_checkout()
    assert shop.omise.fault(rule)["state"] == "held"
    assert "PromptPay" in shopper.page.text
    assert kept.capability() is known
    shop.omise.releases(rule)
    eventually(lambda: kept.capability() is not known)
    shop.omise.heals()


def test_what_cannot_be_read_is_asked_for_again_later(shop, monkeypatch):
    """C2: and the old answer is kept."""
    known = shop.capability()
    kept = shop.app.extensions["payment"].account
    for body in ("html", "list", "text"):
        monkeypatch.setattr(kept, "_asks_after", 0.0)
        rule = shop.omise.breaks(
            "answer_before", method="GET", path="/capability", status=200, body=body
        )
        kept.refresh()
        kept.close()
        assert shop.omise.fault(rule)["met"] == 1
        assert kept.capability() is known
        met = shop.omise.books()["counts"].get("GET /capability", 0)
        kept.refresh()
        assert shop.omise.books()["counts"].get("GET /capability", 0) == met
    shop.omise.heals()


def test_two_visitors_at_once_ask_once(shop, monkeypatch):
    kept = shop.app.extensions["payment"].account
    begun = []

    class Asking:
        def __init__(self, **_):
            begun.append(self)

        start = join = lambda self: None

    monkeypatch.setattr(kept, "_asks_after", 0.0)
    monkeypatch.setattr(account, "Thread", Asking)
    kept.refresh()
    kept.refresh()
    assert len(begun) == 1


def test_a_way_that_the_account_has_lost_since_is_refused(shop, shopper):
    """A10: whatever an old page still shows."""
    kept = shop.app.extensions["payment"].account
    known = shop.capability()
    shopper.adds()
    shopper.opens_checkout()
    less = {name: one for name, one in known.means.items() if name != "promptpay"}
    kept.keep(replace(known, means=less))
    try:
        shopper.chooses("promptpay")
    finally:
        kept.keep(known)
    assert shopper.page.status_code == 422
    assert "PromptPay is not offered here just now" in shopper.page.text
    assert creates(shop) == 0


@pytest.mark.parametrize(
    ("way", "odd"),
    [
        ("installment_kbank", {"installment_term": "9"}),
        ("installment_kbank", {"installment_term": "0"}),
        ("fpx", {"bank": "closed"}),
    ],
)
def test_a_bank_or_a_term_that_is_not_offered_is_refused(build_shop, way, odd):
    currency = "MYR" if way == "fpx" else "THB"
    shop = build_shop(STORE_CURRENCY=currency)
    shop.capability()
    with Shopper(shop) as shopper:
        shopper.opens_order(shop.orders(500_000, currency), "/pay")
        shopper.chooses(way, **odd)
        assert shopper.page.status_code == 422
        assert fields.FIELDS[next(iter(odd))].refusal in shopper.page.text
        assert creates(shop) == 0


def test_a_row_refused_at_the_checkout_is_shown_again_with_the_basket(shop, shopper):
    """Nothing is lost: the same form may be used once it is right."""
    shop.capability()
    shopper.adds()
    shopper.opens_checkout()
    shopper.chooses("truemoney", phone_number="12")
    assert shopper.page.status_code == 422
    assert "TrueMoney Wallet needs something more" in shopper.page.text
    assert 'value="12"' in shopper.page.text
    assert "Celadon cup" in shopper.page.text
    again = shopper.hidden()
    assert again["form"] == shopper.form["form"]
    shopper.chooses("truemoney", phone_number="0812345678")
    assert shopper.page.url.endswith("/authorize")
    assert creates(shop) == 1


def test_a_row_refused_by_an_outdated_page_leads_back_to_the_basket(shop, shopper):
    """A11: what is shown again is never another sum."""
    shopper.adds()
    shopper.opens_checkout()
    old = shopper.form
    shopper.adds("cloud-oolong")
    shopper.opens_checkout()
    shopper.chooses("truemoney", phone_number="12", **old)
    assert shopper.page.url.endswith("/checkout")
    assert "nothing was charged yet" in shopper.page.text


def test_a_row_refused_for_an_order_that_is_paid_shows_no_form(shop, shopper):
    """A21: nothing more is to be paid."""
    shopper.adds()
    shopper.pays(card="4111111111140011")
    old = shopper.hidden()
    shopper.pays_here()
    order = shopper.order_id
    assert shopper.state == "paid"
    form = {**old, "form": str(uuid.uuid4()), "method": "truemoney"}
    shopper.charges({**form, "phone_number": "12"}, follow=False)
    assert (shopper.page.status_code, old["order"]) == (303, order)


NO_ROWS = [one.name for one in methods.METHODS if not one.listed or one.by_card]


@pytest.mark.parametrize("name", ["nothing", *NO_ROWS])
def test_what_is_no_row_of_the_list_is_refused(shop, shopper, name):
    """E8: by whatever name it is posted."""
    shopper.adds()
    shopper.opens_checkout()
    shopper.chooses(name)
    assert "Please choose how to pay; nothing was charged." in shopper.page.text
    assert creates(shop) == 0


def test_a_row_posted_again_leads_to_its_order(shop, shopper):
    """A1, A22: the form's id comes first, whatever is wrong with it by now."""
    shopper.adds()
    shopper.opens_checkout()
    shopper.chooses("promptpay")
    order = shopper.order_id
    for details in ({}, {"method": "truemoney"}, {"method": "grabpay"}):
        shopper.charges({**shopper.form, "method": "promptpay", **details})
        assert shopper.order_id == order
    assert creates(shop) == 1


def test_the_time_that_is_left_ends_when_the_charge_does(shop, shopper):
    """D7: counted from the moment in which the page was drawn."""
    begin(shop)
    shopper.adds()
    shopper.opens_checkout()
    shopper.chooses("promptpay")
    ends = datetime.fromisoformat(shop.omise.latest()["expires_at"])
    before = datetime.now(UTC)
    shopper.opens_order(shopper.order_id)
    after = datetime.now(UTC)
    left = timedelta(seconds=int(re.search(r'data-left="(\d+)"', shopper.page.text)[1]))
    second = timedelta(seconds=1)
    assert ends - after - second <= left <= ends - before + second
    assert f'datetime="{ends:%Y-%m-%dT%H:%M:%S}' in shopper.page.text


@pytest.mark.parametrize("by", ["row", "source"])
def test_a_code_is_served_to_be_looked_at_or_to_be_saved(shop, shopper, by):
    """D7: what is saved has a name; a settled order has no code any more."""
    begin(shop)
    shopper.adds()
    shopper.opens_checkout()
    shopper.chooses("promptpay") if by == "row" else shopper.pays_by("promptpay")
    order_id = shopper.order_id
    kind = "png" if by == "row" else "svg"
    shown = shopper.opens_order(order_id, "/code")
    assert shown.headers["Content-Type"].startswith(f"image/{kind}")
    assert "Content-Disposition" not in shown.headers
    saved = shopper.opens_order(order_id, "/code?save=1")
    assert saved.content == shown.content
    name = f"promptpay-{order_id[:8]}.{kind}"
    assert saved.headers["Content-Disposition"] == f"attachment; filename={name}"
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    shop.sweep()
    assert shopper.opens_order(order_id, "/code").status_code == 404


def test_the_address_of_a_code_is_its_attempt_s(shop, shopper):
    """D7: a page that is shown again never shows the code of an earlier attempt."""
    begin(shop)
    order_id = shop.orders(10_000, "THB")
    codes = []
    for _ in range(2):
        shopper.opens_order(order_id, "/pay")
        shopper.chooses("promptpay")
        found = re.findall(r'(?:src|href)="([^"]*/code[^"]*)"', shopper.page.text)
        codes.append([unescape(one) for one in found])
        token = shopper.hidden()["csrf_token"]
        if len(codes) == 1:
            shopper.post(f"/orders/{order_id}/again", {"csrf_token": token})
    old, new = codes
    assert len(old) == len(new) == 2
    assert not set(old) & set(new)
    assert [shopper.get(one).status_code for one in old] == [404, 404]
    assert [shopper.get(one).status_code for one in new] == [200, 200]


# Token and source together


def test_the_embedded_instalment_form_gives_token_and_source(shop, shopper):
    """White label: both are charged, and the source is looked at first."""
    begin(shop)
    order_id = shop.orders(500_000, "THB")
    shopper.opens_order(order_id, "/pay")
    source = shop.omise.source("installment_wlb_kbank", 500_000, installment_term=6)
    shopper.charges(shopper.hidden(), omiseToken=shop.omise.token(), omiseSource=source)
    (charge,) = shop.omise.charges()
    assert charge["source"]["id"] == source
    assert charge["card"]["last_digits"] == "4242"
    assert shop.order(order_id).latest.by_card


def test_a_token_beside_another_source_charges_neither(shop, shopper):
    """Which of the two was meant, nobody knows."""
    begin(shop)
    order_id = shop.orders(49_000, "THB")
    shopper.opens_order(order_id, "/pay")
    source = shop.omise.source("promptpay", 49_000)
    both = {"omiseToken": shop.omise.token(), "omiseSource": source}
    shopper.charges(shopper.hidden(), **both)
    assert shopper.state == "failed"
    assert "choose how to pay" in shopper.page.text
    assert creates(shop) == 0
    assert shop.order(order_id).latest.failure_code == "odd_means"


def test_a_source_that_cannot_be_looked_at_charges_nothing(shop, shopper):
    """A23: a question never says no, but nothing was asked for yet."""
    begin(shop)
    order_id = shop.orders(500_000, "THB")
    shopper.opens_order(order_id, "/pay")
    shop.omise.breaks("reset_before", method="GET", path="/sources/.*")
    source = shop.omise.source("installment_wlb_kbank", 500_000, installment_term=6)
    both = {"omiseToken": shop.omise.token(), "omiseSource": source}
    shopper.charges(shopper.hidden(), **both)
    assert shop.order(order_id).latest.status == "failed"
    assert creates(shop) == 0
    shop.omise.heals()


def test_a_way_of_our_list_whose_answer_is_lost_is_found_again(shop, shopper):
    """A3: an inline source has no id beforehand; the charge is found by its metadata."""
    begin(shop)
    shop.omise.breaks("close_after", method="POST", path="/charges")
    shopper.adds()
    shopper.opens_checkout()
    shopper.chooses("promptpay")
    assert shopper.state == "confirming"
    order = shop.order(shopper.order_id)
    assert (order.latest.pays_with, order.latest.chosen) == (None, "promptpay")
    shop.sweep()
    shopper.opens_order(order.id)
    assert shopper.state == "waiting"
    assert creates(shop) == 1


def test_an_email_is_kept_in_one_spelling(shop, shopper):
    """So that an operator finds it, however it was typed."""
    begin(shop)
    shopper.adds()
    shopper.pays(remember="yes", email="Somchai@Example.com")
    assert shop.order(shopper.order_id).email == "somchai@example.com"
