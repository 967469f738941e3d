"""Every way to pay, row by row of the table, in each currency that it takes: charged, paid, failed,
expired, too little, too much, and with something missing; judged by the sandbox's books.
"""

import re

import pytest
from fault_rig import begin, creates, set_attempt
from rig import Shop
from shopper import Shopper
from sqlalchemy import update

from payment import fields, methods, ways
from payment.methods import APP, COUNTRIES, QR, REDIRECT, SLIP
from payment.orders.models import Order

# What a shopper types where something is asked.
TYPED = {
    "phone_number": "081 234-5678",
    "email": "taro@example.com",
    "konbini_name": "ヤマダタロウ",
    "name": "Somchai Prasert",
    "street1": "1 Rama IX Road",
    "city": "Bangkok",
    "postal_code": "10310",
    "bank": "maybank2u",
}
STATES = {REDIRECT: "leaving", APP: "leaving", QR: "waiting", SLIP: "waiting"}

ROWS = [
    (way, currency)
    for way in methods.METHODS
    if way.listed and not way.by_card
    for currency in way.limits
]
each_row = pytest.mark.parametrize(
    ("way", "currency"), ROWS, ids=[f"{way.name}-{money}" for way, money in ROWS]
)


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """Serve a shop in each currency, of an account in its country."""
    served = {}
    for currency in methods.CURRENCIES:
        folder = tmp_path_factory.mktemp(currency)
        served[currency] = Shop(folder, STORE_CURRENCY=currency).__enter__()
        served[currency].capability()
    yield served
    for shop in served.values():
        shop.__exit__(None, None, None)


@pytest.fixture
def offer(shops, way, currency):
    """Give what a row is offered as, for an amount in the middle."""
    capability = shops[currency].capability()
    usual = ways.offered(1_000_000, currency, capability)[way.name]
    amount = min(max(usual.low, 250_000), usual.high)
    return ways.offered(amount, currency, capability)[way.name], amount


@pytest.fixture
def shopper(shops, currency):
    """Give a shopper at the shop of a currency, to whom no webhook comes."""
    with Shopper(begin(shops[currency])) as one:
        yield one


def details(offer):
    """Type all that a row asks for."""
    typed = {name: TYPED.get(name) for name in offer.way.asks}
    if "installment_term" in typed:
        typed["installment_term"] = str(offer.terms[0].months)
    return typed


def begins(shopper, offer, amount, currency, **typed):
    """Pay an order of some amount by a row of the table."""
    order_id = shopper.shop.orders(amount, currency)
    shopper.opens_order(order_id, "/pay")
    shopper.chooses(offer.way.name, **details(offer) | typed)
    return order_id


@each_row
def test_a_row_is_charged_in_one_request_by_a_source_of_its_type(
    shopper, offer, currency
):
    """D4: an inline source: no JavaScript, and nothing but the charge is asked for."""
    offer, amount = offer
    way = offer.way
    before = shopper.shop.omise.books()["counts"]
    order_id = begins(shopper, offer, amount, currency)
    after = shopper.shop.omise.books()["counts"]
    assert after["POST /charges"] - before.get("POST /charges", 0) == 1
    assert after.get("POST /sources", 0) == before.get("POST /sources", 0)
    (charge,) = shopper.shop.omise.charges()
    assert (charge["source"]["type"], charge["status"]) == (way.type, "pending")
    assert (charge["amount"], charge["currency"]) == (amount, currency)
    assert charge["metadata"]["order_id"] == order_id
    for name, text in details(offer).items():
        part, _, inner = fields.FIELDS[name].of_source.partition(".")
        kept = charge["source"][part][inner] if inner else charge["source"][part]
        typed = re.sub("[ -]", "", text) if name == "phone_number" else text
        assert str(kept) == typed
    if way.flow == APP:
        assert charge["source"]["platform_type"] == "WEB"
    attempt = shopper.shop.order(order_id).latest
    assert (attempt.chosen, attempt.method) == (way.name, way.type)
    assert not attempt.by_card
    shopper.opens_order(order_id)
    assert shopper.state == STATES[way.flow]
    told = way.waits_for if way.leaves else way.heading
    assert told in shopper.page.text.replace("&#39;", "'")


@each_row
def test_a_row_that_is_paid_is_found_by_the_sweep(shopper, offer, currency):
    """B15, B4, B5: every method, with neither webhook nor return."""
    offer, amount = offer
    order_id = begins(shopper, offer, amount, currency)
    shopper.shop.omise.control(f"charges/{shopper.shop.omise.latest()['id']}/pay")
    assert "still open 0" in shopper.shop.sweep()
    shopper.opens_order(order_id)
    assert shopper.state == "paid"
    assert offer.way.heading in shopper.page.text
    assert shopper.shop.omise.charged(order_id) == {"successful": (1, amount)}


@each_row
@pytest.mark.parametrize("code", ["payment_cancelled", "insufficient_balance"])
def test_a_row_that_fails_says_why_and_can_be_paid_again(
    shopper, offer, currency, code
):
    """D4: what failed at the wallet or the bank is not called paid."""
    offer, amount = offer
    order_id = begins(shopper, offer, amount, currency)
    charge = shopper.shop.omise.latest()["id"]
    shopper.shop.omise.control(f"charges/{charge}/fail", failure_code=code)
    shopper.opens_order(order_id, "/complete")
    assert shopper.page.url.endswith(f"/orders/{order_id}/pay")
    assert shopper.state == "failed"
    words = {"payment_cancelled": "was cancelled", "insufficient_balance": "not enough"}
    assert words[code] in shopper.page.text
    shopper.chooses(offer.way.name, **details(offer))
    assert len(shopper.shop.order(order_id).attempts) == 2


@each_row
def test_a_row_whose_time_is_up_is_expired_and_can_be_paid_again(
    shopper, offer, currency
):
    """A14 in part, B15: the sweep finds it; a fresh charge follows."""
    offer, amount = offer
    order_id = begins(shopper, offer, amount, currency)
    shopper.shop.omise.control(f"charges/{shopper.shop.omise.latest()['id']}/expire")
    assert "still open 0" in shopper.shop.sweep()
    shopper.opens_order(order_id)
    assert shopper.state == "expired"
    shopper.opens_order(order_id, "/pay")
    shopper.chooses(offer.way.name, **details(offer))
    shopper.shop.omise.control(f"charges/{shopper.shop.omise.latest()['id']}/pay")
    shopper.shop.sweep()
    assert shopper.shop.omise.charged(order_id)["successful"] == (1, amount)
    assert shopper.shop.order(order_id).paid_at


@each_row
def test_a_row_that_is_paid_after_it_ran_out_is_recorded_and_flagged(
    shopper, offer, currency
):
    """A14: success that arrives late is never dropped."""
    offer, amount = offer
    order_id = begins(shopper, offer, amount, currency)
    attempt = shopper.shop.order(order_id).latest
    set_attempt(shopper.shop, order_id, status="expired")
    shopper.shop.omise.control(f"charges/{attempt.charge_id}/pay")
    synced = shopper.shop.app.test_cli_runner().invoke(
        args=["payment", "sync", order_id]
    )
    assert synced.stdout.startswith("The order is paid.\n")
    shopper.opens_order(order_id)
    assert shopper.state == "paid"
    assert "although attempt 1 was expired" in shopper.shop.order(order_id).flags[0].why


@each_row
@pytest.mark.parametrize("side", ["under", "over"])
def test_an_amount_beyond_a_row_s_limits_is_shown_and_never_charged(
    shopper, offer, currency, side
):
    """A10: disabled with its limit, and refused with it, whatever an old page posts."""
    offer, _ = offer
    amount = offer.low - 1 if side == "under" else offer.high + 1
    order_id = shopper.shop.orders(amount, currency)
    shopper.opens_order(order_id, "/pay")
    row = shopper.page.text.split(f'id="{offer.way.name}"')[1].split("</div>")[0]
    assert "Only from" in row if side == "under" else "Only up to" in row
    assert f'value="{offer.way.name}"' not in shopper.page.text
    old = {"order": order_id, "cart": shopper.shop.order(order_id).fingerprint}
    shopper.opens_order(shopper.shop.orders(250_000, currency), "/pay")
    shopper.chooses(offer.way.name, **details(offer) | old)
    assert shopper.page.status_code == 422
    assert f"{offer.way.heading} takes amounts from" in shopper.page.text
    assert creates(shopper.shop) == 0
    assert shopper.shop.order(order_id).attempts == []


ASKING = [
    pytest.param(way, currency, name, id=f"{way.name}-{currency}-{name}")
    for way, currency in ROWS
    for name in way.asks
]


@pytest.mark.parametrize(("way", "currency", "missing"), ASKING)
@pytest.mark.parametrize("said", ["", "4242 4242 4242 4242", "?" * 120])
def test_what_a_row_needs_is_asked_for_again_and_nothing_is_lost(
    shopper, offer, currency, missing, said
):
    """E22: and no card number is taken where none belongs."""
    offer, amount = offer
    order_id = begins(shopper, offer, amount, currency, **{missing: said})
    assert shopper.page.status_code == 422
    assert fields.FIELDS[missing].refusal in shopper.page.text
    assert 'aria-invalid="true"' in shopper.page.text
    for name, text in details(offer).items():
        if name != missing and fields.FIELDS[name].kind != "select":
            assert f'value="{text}"' in shopper.page.text
    assert creates(shopper.shop) == 0
    assert shopper.shop.order(order_id).attempts == []
    shopper.chooses(offer.way.name, **details(offer))
    assert creates(shopper.shop) == 1
    assert shopper.shop.order(order_id).latest.status == "pending"


def test_every_row_is_something_that_an_account_may_have(shops):
    """The sandbox's accounts are those of FACTS: what none of them has is in no row."""
    for currency, shop in shops.items():
        known = {way.type for way, _ in ROWS if currency in way.limits}
        assert known <= set(shop.capability().means), currency
        assert shop.capability().country == COUNTRIES[currency]


@pytest.mark.parametrize("email", ["a@b.example", None, "a b.example"])
@pytest.mark.parametrize("currency", ["MYR"])
@pytest.mark.parametrize(("name", "takes_it"), [("fpx", True), ("duitnow_obw", False)])
def test_the_shopper_s_e_mail_goes_with_a_source_that_takes_it(
    shopper, currency, name, takes_it, email
):
    """sources-api: email is fpx's alone, and a host's cart may know anything."""
    shop = shopper.shop
    offer = ways.offered(10_000, currency, shop.capability())[name]
    order_id = shop.orders(10_000, currency)
    with shop.engine.begin() as connection:
        mine = update(Order).where(Order.id == order_id)
        connection.execute(mine.values(email=email))
    shopper.opens_order(order_id, "/pay")
    shopper.chooses(name, **details(offer))
    (charge,) = shop.omise.charges()
    sent = email if takes_it and email == "a@b.example" else None
    assert charge["source"]["email"] == sent


ENDED = re.compile("internet_banking|bill_payment|points|_pao|citi$|barcode|upm$|mpm$")


def test_what_omise_has_ended_is_in_no_row():
    assert [way.type for way in methods.METHODS if ENDED.search(way.type)] == []


@pytest.mark.parametrize("currency", ["THB"])
@pytest.mark.parametrize(
    "way",
    [way for way in methods.METHODS if way.terms and way.by_card],
    ids=lambda way: way.name,
)
def test_instalments_by_a_card_typed_here_send_token_and_source(shopper, way, currency):
    """White label: by our list, where the months are chosen beside the card's form."""
    shop = shopper.shop
    offer = ways.offered(500_000, currency, shop.capability())[way.name]
    order_id = shop.orders(500_000, currency)
    shopper.opens_order(order_id, "/pay")
    months = offer.terms[-1].months
    shopper.charges(
        shopper.hidden(),
        omiseToken=shop.omise.token(),
        plan=f"{way.name}:{months}",
    )
    (charge,) = shop.omise.charges()
    assert charge["source"]["type"] == way.type
    assert charge["source"]["installment_term"] == months
    assert charge["card"]["last_digits"] == "4242"
    attempt = shop.order(order_id).latest
    assert attempt.by_card
    assert attempt.paid_with == f"Visa •••• 4242, {months} months"
    shop.omise.control(f"charges/{charge['id']}/pay")
    shop.sweep()
    shopper.opens_order(order_id)
    assert shopper.state == "paid"
