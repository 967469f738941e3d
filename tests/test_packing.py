"""Pages are compressed where nothing in them can be a stranger's."""

import re

import pytest
from flask import Flask
from shopper import Shopper

import packing

STRANGE = "canaryofastranger"
# What another site can have a shopper's browser send, or somebody on the way could.
HEADERS = {
    "Referer": f"https://{STRANGE}.example/{STRANGE}",
    "User-Agent": STRANGE,
    "Accept": f"text/html, text/{STRANGE}",
    "Accept-Language": f"en, {STRANGE}",
    "Origin": f"https://{STRANGE}.example",
    "X-Forwarded-For": STRANGE,
    "X-Forwarded-Host": f"{STRANGE}.example",
}


@pytest.fixture
def seen(served):
    """Look at pages of every kind as a browser that takes gzip and brings a stranger's words."""
    with Shopper(served) as shopper:
        shopper.adds()
        paths = ["/", "/cart", "/checkout"]
        for rule in served.app.url_map.iter_rules():
            if "GET" in rule.methods and not rule.arguments:
                paths.append(rule.rule)
        shopper.pays("4111111111140011")
        order = f"/orders/{shopper.order_id}"
        shopper.adds()
        paths += [order, f"{order}/pay", f"/{STRANGE}", f"/orders/{STRANGE}"]
        paths += [f"/?{STRANGE}", f"/cart?a={STRANGE}", f"/checkout?{STRANGE}"]
        shopper.http.cookies.set(STRANGE, STRANGE)
        return {
            path: shopper.get(path, headers=HEADERS, allow_redirects=False)
            for path in dict.fromkeys(paths)
        }


def is_packed(page):
    return page.headers.get("Content-Encoding") == "gzip"


def test_nothing_of_a_stranger_is_in_what_is_compressed(seen):
    """BREACH: words of an attacker's beside a secret tell of it by their length."""
    packed = {path: page for path, page in seen.items() if is_packed(page)}
    assert {"/", "/cart", "/checkout"} <= set(packed)
    assert any(path.endswith("/pay") for path in packed)
    for path, page in packed.items():
        assert STRANGE not in page.text, path


def test_what_is_compressed_says_so(seen):
    for path in ("/", "/cart", "/checkout"):
        headers = seen[path].headers
        assert "Accept-Encoding" in headers["Vary"]
        assert int(headers["Content-Length"]) < len(seen[path].content) / 2


def test_who_takes_no_gzip_gets_none(served):
    with Shopper(served) as shopper:
        for takes in ("identity", "gzip;q=0", "br"):
            page = shopper.get("/", headers={"Accept-Encoding": takes})
            assert not is_packed(page)
            assert "Accept-Encoding" in page.headers["Vary"]
            assert "</html>" in page.text


@pytest.mark.parametrize(
    ("asked", "view"),
    [
        ({"query_string": "a"}, lambda: "x" * 5000),
        ({"method": "POST"}, lambda: "x" * 5000),
        ({}, lambda: ("x" * 5000, 404)),
        ({}, lambda: "x" * 1000),
        ({}, lambda: {"x": "x" * 5000}),
        ({}, lambda: ("x" * 5000, {"Content-Encoding": "br"})),
    ],
)
def test_what_may_hold_a_stranger_s_words_or_gains_nothing_is_left_as_it_is(
    asked, view
):
    app = Flask("shop")
    packing.init_app(app)
    app.add_url_rule("/", "page", view, methods=["GET", "POST"])
    page = app.test_client().open("/", headers={"Accept-Encoding": "gzip"}, **asked)
    assert page.headers.get("Content-Encoding") != "gzip"
    assert re.search("x{1000}", page.text)
