"""The shop's pages, as a browser without JavaScript uses them."""

import re
from pathlib import Path

import pytest
from flask import Blueprint, Flask, render_template
from flask_wtf import CSRFProtect
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.catalogue import product, products
from store.store import store

TEA, CUP = "cloud-oolong", "celadon-cup"
MOVES = ["/add", "/cart/change", "/cart/remove", "/cart/empty"]
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
    assert "￥5,800" in page
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
        ("/cart/remove", {"sku": "<b>"}),
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


# An example draws whole pages, the first of them from cold: no limit on its time.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    form=st.dictionaries(
        st.sampled_from(["sku", "quantity", "price", "currency"]),
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
    assert 'href="/checkout"' in page


def test_empty_basket_offers_the_shelf_and_no_checkout(visitor):
    page = visitor.sees("/cart")
    assert "Your basket is empty" in page
    assert 'href="/checkout"' not in page


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
    assert visitor.does("/cart/remove", sku=CUP) == "/cart"
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
def test_moves_are_posts_only(visitor, path):
    assert visitor.browser.get(path).status_code == 405


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
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|https?://", words)


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
