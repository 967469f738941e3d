"""What payments and pages cost: transactions, statements, signatures and formatted prices are
counted, never timed."""

from contextlib import contextmanager
from itertools import product

import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event

from payment import money, order_changed, order_paid
from payment.orders import ledger, queries
from store import cart

GOOD, POOR = "4242424242424242", "4111111111140011"


@contextmanager
def counted(shop):
    """Count what a block costs the order book: transactions, writes that last, statements."""
    count = {"transactions": 0, "durable": 0, "statements": 0}
    wrote = set()

    def begun(connection):
        count["transactions"] += 1

    def executed(connection, cursor, statement, *_):
        count["statements"] += 1
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            wrote.add(id(connection))

    def committed(connection):
        if id(connection) in wrote:
            wrote.discard(id(connection))
            count["durable"] += 1

    listeners = {
        "begin": begun,
        "before_cursor_execute": executed,
        "commit": committed,
    }
    for name, listener in listeners.items():
        event.listen(shop.engine, name, listener)
    try:
        yield count
    finally:
        for name, listener in listeners.items():
            event.remove(shop.engine, name, listener)


@pytest.fixture
def quiet(shop):
    """Give a shop that nobody but its shopper asks anything."""
    shop.omise.control("settings", webhook_uri=None)
    return shop


def cost(shop, shopper, **more):
    """Tell what POST /charge costs, without the page it leads to."""
    shopper.adds()
    form = shopper.opens_checkout()
    paying = {"omiseToken": shop.omise.token(), **more}
    with counted(shop) as count:
        shopper.charges(form, follow=False, **paying)
    assert shopper.page.status_code == 303, shopper.page.text
    return count


def test_a_payment_takes_two_transactions_and_both_last(quiet, shopper):
    """The attempt before Omise is asked, and the answer."""
    count = cost(quiet, shopper)
    assert (count["transactions"], count["durable"]) == (2, 2)
    assert count["statements"] <= 14


def test_a_payment_that_somebody_hears_of_takes_four(quiet, shopper):
    """Receivers get the order as it was committed, and that they ran is marked."""
    heard = []

    def receiver(app, order, why):
        heard.append(order.id)

    order_paid.connect(receiver)
    try:
        count = cost(quiet, shopper)
    finally:
        order_paid.disconnect(receiver)
    assert len(heard) == 1
    assert count["transactions"] <= 4


def test_a_card_that_is_saved_first_takes_one_more(quiet, shopper):
    """`sent` is written once the card is saved: until then nothing has left."""
    more = {"remember": "yes", "email": "somchai@example.com"}
    count = cost(quiet, shopper, **more)
    assert (count["transactions"], count["durable"]) == (3, 3)


def test_signals_nobody_hears_cost_nothing(quiet, shopper):
    assert not order_paid.has_receivers_for(quiet.app)
    assert not order_changed.has_receivers_for(quiet.app)
    assert cost(quiet, shopper)["transactions"] == 2


# Each page, and how many statements it asks of a shopper's orders.
PAGES = ("/", "/cart", "/checkout")
BASKET = ("cloud-oolong", "celadon-cup", "rain-ink")


@pytest.fixture
def regular(quiet, shopper):
    """Give a shopper with three lines in the basket who has paid here and looked at each page."""
    shopper.adds()
    shopper.pays()
    for sku in BASKET:
        shopper.adds(sku)
    for path in PAGES:
        assert shopper.get(path).status_code == 200
    return shopper


def calls(monkeypatch, counted, name):
    """Count how often a function is called, as a list that grows."""
    made, real = [], getattr(counted, name)

    def call(*said, **more):
        made.append(name)
        return real(*said, **more)

    monkeypatch.setattr(counted, name, call)
    return made


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_for_a_shopper_s_orders_once(quiet, regular, path):
    """With what belongs to them: their attempts, the refunds of those, and their flags."""
    with counted(quiet) as count:
        regular.get(path)
    belonging = 3
    assert count["transactions"] == 1
    assert count["statements"] == 1 + belonging
    assert count["durable"] == 0


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_its_session_and_signs_its_token_once(regular, monkeypatch, path):
    opened = calls(monkeypatch, URLSafeTimedSerializer, "loads")
    signed = calls(monkeypatch, URLSafeTimedSerializer, "dumps")
    regular.get(path)
    assert (len(opened), len(signed)) == (1, 1)


def test_adding_opens_session_and_token_and_signs_the_session(regular, monkeypatch):
    form = {"csrf_token": regular.hidden(regular.get("/").text)["csrf_token"]}
    opened = calls(monkeypatch, URLSafeTimedSerializer, "loads")
    signed = calls(monkeypatch, URLSafeTimedSerializer, "dumps")
    regular.post("/add", form | {"sku": "rain-ink"}, allow_redirects=False)
    assert regular.page.status_code == 303
    assert (len(opened), len(signed)) == (2, 1)


@pytest.mark.parametrize("path", PAGES)
def test_a_price_that_was_written_before_is_not_formatted_again(
    regular, monkeypatch, path
):
    store, payment = (calls(monkeypatch, of, "format_currency") for of in (cart, money))
    regular.get(path)
    assert (len(store), len(payment)) == (0, 0)


@pytest.mark.parametrize("path", PAGES)
def test_what_was_drawn_or_told_before_is_not_drawn_again(quiet, regular, path):
    """Parts of pages, ways to pay, lines of the basket."""
    quiet.capability()
    regular.get(path)
    ours = quiet.app.extensions["payment"].kept
    keeping = (quiet.app.extensions["kept"], ours.offered, ours.drawn, cart._line)
    before = [each.cache_info().misses for each in keeping]
    regular.get(path)
    assert [each.cache_info().misses for each in keeping] == before


@pytest.mark.parametrize("written", [cart._written, money._written])
def test_each_amount_has_a_text_of_its_own_by_currency_and_locale(written):
    asked = list(product((129000, 129001), ("THB", "SGD"), ("en", "de", "ar_EG")))
    assert len({written(*one) for one in [*asked, *asked]}) == len(asked)


def test_orders_are_read_again_once_anything_was_done(quiet):
    """A page that changes an order shows it as it is then; a sweep reads anew each time."""
    order_id = quiet.orders(49000, "THB")
    with quiet.app.test_request_context():
        first = queries.latest_orders_of("somebody", 5)
        assert queries.latest_orders_of("somebody", 5) is first
        assert queries.latest_orders_of("another", 5) is not first
        first = queries.latest_orders_of("somebody", 5)
        ledger.flag(order_id, "a reason", "operator")
        assert queries.latest_orders_of("somebody", 5) is not first
    with quiet.app.app_context():
        first = queries.latest_orders_of("somebody", 5)
        assert queries.latest_orders_of("somebody", 5) is not first
