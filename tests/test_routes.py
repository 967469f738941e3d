"""What holds on every route, by the app's own map: no order by guessing, no cache, no stack."""

import re
import uuid

import pytest
from shopper import Shopper

# Styles, scripts and pictures, which are the same for all.
SAME_FOR_ALL = {"static", "store.static", "checkout.static", "store.favicon"}
FILLED_IN = {"<sku>": "celadon-cup", "<path:filename>": "nowhere.css"}


@pytest.fixture(scope="module")
def routes():
    """Give the ways to ask an app, as (endpoint, verb, path) with an order's id filled in."""

    def of(app, order_id):
        for rule in app.url_map.iter_rules():
            path = rule.rule.replace("<uuid:order_id>", order_id)
            for said, here in FILLED_IN.items():
                path = path.replace(said, here)
            for verb in sorted(rule.methods & {"GET", "POST"}):
                yield rule.endpoint, verb, path

    return of


@pytest.fixture
def asks(shopper):
    """Ask as a shopper's browser does, with a form token where something is posted."""
    form = {"csrf_token": shopper.hidden(shopper.get("/").text)["csrf_token"]}

    def ask(verb, path, follow=False):
        if verb == "GET":
            return shopper.get(path, allow_redirects=follow)
        return shopper.post(path, form, allow_redirects=follow)

    return ask


def test_no_route_knows_an_order_by_a_guess(shop, routes, asks):
    """E1: nor by an id that is nearly one."""
    guess = str(uuid.uuid4())
    tried = [one for one in routes(shop.app, guess) if guess in one[2]]
    assert len(tried) >= 9
    for _, verb, path in tried:
        assert asks(verb, path, follow=True).status_code == 404, path
        assert asks(verb, path.replace(guess, guess[:-1])).status_code == 404, path


def test_an_order_s_id_is_122_random_bits(shop, shopper):
    """E1: of version 4, and another each time."""
    ids = set()
    for _ in range(4):
        shopper.adds()
        shopper.pays()
        ids.add(shopper.order_id)
    assert len(ids) == 4
    assert {uuid.UUID(one).version for one in ids} == {4}


def test_no_answer_of_any_route_is_kept_or_told_to_others(shop, shopper, routes, asks):
    """E14: whatever it answers, and for an order that is there."""
    shopper.adds()
    shopper.pays_by("promptpay")
    order = shopper.order_id
    for endpoint, verb, path in routes(shop.app, order):
        headers = asks(verb, path).headers
        kept = headers["Cache-Control"] if endpoint in SAME_FOR_ALL else "no-store"
        assert headers["Cache-Control"] == kept, (verb, path)
        assert headers["Referrer-Policy"] == "same-origin", (verb, path)
        assert headers["X-Content-Type-Options"] == "nosniff", (verb, path)
        assert "default-src 'none'" in headers["Content-Security-Policy"], (verb, path)
        assert "*" not in headers.get("Access-Control-Allow-Origin", ""), (verb, path)


def test_what_breaks_on_any_route_shows_a_reference_and_no_stack(build_shop, routes):
    """E13: another one each time."""

    def broken(**values):
        raise RuntimeError("planted words")

    shop, references, asked = build_shop(), set(), 0
    with Shopper(shop) as shopper:
        form = {"csrf_token": shopper.hidden(shopper.get("/").text)["csrf_token"]}
        for endpoint in shop.app.view_functions:
            shop.app.view_functions[endpoint] = broken
        for _, verb, path in routes(shop.app, str(uuid.uuid4())):
            said = (path,) if verb == "GET" else (path, form)
            page = (shopper.get if verb == "GET" else shopper.post)(*said)
            assert page.status_code == 500, (verb, path)
            assert not re.search("planted|Traceback|RuntimeError", page.text), path
            (reference,) = re.findall("Reference <code>([0-9a-f]{8})</code>", page.text)
            references.add(reference)
            asked += 1
    assert len(references) == asked
