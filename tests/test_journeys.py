"""Buy things with a real browser, by clicking; judged by the sandbox's books.

Every window also asserts that its console stayed clean, under the policy the shop ships with (E11).
"""

import pytest
from browser import DESKTOP, HANGS_UP, PHONE, POOR, TYPED, expect
from rig import eventually

pytest_plugins = ("journey",)
pytestmark = HANGS_UP

BOTH = pytest.mark.parametrize("look", [PHONE, DESKTOP], ids=["phone", "desktop"])
CUP = 49000


@BOTH
def test_card_paid(window, shop):
    window.pays()
    window.sees("paid")
    expect(window.page.get_by_text("from Visa •••• 4242")).to_be_visible()
    assert shop.omise.charged(window.order_id) == {"successful": (1, CUP)}


def test_declined_then_paid_with_another_card_on_the_same_order(window, shop):
    window.pays(POOR)
    window.sees("failed")
    declined = window.order_id
    expect(window.page.get_by_text("not enough money")).to_be_visible()
    window.pays()
    window.sees("paid")
    assert window.order_id == declined
    assert shop.omise.charged(declined) == {"failed": (1, CUP), "successful": (1, CUP)}


@BOTH
def test_declined_then_paid_in_another_browser(window, shop, opened, look):
    """A21: the order's own page is all that is needed."""
    window.pays(POOR)
    window.sees("failed")
    other = opened(shop, **look)
    other.page.goto(f"/orders/{window.order_id}")
    other.sees("failed")
    other.page.get_by_role("link", name="Try again or pay another way").click()
    other.sees("failed")
    other.pays()
    other.sees("paid")
    assert other.order_id == window.order_id
    window.page.goto("/checkout")
    window.sees("paid")
    assert shop.omise.charged() == {"failed": (1, CUP), "successful": (1, CUP)}


@BOTH
def test_3d_secure_approved(window, shop, asks_bank):
    window.pays()
    window.page.wait_for_url("**/authorize")
    window.goes_on()
    window.answers("Approve")
    window.sees("paid")
    assert shop.omise.charged(window.order_id) == {"successful": (1, CUP)}


def test_3d_secure_declined(window, shop, asks_bank):
    """D4: what failed at the bank is not called paid."""
    window.pays()
    window.goes_on()
    window.answers("Decline")
    window.sees("failed")
    expect(window.page.get_by_text("did not approve the payment")).to_be_visible()
    assert shop.omise.charged(window.order_id) == {"failed": (1, CUP)}


def test_walked_away_from_the_bank_then_settled_by_webhook(window, shop, asks_bank):
    """B5, D4: the page that waits moves on by itself, whatever the shopper did."""
    window.pays()
    window.goes_on()
    window.page.get_by_role("link", name="Walk away").click()
    window.sees("leaving")
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    eventually(lambda: shop.order(window.order_id).paid_at)
    window.sees("paid")


@BOTH
def test_promptpay_paid_from_the_dashboard_in_another_tab(window, shop):
    """D7 in part: the code is really drawn, and the page moves on once it is paid."""
    window.pays_by("PromptPay")
    window.sees("waiting")
    code = window.page.get_by_role("img", name="The code to scan")
    expect(code).to_be_visible()
    assert code.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    desk = window.beside()
    desk.goto("/sandbox/dashboard/")
    desk.get_by_role("link", name="chrg_test_").click()
    desk.get_by_role("button", name="Mark as successful").click()
    expect(desk.get_by_text("charge.complete").first).to_be_visible()
    window.sees("paid")
    assert shop.omise.charged(window.order_id) == {"successful": (1, CUP)}


@pytest.mark.parametrize("look", [PHONE], ids=["phone"])
def test_truemoney_wallet(window, shop):
    window.chooses("truemoney", phone_number="081 234 5678")
    window.goes_on()
    window.answers("Pay")
    window.sees("paid")
    assert shop.omise.charged(window.order_id) == {"successful": (1, CUP)}


@pytest.mark.parametrize("look", [PHONE], ids=["phone"])
def test_konbini_paid_at_the_counter(build_shop, opened, look):
    shop = build_shop(STORE_CURRENCY="JPY")
    window = opened(shop, **look)
    window.adds()
    window.opens_checkout()
    window.pays_by(
        "Convenience store",
        name="ヤマダタロウ",
        email="taro@example.com",
        phone_number="09012345678",
    )
    window.sees("waiting")
    expect(window.page.get_by_role("heading", name="2,200")).to_be_visible()
    window.page.get_by_role("link", name="Show how to pay").click()
    window.answers("Pay at the counter")
    window.sees("paid")
    assert shop.omise.charged(window.order_id) == {"successful": (1, 2200)}


def test_saved_card_pays_a_second_purchase(regular, shop):
    regular.page.get_by_role("button", name="with Visa •••• 4242").click()
    regular.sees("paid")
    assert shop.omise.charged(regular.order_id) == {"successful": (1, 32000)}
    assert len(regular.posts("/sandbox/tokens")) == 1


def test_paid_by_card_with_the_keyboard_alone(shop, opened):
    window = opened(shop, **DESKTOP)
    window.page.goto("/")
    keyboard = window.page.keyboard
    for press, then in (
        ("Add to basket", "is in your basket"),
        ("See the basket", "To pay"),
        ("Checkout", "Card details go straight to Omise"),
    ):
        window.tabs_to(press)
        keyboard.press("Enter")
        expect(window.page.get_by_text(then)).to_be_visible()
    window.tabs_to("Pay THB")
    keyboard.press("Enter")
    form = window.page.frame_locator("#omise-checkout-iframe-app")
    for field, typed in TYPED.items():
        expect(form.locator(field)).to_be_focused()
        keyboard.type(typed)
        keyboard.press("Tab")
    keyboard.press("Enter")
    window.sees("paid")
    assert shop.omise.charged(window.order_id) == {"successful": (1, 32000)}
