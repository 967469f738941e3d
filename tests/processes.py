"""The shop, its sweeps and an Omise as processes of their own, to be killed and started again."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import requests
from rig import Omise, database_url, eventually, free_port
from sqlalchemy import create_engine, select, update
from sqlalchemy.pool import NullPool

import sandbox
from payment.orders import migrations
from payment.orders.models import Attempt, Entry, Flag, Order, Refund
from payment.orders.transaction import Book

ROOT = Path(__file__).parent.parent
# Nothing else of the outside may reach the shop: it could be a real account's keys.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class Process:
    """Run a command of Python's with all its children in a group of its own."""

    def __init__(self, arguments, environment, log):
        with log.open("ab") as written:
            self._running = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=environment,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._killed = False

    def kill(self):
        """End the group as `kill -9` does; once, since its number may be given out again."""
        if not self._killed:
            self._killed = True
            os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait(10)


class Machine:
    """Serve a shop by gunicorn beside a standalone sandbox, with as many sweeps as asked for."""

    def __init__(self, folder, database=None, sweepers=0, **settings):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        omise = f"http://localhost:{free_port()}/"
        self.omise = Omise(omise)
        self.database = upgraded(database) if database else database_url(folder)
        self._engine = create_engine(self.database, poolclass=NullPool)
        self._sweepers, self._sweeps = sweepers, []
        self.settings = {
            "FLASK_SECRET_KEY": os.urandom(16).hex(),
            "SERVER_NAME": f"localhost:{self.port}",
            "DATABASE_URL": self.database,
            "OMISE_SANDBOX": "off",
            "OMISE_API_BASE": omise,
            "OMISE_JS_URL": f"{omise}omise.js",
            "OMISE_PUBLIC_KEY": sandbox.PUBLIC_KEY,
            "OMISE_SECRET_KEY": sandbox.SECRET_KEY,
            "OMISE_WEBHOOK_SECRET": sandbox.WEBHOOK_SECRET,
            "OMISE_READ_TIMEOUT": "3",
            "PAYMENT_BUDGETS": "off",
            **settings,
        }
        kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
        own = {"FLASK_APP": "app", "FLASK_SKIP_DOTENV": "1"}
        self._environment = {
            "PYTHON_DOTENV_DISABLED": "1",
            **own,
            **kept,
        } | self.settings

    def __enter__(self):
        with ExitStack() as started:
            started.callback(self._engine.dispose)
            started.callback(self.kill_sweeps)
            started.callback(self.kill_shop)
            self._omise = self._start_omise()
            started.callback(self._omise.kill)
            self.start_shop()
            self.start_sweeps()
            self._end = started.pop_all()
        return self

    def __exit__(self, *_):
        self._end.close()

    def _start(self, name, *arguments):
        return Process(arguments, self._environment, self.folder / f"{name}.log")

    def _start_omise(self):
        port = self.omise.base.rstrip("/").rsplit(":", 1)[1]
        books, home = str(self.folder / "omise.sqlite3"), f"{self.url}/webhook"
        options = ("--port", port, "--db", books, "--webhook", home)
        running = self._start("omise", "sandbox", *options)
        try:
            eventually(lambda: _answers(f"{self.omise.base}control/settings"), 30)
            version = self.settings.get("OMISE_API_VERSION")
            if version:
                self.omise.control("settings", api_version=version)
        except BaseException:
            running.kill()
            raise
        return running

    def start_shop(self):
        """Serve the shop as production does, and wait until it answers."""
        bind = ("--bind", f"127.0.0.1:{self.port}")
        self._shop = self._start("shop", "gunicorn", *bind, "app:create_app()")
        eventually(self.is_up, 60)

    def is_up(self):
        """Tell whether the shop answers."""
        return _answers(f"{self.url}/")

    def kill_shop(self):
        """End gunicorn and all its workers as `kill -9` does."""
        if hasattr(self, "_shop"):
            self._shop.kill()

    def start_sweeps(self):
        """Let the sweeps run that settle what nobody waits for."""
        while len(self._sweeps) < self._sweepers:
            self.start_sweep("--every", "2")

    def start_sweep(self, *options):
        """Let one sweep run beside."""
        self.start_command("sweep", *options)

    def start_command(self, *arguments):
        """Let `flask payment ...` run beside."""
        name = f"{arguments[0]}{len(self._sweeps)}"
        self._sweeps.append(self._start(name, "flask", "payment", *arguments))

    def kill_sweeps(self):
        """End the sweeps, and what else runs beside, as `kill -9` does."""
        while self._sweeps:
            self._sweeps.pop().kill()

    def command(self, *arguments):
        """Run `flask payment ...` in a process of its own; gives how it ended and what it said."""
        return subprocess.run(
            [sys.executable, "-m", "flask", "payment", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def connect(self):
        """Reach the order book beside the shop."""
        return self._engine.connect()

    def orders(self):
        """Read the orders of the book, by id, each with its open flags."""
        flags = {}
        for one in self._rows(select(Flag.__table__).where(Flag.lowered_at.is_(None))):
            flags.setdefault(one["order_id"], []).append(one["why"])
        rows = self._rows(select(Order.__table__))
        return {row["id"]: row | {"flags": flags.get(row["id"], [])} for row in rows}

    def attempts(self, order_id=None):
        """Read the attempts of the book, or those of one order."""
        query = select(Attempt.__table__).order_by(Attempt.created_at)
        if order_id:
            query = query.where(Attempt.order_id == order_id)
        return self._rows(query)

    def refunds(self):
        """Read what the book says was given back, or was wanted to be."""
        return self._rows(select(Refund.__table__).order_by(Refund.created_at))

    def given_up(self):
        """Read which attempts the shop at some time said were not found."""
        query = select(Entry.attempt_id).where(Entry.became == "not_found")
        return {one["attempt_id"] for one in self._rows(query)}

    def unused(self):
        """Read which tokens and sources nobody used, as far as this version of the API says so."""
        tokens = {one["id"] for one in self.held("token") if not one["used"]}
        if self.settings.get("OMISE_API_VERSION") == "2017-11-02":
            return tokens
        return tokens | {one["id"] for one in self.held("source") if not one["charge"]}

    def _rows(self, query):
        with self.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def ages(self, attempts, by):
        """Let time pass for attempts: their clock is moved back, since nobody waits that long."""
        with self.connect() as connection, connection.begin():
            for one in attempts:
                moments = {key: one[key] for key in ("created_at", "sent_at")}
                values = {key: at and at - by for key, at in moments.items()}
                values["checked_at"] = None
                chosen = update(Attempt).where(Attempt.id == one["id"])
                connection.execute(chosen.values(**values))

    def ages_refunds(self, by):
        """Let time pass for every refund."""
        with self.connect() as connection, connection.begin():
            for one in self.refunds():
                chosen = update(Refund).where(Refund.id == one["id"])
                connection.execute(chosen.values(created_at=one["created_at"] - by))

    def charges(self, order_id=None):
        """Read what was really charged, oldest first."""
        return [
            one
            for one in self.held("charge")
            if order_id in (None, (one["metadata"] or {}).get("order_id"))
        ]

    def held(self, kind):
        """Read all that the sandbox holds of a kind.

        From the sandbox's own file, so that no fault strikes and no request is counted.
        """
        with closing(
            sqlite3.connect(self.folder / "omise.sqlite3", timeout=10)
        ) as books:
            rows = books.execute(
                "SELECT body FROM objects WHERE kind = ? ORDER BY seq", (kind,)
            ).fetchall()
        return [json.loads(body) for (body,) in rows]


def upgraded(url):
    """Bring the order book at an address to the shape that the shop writes; gives the address."""
    url = re.sub("^postgres(ql)?:", "postgresql+psycopg:", url)
    book = Book(None, url, Path())
    migrations.upgrade(book)
    book.close()
    return url


def _answers(url):
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False
