"""E7: a thief who tests stolen cards is stopped before Omise is called; a shopper hardly ever."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from fault_rig import ago, begin, creates, set_attempt
from shopper import Shopper

import payment
from payment.orders import budgets, ledger, search
from payment.orders.budgets import BUDGETS, Payer, TooManyTries, mark_of_address
from payment.orders.search import Wanted

GOOD, POOR, STOLEN = "4242424242424242", "4111111111140011", "4111111111130012"
VISITOR, ADDRESS = BUDGETS["visitor"][0][0], BUDGETS["address"][0][0]
ALL = BUDGETS["all"][0][0]
ORDERS = BUDGETS["orders"][0][0]


@pytest.fixture
def guarded(build_shop):
    """Serve a shop that counts, behind a proxy that says where its shoppers are."""
    shop = build_shop(PAYMENT_BUDGETS="on", TRUSTED_PROXIES="1")
    return begin(shop)


def shopper_at(shop, address="203.0.113.7"):
    shopper = Shopper(shop)
    shopper.http.headers["X-Forwarded-For"] = address
    return shopper


def tries(shopper, card=POOR, **more):
    """Try one card for the basket or the order at hand; tells whether it was let through."""
    if "/orders/" in (shopper.page.url if shopper.page is not None else ""):
        shopper.pays_here(card=card, **more)
    else:
        shopper.pays(card=card, **more)
    return shopper.page.status_code != 429


def test_one_visitor_is_asked_to_wait_and_omise_is_not_called(guarded):
    with shopper_at(guarded) as thief:
        thief.adds()
        for _ in range(VISITOR):
            assert tries(thief)
        form, token = thief.hidden(), guarded.omise.token(GOOD)
        thief.charges(form, omiseToken=token)
        assert thief.page.status_code == 429
        assert "Please wait a little" in thief.page.text
        assert 0 < int(thief.page.headers["Retry-After"]) <= 601
        assert "Celadon cup" in thief.get("/cart").text
    assert creates(guarded) == VISITOR


def test_new_visitors_of_one_address_share_its_budget(guarded):
    """A thief throws cookies away."""
    let_through = 0
    for _ in range(ADDRESS + 8):
        with shopper_at(guarded) as thief:
            thief.adds()
            let_through += tries(thief)
    assert let_through == ADDRESS
    assert creates(guarded) == ADDRESS
    with shopper_at(guarded, "198.51.100.1") as honest:
        honest.adds()
        assert tries(honest, GOOD)
        assert honest.state == "paid"


def test_a_house_with_a_whole_network_of_ipv6_is_one_address(guarded):
    let_through = 0
    for number in range(ADDRESS + 5):
        with shopper_at(guarded, f"2001:db8:1:1::{number + 1:x}") as thief:
            thief.adds()
            let_through += tries(thief)
    assert let_through == ADDRESS


def test_two_hundred_cards_from_fifty_addresses_end_at_the_budget_of_all(guarded):
    """Whoever they are, and although many come at once."""

    def steal(number):
        with shopper_at(guarded, f"198.51.100.{number % 50}") as thief:
            thief.adds()
            return tries(thief, STOLEN)

    with ThreadPoolExecutor(8) as pool:
        let_through = sum(pool.map(steal, range(200)))
    assert let_through == ALL
    assert creates(guarded) == ALL


def test_many_honest_shoppers_may_fail_more_often(guarded):
    """The budget of all together grows with the cards that work."""
    with shopper_at(guarded) as shopper:
        shopper.adds()
        assert tries(shopper, GOOD)
    with guarded.engine.begin() as connection:
        _many(connection, guarded, "failed", ALL)
        _many(connection, guarded, "successful", 2 * ALL)
    with shopper_at(guarded) as shopper:
        shopper.adds()
        assert tries(shopper, GOOD)


def _many(connection, shop, status, count):
    from sqlalchemy import insert

    from payment.orders.models import Attempt, Order

    order_id = f"{status}-order"
    moment = ago(shop, seconds=30)
    connection.execute(
        insert(Order).values(
            id=order_id,
            amount=1,
            currency="THB",
            lines=[],
            touched=0,
            created_at=moment,
        )
    )
    rows = [
        {
            "id": f"{status}-{number}",
            "form_id": f"{status}-{number}",
            "order_id": order_id,
            "number": number,
            "status": status,
            "amount": 1,
            "currency": "THB",
            "livemode": False,
            "authorized": False,
            "superseded": False,
            "by_card": True,
            "refunded_amount": 0,
            "created_at": moment,
        }
        for number in range(count)
    ]
    connection.execute(insert(Attempt), rows)


def test_after_a_while_the_same_shopper_may_try_again(guarded):
    with shopper_at(guarded) as shopper:
        shopper.adds()
        for _ in range(VISITOR):
            tries(shopper)
        assert not tries(shopper)
        order = guarded.order(queries_order(guarded))
        set_attempt(guarded, order.id, created_at=ago(guarded, minutes=11))
        shopper.opens_order(order.id, "/pay")
        assert tries(shopper, GOOD)
        assert shopper.state == "paid"


def queries_order(shop):
    with shop.app.app_context():
        return search.orders(Wanted(), 1)[0].id


def test_what_worked_costs_nothing(guarded):
    with shopper_at(guarded) as shopper:
        for _ in range(VISITOR + 2):
            shopper.adds()
            shopper.pays()
            assert shopper.state == "paid"


def test_ways_without_a_card_are_open_when_cards_are_not(guarded):
    with shopper_at(guarded) as shopper:
        shopper.adds()
        for _ in range(VISITOR):
            tries(shopper)
        form = shopper.hidden()
        source = guarded.omise.source("promptpay", shopper.total())
        shopper.charges(form, omiseSource=source)
        assert shopper.state == "waiting"


def test_what_fails_without_a_card_uses_up_no_budget_of_cards(guarded):
    refused = {"status": 400, "body": "error", "code": "invalid_charge"}
    create = {"method": "POST", "path": "/charges"}
    guarded.omise.breaks("answer_before", **refused, **create, times=VISITOR)
    with shopper_at(guarded) as shopper:
        shopper.adds()
        for _ in range(VISITOR):
            shopper.pays_by("promptpay")
            assert shopper.state == "failed"
        shopper.pays()
        assert shopper.state == "paid"


def test_an_order_that_stands_back_does_not_count_as_one_that_waits(
    guarded, monkeypatch
):
    monkeypatch.setattr(budgets, "MOST_OPEN_ORDERS", 1)
    with shopper_at(guarded) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        set_attempt(guarded, shopper.order_id, superseded=True)
        shopper.adds("cloud-oolong")
        shopper.pays_by("promptpay")
        assert shopper.state == "waiting"


def test_open_orders_of_one_visitor_are_bounded(guarded):
    """B18: a flood of codes that nobody pays."""
    with shopper_at(guarded) as vandal:
        for number in range(budgets.MOST_OPEN_ORDERS):
            vandal.adds(quantity=number + 1)
            vandal.pays_by("promptpay")
            assert vandal.state == "waiting"
        vandal.adds(quantity=50)
        vandal.pays_by("promptpay")
        assert vandal.page.status_code == 429


def test_orders_that_wait_are_bounded_for_new_visitors_of_one_address(guarded):
    """B18, E7: a flood of codes, with a new cookie for each."""
    let_through = 0
    for _ in range(ORDERS + 3):
        with shopper_at(guarded) as vandal:
            vandal.adds()
            vandal.pays_by("promptpay")
            let_through += vandal.page.status_code != 429
    assert let_through == creates(guarded) == ORDERS
    assert 3000 < int(vandal.page.headers["Retry-After"]) <= 3601
    with shopper_at(guarded, "198.51.100.1") as honest:
        honest.adds()
        honest.pays_by("promptpay")
        assert honest.state == "waiting"


@pytest.fixture
def one_order(guarded):
    """Serve a shop where but one order of an address may wait."""
    guarded.app.config["PAYMENT_BUDGETS"] = {"orders": ((1, timedelta(hours=1)),)}
    return guarded


def waits_at(shop, address="203.0.113.7"):
    """Have a new visitor order by QR; gives the order's id, or None where that is refused."""
    with shopper_at(shop, address) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        return None if shopper.page.status_code == 429 else shopper.order_id


@pytest.mark.parametrize("way", ["paid", "expired", "an hour ago"])
def test_an_order_that_waits_no_more_makes_room_for_another(one_order, way):
    first = waits_at(one_order)
    assert not waits_at(one_order)
    charge = one_order.omise.latest()["id"]
    if way == "paid":
        one_order.omise.control(f"charges/{charge}/pay")
        one_order.sweep()
    elif way == "expired":
        one_order.omise.control(f"charges/{charge}/expire")
        one_order.sweep()
    else:
        set_attempt(one_order, first, created_at=ago(one_order, minutes=61))
    assert waits_at(one_order)


def test_an_order_that_waits_may_be_paid_another_way_from_a_full_address(one_order):
    with shopper_at(one_order) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        set_attempt(one_order, shopper.order_id, superseded=True)
        shopper.opens_order(shopper.order_id, "/pay")
        shopper.pays_here()
        assert shopper.state == "paid"


def test_an_operator_hears_of_orders_that_are_left_open(one_order, caplog):
    """And not of cards, which nobody has tried."""
    waits_at(one_order)
    for _ in range(2):
        assert not waits_at(one_order)
    said = [one.getMessage() for one in caplog.records if "budget" in one.getMessage()]
    assert len(said) == 1
    assert said[0].startswith(
        "orders are opened and not paid: the budget of the orders of an address"
    )


def test_of_two_at_once_the_second_counts_the_first(guarded, monkeypatch):
    """With workers on many hosts, both would else be let through."""
    budget = {"visitor": ((1, timedelta(minutes=10)),)}
    monkeypatch.setitem(guarded.app.config, "PAYMENT_BUDGETS", budget)
    line_up, check_all = threading.Barrier(2), budgets._check_all

    def check_together(*args):
        # Whoever counts alone waits here in vain, and goes on.
        with suppress(threading.BrokenBarrierError):
            line_up.wait(1)
        return check_all(*args)

    monkeypatch.setattr(budgets, "_check_all", check_together)

    def opens(_):
        new = {
            "fingerprint": "the basket",
            "basket": {"lines": [], "amount": 49000, "currency": "THB"},
            "payer": Payer("a visitor", None, by_card=True),
            "email": None,
            "livemode": False,
            "pays_with": None,
            "leaves_now": True,
        }
        with guarded.app.app_context():
            try:
                return ledger.open_order(str(uuid.uuid4()), str(uuid.uuid4()), **new)[1]
            except TooManyTries:
                return False

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(opens, range(2))) == [False, True]


def test_tries_of_one_order_are_bounded_whoever_counts(shop, shopper, monkeypatch):
    """Also where a host has switched the budgets off."""
    monkeypatch.setattr(budgets, "MOST_TRIES", 3)
    shopper.adds()
    assert [tries(shopper) for _ in range(4)] == [True, True, True, False]


def test_a_form_posted_again_leads_to_its_order_although_the_budget_is_used_up(
    shop, shopper, monkeypatch
):
    """A22: it tries nothing."""
    monkeypatch.setattr(budgets, "MOST_TRIES", 1)
    shopper.adds()
    form = shopper.opens_checkout()
    token = shop.omise.token(POOR)
    for _ in range(2):
        shopper.charges(form, omiseToken=token)
        assert shopper.state == "failed"


def test_the_words_sort_no_cards(guarded):
    """The first refusal says why; from the second on, all of a bank's say the same."""
    with shopper_at(guarded) as thief:
        thief.adds()
        tries(thief, POOR)
        assert "not enough money" in thief.page.text
        said = set()
        for card in (POOR, STOLEN, "4111111111180017", "4111111111160001"):
            tries(thief, card)
            said.add(thief.page.text.split('data-order-state="failed">')[1][:60])
        assert len(said) == 1
        assert "not enough money" not in thief.page.text


def test_a_saved_card_that_has_not_paid_cannot_be_charged_again(guarded):
    """Without being entered once more: by a post that was made by hand."""
    refused = {"status": 500, "body": "error", "code": "internal_error"}
    guarded.omise.breaks("answer_before", method="DELETE", **refused)
    with shopper_at(guarded) as thief:
        thief.adds()
        thief.pays(card=POOR, remember="yes", email="thief@example.com")
        form = thief.hidden()
        card = guarded.omise.latest()["card"]["id"]
        customer = guarded.omise.latest()["customer"]
        before = creates(guarded)
        for _ in range(3):
            thief.charges(form, omiseCustomer=customer, omiseCard=card)
            assert "has not paid yet" in thief.page.text
        assert creates(guarded) == before


def test_an_operator_is_called_once(guarded):
    heard = []

    def receiver(app, order, why):
        if "tested" in why:
            heard.append((order, why))

    payment.attention_needed.connect(receiver, sender=guarded.app)
    try:
        with shopper_at(guarded) as thief:
            thief.adds()
            for _ in range(VISITOR + 3):
                tries(thief)
    finally:
        payment.attention_needed.disconnect(receiver, sender=guarded.app)
    assert len(heard) == 1
    assert heard[0][0] is None


def test_a_host_may_ask_for_more_before_a_payment(build_shop):
    """A hook for a CAPTCHA; none is bundled."""
    asked = []

    def challenge():
        asked.append(True)
        return ("Are you a robot?", 403) if len(asked) == 1 else None

    shop = build_shop(PAYMENT_CHALLENGE=staticmethod(challenge))
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        assert (shopper.page.status_code, shopper.page.text) == (
            403,
            "Are you a robot?",
        )
        assert creates(shop) == 0
        shopper.pays()
        assert shopper.state == "paid"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
    ],
)
def test_a_mark_stands_for_an_address_and_does_not_tell_it(shop, one, other, same):
    with shop.app.app_context():
        assert (mark_of_address(one) == mark_of_address(other)) == same
        assert one not in mark_of_address(one)
        assert mark_of_address("unix socket") is None
        assert mark_of_address(None) is None


def test_tries_of_long_ago_do_not_count(guarded):
    """Neither in ten minutes nor in a day."""
    longest = max(span for _, span in BUDGETS["visitor"])
    with shopper_at(guarded) as shopper:
        shopper.adds()
        for _ in range(VISITOR):
            tries(shopper)
        order = queries_order(guarded)
        then = ago(guarded, seconds=(longest + timedelta(minutes=1)).total_seconds())
        set_attempt(guarded, order, created_at=then)
        shopper.opens_order(order, "/pay")
        for _ in range(VISITOR):
            assert tries(shopper)
        assert not tries(shopper)


def test_cards_that_wait_at_their_bank_are_counted_before_they_fail(guarded):
    """A thief opens every try first, and lets each of them fail then."""
    guarded.omise.control("settings", three_d_secure=True)
    let_through = 0
    for _ in range(ADDRESS + 4):
        with shopper_at(guarded) as thief:
            thief.adds()
            let_through += tries(thief)
    assert let_through == ADDRESS
    assert creates(guarded) == ADDRESS


def test_one_visitor_has_so_many_orders_at_banks(guarded):
    """Whatever they are paid with."""
    guarded.app.config["PAYMENT_BUDGETS"] = {"visitor": ((1000, budgets._DAY),)}
    guarded.omise.control("settings", three_d_secure=True)
    with shopper_at(guarded) as one:
        for number in range(budgets.MOST_OPEN_ORDERS + 1):
            one.adds("celadon-cup", number % 9 + 1)
            one.adds("cloud-oolong", number // 9 + 1)
            one.pays(follow=False)
        assert one.page.status_code == 429
    assert creates(guarded) == budgets.MOST_OPEN_ORDERS


def test_who_throws_cookies_away_is_told_no_more_in_detail(guarded):
    """E7: the words would sort stolen cards."""
    told = []
    for _ in range(3):
        with shopper_at(guarded) as thief:
            thief.adds()
            tries(thief, POOR)
            told.append("not enough money" in thief.page.text)
    assert told == [True, False, False]
    with shopper_at(guarded, "198.51.100.9") as honest:
        honest.adds()
        tries(honest, POOR)
        assert "not enough money" in honest.page.text


def test_who_changes_addresses_is_told_no_more_in_detail(guarded):
    """E7: one session is one shopper, wherever it comes from."""
    with shopper_at(guarded) as thief:
        thief.adds()
        told = []
        for number in range(3):
            thief.http.headers["X-Forwarded-For"] = f"198.51.100.{number}"
            tries(thief)
            told.append("not enough money" in thief.page.text)
    assert told == [True, False, False]
