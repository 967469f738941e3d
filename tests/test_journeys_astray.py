"""Press twice, go back, come back elsewhere, do without scripts: with a real browser."""

import threading

import pytest
from browser import DESKTOP, HANGS_UP, PHONE, expect
from rig import eventually

from payment.gateway import verbs

pytest_plugins = ("journey",)
pytestmark = HANGS_UP

CUP = 49000


def test_pressing_pay_twice_is_one_charge(regular, shop):
    """A1: a double click is one order form."""
    regular.page.get_by_role("button", name="with Visa •••• 4242").dblclick()
    regular.sees("paid")
    assert shop.omise.charged(regular.order_id) == {"successful": (1, 32000)}


def test_pressing_pay_again_without_scripts_is_one_charge(
    regular, shop, opened, monkeypatch
):
    """A1, D5: it is the shop, not its script, that keeps a form from paying twice."""
    create, first, second = verbs.create_charge, threading.Event(), threading.Event()

    def slow_create(**details):
        first.set()
        assert second.wait(60)
        return create(**details)

    monkeypatch.setattr(verbs, "create_charge", slow_create)
    cookies = regular.context.storage_state()
    plain = opened(shop, java_script_enabled=False, storage_state=cookies)
    plain.page.goto("/checkout")
    button = plain.page.get_by_role("button", name="with Visa •••• 4242")
    box = button.bounding_box()
    for _ in range(2):
        # The bare mouse: a locator would wait for the first answer.
        with plain.page.expect_request("**/charge"):
            plain.page.mouse.click(box["x"] + 9, box["y"] + 9)
        # The first is on its way by now: the browser waits for the answer to the second.
        assert first.wait(30)
    plain.page.wait_for_url("**/orders/*")
    plain.sees("confirming")
    second.set()
    eventually(lambda: shop.order(plain.order_id).paid_at)
    plain.page.reload()
    plain.sees("paid")
    assert len(plain.posts("/charge")) == 2
    assert shop.omise.charged(plain.order_id) == {"successful": (1, 32000)}


def test_reload_back_and_forward_after_paying_charge_nothing(window, shop):
    """D3: going to and fro in history is harmless."""
    window.pays()
    window.sees("paid")
    order = window.order_id
    window.page.reload()
    window.sees("paid")
    window.page.go_back()
    expect(window.page.get_by_text("Your basket is empty")).to_be_visible()
    window.page.go_forward()
    window.sees("paid")
    assert window.order_id == order
    assert shop.omise.charged() == {"successful": (1, CUP)}
    assert len(window.posts("/charge")) == 1


def test_two_tabs_make_one_charge_and_the_second_is_told(window, shop):
    """A2: the second tab lands on the payment that is already under way."""
    second = window.beside()
    second.goto("/checkout")
    window.pays_by("PromptPay")
    window.sees("waiting")
    window.pays_by("PromptPay", page=second)
    window.sees("waiting", page=second)
    expect(second.get_by_text("so nothing new was charged")).to_be_visible()
    assert second.url == window.page.url.split("#")[0]
    assert shop.omise.charged() == {"pending": (1, CUP)}


@pytest.mark.parametrize("by", ["waiting", "clicking"])
def test_back_from_the_bank_is_no_trap(window, asks_bank, by):
    """D3: whoever goes back from the bank can stay in the shop."""
    window.pays()
    window.page.wait_for_url("**/authorize")
    if by == "clicking":
        window.goes_on()
    window.page.wait_for_url("**/sandbox/payments/**")
    window.page.go_back()
    window.sees("leaving")
    button = window.page.get_by_role("button", name="Pay another way")
    button.click()
    expect(window.page.get_by_role("heading", name="Checkout")).to_be_visible()


def test_returning_in_another_browser_shows_the_order_as_it_is(
    window, shop, opened, asks_bank
):
    """D1: a banking app may bring the shopper back to a browser that has no cookies."""
    window.pays()
    window.page.wait_for_url("**/authorize")
    window.goes_on()
    other = opened(shop, **PHONE)
    other.page.goto(f"/orders/{shop.omise.latest()['metadata']['order_id']}/complete")
    other.sees("leaving")
    other.page.goto(window.page.url)
    other.answers("Approve")
    other.sees("paid")
    window.page.goto(other.page.url)
    window.sees("paid")
    window.page.goto("/cart")
    expect(window.page.get_by_text("Your basket is empty")).to_be_visible()


def test_all_but_a_card_is_paid_without_scripts(shop, opened):
    """D5: shelf, basket, checkout, a code, and the page that says it is paid."""
    window = opened(shop, java_script_enabled=False, **PHONE)
    window.adds()
    window.adds("Cloud oolong")
    window.page.get_by_role("link", name="See the basket").click()
    window.page.get_by_role("button", name="Remove Cloud oolong").click()
    window.page.get_by_role("button", name="Undo").click()
    window.page.get_by_role("button", name="One Cloud oolong more").click()
    window.page.get_by_role("button", name="Remove Cloud oolong").click()
    window.page.get_by_label("How many of Celadon cup").last.fill("2")
    window.page.get_by_role("button", name="Checkout").click()
    window.page.get_by_role("button", name="PromptPay").click()
    window.sees("waiting")
    # The picture of a code is gone once it is paid.
    window.page.wait_for_load_state("load")
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    eventually(lambda: shop.order(window.order_id).paid_at)
    window.page.reload()
    window.sees("paid")
    assert shop.omise.charged(window.order_id) == {"successful": (1, 2 * CUP)}
    assert not window.scripts()


def test_going_back_shows_the_basket_as_it_is(shop, opened):
    """D3: no page comes from the browser's memory and shows what was there before."""
    window = opened(shop, **DESKTOP)
    window.adds()
    window.page.get_by_role("link", name="See the basket").click()
    window.page.get_by_role("button", name="Empty the basket").click()
    emptied = window.page.get_by_role("heading", name="Your basket is empty")
    expect(emptied).to_be_visible()
    window.page.go_back()
    assert window.page.url == f"{shop.url}/"
    expect(window.page.locator(".badge")).to_have_text("0")
    window.page.go_forward()
    expect(emptied).to_be_visible()


def test_a_browser_without_cookies_is_told_on_the_first_press(shop, opened):
    """D8: long before anybody pays; not that a form was stale, which reloading would not mend."""
    window = opened(shop, **DESKTOP)
    window.page.goto("/")
    window.context.clear_cookies()
    window.page.get_by_role("button", name="Add to basket").first.click()
    expect(window.page.get_by_role("heading", level=1)).to_have_text(
        "Your browser keeps no cookies"
    )
    assert any(one.startswith("400: ") for one in window.complaints)
    window.complaints[:] = [one for one in window.complaints if "400" not in one]


def test_a_browser_without_cookies_is_told_before_a_card_is_typed(
    shop, shopper, opened
):
    """D8, D1: where an order's own address leads to the form, in another browser."""
    shopper.adds()
    shopper.pays("4111111111140011")
    window = opened(shop, **DESKTOP)
    window.page.goto(shopper.page.url)
    expect(window.page.locator(".omise-checkout-button")).to_be_visible()
    expect(window.page.locator("#no-cookies")).to_be_hidden()
    off = "Object.defineProperty(Navigator.prototype, 'cookieEnabled', {get: () => false})"
    window.context.add_init_script(off)
    window.page.reload()
    expect(window.page.locator("#no-cookies")).to_be_visible()
    for button in window.page.get_by_role("main").get_by_role("button").all():
        expect(button).to_be_hidden()


def test_the_shop_explains_itself_without_scripts(shop, opened):
    """D5: all but typing a card works, and that is said."""
    window = opened(shop, java_script_enabled=False, **PHONE)
    window.adds()
    window.opens_checkout()
    expect(window.page.locator("noscript .payment-notice")).to_be_visible()
    expect(window.page.locator("noscript .payment-notice")).to_contain_text(
        "JavaScript"
    )
    expect(window.page.get_by_text("could not be loaded")).to_be_hidden()


def hurry(route):
    """Pass a page on with its ten seconds of waiting cut to one."""
    answer = route.fetch()
    page = answer.text().replace('content="10;', 'content="1;')
    route.fulfill(response=answer, body=page)


def test_a_waiting_order_moves_on_without_scripts(shop, shopper, opened):
    """D5, B4: the page of a code that waits asks Omise itself, without scripts or webhook."""
    shop.omise.breaks("webhook", drop=True, times=0)
    shopper.adds()
    shopper.pays_by("promptpay")
    window = opened(shop, java_script_enabled=False, **PHONE)
    window.context.route("**/orders/*", hurry)
    window.page.goto(shopper.page.url)
    window.sees("waiting")
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    window.sees("paid")
