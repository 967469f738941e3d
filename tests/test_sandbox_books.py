"""The control surface, the books behind it, and the walls around the sandbox."""

import ast
import gc
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_shapes import keys

import sandbox
from sandbox import PUBLIC_KEY
from sandbox.books import ids, rows
from sandbox.books.account import Books
from sandbox.http.answers import shown
from sandbox.kinds import charge as charges
from sandbox.rules import scenarios

pytest_plugins = ("sandbox_rig",)

ROOT = Path(sandbox.__file__).parent


def test_books_tell_what_was_really_charged(rig):
    rig.charge(metadata={"order_id": "7"}, amount=50000)
    rig.charge(metadata={"order_id": "7"}, card=rig.token("4111111111140011"))
    rig.promptpay(metadata={"order_id": "8"})
    rig.charge(amount=1)
    told = rig.get("control/books")
    assert told["charges"] == told["counts"]["charge.create"] == 3
    assert told["counts"]["POST /charges"] == 4
    assert told["by_status"]["successful"] == {
        "count": 1,
        "amount": 50000,
        "refunded": 0,
    }
    assert told["balance"] == rig.get("balance")["total"]
    assert rig.get("control/books?order_id=7")["charges"] == 2
    assert rig.get("control/books?order_id=9")["charges"] == 0


@pytest.mark.parametrize("was", [None, 0o644])
def test_the_file_of_the_books_is_its_owner_s_alone(tmp_path, was):
    """E22: it is made so, and one of an earlier release is closed."""
    book = tmp_path / "books.sqlite3"
    if was:
        book.touch(mode=was)
    app = sandbox.create_app(database=book)
    assert app.test_client().get("/control/books").status_code == 200
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_eight_that_open_the_same_books_at_once_all_can(tmp_path):
    """F3: the first of them makes the file, and whoever closes it last takes away its log."""

    def open_it(path, ready):
        ready.wait()
        books = Books(path)
        books.begin("TH")
        books.close()

    for number in range(40):
        ready = threading.Barrier(8)
        with ThreadPoolExecutor(8) as pool:
            all_open = [
                pool.submit(open_it, tmp_path / f"{number}.sqlite3", ready)
                for _ in range(8)
            ]
        assert [one.result() for one in all_open] == [None] * 8


def test_reset_forgets_objects_and_keeps_settings(rig):
    rig.set(three_d_secure=True)
    rig.promptpay()
    rig.post("control/reset")
    assert rig.get("control/books")["charges"] == 0
    assert rig.get("charges")["total"] == 0
    assert rig.get("control/settings")["three_d_secure"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("galaxy", 1),
        ("country", "XX"),
        ("api_version", "1999"),
        ("clock_offset", "x"),
        ("clock_offset", 10**14),
        ("country", ["TH"]),
        ("fingerprint_key", "00"),
    ],
)
def test_settings_that_mean_nothing_are_refused(rig, name, value):
    answer = rig.call("POST", "control/settings", json={name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_settings_do_not_show_the_key_behind_fingerprints(rig):
    assert "fingerprint_key" not in rig.get("control/settings")


def test_pages_find_charges_as_a_client_would_see_them(rig):
    one = rig.promptpay(description="tea_100%", return_uri="https://shop.test/")
    two = rig.charge(card=rig.token("4111111111140003"), description="teaX100%")
    with rig.app.test_request_context(base_url=rig.url):
        seen = shown("charge", charges.find(one["id"]))
        told = rig.get(f"charges/{one['id']}")
        for charge in (seen, told):
            del charge["refunds"]["to"]  # the moment of asking
        assert seen == told
        found, total = charges.newest()
        assert ([each["id"] for each in found], total) == ([two["id"], one["id"]], 2)
        assert charges.newest(query="tea_100%")[0][0]["id"] == one["id"]
        assert charges.newest(query="tea_100%")[1] == 1
        assert charges.newest(status="failed")[1] == 1
        assert charges.newest(limit=1, offset=1)[0][0]["id"] == one["id"]
        payment = charges.find(one["id"])["payment"]
        assert payment in one["authorize_uri"]
        assert charges.of_payment(payment)["id"] == one["id"]
        card = charges.find(two["id"])["card"]
        assert card["scenario"] == scenarios.VALIDATION_FAILS
        told = rig.books.below(one["id"], "event")
        assert [each["key"] for each in told] == ["charge.create"]


def test_books_and_settings_outlive_the_app(tmp_path):
    path = tmp_path / "s.sqlite3"
    first = sandbox.create_app(
        database=path, country="SG", webhook_uri="http://one.test/"
    )
    first.extensions["sandbox"].set("webhook_secret", "bmV3")
    before = first.extensions["sandbox"].settings()
    second = sandbox.create_app(database=path, country="SG")
    assert second.extensions["sandbox"].settings() == before
    assert before["webhook_uri"] == "http://one.test/"
    assert before["currency"] == "SGD"
    for app in (first, second):
        app.extensions["sandbox"].close()


def test_ids_sort_in_the_order_they_were_made():
    made = [ids.new_id("chrg") for _ in range(5000)]
    assert sorted(set(made)) == made
    assert {len(each) for each in made} == {len("chrg_test_") + 19}
    # Recorded on 30 May 2025: ids of today sort after it, as Omise's do.
    assert made[0] > "chrg_test_63vhnmwmt69576xfjn5"


def test_ids_sort_even_when_the_clock_stands_still_or_steps_back(monkeypatch):
    now = ids.time.time_ns()
    clock = iter([now, now, now - 10**9, now - 10**9])
    monkeypatch.setattr(ids.time, "time_ns", lambda: next(clock))
    made = [ids.new_id("chrg") for _ in range(4)]
    assert sorted(set(made)) == made


def test_common_reads_use_an_index(rig):
    plans = {
        "SELECT body FROM objects WHERE id = 'x' AND kind = 'charge'": "sqlite_autoindex",
        "SELECT body FROM objects WHERE kind = 'charge' ORDER BY seq LIMIT 20": "objects_kind",
        "SELECT body FROM objects WHERE parent = 'x' AND kind = 'event' ORDER BY seq": (
            "objects_parent"
        ),
        "SELECT id FROM objects WHERE due <= 5 LIMIT 500": "objects_due",
        "SELECT id FROM objects WHERE payment = 'x'": "objects_payment",
        "SELECT id FROM objects WHERE kind = 'charge'"
        " AND json_extract(body, '$.metadata.order_id') = 'x'": "objects_order",
    }
    for sql, index in plans.items():
        plan = str(rig.books.query("EXPLAIN QUERY PLAN " + sql))
        assert index in plan, plan


def test_closed_books_leave_no_lock_behind(tmp_path):
    books = rows.Rows(tmp_path / "s.sqlite3")

    def add_twice():
        with books.change():
            books.add("thing", {"id": "a", "created_at": 0})
            books.add("thing", {"id": "a", "created_at": 0})

    with pytest.raises(sqlite3.IntegrityError):
        add_twice()
    other = rows.Rows(tmp_path / "s.sqlite3")
    other.add("thing", {"id": "a", "created_at": 0})
    assert other.find("thing", "a")["created_at"] == 0
    for each in (books, other):
        each.close()


OURS = {"app", "config", "database", "store", "payment", "webhook"}


def test_sandbox_imports_nothing_of_the_shop():
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            assert not {name.partition(".")[0] for name in names} & OURS, path


def test_sandbox_says_first_what_it_does_not_imitate():
    assert "NOT imitate" in sandbox.__doc__.split("\n\n")[1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
NAMES = keys(
    "amount currency card customer source capture authorization_type"
    " return_uri expires_at metadata platform_fee webhook_endpoints type"
    " name email phone_number items qr_settings default_card tokenization"
    " limit offset from to expand webhook_uri billing"
)
PATHS = ["tokens", "sources", "charges", "customers", "control/settings"]


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(PATHS),
    sent=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5),
)
def test_no_nonsense_makes_the_sandbox_fall_over(rig, path, sent):
    key = PUBLIC_KEY if path == "tokens" else sandbox.SECRET_KEY
    filled = {"amount": 200000, "currency": "THB", "type": "promptpay", **sent}
    if path == "charges":
        filled = {"source": {"type": "promptpay", **sent}, **filled}
    answer = rig.call("POST", path, key, json=filled)
    assert answer.status_code in (200, 400, 401, 404), answer.text
    assert rig.call("GET", "charges", json=sent).status_code == 200
    rig.set(webhook_uri=None)


def test_books_that_nobody_closes_leave_no_connection(tmp_path):
    books = rows.Rows(tmp_path / "books.sqlite3")
    connection = books._idle.queue[0]
    del books
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
