"""Nobody orders or pays for the same goods twice by touching a page, whichever and whenever."""

import re
import uuid

import pytest
from fault_rig import ago, begin, creates, set_attempt
from rig import why
from shopper import Shopper
from sqlalchemy import update

from payment import orderform
from payment.orders import budgets
from payment.orders.models import Order
from store.cart import Cart

CREATE = {"method": "POST", "path": "/charges"}
POOR = "4111111111140011"
CUP, TEA = 49000, 32000


@pytest.fixture
def shop(served):
    """Give a shop with empty books; no webhook comes to it."""
    yield begin(served)
    served.omise.heals()


@pytest.fixture
def filled(shopper):
    """Give a shopper with something in the cart."""
    shopper.adds()
    return shopper


def waits_for_a_code(shopper):
    shopper.pays_by("promptpay")


def waits_at_the_bank(shopper):
    shopper.shop.omise.control("settings", three_d_secure=True)
    shopper.pays()


def loses_the_answer(shopper):
    shopper.shop.omise.breaks("close_after", **CREATE)
    shopper.pays()


def pays(shopper):
    shopper.pays()


def is_declined(shopper):
    shopper.pays(card=POOR)


def runs_out_of_time(shopper):
    shopper.pays_by("promptpay")
    shopper.shop.omise.control(f"charges/{shopper.shop.omise.latest()['id']}/expire")
    shopper.get(f"/orders/{shopper.order_id}/complete")


def chooses_another_way(shopper):
    shopper.pays_by("promptpay")
    token = shopper.hidden()["csrf_token"]
    shopper.post(f"/orders/{shopper.order_id}/again", {"csrf_token": token})


MAY_BE_PAID = [waits_for_a_code, waits_at_the_bank, loses_the_answer]
IS_NOT_PAID = [is_declined, runs_out_of_time, chooses_another_way]


def changes(shopper, sku, quantity):
    """Press the button of a basket page, be it an old one."""
    token = shopper.hidden(shopper.get("/").text)["csrf_token"]
    form = {"csrf_token": token, "sku": sku, "quantity": quantity}
    return shopper.post("/cart/change", form)


def tells_of(page, order_id):
    """Tell whether a page says that an order waits, and links to it."""
    return "not paid yet" in page.text and f'href="/orders/{order_id}"' in page.text


@pytest.mark.parametrize("act", MAY_BE_PAID)
def test_goods_that_may_be_paid_leave_the_basket_and_are_told_of(filled, act):
    """A21: at the basket and at the checkout, with a link."""
    act(filled)
    order = filled.order_id
    page = filled.get("/cart")
    assert "Your basket is empty" in page.text
    assert tells_of(page, order)
    page = filled.get("/checkout")
    assert page.url.endswith(f"/orders/{order}")
    assert "This order of yours is not paid yet" in page.text
    filled.adds("cloud-oolong")
    assert tells_of(filled.get("/cart"), order)
    assert tells_of(filled.get("/checkout"), order)
    with Shopper(filled.shop) as stranger:
        assert "not paid yet" not in stranger.get("/cart").text


def test_goods_that_are_paid_leave_the_basket(filled):
    """A21."""
    filled.pays()
    page = filled.get("/cart")
    assert "Your basket is empty" in page.text
    assert "not paid yet" not in page.text
    filled.get("/checkout")
    assert "is paid" in filled.page.text
    assert filled.state == "paid"


def test_goods_that_are_authorised_leave_the_basket(build_shop):
    """A21."""
    shop = build_shop(AUTO_CAPTURE="off")
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        order = shopper.order_id
        assert "Your basket is empty" in shopper.get("/cart").text
        shopper.adds()
        assert shopper.get("/checkout").url.endswith(f"/orders/{order}")
        assert creates(shop) == 1


def test_goods_that_surely_were_not_paid_stay_in_the_basket(filled):
    """A21: only a sure no keeps them there, and nothing waits."""
    is_declined(filled)
    page = filled.get("/cart")
    assert "Celadon cup" in page.text
    assert "not paid yet" not in page.text


@pytest.mark.parametrize("act", MAY_BE_PAID)
def test_touching_the_basket_orders_nothing_a_second_time(filled, act):
    """A21: quantity 1, 2, 1 on a basket page from before, then picked out anew."""
    act(filled)
    order = filled.order_id
    for quantity in (2, 1):
        assert (
            "not in your basket any more"
            in changes(filled, "celadon-cup", quantity).text
        )
        assert filled.get("/checkout").url.endswith(f"/orders/{order}")
    filled.adds()
    page = filled.get("/checkout")
    assert page.url.endswith(f"/orders/{order}")
    assert "These goods are in an order of yours that may be paid already" in page.text
    changes(filled, "celadon-cup", 2)
    form = filled.opens_checkout()
    assert tells_of(filled.page, order)
    changes(filled, "celadon-cup", 1)
    assert filled.get("/checkout").url.endswith(f"/orders/{order}")
    filled.charges(form, omiseToken=filled.shop.omise.token())
    assert "already" in filled.page.text
    assert filled.page.url.endswith(f"/orders/{order}")
    assert creates(filled.shop) == filled.shop.omise.books()["charges"] == 1


def test_a_slip_and_then_one_more_thing_are_two_orders(filled):
    """A21: what waits to be paid is not ordered along with what came after it."""
    waits_for_a_code(filled)
    slip = filled.order_id
    filled.adds("cloud-oolong")
    filled.pays()
    assert (filled.state, filled.order_id == slip) == ("paid", False)
    charged = {"pending": (1, CUP), "successful": (1, TEA)}
    assert filled.shop.omise.charged() == charged


def test_a_basket_filled_while_the_bank_is_open_is_left_alone(filled):
    """A21: one tab is at the bank, the other picks out something else."""
    waits_at_the_bank(filled)
    order = filled.order_id
    filled.adds("cloud-oolong")
    filled.get(f"/orders/{order}/authorize")
    filled.answers_bank("approve")
    assert (filled.order_id, filled.state) == (order, "paid")
    page = filled.get("/cart").text
    assert "Cloud oolong" in page
    assert "Celadon cup" not in page


def test_looking_at_an_old_order_leaves_the_new_basket_alone(filled):
    """A21: also once its checkout is open."""
    filled.pays()
    first = filled.order_id
    filled.adds("cloud-oolong")
    filled.opens_checkout()
    filled.opens_order(first)
    assert "Cloud oolong" in filled.get("/cart").text


def test_a_look_at_somebody_else_s_order_leaves_the_same_goods_in_the_basket(filled):
    """A21: a link was sent on, and both want a cup."""
    filled.pays()
    with Shopper(filled.shop) as other:
        other.adds()
        other.opens_order(filled.order_id)
        assert other.state == "paid"
        assert "Celadon cup" in other.get("/cart").text


def test_what_was_picked_out_since_is_not_put_away_with_an_order(filled):
    """A21: declined, then one more thing, then paid from the order's own page."""
    is_declined(filled)
    filled.adds("cloud-oolong")
    filled.opens_order(filled.form["order"], "/pay")
    filled.pays_here()
    assert filled.state == "paid"
    assert "Cloud oolong" in filled.get("/cart").text


def test_the_same_thing_may_be_bought_again_once_it_is_paid(filled):
    """A21: that is a wish, and no accident."""
    filled.pays()
    first = filled.order_id
    filled.adds()
    filled.pays()
    assert (filled.state, filled.order_id == first) == ("paid", False)
    assert filled.shop.omise.charged() == {"successful": (2, 2 * CUP)}


REPOSTS = {
    "as it was": {},
    "with another card": {"omiseToken": None},
    "with an odd address": {"email": "nonsense"},
    "without its order": {"order": ""},
    "of another basket": {"cart": "0" * 32},
}


@pytest.mark.parametrize("how", REPOSTS)
@pytest.mark.parametrize("then", ["at once", "after a change", "after another order"])
@pytest.mark.parametrize(
    "act", [pays, loses_the_answer, is_declined, waits_at_the_bank]
)
def test_a_form_posted_again_leads_to_its_order(filled, act, then, how):
    """A22: whenever, and whatever the basket holds by then; and nothing false is said."""
    act(filled)
    order, form = filled.order_id, filled.form
    charged, state = creates(filled.shop), filled.opens_order(order) and filled.state
    if then != "at once":
        filled.adds("cloud-oolong")
    if then == "after another order":
        filled.shop.omise.control("settings", three_d_secure=False)
        filled.pays()
        charged += 1
    again = {"omiseToken": filled.shop.omise.token()} | REPOSTS[how]
    again["omiseToken"] = again["omiseToken"] or filled.shop.omise.token()
    filled.charges({**form, **again})
    assert filled.page.url.endswith(f"/orders/{order}")
    assert filled.state == state
    # Of a decline that is true, and the page says so at any time.
    assert act is is_declined or "nothing was charged" not in filled.page.text
    assert "basket has changed" not in filled.page.text
    assert "nothing new was charged" not in filled.page.text
    assert creates(filled.shop) == charged


@pytest.mark.parametrize("act", [pays, loses_the_answer, waits_at_the_bank])
def test_a_form_posted_again_without_its_session_is_told_nothing_false(filled, act):
    """A22: the cookie is gone by then; nobody says that nothing was charged."""
    act(filled)
    order, form = filled.order_id, filled.form
    filled.http.cookies.clear()
    filled.charges(form, omiseToken=filled.shop.omise.token())
    assert "nothing was charged" not in filled.page.text
    assert filled.page.url.endswith(f"/orders/{order}")
    assert creates(filled.shop) == 1


@pytest.mark.parametrize("act", IS_NOT_PAID)
def test_another_browser_pays_an_order_from_its_own_page(filled, act):
    """A21, D1: no basket and no session of before are needed."""
    act(filled)
    order = filled.order_id
    with Shopper(filled.shop) as other:
        other.adds("cloud-oolong")
        page = other.opens_order(order)
        assert f'href="/orders/{order}/pay"' in page.text
        other.opens_order(order, "/pay")
        assert other.state == filled.state
        assert other.total() == CUP
        assert "Celadon cup" in other.page.text
        assert "Cloud oolong" not in other.page.text
        other.pays_here()
        assert (other.order_id, other.state) == (order, "paid")
        page = other.get("/cart").text
        assert "Cloud oolong" in page
        assert "Celadon cup" not in page
    filled.get("/checkout")
    assert "successful" in filled.shop.omise.charged(order)
    assert filled.shop.omise.charged(order)["successful"] == (1, CUP)


def test_what_another_browser_has_paid_is_not_paid_here_again(filled):
    """A21: the first browser still has the goods in its basket, and a form open."""
    is_declined(filled)
    order, form = filled.order_id, filled.hidden()
    with Shopper(filled.shop) as other:
        other.opens_order(order, "/pay")
        other.pays_here()
        assert other.state == "paid"
    assert filled.get("/checkout").url.endswith(f"/orders/{order}")
    filled.charges(form, omiseToken=filled.shop.omise.token())
    assert (filled.order_id, filled.state) == (order, "paid")
    assert "Your basket is empty" in filled.get("/cart").text
    assert creates(filled.shop) == 2


def test_a_look_at_what_another_browser_has_paid_puts_the_goods_away(filled):
    """A21: the basket of the first browser hears of it at the order's page."""
    is_declined(filled)
    order = filled.order_id
    with Shopper(filled.shop) as other:
        other.opens_order(order, "/pay")
        other.pays_here()
    assert "Celadon cup" in filled.get("/cart").text
    filled.opens_order(order)
    assert "Your basket is empty" in filled.get("/cart").text


@pytest.mark.parametrize("act", [*MAY_BE_PAID, pays])
def test_an_order_that_may_be_paid_offers_no_form(filled, act):
    """A21: not even to who asks for it by its address."""
    act(filled)
    order = filled.order_id
    assert f'href="/orders/{order}/pay"' not in filled.opens_order(order).text
    page = filled.opens_order(order, "/pay")
    assert page.url.endswith(f"/orders/{order}")
    assert "checkout-form" not in page.text


LINES = [{"sku": "cup", "name": "Cup", "quantity": 1, "amount": CUP}]


@pytest.mark.parametrize(
    "other",
    [
        ([], CUP, "THB"),
        (LINES * 2, CUP, "THB"),
        ([LINES[0] | {"sku": "tea"}], CUP, "THB"),
        ([LINES[0] | {"quantity": 2}], CUP, "THB"),
        ([LINES[0] | {"amount": CUP - 1}], CUP, "THB"),
        (LINES, CUP + 5000, "THB"),
        (LINES, CUP, "JPY"),
    ],
    ids=["lines", "number", "sku", "quantity", "amount", "total", "currency"],
)
def test_whatever_a_page_shows_of_money_is_in_its_fingerprint(other):
    """A29: the total and the currency too, which a host may work out from more than the lines."""
    assert orderform.fingerprint(*other) != orderform.fingerprint(LINES, CUP, "THB")


def test_the_fingerprint_is_the_same_in_every_tab():
    """A2, A29: what a page does not show of the goods is not in it."""
    shown = [LINES[0] | {"picture": "cup.svg"}]
    assert orderform.fingerprint(shown, CUP, "THB") == orderform.fingerprint(
        LINES, CUP, "THB"
    )


@pytest.fixture
def shipping(monkeypatch):
    """Give a host that adds shipping to its total; the fee may be changed."""
    fee, goods = [0], Cart.total
    monkeypatch.setattr(Cart, "total", lambda self: goods(self) + fee[0])

    def costs(amount):
        fee[0] = amount

    return costs


def test_a_total_that_changed_since_the_page_was_shown_is_not_charged(filled, shipping):
    """A29, A11: the lines are the same."""
    shipping(5000)
    form = filled.opens_checkout()
    assert filled.total() == CUP + 5000
    shipping(9000)
    filled.charges(form, omiseToken=filled.shop.omise.token())
    assert "basket has changed" in filled.page.text
    assert (filled.total(), creates(filled.shop)) == (CUP + 9000, 0)
    filled.pays_here()
    assert filled.state == "paid"
    assert filled.shop.omise.charged() == {"successful": (1, CUP + 9000)}


def test_a_currency_that_changed_since_the_page_was_shown_is_not_charged(
    filled, monkeypatch
):
    """A29: 49000 yen are not 490 baht."""
    form = filled.opens_checkout()
    monkeypatch.setattr(Cart, "currency", "JPY")
    filled.charges(form, omiseToken=filled.shop.omise.token())
    assert "basket has changed" in filled.page.text
    assert creates(filled.shop) == 0


def test_a_retry_charges_what_its_page_shows(filled, shipping):
    """A29: from the order's own page what was ordered, from the checkout what it costs by now."""
    shipping(5000)
    is_declined(filled)
    first = filled.order_id
    shipping(9000)
    form = filled.opens_checkout()
    assert (filled.total(), form["order"] == first) == (CUP + 9000, False)
    filled.opens_order(first, "/pay")
    assert filled.total() == CUP + 5000
    rest = re.search("Delivery, tax and other</th><td>([^<]+)", filled.page.text)[1]
    assert rest.endswith("50.00")
    filled.pays_here()
    assert (filled.order_id, filled.state) == (first, "paid")
    assert filled.shop.omise.charged(first)["successful"] == (1, CUP + 5000)


def test_goods_leave_before_the_basket_changes_although_the_answer_was_lost(filled):
    """A21: the answer that emptied the basket never came to the browser."""
    form = filled.opens_checkout()
    with Shopper(filled.shop) as lost:
        lost.http.cookies.update(filled.http.cookies)
        lost.charges(form, follow=False, omiseToken=filled.shop.omise.token())
    filled.adds("cloud-oolong")
    page = filled.get("/cart").text
    assert "Cloud oolong" in page
    assert "Celadon cup" not in page


def test_nobody_names_an_order_that_the_shop_has_not_named(filled):
    """E1: its id is a secret that the shop makes."""
    form = filled.opens_checkout() | {"order": str(uuid.uuid4())}
    filled.charges(form, omiseToken=filled.shop.omise.token())
    assert "basket has changed" in filled.page.text
    assert creates(filled.shop) == 0


def test_a_form_for_one_order_does_not_pay_another_s_amount(filled):
    """A29: the page's fingerprint is the order's, or nothing is charged."""
    is_declined(filled)
    first = filled.hidden()
    filled.adds("cloud-oolong")
    second = filled.opens_checkout()
    filled.charges(
        first | {"cart": second["cart"]}, omiseToken=filled.shop.omise.token()
    )
    assert "basket has changed" in filled.page.text
    assert creates(filled.shop) == 1


def test_what_is_paid_from_its_page_leaves_a_basket_that_holds_more(filled):
    """A21: the cup is declined, tea is added, the cup is paid; tea is what is left to buy."""
    is_declined(filled)
    order = filled.order_id
    filled.adds("cloud-oolong")
    filled.opens_order(order, "/pay")
    filled.pays_here()
    assert (filled.order_id, filled.state) == (order, "paid")
    filled.opens_checkout()
    assert filled.total() == TEA


def test_what_another_browser_has_paid_leaves_a_basket_that_holds_more(filled):
    """A21: as soon as the first browser comes to pay; and once, not each time."""
    is_declined(filled)
    order = filled.order_id
    filled.adds("cloud-oolong")
    with Shopper(filled.shop) as other:
        other.opens_order(order, "/pay")
        other.pays_here()
    filled.opens_checkout()
    assert filled.total() == TEA
    filled.adds()
    filled.opens_checkout()
    assert filled.total() == CUP + TEA


def is_not_found(shopper):
    """Let the answer be lost, the card be a saved one, and Omise show nothing for long enough."""
    shop = shopper.shop
    loses_the_answer(shopper)
    then = ago(shop, minutes=11)
    moments = {"sent_at": then, "created_at": then}
    set_attempt(shop, shopper.order_id, pays_with=None, **moments)
    nothing = {"data": [], "total": 0}
    shop.omise.breaks("change", method="GET", path="/charges", times=2, set=nothing)
    shop.sweep()
    shop.omise.heals()
    assert shopper.opens_order(shopper.order_id)
    assert shopper.state == "not_found"


def was_never_used(shopper):
    shop = shopper.shop
    shop.omise.breaks("close_before", **CREATE)
    shopper.pays()
    then = ago(shop, minutes=11)
    set_attempt(shop, shopper.order_id, sent_at=then, created_at=then)
    shop.sweep()
    assert shopper.opens_order(shopper.order_id)
    assert shopper.state == "failed"


@pytest.mark.parametrize("act", [is_not_found, was_never_used])
def test_goods_whose_payment_was_not_seen_are_paid_in_their_own_order(filled, act):
    """A19, A21: picked out anew, they lead there, for the payment may show up yet."""
    act(filled)
    order = filled.order_id
    filled.adds()
    assert filled.get("/checkout").url.endswith(f"/orders/{order}")
    filled.adds("cloud-oolong")
    assert filled.get("/checkout").url.endswith("/checkout")


def test_a_late_payment_for_goods_that_were_bought_again_calls_an_operator(filled):
    """A19: a person must look, though each order was paid once."""
    shop = filled.shop
    is_not_found(filled)
    first = filled.order_id
    with Shopper(shop) as again:
        again.adds()
        again.pays()
        second = again.order_id
    visitor = shop.order(first).visitor
    with shop.engine.begin() as connection:
        mine = update(Order).where(Order.id == second).values(visitor=visitor)
        connection.execute(mine)
    shop.sweep()
    assert shop.order(first).paid_at
    assert f"order {second} of the same shopper has paid" in why(shop.order(first))


def closes_nothing(shop):
    """Let Omise refuse to close a charge."""
    refusal = {"status": 400, "body": "error", "code": "failed_expire"}
    path = r"/charges/chrg_test_\w+/expire"
    shop.omise.breaks("answer_before", method="POST", path=path, times=0, **refusal)


def test_another_way_is_not_offered_while_nobody_can_say_how_the_first_stands(filled):
    """A16: refused because it was paid, and then the question fails."""
    shop = filled.shop
    filled.pays_by("promptpay")
    closes_nothing(shop)
    path = r"/charges/chrg_test_\w+"
    shop.omise.breaks("close_before", method="GET", path=path, times=0)
    token = filled.hidden()["csrf_token"]
    page = filled.post(f"/orders/{filled.order_id}/again", {"csrf_token": token})
    assert page.url.endswith(filled.order_id)
    assert "could not ask how the payment stands" in page.text
    assert not shop.order(filled.order_id).attempts[0].superseded


def test_an_earlier_code_that_was_paid_meanwhile_ends_the_new_try(filled):
    """A16: it could not be closed, and was paid while the card was typed."""
    shop = filled.shop
    filled.pays_by("promptpay")
    first = shop.omise.latest()["id"]
    closes_nothing(shop)
    chooses = {"csrf_token": filled.hidden()["csrf_token"]}
    filled.post(f"/orders/{filled.order_id}/again", chooses)
    assert "or you would pay twice" in filled.page.text
    shop.omise.control(f"charges/{first}/pay")
    filled.pays_here()
    assert filled.state == "paid"
    assert shop.omise.charged() == {"successful": (1, CUP)}


def stands_back(shopper, way=waits_for_a_code):
    """Begin to pay, and choose to pay another way although the first cannot be closed."""
    if way is waits_for_a_code:
        source = shopper.shop.omise.source("promptpay", CUP)
        shopper.charges(shopper.hidden(), omiseSource=source)
    else:
        shopper.shop.omise.control("settings", three_d_secure=True)
        shopper.pays_here(follow=False)
        shopper.shop.omise.control("settings", three_d_secure=False)
        order = re.search(r"/orders/([0-9a-f-]{36})", shopper.page.headers["Location"])
        shopper.opens_order(order[1])
    form = {"csrf_token": shopper.hidden()["csrf_token"]}
    shopper.post(f"/orders/{shopper.order_id}/again", form)
    assert "or you would pay twice" in shopper.page.text


def test_the_oldest_of_several_earlier_codes_ends_the_new_try(filled):
    """A16: each that could still be paid is asked about, however many there are."""
    shop = filled.shop
    closes_nothing(shop)
    filled.opens_checkout()
    for _ in range(3):
        stands_back(filled)
    oldest = shop.omise.charges()[0]["id"]
    shop.omise.control(f"charges/{oldest}/pay")
    filled.pays_here()
    assert filled.state == "paid"
    assert shop.omise.charged()["successful"] == (1, CUP)
    assert creates(shop) == 3


def test_an_earlier_amount_that_is_held_meanwhile_ends_the_new_try(build_shop):
    """A16, A15: no second amount is held beside it, then or later."""
    shop = begin(build_shop(AUTO_CAPTURE="off"))
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.opens_checkout()
        stands_back(shopper, waits_at_the_bank)
        first = shop.omise.latest()["id"]
        shop.omise.control(f"charges/{first}/pay")
        form = shopper.hidden()
        shopper.pays_here()
        assert shopper.state == "authorized"
        form["form"] = str(uuid.uuid4())
        shopper.charges(form, omiseToken=shop.omise.token())
        assert shopper.state == "authorized"
        assert creates(shop) == 1
        assert not shop.order(shopper.order_id).flags


def test_an_order_has_so_many_codes_that_could_still_be_paid(filled, monkeypatch):
    """E7: each new try asks about every one of them."""
    monkeypatch.setattr(budgets, "MOST_LEFT_OVER", 2)
    closes_nothing(filled.shop)
    filled.opens_checkout()
    for _ in range(2):
        stands_back(filled)
    order = filled.order_id
    filled.pays_here()
    assert filled.page.status_code == 429
    assert creates(filled.shop) == 2
    set_attempt(filled.shop, order, status="expired")
    filled.opens_order(order, "/pay")
    filled.pays_here()
    assert filled.state == "paid"
