"""What MDN's HTTP Observatory would say of the shop's pages over https, by its rules.

The rules and figures are those of its page "Tests and scoring", written down by hand: nobody has
asked the service itself, which needs a shop that it can reach. Where two readings are possible,
the stricter one counts: a style attribute that is allowed counts as an unsafe policy, and what
Cross-Origin-Resource-Policy earns is left out.
"""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from rig import database_url

import payment
from app import create_app
from config import Config

HOME = "https://shop.example"
HALF_A_YEAR = 15_768_000
# From so many points on, what is better than needed counts, too.
BONUS_FROM = 90


class Scripts(HTMLParser):
    """Find the scripts of a page: (address, whether it has a hash)."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        """Keep one script."""
        if tag == "script":
            said = dict(attributes)
            self.found.append((said.get("src"), "integrity" in said))


def policy(headers):
    """Read the content security policy as {directive: sources}."""
    parts = headers.get("Content-Security-Policy", "").split(";")
    return {part.split()[0]: part.split()[1:] for part in parts if part.strip()}


def of_policy(headers):
    """Score the content security policy."""
    rules = policy(headers)
    if not rules:
        return -25
    default = rules.get("default-src", ["*"])
    scripts, styles = (
        rules.get(f"{kind}-src", default) for kind in ("script", "style")
    )
    wide = {"*", "https:", "http:", "data:", "'unsafe-inline'"}
    if wide & set(scripts) or wide & set(rules.get("object-src", default)):
        return -20
    if "'unsafe-eval'" in [*scripts, *styles]:
        return -10
    if any(
        "'unsafe-inline'" in rules.get(one, [])
        for one in ("style-src", "style-src-attr")
    ):
        return 0
    return 10 if default == ["'none'"] else 5


def of_cookies(headers):
    """Score the session's cookie."""
    cookies = headers.getlist("Set-Cookie")
    if not cookies:
        return 0
    for cookie in cookies:
        if "; Secure" not in cookie:
            return -40 if "session" in cookie else -20
        if "; HttpOnly" not in cookie:
            return -30
    return 5 if all("; SameSite=" in cookie for cookie in cookies) else 0


def of_sharing(headers):
    """Score what other origins may read."""
    return -50 if headers.get("Access-Control-Allow-Origin") == "*" else 0


def of_transport(headers):
    """Score Strict-Transport-Security."""
    said = headers.get("Strict-Transport-Security", "")
    age = re.search(r"max-age=(\d+)", said)
    if not age:
        return -20
    return 0 if int(age[1]) >= HALF_A_YEAR else -10


def of_referrers(headers):
    """Score Referrer-Policy."""
    private = (
        "no-referrer",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
    )
    said = headers.get("Referrer-Policy")
    return 5 if said in private else -5 if said else 0


def of_frames(headers):
    """Score who may frame the page."""
    if policy(headers).get("frame-ancestors") == ["'none'"]:
        return 5
    return 5 if headers.get("X-Frame-Options") in ("DENY", "SAMEORIGIN") else -20


def of_types(headers):
    """Score X-Content-Type-Options."""
    return 0 if headers.get("X-Content-Type-Options") == "nosniff" else -5


def of_scripts(html):
    """Score where scripts come from, and whether their contents are held by a hash."""
    found = [
        (urlsplit(urljoin(HOME, src)), held) for src, held in Scripts(html).found if src
    ]
    if any(address.scheme != "https" for address, _ in found):
        return -50
    foreign = [
        held for address, held in found if address.netloc != urlsplit(HOME).netloc
    ]
    if foreign:
        return 5 if all(foreign) else -5
    return 0


def score(headers, html):
    """Add it all up, as the Observatory does."""
    parts = [
        of_scripts(html),
        *(
            rule(headers)
            for rule in (
                of_policy,
                of_cookies,
                of_sharing,
                of_transport,
                of_referrers,
                of_frames,
                of_types,
            )
        ),
    ]
    least = 100 + sum(part for part in parts if part < 0)
    better = sum(part for part in parts if part > 0)
    return max(0, least + better if least >= BONUS_FROM else least)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Visit the shop as it is in production, but for an Omise that cannot be reached."""
    said = {
        "OMISE_SECRET_KEY": "skey_test_5xyz",
        "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
        "FLASK_SECRET_KEY": "long",
        "PREFERRED_URL_SCHEME": "https",
        "SERVER_NAME": "shop.example",
        "OMISE_API_BASE": "http://127.0.0.1:9/",
        "OMISE_VAULT_BASE": "https://vault.omise.co/",
        "OMISE_JS_URL": "https://cdn.omise.co/omise.js",
        "WTF_CSRF_ENABLED": False,
        "DATABASE_URL": database_url(tmp_path_factory.mktemp("observed")),
    }
    app = create_app(type("HttpsConfig", (Config,), said))
    client = app.test_client()

    def get(path):
        return client.get(path, base_url=HOME)

    seen = {"shelf": get("/"), "nowhere": get("/nowhere")}
    client.post("/add", base_url=HOME, data={"sku": "celadon-cup"})
    seen |= {"basket": get("/cart"), "checkout": get("/checkout")}
    form = dict(
        re.findall(r'name="(order|cart|form)" value="([^"]+)"', seen["checkout"].text)
    )
    paying = form | {"omiseToken": "tokn_test_5xyz"}
    client.post("/charge", base_url=HOME, data=paying)
    client = app.test_client()  # as the Observatory does, without a cookie
    seen["pay"] = get(f"/orders/{form['order']}/pay")
    client = app.test_client()
    seen["order"] = get(f"/orders/{form['order']}")
    yield seen
    payment.close(app)


@pytest.mark.parametrize(
    ("page", "least"),
    [
        ("shelf", 120),
        ("nowhere", 120),
        ("basket", 120),
        ("order", 115),
        ("checkout", 110),
        ("pay", 110),
    ],
)
def test_every_page_earns_an_a_plus(pages, page, least):
    """E11, E14: 100 points are an A+."""
    seen = pages[page]
    assert seen.status_code == (404 if page == "nowhere" else 200)
    assert score(seen.headers, seen.text) >= least


@pytest.mark.parametrize(
    ("header", "worth"),
    [
        ("Content-Security-Policy", 35),
        ("Strict-Transport-Security", 20),
        ("Referrer-Policy", 5),
        ("X-Content-Type-Options", 5),
    ],
)
def test_a_page_without_one_of_the_headers_loses_by_it(pages, header, worth):
    seen = pages["shelf"]
    headers = seen.headers.copy()
    del headers[header]
    assert score(headers, seen.text) <= score(seen.headers, seen.text) - worth


@pytest.mark.parametrize("page", ["shelf", "order", "checkout"])
def test_breaches_are_reported_in_both_ways(pages, page):
    """E24: what the policy names, the other header has an address for."""
    rules = policy(pages[page].headers)
    assert (rules["report-uri"], rules["report-to"]) == (["/reports"], ["policy"])
    assert pages[page].headers["Reporting-Endpoints"] == 'policy="/reports"'


def test_the_genuine_script_is_allowed_by_its_path_alone(pages):
    """E24: PCI DSS 6.4.3 asks for a list of the scripts on the payment page: these two."""
    for page in ("checkout", "pay"):
        sources = policy(pages[page].headers)["script-src"]
        assert sources == ["'self'", "https://cdn.omise.co/omise.js"]
        scripts = [src for src, _ in Scripts(pages[page].text).found]
        assert [one.partition("?")[0] for one in scripts] == [
            "https://cdn.omise.co/omise.js",
            "/payment/payment.js",
        ]
