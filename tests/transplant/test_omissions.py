"""F8: what a host forgets is one sentence at the start, and never waits for whoever pays."""

from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace

import click
import pytest
from flask import Blueprint, Flask
from flask_sqlalchemy import SQLAlchemy
from hosts import Bare
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from werkzeug.routing import UnicodeConverter

import payment
from payment import address
from payment.cart import CartRefused
from payment.checkout import checkout
from webhook.webhook import webhook

BLOCKS = "{% block title %}{% endblock %}{% block head %}{% endblock %}"
NOBODY = "00000000-0000-4000-8000-000000000000"
LAYOUT = BLOCKS + "{% block content %}{% endblock %}"


@dataclass
class Line:
    sku: str = "mug"
    name: str = "A mug"
    quantity: int = 1
    amount: int = 25000


class Cart:
    currency = "THB"
    holds = (Line(),)
    comes_to = 25000

    def lines(self):
        return list(self.holds)

    def total(self):
        return self.comes_to

    def empty(self):
        pass


def cart(**parts):
    return type("Cart", (Cart,), parts)


class Lacking:
    currency = "THB"

    def lines(self):
        return []


class Asking(Cart):
    def __init__(self, user):
        self.user = user


class Host:
    """A small host, in a folder of its own; what is given wrong is what it forgot."""

    def __init__(self, folder):
        self.folder = folder
        self.writes("layout.html", LAYOUT)

    def writes(self, name, text):
        """Write a template of the host's."""
        path = self.folder / "templates" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def makes(self, **settings):
        """Make the app, with payments not joined yet."""
        app = Flask("host", root_path=self.folder, instance_path=self.folder / "own")
        app.config["TESTING"] = True
        app.config["WTF_CSRF_ENABLED"] = False
        said = {
            "SECRET_KEY": "a long random text",
            "SERVER_NAME": "shop.example",
            "OMISE_SECRET_KEY": "skey_test_5own",
            "OMISE_PUBLIC_KEY": "pkey_test_5own",
        } | settings
        app.config.update(
            {key: value for key, value in said.items() if value is not None}
        )
        return app

    def starts(self, cart=Cart, database=None, **settings):
        """Start as a host does."""
        app = self.makes(**settings)
        payment.init_app(app, cart=cart, database=database)
        app.register_blueprint(checkout)
        app.register_blueprint(webhook)
        return app


@pytest.fixture
def host(tmp_path):
    """Give a host that has forgotten nothing yet."""
    return Host(tmp_path)


def refused(start, *words):
    """Say that a start ends in one sentence that holds these words."""
    with pytest.raises(click.ClickException) as refusal:
        start()
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    for word in words:
        assert word in sentence
    return sentence


def test_a_host_that_forgets_nothing_starts(host):
    app = host.starts()
    assert "Pay THB" in app.test_client().get("/checkout").text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY must be set"),
        ({"SERVER_NAME": None}, "SERVER_NAME must be set"),
        ({"SERVER_NAME": "http://shop.example"}, "SERVER_NAME must be a host name"),
        ({"SERVER_NAME": "shop.example/till"}, "SERVER_NAME must be a host name"),
        ({"PREFERRED_URL_SCHEME": "ftp"}, "PREFERRED_URL_SCHEME must be http or https"),
        ({"OMISE_SECRET_KEY": None}, "OMISE_SECRET_KEY is not set: set it to"),
        ({"OMISE_PUBLIC_KEY": None}, "OMISE_PUBLIC_KEY is not set: set it to"),
        ({"OMISE_SECRET_KEY": "pkey_test_5own"}, "OMISE_SECRET_KEY must be a key that"),
        ({"OMISE_PUBLIC_KEY": "skey_test_5own"}, "OMISE_PUBLIC_KEY must be a key that"),
        ({"OMISE_PUBLIC_KEY": "pkey_5own"}, "must be both test or both live"),
        ({"OMISE_WEBHOOK_SECRET": "?"}, "OMISE_WEBHOOK_SECRET must be the text that"),
        ({"DATABASE_URL": "a book"}, "DATABASE_URL must be like sqlite:"),
        ({"PAYMENT_PAGE_POLICY": "default-src"}, "PAYMENT_PAGE_POLICY must be a dict"),
        ({"PAYMENT_CHALLENGE": "captcha"}, "PAYMENT_CHALLENGE must be a callable"),
        ({"PAYMENT_LAYOUT": "base.html"}, "there is no template 'base.html'"),
        ({"PAYMENT_HOME_ENDPOINT": "shop.front"}, "PAYMENT_HOME_ENDPOINT is 'shop"),
    ],
)
def test_a_setting_that_is_forgotten_or_odd(host, said, words):
    refused(lambda: host.starts(**said), words)


def test_live_keys_with_a_secret_that_can_be_guessed(host):
    """E20: who signs a session of another's charges that one's saved card."""
    live = {
        "OMISE_SECRET_KEY": "skey_5own",
        "OMISE_PUBLIC_KEY": "pkey_5own",
        "OMISE_WEBHOOK_SECRET": "Zm91ciBhbmQgdHdlbnR5IGJ5dGVzIQ==",
        "PREFERRED_URL_SCHEME": "https",
    }
    refused(lambda: host.starts(**live), "SECRET_KEY (FLASK_SECRET_KEY) must be long")
    good = "0123456789abcdef" * 2
    host.starts(**live | {"SECRET_KEY": good.encode()})
    old = {"SECRET_KEY": good, "SECRET_KEY_FALLBACKS": ["first"]}
    refused(lambda: host.starts(**live | old), "SECRET_KEY_FALLBACKS (FLASK_SECRET")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            Lacking,
            "The cart Lacking that payment.init_app was given lacks total, empty",
        ),
        (Asking, "must be a class that is made without arguments"),
        (Cart(), "must be a class that is made without arguments"),
        (cart(total=25000), "must have total as a method"),
        (cart(currency=lambda self: "THB"), "must have currency as an attribute"),
    ],
    ids=["lacks methods", "asks for more", "not a class", "no method", "no attribute"],
)
def test_a_cart_that_lacks_something(host, given, words):
    refused(lambda: host.starts(cart=given), words, "payment/cart.py says")


def test_a_blueprint_that_comes_before_init_app(host):
    app = host.makes()
    for early in (checkout, webhook):
        refused(
            lambda early=early: app.register_blueprint(early),
            "Call payment.init_app(app, cart=...) before app.register_blueprint",
        )


def test_a_layout_without_room_for_payments_pages(host):
    host.writes("layout.html", BLOCKS + "{% block body %}{% endblock %}")
    refused(host.starts, "'layout.html' lacks the block content")


def test_a_layout_that_extends_what_is_not_there(host):
    host.writes("layout.html", '{% extends "frame.html" %}')
    refused(host.starts, "there is no template 'frame.html'")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{% block content %}", "line 2: Unexpected end of template"),
        ("{% if %}{% endif %}", "line 2: Expected an expression"),
        ("{% endblock %}", "line 2: Encountered unknown tag 'endblock'"),
        ("{{ 'Shop }}", "line 2: unexpected char"),
    ],
)
def test_a_layout_that_jinja_cannot_read(host, written, words):
    host.writes("layout.html", f"{LAYOUT}\n{written}")
    refused(host.starts, "'layout.html' cannot be read by Jinja (layout.html, ", words)
    host.writes("layout.html", '{% extends "frame.html" %}')
    host.writes("frame.html", f"{LAYOUT}\n{written}")
    refused(host.starts, "'layout.html' cannot be read by Jinja (frame.html, ", words)


def test_a_layout_may_have_its_blocks_from_what_it_extends(host):
    host.writes("frame.html", BLOCKS + "{% block page %}{% endblock %}")
    host.writes(
        "layout.html",
        '{% extends "frame.html" %}{% block page %}{% block content %}{% endblock %}{% endblock %}',
    )
    assert "Pay THB" in host.starts().test_client().get("/checkout").text


@pytest.mark.parametrize(
    "layout",
    ["{% extends chosen %}", "{% trans %}Shop{% endtrans %}"],
    ids=["which one is not known yet", "an extension that comes later"],
)
def test_a_layout_that_cannot_be_judged_yet_is_let_be(host, layout):
    host.writes("layout.html", layout)
    host.starts()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda folder: SQLAlchemy(), "call db.init_app(app) before it"),
        (lambda folder: "sqlite:///shop.sqlite3", "an address belongs in DATABASE_URL"),
        (
            lambda folder: create_engine(
                "mysql+pymysql://", module=SimpleNamespace(paramstyle="format")
            ),
            "SQLite or PostgreSQL, not in mysql",
        ),
        (
            lambda folder: create_engine(
                f"sqlite:///{folder / 'own.sqlite3'}", poolclass=NullPool
            ),
            "run `flask payment upgrade` once",
        ),
        (
            lambda folder: create_engine(
                f"sqlite:///{folder / 'no' / 'own.sqlite3'}", poolclass=NullPool
            ),
            "cannot be reached (unable to open database file)",
        ),
    ],
    ids=["unknown db", "an address", "mysql", "not upgraded", "not there"],
)
def test_a_database_that_cannot_hold_the_book(host, given, words):
    refused(lambda: host.starts(database=given(host.folder)), words)


def test_a_book_of_its_own_url_that_is_not_upgraded(host):
    url = f"sqlite:///{host.folder / 'own.sqlite3'}"
    refused(lambda: host.starts(DATABASE_URL=url), "run `flask payment upgrade` once")


def told(host, cart, words):
    """Say in which words a cart is refused when it is read."""
    client = host.starts(cart=cart).test_client()
    with pytest.raises(CartRefused, match=words) as refusal:
        client.get("/checkout")
    return str(refusal.value)


WRONG_SUMS = [Decimal("250.00"), 250.0, "25000", True, -1, None]


@pytest.mark.parametrize("sum_", WRONG_SUMS, ids=repr)
def test_a_sum_that_is_no_whole_number_is_refused_in_words(host, sum_):
    """A12: before anything is ordered, and naming the unit."""
    for each in (
        cart(comes_to=sum_),
        cart(holds=(replace(Line(), amount=sum_),)),
    ):
        told(host, each, "whole number of the smallest unit")


@pytest.mark.parametrize("count", [*WRONG_SUMS, 0, 10**30], ids=repr)
def test_a_quantity_that_counts_nothing_is_refused_in_words(host, count):
    """A12: and nothing is said of units of money."""
    odd = cart(holds=(replace(Line(), quantity=count),))
    said = told(host, odd, "quantity of a line of the cart must be a whole number of 1")
    assert "smallest unit" not in said


def test_a_sum_beyond_the_order_book_is_refused_in_words(host):
    for each in (
        cart(comes_to=10**30),
        cart(holds=(replace(Line(), amount=2**63),)),
    ):
        told(host, each, "is more than the order book can hold")


@pytest.mark.parametrize("lines", [None, 3], ids=repr)
def test_lines_that_are_no_list_are_refused_in_words(host, lines):
    odd = cart(lines=lambda self: lines)
    told(host, odd, r"lines\(\) must return a list")


@pytest.mark.parametrize("part", ["sku", "name"])
def test_a_line_without_a_name_is_refused_in_words(host, part):
    odd = cart(holds=(replace(Line(), **{part: None}),))
    told(host, odd, f"must have a text as its {part}")


def test_lines_that_are_no_objects_are_refused_in_words(host):
    odd = cart(holds=({"sku": "mug", "name": "A mug", "quantity": 1, "amount": 1},))
    client = host.starts(cart=odd).test_client()
    with pytest.raises(CartRefused, match="sku, name, quantity, amount as attributes"):
        client.get("/checkout")


@pytest.mark.parametrize("currency", ["thb", "XYZ", None])
def test_a_currency_that_omise_does_not_take_is_refused_in_words(host, currency):
    client = host.starts(cart=cart(currency=currency)).test_client()
    with pytest.raises(CartRefused, match="must be one of THB, JPY, SGD, MYR"):
        client.get("/checkout")


def test_it_takes_another_name_and_a_place_inside_another_blueprint(host):
    """Links within, links from the host's pages, and the bank's way back."""
    app, till = host.makes(WTF_CSRF_ENABLED=True), Blueprint("till", "till")
    payment.init_app(app, cart=Cart)
    till.register_blueprint(checkout, name="desk", url_prefix="/desk")
    app.register_blueprint(till, url_prefix="/till")
    page = app.test_client().get("/till/desk/checkout")
    assert 'action="/till/desk/charge"' in page.text
    assert "no-store" in page.headers["Cache-Control"]
    nobody = f"/till/desk/orders/{NOBODY}/"
    assert app.test_client().post(f"{nobody}again").status_code == 400
    assert app.test_client().post(f"{nobody}complete").status_code == 404
    with app.test_request_context():
        assert address.order_page(NOBODY) == f"/till/desk/orders/{NOBODY}"


def stranger(**parts):
    return "a page of the host's"


TAKEN = [
    ("/orders/<id>", {}, "checkout.show", "GET /orders/<uuid:order_id>"),
    ("/charge", {"methods": ["POST"]}, "checkout.charge", "POST /charge"),
    ("/checkout", {}, "checkout.check_out", "GET /checkout"),
    ("/orders/<id>/<step>", {}, "checkout.", "/orders/<uuid:order_id>/"),
    ("/payment/<path:page>", {}, "checkout.static", "GET /payment/<path:filename>"),
    ("/<path:page>", {"methods": ["POST"]}, None, None),
    ("/orders/<int:id>", {}, None, None),
    ("/charge", {"methods": ["GET"]}, "checkout.lead_back", "GET /charge"),
    ("/orders", {}, "checkout.orders", "GET /orders"),
    ("/webhook", {"methods": ["POST"]}, "webhook.receive", "POST /webhook"),
]


@pytest.mark.parametrize(("rule", "options", "ours", "address"), TAKEN)
def test_a_route_of_the_host_s_at_an_address_of_payment_s(
    host, rule, options, ours, address
):
    """A shopper who has paid never sees a foreign page."""
    app = host.makes()
    app.add_url_rule(rule, "host.order", stranger, **options)
    payment.init_app(app, cart=Cart)

    def join(prefix=None):
        app.register_blueprint(checkout, url_prefix=prefix)
        app.register_blueprint(webhook, url_prefix=prefix)

    if ours is None:
        join()
        assert app.test_client().get("/checkout").status_code == 200
        return
    said = refused(join, ours, address, "answered by host.order", "a `url_prefix`")
    assert f"give {ours.split('.')[0]} a `url_prefix`" in said


def test_a_url_prefix_is_the_way_out(host):
    app = host.makes()
    app.add_url_rule("/orders/<id>", "host.order", stranger)
    app.add_url_rule("/webhook", "host.hook", stranger, methods=["POST"])
    payment.init_app(app, cart=Cart)
    app.register_blueprint(checkout, url_prefix="/<lang>/till")
    app.register_blueprint(webhook, url_prefix="/till")
    client = app.test_client()
    assert client.get(f"/orders/{NOBODY}").text == stranger()
    assert client.post("/till/webhook").status_code == 503


class Slug(UnicodeConverter):
    """What some hosts have of their own, and put before other converters."""

    weight = 10


def test_a_route_that_comes_later_is_found_at_the_first_request(host):
    app = host.starts()
    app.url_map.converters["slug"] = Slug
    app.add_url_rule("/orders/<slug:id>", "host.order", stranger)
    for _ in range(2):
        with pytest.raises(click.ClickException, match="answered by host.order"):
            app.test_client().get("/")


@pytest.mark.parametrize("where", [{"host": "api.example"}, {"subdomain": "api"}])
def test_the_routes_of_another_name_are_in_nobody_s_way(host, where):
    app = host.makes()
    app.url_map.host_matching = "host" in where
    app.add_url_rule("/orders/<id>", "host.order", stranger, **where)
    payment.init_app(app, cart=Cart)
    app.register_blueprint(checkout)


@pytest.mark.parametrize("command", [("flask", "run"), ("flask", "payment", "list")])
def test_who_starts_a_copy_reads_one_line(tmp_path, command):
    """F4: exit code 1 and no traceback, for the server and for commands."""
    host = Bare(tmp_path)
    (tmp_path / "templates" / "layout.html").unlink()
    ended = host.python("-m", *command)
    assert ended.returncode == 1
    assert ended.stdout.count("\n") == 1
    assert ended.stdout.startswith("Error: PAYMENT_LAYOUT is 'layout.html', and there")
