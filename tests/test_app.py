"""What holds on every page: headers, forms, hosts, errors."""

import gc
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import requests
from flask import Flask, request
from flask_talisman import Talisman
from itsdangerous import TimestampSigner
from rig import database_url
from shopper import Shopper
from sqlalchemy import create_engine, text

import payment
from app import create_app
from config import Config
from payment.orders import transaction
from security import Headers

PAGES = ["/", "/cart", "/checkout", "/nowhere", "/favicon.ico", "order", "pay"]
POOR = "4111111111140011"


@pytest.fixture(scope="module")
def pages(served):
    """Visit every kind of page once."""
    with Shopper(served) as shopper:
        shopper.adds()
        seen = {path: shopper.get(path) for path in PAGES[:-2]}
        shopper.pays(card=POOR)
        seen["pay"] = shopper.page
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
    assert rules["base-uri"] == ["'none'"]
    for directive in ("default-src", "script-src", "style-src"):
        assert "'unsafe-inline'" not in rules.get(directive, [])
        assert "'unsafe-eval'" not in rules.get(directive, [])


def test_style_attributes_are_allowed_on_the_payment_page_alone(pages):
    """E11: Omise.js needs them there."""
    allowed = [path for path, page in pages.items() if "style-src-attr" in policy(page)]
    assert allowed == ["/checkout", "pay"]


def test_only_the_payment_pages_may_load_omise_s_script(served, pages):
    """E15, E24: by its full address, and nothing else of that host."""
    script = f"{served.url}/sandbox/omise.js"
    allowed = {path: policy(page).get("script-src") for path, page in pages.items()}
    assert allowed.pop("/checkout") == allowed.pop("pay") == ["'self'", script]
    for path in ("order", "status", "code"):
        assert allowed.pop(path) == ["'self'"]
    assert allowed.pop("/") == allowed.pop("/cart") == ["'self'"]
    assert set(allowed.values()) == {None}


def test_pages_may_load_nothing_but_what_they_use(pages):
    """E11: no page falls back on a source that nobody has named."""
    plain = {"default-src": ["'none'"], "img-src": ["'self'"], "style-src": ["'self'"]}
    for path, page in pages.items():
        assert policy(page)["default-src"] == ["'none'"], path
    rules = policy(pages["/nowhere"])
    assert plain == {name: rules[name] for name in rules if name.endswith("-src")}
    for path in ("/", "/cart", "order"):
        rules = {name: v for name, v in policy(pages[path]).items() if "-src" in name}
        assert rules == plain | {"script-src": ["'self'"], "connect-src": ["'self'"]}


@pytest.mark.parametrize("path", [*PAGES, "status", "code"])
def test_other_sites_and_unused_powers_stay_outside(served, pages, path):
    """E11: who opens a page cannot reach into it, and it may use nothing of the device."""
    headers = pages[path].headers
    wallets = "-allow-popups" if path in ("/checkout", "pay") else ""
    assert headers["Cross-Origin-Opener-Policy"] == f"same-origin{wallets}"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    powers = dict(one.split("=") for one in headers["Permissions-Policy"].split(", "))
    assert powers.pop("clipboard-write") == "(self)"
    assert powers.pop("payment") == f'(self "{served.url}")'
    assert {"camera", "geolocation", "microphone", "usb"} <= set(powers)
    assert set(powers.values()) == {"()"}


@pytest.mark.parametrize("path", [*PAGES, "status", "code"])
def test_what_carries_a_token_or_an_order_is_not_stored(pages, path):
    """E14: no-store, but for pictures and styles."""
    if path == "/favicon.ico":
        assert pages[path].headers["Cache-Control"] == "no-cache"
        return
    assert pages[path].headers["Cache-Control"] == "no-store"


def test_a_nonce_is_another_in_each_policy():
    """E11: policies are written out once, but one that stayed would let in what it keeps out."""
    app = Flask("host")
    said = {"script-src": "'self'", "default-src": "'none'"}
    Headers(
        app,
        content_security_policy=said,
        content_security_policy_nonce_in=["script-src"],
    )
    client = app.test_client()
    policies = {
        client.get("/", base_url="https://host").headers["Content-Security-Policy"]
        for _ in range(2)
    }
    assert len(policies) == 2
    assert all("'nonce-" in policy for policy in policies)


def test_headers_are_worked_out_once_for_a_page_and_a_scheme(monkeypatch):
    """An address that is no page of the shop's has none of its own; no answer's are another's."""
    app, worked = Flask("host"), []
    headers, work_out = Headers(app, force_https=False), Talisman._set_response_headers
    monkeypatch.setattr(
        Talisman,
        "_set_response_headers",
        lambda *of: worked.append(request.endpoint) or work_out(*of),
    )
    app.add_url_rule("/<name>", "page", lambda name: (name, {"X-Name": name}))
    app.add_url_rule("/", "other", lambda: "other")
    app.view_functions["other"].talisman_view_options = {"frame_options": "DENY"}
    client = app.test_client()
    for name in ("one", "two"):
        for scheme in ("http", "https"):
            answer = client.get(f"/{name}", base_url=f"{scheme}://host").headers
            assert answer["X-Name"] == name
            assert answer["X-Frame-Options"] == "SAMEORIGIN"
            assert ("Strict-Transport-Security" in answer) == (scheme == "https")
            assert answer.getlist("Content-Type") == ["text/html; charset=utf-8"]
        other = client.get("/").headers
        assert other["X-Frame-Options"] == "DENY"
        assert "X-Name" not in other
        for stranger in (f"/no/{name}", f"/not/{name}"):
            client.get(stranger)
    assert worked == ["page", "page", "other", None]
    assert len(headers._written) == 4


@pytest.fixture
def build_app(tmp_path):
    """Build shops with test keys for the real Omise, which nobody asks."""
    built = []

    def build(**said):
        keys = {
            "OMISE_SECRET_KEY": "skey_test_5xyz",
            "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
            "FLASK_SECRET_KEY": "long",
            "WTF_CSRF_ENABLED": False,
            "DATABASE_URL": database_url(tmp_path),
        }
        built.append(create_app(type("RealConfig", (Config,), keys | said)))
        return built[-1]

    yield build
    for app in built:
        payment.close(app)


def test_the_payment_page_names_omise_s_script_when_it_is_the_real_one(build_app):
    client = build_app().test_client()
    client.post("/add", data={"sku": "celadon-cup"})
    page = client.get("/checkout")
    assert 'src="https://cdn.omise.co/omise.js"' in page.text
    rules = policy(page)
    assert rules["script-src"] == ["'self'", "https://cdn.omise.co/omise.js"]
    frames = {"https://cdn.omise.co", "https://vault.omise.co"}
    assert set(rules["frame-src"]) == frames
    asked = {"https://cdn.omise.co", "https://api.omise.co"}
    assert set(rules["connect-src"]) == asked
    assert set(rules["img-src"]) == {"'self'", "https://cdn.omise.co"}
    assert "/sandbox/" not in page.text
    assert client.get("/sandbox/dashboard/").status_code == 404


def test_every_form_refuses_a_missing_or_foreign_token_and_keeps_the_cart(served):
    """D9: route by route, from the app's own map."""
    exempt = {"/webhook", "/orders/<uuid:order_id>/complete", "/reports"}
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


def test_a_form_left_open_for_hours_still_works(served, monkeypatch):
    """D9: tokens do not run out before the session does."""
    now = TimestampSigner.get_timestamp
    with Shopper(served) as shopper:
        with monkeypatch.context() as earlier:
            earlier.setattr(
                TimestampSigner, "get_timestamp", lambda self: now(self) - 3 * 3600
            )
            form = shopper.hidden(shopper.get("/").text)
        shopper.post("/add", {**form, "sku": "celadon-cup", "quantity": 1})
        assert shopper.page.status_code == 200
        assert "Celadon cup" in shopper.get("/cart").text


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:5000"]
)
def test_an_unknown_host_is_refused(served, host):
    """E5: nothing is built from a Host header."""
    page = requests.get(f"{served.url}/", headers={"Host": host}, timeout=60)
    assert page.status_code == 400
    assert "evil" not in page.text


def test_a_refused_host_is_told_apart_in_the_log_and_how_to_allow_it(served, caplog):
    """F6: a LAN name says what to set, without a link that would lead to a stranger's."""
    page = requests.get(f"{served.url}/cart", headers={"Host": "tea.local"}, timeout=60)
    assert page.headers["Content-Type"].startswith("text/plain")
    assert "add it to TRUSTED_HOSTS" in page.text
    assert "/" not in page.text
    assert "refused a request for the host 'tea.local'" in caplog.text


@pytest.mark.parametrize(
    "path", ["/cart", "/?q=1&r=%2F", "/orders/x/complete?a=b", "/%0D%0Ab", "/a%3Fb%23c"]
)
def test_a_page_asked_for_by_another_name_moves_to_the_shop_s_own(served, path):
    """F6, D1: the basket's cookie belongs to the name that the bank sends the shopper back to."""
    page = requests.get(
        f"{served.url}{path}",
        headers={"Host": f"127.0.0.1:{served.port}"},
        allow_redirects=False,
        timeout=60,
    )
    assert (page.status_code, page.headers["Location"]) == (302, f"{served.url}{path}")


def test_under_https_nobody_is_moved_and_nobody_told_how_to_get_in(build_app):
    """F6, E5: in development only; a proxy may ask by whatever name is trusted."""
    client = build_app(
        PREFERRED_URL_SCHEME="https",
        SERVER_NAME="shop.example",
        TRUSTED_HOSTS="www.shop.example",
    ).test_client()
    page = client.get("/", base_url="https://www.shop.example")
    assert page.status_code == 200
    page = client.get("/", base_url="https://evil.example")
    assert (page.status_code, "TRUSTED_HOSTS" in page.text) == (400, False)


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
            timeout=60,
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


def test_the_address_that_a_proxy_of_ours_saw_is_told_to_omise(build_shop):
    """E6: the last of so many hops; what a client wrote before that is not believed."""
    shop = build_shop(TRUSTED_PROXIES="1")
    with Shopper(shop) as shopper:
        shopper.http.headers["X-Forwarded-For"] = "198.51.100.1, 203.0.113.9"
        shopper.adds()
        shopper.pays()
        assert shop.omise.charges()[0]["ip"] == "203.0.113.9"


@pytest.mark.parametrize(("proxies", "status"), [("0", 302), ("1", 200)])
def test_the_scheme_that_only_a_proxy_of_ours_may_tell(build_app, proxies, status):
    """E6: Talisman alone would believe whoever says so."""
    app = build_app(
        PREFERRED_URL_SCHEME="https",
        SERVER_NAME="shop.example",
        TRUSTED_PROXIES=proxies,
    )
    page = app.test_client().get(
        "/",
        base_url="http://shop.example",
        headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"},
    )
    assert page.status_code == status
    assert page.location == ("https://shop.example/" if proxies == "0" else None)


def test_session_cookie(served):
    """E3: unreadable for scripts, same-site."""
    cookie = requests.get(f"{served.url}/", timeout=60).headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_session_cookie_under_https(build_app):
    """E3: for this very host and for https alone."""
    app = build_app(PREFERRED_URL_SCHEME="https", SERVER_NAME="shop.example")
    page = app.test_client().get("/", base_url="https://shop.example")
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for mark in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert mark in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("path", ["/add", "/charge"])
@pytest.mark.parametrize(
    "sent",
    [{"data": {"sku": "x" * 70_000}}, {"files": {"sku": ("name", "x" * 70_000)}}],
    ids=["plain", "multipart"],
)
def test_a_form_that_is_too_long_is_refused(served, path, sent):
    """E17: bounded before it is read."""
    page = requests.post(f"{served.url}{path}", timeout=60, **sent)
    assert page.status_code == 413
    assert "Back to the shop" in page.text


def test_an_unexpected_error_shows_a_reference_and_no_stack(served, monkeypatch):
    """E13: the page says what to do and carries a reference."""

    def broken():
        raise RuntimeError("planted words")

    monkeypatch.setitem(served.app.view_functions, "store.cart", broken)
    page = requests.get(f"{served.url}/cart", timeout=60)
    assert page.status_code == 500
    assert "planted words" not in page.text
    assert "Traceback" not in page.text
    assert "Reference" in page.text


def book_held(shop):
    """Let another hold the order book for longer than the shop waits."""
    connection = shop.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    sqlite = shop.engine.dialect.name == "sqlite"
    connection.execute(text("BEGIN IMMEDIATE" if sqlite else "BEGIN"))
    if not sqlite:
        connection.execute(text("LOCK TABLE payment_orders IN EXCLUSIVE MODE"))
    return connection


def book_away(shop):
    """Let the order book be where nobody reaches it."""
    book = shop.app.extensions["payment"].book
    book.close()
    book._engine = create_engine("sqlite:////nowhere/shop.sqlite3")
    return book


@pytest.mark.parametrize("trouble", [book_held, book_away])
def test_an_order_book_that_cannot_be_written_stops_before_omise(
    build_shop, monkeypatch, trouble
):
    """A7: nothing is asked of Omise, the cart is kept, and the shop goes on."""
    monkeypatch.setattr(transaction, "PATIENCE", 1)
    shop = build_shop()
    with Shopper(shop) as shopper:
        shopper.adds()
        form = shopper.opens_checkout()
        token = shop.omise.token()
        with closing(trouble(shop)):
            page = shopper.charges(form, omiseToken=token)
            assert page.status_code == 503
            assert page.headers["Retry-After"] == "30"
            assert page.headers["Cache-Control"] == "no-store"
            assert "pressed pay only once, nothing was charged" in page.text
            assert shop.omise.books()["charges"] == 0
            assert "Celadon cup" in shopper.get("/cart").text
            assert shopper.get("/").status_code == 200


@pytest.mark.parametrize("path", ["complete", "again"])
def test_who_comes_back_while_the_book_is_away_is_not_told_to_pay_again(
    build_shop, path
):
    """A7, A9: a bank may send a shopper back by POST, after they have paid there."""
    shop = build_shop()
    shop.omise.control("settings", three_d_secure=True)
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays(follow=False)
        order = shopper.page.headers["Location"].split("/orders/")[1][:36]
        shopper.get(f"/orders/{order}")
        token = shopper.hidden()["csrf_token"]
        with closing(book_away(shop)):
            page = shopper.post(f"/orders/{order}/{path}", {"csrf_token": token})
        assert page.status_code == 503
        assert "nothing was charged" not in page.text
        assert "please do not pay again: your payment is being looked after" in (
            page.text
        )
        assert f'href="/orders/{order}"' in page.text


def test_an_order_book_of_another_shape_is_a_bug_and_said_so(build_shop, caplog):
    """A7: no outage, so nobody is told to come back; still nothing is asked of Omise."""
    shop = build_shop()
    with Shopper(shop) as shopper:
        shopper.adds()
        form = shopper.opens_checkout()
        token = shop.omise.token()
        with shop.engine.begin() as connection:
            connection.execute(text("ALTER TABLE payment_attempts RENAME TO gone"))
        page = shopper.charges(form, omiseToken=token)
        assert page.status_code == 500
        assert "Reference" in page.text
        assert "payment_attempts" not in page.text
        assert "Unexpected error" in caplog.text
        assert shop.omise.books()["charges"] == 0


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


def test_security_txt_says_where_to_write_to(build_app):
    """RFC 9116: who finds a hole need not look for an address."""
    client = build_app(SECURITY_CONTACT="mailto:security@shop.example").test_client()
    page = client.get("/.well-known/security.txt")
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    said = dict(line.split(": ", 1) for line in page.text.splitlines())
    assert said["Contact"] == "mailto:security@shop.example"
    assert said["Canonical"] == "http://localhost:5000/.well-known/security.txt"
    left = datetime.fromisoformat(said["Expires"]) - datetime.now(UTC)
    assert timedelta(days=88) < left < timedelta(days=91)


def test_without_a_contact_there_is_no_security_txt(build_app):
    client = build_app().test_client()
    assert client.get("/.well-known/security.txt").status_code == 404


def test_an_order_book_that_nobody_closes_leaves_no_connection(tmp_path):
    book = transaction.Book(None, f"sqlite:///{tmp_path}/book.sqlite3", tmp_path)
    with closing(book.engine.raw_connection()) as borrowed:
        connection = borrowed.driver_connection
    del book, borrowed
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
