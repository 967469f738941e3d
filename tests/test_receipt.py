"""What a receipt says, for the page and for whoever mails it."""

import re

import pytest

from payment.orders.models import Order
from payment.receipt import receipt

MASTERCARD = "5555555555554444"


def baht(digits):
    return f"THB\N{NO-BREAK SPACE}{digits}"


@pytest.fixture
def filled(shopper):
    """Give a shopper with a celadon cup in the cart."""
    shopper.adds()
    return shopper


def receipt_of(shop, order_id):
    with shop.app.app_context():
        return receipt(shop.order(order_id))


def test_a_receipt_says_all_that_a_mailer_needs(filled):
    """Also where there is no request: its address is the shop's own."""
    filled.adds("cloud-oolong")
    filled.pays(card=MASTERCARD, remember="yes", email="Somchai@Example.com")
    order = filled.shop.order(filled.order_id)
    said = receipt_of(filled.shop, order.id)
    assert (said.number, said.email) == (order.id[:8], "somchai@example.com")
    assert ("Celadon cup", 1, baht("490.00")) in said.lines
    assert (said.total, said.paid, said.rest) == (baht("810.00"), baht("810.00"), None)
    assert (said.paid_by, said.paid_with) == ("Card", "MasterCard •••• 4444")
    assert said.paid_at == order.paid_at
    assert said.charge_id == filled.shop.omise.latest()["id"]
    assert said.page == f"{filled.shop.url}/orders/{order.id}"
    assert filled.get(said.page).status_code == 200


def test_a_receipt_names_the_reference_and_the_way(filled):
    filled.opens_checkout()
    filled.chooses("promptpay")
    order_id = filled.order_id
    charge = filled.shop.omise.latest()
    filled.shop.omise.control(f"charges/{charge['id']}/pay")
    filled.shop.sweep()
    said = receipt_of(filled.shop, order_id)
    assert (said.paid_by, said.paid_with) == ("PromptPay", None)
    known = charge["source"]["provider_references"]["reference_number_1"]
    assert said.reference == known
    filled.opens_order(order_id)
    for text in (known, said.number, "PromptPay", said.paid_on):
        assert text in filled.page.text


@pytest.mark.parametrize(
    ("way", "typed", "currency", "by", "how"),
    [
        ("installment_kbank", {"installment_term": "3"}, "THB")
        + ("Instalments with KBank", "Instalments with KBank (3 months)"),
        ("gcash", {}, "THB", "GCash", "GCash"),
        ("bkash", {}, "THB", "bKash", "bKash"),
        ("mobile_banking_scb", {}, "THB", "SCB", "SCB"),
    ],
)
def test_the_page_says_once_how_it_was_paid(
    shop, shopper, way, typed, currency, by, how
):
    """Instalments are named as such, where no list stands around them."""
    shop.omise.reset()
    order_id = shop.orders(900_000, currency)
    shopper.opens_order(order_id, "/pay")
    shopper.chooses(way, **typed)
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    shopper.opens_order(order_id, "/complete")
    assert shopper.state == "paid"
    assert receipt_of(shop, order_id).paid_by == by
    page = shopper.page.text
    assert re.search(rf"<dt>Paid by</dt><dd>{re.escape(how)}</dd>", page)
    name = how.split(" with ")[-1].split(" (")[0]
    assert page.count(name) == 1


def test_a_receipt_has_what_the_total_has_beyond_its_lines(filled):
    filled.pays()
    order = filled.shop.order(filled.order_id)
    order.amount += 5000
    with filled.shop.app.app_context():
        assert (receipt(order).rest, receipt(order).total) == (
            baht("50.00"),
            baht("540.00"),
        )


def test_what_was_taken_and_given_back_is_what_happened(filled):
    """A27: a partial capture took less than the total."""
    filled.pays()
    order = filled.shop.order(filled.order_id)
    order.latest.captured_amount, order.latest.refunded_amount = 30000, 10000
    with filled.shop.app.app_context():
        said = receipt(order)
    assert (said.total, said.paid, said.refunded) == (
        baht("490.00"),
        baht("300.00"),
        baht("100.00"),
    )


def test_there_is_no_receipt_for_what_is_not_paid(filled):
    filled.opens_checkout()
    filled.chooses("promptpay")
    with filled.shop.app.app_context(), pytest.raises(ValueError, match="is not paid"):
        receipt(filled.shop.order(filled.order_id))
    unpaid = Order(id="an order", attempts=[], amount=1, currency="THB", lines=[])
    with filled.shop.app.app_context(), pytest.raises(ValueError, match="is not paid"):
        receipt(unpaid)


@pytest.mark.parametrize(
    ("known", "kept"),
    [
        ("Mali@Example.com", "mali@example.com"),
        (None, None),
        ("", None),
        (7, None),
        ("4242424242424242@example.com", None),
    ],
)
def test_an_address_that_the_cart_knows_is_kept_with_the_order(
    filled, monkeypatch, known, kept
):
    """E8: what is no address is left out, and costs no sale."""
    cart = filled.shop.app.extensions["payment"].cart
    monkeypatch.setattr(cart, "email", known, raising=False)
    filled.opens_checkout()
    assert re.search(r'id="email"[^>]*value="([^"]*)"', filled.page.text)[1] == (
        kept or ""
    )
    filled.chooses("promptpay")
    assert filled.shop.order(filled.order_id).email == kept


def test_an_address_that_is_typed_comes_before_the_cart_s(filled, monkeypatch):
    cart = filled.shop.app.extensions["payment"].cart
    monkeypatch.setattr(cart, "email", "mali@example.com", raising=False)
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.shop.order(filled.order_id).email == "somchai@example.com"
