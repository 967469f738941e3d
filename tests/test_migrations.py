"""Order books of other releases, and starts at the same moment."""

import os
import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from rig import Shop, empty_database
from shopper import Shopper
from sqlalchemy import text

from payment import SettingError
from payment.orderform import fingerprint
from payment.orders import migrations
from payment.orders.models import Base
from payment.orders.transaction import Book

ROOT = Path(__file__).parent.parent
BOOKS = Path(__file__).parent / "books"


@pytest.fixture
def url(tmp_path):
    """Give a database without tables."""
    return empty_database(tmp_path)


@pytest.fixture
def book(url, tmp_path):
    """Open an order book on it."""
    one = Book(None, url, tmp_path)
    yield one
    one.close()


@pytest.fixture
def first_release(url):
    """Fill the database as the first release left it: orders in every state it knew."""
    if url.startswith("sqlite"):
        script = (BOOKS / "first-release.sqlite.sql").read_text()
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(script)
    else:
        script = (BOOKS / "first-release.postgresql.sql").read_text()
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute(script)
    return url


def rows(book, query):
    with book.engine.connect() as connection:
        return connection.execute(text(query)).all()


# On SQLite, an index of an expression cannot be compared; the next test looks at it.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_an_upgraded_book_is_what_the_models_say(book):
    migrations.upgrade(book)
    options = {"compare_type": book.engine.dialect.name != "sqlite"}
    with book.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, Base.metadata)
    assert [one for one in differences if "payment_version" not in str(one)] == []


def test_an_upgraded_book_has_every_index_as_the_models_make_it(book):
    """Indexes of some rows, too: their conditions are not among what Alembic compares."""

    def indexes():
        where = {
            "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''",
            "postgresql": "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = 'public'",
        }[book.engine.dialect.name]
        found = {name: re.sub(r"[\s()]+", " ", sql) for name, sql in rows(book, where)}
        return {name: sql for name, sql in found.items() if name.startswith("ix_")}

    migrations.upgrade(book)
    upgraded = indexes()
    with book.engine.begin() as connection:
        connection.execute(text("DROP TABLE payment_version"))
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
    assert upgraded == indexes()
    assert len(upgraded) > 15


def test_an_order_book_of_the_first_release_opens(first_release, book, tmp_path):
    """F10: its orders are there, and what it had called "not found" is watched."""
    with pytest.raises(SettingError, match="flask payment upgrade"):
        migrations.check(book)
    assert migrations.upgrade(book) is None
    migrations.check(book)
    assert rows(book, "SELECT count(*) FROM payment_orders") == [(10,)]
    flags = rows(book, "SELECT why, lowered_at FROM payment_flags")
    assert flags == [("charge chrg_test_5foreign: amount is 100, not 49000", None)]
    with Shop(tmp_path / "shop", DATABASE_URL=first_release) as shop:
        listed = shop.app.test_cli_runner().invoke(args=["payment", "list"])
        assert listed.exit_code == 0, listed.output
        assert "! charge chrg_test_5foreign" in listed.output


def test_an_unpaid_order_of_the_first_release_can_be_paid(
    first_release, book, tmp_path
):
    migrations.upgrade(book)
    query = "SELECT order_id FROM payment_attempts WHERE status = 'failed'"
    [(order_id,)] = rows(book, query)
    with Shop(tmp_path / "shop", DATABASE_URL=first_release) as shop:
        order = shop.order(order_id)
        assert order.fingerprint == fingerprint(
            order.lines, order.amount, order.currency
        )
        with Shopper(shop) as shopper:
            form = shopper.hidden(shopper.get(f"/orders/{order_id}/pay").text)
            shopper.charges(form, omiseToken=shop.omise.token())
            assert shopper.state == "paid"


def test_doubtful_ends_of_the_first_release_are_watched(first_release, book):
    """A19: not finding was no evidence."""
    with book.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE attempts SET state = 'failed', failure_code = 'nothing_found' "
                "WHERE state = 'unknown'"
            )
        )
    migrations.upgrade(book)
    query = "SELECT status FROM payment_attempts WHERE failure_code = 'nothing_found'"
    assert rows(book, query) == [("not_found",)]


def test_tables_of_a_host_are_left_alone(book):
    """F8: a host may have an `orders` table, too."""
    with book.engine.begin() as connection:
        connection.execute(text("CREATE TABLE orders (id INTEGER, amount INTEGER)"))
        connection.execute(text("INSERT INTO orders VALUES (1, 2)"))
    migrations.upgrade(book)
    assert rows(book, "SELECT * FROM orders") == [(1, 2)]
    assert rows(book, "SELECT * FROM payment_orders") == []


def test_a_book_of_a_newer_release_is_refused(book):
    migrations.upgrade(book)
    with book.engine.begin() as connection:
        connection.execute(text("UPDATE payment_version SET version_num = '9999'"))
    for open_it in (migrations.check, migrations.upgrade):
        with pytest.raises(SettingError, match="newer release"):
            open_it(book)


def test_eight_that_start_at_once_all_come_up(tmp_path):
    """F3: ten times, on an empty book each."""

    def start(book):
        migrations.upgrade(book)
        migrations.check(book)
        return True

    for number in range(10):
        (tmp_path / str(number)).mkdir()
        url = empty_database(tmp_path / str(number))
        books = [Book(None, url, tmp_path) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(start, books))
        for book in books:
            book.close()


def test_eight_processes_start_at_once_on_an_empty_folder(tmp_path):
    """F3: web, sweeps and commands, with the embedded book and one generated secret."""
    program = (
        "from app import create_app; app = create_app(); "
        "print(app.instance_path, app.secret_key)"
    )
    (tmp_path / "app.py").write_text((ROOT / "app.py").read_text())
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHON_DOTENV_DISABLED": "1",
        "OMISE_SANDBOX": "on",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
    }
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    ended = [one.communicate(timeout=120) for one in running]
    assert [one.returncode for one in running] == [0] * 8, ended
    ((place, secret),) = {tuple(said.split()) for said, _ in ended}
    assert (place, len(secret)) == (str(tmp_path / "instance"), 64)
