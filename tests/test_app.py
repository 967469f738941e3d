"""What holds on every page: headers, forms, hosts, errors."""

import pytest
import requests
from rig import database_url
from shopper import Shopper

from app import create_app
from config import Config
from database import db

PAGES = ["/", "/cart", "/checkout", "/nowhere", "/favicon.ico", "order"]


@pytest.fixture(scope="module")
def pages(served):
    """Visit every kind of page once."""
    with Shopper(served) as shopper:
        shopper.adds()
        seen = {path: shopper.get(path) for path in PAGES[:-1]}
        shopper.pays_by("promptpay")
        seen["order"] = shopper.page
        seen["status"] = shopper.get(f"/orders/{shopper.order_id}/status")
        seen["code"] = shopper.get(f"/orders/{shopper.order_id}/code")
    return seen


def policy(page):
    parts = page.headers["Content-Security-Policy"].split(";")
    return {part.split()[0]: part.split()[1:] for part in parts if part.strip()}


@pytest.mark.parametrize("path", [*PAGES, "status", "code"])
def test_headers_of_every_page(pages, path):
    """E14: strict policy, nosniff, no framing, referrer policy."""
    headers, rules = pages[path].headers, policy(pages[path])
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert rules["frame-ancestors"] == ["'none'"]
    assert rules["form-action"] == ["'self'"]
    for directive in ("default-src", "script-src", "style-src"):
        assert "'unsafe-inline'" not in rules.get(directive, [])
        assert "'unsafe-eval'" not in rules.get(directive, [])


def test_style_attributes_are_allowed_on_the_payment_page_alone(pages):
    """E11: Omise.js needs them there."""
    allowed = [path for path, page in pages.items() if "style-src-attr" in policy(page)]
    assert allowed == ["/checkout"]


@pytest.mark.parametrize("path", ["/checkout", "order", "status", "code"])
def test_payment_pages_are_not_stored(pages, path):
    """E14: no-store."""
    assert pages[path].headers["Cache-Control"] == "no-store"


def test_the_payment_page_names_omise_s_script_when_it_is_the_real_one(tmp_path):
    said = {
        "OMISE_SECRET_KEY": "skey_test_5xyz",
        "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
        "FLASK_SECRET_KEY": "long",
        "WTF_CSRF_ENABLED": False,
        "DATABASE_URL": database_url(tmp_path),
    }
    app = create_app(type("RealConfig", (Config,), said))
    client = app.test_client()
    client.post("/add", data={"sku": "celadon-cup"})
    page = client.get("/checkout")
    assert 'src="https://cdn.omise.co/omise.js"' in page.text
    assert "https://cdn.omise.co" in policy(page)["script-src"]
    assert "https://cdn.omise.co" in policy(page)["frame-src"]
    assert "/sandbox/" not in page.text
    assert client.get("/sandbox/dashboard/").status_code == 404
    with app.app_context():
        db.engine.dispose()


def test_every_form_refuses_a_missing_or_foreign_token_and_keeps_the_cart(served):
    """D9: route by route, from the app's own map."""
    exempt = {"/webhook", "/orders/<uuid:order_id>/complete"}
    posts = [
        rule.rule
        for rule in served.app.url_map.iter_rules()
        if "POST" in rule.methods and rule.rule not in exempt
    ]
    assert len(posts) >= 7
    with Shopper(served) as shopper:
        shopper.adds()
        for rule in posts:
            path = rule.replace(
                "<uuid:order_id>", "00000000-0000-4000-8000-000000000000"
            )
            for token in ({}, {"csrf_token": "foreign"}):
                page = shopper.post(path, {"sku": "celadon-cup", **token})
                assert page.status_code == 400, rule
                assert "Your basket is kept" in page.text
        assert "Celadon cup" in shopper.get("/cart").text


def test_a_form_left_open_for_hours_still_works(served):
    """D9: tokens do not run out before the session does."""
    assert served.app.config["WTF_CSRF_TIME_LIMIT"] is None


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:5000"]
)
def test_an_unknown_host_is_refused(served, host):
    """E5: nothing is built from a Host header."""
    page = requests.get(f"{served.url}/", headers={"Host": host}, timeout=10)
    assert page.status_code == 400
    assert "evil" not in page.text


def test_another_name_of_this_machine_still_leads_back_to_the_shop_s_own(served):
    """E5: return_uri comes from SERVER_NAME, whatever name was asked for."""
    with Shopper(served) as shopper:
        served.omise.reset()
        shopper.shop_url = served.url
        shopper.adds()
        form = shopper.opens_checkout()
        paying = {**form, "omiseToken": served.omise.token()}
        headers = {"Host": "127.0.0.1"}
        cookie = "; ".join(f"{one.name}={one.value}" for one in shopper.http.cookies)
        requests.post(
            f"{served.url}/charge",
            data=paying,
            headers={**headers, "Cookie": cookie},
            allow_redirects=False,
            timeout=10,
        )
        assert served.omise.charges()[0]["return_uri"].startswith(
            served.url + "/orders/"
        )


def test_a_forged_client_address_is_not_believed(served):
    """E6: X-Forwarded-For counts only behind proxies that were configured."""
    with Shopper(served) as shopper:
        served.omise.reset()
        shopper.http.headers["X-Forwarded-For"] = "203.0.113.9"
        shopper.adds()
        shopper.pays()
        assert served.omise.charges()[0]["ip"] != "203.0.113.9"


def test_session_cookie(served):
    """E3: unreadable for scripts, same-site."""
    cookie = requests.get(f"{served.url}/", timeout=10).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_an_unexpected_error_shows_a_reference_and_no_stack(served, monkeypatch):
    """E13: the page says what to do and carries a reference."""

    def broken():
        raise RuntimeError("planted-canary")

    monkeypatch.setitem(served.app.view_functions, "store.cart", broken)
    page = requests.get(f"{served.url}/cart", timeout=10)
    assert page.status_code == 500
    assert "planted-canary" not in page.text
    assert "Traceback" not in page.text
    assert "Reference" in page.text


def test_an_order_book_that_cannot_be_written_stops_before_omise(build_shop):
    """A7: nothing is asked of Omise, and the cart is kept."""
    shop = build_shop()
    with Shopper(shop) as shopper:
        shopper.adds()
        form = shopper.opens_checkout()
        token = shop.omise.token()
        with shop.app.app_context():
            db.drop_all()
        page = shopper.charges(form, omiseToken=token)
        assert page.status_code == 503
        assert "pressed pay only once, nothing was charged" in page.text
        assert shop.omise.books()["charges"] == 0
        assert "Celadon cup" in shopper.get("/cart").text


def test_pages_work_with_omise_down(tmp_path, build_shop):
    """C5: shelf, cart, checkout and order pages need no Omise."""
    shop = build_shop()
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        order = shopper.order_id
        shop.app.config["OMISE_API_BASE"] = "http://127.0.0.1:9/"
        for path in ("/", "/cart", f"/orders/{order}", f"/orders/{order}/status"):
            assert shopper.get(path).status_code == 200
        shopper.get(f"/orders/{order}/complete")
        assert shopper.state == "waiting"


def test_omise_down_when_paying_lets_the_shopper_try_again(build_shop):
    """C1: nothing left, so nothing was charged; the cart is kept."""
    shop = build_shop()
    base = shop.app.config["OMISE_API_BASE"]
    with Shopper(shop) as shopper:
        shopper.adds()
        form = shopper.opens_checkout()
        token = shop.omise.token()
        shop.app.config["OMISE_API_BASE"] = "http://127.0.0.1:9/"
        shopper.charges(form, omiseToken=token)
        assert shopper.state == "failed"
        assert "nothing was charged" in shopper.page.text
        shop.app.config["OMISE_API_BASE"] = base
        shopper.pays()
        assert shopper.state == "paid"
