"""Buy things with a real browser, by clicking; judged by the sandbox's books.

Every window also asserts that its console stayed clean, under the policy the shop ships with (E11).
"""

import threading
from contextlib import contextmanager

import pytest
from browser import DESKTOP, GOOD, NAME, PHONE, POOR, TYPED, Window, chromium, expect
from flask import redirect
from rig import Omise, Quiet, Shop, eventually, free_port
from werkzeug.serving import make_server

import sandbox
from payment import checkout, gateway

# Werkzeug's development server leaves a picture's file to the garbage collector when the
# browser hangs up on it, as one does whose shopper moves on before the shelf is drawn.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)

BOTH = pytest.mark.parametrize("look", [PHONE, DESKTOP], ids=["phone", "desktop"])
CUP = 49000


@pytest.fixture(scope="module")
def browser():
    """Run one browser for all journeys."""
    with chromium() as running:
        yield running


@pytest.fixture
def look():
    """Say what the window looks like, unless a test says otherwise."""
    return DESKTOP


@pytest.fixture
def opened(browser):
    """Open windows, as many as a test wants, and check each when it closes."""
    windows = []

    def open_window(shop, **look):
        windows.append(Window(browser, shop, **look))
        return windows[-1]

    yield open_window
    for window in windows:
        window.close()


@pytest.fixture
def window(shop, opened, look):
    """Give a shopper's window, with a celadon cup in the basket and the checkout open."""
    one = opened(shop, **look)
    one.adds()
    one.opens_checkout()
    return one


@pytest.fixture
def asks_bank(shop):
    """Let every card ask at the bank's page first."""
    shop.omise.control("settings", three_d_secure=True)


def charged(shop, order_id=None):
    """Read what was really charged, as {status: (how many, how much)}."""
    statuses = shop.omise.books(order_id)["by_status"]
    return {name: (one["count"], one["amount"]) for name, one in statuses.items()}


def latest(shop):
    """Find the newest charge in the sandbox."""
    return shop.omise.charges()[-1]


@BOTH
def test_card_paid(window, shop):
    window.pays()
    window.sees("paid")
    expect(window.page.get_by_text("from Visa •••• 4242")).to_be_visible()
    assert charged(shop, window.order_id) == {"successful": (1, CUP)}


def test_declined_then_paid_with_another_card_on_the_same_order(window, shop):
    window.pays(POOR)
    window.sees("failed")
    declined = window.order_id
    expect(window.page.get_by_text("not enough money")).to_be_visible()
    window.page.get_by_role("link", name="Try again").click()
    window.pays()
    window.sees("paid")
    assert window.order_id == declined
    assert charged(shop, declined) == {"failed": (1, CUP), "successful": (1, CUP)}


@BOTH
def test_3d_secure_approved(window, shop, asks_bank):
    window.pays()
    window.page.wait_for_url("**/authorize")
    window.goes_on()
    window.answers("Approve")
    window.sees("paid")
    assert charged(shop, window.order_id) == {"successful": (1, CUP)}


def test_3d_secure_declined(window, shop, asks_bank):
    """D4: what failed at the bank is not called paid."""
    window.pays()
    window.goes_on()
    window.answers("Decline")
    window.sees("failed")
    expect(window.page.get_by_text("did not approve the payment")).to_be_visible()
    assert charged(shop, window.order_id) == {"failed": (1, CUP)}


def test_walked_away_from_the_bank_then_settled_by_webhook(window, shop, asks_bank):
    """B5, D4: the page that waits moves on by itself, whatever the shopper did."""
    window.pays()
    window.goes_on()
    window.page.get_by_role("link", name="Walk away").click()
    window.sees("leaving")
    shop.omise.control(f"charges/{latest(shop)['id']}/pay")
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
    assert charged(shop, window.order_id) == {"successful": (1, CUP)}


@pytest.mark.parametrize("look", [PHONE], ids=["phone"])
def test_truemoney_wallet(window, shop):
    window.pays_by("TrueMoney", phone_number="0812345678")
    window.goes_on()
    window.answers("Pay")
    window.sees("paid")
    assert charged(shop, window.order_id) == {"successful": (1, CUP)}


@pytest.mark.parametrize("look", [PHONE], ids=["phone"])
def test_konbini_paid_at_the_counter(build_shop, opened, look):
    shop = build_shop(STORE_CURRENCY="JPY", STORE_LOCALE="ja_JP")
    window = opened(shop, **look)
    window.adds()
    window.opens_checkout()
    window.pays_by(
        "コンビニ",
        name="ヤマダタロウ",
        email="taro@example.com",
        phone_number="09012345678",
    )
    window.sees("waiting")
    expect(window.page.get_by_role("heading", name="2,200")).to_be_visible()
    window.page.get_by_role("link", name="Show how to pay").click()
    window.answers("Pay at the counter")
    window.sees("paid")
    assert charged(shop, window.order_id) == {"successful": (1, 2200)}


@pytest.fixture
def regular(window):
    """Give a shopper who saved a card with a first purchase, and stands at a second."""
    window.page.get_by_label("E-mail").fill("somchai@example.com")
    window.page.get_by_label("Save my card").check()
    window.pays()
    window.sees("paid")
    window.page.get_by_role("link", name="Back to the shop").click()
    window.adds("Cloud oolong")
    window.opens_checkout()
    return window


def test_saved_card_pays_a_second_purchase(regular, shop):
    regular.page.get_by_role("button", name="with Visa •••• 4242").click()
    regular.sees("paid")
    assert charged(shop, regular.order_id) == {"successful": (1, 32000)}
    assert len(regular.posts("/sandbox/tokens")) == 1


def test_pressing_pay_twice_is_one_charge(regular, shop):
    """A1: a double click is one order form."""
    regular.page.get_by_role("button", name="with Visa •••• 4242").dblclick()
    regular.sees("paid")
    assert charged(shop, regular.order_id) == {"successful": (1, 32000)}


def test_pressing_pay_again_without_scripts_is_one_charge(
    regular, shop, opened, monkeypatch
):
    """A1, D5: it is the shop, not its script, that keeps a form from paying twice."""
    create, second = gateway.create_charge, threading.Event()

    def slow_create(**details):
        assert second.wait(30)
        return create(**details)

    monkeypatch.setattr(gateway, "create_charge", slow_create)
    cookies = regular.context.storage_state()
    plain = opened(shop, java_script_enabled=False, storage_state=cookies)
    plain.page.goto("/checkout")
    button = plain.page.get_by_role("button", name="with Visa •••• 4242")
    box = button.bounding_box()
    for _ in range(2):
        # The bare mouse: a locator would wait for the first answer.
        with plain.page.expect_request("**/charge"):
            plain.page.mouse.click(box["x"] + 9, box["y"] + 9)
    plain.page.wait_for_url("**/orders/*")
    plain.sees("confirming")
    second.set()
    eventually(lambda: shop.order(plain.order_id).paid_at)
    plain.page.reload()
    plain.sees("paid")
    assert len(plain.posts("/charge")) == 2
    assert charged(shop, plain.order_id) == {"successful": (1, 32000)}


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
    assert charged(shop) == {"successful": (1, CUP)}
    assert len(window.posts("/charge")) == 1


def test_two_tabs_make_one_charge_and_the_second_is_told(window, shop):
    """A2: the second tab lands on the payment that is already under way."""
    second = window.beside()
    second.goto("/checkout")
    window.pays_by("PromptPay")
    window.sees("waiting")
    window.pays_by("PromptPay", page=second)
    window.sees("waiting", page=second)
    expect(second.get_by_text("already under way")).to_be_visible()
    assert second.url == window.page.url
    assert charged(shop) == {"pending": (1, CUP)}


@contextmanager
def sandbox_apart(folder, webhook_uri):
    """Serve a sandbox on an origin of its own."""
    port = free_port()
    base = f"http://localhost:{port}/"
    app = sandbox.create_app(
        database=folder / "apart.sqlite3", webhook_uri=webhook_uri, base_url=base
    )
    server = make_server("localhost", port, app, True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield base
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["sandbox_postman"].stop()
    app.extensions["sandbox"].close()


@pytest.fixture
def elsewhere(tmp_path):
    """Serve a shop whose Omise is on another origin, as the genuine one is."""
    shop = Shop(tmp_path / "shop")
    with sandbox_apart(tmp_path, f"{shop.url}/webhook") as base:
        shop.omise = Omise(base)
        shop.settings |= {
            "OMISE_SANDBOX": "off",
            "OMISE_PUBLIC_KEY": sandbox.PUBLIC_KEY,
            "OMISE_SECRET_KEY": sandbox.SECRET_KEY,
            "OMISE_WEBHOOK_SECRET": sandbox.WEBHOOK_SECRET,
            "OMISE_API_BASE": base,
            "OMISE_JS_URL": f"{base}omise.js",
        }
        with shop:
            shop.omise.control("settings", three_d_secure=True)
            yield shop


def test_a_bank_on_another_origin_is_reached_and_left(elsewhere, opened):
    """D6: the shipped policy lets the shopper go to the bank by itself, and come back."""
    window = opened(elsewhere, **DESKTOP)
    window.adds()
    window.opens_checkout()
    window.pays()
    window.page.wait_for_url(f"{elsewhere.omise.base}payments/**")
    window.answers("Approve")
    assert window.page.url.startswith(elsewhere.url)
    window.sees("paid")
    assert charged(elsewhere, window.order_id) == {"successful": (1, CUP)}


def test_a_form_that_redirects_to_the_bank_would_be_stopped(
    elsewhere, opened, monkeypatch
):
    """D6, E11: without the page in between it fails, and the window's log shows it."""
    monkeypatch.setattr(checkout, "process", lambda made: redirect(made.authorize_uri))
    window = opened(elsewhere, **DESKTOP)
    window.adds()
    window.opens_checkout()
    window.pays()
    eventually(lambda: window.hears("form-action"))
    assert window.page.url == f"{elsewhere.url}/checkout"
    window.complaints.clear()


@pytest.mark.parametrize("by", ["waiting", "clicking"])
def test_back_from_the_bank_is_no_trap(window, asks_bank, by):
    """D3: whoever goes back from the bank can stay in the shop."""
    window.pays()
    window.page.wait_for_url("**/authorize")
    if by == "clicking":
        window.goes_on()
        window.page.go_back(wait_until="commit")
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
    other.page.goto(f"/orders/{latest(shop)['metadata']['order_id']}/complete")
    other.sees("leaving")
    other.page.goto(window.page.url)
    other.answers("Approve")
    other.sees("paid")
    window.page.goto(other.page.url)
    window.sees("paid")
    window.page.goto("/cart")
    expect(window.page.get_by_text("Your basket is empty")).to_be_visible()


def test_the_card_is_told_to_omise_alone(window, asks_bank):
    """E9: no other request, to whomever, carries the card's number or the name on it."""
    window.pays()
    window.goes_on()
    window.answers("Approve")
    window.sees("paid")
    assert window.told(GOOD) == window.told(NAME) == {"/sandbox/tokens"}
    assert window.told("security_code") == {"/sandbox/tokens"}
    assert window.told("omiseToken") == {"/charge"}


def test_only_known_scripts_run_where_a_card_is_typed(window):
    """E15: the page, and the form that pops up on it, load these scripts and no others."""
    window.opens_form()
    assert window.scripts() == {
        "/payment/payment.js",
        "/sandbox/omise.js",
        "/sandbox/static/pay.js",
        "/sandbox/static/pay-cards.js",
        "/sandbox/static/pay-elements.js",
        "/sandbox/static/pay-embedded.js",
        "/sandbox/static/pay-fields.js",
        "/sandbox/static/pay-methods.js",
        "/sandbox/static/pay-words.js",
    }


def test_names_that_look_like_markup_stay_words(window, asks_bank):
    """E11: what a shopper types is shown as they typed it, and never runs."""
    name = "<img src=x onerror=alert(1)>"
    window.pays(name=name)
    window.goes_on()
    expect(window.page.get_by_text(name)).to_be_visible()
    window.page.goto(f"/?q={name}")
    window.page.goto(f"/checkout?q={name}")


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
    assert charged(shop, window.order_id) == {"successful": (1, 32000)}


def test_the_shop_explains_itself_without_scripts(shop, opened):
    """D5: all but typing a card works, and that is said."""
    window = opened(shop, java_script_enabled=False, **PHONE)
    window.adds()
    window.opens_checkout()
    expect(window.page.locator("noscript .notice")).to_be_visible()
    expect(window.page.locator("noscript .notice")).to_contain_text("JavaScript")
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
    shop.omise.control(f"charges/{latest(shop)['id']}/pay")
    window.sees("paid")
