"""How questions to the order book slow down as it grows: `pipenv run python bench/growth.py`.

Fills throwaway order books (SQLite) with 1,000 and with 1,000,000 orders, asks both the same
questions in turns, and prints the median of each with its ratio: processor time, so that whatever
else runs on the machine counts little. Exits 1 if any takes more than 1.5 times as long in the
large book. Needs about 2 GB in the temporary folder and some minutes.
"""

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from flask import Flask  # noqa: E402
from progress import end_well, progress  # noqa: E402

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


def fill(file, size, step):
    """Write so many orders past the shop, the oldest first."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for begin in range(0, size, AT_ONCE):
            found = {}
            for number in range(begin, min(begin + AT_ONCE, size)):
                for table, values in tables(Row(number, size)):
                    found.setdefault((table, *values), []).append(
                        tuple(values.values())
                    )
            for (table, *names), rows in found.items():
                marks = ", ".join("?" * len(names))
                connection.executemany(
                    f"INSERT INTO payment_{table} ({', '.join(names)}) VALUES ({marks})",
                    rows,
                )
            connection.commit()
            step()


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
    yield "last delivery", search.last_delivery


def opened(folder, size, step):
    """Make a book of that size; gives an app that has it."""
    app = Flask(f"book{size}")
    file = Path(folder) / f"{size}.sqlite3"
    book = Book(None, f"sqlite:///{file}", file)
    migrations.upgrade(book)
    fill(file, size, step)
    app.extensions["payment"] = argparse.Namespace(book=book)
    return app


def took(app, ask):
    """Tell how many milliseconds of the processor's a question takes."""
    with app.app_context():
        began = time.thread_time()
        ask()
        return (time.thread_time() - began) * 1000


def compare(apps, sizes):
    """Ask both books everything in turns; prints the medians, and gives the worst ratio."""
    worst = 0
    asked = [dict(questions(size)) for size in sizes]
    print(f"{'':34}{sizes[0]:>10,} {sizes[1]:>13,} orders")
    for name in asked[0]:
        times = [[], []]
        for _ in range(ROUNDS):
            for app, ask, measured in zip(apps, asked, times, strict=True):
                measured.append(took(app, ask[name]))
        few, many = (statistics.median(one) for one in times)
        worst = max(worst, many / few)
        print(f"{name:34}{few:7.2f} ms {many:10.2f} ms  x {many / few:.2f}")
    return worst


def main():
    """Fill two books, ask, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=MANY, help="in the large book")
    many = max(parser.parse_args().orders, FEW)
    end_well()
    steps = 1 + -(-many // AT_ONCE)
    with tempfile.TemporaryDirectory() as folder:
        with progress("Orders", steps) as step:
            apps = [opened(folder, size, step) for size in (FEW, many)]
        worst = compare(apps, (FEW, many))
        for app in apps:
            app.extensions["payment"].book.close()
    print(f"slowest in the large book: x {worst:.2f}, limit {LONGEST}")
    return int(worst > LONGEST)


if __name__ == "__main__":
    sys.exit(main())
