"""Secrets are rotated while shoppers shop: SECURITY.md says how."""

import base64
import re

import pytest
from rig import Shop, database_url, eventually
from shopper import Shopper

from app import create_app
from config import Config

OLD_SECRET, NEW_SECRET = (
    base64.b64encode(text).decode()
    for text in (b"the first secret", b"a second secret")
)
OLD, NEW = "the first secret of the shop", "the second secret of the shop"


@pytest.fixture
def shop_of(tmp_path):
    """Start the shop anew under other secrets, on the same order book."""
    started = []

    def start(secret, *old):
        said = {
            "OMISE_SECRET_KEY": "skey_test_5xyz",
            "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
            "FLASK_SECRET_KEY": secret,
            "FLASK_SECRET_KEY_FALLBACKS": ",".join(old),
            "DATABASE_URL": database_url(tmp_path),
        }
        started.append(create_app(type("Said", (Config,), said)))
        return started[-1].test_client()

    yield start
    for app in started:
        app.extensions["payment"].close()


def moves(browser, to):
    """Let a browser go on with the shop as it was started anew."""
    cookie = browser.get_cookie("session", "localhost")
    to.set_cookie("session", cookie.value, domain="localhost")
    return to


def puts_in(browser, token=None):
    token = token or token_of(browser)
    form = {"sku": "celadon-cup", "quantity": "1", "csrf_token": token}
    return browser.post("/add", data=form, follow_redirects=True)


def token_of(browser):
    page = browser.get("/").text
    return re.search('name="csrf_token" value="([^"]+)"', page)[1]


def test_a_cookie_of_an_old_secret_is_signed_anew_by_reading(shop_of):
    """E3, D8: once the old secret is taken away, who looked in meanwhile has the basket still."""
    first = shop_of(OLD)
    assert "1 item" in puts_in(first).text
    during = moves(first, shop_of(NEW, OLD))
    assert during.get("/").headers["Set-Cookie"].startswith("session=")
    after = moves(during, shop_of(NEW))
    assert "1 item" in after.get("/").text


def test_a_cookie_of_the_newest_secret_is_left_alone(shop_of):
    browser = shop_of(NEW, OLD)
    puts_in(browser)
    browser.get("/")
    assert "Set-Cookie" not in browser.get("/").headers


def test_a_stranger_s_cookie_is_none(shop_of):
    """E3: neither read nor signed."""
    stranger = shop_of("a secret that somebody made up")
    puts_in(stranger)
    page = moves(stranger, shop_of(NEW, OLD)).get("/")
    assert "1 item" not in page.text


def test_an_open_form_is_taken_after_the_rotation(shop_of):
    """D9: somebody has just filled it in."""
    first = shop_of(OLD)
    token = token_of(first)
    during = moves(first, shop_of(NEW, OLD))
    assert "1 item" in puts_in(during, token).text
    over = moves(first, shop_of(NEW))
    assert puts_in(over, token).status_code == 400


def waits_for_a_code(shop):
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        return shopper.order_id, shop.omise.latest()["id"]


def is_paid(shop, order):
    return lambda: shop.order(order).paid_at


def test_the_webhook_s_secret_is_rotated_as_told(tmp_path, caplog):
    """B7: roll it on the dashboard, set both, restart; a day later the new one alone."""
    order_book = database_url(tmp_path)
    rolled = {"webhook_secret": NEW_SECRET, "webhook_previous_secret": OLD_SECRET}
    # What the shop is started with, and what the dashboard has by then.
    steps = [
        (OLD_SECRET, {"webhook_secret": OLD_SECRET}),
        (OLD_SECRET, rolled),
        (f"{NEW_SECRET},{OLD_SECRET}", rolled),
        (NEW_SECRET, {"webhook_secret": NEW_SECRET, "webhook_previous_secret": None}),
    ]
    for secret, dashboard in steps:
        said = {"OMISE_WEBHOOK_SECRET": secret, "DATABASE_URL": order_book}
        with Shop(tmp_path / "shop", **said) as shop:
            shop.omise.control(
                "settings", webhook_uri=f"{shop.url}/webhook", **dashboard
            )
            order, charge = waits_for_a_code(shop)
            shop.omise.control(f"charges/{charge}/pay")
            eventually(is_paid(shop, order))
    assert not [one for one in caplog.messages if "refused" in one]


def test_what_was_refused_during_a_rotation_the_sweep_finds(tmp_path):
    """B4: the shop was not restarted before the old secret was taken away."""
    with Shop(tmp_path / "shop", OMISE_WEBHOOK_SECRET=OLD_SECRET) as shop:
        shop.omise.control(
            "settings", webhook_secret=NEW_SECRET, webhook_previous_secret=None
        )
        order, charge = waits_for_a_code(shop)
        shop.omise.control(f"charges/{charge}/pay")
        assert not shop.order(order).paid_at
        shop.sweep()
        assert shop.order(order).paid_at
