"""What a shopper sees while a payment is made, and before and after: with a real browser."""

import re

import pytest
from browser import DESKTOP, HANGS_UP, PHONE, POOR, expect
from rig import eventually

pytest_plugins = ("journey",)
pytestmark = HANGS_UP

CUP = 49000
SMALL = {**PHONE, "viewport": {"width": 390, "height": 664}}
ON_SMALL = pytest.mark.parametrize("look", [SMALL], ids=["small"])


@pytest.fixture
def unanswered(window):
    """Keep the answer to a payment from the browser: its page stays, as it looks meanwhile."""
    window.context.route("**/charge", lambda route: route.fulfill(status=204))
    return window


def is_covered(page):
    """Look at what lies over a page while it pays."""
    cover = page.locator("#paying")
    expect(cover).to_be_visible()
    expect(cover).to_contain_text("490.00")
    expect(cover.get_by_role("status")).to_contain_text("do not close this page")
    expect(cover.locator("h2")).to_be_focused()
    # All behind it is out of reach, for the keyboard too.
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    behind = page.evaluate(
        "document.querySelector('.checkout').contains(document.activeElement)"
    )
    assert not behind
    expect(cover).to_be_visible()
    middle = (
        "document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest('#paying')"
    )
    assert page.evaluate(f"!!{middle}")


def test_the_page_is_covered_as_soon_as_omise_s_form_is_done(unanswered):
    unanswered.pays()
    is_covered(unanswered.page)
    expect(unanswered.page.locator(".omise-checkout-button")).to_be_disabled()
    assert len(unanswered.posts("/charge")) == 1


def test_the_page_is_covered_by_a_row(unanswered):
    unanswered.chooses("promptpay")
    is_covered(unanswered.page)
    expect(unanswered.page.locator("#promptpay button")).to_be_disabled()


def test_the_page_is_covered_by_a_saved_card(regular):
    regular.context.route("**/charge", lambda route: route.fulfill(status=204))
    button = regular.page.get_by_role("button", name="with Visa •••• 4242")
    button.click()
    expect(regular.page.locator("#paying")).to_contain_text("320.00")
    expect(regular.page.locator("#paying h2")).to_be_focused()
    expect(regular.page.locator(".pay-saved")).to_be_disabled()


def test_a_page_that_comes_back_from_memory_is_not_covered(window):
    """What was pressed is forgotten, before the page is drawn anew."""
    window.page.evaluate("document.querySelector('#paying').showModal()")
    seen = window.page.evaluate("""() => {
            const paying = document.querySelector('#paying');
            const button = document.querySelector('.omise-checkout-button');
            button.disabled = true;
            dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}));
            return [paying.open, button.disabled];
        }""")
    assert seen == [False, False]


@pytest.mark.parametrize(
    ("typed", "said"), [("", "please give your e-mail"), ("a b@", "does not look like")]
)
def test_an_address_to_save_a_card_under_is_looked_at_before_the_card(
    window, shop, typed, said
):
    email = window.page.get_by_label("E-mail")
    email.fill(typed)
    window.page.get_by_label("Save my card").check()
    window.page.locator(".omise-checkout-button").click()
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_have_accessible_description(re.compile(said))
    expect(email).to_have_value(typed)
    expect(window.page.locator("#omise-checkout-iframe-app")).to_be_hidden()
    email.fill("somchai@example.com")
    window.pays()
    window.sees("paid")
    assert shop.omise.latest()["customer"]


def test_an_address_is_not_asked_for_where_no_card_is_saved(window):
    window.pays()
    window.sees("paid")


@ON_SMALL
def test_pay_is_above_the_fold_of_a_small_phone(shop, opened, look):
    """With three lines, and pictures of them."""
    window = opened(shop, **look)
    for name in ("Celadon cup", "Cloud oolong", "Little teapot"):
        window.adds(name)
    window.opens_checkout()
    window.page.evaluate("scrollTo(0, 0)")
    button = window.page.locator(".omise-checkout-button").bounding_box()
    assert button["y"] + button["height"] <= 664


def test_order_and_payment_stand_side_by_side_on_a_desktop(window):
    goods = window.page.locator(".payment-goods").bounding_box()
    pay = window.page.locator(".omise-checkout-button").bounding_box()
    assert goods["x"] >= pay["x"] + pay["width"]
    assert goods["y"] < pay["y"]


def test_one_button_is_more_than_the_others(regular):
    """The saved card's, where there is one."""
    colour = "one => getComputedStyle(one).backgroundColor"
    saved = regular.page.locator(".pay-saved").first.evaluate(colour)
    others = regular.page.locator(
        ".checkout button:visible:not(.pay-saved)"
    ).evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert others
    assert saved not in others


def test_the_page_before_a_bank_says_whose_comes_and_can_be_read(window, asks_bank):
    window.pays()
    window.page.wait_for_url("**/authorize")
    began = window.page.evaluate("performance.timeOrigin")
    heading = window.page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Next comes the page of your bank")
    assert not window.page.locator("meta[http-equiv=refresh]").count()
    window.page.wait_for_url("**/sandbox/payments/**")
    assert window.page.evaluate("performance.timeOrigin") - began >= 3000


def test_the_way_to_a_bank_needs_no_script(shop, shopper, opened):
    shop.omise.control("settings", three_d_secure=True)
    shopper.adds()
    shopper.pays()
    window = opened(shop, java_script_enabled=False, **PHONE)
    window.page.goto(shopper.page.url)
    expect(window.page.get_by_text("moves on by itself")).to_be_hidden()
    window.goes_on()
    window.answers("Approve")
    window.sees("paid")


def test_what_has_moved_gets_the_focus_and_the_title(window, shop):
    """A reader of the screen hears it, although the page was drawn anew."""
    window.chooses("promptpay")
    window.sees("waiting")
    number = window.order_id[:8]
    expect(window.page).to_have_title(
        f"Waiting for your payment: order {number} · Little Monsoon"
    )
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    window.sees("paid")
    expect(window.page.get_by_role("heading", level=1)).to_be_focused()
    expect(window.page).to_have_title(f"Paid: order {number} · Little Monsoon")
    window.page.reload()
    expect(window.page.get_by_role("heading", level=1)).not_to_be_focused()


def test_a_code_that_does_not_load_is_told_and_can_be_asked_for_again(
    window, shop, opened
):
    window.context.route("**/code?*", lambda route: route.abort("failed"))
    window.chooses("promptpay")
    window.sees("waiting")
    told = window.page.get_by_text("The code could not be loaded")
    expect(told).to_be_visible()
    assert window.hears("ERR_FAILED")
    window.complaints.clear()
    window.context.unroute("**/code?*")
    window.page.get_by_role("link", name="Load it again").click()
    image = window.page.get_by_role("img", name="The code to scan")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    expect(told).to_be_hidden()


@pytest.mark.parametrize("look", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_phone_is_told_what_to_do_with_a_code_of_its_own_screen(window, look):
    window.chooses("promptpay")
    window.sees("waiting")
    scan = window.page.get_by_text("Scan this code with your banking app")
    here = window.page.get_by_role("heading", name="On this phone")
    if look is PHONE:
        expect(scan).to_be_hidden()
        expect(here).to_be_visible()
    else:
        expect(scan).to_be_visible()
        expect(here).to_be_hidden()


def test_time_that_ran_out_is_not_told_after_choosing_another_way(window, shop):
    """The code was given up by the shopper, and did not expire."""
    window.chooses("promptpay")
    window.sees("waiting")
    window.page.get_by_role("button", name="Pay another way").click()
    window.sees("open")
    expect(window.page.get_by_text("ran out")).to_be_hidden()
    window.page.goto(f"/orders/{window.order_id}")
    window.sees("open")
    expect(window.page.get_by_text("ran out")).to_be_hidden()


SHIFTS = """
    addEventListener('DOMContentLoaded', () => {
        window.shifted = 0;
        new PerformanceObserver((list) => {
            for (const one of list.getEntries()) window.shifted += one.value;
        }).observe({type: 'layout-shift', buffered: true});
    });
"""


@pytest.mark.parametrize("look", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_jumps_when_a_code_counts_down(window, shop, look):
    window.context.add_init_script(SHIFTS)
    window.chooses("promptpay")
    window.sees("waiting")
    left = window.page.locator("[data-left]")
    before = left.inner_text()
    expect(left).not_to_have_text(before)
    assert window.page.evaluate("window.shifted") < 0.01


def test_a_declined_order_is_paid_where_a_banking_app_has_opened_it(
    window, shop, opened
):
    window.pays(POOR)
    window.sees("failed")
    other = opened(shop, **PHONE)
    other.page.goto(f"/orders/{window.order_id}")
    other.sees("failed")
    expect(other.page.get_by_text("go back to the one where you began")).to_be_visible()
    other.page.get_by_role("link", name="Try again or pay another way").click()
    other.pays()
    other.sees("paid")
    eventually(lambda: shop.order(window.order_id).paid_at)
    window.page.goto("/checkout")
    window.sees("paid")
    expect(window.page.get_by_text("is paid")).to_have_count(2)


@pytest.mark.parametrize(("width", "text"), [(320, "100%"), (390, "200%")])
def test_nothing_runs_off_a_narrow_screen_or_with_large_letters(
    shop, opened, width, text
):
    window = opened(shop, viewport={"width": width, "height": 664})
    page = window.page

    def fits():
        page.evaluate(
            """(text) => {
                const sheet = new CSSStyleSheet();
                sheet.replaceSync(`html { font-size: ${text} !important }`);
                document.adoptedStyleSheets = [sheet];
            }""",
            text,
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    window.adds("Little teapot")
    window.adds("Celadon cup")
    window.opens_checkout()
    fits()
    window.chooses("promptpay")
    page.wait_for_url("**/orders/*")
    fits()
    page.goto("/orders")
    fits()
