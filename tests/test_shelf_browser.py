"""Shelf and basket in a real browser, with the shop's own script."""

import pytest
from browser import HANGS_UP, PHONE, Window, chromium, expect

pytestmark = HANGS_UP


@pytest.fixture(scope="module")
def browser():
    with chromium() as one:
        yield one


@pytest.fixture
def window(browser, shop):
    one = Window(browser, shop, **PHONE)
    yield one
    one.close()


def test_adding_keeps_the_place_on_the_shelf_and_moves_nothing(window):
    page = window.page
    page.goto("/")
    page.evaluate("""() => {
        window.moved = 0;
        const add = (shifts) => shifts.getEntries().forEach((one) => (moved += one.value));
        new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    }""")
    button = page.locator("#cedar-pencils").get_by_role("button")
    button.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    button.click()
    expect(page.get_by_text("Cedar pencils is in your basket")).to_be_visible()
    expect(page.locator(".badge")).to_have_text("1")
    expect(page).to_have_title("Cedar pencils is in your basket. · Little Monsoon · "
                               "tea and paper for rainy afternoons")  # fmt: skip
    expect(button).to_be_focused()
    assert page.evaluate("[scrollY, moved]") == [before, 0]
    assert before > 0


def test_every_press_counts_however_fast(window):
    page = window.page
    page.goto("/")
    for _ in range(3):
        page.locator("#cedar-pencils").get_by_role("button").click()
    expect(page.locator(".badge")).to_have_text("3")
    page.goto("/cart")
    more = page.get_by_role("button", name="One Cedar pencils more")
    for _ in range(3):
        more.click()
    expect(page.locator(".badge")).to_have_text("6")
    expect(more).to_be_focused()


def test_what_is_typed_counts_by_enter_and_at_checkout(window):
    window.adds("Cedar pencils")
    page = window.page
    page.goto("/cart")
    field = page.get_by_role("spinbutton")
    field.fill("2")
    field.press("Enter")
    expect(page.locator(".badge")).to_have_text("2")
    expect(field).to_be_focused()
    field.fill("5")
    page.get_by_role("button", name="Checkout").click()
    expect(page.get_by_role("heading", name="Checkout")).to_be_visible()
    expect(page.locator(".badge")).to_have_text("5")


def test_focus_stays_on_the_line_when_its_button_cannot_be_pressed_any_more(window):
    window.adds("Cedar pencils")
    page = window.page
    page.goto("/cart")
    page.get_by_role("button", name="One Cedar pencils more").click()
    expect(page.locator(".badge")).to_have_text("2")
    page.get_by_role("button", name="One Cedar pencils less").click()
    expect(page.locator(".badge")).to_have_text("1")
    expect(page.get_by_role("spinbutton")).to_be_focused()


def test_what_is_removed_comes_back_on_the_same_page(window):
    window.adds("Cedar pencils")
    page = window.page
    page.goto("/cart")
    page.get_by_role("button", name="Remove Cedar pencils").click()
    expect(page.get_by_text("Removed: Cedar pencils.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your basket is empty")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your basket")
    expect(page.locator(".badge")).to_have_text("1")


def test_a_refusal_is_said_where_the_shopper_is(window):
    page = window.page
    page.goto("/products/cedar-pencils")
    for _ in range(2):
        page.get_by_role("spinbutton").fill("60")
        page.get_by_role("button", name="Add to basket").click()
    expect(page.get_by_role("alert")).to_have_text(
        "A basket holds up to 99 of one thing."
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("Cedar pencils")


@pytest.mark.parametrize("path", ["/", "/cart", "/products/little-teapot", "/nowhere"])
@pytest.mark.parametrize(("width", "text"), [(320, "100%"), (390, "200%")])
def test_nothing_runs_off_a_narrow_screen_or_one_with_large_text(
    browser, shop, path, width, text
):
    window = Window(
        browser, shop, viewport={"width": width, "height": 640}, bypass_csp=True
    )
    window.adds()
    page = window.page
    page.goto(path)
    page.add_style_tag(content=f"html {{ font-size: {text} }}")
    wide, room = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= room
    window.context.close()
