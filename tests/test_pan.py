"""E9: a card's number that comes where none belongs is neither kept nor logged, and is told of."""

import random
import uuid

import pytest
from fault_rig import begin, dump

import payment
from payment.pan import holds_a_card_number

CARD, GROUPED = "4242424242424242", "4242 4242 4242 4242"


@pytest.fixture
def shop(build_shop):
    """Serve a shop of its own: an alarm is raised once in a while by each."""
    return begin(build_shop())


@pytest.fixture
def heard(shop):
    """Hear what the shop calls an operator for."""
    heard = []

    def receiver(app, order, why):
        heard.append(why)

    payment.attention_needed.connect(receiver, sender=shop.app)
    yield heard
    payment.attention_needed.disconnect(receiver, sender=shop.app)


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        GROUPED,
        "4242-4242-4242-4242",
        "4242__4242.4242/4242",
        f"my card is {CARD}, thank you",
        f"12/35 {GROUPED} 123",
        f"123 {CARD}",
        f"x{CARD}x",
        "378282246310005",
        "4222222222222",
        "6304000000000000000",
    ],
)
def test_a_card_number_is_noticed_in_whatever_is_around_it(text):
    assert holds_a_card_number(text)


@pytest.mark.parametrize(
    "text", ["", "4242424242424243", "081 234 5678", "12/345 Moo 6, 10110", "4242 4242"]
)
def test_other_digits_are_no_card_number(text):
    assert not holds_a_card_number(text)


def test_a_long_text_of_digits_is_looked_through_quickly():
    assert not holds_a_card_number("1 " * 32_000)
    assert not holds_a_card_number("5" * 64_000)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/add", {"note": GROUPED}),
        ("/add", {GROUPED: "note"}),
        ("/charge", {"card_number": CARD}),
        ("/charge", {"email": f"{CARD}@example.com"}),
        ("/charge", {"omiseToken": CARD}),
        ("/charge", {"csrf_token": CARD}),
        ("/charge?card=" + CARD, {}),
    ],
)
def test_a_card_number_is_told_of_once_and_never_repeated(
    shop, shopper, heard, caplog, path, more
):
    shopper.adds()
    form = shopper.opens_checkout()
    for _ in range(3):
        shopper.post(path, {**form, "sku": "celadon-cup", "quantity": 1} | more)
        assert CARD not in shopper.page.text.replace(" ", "")
    assert len(heard) == 1
    assert heard[0].startswith(f"a card number came to {path.partition('?')[0]}, ")
    lines = [one for one in caplog.messages if "a card number came" in one]
    assert lines == heard
    for text in (str(dump(shop)), *caplog.messages, *heard):
        assert CARD not in text.replace(" ", "")


def test_forms_of_the_shop_s_own_raise_no_alarm(shop, shopper, heard, monkeypatch):
    """Not even where an id happens to have digits alone."""
    digits = iter(random.Random(5).choices("0123456789", k=64_000))

    def plain():
        return uuid.UUID("".join(next(digits) for _ in range(32)))

    monkeypatch.setattr(uuid, "uuid4", plain)
    for _ in range(20):
        shopper.adds()
        shopper.pays()
        assert shopper.state == "paid"
    assert not heard


def test_a_long_body_that_is_no_form_is_left_to_who_reads_it(shop, shopper):
    """E17: a webhook may be longer than any form."""
    shopper.post("/webhook", b"x" * 200 * 1024)
    assert shopper.page.status_code == 401
