"""A shop and its Omise for thousands of short lives: all in this process but the line between.

Pages, tokens, events and switches go straight into the two applications; only what the shop asks
of Omise travels over a socket, so that the fault plan can break it.
"""

import json
import re
import sqlite3
import time
from collections import Counter
from contextlib import closing, contextmanager, suppress

from fault_rig import charges_at_omise, empty
from rig import free_port
from shopper import Shopper
from sqlalchemy import event, select
from test_signature import signed

import sandbox
from payment.gateway.errors import GatewayError
from payment.operations import refunds, sweep
from payment.orders import ledger
from payment.orders.models import Attempt, Base, Flag, Order, Refund, utcnow
from payment.orders.transaction import OrdersUnavailable
from webhook import webhook

CREATE = {"method": "POST", "path": "/charges"}
FIND = {"method": "GET", "path": r"/charges/chrg_test_\w+"}
LIST = {"method": "GET", "path": "/charges"}
TOKEN = {"method": "GET", "path": r"/(tokens|sources)/(tokn|src)_test_\w+"}
REFUND = {"method": "POST", "path": r"/charges/chrg_test_\w+/refunds"}
REFUNDS = {"method": "GET", "path": r"/charges/chrg_test_\w+/refunds"}
NEWS = {"method": "GET", "path": "/(events|refunds|disputes)"}
VERSIONS = ("2019-05-29", "2017-11-02")


class AtOnce:
    """Settle a webhook before its answer, so that one seed always means one course of events."""

    def submit(self, act, *args):
        """Do it now."""
        act(*args)


class Clock:
    """Let the order book's own clock go on, as the sandbox's can."""

    # How far it is ahead is written in as a statement leaves, so that none is compiled twice.
    _AHEAD = "<ahead>"
    _SQL = {
        "sqlite": f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '+{_AHEAD} seconds')",
        "postgresql": f"timezone('utc', clock_timestamp() + interval '{_AHEAD} seconds')",
    }

    def __init__(self, engine, monkeypatch):
        self._ahead, self._engine = 0, engine
        spoken = utcnow._compiler_dispatcher.specs
        for dialect, sql in self._SQL.items():
            monkeypatch.setitem(spoken, dialect, lambda *_, sql=sql, **__: sql)
        self._forget_statements()
        event.listen(engine, "before_cursor_execute", self._tell, retval=True)

    def stop(self):
        """Leave no statement behind that this clock has a part in."""
        event.remove(self._engine, "before_cursor_execute", self._tell)
        self._forget_statements()

    def _forget_statements(self):
        self._engine.clear_compiled_cache()
        for mapper in Base.registry.mappers:
            mapper._compiled_cache.clear()

    def _tell(self, connection, cursor, statement, parameters, context, executemany):
        return statement.replace(self._AHEAD, str(self._ahead)), parameters

    def set(self, seconds):
        """Go so many seconds before every other clock."""
        self._ahead = seconds


class Visitor(Shopper):
    """Shop without a socket, and know what was wished for.

    `wished` counts the goods that this shopper ever asked for; each may be paid for once.
    """

    def __init__(self, world, number):
        self.world, self.number, self.current, self.page = world, number, None, None
        self.client = world.shop.app.test_client()
        self.wished = Counter()
        # No answer came to the last form: the browser knows what it knew before.
        self.unheard = False

    def get(self, path, **_):
        """Look at a page of the shop."""
        return self._open("GET", path)

    def post(self, path, data, **_):
        """Post a form of the shop."""
        return self._open("POST", path, data=data)

    def adds(self, name, sku):
        """Put something in the cart, which is a wish to have it."""
        self.wished[name] += 1
        return self.post("/add", {"sku": sku, "quantity": 1})

    def finds(self, path):
        """Tell whether a page has a payment form; else look at where it leads instead."""
        page = self.get(path)
        if page.location:
            self.get(page.location)
        return not page.location and page.status_code == 200

    def goods(self):
        """Read what the page that one is at would sell: {name: how many}."""
        rows = re.findall(r'>([^<>]+) <span class="times">× (\d+)', self.page.text)
        return Counter({name: int(quantity) for name, quantity in rows})

    def _open(self, method, path, **more):
        self.page = self.client.open(path, method=method, buffered=True, **more)
        assert self.page.status_code < 500 or self.world.book_fails, self.page.text
        return self.page


class World:
    """Hold one served shop, and let everything go wrong between it and its Omise."""

    def __init__(self, shop, monkeypatch):
        self.shop, self.book_fails = shop, False
        self._omise = shop.app.test_client()
        self._base = shop.app.config["OMISE_API_BASE"]
        self._nowhere = f"http://127.0.0.1:{free_port()}/"
        self._honest = ledger.record
        imitation = shop.app.extensions["sandbox"]
        self._postman = imitation.extensions["sandbox_postman"]
        self.clocks = Clock(shop.engine, monkeypatch)
        monkeypatch.setattr(ledger, "record", self._record)
        monkeypatch.setattr(sweep, "RATE", 100_000)
        monkeypatch.setattr(webhook, "_workers", AtOnce())
        monkeypatch.setitem(shop.app.config, "WTF_CSRF_ENABLED", False)
        monkeypatch.setitem(shop.app.config, "OMISE_API_BASE", self._base)
        monkeypatch.setitem(shop.app.config, "OMISE_VAULT_BASE", self._base)
        monkeypatch.setitem(shop.app.config, "OMISE_API_VERSION", VERSIONS[0])

    def begin(self):
        """Empty all books and mend all that was broken."""
        self.control("reset")
        quiet = {"webhook_uri": None, "three_d_secure": False, "clock_offset": 0}
        self.control("settings", **quiet)
        self._three_d_secure, self._offset = False, 0
        self.clocks.set(0)
        self.speaks(VERSIONS[0])
        self.comes_up()
        empty(self.shop)

    def _record(self, charge, by, asked=None):
        if self.book_fails:
            raise OrdersUnavailable("asked for")
        return self._honest(charge, by, asked)

    def control(self, path, /, *, verb="POST", **values):
        """Steer the sandbox."""
        return self._ask(verb, f"control/{path}", **values)

    def _ask(self, verb, path, key=None, /, **values):
        url, auth = f"/sandbox/{path}", (key, "") if key else None
        answer = self._omise.open(
            url, method=verb, json=values, auth=auth, buffered=True
        )
        assert answer.status_code == 200, answer.text
        return answer.json

    @contextmanager
    def broken(self, rule=None, book_fails=False):
        """Let this fault strike while the body goes on, and let no result be written down."""
        self.book_fails = book_fails
        if rule:
            self.control("faults", **rule)
        try:
            yield
        finally:
            self.book_fails = False
            if rule:
                self.control("faults", verb="DELETE")

    @contextmanager
    def outrun(self, order_id):
        """Let the shop hear of a charge before it has the answer to its own request."""
        self._postman.rest()
        self.control("settings", webhook_uri=f"{self.shop.url}/webhook")
        self.control("faults", fault="webhook", early=True, about=order_id)
        yield
        self._postman.rest()
        self.control("settings", webhook_uri=None)
        self.control("faults", verb="DELETE")

    def speaks(self, version):
        """Let account and shop use this version of the API."""
        self.version = version
        self.control("settings", api_version=version)
        self.shop.app.config["OMISE_API_VERSION"] = version

    def goes_down(self):
        """Let nobody answer where Omise was."""
        self.shop.app.config["OMISE_API_BASE"] = self._nowhere
        self.shop.app.config["OMISE_VAULT_BASE"] = self._nowhere

    def comes_up(self):
        """Let Omise answer again."""
        self.shop.app.config["OMISE_API_BASE"] = self._base
        self.shop.app.config["OMISE_VAULT_BASE"] = self._base

    def token(self, number, three_d_secure):
        """Make a token, and let cards ask their bank or not from now on."""
        if three_d_secure != self._three_d_secure:
            self.control("settings", three_d_secure=three_d_secure)
            self._three_d_secure = three_d_secure
        card = {
            "name": "Somchai",
            "number": number,
            "expiration_month": 12,
            "expiration_year": 2035,
            "security_code": "123",
        }
        return self._ask("POST", "tokens", sandbox.PUBLIC_KEY, card=card)["id"]

    def source(self, type, amount):
        """Make a source."""
        asked = {"type": type, "amount": amount, "currency": "THB"}
        if type == "truemoney":
            asked["phone_number"] = "0812345678"
        return self._ask("POST", "sources", sandbox.PUBLIC_KEY, **asked)["id"]

    def charges(self):
        """Read what Omise really has, as {order id: its charges}, oldest first."""
        found = {}
        for charge in charges_at_omise(self.shop):
            found.setdefault(charge["metadata"]["order_id"], []).append(charge)
        return found

    def events_of(self, charge_id):
        """List what Omise would have told of a charge, oldest first."""
        path = f"charges/{charge_id}/events"
        return self._ask("GET", path, sandbox.SECRET_KEY)["data"]

    def deliver(self, event):
        """Post an event to the shop, signed well."""
        body, stamp = json.dumps(event).encode(), str(int(time.time()))
        headers = {"Omise-Signature": signed(body, stamp)}
        headers["Omise-Signature-Timestamp"] = stamp
        answer = self._omise.post("/webhook", data=body, headers=headers, buffered=True)
        assert answer.status_code == 200, answer.text

    def sweep(self):
        """Go once through everything open."""
        with self.shop.app.app_context():
            sweep.Round(lambda line: None).run()

    def time_passes(self, seconds):
        """Let everybody's clock go on: Omise's and the order book's."""
        self._offset += seconds
        self.control("settings", clock_offset=self._offset)
        self.clocks.set(self._offset)

    def clock(self):
        """Tell the time by the order book's clock."""
        with self.shop.engine.connect() as connection:
            return connection.scalar(select(utcnow()))

    def refund(self, attempt_id, amount, again):
        """Give money back as `flask payment refund` does; gives the Refund, or None if refused."""
        with self.shop.app.app_context(), suppress(refunds.RefundRefused, GatewayError):
            return refunds.give_back(attempt_id, amount, "operator", again=again)

    def refund_by_hand(self, charge_id, amount):
        """Give money back on the dashboard; gives the refund's id, or None if Omise refuses."""
        url, key = f"/sandbox/charges/{charge_id}/refunds", (sandbox.SECRET_KEY, "")
        answer = self._omise.post(url, json={"amount": amount}, auth=key, buffered=True)
        return answer.json["id"] if answer.status_code == 200 else None

    def orders(self):
        """Read the order book: {order id: its row}."""
        columns = (Order.id, Order.amount, Order.currency, Order.paid_at)
        columns += (Order.paid_by, Order.lines)
        with self.shop.engine.connect() as connection:
            return {row.id: row for row in connection.execute(select(*columns))}

    def flags(self):
        """Read why orders need a person's look: {order id: reasons}."""
        query = select(Flag.order_id, Flag.why).where(Flag.lowered_at.is_(None))
        found = {}
        with self.shop.engine.connect() as connection:
            for order_id, why in connection.execute(query):
                found.setdefault(order_id, []).append(why)
        return found

    def attempts(self):
        """Read the attempts of the order book, oldest first of each order."""
        columns = (Attempt.id, Attempt.order_id, Attempt.status, Attempt.charge_id)
        columns += (Attempt.form_id, Attempt.doubtful_id, Attempt.pays_with)
        columns += (Attempt.refunded_amount, Attempt.failure_code, Attempt.sent_at)
        query = select(*columns).order_by(Attempt.order_id, Attempt.number)
        with self.shop.engine.connect() as connection:
            return connection.execute(query).all()

    def wanted_refunds(self, attempt_id=None):
        """Read what the order book says was given back, or was wanted to be."""
        columns = (Refund.id, Refund.attempt_id, Refund.amount, Refund.status)
        query = select(*columns, Refund.refund_id)
        if attempt_id:
            query = query.where(Refund.attempt_id == attempt_id)
        with self.shop.engine.connect() as connection:
            return connection.execute(query).all()

    def held(self, kind):
        """Read all that Omise really has of a kind, by id."""
        with closing(sqlite3.connect(self.shop.settings["SANDBOX_DATABASE"])) as books:
            rows = books.execute("SELECT id, body FROM objects WHERE kind = ?", (kind,))
            return {one: json.loads(body) for one, body in rows}
