"""Pay for orders over plain HTTP, as a shopper without a browser; judged by the sandbox's books."""

import json
import re
import threading
import uuid

import pytest
from fault_rig import set_attempt
from rig import eventually, why
from shopper import Shopper
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from payment import visitor
from payment.gateway import verbs
from payment.orders.models import Attempt, Order

GOOD, MASTERCARD = "4242424242424242", "5555555555554444"
STOLEN, POOR = "4111111111130012", "4111111111140011"
CREATE = {"method": "POST", "path": "/charges"}


@pytest.fixture
def filled(shopper):
    """Give a shopper with something in the cart."""
    shopper.adds()
    return shopper


@pytest.fixture
def unheard(shop):
    """Keep the sandbox's webhooks from the shop."""
    shop.omise.control("settings", webhook_uri=None)
    yield
    shop.omise.control("settings", webhook_uri=f"{shop.url}/webhook")


def test_card_paid_at_once(filled):
    filled.pays()
    assert filled.state == "paid"
    assert "Visa •••• 4242" in filled.page.text
    books = filled.shop.omise.books(filled.order_id)
    assert books["by_status"] == {
        "successful": {"count": 1, "amount": 49000, "refunded": 0}
    }


@pytest.mark.parametrize(
    ("said", "told"), [("Teahouse", "Teahouse"), ("", "app"), (None, "app")]
)
def test_the_charge_names_the_app_as_its_host_does(build_shop, said, told):
    """A shop that copied the folders is not called by the name of this one."""
    with Shopper(build_shop(PAYMENT_APP_NAME=said)) as shopper:
        shopper.adds()
        shopper.pays()
        assert shopper.shop.omise.latest()["metadata"]["app"] == told


def test_the_charge_tells_omise_what_it_is_for(filled):
    filled.pays()
    charge = filled.shop.omise.charges()[0]
    assert charge["metadata"] == {
        "app": "Omise Flask",
        "cart": {"items": {"celadon-cup": 1}},
        "order_id": filled.order_id,
        "attempt_id": filled.shop.order(filled.order_id).attempts[0].id,
    }
    assert charge["description"] == "1 x Celadon cup"
    assert (
        charge["return_uri"] == f"{filled.shop.url}/orders/{filled.order_id}/complete"
    )
    assert charge["ip"] in ("127.0.0.1", "::1")
    assert charge["currency"] == "THB"
    assert charge["capture"] is True


def test_cart_is_empty_after_paying(filled):
    filled.pays()
    assert "Your basket is empty" in filled.get("/cart").text


def test_declined_then_paid_with_another_card_on_the_same_order(filled):
    filled.pays(card=POOR)
    declined = filled.order_id
    assert filled.page.url.endswith(f"/orders/{declined}/pay")
    assert filled.state == "failed"
    assert "not enough money" in filled.page.text
    assert "Celadon cup" in filled.get("/cart").text
    filled.pays()
    assert filled.order_id == declined
    assert filled.state == "paid"
    states = [one.status for one in filled.shop.order(declined).attempts]
    assert states == ["failed", "successful"]


def test_declined_then_paid_where_the_reason_is_told(filled):
    filled.pays(card=POOR)
    declined = filled.order_id
    filled.pays_here()
    assert (filled.order_id, filled.state) == (declined, "paid")
    assert "Your basket is empty" in filled.get("/cart").text


def test_stolen_card_is_not_told_apart(filled):
    filled.pays(card=STOLEN)
    assert filled.state == "failed"
    assert "stolen" not in filled.page.text.lower()


@pytest.mark.parametrize(
    ("action", "state"), [("approve", "paid"), ("decline", "failed")]
)
def test_3d_secure(filled, action, state):
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    assert filled.page.url.endswith("/authorize")
    filled.answers_bank(action)
    assert filled.state == state


def test_walked_away_from_the_bank_then_settled_by_webhook(filled):
    """B5: no return visit is needed."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    filled.get(f"/orders/{filled.order_id}")
    assert filled.state == "leaving"
    charge = filled.shop.omise.charges()[0]
    filled.shop.omise.control(f"charges/{charge['id']}/pay")
    eventually(lambda: filled.shop.order(filled.order_id).paid_at)
    filled.get(f"/orders/{filled.order_id}")
    assert filled.state == "paid"


def test_no_webhook_at_all_is_settled_by_the_poll(filled, unheard):
    """B4: no webhook at all."""
    filled.pays_by("promptpay")
    charge = filled.shop.omise.charges()[0]
    filled.shop.omise.control(f"charges/{charge['id']}/pay")
    path = f"/orders/{filled.order_id}/status"
    eventually(lambda: filled.get(path).json()["state"].startswith("paid"))


def test_no_webhook_at_all_is_settled_by_the_sweep(filled, unheard):
    """B4, B5: neither webhook nor return nor poll."""
    filled.pays_by("promptpay")
    charge = filled.shop.omise.charges()[0]
    filled.shop.omise.control(f"charges/{charge['id']}/pay")
    assert "still open 0" in filled.shop.sweep()
    assert filled.shop.order(filled.order_id).paid_at


def test_promptpay_shows_a_code_that_the_shop_serves_itself(filled):
    filled.pays_by("promptpay")
    assert filled.state == "waiting"
    assert "Please pay before" in filled.page.text
    code = filled.get(f"/orders/{filled.order_id}/code")
    assert code.headers["Content-Type"].startswith("image/svg+xml")
    assert b"<svg" in code.content


def test_the_code_is_gone_once_paid(filled):
    filled.pays_by("promptpay")
    charge = filled.shop.omise.charges()[0]
    filled.shop.omise.control(f"charges/{charge['id']}/pay")
    eventually(lambda: filled.shop.order(filled.order_id).paid_at)
    assert filled.get(f"/orders/{filled.order_id}/code").status_code == 404


@pytest.mark.parametrize(
    ("action", "state"), [("approve", "paid"), ("cancel", "failed")]
)
def test_wallet(filled, action, state):
    filled.pays_by("truemoney", phone_number="0812345678")
    filled.answers_bank(action)
    assert filled.state == state


def test_konbini(build_shop):
    shop = build_shop(STORE_CURRENCY="JPY")
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by(
            "econtext",
            name="ヤマダタロウ",
            email="taro@example.com",
            phone_number="09012345678",
        )
        assert shopper.state == "waiting"
        charge = shop.omise.charges()[0]
        assert charge["amount"] == 2200
        order = shopper.order_id
        assert "Show how to pay" in shopper.opens_order(order).text
        # E4: wherever Omise says that the instructions are.
        set_attempt(shop, order, authorize_uri="javascript:alert(1)")
        assert "Show how to pay" not in shopper.opens_order(order).text
        shop.omise.control(f"charges/{charge['id']}/pay")
        eventually(lambda: shop.order(shopper.order_id).paid_at)


def test_saved_card_pays_a_second_purchase(filled):
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.state == "paid"
    filled.adds("cloud-oolong")
    form = filled.opens_checkout()
    assert offered_cards(filled)[0] == "Visa •••• 4242"
    customer = filled.hidden()["omiseCustomer"]
    filled.charges(form, omiseCustomer=customer)
    assert filled.state == "paid"
    first, second = filled.shop.omise.charges()
    assert second["customer"] == customer
    assert first["card"]["id"] == second["card"]["id"]


def test_a_card_that_failed_is_not_offered_again(filled):
    filled.pays(card=POOR, remember="yes", email="somchai@example.com")
    assert filled.state == "failed"
    filled.opens_checkout()
    assert "Your saved card" not in filled.page.text


def test_an_older_saved_card_is_offered_while_a_newer_one_has_not_worked(filled):
    filled.pays(remember="yes", email="somchai@example.com")
    filled.adds()
    filled.pays(card=POOR, remember="yes", email="somchai@example.com")
    assert filled.state == "failed"
    filled.charges(filled.opens_checkout())
    assert filled.state == "paid"
    first, declined, paid = filled.shop.omise.charges()
    assert declined["card"]["last_digits"] == "0011"
    assert paid["card"]["id"] == first["card"]["id"]


def test_the_card_that_the_button_names_is_charged(filled):
    """A11: whatever another tab has saved since the page was shown."""
    filled.pays(remember="yes", email="somchai@example.com")
    filled.adds("cloud-oolong")
    form = filled.opens_checkout()
    assert offered_cards(filled)[0] == "Visa •••• 4242"
    filled.pays(card=MASTERCARD, remember="yes", email="somchai@example.com")
    filled.adds("cloud-oolong")
    assert filled.opens_checkout()["omiseCard"] != form["omiseCard"]
    assert offered_cards(filled)[0] == "MasterCard •••• 4444"
    filled.charges({**filled.form, "omiseCard": form["omiseCard"]})
    assert filled.shop.omise.charges()[-1]["card"]["last_digits"] == "4242"


def test_only_the_newest_saved_cards_stay_in_the_cookie(filled):
    """E3: it holds ids only, and not ever more of them."""
    with filled.shop.app.test_request_context():
        for number in range(6):
            visitor.keep_card("cust_test_5", f"card_test_{number}", str(number))
        assert list(visitor.saved_cards().values()) == ["2", "3", "4", "5"]


def customers(shop):
    """Tell how many cards each customer at Omise has, on the dashboard."""
    found = shop.omise.asks("customers?limit=100")["data"]
    return [len(one["cards"]["data"]) for one in found]


@pytest.mark.parametrize("visitors", [1, 3])
def test_declined_cards_that_were_to_be_saved_leave_no_customers_behind(shop, visitors):
    """E7: a thief saves each, and throws cookies away or does not."""
    before = len(customers(shop))
    thieves = [Shopper(shop) for _ in range(visitors)]
    for number in range(6):
        thief = thieves[number % visitors]
        thief.adds()
        thief.pays(card=POOR, remember="yes", email="thief@example.com")
        assert thief.state == "failed"
    for thief in thieves:
        assert "customer" not in session_of(thief)["payment"]
        thief.http.close()
    assert len(customers(shop)) == before


def test_a_card_that_was_declined_goes_and_one_that_paid_stays(filled):
    filled.pays(remember="yes", email="somchai@example.com")
    customer = filled.shop.omise.latest()["customer"]
    filled.adds()
    filled.pays(card=POOR, remember="yes", email="somchai@example.com")
    kept = filled.shop.omise.asks(f"customers/{customer}")["cards"]["data"]
    assert [card["last_digits"] for card in kept] == ["4242"]
    filled.charges(filled.opens_checkout())
    assert filled.state == "paid"


def test_a_card_that_its_bank_declines_later_goes_when_the_shopper_is_back(filled):
    filled.shop.omise.control("settings", three_d_secure=True)
    before = len(customers(filled.shop))
    filled.pays(remember="yes", email="somchai@example.com")
    assert len(customers(filled.shop)) == before + 1
    filled.answers_bank("decline")
    assert len(customers(filled.shop)) == before
    assert "customer" not in session_of(filled)["payment"]


def test_a_declined_card_that_omise_does_not_delete_goes_with_the_next(filled):
    """The page of the first is shown all the same."""
    refused = {"status": 500, "body": "error", "code": "internal_error"}
    which = {"method": "DELETE", "path": "/customers/.*"}
    before = len(customers(filled.shop))
    filled.shop.omise.breaks("answer_before", **refused, **which)
    for number in (1, 0):
        filled.opens_checkout()
        filled.pays_here(card=POOR, remember="yes", email="somchai@example.com")
        assert filled.state == "failed"
        assert len(customers(filled.shop)) == before + number


def test_a_customer_whose_cards_could_not_be_listed_is_used_again(filled):
    """Not made anew with each try."""
    before = len(customers(filled.shop))
    refused = {"status": 503, "body": "html", "times": 2}
    which = {"method": "GET", "path": "/customers/.*/cards"}
    filled.shop.omise.breaks("answer_before", **refused, **which)
    for state in ("failed", "failed", "paid"):
        filled.opens_checkout()
        filled.pays_here(remember="yes", email="somchai@example.com")
        assert filled.state == state
    assert len(customers(filled.shop)) == before + 1


@pytest.mark.usefixtures("unheard")
def test_a_card_stays_saved_while_nobody_knows_whether_it_was_charged(filled):
    before = len(customers(filled.shop))
    filled.shop.omise.breaks("reset_after", method="POST", path="/charges")
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.state == "confirming"
    assert len(customers(filled.shop)) == before + 1


def test_the_card_that_was_typed_is_charged_whatever_else_was_saved_since(
    filled, monkeypatch
):
    """A25: another tab saved one in between."""
    filled.pays(card=MASTERCARD, remember="yes", email="somchai@example.com")
    newest = verbs.newest_cards
    # The other tab's comes first in Omise's list.
    monkeypatch.setattr(verbs, "newest_cards", lambda whose: newest(whose)[::-1])
    filled.adds()
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.shop.omise.latest()["card"]["last_digits"] == "4242"


def test_a_customer_that_was_deleted_at_omise_is_forgotten_and_the_card_saved(filled):
    """A25: the payment goes on."""
    filled.pays(card=MASTERCARD, remember="yes", email="somchai@example.com")
    customer = filled.shop.omise.latest()["customer"]
    with filled.shop.app.app_context():
        verbs.forget_customer(customer)
    filled.adds()
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.state == "paid"
    assert filled.shop.omise.latest()["customer"] != customer
    filled.adds()
    filled.opens_checkout()
    assert offered_cards(filled)[0] == "Visa •••• 4242"
    assert "•••• 4444" not in filled.page.text


def test_the_session_keeps_so_many_orders_and_one_customer_s_cards(filled):
    """E3: it is a cookie."""
    with filled.shop.app.test_request_context():
        for number in range(30):
            visitor.put_away(str(number))
        assert [visitor.has_put_away(one) for one in ("17", "18")] == [False, True]
        visitor.keep_card("cust_test_5a", "card_test_5a", "attempt")
        visitor.keep_card("cust_test_5b", "card_test_5b", "attempt")
        assert visitor.saved_cards() == {"card_test_5b": "attempt"}


def session_of(shopper):
    """Read what is signed into a shopper's cookie."""
    served = shopper.shop.app
    signed = served.session_interface.get_signing_serializer(served)
    return signed.loads(shopper.http.cookies["session"])


def test_the_session_knows_of_payments_under_one_key_and_ids_only(filled):
    """E3, F7: a host's own keys stay its own; whoever reads the cookie reads no address or name."""
    filled.pays(remember="yes", email="somchai@example.com")
    filled.adds("cloud-oolong")
    filled.opens_checkout()
    session = session_of(filled)
    assert session.keys() == {"payment", "cart", "csrf_token"}
    known = session["payment"]
    assert known.keys() == {"visitor", "checkout", "customer", "cards", "away"}
    texts = re.findall('"([^"]+)"', json.dumps(list(known.values())))
    ids = r"[0-9a-f-]{36}|[0-9a-f]{32}|(cust|card)_test_[0-9a-z]+|order|basket"
    assert [text for text in texts if not re.fullmatch(ids, text)] == []


def test_saved_card_can_be_deleted(filled):
    filled.pays(remember="yes", email="somchai@example.com")
    filled.adds()
    form = filled.opens_checkout()
    filled.post("/card/forget", form)
    assert "Your saved card was deleted" in filled.page.text
    assert "Your saved card</h2>" not in filled.page.text
    assert session_of(filled)["payment"].keys() == {"visitor", "checkout", "away"}
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.state == "paid"
    first, second = filled.shop.omise.charges()
    assert first["customer"] != second["customer"]


def saves(shopper, *cards):
    """Buy something with each card and save it; then stand at the checkout."""
    for card in cards:
        shopper.adds()
        shopper.pays(card=card, remember="yes", email="somchai@example.com")
        assert shopper.state == "paid"
    shopper.adds()
    shopper.opens_checkout()


def offered_cards(shopper):
    return re.findall(
        r'with <span class="whole">([^<]+ •••• \d+)</span>', shopper.page.text
    )


def card_of(shopper, digits):
    """Read the id under which a page offers a saved card."""
    forms = shopper.page.text.split('class="payment-saved"')[1:]
    (form,) = [one for one in forms if f"•••• {digits}" in one]
    return shopper.hidden(form)["omiseCard"]


def test_every_saved_card_is_offered_and_the_one_that_is_chosen_is_charged(shopper):
    """A25: the newest first, by brand and last digits; a card saved twice is one."""
    saves(shopper, GOOD, MASTERCARD, GOOD)
    assert offered_cards(shopper) == ["Visa •••• 4242", "MasterCard •••• 4444"]
    card = card_of(shopper, "4444")
    shopper.charges({**shopper.form, "omiseCard": card})
    assert shopper.state == "paid"
    assert shopper.shop.omise.latest()["card"]["last_digits"] == "4444"


def test_the_shopper_says_which_card_is_offered_first(shopper):
    saves(shopper, GOOD, MASTERCARD)
    assert offered_cards(shopper) == ["MasterCard •••• 4444", "Visa •••• 4242"]
    form = {**shopper.form, "omiseCard": card_of(shopper, "4242")}
    shopper.post("/card/prefer", form)
    assert offered_cards(shopper) == ["Visa •••• 4242", "MasterCard •••• 4444"]
    shopper.post("/card/prefer", {**form, "omiseCard": "card_test_5notmine"})
    assert offered_cards(shopper) == ["Visa •••• 4242", "MasterCard •••• 4444"]


def test_one_card_is_deleted_and_the_others_stay(shopper):
    """A card saved twice is gone both times; the customer stays as long as a card does."""
    saves(shopper, GOOD, MASTERCARD, GOOD)
    before = shopper.shop.omise.books()["counts"]
    shopper.post(
        "/card/forget", {**shopper.form, "omiseCard": card_of(shopper, "4242")}
    )
    assert offered_cards(shopper) == ["MasterCard •••• 4444"]
    after = shopper.shop.omise.books()["counts"]
    assert [
        line
        for line in after
        if line.startswith("DELETE") and after[line] != before.get(line)
    ] != []
    shopper.charges(shopper.form | shopper.hidden())
    assert shopper.state == "paid"


def test_a_card_that_is_not_the_shopper_s_is_not_deleted(shopper):
    """E2."""
    saves(shopper, GOOD)
    counts = shopper.shop.omise.books()["counts"]
    for card in ("card_test_5notmine", ""):
        shopper.post("/card/forget", {**shopper.form, "omiseCard": card})
        assert "not saved for you here" in shopper.page.text
        assert offered_cards(shopper) == ["Visa •••• 4242"]
    deleted = {
        line
        for line in shopper.shop.omise.books()["counts"]
        if line.startswith("DELETE")
    }
    assert deleted <= counts.keys()


def test_a_card_that_omise_could_not_delete_stays_in_the_list(shopper):
    saves(shopper, GOOD)
    shopper.shop.omise.breaks("reset_before", method="DELETE", path="/customers/.*")
    shopper.post("/card/forget", shopper.form)
    assert "could not delete the card just now" in shopper.page.text
    assert offered_cards(shopper) == ["Visa •••• 4242"]
    shopper.shop.omise.heals()


@pytest.mark.parametrize("gone", ["card", "customer"])
def test_what_omise_has_forgotten_is_forgotten(shopper, gone):
    """A25: a card deleted on the dashboard, or its customer with all of them."""
    saves(shopper, MASTERCARD, GOOD)
    customer, card = shopper.form["omiseCustomer"], shopper.form["omiseCard"]
    path = f"customers/{customer}"
    shopper.shop.omise.deletes(path if gone == "customer" else f"{path}/cards/{card}")
    shopper.charges(shopper.form)
    assert shopper.state == "failed"
    assert "no longer there" in shopper.page.text
    left = ["MasterCard •••• 4444"] if gone == "card" else []
    assert offered_cards(shopper) == left


def test_a_saved_card_of_someone_else_is_refused_and_never_reaches_omise(filled):
    """E2: customer and card are bound to the session."""
    form = filled.opens_checkout()
    other = "test_5sandbox00000000000"
    filled.charges(form, omiseCustomer=f"cust_{other}", omiseCard=f"card_{other}")
    assert "not saved for you here" in filled.page.text
    assert filled.shop.omise.books()["charges"] == 0
    filled.pays(remember="yes", email="somchai@example.com")
    filled.adds()
    form = filled.opens_checkout()
    for card in (f"card_{other}", "", "../customers"):
        filled.charges({**form, "omiseCard": card})
        assert "not saved for you here" in filled.page.text
    assert filled.shop.omise.books()["charges"] == 1


def test_the_form_posted_by_twenty_threads_makes_one_charge(filled):
    """A1: double click, reload, a proxy that retries."""
    form = filled.opens_checkout()
    paying = {**form, "omiseToken": filled.shop.omise.token()}
    answers = []

    def post():
        with Shopper(filled.shop) as rival:
            rival.http.cookies.update(filled.http.cookies)
            answers.append(rival.charges(paying, follow=False).headers["Location"])

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert len(set(answers)) == 1
    assert filled.shop.omise.books()["charges"] == 1


def test_a_form_that_pays_with_a_saved_card_charges_it_once(filled):
    """A1: a token is used up by the first charge, and a saved card is not."""
    filled.pays(remember="yes", email="somchai@example.com")
    filled.adds("cloud-oolong")
    form = filled.opens_checkout()
    assert form["omiseCustomer"]
    for _ in range(3):
        filled.charges(form)
        assert filled.state == "paid"
    assert filled.shop.omise.books()["charges"] == 2


def test_a_declined_form_posted_again_leads_to_the_same_attempt(filled):
    """A1: a reload of the POST is not a new try, whatever it pays with."""
    form = filled.opens_checkout()
    filled.charges(form, omiseToken=filled.shop.omise.token(POOR))
    order = filled.order_id
    filled.charges(form, omiseToken=filled.shop.omise.token())
    assert filled.page.url.endswith(f"/orders/{order}")
    assert filled.state == "failed"
    assert filled.shop.omise.books()["charges"] == 1


def test_two_tabs_make_one_charge_and_the_second_is_told(filled):
    """A2: the second tab is told that a payment is under way."""
    first, second = filled.opens_checkout(), filled.opens_checkout()
    assert first["form"] != second["form"]
    filled.charges(first, omiseSource=filled.shop.omise.source("promptpay", 49000))
    order = filled.order_id
    filled.charges(second, omiseSource=filled.shop.omise.source("promptpay", 49000))
    assert filled.order_id == order
    assert "so nothing new was charged" in filled.page.text
    assert filled.shop.omise.books()["charges"] == 1


def test_going_back_to_the_checkout_after_paying_leads_to_the_order(filled):
    """D3: back, forward and reload charge nothing."""
    form = filled.opens_checkout()
    source = filled.shop.omise.source("promptpay", 49000)
    filled.charges(form, omiseSource=source)
    order = filled.order_id
    filled.get("/checkout")
    assert filled.order_id == order
    assert "This order of yours is not paid yet" in filled.page.text
    filled.charges(form, omiseSource=source)
    assert filled.order_id == order
    assert filled.shop.omise.books()["charges"] == 1


def test_a_cart_changed_in_another_tab_is_not_charged(filled):
    """A11: what is charged is what the submitted page showed."""
    form = filled.opens_checkout()
    token = filled.shop.omise.token()
    filled.adds("cloud-oolong", 2)
    filled.charges(form, omiseToken=token)
    assert "basket has changed" in filled.page.text
    assert filled.shop.omise.books()["charges"] == 0


def test_pay_another_way_closes_the_first_code(filled):
    """A16: the old charge is closed before a new one may begin."""
    filled.pays_by("promptpay")
    order = filled.order_id
    filled.post(f"/orders/{order}/again", {"csrf_token": filled.hidden()["csrf_token"]})
    assert filled.page.url.endswith(f"/orders/{order}/pay")
    assert "could not be cancelled" not in filled.page.text
    filled.pays_here()
    assert (filled.order_id, filled.state) == (order, "paid")
    books = filled.shop.omise.books(order)["by_status"]
    assert {status: one["count"] for status, one in books.items()} == {
        "expired": 1,
        "successful": 1,
    }


def test_pay_another_way_says_when_the_first_could_still_be_paid(filled):
    """A16: Omise closes no card payment that waits at the bank."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    order = filled.order_id
    filled.opens_order(order)
    token = filled.hidden()["csrf_token"]
    filled.post(f"/orders/{order}/again", {"csrf_token": token})
    assert filled.page.url.endswith(f"/orders/{order}/pay")
    assert "could not be cancelled" in filled.page.text
    for _ in range(2):
        page = filled.opens_order(order, "/pay").text
        assert page.count("or you would pay twice") == 1
    assert "or you would pay twice" in filled.opens_order(order).text
    filled.opens_order(order, "/pay")
    filled.pays_here()
    filled.answers_bank("approve")
    assert (filled.order_id, filled.state) == (order, "paid")
    assert filled.shop.order(order).latest.number == 2
    assert "or you would pay twice" in filled.page.text


def test_who_has_paid_twice_is_told_so_and_not_that_all_is_well(filled):
    """A15: the bank's old page is confirmed after the order was paid another way."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    order, bank = filled.order_id, filled.shop.omise.latest()["id"]
    filled.opens_order(order)
    token = filled.hidden()["csrf_token"]
    filled.post(f"/orders/{order}/again", {"csrf_token": token})
    filled.chooses("promptpay")
    filled.shop.omise.control(f"charges/{filled.shop.omise.latest()['id']}/pay")
    eventually(lambda: filled.shop.order(order).paid_at)
    filled.shop.omise.control(f"charges/{bank}/pay")
    eventually(lambda: len(paid_attempts(filled.shop, order)) == 2)
    back = filled.opens_order(order, "/complete")
    assert back.url.endswith(f"/orders/{order}")
    for page in (back, filled.opens_order(order)):
        assert "More than one payment of this order was made" in page.text
        assert "or you would pay twice" not in page.text
    assert "successfully completed" not in back.text


def test_who_may_have_paid_twice_is_not_told_that_all_is_well(filled, unheard):
    """A15: they are back from the bank, and Omise does not say how that payment stands."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    order, bank = filled.order_id, filled.shop.omise.latest()["id"]
    filled.opens_order(order)
    token = filled.hidden()["csrf_token"]
    filled.post(f"/orders/{order}/again", {"csrf_token": token})
    filled.chooses("promptpay")
    filled.shop.omise.control(f"charges/{filled.shop.omise.latest()['id']}/pay")
    filled.shop.omise.breaks("close_before", method="GET", path=f"/charges/{bank}")
    filled.opens_order(order, "/complete")
    assert filled.state == "paid"
    filled.shop.omise.control(f"charges/{bank}/pay")
    back = filled.opens_order(order, "/complete")
    assert "or you would pay twice" in back.text
    assert "successfully completed" not in back.text


def test_what_was_given_back_of_two_payments_is_told_no_more(filled):
    """A15: and what was given back in part is."""
    filled.pays()
    shop, order = filled.shop, filled.order_id
    with Session(shop.engine) as session:
        (first,) = session.get(Order, order).attempts
        held = {"id": str(uuid.uuid4()), "form_id": str(uuid.uuid4()), "number": 2}
        row = {
            column.name: getattr(first, column.name)
            for column in Attempt.__table__.columns
            if column.name not in {*held, "charge_id"}
        }
        session.execute(insert(Attempt).values({**row, **held}))
        session.commit()
    told = "More than one payment"
    for given_back, seen in ((0, True), (100, True), (49000, False)):
        with shop.engine.begin() as connection:
            second = update(Attempt).where(Attempt.id == held["id"])
            connection.execute(second.values(refunded_amount=given_back))
        assert (told in filled.opens_order(order).text) == seen


def paid_attempts(shop, order):
    return [one for one in shop.order(order).attempts if one.status == "successful"]


@pytest.mark.parametrize("what", ["nothing", "paid", "unknown"])
def test_pay_another_way_is_for_orders_that_wait(filled, unheard, what):
    """A16: whatever an old page still offers."""
    if what == "unknown":
        filled.shop.omise.breaks("close_after", **CREATE)
    filled.pays(card=POOR if what == "nothing" else GOOD)
    order = filled.order_id
    filled.opens_order(order)
    before = filled.state
    token = filled.get("/") and filled.hidden()["csrf_token"]
    filled.post(f"/orders/{order}/again", {"csrf_token": token})
    assert filled.page.url.endswith(f"/orders/{order}")
    assert filled.state == before
    assert not filled.shop.order(order).latest.superseded


def test_pay_another_way_after_it_was_paid_starts_nothing(filled, unheard):
    """A16: paid while the shopper was choosing."""
    filled.pays_by("promptpay")
    order, token = filled.order_id, filled.hidden()["csrf_token"]
    charge = filled.shop.omise.charges()[0]
    filled.shop.omise.control(f"charges/{charge['id']}/pay")
    filled.post(f"/orders/{order}/again", {"csrf_token": token})
    assert filled.page.url.endswith(f"/orders/{order}")
    assert filled.state == "paid"
    assert "could not be cancelled" not in filled.page.text


def led(shopper):
    """Read where an answer leads, below the order that it is about."""
    assert shopper.page.status_code == 303
    return re.sub("/orders/[0-9a-f-]{36}", "", shopper.page.headers["Location"])


def returns(shopper):
    """Come back from the bank, and stop at the answer."""
    order = shopper.shop.omise.charges()[-1]["metadata"]["order_id"]
    shopper.get(f"/orders/{order}/complete", allow_redirects=False)
    return order


def test_a_paid_charge_is_confirmed_in_words(filled):
    """D4: process, `successful`: when it is charged, and when the shopper comes back."""
    filled.pays()
    assert f"Order {filled.order_id[:8]} successfully completed." in filled.page.text
    assert "successfully" not in filled.opens_order(filled.order_id).text
    filled.opens_order(filled.order_id, "/complete")
    assert f"Order {filled.order_id[:8]} successfully completed." in filled.page.text


def test_a_declined_charge_leads_to_the_form_and_the_reason(filled, unheard):
    """D4: process, `failure_code`: when it is charged, and when the shopper comes back."""
    filled.pays(card=POOR, follow=False)
    assert led(filled) == "/pay"
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    filled.shop.omise.control(f"charges/{filled.shop.omise.charges()[-1]['id']}/fail")
    order = returns(filled)
    assert led(filled) == "/pay"
    filled.opens_order(order, "/pay")
    assert filled.state == "failed"
    assert 'class="checkout-form"' in filled.page.text
    assert "successfully" not in filled.page.text


def test_a_charge_that_waits_for_the_bank_leads_there_once(filled, unheard):
    """D3: process, `authorize_uri`: whoever comes back undecided is not sent there again."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays(follow=False)
    assert led(filled) == "/authorize"
    order = returns(filled)
    assert led(filled) == ""
    filled.opens_order(order)
    assert "not confirmed yet. This page moves on" in filled.page.text
    assert filled.state == "leaving"


def test_a_code_is_shown_where_it_is_on_the_page(filled):
    """D7: process, no page to leave for: a phone need not scroll for the code."""
    filled.pays_by("promptpay", follow=False)
    assert led(filled) == "#code"
    filled.opens_order(filled.shop.omise.charges()[0]["metadata"]["order_id"])
    assert 'id="code"' in filled.page.text
    assert "not confirmed yet" not in filled.page.text


def test_a_charge_that_nobody_knows_of_leads_to_its_order(filled, unheard):
    """C2, D4: process, `unknown`: no bank, no code, no form."""
    filled.shop.omise.breaks("close_after", **CREATE)
    filled.pays(follow=False)
    assert led(filled) == ""
    filled.opens_order(filled.shop.omise.charges()[0]["metadata"]["order_id"])
    assert filled.state == "confirming"
    assert "Please do not pay again" in filled.page.text


@pytest.mark.parametrize("asks_bank", [False, True])
def test_an_authorised_charge_is_an_order_that_is_placed(build_shop, asks_bank):
    """D4: process, `authorized`: pending at Omise, and nothing is left to do for the shopper."""
    shop = build_shop(AUTO_CAPTURE="off")
    shop.omise.control("settings", three_d_secure=asks_bank)
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays(follow=False)
        if asks_bank:
            assert led(shopper) == "/authorize"
            shop.omise.control(f"charges/{shop.omise.charges()[0]['id']}/pay")
            returns(shopper)
        assert led(shopper) == ""
        shopper.opens_order(shop.omise.charges()[0]["metadata"]["order_id"])
        assert shopper.state == "authorized"
        assert "your order is placed" in shopper.page.text
        assert "not confirmed yet" not in shopper.page.text


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "http://evil.example/", "data:,"]
)
def test_nobody_is_led_to_an_address_that_no_bank_has(filled, unheard, uri):
    """E4: the shopper is told, and so is an operator."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.shop.omise.breaks("change", set={"authorize_uri": uri}, **CREATE)
    filled.pays()
    assert filled.page.url.endswith(f"/orders/{filled.order_id}")
    assert "cannot lead you to your bank" in filled.page.text
    assert uri not in filled.page.text
    # No way leads in a circle; the one that is left is another way to pay.
    assert f"/orders/{filled.order_id}/authorize" not in filled.page.text
    assert f"/orders/{filled.order_id}/again" in filled.page.text
    assert "unsafe authorize_uri" in why(filled.shop.order(filled.order_id))


def test_nobody_is_led_to_a_bank_that_has_answered(filled):
    """D3: by the browser's way back."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    order = filled.order_id
    filled.answers_bank("approve")
    filled.opens_order(order, "/authorize")
    assert filled.page.url.endswith(f"/orders/{order}")
    assert filled.state == "paid"


def test_return_needs_no_cookie(filled):
    """D1, D2: another browser shows the right state, also when the bank posts it back."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    order = filled.order_id
    charge = filled.shop.omise.charges()[0]
    filled.shop.omise.control(f"charges/{charge['id']}/pay")
    with Shopper(filled.shop) as other:
        for verb in (other.http.get, other.http.post):
            other.page = verb(f"{filled.shop.url}/orders/{order}/complete", timeout=60)
            assert other.state == "paid"


def test_return_of_a_pending_charge_shows_no_success(filled):
    """D4: only a settled charge is called paid."""
    filled.shop.omise.control("settings", three_d_secure=True)
    filled.pays()
    filled.get(f"/orders/{filled.order_id}/complete")
    assert filled.state == "leaving"


@pytest.mark.parametrize("path", ["", "/status", "/complete", "/code", "/authorize"])
def test_orders_cannot_be_guessed(shopper, path):
    """E1: probing gives 404."""
    assert shopper.get(f"/orders/{uuid.uuid4()}{path}").status_code == 404


@pytest.mark.parametrize(
    "paying",
    [
        {},
        {"omiseToken": "../customers"},
        {"omiseSource": "tokn_test_1"},
        {"omiseToken": "tokn_test_1", "method": "promptpay"},
        {"omiseSource": "src_test_1", "method": "promptpay"},
        {"omiseToken": "tokn_test_1", "plan": "promptpay:3"},
        {"omiseToken": "tokn_test_1", "plan": "installment_wlb_kbank:three"},
        {"method": "card"},
        {"method": "installment_wlb_kbank", "installment_term": "3"},
        {"method": "internet_banking_bay"},
        {"method": "econtext"},
        {"omiseToken": "tokn_test_1", "email": "no address"},
        {"omiseToken": "tokn_test_1", "remember": "yes"},
        {"omiseToken": "tokn_test_1", "email": "4242-4242-4242-4242@example.com"},
        {"omiseToken": "tokn_test_1", "email": "4242.4242.4242.4242@example.com"},
        {"omiseToken": "tokn_test_1", "email": "4242__4242_4242_4242@example.com"},
        {"omiseToken": "tokn_test_1", "email": "12/35-4242424242424242@example.com"},
        {"omiseToken": "tokn_test_1", "form": ""},
        {"omiseToken": "tokn_test_1", "form": "1"},
        {"omiseToken": "tokn_test_1", "order": "../charge"},
        {"omiseToken": "tokn_test_1", "order": str(uuid.uuid4())},
        {"omiseToken": "tokn_test_1", "cart": ""},
    ],
)
def test_an_odd_form_is_refused_with_the_cart_kept(filled, paying):
    """E8, E22: only ids of the right kind go on to Omise; no card number is kept as an address."""
    form = filled.opens_checkout()
    filled.charges({**form, **paying})
    # The page says so in a hidden notice, too.
    assert "nothing was charged" in filled.page.text.split("no-form")[0]
    assert "Celadon cup" in filled.page.text
    assert "POST /charges" not in filled.shop.omise.books()["counts"]
    assert "Celadon cup" in filled.get("/cart").text


def test_a_used_token_fails_the_attempt_and_a_new_one_may_follow(filled):
    token = filled.shop.omise.token()
    filled.charges(filled.opens_checkout(), omiseToken=token)
    assert filled.state == "paid"
    filled.adds()
    filled.charges(filled.opens_checkout(), omiseToken=token)
    assert filled.state == "failed"
    assert "enter them again" in filled.page.text
    filled.pays_here()
    assert filled.state == "paid"


def test_authorised_only(build_shop):
    shop = build_shop(AUTO_CAPTURE="off")
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        assert shopper.state == "authorized"
        assert "Your basket is empty" in shopper.get("/cart").text


@pytest.mark.parametrize("version", ["2019-05-29", "2017-11-02"])
def test_both_api_versions(build_shop, version):
    shop = build_shop(OMISE_API_VERSION=version)
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays(card=POOR)
        assert shopper.state == "failed"
        shopper.pays(remember="yes", email="somchai@example.com")
        assert shopper.state == "paid"
        shopper.adds()
        shop.omise.control("settings", three_d_secure=True)
        form = shopper.opens_checkout()
        shopper.charges(form, omiseCustomer=shopper.hidden()["omiseCustomer"])
        shopper.answers_bank("approve")
        assert shopper.state == "paid"
        shopper.adds()
        shopper.pays_by("promptpay")
        assert shopper.state == "waiting"
        shop.omise.control(f"charges/{shop.omise.charges()[-1]['id']}/pay")
        eventually(lambda: shop.order(shopper.order_id).paid_at)
