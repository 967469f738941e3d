"""What the tests of faults share: empty books, time that passes, and what Omise really has."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

from sqlalchemy import delete, select, update

import sandbox
from payment.orders import queries
from payment.orders.models import (
    Attempt,
    Base,
    Delivery,
    Entry,
    Flag,
    HeardUntil,
    Order,
    Refund,
)


def answers(moment, status, body, **more):
    """Make a rule: another answer than the true one, before or after it was acted upon."""
    return {"fault": f"answer_{moment}", "status": status, "body": body, **more}


# What can become of the answer to a request that was acted upon.
SPOILT = [
    {"fault": "reset_after"},
    {"fault": "close_after"},
    {"fault": "half_body"},
    {"fault": "wrong_length"},
    answers("after", 500, "error"),
    answers("after", 500, "object"),
    answers("after", 502, "html"),
    answers("after", 200, "empty"),
    answers("after", 200, "list"),
    answers("after", 200, "null"),
]


def begin(shop, **settings):
    """Give a shop with all books empty, the plan without faults, and no webhooks."""
    shop.omise.reset()
    usual = {
        "webhook_uri": None,
        "webhook_secret": sandbox.WEBHOOK_SECRET,
        "webhook_previous_secret": None,
        "clock_offset": 0,
    }
    shop.omise.control("settings", **(usual | settings))
    empty(shop)
    return shop


def empty(shop):
    """Forget every order, so that a sweep has nothing of an earlier test to do."""
    with shop.engine.begin() as connection:
        for table in (Entry, Flag, Refund, Attempt, Order, Delivery, HeardUntil):
            connection.execute(delete(table))


def dump(shop):
    """Read every table, but for the marks of having been locked and of when Omise was asked."""
    rows = {}
    marks = ("touched", "checked_at", "recorded_at")
    with shop.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            kept = [one for one in table.c if one.name not in marks]
            found = connection.execute(select(*kept).order_by(*table.primary_key))
            rows[table.name] = [tuple(row) for row in found]
    return rows


def set_attempt(shop, order_id, **values):
    """Put the order book into a state that only time or a crash leaves behind."""
    with shop.engine.begin() as connection:
        changed = update(Attempt).where(Attempt.order_id == order_id).values(**values)
        connection.execute(changed)


def ago(shop, **by):
    """Tell which moment was so long ago, by the order book's clock."""
    with shop.app.app_context():
        return queries.clock() - timedelta(**by)


def creates(shop):
    """Count the requests to charge that Omise acted upon."""
    return shop.omise.books()["counts"].get("POST /charges", 0)


def charges_at_omise(shop):
    """Read the facts of every charge from the sandbox's own file, past all faults."""
    with closing(sqlite3.connect(shop.settings["SANDBOX_DATABASE"])) as books:
        rows = books.execute("SELECT body FROM objects WHERE kind = 'charge'")
        return [json.loads(body) for (body,) in rows]
