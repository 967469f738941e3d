"""Secrets are rotated while shoppers shop: SECURITY.md says how."""

import base64
import os
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from keyed import Keys, serving
from processes import ROOT, Machine
from rig import Omise, Shop, database_url, eventually, free_port
from shopper import Shopper
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DatabaseError

from app import create_app
from config import Config

OLD_SECRET, NEW_SECRET = (
    base64.b64encode(text).decode()
    for text in (b"the first secret", b"a second secret")
)
PG = os.environ.get("TEST_POSTGRES_URL", "")
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


@pytest.mark.parametrize("fallbacks", ["", OLD])
def test_a_payment_at_the_bank_is_finished_although_the_secret_is_another(
    tmp_path, fallbacks
):
    """D8: with the session or without it; a shopper who kept the old cookie loses no order."""
    said = {"DATABASE_URL": database_url(tmp_path)}
    with Shop(tmp_path / "shop", FLASK_SECRET_KEY=OLD, **said) as shop:
        shop.omise.control("settings", three_d_secure=True)
        with Shopper(shop) as shopper:
            shopper.adds()
            shopper.pays()
            order, kept = shopper.order_id, shopper.http.cookies
    said |= {"FLASK_SECRET_KEY": NEW, "FLASK_SECRET_KEY_FALLBACKS": fallbacks}
    with Shop(tmp_path / "shop", **said) as shop, Shopper(shop) as back:
        back.http.cookies = kept
        shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
        back.get(f"/orders/{order}/complete")
        assert back.state == "paid"
        assert shop.omise.charged(order) == {"successful": (1, 49000)}


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


CREATE = {"method": "POST", "path": "/charges"}


class Rolled(Machine):
    """A shop as production serves it, with its sweep, whose account makes and deletes keys."""

    def __init__(self, folder):
        self.keys, port = Keys(), free_port()
        self.keyed, self._port_of_keys = f"http://localhost:{port}/", port
        settings = self.keys.make("first") | {
            "OMISE_API_BASE": self.keyed,
            "OMISE_JS_URL": f"{self.keyed}omise.js",
            "OMISE_READ_TIMEOUT": "20",
        }
        super().__init__(folder, sweepers=1, **settings)
        self.keys.behind = self.omise.base

    def __enter__(self):
        with ExitStack() as served:
            served.enter_context(serving(self.keys, self._port_of_keys))
            super().__enter__()
            self._door = served.pop_all()
        return self

    def __exit__(self, *_):
        super().__exit__()
        self._door.close()


class Typist(Shopper):
    """Type a card into the page's form, whichever key that has."""

    def types(self):
        """Give the token that Omise.js makes of the card."""
        omise = Omise(self.shop.keyed)
        omise.public_key = re.search('data-key="([^"]+)"', self.page.text)[1]
        return omise.token()

    def presses(self, token, **more):
        """Send the form with the card's token."""
        form = self.hidden()
        form.pop("omiseCustomer", None)
        return self.charges(form, omiseToken=token, **more)


@pytest.fixture
def rolled(tmp_path):
    with Rolled(tmp_path) as shop:
        yield shop


def all_is_paid(shop, count):
    """Tell whether each of so many orders is paid, once, and nothing is left to look at."""
    orders, charges = shop.orders().values(), shop.charges()
    assert not [one["flags"] for one in orders if one["flags"]]
    paid = [one for one in charges if one["status"] == "successful"]
    return len(paid) == count and sum(bool(one["paid_at"]) for one in orders) == count


def test_omise_s_keys_are_rolled_as_told(rolled):
    """Made, set, restarted, deleted: what is open and what is under way is paid all the same."""
    with ExitStack() as entered, ThreadPoolExecutor(2) as pool:
        paying, early, late, waiting = (
            entered.enter_context(Typist(rolled)) for _ in range(4)
        )
        for one in (paying, early, late, waiting):
            one.adds()
        for one in (paying, early, late):
            one.opens_checkout()
        waiting.pays_by("promptpay")
        code = rolled.omise.latest()["id"]
        held = rolled.omise.breaks("hold_after", seconds=60, **CREATE)
        answer = pool.submit(paying.presses, paying.types(), follow=False)
        eventually(lambda: rolled.omise.fault(held)["met"])
        old, new = rolled.settings, rolled.keys.make("second")
        restarted = pool.submit(rolled.restarts_with, **new)
        eventually(lambda: not rolled.is_up())
        rolled.omise.releases(held)
        assert answer.result().status_code == 303
        restarted.result()
        paying.get(answer.result().headers["Location"])
        assert paying.state == "paid"
        # The form is open since before; its key still is one.
        early.presses(early.types())
        assert early.state == "paid"
        rolled.keys.delete("first")
        with pytest.raises(AssertionError, match="authentication_failure"):
            late.types()
        late.opens_checkout()
        late.presses(late.types())
        assert late.state == "paid"
        rolled.omise.control(f"charges/{code}/pay")
        eventually(lambda: all_is_paid(rolled, 4))
    assert rolled.keys.refused == 1
    assert rolled.command("sweep").returncode == 0
    rolled.says(**{key: old[key] for key in new})
    forgotten = rolled.command("sweep")
    assert forgotten.returncode == 1
    assert "Omise refuses OMISE_SECRET_KEY" in forgotten.stderr


def test_keys_that_were_stolen_are_deleted_at_once(rolled):
    """The other way round: nobody can pay for a while, and nothing is lost."""
    with Typist(rolled) as paying, Typist(rolled) as waiting:
        for one in (paying, waiting):
            one.adds()
        paying.opens_checkout()
        token = paying.types()
        waiting.pays_by("promptpay")
        code = rolled.omise.latest()["id"]
        new = rolled.keys.make("second")
        rolled.keys.delete("first")
        rolled.omise.control(f"charges/{code}/pay")
        paying.presses(token)
        order = paying.order_id
        assert "We cannot take payments just now" in paying.page.text
        waiting.get(f"/orders/{waiting.order_id}/complete")
        assert waiting.state == "waiting"
        assert not rolled.orders()[waiting.order_id]["paid_at"]
        assert len(rolled.charges()) == 1
        rolled.restarts_with(**new)
        paying.opens_order(order, "/pay")
        paying.presses(paying.types())
        assert (paying.order_id, paying.state) == (order, "paid")
        eventually(lambda: all_is_paid(rolled, 2))


def told(role):
    """Read the two blocks of SQL that SECURITY.md has for a new password, for such a role."""
    page = (ROOT / "SECURITY.md").read_text()
    blocks = re.findall(r"```sql\n(.+?)```", page, re.DOTALL)
    return [
        [line.strip() for line in re.sub(r"\bshop(?=\b|_)", role, block).splitlines()]
        for block in blocks
    ]


@pytest.fixture
def cluster():
    """Reach the cluster as its administrator does; gives a role for a while, and its database."""
    url = make_url(re.sub("^postgres(ql)?:", "postgresql+psycopg:", PG))
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    role = f"rotated_{uuid.uuid4().hex}"
    own = url.set(username=role, password="old", database=role)
    with engine.connect() as boss:
        boss.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'old'"))
        boss.execute(text(f"CREATE DATABASE {role} OWNER {role}"))
        yield boss, role, own.render_as_string(hide_password=False)
        boss.execute(text(f"DROP DATABASE {role} WITH (FORCE)"))
        boss.execute(text(f"DROP ROLE IF EXISTS {role}_2"))
        boss.execute(text(f"DROP ROLE {role}"))
    engine.dispose()


def logged_in(boss, role):
    counted = text("SELECT count(*) FROM pg_stat_activity WHERE usename = :role")
    return boss.execute(counted, {"role": role}).scalar()


def acts_as(url):
    """Tell whose the tables would be that somebody makes who logs in by this address."""
    engine = create_engine(url)
    with engine.connect() as connection:
        who = connection.execute(text("SELECT current_user")).scalar()
    engine.dispose()
    return who


@pytest.mark.skipif(not PG, reason="only PostgreSQL knows passwords")
def test_the_order_book_s_password_is_changed_as_told(tmp_path, cluster):
    """Who owns the tables stays; who logs in is another; what waits is paid."""
    boss, role, url = cluster
    before, after = told(role)
    with Machine(tmp_path, url) as shop, Shopper(shop) as early, Shopper(shop) as late:
        early.adds()
        early.pays_by("promptpay")
        code = shop.omise.latest()["id"]
        late.adds()
        late.opens_checkout()
        for line in before:
            boss.execute(text(line))
        new = url.replace(f"{role}:old", f"{role}_2:new")
        shop.restarts_with(DATABASE_URL=new)
        for line in after:
            boss.execute(text(line))
        late.pays()
        assert late.state == "paid"
        shop.omise.control(f"charges/{code}/pay")
        assert (
            shop.command("upgrade").returncode == shop.command("sweep").returncode == 0
        )
        early.opens_order(early.order_id)
        assert early.state == "paid"
        shop.says(DATABASE_URL=url)
        assert "not permitted to log in" in shop.command("list").stderr
        assert logged_in(boss, f"{role}_2")
        assert not logged_in(boss, role)
        assert acts_as(new) == role
        with pytest.raises(DatabaseError, match="depend on it"):
            boss.execute(text(f"DROP ROLE {role}"))
