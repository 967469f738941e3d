"""D3: pages that the browser keeps whole and shows again when its shopper goes back (bfcache).

Chromium does so with `no-store` too, as long as no cookie that scripts cannot read has changed.
"""

import shutil

import pytest
from browser import DESKTOP, HANGS_UP, chromium, expect
from rig import eventually

pytest_plugins = ("journey",)
# The build without windows keeps no pages.
WHOLE = shutil.which("chromium")
pytestmark = [
    HANGS_UP,
    pytest.mark.skipif(not WHOLE, reason="Debian's chromium is not installed"),
]
CUP = 49000
KEEPS = """addEventListener('pageshow', (event) => {
    if (event.persisted && top === self) localStorage.kept = location;
});"""
ELSEWHERE = "data:text/html,<title>Elsewhere</title>"


@pytest.fixture(scope="module")
def browser():
    """Run a browser with the memory for pages that Playwright switches off."""
    off = ["--disable-back-forward-cache"]
    with chromium(WHOLE, ignore_default_args=off) as running:
        yield running


@pytest.fixture
def window(shop, opened):
    """Give a shopper's window that notes which page came from memory."""
    one = opened(shop, **DESKTOP)
    one.context.add_init_script(KEEPS)
    one.adds()
    # A page on which a cookie has changed is not kept.
    one.page.goto("/")
    return one


def leaves(window):
    """Go to another site, and mark what stays behind."""
    window.page.evaluate("delete localStorage.kept; window.marked = true")
    window.page.goto(ELSEWHERE)


def comes_back(window):
    """Go back; tells whether the page came from memory, and whether it is the old one still."""
    window.page.go_back(wait_until="commit")
    window.page.wait_for_function("document.readyState === 'complete'")
    kept = window.page.evaluate("localStorage.kept === location.href")
    return kept, window.page.evaluate("window.marked === true")


def test_a_shelf_is_kept_whole_and_the_basket_on_it_is_right(window):
    """The browser does keep pages: what follows is shown for a reason."""
    leaves(window)
    assert comes_back(window) == (True, True)
    expect(window.page.locator(".badge")).to_have_text("1")
    leaves(window)
    other = window.beside()
    other.goto("/cart")
    other.get_by_role("button", name="Empty the basket").click()
    expect(other.get_by_role("heading", name="Your basket is empty")).to_be_visible()
    assert comes_back(window) == (False, False)
    expect(window.page.locator(".badge")).to_have_text("0")


def test_a_checkout_that_comes_from_memory_is_drawn_anew_and_paid_as_it_is(
    window, shop
):
    """Its buttons are free, and what another tab has put in is paid for, too."""
    window.page.goto("/checkout")
    # The first look at it marks the visitor, in the cookie.
    window.page.reload()
    leaves(window)
    window.page.go_back(wait_until="commit")
    window.page.wait_for_function("!window.marked")
    assert window.page.evaluate("localStorage.kept === location.href")
    leaves(window)
    other = window.beside()
    other.goto("/cart")
    for total in ("980.00", "1,470.00"):
        other.get_by_role("button", name="One Celadon cup more").click()
        expect(other.get_by_role("main")).to_contain_text(f"THB {total}")
    assert comes_back(window) == (False, False)
    window.pays()
    window.sees("paid")
    assert shop.omise.charged() == {"successful": (1, 3 * CUP)}


def test_an_order_that_comes_from_memory_is_shown_as_it_is(window, shop):
    """And the checkout before it, whose form is used, cannot be paid again."""
    window.page.goto("/checkout")
    window.pays_by("PromptPay")
    window.sees("waiting")
    order = window.order_id
    leaves(window)
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    eventually(lambda: shop.order(order).paid_at)
    window.page.go_back(wait_until="commit")
    window.page.wait_for_function("!window.marked")
    assert window.page.evaluate("localStorage.kept === location.href")
    window.sees("paid")
    window.page.go_back()
    expect(window.page.get_by_text("Your basket is empty")).to_be_visible()
    assert shop.omise.charged() == {"successful": (1, CUP)}
