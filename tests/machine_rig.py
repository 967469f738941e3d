"""A shop and its Omise for thousands of short lives: all in this process but the line between.

Pages, tokens, events and switches go straight into the two applications; only what the shop asks
of Omise travels over a socket, so that the fault plan can break it.
"""

import json
import time
from contextlib import contextmanager
from datetime import timedelta

from fault_rig import charges_at_omise, empty
from rig import free_port
from shopper import Shopper
from sqlalchemy import select, update
from test_signature import signed

import sandbox
from database import db
from payment import book, ledger, sweep
from payment.models import Attempt, Order
from webhook import webhook

CREATE = {"method": "POST", "path": "/charges"}
FIND = {"method": "GET", "path": r"/charges/chrg_test_\w+"}
LIST = {"method": "GET", "path": "/charges"}


class AtOnce:
    """Settle a webhook before its answer, so that one seed always means one course of events."""

    def submit(self, act, *args):
        """Do it now."""
        act(*args)


class Visitor(Shopper):
    """Shop without a socket."""

    def __init__(self, world, number):
        self.world, self.number, self.current, self.page = world, number, None, None
        self.client = world.shop.app.test_client()

    def get(self, path, **_):
        """Look at a page of the shop."""
        return self._open("GET", path)

    def post(self, path, data, **_):
        """Post a form of the shop."""
        return self._open("POST", path, data=data)

    def adds(self, sku="celadon-cup", quantity=1):
        """Put something in the cart."""
        return self.post("/add", {"sku": sku, "quantity": quantity})

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
        imitation = shop.app.wsgi_app.mounts["/sandbox"]
        self._postman = imitation.extensions["sandbox_postman"]
        monkeypatch.setattr(ledger, "record", self._record)
        monkeypatch.setattr(sweep, "RATE", 100_000)
        monkeypatch.setattr(webhook, "_settlers", AtOnce())
        monkeypatch.setitem(shop.app.config, "WTF_CSRF_ENABLED", False)
        monkeypatch.setitem(shop.app.config, "OMISE_API_BASE", self._base)

    def begin(self):
        """Empty all books and mend all that was broken."""
        self.control("reset")
        quiet = {"webhook_uri": None, "three_d_secure": False, "clock_offset": 0}
        self.control("settings", **quiet)
        self._three_d_secure, self._offset = False, 0
        self.comes_up()
        empty(self.shop)

    def _record(self, charge, asked=None):
        if self.book_fails:
            raise book.LedgerDown("asked for")
        return self._honest(charge, asked)

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

    def goes_down(self):
        """Let nobody answer where Omise was."""
        self.shop.app.config["OMISE_API_BASE"] = self._nowhere

    def comes_up(self):
        """Let Omise answer again."""
        self.shop.app.config["OMISE_API_BASE"] = self._base

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
        """Let everybody's clock go on: Omise's, and by its rows the order book's."""
        self._offset += seconds
        self.control("settings", clock_offset=self._offset)
        with self.shop.app.app_context(), db.engine.begin() as connection:
            rows = connection.execute(
                select(Attempt.id, Attempt.created_at, Attempt.checked_at)
            )
            for attempt_id, *moments in rows.all():
                earlier = [one and one - timedelta(seconds=seconds) for one in moments]
                names = ("created_at", "checked_at")
                connection.execute(
                    update(Attempt)
                    .where(Attempt.id == attempt_id)
                    .values(dict(zip(names, earlier, strict=True)))
                )

    def orders(self):
        """Read the order book: {order id: its row}."""
        columns = (Order.id, Order.amount, Order.currency, Order.paid_at)
        columns += (Order.paid_by, Order.needs_attention)
        with self.shop.app.app_context(), db.engine.connect() as connection:
            return {row.id: row for row in connection.execute(select(*columns))}

    def attempts(self):
        """Read the attempts of the order book, oldest first of each order."""
        columns = (Attempt.id, Attempt.order_id, Attempt.state, Attempt.charge_id)
        query = select(*columns).order_by(Attempt.order_id, Attempt.number)
        with self.shop.app.app_context(), db.engine.connect() as connection:
            return connection.execute(query).all()
