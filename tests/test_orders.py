"""What the shop remembers of a shopper: their orders, and where an address of no page leads."""

import re
import uuid
from dataclasses import replace

import pytest
import requests
from fault_rig import creates
from shopper import Shopper

import sandbox
from store import catalogue

GOOD, POOR = "4242424242424242", "4111111111140011"
PAGE = re.compile(r'<li class="payment-order">(.*?)</li>', re.S)
FORMS = ("/charge", "/card/prefer", "/card/forget")


@pytest.fixture
def filled(shopper):
    """Give a shopper with something in the cart."""
    shopper.adds()
    return shopper


def words(html):
    """Read what a piece of a page says."""
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def listed(shopper):
    """Read the orders that the shopper's own page lists."""
    page = shopper.get("/orders")
    assert page.status_code == 200
    return [words(one) for one in PAGE.findall(page.text)]


def title(shopper):
    return re.search("<title>(.*?)</title>", shopper.page.text, re.S)[1]


def test_your_orders_are_listed_the_newest_first_and_nobody_else_s(filled):
    assert "There are no orders" in filled.get("/orders").text
    filled.pays()
    paid = filled.order_id
    filled.adds("cloud-oolong")
    filled.pays_by("promptpay")
    waiting = filled.order_id
    first, second = listed(filled)
    assert f"Order {waiting[:8]} Waiting for your payment" in first
    assert "320.00" in first
    assert f"Order {paid[:8]} Paid" in second
    assert re.search(r"\d, 20\d\d, .* UTC", second)
    assert f'href="/orders/{paid}"' in filled.page.text
    with Shopper(filled.shop) as other:
        assert listed(other) == []


def test_no_more_than_twenty_orders_are_listed(filled, monkeypatch):
    monkeypatch.setattr("payment.orderpage._LISTED", 2)
    for _ in range(3):
        filled.pays()
        filled.adds()
    assert len(listed(filled)) == 2


def test_a_checkout_names_the_orders_that_wait_and_leads_to_the_list(filled):
    filled.pays_by("promptpay")
    waiting = filled.order_id
    filled.adds("cloud-oolong")
    filled.opens_checkout()
    said = words(filled.page.text)
    assert f"Order {waiting[:8]} of THB 490.00 is not paid yet" in said.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert f'href="/orders/{waiting}"' in filled.page.text
    assert 'href="/orders"' in filled.page.text


def test_back_after_paying_says_what_is_paid_and_leads_to_it(filled):
    filled.pays()
    paid = filled.order_id
    filled.opens_order(paid)
    filled.get("/checkout")
    assert filled.page.url.endswith(f"/orders/{paid}")
    assert f"order {paid[:8]} is paid" in filled.page.text
    assert "pick something first" not in filled.page.text


def test_two_tabs_with_an_empty_basket_are_told_once(shopper):
    for _ in range(2):
        shopper.get("/checkout", allow_redirects=False)
    page = re.search("<body>.*", shopper.get("/").text, re.S)[0]
    assert page.count("pick something first") == 1


def test_after_a_full_refund_no_order_is_called_paid(filled):
    filled.pays()
    paid = filled.order_id
    refund = ["payment", "refund", paid, "--yes"]
    assert filled.shop.app.test_cli_runner().invoke(args=refund).exit_code == 0
    filled.get("/checkout")
    assert (filled.order_id, filled.state) == (paid, "refunded")
    assert "This is your latest order" in filled.page.text
    assert "is paid" not in filled.page.text
    assert "Thank you" not in filled.page.text


def test_a_receipt_names_each_refund_with_its_moment(filled):
    filled.pays()
    paid = filled.order_id
    refund = ["payment", "refund", paid, "100.00", "--yes"]
    assert filled.shop.app.test_cli_runner().invoke(args=refund).exit_code == 0
    filled.opens_order(paid)
    facts = words(re.search("<dl.*?</dl>", filled.page.text, re.S)[0])
    given = r"Given back THB.100\.00 on .* UTC"
    assert re.search(given, facts)
    assert f"Order {paid[:8]}" in facts
    assert re.search("Paid on .* UTC Paid by Visa •••• 4242", facts)


def test_what_was_given_back_at_omise_stands_in_the_receipt_without_a_moment(filled):
    filled.pays()
    charge = filled.shop.omise.latest()["id"]
    refunds = f"{filled.shop.omise.base}charges/{charge}/refunds"
    key = (sandbox.SECRET_KEY, "")
    assert requests.post(refunds, json={"amount": 9000}, auth=key, timeout=30).ok
    filled.shop.app.test_cli_runner().invoke(args=["payment", "sync", filled.order_id])
    filled.opens_order(filled.order_id)
    facts = words(re.search("<dl.*?</dl>", filled.page.text, re.S)[0])
    assert re.search(r"Given back THB.90\.00$", facts)


@pytest.mark.parametrize(
    ("card", "state"), [(GOOD, "Paid: order"), (POOR, "Not paid: order")]
)
def test_the_title_of_a_tab_tells_the_state_and_the_order(filled, card, state):
    filled.pays(card=card)
    assert f"{state} {filled.order_id[:8]} · " in title(filled)


def test_an_unknown_order_is_explained_and_leads_to_the_known_ones(shopper):
    page = shopper.get(f"/orders/{uuid.uuid4()}")
    assert page.status_code == 404
    assert "There is no order at this address" in page.text
    assert 'href="/orders"' in page.text
    assert shopper.get(f"/orders/{uuid.uuid4()}/pay").status_code == 404


@pytest.mark.parametrize("path", FORMS)
def test_whoever_opens_a_form_s_address_is_led_to_its_page(filled, path):
    page = filled.get(path)
    assert page.url.endswith("/checkout")
    assert page.status_code == 200
    assert "Opening that address has charged nothing" in page.text
    assert filled.shop.omise.books()["charges"] == 0


def test_whoever_opens_the_address_of_another_way_is_led_to_the_order(filled):
    filled.pays_by("promptpay")
    order = filled.order_id
    assert filled.opens_order(order, "/again").url.endswith(f"/orders/{order}")
    assert filled.state == "waiting"


def test_a_form_without_a_cookie_or_too_old_is_explained(filled):
    form = filled.opens_checkout()
    old = filled.charges({**form, "csrf_token": "old"}, method="promptpay")
    assert old.status_code == 400
    assert "too old to pay from" in old.text
    assert 'href="/checkout"' in old.text
    filled.http.cookies.clear()
    without = filled.charges(form, method="promptpay")
    assert without.status_code == 400
    assert "Your browser keeps no cookies" in without.text
    assert filled.shop.omise.books()["charges"] == 0


def test_a_form_of_an_order_that_was_refused_leads_to_the_order(filled):
    filled.pays(card=POOR)
    order = filled.order_id
    form = {**filled.hidden(), "csrf_token": "old", "method": "promptpay"}
    assert f'href="/orders/{order}"' in filled.charges(form).text


def test_an_address_is_refused_with_all_that_was_typed_kept(filled):
    """Also where no script has looked at it before."""
    form = filled.opens_checkout()
    typed = {"remember": "yes", "email": "somchai", "plan": ""}
    page = filled.charges({**form, "omiseToken": filled.shop.omise.token(), **typed})
    assert page.status_code == 422
    field = re.search('<input id="email"[^>]*>', page.text, re.S)[0]
    assert 'value="somchai"' in field
    assert 'aria-invalid="true" autofocus' in field
    assert 'aria-describedby="email-refused"' in field
    told = re.search('id="email-refused"(.*?)>(.*?)</p>', page.text).groups()
    assert told == ("", "That e-mail address does not look right; nothing was charged.")
    assert re.search('id="remember"[^>]* checked', page.text)
    assert "Please look again" in title(filled)
    # It began nothing, so the same form may be sent again.
    assert filled.hidden()["form"] == form["form"]
    token = filled.shop.omise.token()
    filled.charges(form, omiseToken=token, remember="yes", email="somchai@example.com")
    assert filled.state == "paid"


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (20_000_000, "the most is THB 150,000.00, so THB 50,000.00 is too much"),
        (1_500, "the least is THB 20.00, so THB 5.00 is missing"),
    ],
)
def test_a_total_over_or_under_a_limit_says_which_and_by_how_much(
    shop, shopper, amount, said
):
    shopper.get(f"/orders/{shop.orders(amount, 'THB')}/pay")
    assert said in shopper.page.text.replace("\N{NO-BREAK SPACE}", " ")


def test_who_had_better_come_back_later_is_not_asked_to_try_again(filled):
    answer = {"status": 401, "body": "error", "code": "authentication_failure"}
    create = {"method": "POST", "path": "/charges"}
    filled.shop.omise.breaks("answer_before", **answer, **create)
    filled.pays()
    assert filled.page.url.endswith(f"/orders/{filled.order_id}")
    assert filled.state == "failed"
    assert "come back a little later" in filled.page.text
    assert "Try again" not in filled.page.text
    assert f'href="/orders/{filled.order_id}/pay"' in filled.page.text


def test_a_declined_order_says_in_another_browser_what_can_be_done(filled):
    filled.pays(card=POOR)
    order = filled.order_id
    go_back = "go back to the one where you began"
    assert go_back not in filled.page.text
    with Shopper(filled.shop) as other:
        other.opens_order(order, "/complete")
        assert other.page.url.endswith(f"/orders/{order}/pay")
        assert go_back in other.page.text
        assert go_back in other.opens_order(order).text
    assert go_back not in filled.opens_order(order).text


def test_a_checkout_shows_the_goods_and_leads_to_where_they_are_changed(filled):
    filled.opens_checkout()
    assert re.search(
        r'<img src="[^"]+celadon-cup[^"]*\.svg[^"]*" alt=""', filled.page.text
    )
    assert '<a href="/cart">Change the basket</a>' in filled.page.text
    filled.pays(card=POOR)
    assert "Change the basket" not in filled.page.text


@pytest.mark.parametrize("cut", [-1, -28])
def test_an_order_s_address_that_was_cut_short_is_called_one(filled, cut):
    filled.pays()
    page = filled.opens_order(filled.order_id[:cut])
    assert page.status_code == 404
    assert "We do not know this order" in page.text
    assert "not sold any more" not in page.text


@pytest.fixture
def cup_sells_out(monkeypatch):
    """Give what makes the cup sell out while an order of it is about."""
    gone = replace(catalogue.product("celadon-cup"), sold_out=True)
    return lambda: monkeypatch.setitem(catalogue._BY_SKU, "celadon-cup", gone)


SOLD_OUT = "Sold out meanwhile: Celadon cup."


@pytest.mark.parametrize("in_basket", [True, False], ids=["basket", "order"])
def test_what_sold_out_while_its_form_was_open_is_not_charged(
    filled, cup_sells_out, in_basket
):
    """A10: the form of a basket is outdated, and an order's own says what is gone."""
    filled.pays(POOR)
    order = filled.order_id
    if in_basket:
        filled.adds("cloud-oolong")
        filled.opens_checkout()
    else:
        filled.opens_order(order, "/pay")
    cup_sells_out()
    filled.pays_here(GOOD)
    assert creates(filled.shop) == 1
    said = "Your basket has changed" if in_basket else SOLD_OUT
    assert said in filled.page.text
    assert in_basket or filled.page.url.endswith(f"/orders/{order}")


def test_an_order_of_what_sold_out_has_no_form_and_says_why_once(filled, cup_sells_out):
    filled.pays(POOR)
    order, used = filled.order_id, filled.form
    cup_sells_out()
    for _ in range(2):
        filled.get(f"/orders/{order}/pay", allow_redirects=False)
        assert filled.page.headers["Location"] == f"/orders/{order}"
    page = filled.opens_order(order).text
    assert page.partition("<body")[2].count(SOLD_OUT) == 1
    filled.charges(used, omiseToken=filled.shop.omise.token())
    assert filled.page.url.endswith(f"/orders/{order}")
    assert SOLD_OUT not in filled.page.text
    assert creates(filled.shop) == 1


def test_what_sold_out_after_it_was_paid_stays_paid(filled, cup_sells_out):
    """A1: whoever is spoken for is told so, and nothing of a shelf."""
    filled.pays(POOR)
    filled.opens_order(filled.order_id, "/pay")
    form = filled.hidden()
    filled.pays_here(GOOD)
    cup_sells_out()
    again = {**form, "form": str(uuid.uuid4())}
    filled.charges(again, omiseToken=filled.shop.omise.token())
    assert "This order is paid already" in filled.page.text
    assert SOLD_OUT not in filled.opens_order(filled.order_id, "/pay").text
    assert creates(filled.shop) == 2
