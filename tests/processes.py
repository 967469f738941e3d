"""The shop, its sweeps and an Omise as processes of their own, to be killed and started again."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import requests
from rig import Omise, database_url, eventually, free_port
from sealed import Sealed
from sqlalchemy import create_engine, select, text, update
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

    def __init__(self, arguments, environment, log, home=ROOT):
        with log.open("ab") as written:
            self._running = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=home,
                env=environment,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._killed = False

    def worked(self):
        """Tell how many seconds of a processor the group has used, those of its dead left out."""
        ticks = 0
        for status in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it may have ended meanwhile
                fields = status.read_text().rpartition(")")[2].split()
                if int(fields[2]) == self._running.pid:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def end(self):
        """Ask the first of the group to end, as `systemctl stop` does, and wait until it has."""
        self._running.terminate()
        self._running.wait(70)

    def kill(self):
        """End the group as `kill -9` does; once, since its number may be given out again."""
        if not self._killed:
            self._killed = True
            os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait(10)


class Machine:
    """Serve a shop by gunicorn beside a standalone sandbox, with as many sweeps as asked for."""

    def __init__(
        self, folder, database=None, sweepers=0, skew=0, tls=False, **settings
    ):
        """Prepare a machine; `skew` sets the clock of every other sweep's host so many seconds
        wrong, and `tls` lets the shop reach its Omise by TLS.
        """
        self.folder, self._skew, self._tls = folder, skew, tls
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        omise = f"http://localhost:{free_port()}/"
        self.omise = Omise(omise)
        self.database = upgraded(database) if database else database_url(folder)
        self._engine = create_engine(self.database, poolclass=NullPool)
        self._sweepers, self._sweeps = sweepers, []
        self._aged = set()
        # The charges that others made in the same account, by id.
        self.others = set()
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
        own = {"FLASK_APP": "tests/heard.py", "FLASK_SKIP_DOTENV": "1"}
        own |= {"HEARD_IN": str(folder / "heard"), "HEARD_FOR": "0.3"}
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
            if self._tls:
                self._seal(started.enter_context(self._sealed()))
            self.start_shop()
            self.start_sweeps()
            self._end = started.pop_all()
        return self

    def __exit__(self, *_):
        self._end.close()

    def _start(self, name, *arguments, skew=0):
        environment = self._environment | (wrong_clock(skew) if skew else {})
        return Process(arguments, environment, self.folder / f"{name}.log")

    def _start_omise(self):
        port = self.omise.base.rstrip("/").rsplit(":", 1)[1]
        books, home = str(self.folder / "omise.sqlite3"), f"{self.url}/webhook"
        options = ("--port", port, "--db", books, "--webhook", home)
        running = self._start("omise", "sandbox", *options)
        try:
            eventually(lambda: answers(f"{self.omise.base}control/settings"), 30)
            version = self.settings.get("OMISE_API_VERSION")
            if version:
                self.omise.control("settings", api_version=version)
        except BaseException:
            running.kill()
            raise
        return running

    def _sealed(self):
        return Sealed(self.folder, ("localhost", urlsplit(self.omise.base).port))

    def _seal(self, sealed):
        self._environment |= {
            "OMISE_API_BASE": sealed.url,
            "REQUESTS_CA_BUNDLE": str(sealed.certificate),
        }

    def start_shop(self):
        """Serve the shop as production does, and wait until it answers."""
        bind = ("--bind", f"127.0.0.1:{self.port}")
        listening = ("--pythonpath", "tests", "heard:create_app()")
        self._shop = self._start("shop", "gunicorn", *bind, *listening)
        eventually(self.is_up, 60)

    def is_up(self):
        """Tell whether the shop answers."""
        return answers(f"{self.url}/")

    def kill_shop(self):
        """End gunicorn and all its workers as `kill -9` does."""
        if hasattr(self, "_shop"):
            self._shop.kill()

    def end_shop(self):
        """End gunicorn once what is under way has its answer."""
        self._shop.end()

    def says(self, **settings):
        """Change `.env` for what is started from now on."""
        self._environment |= settings

    def restarts_with(self, **settings):
        """Start the shop and its sweeps anew after a change of `.env`."""
        self.says(**settings)
        self.kill_sweeps()
        self.end_shop()
        self.start_shop()
        self.start_sweeps()

    def start_sweeps(self):
        """Let the sweeps run that settle what nobody waits for."""
        while len(self._sweeps) < self._sweepers:
            self.start_sweep("--every", "2")

    def start_sweep(self, *options):
        """Let one sweep run beside."""
        self.start_command("sweep", *options)

    def start_command(self, *arguments):
        """Let `flask payment ...` run beside."""
        number = len(self._sweeps)
        command = (f"{arguments[0]}{number}", "flask", "payment", *arguments)
        self._sweeps.append(self._start(*command, skew=number % 2 and self._skew))

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

    def heard(self, word="heard"):
        """Read of which orders the host heard that they are paid, or (`hears`) began to hear."""
        notes = self.folder / "heard"
        lines = notes.read_text().splitlines() if notes.exists() else []
        told = (line.split() for line in lines)
        return {order_id for said, order_id in told if said == word}

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
        """Read which attempts the shop at some time said were not found, and when it did."""
        query = select(Entry.attempt_id, Entry.at).where(Entry.became == "not_found")
        rows = self._rows(query.order_by(Entry.id.desc()))
        return {one["attempt_id"]: one["at"] for one in rows}

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
        """Let time pass for attempts: their clock is moved back, since nobody waits that long.

        Once for each: the charge, whose clock is Omise's, must stay near it.
        """
        young = [one for one in attempts if one["id"] not in self._aged]
        self._aged |= {one["id"] for one in young}
        with self.connect() as connection, connection.begin():
            for one in young:
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

    def ages_signals(self, by):
        """Let time pass for what receivers have not heard yet."""
        untold = (Entry.signal.is_not(None), Entry.told_at.is_(None))
        with self.connect() as connection, connection.begin():
            rows = connection.execute(select(Entry.id, Entry.at).where(*untold)).all()
            for row in rows:
                chosen = update(Entry).where(Entry.id == row.id)
                connection.execute(chosen.values(at=row.at - by))

    def charges(self, order_id=None):
        """Read what was really charged for the shop, oldest first."""
        return [
            one
            for one in self.held("charge")
            if one["id"] not in self.others
            and order_id in (None, (one["metadata"] or {}).get("order_id"))
        ]

    def crowds(self, metadata):
        """Let somebody else make a charge in the same account."""
        source = {"type": "promptpay"}
        asked = {"amount": 5000, "currency": "THB", "source": source}
        url, key = f"{self.omise.base}charges", (sandbox.SECRET_KEY, "")
        sent = asked | {"metadata": metadata} if metadata else asked
        answer = requests.post(url, json=sent, auth=key, timeout=30)
        answer.raise_for_status()
        self.others.add(answer.json()["id"])

    @contextmanager
    def locked(self, order_id):
        """Hold an order's row of the book, as a stuck host does; in SQLite, all that is written."""
        lock = "BEGIN IMMEDIATE"
        if self.database.startswith("postgresql"):
            lock = "SELECT 1 FROM payment_orders WHERE id = :id FOR UPDATE"
        with self.connect() as connection:
            connection.execute(text(lock), {"id": order_id} if ":id" in lock else {})
            yield
            connection.rollback()

    def held(self, kind):
        """Read all that the sandbox holds of a kind.

        From the sandbox's own file, so that no fault strikes and no request is counted.
        """
        with closing(
            sqlite3.connect(self.folder / "omise.sqlite3", timeout=60)
        ) as books:
            rows = books.execute(
                "SELECT body FROM objects WHERE kind = ? ORDER BY seq", (kind,)
            ).fetchall()
        return [json.loads(body) for (body,) in rows]


def wrong_clock(seconds):
    """Give the environment in which a process lives so many seconds in the future, or the past."""
    return {
        "LD_PRELOAD": str(faketime()),
        "FAKETIME": f"{seconds:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def faketime():
    """Find the library that tells a process another time (Debian's libfaketime); None without."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None


def upgraded(url):
    """Bring the order book at an address to the shape that the shop writes; gives the address."""
    url = re.sub("^postgres(ql)?:", "postgresql+psycopg:", url)
    book = Book(None, url, Path())
    migrations.upgrade(book)
    book.close()
    return url


def answers(url):
    """Tell whether somebody listens at an address, and all is well there."""
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False
