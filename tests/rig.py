"""A shop served over HTTP with its sandbox, and the sandbox's own books to judge it by."""

import logging
import os
import re
import secrets
import socket
import threading
import time
import uuid
from contextlib import suppress

import requests
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

import payment
import sandbox
from app import create_app
from config import Config
from payment.orderform import fingerprint
from payment.orders import migrations, queries
from payment.orders.models import Order
from payment.orders.transaction import Book
from webhook import webhook

logging.getLogger("werkzeug").setLevel(logging.ERROR)


class Quiet(WSGIRequestHandler):
    """Serve without a log line for each request."""

    def log(self, type, message, *args):
        pass


def free_port():
    """Find a loopback port that nobody listens on, and that none takes before it is listened on.

    Below 32768 the system gives none away: to no connection that leaves, and to nobody who asks.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


class Omise:
    """Reach the sandbox's control surface."""

    def __init__(self, base):
        self.base, self.public_key = base, sandbox.PUBLIC_KEY

    def control(self, path, /, **values):
        """Ask the control surface for something."""
        answer = requests.post(f"{self.base}control/{path}", json=values, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def reset(self):
        """Forget all objects; 3-D Secure off."""
        self.control("reset")
        self.control("settings", three_d_secure=False)

    def breaks(self, fault, **rule):
        """Set a rule of the fault plan; gives its id."""
        return self.control("faults", fault=fault, **rule)["id"]

    def fault(self, rule_id):
        """Tell how a rule stands: how often it `met` something, and its `state`."""
        asked = f"{self.base}control/faults/{rule_id}"
        return requests.get(asked, timeout=30).json()

    def releases(self, rule_id):
        """Let go what a rule holds."""
        return self.control(f"faults/{rule_id}/release")

    def heals(self):
        """Forget all faults."""
        requests.delete(f"{self.base}control/faults", timeout=30).raise_for_status()

    def books(self, order_id=None):
        """Tell what was really charged."""
        asked = {"order_id": order_id} if order_id else {}
        return requests.get(
            f"{self.base}control/books", params=asked, timeout=30
        ).json()

    def charged(self, order_id=None):
        """Read what was really charged, as {status: (how many, how much)}."""
        statuses = self.books(order_id)["by_status"]
        return {name: (one["count"], one["amount"]) for name, one in statuses.items()}

    def asks(self, path):
        """Ask the API for something."""
        key = (sandbox.SECRET_KEY, "")
        return requests.get(f"{self.base}{path}", auth=key, timeout=30).json()

    def charges(self):
        """List all charges, as the API does."""
        return self.asks("charges?limit=100")["data"]

    def deletes(self, path):
        """Delete a customer or a card, as somebody does on the dashboard."""
        answer = requests.delete(
            f"{self.base}{path}", auth=(sandbox.SECRET_KEY, ""), timeout=30
        )
        answer.raise_for_status()

    def latest(self):
        """Find the newest charge."""
        return self.charges()[-1]

    def token(self, number="4242424242424242"):
        """Make a token as Omise.js does."""
        card = {
            "name": "Somchai Prasert",
            "number": number,
            "expiration_month": 12,
            "expiration_year": 2035,
            "security_code": "123",
        }
        return self._create("tokens", card=card)

    def source(self, type, amount, currency="THB", **more):
        """Make a source as Omise.js does."""
        return self._create(
            "sources", type=type, amount=amount, currency=currency, **more
        )

    def _create(self, path, **values):
        key = (self.public_key, "")
        answer = requests.post(f"{self.base}{path}", json=values, auth=key, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]


class Shop:
    """Serve one shop from a folder of its own."""

    def __init__(self, folder, **settings):
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.port, self.url = port, f"http://localhost:{port}"
        self.settings = {
            "OMISE_SANDBOX": "on",
            "SERVER_NAME": f"localhost:{port}",
            "FLASK_SECRET_KEY": uuid.uuid4().hex,
            "SANDBOX_DATABASE": str(folder / "sandbox.sqlite3"),
            "DATABASE_URL": database_url(folder),
            # Tests try more cards in a minute than anybody may (test_budgets.py).
            "PAYMENT_BUDGETS": {},
            # Nobody hears that an order is paid unless a test says so.
            "MAIL_SERVER": "off",
        } | settings
        self.omise = Omise(f"{self.url}/sandbox/")

    def __enter__(self):
        self.app = create_app(type("TestConfig", (Config,), self.settings))
        self.server = make_server(
            "localhost", self.port, self.app, threaded=True, request_handler=Quiet
        )
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        # A connection that a thread still holds now, nobody would close.
        webhooks_rest()
        eventually(lambda: not self.engine.pool.checkedout(), 60)
        payment.close(self.app)

    @property
    def engine(self):
        """Reach the order book past the shop."""
        return self.app.extensions["payment"].book.engine

    def order(self, order_id):
        """Read an order from the book."""
        with self.app.app_context():
            return queries.find_order(order_id)

    def orders(self, amount, currency):
        """Write an order into the book that nobody has tried to pay, and give its id."""
        order_id, name = str(uuid.uuid4()), "A thing"
        line = {"sku": "celadon-cup", "name": name, "quantity": 1, "amount": amount}
        shown = {"lines": [line], "amount": amount, "currency": currency}
        mark = fingerprint([line], amount, currency)
        with self.app.app_context(), Session(self.engine) as session:
            session.add(Order(id=order_id, fingerprint=mark, **shown))
            session.commit()
        return order_id

    def capability(self):
        """Wait until the shop knows what its account can do."""
        account = self.app.extensions["payment"].account
        account.refresh()
        return eventually(account.capability)

    def sweep(self):
        """Run `flask payment sweep` once."""
        result = self.app.test_cli_runner().invoke(args=["payment", "sweep"])
        assert result.exit_code == 0, result.output
        return result.output


def webhooks_rest():
    """Wait until every thread that settles what webhooks told is idle."""
    threads = webhook._workers._max_workers
    line_up = threading.Barrier(threads + 1, timeout=60)
    for _ in range(threads):
        webhook._workers.submit(line_up.wait)
    line_up.wait()


def database_url(folder):
    """Give an order book of its own: SQLite, or a database on the cluster of TEST_POSTGRES_URL."""
    url = empty_database(folder)
    book = Book(None, url, folder)
    migrations.upgrade(book)
    book.close()
    return url


def empty_database(folder):
    """Give a database without tables."""
    cluster = os.environ.get("TEST_POSTGRES_URL")
    if not cluster:
        return f"sqlite:///{folder / 'shop.sqlite3'}"
    cluster = re.sub("^postgres(ql)?:", "postgresql+psycopg:", cluster)
    name = f"shop_{uuid.uuid4().hex}"
    engine = create_engine(cluster, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return cluster.rsplit("/", 1)[0] + f"/{name}"


def why(order):
    """Say why an order is flagged, the newest reason first."""
    return " | ".join(flag.why for flag in order.flags) or None


def eventually(check, seconds=60):
    """Wait until something is so, and give it back; fail if it never is."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)
