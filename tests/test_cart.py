"""The cart: whole counts of what is sold, priced by the catalogue alone."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask, session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import catalogue
from store.cart import MAX_QUANTITY, Cart, CartError, Price
from store.catalogue import product, products
from store.store import store

TEA, CUP = "cloud-oolong", "celadon-cup"
SKUS = [item.sku for item in products()]
LOCALES = {"THB": "th_TH", "JPY": "ja_JP", "SGD": "en_SG", "MYR": "ms_MY"}

# Locales and tables of characters load once, within whichever example is first.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

BAD_QUANTITIES = [
    0, -1, 100, 10**9, True, 1.0, None, [], {},
    "0", "-1", "+1", "100", "1000000000", "abc", "1.5", "1e1", "", " ", " 1", "1\n", "1_0",
    "0x1", "½", "٣", "３", "一", "9" * 100_000,
]  # fmt: skip


@contextmanager
def shopping(currency="THB", locale="en", kept=None):
    """Put a shopper with this session cart in front of the shop."""
    app = Flask("shop", static_folder=None)
    app.config.update(
        SECRET_KEY="spring rain", STORE_CURRENCY=currency, STORE_LOCALE=locale
    )
    app.register_blueprint(store)
    with app.test_request_context():
        if kept is not None:
            session["cart"] = kept
        yield Cart()


def moved(cart, move, sku, quantity):
    """Move a product in the cart by the name of the move."""
    if move == "change":
        cart.change({sku: quantity})
    else:
        getattr(cart, move)(*[sku, quantity][: 1 if move == "remove" else 2])


@pytest.fixture
def tea_sells_out(monkeypatch):
    """Give what makes the tea sell out."""
    gone = replace(product(TEA), sold_out=True)
    return lambda: monkeypatch.setitem(catalogue._BY_SKU, TEA, gone)


def test_new_cart_is_empty():
    with shopping() as cart:
        assert (cart.lines(), cart.total(), cart.count(), cart.items()) == (
            [],
            0,
            0,
            {},
        )


def test_line_names_the_product_and_multiplies_its_price():
    with shopping() as cart:
        cart.add(TEA, 3)
        (line,) = cart.lines()
    tea = product(TEA)
    assert (line.sku, line.name, line.picture) == (TEA, tea.name, tea.picture)
    assert (line.quantity, line.unit_amount, line.amount) == (3, 320_00, 960_00)


def test_adding_again_adds_up():
    with shopping() as cart:
        cart.add(TEA)
        cart.add(TEA, "2")
        cart.add(CUP)
        assert cart.items() == {TEA: 3, CUP: 1}


def test_lines_stand_in_the_order_of_the_shelf():
    with shopping() as cart:
        for sku in reversed(SKUS):
            cart.add(sku)
        assert [line.sku for line in cart.lines()] == SKUS


def test_change_sets_the_quantity():
    with shopping(kept={TEA: 5, CUP: 1}) as cart:
        cart.change({TEA: "2"})
        assert cart.items() == {TEA: 2, CUP: 1}


def test_change_of_what_is_not_in_the_cart_is_refused():
    """A21: what was ordered in another tab does not come back so."""
    with shopping(kept={CUP: 1}) as cart:
        with pytest.raises(CartError, match="^That is not in your basket any more.$"):
            cart.change({TEA: "2"})
        assert cart.items() == {CUP: 1}


def test_several_are_changed_at_once_or_none():
    with shopping(kept={TEA: 5, CUP: 1}) as cart:
        cart.change({TEA: "2", CUP: "3"})
        assert cart.items() == {TEA: 2, CUP: 3}
        with pytest.raises(CartError):
            cart.change({TEA: "4", CUP: "0"})
        assert cart.items() == {TEA: 2, CUP: 3}


def test_what_is_sold_out_is_neither_put_in_nor_counted_nor_paid(tea_sells_out):
    """A10: it was picked out before; nothing is charged for it."""
    with shopping(kept={TEA: 5, CUP: 1}) as cart:
        tea_sells_out()
        assert [line.sku for line in cart.lines()] == [CUP]
        assert (cart.total(), cart.count()) == (490_00, 1)
        assert [item.sku for item in cart.sold_out()] == [TEA]
        with pytest.raises(CartError, match="^Cloud oolong is sold out"):
            cart.add(TEA)
        cart.change({CUP: "2"})
        assert cart.sold_out() == []
        assert cart.items() == {CUP: 2}


@pytest.mark.parametrize("move", ["remove", "clear"])
def test_what_was_taken_out_can_be_put_back_once(move):
    with shopping(kept={TEA: 5, CUP: 1}) as cart:
        cart.remove(TEA) if move == "remove" else cart.clear()
        assert cart.items() == ({CUP: 1} if move == "remove" else {})
        assert cart.put_back() == (1 if move == "remove" else 2)
        assert cart.items() == {TEA: 5, CUP: 1}
        assert cart.put_back() == 0
        assert cart.items() == {TEA: 5, CUP: 1}


def test_what_is_put_back_joins_what_came_since():
    with shopping(kept={TEA: 60}) as cart:
        cart.remove(TEA)
        cart.add(TEA, 50)
        cart.put_back()
        assert cart.items() == {TEA: MAX_QUANTITY}


@pytest.mark.parametrize("how", ["empty", "take_out"])
def test_nothing_is_put_back_once_an_order_is_placed(how):
    """A21: what another tab took out before may be in the order."""
    with shopping(kept={TEA: 5, CUP: 1}) as cart:
        cart.remove(TEA)
        cart.empty() if how == "empty" else cart.take_out([{"sku": CUP, "quantity": 1}])
        assert cart.put_back() == 0
        assert cart.items() == {}


def test_nothing_is_put_back_from_a_stale_session():
    with shopping() as cart:
        session["removed"] = {"gold-bar": 1, TEA: "many", CUP: 2}
        assert cart.put_back() == 1
        assert cart.items() == {CUP: 2}


def test_remove_takes_one_product_out():
    with shopping(kept={TEA: 5, CUP: 1}) as cart:
        cart.remove(TEA)
        assert cart.items() == {CUP: 1}


def test_removing_what_another_tab_removed_is_quiet():
    with shopping(kept={CUP: 1}) as cart:
        cart.remove(TEA)
        assert cart.items() == {CUP: 1}


def test_empty_leaves_nothing_and_may_be_repeated():
    with shopping(kept={TEA: 5}) as cart:
        cart.empty()
        cart.empty()
        assert cart.items() == {}


def test_every_change_is_written_to_the_session():
    with shopping(kept={TEA: 1}) as cart:
        session.modified = False
        cart.add(TEA)
        assert session.modified
        assert session["cart"] == {TEA: 2}


@pytest.mark.parametrize("quantity", BAD_QUANTITIES, ids=lambda q: repr(q)[:12])
@pytest.mark.parametrize("move", ["add", "change"])
def test_bad_quantity_is_refused_and_changes_nothing(move, quantity):
    """A10."""
    with shopping(kept={TEA: 2}) as cart:
        with pytest.raises(
            CartError, match="^Please choose a whole number from 1 to 99.$"
        ):
            moved(cart, move, TEA, quantity)
        assert session["cart"] == {TEA: 2}


@pytest.mark.parametrize(
    "sku", ["", "gold-bar", "__class__", "茶", "x" * 100_000, None]
)
@pytest.mark.parametrize("move", ["add", "change", "remove"])
def test_unknown_product_is_refused_and_changes_nothing(move, sku):
    """A10."""
    with shopping(kept={TEA: 2}) as cart:
        with pytest.raises(CartError, match="^We do not sell that"):
            moved(cart, move, sku, 1)
        assert session["cart"] == {TEA: 2}


@pytest.mark.parametrize(("kept", "more"), [(99, 1), (98, 2), (1, 99)])
def test_adding_beyond_the_most_of_one_thing_is_refused(kept, more):
    with shopping(kept={TEA: kept}) as cart:
        with pytest.raises(CartError, match="up to 99 of one thing"):
            cart.add(TEA, more)
        assert cart.items() == {TEA: kept}


def test_the_most_of_one_thing_is_allowed():
    with shopping(kept={TEA: MAX_QUANTITY - 1}) as cart:
        cart.add(TEA)
        assert cart.items() == {TEA: MAX_QUANTITY}


@pytest.mark.parametrize(
    "kept",
    [
        "garbage", 7, None, [], [TEA], [[TEA, 1]], True,
        {"gold-bar": 1}, {TEA: "3"}, {TEA: 0}, {TEA: -1}, {TEA: 100}, {TEA: 1.5},
        {TEA: True}, {TEA: None}, {TEA: {}}, {"": 1},
    ],
    ids=repr,
)  # fmt: skip
def test_stale_session_is_cleaned_quietly(kept):
    with shopping(kept=kept) as cart:
        assert (cart.lines(), cart.total(), cart.count(), cart.items()) == (
            [],
            0,
            0,
            {},
        )
        cart.add(CUP)
        assert session["cart"] == {CUP: 1}


def test_what_is_good_in_a_stale_session_is_kept():
    with shopping(kept={TEA: 2, "gold-bar": 1, CUP: "many"}) as cart:
        assert cart.items() == {TEA: 2}


@patient
@given(quantity=st.one_of(st.text(), st.integers(), st.floats(), st.binary()))
def test_any_quantity_either_counts_or_is_refused(quantity):
    """A10."""
    with shopping() as cart:
        try:
            cart.add(TEA, quantity)
        except CartError:
            assert cart.items() == {}
        else:
            assert re.fullmatch("0*[1-9][0-9]?", str(quantity), re.ASCII)
            assert cart.items() == {TEA: int(quantity)}


@patient
@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["add", "change", "remove"]),
            st.sampled_from([*SKUS, "gold-bar"]),
            st.integers(-5, 120),
        )
    ),
    currency=st.sampled_from(sorted(LOCALES)),
)
def test_total_is_always_the_catalogues_sum(moves, currency):
    """A10: whatever was sent, every count is legal and every price is the catalogue's."""
    expected = {}
    with shopping(currency, LOCALES[currency]) as cart:
        for move, sku, quantity in moves:
            try:
                moved(cart, move, sku, quantity)
            except CartError:
                continue
            assert move != "change" or sku in expected
            before = expected.pop(sku, 0)
            if move != "remove":
                expected[sku] = quantity + (before if move == "add" else 0)
        assert cart.items() == expected
        assert all(1 <= quantity <= MAX_QUANTITY for quantity in expected.values())
        assert cart.total() == sum(
            product(sku).prices[currency] * quantity
            for sku, quantity in expected.items()
        )


def test_fullest_cart_fits_the_cookie_with_room_to_spare():
    with shopping() as cart:
        for sku in SKUS:
            cart.add(sku, MAX_QUANTITY)
        assert len(json.dumps(session["cart"])) < 1_000
        assert json.loads(json.dumps(cart.items())) == cart.items()


@pytest.mark.parametrize(
    ("currency", "locale", "amount", "text"),
    [
        ("THB", "th_TH", 1_290_00, "฿1,290.00"),
        ("JPY", "ja_JP", 5_800, "¥5,800"),
        ("JPY", "en_US", 49_999, "¥49,999"),
        ("SGD", "en_SG", 12_90, "$12.90"),
        ("MYR", "ms_MY", 1, "RM\N{NO-BREAK SPACE}0.01"),
        ("THB", "th_TH", 10**15 + 1, "฿10,000,000,000,000.01"),
    ],
)
def test_price_reads_as_the_locale_writes_it(currency, locale, amount, text):
    with shopping(currency, locale):
        assert str(Price(amount)) == text


@patient
@given(amount=st.integers(0, 10**18), currency=st.sampled_from(sorted(LOCALES)))
def test_price_loses_no_smallest_unit(amount, currency):
    """A12."""
    with shopping(currency, LOCALES[currency]):
        written = str(Price(amount))
    assert int(re.sub("[^0-9]", "", written)) == amount
    assert ("." in written) == (currency != "JPY")


def test_a_line_is_told_in_the_language_of_each_page_and_at_the_price_of_today(
    monkeypatch,
):
    """Lines are kept between requests."""
    told, dearer = [], replace(product(TEA), prices={"THB": 330_00})
    for language, item in (("en", product(TEA)), ("th", product(TEA)), ("en", dearer)):
        monkeypatch.setitem(catalogue._BY_SKU, TEA, item)
        with shopping(kept={TEA: 2}) as cart:
            session["language"] = language
            (line,) = cart.lines()
            told.append((line.name, line.amount))
    assert told == [
        ("Cloud oolong", 640_00),
        ("ชาอู่หลงเมฆหมอก", 640_00),
        ("Cloud oolong", 660_00),
    ]
