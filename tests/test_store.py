"""The shop's pages, as a browser without JavaScript uses them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Blueprint, Flask, render_template
from flask_wtf import CSRFProtect
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import catalogue, languages
from store.catalogue import product, products
from store.store import store

TEA, CUP = "cloud-oolong", "celadon-cup"
MOVES = [
    "/add",
    "/cart/change",
    "/cart/checkout",
    "/cart/remove",
    "/cart/empty",
    "/cart/undo",
]
TEMPLATES = sorted(Path(store.root_path, "templates").rglob("*.html"))


def open_shop(waiting=(), **settings):
    """Build the smallest app that can host the shop; its till knows of orders that wait."""
    app = Flask("host", static_folder=None)
    app.config.update(
        TESTING=True,
        SECRET_KEY="spring rain",
        STORE_CURRENCY="THB",
        STORE_LOCALE="en",
        WTF_CSRF_ENABLED=False,
    )
    app.config.update(settings)
    CSRFProtect(app)
    app.register_blueprint(store)
    till = Blueprint("checkout", __name__)
    till.add_url_rule("/checkout", "check_out", lambda: "The till.")
    app.register_blueprint(till)
    app.jinja_env.globals["payment_open_orders"] = lambda: waiting
    return app


class Shopper:
    """Walk the shop with one browser."""

    def __init__(self, app=None):
        self.browser = (app or open_shop()).test_client()

    def sees(self, path):
        page = self.browser.get(path)
        assert page.status_code == 200
        return page.text

    def does(self, path, **form):
        """Post a form, which must always lead to a page, and answer where to."""
        answer = self.browser.post(path, data=form)
        assert answer.status_code == 303
        return answer.location

    def has(self):
        with self.browser.session_transaction() as kept:
            return kept.get("cart", {})

    def starts_with(self, **cart):
        with self.browser.session_transaction() as kept:
            kept["cart"] = {sku.replace("_", "-"): count for sku, count in cart.items()}


@pytest.fixture
def visitor():
    return Shopper()


def test_shelf_shows_every_product_with_its_price_and_picture(visitor):
    page = visitor.sees("/")
    for item in products():
        with visitor.browser.application.test_request_context():
            name, alt = str(item.name), str(item.alt)
        assert name in page
        assert item.picture in page
        assert f'alt="{alt}"' in page
    assert "THB\N{NO-BREAK SPACE}1,290.00" in page


def test_a_shop_in_thai_shows_every_product_in_thai():
    page = Shopper(open_shop(STORE_LOCALE="th_TH")).sees("/")
    assert "ชาอู่หลงเมฆหมอก" in page
    assert "฿1,290.00" in page
    assert "Cloud oolong" not in page


def test_shelf_speaks_the_shops_currency():
    page = Shopper(open_shop(STORE_CURRENCY="JPY", STORE_LOCALE="ja_JP")).sees("/")
    assert "¥5,800" in page
    assert "THB" not in page


def test_adding_leads_back_to_the_same_place_on_the_shelf(visitor):
    assert visitor.does("/add", sku=TEA, quantity="2") == f"/#{TEA}"
    assert visitor.has() == {TEA: 2}
    page = visitor.sees("/")
    assert "Cloud oolong is in your basket." in page
    assert 'role="status"' in page
    assert "is in your basket" not in visitor.sees("/")


def test_quantity_may_be_left_out(visitor):
    visitor.does("/add", sku=TEA)
    assert visitor.has() == {TEA: 1}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/add", {"sku": TEA, "quantity": "0"}),
        ("/add", {"sku": TEA, "quantity": "98"}),
        ("/add", {"sku": "gold-bar"}),
        ("/add", {}),
        ("/cart/change", {"sku": TEA}),
        ("/cart/change", {"sku": TEA, "quantity": "1.5"}),
        ("/cart/change", {"quantity": "2"}),
        ("/cart/change", {"sku": CUP, "quantity": "2"}),
        ("/cart/remove", {"remove": "<b>"}),
        ("/cart/checkout", {"sku": TEA, "quantity": "0"}),
        ("/cart/checkout", {"sku": TEA, "quantity": ""}),
        ("/cart/remove", {}),
    ],
)
def test_refused_move_says_why_and_keeps_the_basket(visitor, path, form):
    """A10."""
    visitor.starts_with(cloud_oolong=2)
    assert visitor.does(path, **form) == "/cart"
    assert visitor.has() == {TEA: 2}
    assert 'role="alert"' in visitor.sees("/cart")


def test_price_in_the_form_is_not_listened_to(visitor):
    """A10."""
    visitor.does("/add", sku=CUP, quantity="1", price="1", amount="1", currency="JPY")
    assert "THB\N{NO-BREAK SPACE}490.00" in visitor.sees("/cart")


def test_both_buttons_of_a_product_at_once_are_no_fault(visitor):
    visitor.starts_with(celadon_cup=1)
    visitor.does("/cart/change", sku=CUP, quantity="1", more=CUP, less=CUP)
    assert visitor.has() == {CUP: 1}


# An example draws whole pages, the first of them from cold: no limit on its time.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    form=st.dictionaries(
        st.sampled_from(["sku", "quantity", "remove", "more", "less", "price"]),
        st.one_of(st.text(), st.sampled_from([TEA, CUP, "1", "7", "-1"])),
    ),
    path=st.sampled_from(MOVES),
)
def test_no_form_breaks_the_shop(form, path):
    """A10: whatever is posted, the basket keeps to catalogue skus and legal counts."""
    visitor = Shopper()
    visitor.starts_with(celadon_cup=1)
    visitor.does(path, **form)
    kept = visitor.has()
    assert all(product(sku) and 1 <= count <= 99 for sku, count in kept.items())
    visitor.sees("/cart")


def test_basket_shows_lines_total_and_the_way_to_pay(visitor):
    visitor.starts_with(cloud_oolong=2, celadon_cup=1)
    page = visitor.sees("/cart")
    for text in ("Cloud oolong", "Celadon cup"):
        assert text in page
    for price in ("640.00", "490.00", "1,130.00"):
        assert f"THB\N{NO-BREAK SPACE}{price}" in page
    assert 'formaction="/cart/checkout"' in page


def test_empty_basket_offers_the_shelf_and_no_checkout(visitor):
    page = visitor.sees("/cart")
    assert "Your basket is empty" in page
    assert "/cart/checkout" not in page


def test_what_was_ordered_meanwhile_does_not_come_back_from_an_old_page(visitor):
    """A21: another tab's basket page still shows it, and its buttons still work."""
    visitor.starts_with(cloud_oolong=2)
    visitor.does("/cart/empty")
    assert visitor.does("/cart/change", sku=TEA, quantity="1") == "/cart"
    assert visitor.has() == {}
    assert "not in your basket any more" in visitor.sees("/cart")


@pytest.mark.parametrize("basket", [{}, {"cloud_oolong": 1}], ids=["empty", "filled"])
def test_basket_tells_of_an_order_that_is_not_paid_yet(basket):
    """A21: with a link to it, whatever the basket holds by then."""
    waiting = [{"id": "1", "amount": 49000, "currency": "THB", "url": "/orders/1"}]
    visitor = Shopper(open_shop(waiting=waiting))
    visitor.starts_with(**basket)
    page = visitor.sees("/cart")
    assert "An order of yours is not paid yet" in page
    assert 'href="/orders/1"' in page


def test_basket_tells_of_no_order_when_none_waits(visitor):
    assert "not paid yet" not in visitor.sees("/cart")


def test_basket_can_be_changed_line_by_line(visitor):
    visitor.starts_with(cloud_oolong=2, celadon_cup=1)
    assert visitor.does("/cart/change", sku=TEA, quantity="7") == "/cart"
    assert visitor.does("/cart/remove", remove=CUP) == "/cart"
    assert visitor.has() == {TEA: 7}
    assert visitor.does("/cart/empty") == "/cart"
    assert visitor.has() == {}


@pytest.mark.parametrize(
    ("count", "words"), [(0, "(0 items)"), (1, "(1 item)"), (2, "(2 items)")]
)
def test_every_page_counts_the_basket_aloud(visitor, count, words):
    if count:
        visitor.starts_with(cloud_oolong=count)
    assert words in visitor.sees("/")


@pytest.mark.parametrize("path", MOVES)
def test_whoever_opens_a_form_s_address_is_led_back_and_nothing_changes(visitor, path):
    """A10: a browser's history may hold it."""
    visitor.starts_with(cloud_oolong=2)
    answer = visitor.browser.get(path)
    assert answer.status_code == 303
    assert answer.location == ("/" if path == "/add" else "/cart")
    assert "Nothing was changed" in visitor.sees(answer.location)
    assert visitor.has() == {TEA: 2}


@pytest.mark.parametrize("path", MOVES)
def test_move_without_a_form_token_is_refused(path):
    """D9: with the protection on, a form from elsewhere changes nothing."""
    visitor = Shopper(open_shop(WTF_CSRF_ENABLED=True))
    visitor.starts_with(cloud_oolong=2)
    answer = visitor.browser.post(path, data={"sku": TEA, "quantity": "1"})
    assert answer.status_code == 400
    assert visitor.has() == {TEA: 2}


def test_every_form_carries_a_token_that_is_accepted():
    """D9: what the pages send passes the same protection."""
    visitor = Shopper(open_shop(WTF_CSRF_ENABLED=True))
    visitor.starts_with(cloud_oolong=2)
    for page in (visitor.sees("/"), visitor.sees("/cart")):
        forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
        assert forms
        assert all('name="csrf_token"' in form for form in forms)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    visitor.does("/cart/change", sku=TEA, quantity="5", csrf_token=token)
    assert visitor.has() == {TEA: 5}


def test_one_form_and_one_token_serve_a_whole_page():
    """Besides them there is the form that chooses a language."""
    visitor = Shopper(open_shop(WTF_CSRF_ENABLED=True))
    visitor.starts_with(cloud_oolong=2, celadon_cup=1)
    for path in ("/", "/cart", f"/products/{TEA}"):
        page = visitor.sees(path)
        assert page.count("<form") == page.count('name="csrf_token"') == 2
    for item in products():
        assert f'name="sku" value="{item.sku}"' in visitor.sees("/")


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ({}, {TEA: 5, CUP: 7}),
        ({"more": TEA}, {TEA: 6, CUP: 7}),
        ({"less": CUP}, {TEA: 5, CUP: 6}),
        ({"more": "gold-bar"}, {TEA: 5, CUP: 7}),
    ],
)
def test_a_step_counts_from_what_is_typed_and_the_other_line_is_taken_too(
    visitor, form, kept
):
    visitor.starts_with(cloud_oolong=2, celadon_cup=1)
    form = {"sku": [TEA, CUP], "quantity": ["5", "7"]} | form
    assert visitor.does("/cart/change", **form) == "/cart"
    assert visitor.has() == kept


@pytest.mark.parametrize(
    ("typed", "button"), [("99", "more"), ("1", "less"), ("x", "more"), ("²", "more")]
)
def test_a_step_beyond_what_may_be_is_refused(visitor, typed, button):
    """A10."""
    visitor.starts_with(cloud_oolong=2)
    visitor.does("/cart/change", sku=TEA, quantity=typed, **{button: TEA})
    assert visitor.has() == {TEA: 2}
    assert "whole number from 1 to 99" in visitor.sees("/cart")


def test_checkout_takes_what_is_typed(visitor):
    visitor.starts_with(cloud_oolong=2, celadon_cup=1)
    form = {"sku": [TEA, CUP], "quantity": ["5", "7"]}
    assert visitor.does("/cart/checkout", **form) == "/checkout"
    assert visitor.has() == {TEA: 5, CUP: 7}


def test_the_button_that_enter_presses_takes_what_is_typed(visitor):
    """A browser presses the first button of a form."""
    visitor.starts_with(cloud_oolong=1)
    form = visitor.sees("/cart").partition('id="basket"')[2]
    first = re.search(r"<button[^>]*>", form)[0]
    assert "name=" not in first
    assert "formaction=" not in first


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("/cart/remove", {"remove": TEA}, "Removed: Cloud oolong."),
        ("/cart/empty", {}, "Your basket is empty now."),
    ],
)
def test_what_was_taken_out_can_be_put_back(visitor, path, form, said):
    visitor.starts_with(cloud_oolong=2)
    visitor.does(path, **form)
    page = visitor.sees("/cart")
    assert said in page
    assert 'action="/cart/undo"' in page
    assert visitor.does("/cart/undo") == "/cart"
    assert visitor.has() == {TEA: 2}
    assert "back in your basket" in visitor.sees("/cart")
    visitor.does("/cart/undo")
    assert "nothing to put back" in visitor.sees("/cart")


def test_nothing_can_be_undone_where_nothing_was_taken_out(visitor):
    visitor.does("/cart/remove", remove=TEA)
    assert 'action="/cart/undo"' not in visitor.sees("/cart")


def test_a_product_s_page_tells_all_of_it_and_adds_as_many_as_are_wanted(visitor):
    assert f'href="/products/{CUP}"' in visitor.sees("/")
    page = visitor.sees(f"/products/{CUP}")
    with visitor.browser.application.test_request_context():
        words = [str(one) for one in (product(CUP).kind, product(CUP).story)]
    for text in (
        "<title>Celadon cup · Little Monsoon",
        "THB\N{NO-BREAK SPACE}490.00",
        *words,
    ):
        assert text in page
    form = {"sku": CUP, "quantity": "3", "from": "product"}
    assert visitor.does("/add", **form) == f"/products/{CUP}"
    assert visitor.has() == {CUP: 3}
    page = visitor.sees(f"/products/{CUP}")
    assert "Celadon cup is in your basket." in page
    assert "See the basket" in page


@pytest.mark.parametrize(
    ("path", "told"),
    [("/", "Tea, cups"), (f"/products/{CUP}", "Celadon cup: Jade"), ("/cart", "Tea")],
)
def test_a_page_is_described_to_who_finds_it_elsewhere(visitor, path, told):
    described = re.search(
        '<meta name="description" content="(.*?)">', visitor.sees(path)
    )
    assert described[1].startswith(told)
    assert '"' not in described[1]


def test_what_is_not_sold_has_no_page(visitor):
    assert visitor.browser.get("/products/gold-bar").status_code == 404


def test_what_is_sold_out_says_so_and_is_not_added(visitor, monkeypatch):
    """A10: on the shelf, on its page, in the basket, and at the button of an old page."""
    visitor.starts_with(cloud_oolong=2, celadon_cup=1)
    gone = replace(product(TEA), sold_out=True)
    monkeypatch.setitem(catalogue._BY_SKU, TEA, gone)
    shelf, page = visitor.sees("/"), visitor.sees(f"/products/{TEA}")
    for seen in (shelf, page):
        assert "Sold out" in seen
        assert f'name="sku" value="{TEA}"' not in seen
        assert "Cloud oolong has sold out meanwhile" in seen
    assert 'name="quantity"' not in page
    assert visitor.does("/add", sku=TEA) == "/cart"
    basket = visitor.sees("/cart")
    assert "Cloud oolong is sold out" in basket
    assert "THB\N{NO-BREAK SPACE}490.00" in basket
    assert "THB\N{NO-BREAK SPACE}640.00" not in basket


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_a_shopper_chooses_a_language_and_keeps_the_page(visitor, language):
    page = visitor.sees("/cart?a=b")
    name = languages.LANGUAGES[language]
    assert 'name="back" value="/cart?a=b"' in page
    button = f'name="language" value="{language}" lang="{language}"[^>]*>{name}<'
    assert re.search(button, page)
    form = {"language": language, "back": "/cart?a=b"}
    assert visitor.does("/language", **form) == "/cart?a=b"
    page = visitor.sees("/cart")
    assert f'<html lang="{language}">' in page
    assert f'value="{language}" lang="{language}" aria-current="true"' in page


def test_an_unknown_language_is_not_spoken(visitor):
    before = re.search("<html lang=[^>]*>", visitor.sees("/"))[0]
    visitor.does("/language", language="xx", back="/")
    assert before in visitor.sees("/")


@pytest.mark.parametrize(
    "back",
    [
        "",
        "cart",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/a\r\nX: 1",
        "https://evil.example/",
        "javascript:alert(1)",
    ],
)
def test_choosing_a_language_leads_nowhere_else(visitor, back):
    """E4: no open redirect."""
    assert visitor.does("/language", language="en", back=back) == "/"


def test_a_page_that_a_form_answered_is_no_page_to_come_back_to():
    app = open_shop()
    app.add_url_rule("/odd", "odd", lambda: render_template("layout.html"))
    app.add_url_rule(
        "/even", "even", lambda: render_template("layout.html"), methods=["POST"]
    )
    browser = app.test_client()
    assert 'name="back" value="/odd"' in browser.get("/odd").text
    assert 'name="back" value="/"' in browser.post("/even").text


def test_header_tells_of_orders_that_wait():
    """A21: on every page of the shop, with a link; to all of them where there are several."""
    one, two = {"url": "/orders/1"}, {"url": "/orders/2"}
    page = Shopper(open_shop(waiting=[one])).sees("/")
    assert 'href="/orders/1">1 order not paid<' in page
    app = open_shop(waiting=[one, two])
    app.add_url_rule("/orders", "checkout.orders", lambda: "All of them.")
    page = Shopper(app).sees("/")
    assert 'href="/orders">2 orders not paid<' in page
    assert '<a href="/orders">Your orders</a>' in page
    assert "not paid<" not in Shopper(open_shop()).sees("/")


def test_a_tab_s_title_tells_what_has_just_happened(visitor):
    visitor.does("/add", sku=CUP)
    assert "<title>Celadon cup is in your basket. · Little Monsoon" in visitor.sees("/")
    assert "<title>Your basket: 1 item · Little Monsoon<" in visitor.sees("/cart")
    visitor.does("/cart/change", sku=CUP, quantity="2")
    page = visitor.sees("/cart")
    assert (
        "<title>Your basket now comes to THB\N{NO-BREAK SPACE}980.00. · Your basket: 2 items"
        in page
    )


def test_icon_is_an_image_at_the_root(visitor):
    icon = visitor.browser.get("/favicon.ico")
    assert icon.status_code == 200
    assert icon.mimetype.startswith("image/")
    assert icon.data.startswith(b"\0\0\1\0")
    icon.close()


@pytest.mark.parametrize("path", ["/", "/cart"])
def test_everything_a_page_loads_is_there(visitor, path):
    visitor.starts_with(cloud_oolong=2)
    addresses = set(re.findall('"(/assets/[^"]+)"', visitor.sees(path)))
    assert len(addresses) >= 3
    for address in addresses:
        with visitor.browser.get(address) as file:
            assert file.status_code == 200, address


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_template_has_nothing_the_strict_policy_blocks(template):
    words = template.read_text()
    inline = r"<script(?! src=.\{\{)|<style|\sstyle=|\son[a-z]+=|https?://"
    assert not re.search(inline, words)


def error_page(**words):
    with open_shop().test_request_context():
        return render_template("error.html", **words)


def test_error_page_needs_only_a_title_and_leads_back_to_the_shelf():
    page = error_page(title="There is nothing here")
    assert "<h1>There is nothing here</h1>" in page
    assert "Back to the shop" in page
    assert "Reference" not in page


def test_error_page_says_what_it_is_given_and_escapes_it():
    """E11."""
    page = error_page(
        title="Oh", message="<script>", reference="5f3a", link_href="/x", link_text="On"
    )
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<code>5f3a</code>" in page
    assert 'href="/x">On</a>' in page
