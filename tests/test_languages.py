"""Every text that a shopper reads, in each language: the catalogues are whole and true to the
sources, and no page mixes two languages.
"""

import gettext
import io
import re
import uuid
from contextlib import ExitStack
from datetime import timedelta

import pytest
from fault_rig import ago, begin, set_attempt
from flask import render_template_string
from languages_rig import Page, catalogues, english, foreign, forms
from rig import Shop
from shopper import Shopper
from sqlalchemy import update

from payment import methods, reasons
from payment.orders.models import Order
from store import languages
from store.catalogue import products

each_catalogue = pytest.mark.parametrize(
    ("domain", "language"),
    [
        (domain, language)
        for domain in catalogues.DOMAINS
        for language in catalogues.LANGUAGES
    ],
)


def ids(catalogue):
    return {message.id for message in catalogue if message.id}


# The catalogues


@each_catalogue
def test_a_catalogue_has_every_text_and_no_other(domain, language):
    catalogue = catalogues.read(domain, language)
    assert ids(catalogue) == ids(
        catalogues.extracted(domain)
    ), "run: python docs/catalogues.py"
    assert not catalogue.obsolete


@each_catalogue
def test_every_text_is_translated(domain, language):
    catalogue = catalogues.read(domain, language)
    assert catalogues.untranslated(catalogue) == []
    assert not [message.id for message in catalogue if message.fuzzy and message.id]


@each_catalogue
def test_a_translation_has_the_places_and_the_markup_of_its_text(domain, language):
    for message in catalogues.read(domain, language):
        for form in forms(message.string) if message.id else ():
            source = forms(message.id)[-1]
            for part in (r"%\(\w+\)[sd]|%", r"</?\w+|\w+=\"[^\"]*\""):
                told = sorted(re.findall(part, form))
                assert told == sorted(re.findall(part, source)), form


@each_catalogue
def test_a_sentence_stays_one_that_says_money_was_not_taken(domain, language):
    """The sentences on which a shopper decides whether to pay again."""
    no_charge = {"th": "ไม่มีการเรียกเก็บเงิน", "ja": "請求"}[language]
    not_again = {"th": "อย่าชำระเงินซ้ำ", "ja": "お支払いに"}[language]
    for message in catalogues.read(domain, language):
        source, said = forms(message.id)[-1], forms(message.string)[-1]
        if re.search("nothing( new)? was charged", source, re.I):
            assert no_charge in said, said
        if re.search("do not pay again", source, re.I):
            assert not_again in said, said


@each_catalogue
def test_a_catalogue_is_as_the_tool_writes_it(domain, language):
    file = catalogues.path(domain, language)
    assert file.read_bytes() == catalogues.written(catalogues.read(domain, language))


@each_catalogue
def test_what_is_compiled_is_what_is_written(domain, language):
    compiled = catalogues.path(domain, language).with_suffix(".mo").read_bytes()
    fresh = catalogues.compiled(catalogues.read(domain, language))
    said, meant = (
        dict(gettext.GNUTranslations(io.BytesIO(one))._catalog)
        for one in (compiled, fresh)
    )
    # The heading names the tool that compiled it.
    assert said.pop("")
    assert meant.pop("")
    assert said == meant, "run: python docs/catalogues.py"


# The pages


LOCALES = {"th": ("th_TH", "THB"), "ja": ("ja_JP", "JPY")}
LANGUAGES = sorted(LOCALES)


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """Serve a shop in each language, of an account in its country."""
    with ExitStack() as served:
        yield {
            language: served.enter_context(
                Shop(
                    tmp_path_factory.mktemp(language),
                    STORE_LOCALE=locale,
                    STORE_CURRENCY=currency,
                    MAIL_SERVER="terminal",
                )
            )
            for language, (locale, currency) in LOCALES.items()
        }


@pytest.fixture(params=LANGUAGES)
def foreign_shop(shops, request):
    # No webhook comes in between: a state is looked at as it was made.
    shop = begin(shops[request.param])
    shop.capability()
    return shop


@pytest.fixture
def reader(foreign_shop):
    """Give a shopper each of whose pages is read, and must be in the shop's language."""
    with Reader(foreign_shop) as one:
        yield one


class Reader(Shopper):
    """Look at pages, and at what is foreign in each."""

    def get(self, path, **more):
        return self._read(super().get(path, **more))

    def post(self, path, data, **more):
        return self._read(super().post(path, data, **more))

    def _read(self, page):
        if page.url.startswith(f"{self.shop.url}/sandbox/") or not page.text:
            return page
        read = Page(page.text)
        language = self.shop.settings["STORE_LOCALE"][:2]
        assert read.language == language, page.url
        assert foreign(read) == [], page.url
        assert english(read) == [], page.url
        return page


def test_what_is_read_is_really_read():
    """The reader sees what is foreign in text and attributes, and leaves names alone."""
    page = Page(
        '<html lang="ja"><title>少々 Please wait</title><img alt="a cup"><code>abc</code>'
        '<a lang="en">English</a><p>LINE Pay</p><script>var no;</script><b>Total</b>'
    )
    assert [word for word, _ in foreign(page)] == [
        "Please",
        "wait",
        "a",
        "cup",
        "Total",
    ]
    assert english(page) == ["Total"]


def test_the_shelf_and_the_basket_are_in_one_language(reader):
    reader.get("/")
    reader.get("/cart")
    for sku in (item.sku for item in products()):
        reader.adds(sku)
    reader.get("/cart")
    token = reader.hidden()["csrf_token"]
    for path, form in (
        ("/cart/change", {"sku": "celadon-cup", "quantity": "100"}),
        ("/cart/change", {"sku": "cloud-oolong", "quantity": "2"}),
        ("/cart/remove", {"sku": "cloud-oolong"}),
        ("/cart/change", {"sku": "cloud-oolong", "quantity": "2"}),
        ("/add", {"sku": "nothing-we-sell", "quantity": "1"}),
        ("/cart/empty", {}),
    ):
        reader.post(path, {"csrf_token": token, **form})
    reader.get("/checkout")


def test_what_goes_wrong_is_said_in_one_language(reader):
    reader.get("/nothing/here")
    reader.get(f"/orders/{uuid.uuid4()}")
    reader.get("/charge")
    reader.get("/add")
    reader.post("/add", {"sku": "celadon-cup"})
    reader.adds()
    reader.post("/add", {"sku": "celadon-cup"})
    reader.post("/cart/empty", {"csrf_token": "stale"})


def test_a_form_that_is_refused_is_refused_in_one_language(reader):
    reader.adds()
    form = reader.opens_checkout()
    token = reader.shop.omise.token()
    for odd in (
        {},
        {"order": ""},
        {"omiseToken": "odd"},
        {"omiseToken": token, "email": "odd"},
        {"omiseToken": token, "remember": "yes"},
        {"omiseToken": token, "cart": "another"},
        {"omiseToken": token, "plan": "installment_wlb_ktc:99"},
        {"omiseCustomer": "cust_test_1", "omiseCard": "card_test_1"},
        {"method": "nothing"},
        {"method": "paynow"},
    ):
        page = reader.charges({**form, **odd})
        assert page.url.endswith(("/checkout", "/charge")), odd
    for way in methods.METHODS:
        if (
            way.asks
            and way.listed
            and reader.shop.settings["STORE_CURRENCY"] in way.limits
        ):
            reader.charges({**form, "method": way.name})
    assert reader.shop.omise.charges() == []


# What the book can hold of an attempt by card, by what its page shows then.
PAID = {
    "paid": [{"captured_amount": 1000}, {"refunded_amount": 100}],
    "refunded": [{"refunded_amount": 10**6}],
}
UNPAID = {
    "confirming": {"status": "unknown"},
    "not_found": {"status": "not_found"},
    "expired": {"status": "expired"},
    "reversed": {"status": "reversed"},
    "open": {"status": "closed"},
    "authorized": {"status": "pending", "authorized": True},
    "leaving": {
        "status": "pending",
        "authorized": False,
        "authorize_uri": "https://pay.omise.co/x",
    },
}


@pytest.fixture
def paid(reader):
    """Give the id of an order that is paid, by a card that is saved."""
    reader.adds()
    reader.pays(remember="yes", email="somchai@example.com")
    assert reader.state == "paid"
    return reader.order_id


@pytest.mark.parametrize("state", PAID)
def test_every_state_of_a_paid_order_is_in_one_language(reader, paid, state):
    for values in PAID[state]:
        set_attempt(reader.shop, paid, **values)
        reader.opens_order(paid)
        assert reader.state == state


@pytest.mark.parametrize("state", UNPAID)
def test_every_state_of_an_unpaid_order_is_in_one_language(reader, paid, state):
    forget_payment(reader.shop, paid)
    set_attempt(reader.shop, paid, **UNPAID[state])
    reader.opens_order(paid)
    assert reader.state == state
    reader.opens_order(paid, "/pay")
    reader.opens_order(paid, "/authorize")
    reader.get("/cart")
    reader.adds()
    reader.get("/checkout")


def test_the_receipt_is_mailed_in_one_language(reader, capfd):
    reader.adds()
    reader.pays(email="somchai@example.com")
    mailed = capfd.readouterr().err
    text = mailed[mailed.index("Subject:") + len("Subject:") :]
    told = " <p> ".join(line for line in text.splitlines() if "://" not in line)
    page = Page(f'<html lang="{reader.shop.settings["STORE_LOCALE"][:2]}"><p>{told}')
    assert len(page.texts) > 5
    assert foreign(page) == []
    assert english(page) == []


def forget_payment(shop, order_id):
    """Have an order look as before it was paid."""
    with shop.engine.begin() as connection:
        connection.execute(
            update(Order).where(Order.id == order_id).values(paid_at=None, paid_by=None)
        )


def test_why_a_payment_failed_is_said_in_one_language(reader, paid):
    forget_payment(reader.shop, paid)
    for code in [*reasons.SENTENCES, "a_code_of_2027"]:
        set_attempt(reader.shop, paid, status="failed", failure_code=code)
        reader.opens_order(paid)
        assert reader.state == "failed"
        reader.opens_order(paid, "/pay")


def test_what_waits_for_its_shopper_waits_in_one_language(reader):
    ways = {"THB": "promptpay", "JPY": "convenience_store"}
    way = ways[reader.shop.settings["STORE_CURRENCY"]]
    typed = {
        "konbini_name": "山田",
        "email": "a@example.com",
        "phone_number": "0812345678",
    }
    reader.adds()
    reader.opens_checkout()
    reader.chooses(way, **typed)
    order_id = reader.order_id
    assert reader.state == "waiting"
    reader.get("/cart")
    reader.get("/checkout")
    over = ago(reader.shop, minutes=1)
    set_attempt(reader.shop, order_id, expires_at=over)
    reader.opens_order(order_id)
    set_attempt(reader.shop, order_id, status="expired")
    reader.opens_order(order_id)
    assert reader.state == "expired"
    reader.opens_order(order_id, "/pay")


def test_who_has_to_wait_is_told_so_in_one_language(reader, monkeypatch):
    budget = {"visitor": ((1, timedelta(minutes=10)),)}
    monkeypatch.setitem(reader.shop.app.config, "PAYMENT_BUDGETS", budget)
    reader.adds()
    reader.pays("4111111111140011")
    reader.pays_here("4111111111140011")
    assert reader.page.status_code == 429


@pytest.mark.parametrize("way", methods.METHODS, ids=lambda way: way.name)
def test_every_row_is_said_in_one_language(shops, way):
    for language, shop in shops.items():
        with shop.app.test_request_context():
            told = (way.heading, way.label, way.hint, way.steps, way.waits_for)
            page = Page(f'<html lang="{language}">' + " <p> ".join(told))
        assert foreign(page) == []
        assert english(page) == []


def test_omises_form_speaks_as_the_page_does(reader):
    reader.adds()
    reader.opens_checkout()
    told = re.search(r'data-locale="(\w+)"', reader.page.text)[1]
    assert told == Page(reader.page.text).language


# Which language it is


def spoken(shopper, **headers):
    """Look at the shelf, and say in which language it is."""
    page = shopper.http.get(f"{shopper.shop.url}/", headers=headers, timeout=30)
    return Page(page.text).language


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ({"Accept-Language": "ja,en;q=0.5"}, "ja"),
        ({"Accept-Language": "fr-FR, th;q=0.8, en;q=0.3"}, "th"),
        ({"Accept-Language": "th-TH"}, "th"),
        ({"Accept-Language": "fr"}, "en"),
        ({"Accept-Language": "*"}, "en"),
        ({}, "en"),
    ],
)
def test_a_shop_of_no_language_speaks_that_of_the_browser(shopper, asked, language):
    assert spoken(shopper, **asked) == language


def test_a_shop_that_has_a_language_speaks_it_whatever_the_browser_asks_for(shops):
    with Shopper(shops["th"]) as shopper:
        assert spoken(shopper, **{"Accept-Language": "ja"}) == "th"


@pytest.mark.parametrize("chosen", ["en", "ja"])
def test_what_the_shopper_chose_comes_first(shops, chosen):
    shop = shops["th"]
    with Shopper(shop) as shopper:
        token = shopper.hidden(shopper.get("/").text)["csrf_token"]
        form = {"csrf_token": token, "language": chosen, "back": "/"}
        shopper.post("/language", form)
        assert spoken(shopper, **{"Accept-Language": "th"}) == chosen
        shopper.adds()
        shopper.opens_checkout()
        assert f'data-locale="{chosen}"' in shopper.page.text
        assert Page(shopper.page.text).language == chosen


def test_a_malay_shop_has_malay_prices_and_english_words(build_shop):
    with Shopper(build_shop(STORE_LOCALE="ms_MY", STORE_CURRENCY="MYR")) as shopper:
        page = shopper.get("/").text
        assert "RM\N{NO-BREAK SPACE}65.00" in page
        assert "Celadon cup" in page
        assert Page(page).language == "en"


def test_what_operators_read_is_english_in_every_language(shops):
    """Commands, and the flags and history that they show."""
    shop = shops["th"]
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        order_id = shopper.order_id
    said = shop.app.test_cli_runner().invoke(args=["payment", "show", order_id]).output
    named = shop.order(order_id).lines[0]["name"]
    assert named in said
    assert re.search("[\u0e00-\u0e7f]", said.replace(named, "")) is None


def test_a_language_that_was_chosen_is_spoken_at_once(shop):
    """Whatever the same request had said before."""
    with shop.app.test_request_context():
        before = languages.language(), render_template_string("{{ _('Basket') }}")
        languages.choose("ja")
        after = languages.language(), render_template_string("{{ _('Basket') }}")
    assert before == ("en", "Basket")
    assert after == ("ja", "カート")
