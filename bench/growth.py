"""How questions to the order book slow down as it grows: `pipenv run python bench/growth.py`.

Fills throwaway order books with 1,000 and with 1,000,000 orders, asks both the same questions in
turns, and prints how long each takes, with the ratio. On SQLite that is the median of processor
time, so that whatever else runs on the machine counts little; on PostgreSQL, which works by itself,
it is the shortest time that an answer took, which wants a machine that does nothing else. Exits 1
if any takes more than 1.5 times as long in the large book. Needs about 2 GB in the temporary
folder, or of the server that `--database` names (a role that may create databases; they are dropped
at the end), and some minutes.
"""

import argparse
import json
import os
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from flask import Flask  # noqa: E402
from progress import end_well, progress  # noqa: E402
from sqlalchemy import create_engine, text  # noqa: E402

from payment.orders import entries, migrations, queries, search  # noqa: E402
from payment.orders.search import Wanted  # noqa: E402
from payment.orders.transaction import Book  # noqa: E402

FEW, MANY, AT_ONCE = 1_000, 1_000_000, 50_000
ROUNDS, LONGEST = 41, 1.5
# Of how many orders in a thousand each is true; the rest is paid. What is open or flagged is what
# the last days have left, however large the book: whoever looks after a shop sees to it.
ENDED = {"failed": 60, "expired": 30, "reversed": 30, "closed": 30, "refunded": 60}
OPEN = ("waiting", "authorised", "confirming", "not_found", "flagged")
METHODS = ("card", "promptpay", "truemoney", "econtext")
LINES = json.dumps(
    [{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]
)
NOW = datetime(2026, 6, 1)


class Row:
    """One order as the shop would have left it, in a book where each minute has brought one."""

    def __init__(self, number, size):
        dice = random.Random(number)
        self.number, self.age = number, size - number
        self.order = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        self.attempt = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        self.charge = f"chrg_test_{number:019d}"
        self.refund = f"rfnd_test_{number:019d}"
        self.at = f"{NOW - timedelta(minutes=self.age)}.000000"
        self.method = METHODS[min(dice.getrandbits(4), 3)]
        self.email = f"Shopper{number % max(size // 3, 1)}@example.com"
        self.standing = self._standing(dice.randrange(1000))

    def _standing(self, drawn):
        if self.age < 250:
            return (*OPEN, *["paid"] * 5)[self.age % 10]
        for name, share in ENDED.items():
            drawn -= share
            if drawn < 0:
                return name
        return "paid"

    @property
    def status(self):
        """Give the status of its attempt."""
        open_ = {"waiting": "pending", "authorised": "pending", "confirming": "unknown"}
        paid = dict.fromkeys(("paid", "refunded", "flagged"), "successful")
        return (open_ | paid).get(self.standing, self.standing)

    @property
    def dispute(self):
        """Give how a dispute over it stands; few are ever disputed."""
        if self.status != "successful" or self.number % 50:
            return None
        return "open" if self.age < 250 else "won"

    @property
    def given_back(self):
        """Give what was refunded: all, or a part."""
        return 0 if self.standing != "refunded" else 49000 if self.number % 2 else 9000


def tables(row):
    """Give the rows of each table that belong to an order."""
    paid = row.at if row.status == "successful" else None
    yield "orders", {
        "id": row.order, "amount": 49000, "currency": "THB", "lines": LINES,
        "fingerprint": "0" * 32, "visitor": row.attempt, "email": row.email,
        "created_at": row.at, "paid_at": paid, "paid_by": paid and row.attempt,
        "touched": 3,
    }  # fmt: skip
    yield "attempts", {
        "id": row.attempt, "order_id": row.order, "number": 1, "form_id": row.attempt,
        "status": row.status, "amount": 49000, "currency": "THB", "livemode": 0,
        "visitor": row.attempt, "address": "0" * 32, "by_card": 1,
        "pays_with": f"tokn_test_{row.number:019d}", "charge_id": row.charge,
        "method": row.method, "paid_with": "Visa •••• 4242",
        "authorized": row.standing == "authorised" or bool(paid), "superseded": 0,
        "refunded_amount": row.given_back, "expires_at": row.at,
        "dispute": row.dispute,
        "created_at": row.at, "sent_at": row.at, "checked_at": row.at,
    }  # fmt: skip
    yield "entries", {
        "order_id": row.order, "attempt_id": row.attempt, "at": row.at,
        "what": "status", "was": "sent", "became": row.status, "by": "charge",
    }  # fmt: skip
    yield "deliveries", {
        "event_id": f"evnt_test_{row.number:019d}", "key": "charge.complete",
        "charge_id": row.charge, "received_at": row.at,
    }  # fmt: skip
    if row.given_back:
        yield "refunds", {
            "id": row.attempt, "attempt_id": row.attempt, "amount": row.given_back,
            "status": "done", "refund_id": row.refund, "created_at": row.at,
        }  # fmt: skip
    if row.standing == "flagged" or row.number % 100 == 0:
        lowered = None if row.standing == "flagged" else row.at
        yield "flags", {
            "order_id": row.order, "why": "look", "by": "sweep", "raised_at": row.at,
            "lowered_at": lowered,
        }  # fmt: skip


def fill(book, size, step):
    """Write so many orders past the shop, the oldest first."""
    on_sqlite = book.engine.dialect.name == "sqlite"
    with closing(book.engine.raw_connection()) as borrowed:
        connection = borrowed.driver_connection
        hurry = "PRAGMA synchronous=OFF" if on_sqlite else "SET statement_timeout = 0"
        connection.execute(hurry)
        for begin in range(0, size, AT_ONCE):
            found = {}
            for number in range(begin, min(begin + AT_ONCE, size)):
                for table, values in tables(Row(number, size)):
                    found.setdefault((table, *values), []).append(
                        tuple(values.values())
                    )
            for (table, *names), rows in found.items():
                write = _insert if on_sqlite else _copy
                write(connection, f"payment_{table}", names, rows)
            connection.commit()
            step()
        if not on_sqlite:
            # As its autovacuum does sooner or later.
            connection.execute("ANALYZE")
            connection.execute("RESET statement_timeout")
            connection.commit()


def _insert(connection: sqlite3.Connection, table, names, rows):
    marks = ", ".join("?" * len(names))
    said = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
    connection.executemany(said, rows)


def _copy(connection, table, names, rows):
    said = f"COPY {table} ({', '.join(names)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(said) as copy:
        for row in rows:
            # A number is no truth value to PostgreSQL, but its text is.
            copy.write_row([None if one is None else str(one) for one in row])


def questions(size):
    """Name what is asked of a book of that size, and how."""
    middle = Row(size // 2, size)
    refunded = next(row for n in range(size) if (row := Row(n, size)).given_back)
    yield "list", lambda: search.orders(Wanted(), 20)
    for name in search.STANDINGS:
        yield f"--status {name}", lambda name=name: search.orders(Wanted(name), 20)
    for name in ("card", "econtext", "grabpay"):
        asked = Wanted(method=name)
        yield f"--method {name}", lambda asked=asked: search.orders(asked, 20)
    for name in ("failed", "refunded", "waiting"):
        asked = Wanted(name, "grabpay")
        what = f"--status {name} --method grabpay"
        yield what, lambda asked=asked: search.orders(asked, 20)
    since = Wanted(since=NOW - timedelta(minutes=300))
    yield "--since", lambda: search.orders(since, 20)
    failed = Wanted("failed", since=NOW - timedelta(minutes=500))
    yield "--since --status failed", lambda: search.orders(failed, 20)
    yield "--attention", lambda: search.orders(Wanted(attention=True), 20)
    yield "--email", lambda: search.orders(Wanted(email=middle.email), 20)
    yield "--capture", lambda: search.held(20)
    yield "find CHARGE", lambda: search.find(middle.charge, 20)
    yield "find REFUND", lambda: search.find(refunded.refund, 20)
    yield "find EMAIL", lambda: search.find(middle.email, 20)
    yield "find PREFIX", lambda: search.find(middle.order[:13], 20)
    yield "show", lambda: (
        queries.find_order(middle.order),
        entries.history(middle.order),
        search.deliveries([middle.charge]),
    )
    yield "the sweep's question", queries.watched
    yield "open refunds", queries.open_refunds
    yield "open disputes", queries.disputed
    yield "oldest open dispute", queries.disputed_since
    yield "the doctor's newest charge", lambda: search.newest_charged(False)
    yield "last delivery", search.last_delivery


@contextmanager
def database(cluster, folder, size):
    """Give the address of an empty database: a file, or one on a cluster, dropped after."""
    if not cluster:
        yield f"sqlite:///{Path(folder) / str(size)}.sqlite3"
        return
    cluster = re.sub("^postgres(ql)?:", "postgresql+psycopg:", cluster)
    name = f"growth_{size}_{uuid.uuid4().hex}"
    engine = create_engine(cluster, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield cluster.rsplit("/", 1)[0] + f"/{name}"
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def opened(address, size, step):
    """Make a book of that size; gives an app that has it."""
    app = Flask(f"book{size}")
    book = Book(None, address, Path())
    migrations.upgrade(book)
    fill(book, size, step)
    app.extensions["payment"] = argparse.Namespace(book=book)
    return app


def is_here(app):
    """Tell whether this very process does the work of the order book."""
    return app.extensions["payment"].book.engine.dialect.name == "sqlite"


def took(app, ask):
    """Tell how many milliseconds a question takes: of the processor's, where it is done here."""
    clock = time.thread_time if is_here(app) else time.perf_counter
    with app.app_context():
        began = clock()
        ask()
        return (clock() - began) * 1000


def compare(apps, sizes):
    """Ask both books everything in turns; prints how long it takes, and gives the worst ratio."""
    worst, typical = 0, statistics.median if is_here(apps[0]) else min
    asked = [dict(questions(size)) for size in sizes]
    print(f"{'':34}{sizes[0]:>10,} {sizes[1]:>13,} orders")
    for name in asked[0]:
        times = [[], []]
        for _ in range(ROUNDS):
            for app, ask, measured in zip(apps, asked, times, strict=True):
                measured.append(took(app, ask[name]))
        few, many = (typical(one) for one in times)
        worst = max(worst, many / few)
        print(f"{name:34}{few:7.2f} ms {many:10.2f} ms  x {many / few:.2f}")
    return worst


def main():
    """Fill two books, ask, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=MANY, help="in the large book")
    parser.add_argument(
        "--database",
        metavar="URL",
        default=os.environ.get("TEST_POSTGRES_URL"),
        help="a PostgreSQL server to ask, instead of SQLite; if not said, TEST_POSTGRES_URL",
    )
    asked = parser.parse_args()
    many = max(asked.orders, FEW)
    end_well()
    steps = 1 + -(-many // AT_ONCE)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        places = [
            stack.enter_context(database(asked.database, folder, size))
            for size in (FEW, many)
        ]
        with progress("Orders", steps) as step:
            apps = [
                opened(place, size, step)
                for place, size in zip(places, (FEW, many), strict=True)
            ]
        for app in apps:
            stack.callback(app.extensions["payment"].book.close)
        worst = compare(apps, (FEW, many))
    print(f"slowest in the large book: x {worst:.2f}, limit {LONGEST}")
    return int(worst > LONGEST)


if __name__ == "__main__":
    sys.exit(main())
