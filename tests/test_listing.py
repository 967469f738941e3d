"""What an operator lists, finds and exports, for people and as JSON."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from fault_rig import ago, begin, set_attempt
from processes import ROOT
from rig import free_port
from shopper import Shopper
from sqlalchemy import update

from payment.gateway import verbs
from payment.operations import telling
from payment.orders import ledger, search
from payment.orders.models import Attempt, Entry, Order
from payment.orders.search import Wanted

TIME = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture
def shop(served):
    """Give a shop with empty books, to which no webhook comes."""
    return begin(served)


def run(shop, *args):
    return shop.app.test_cli_runner().invoke(args=["payment", *args])


def listed(shop, *args):
    """Give what `list --json` prints."""
    result = run(shop, "list", "--json", *args)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def order_of(shop, pay=Shopper.pays, **more):
    with Shopper(shop) as shopper:
        shopper.adds()
        pay(shopper, **more)
        return shopper.order_id


def refund(shop, order, amount):
    with shop.app.app_context():
        verbs.refund_charge(shop.order(order).attempts[0].charge_id, amount, "by hand")
    run(shop, "sync", order)


@pytest.fixture
def every(shop):
    """Fill the book with one order of every kind, as {how it stands: its id}."""
    found = {}
    for name in ("paid", "partly_refunded", "refunded"):
        found[name] = order_of(shop)
    refund(shop, found["partly_refunded"], 12000)
    refund(shop, found["refunded"], 49000)
    found["failed"] = order_of(shop, card="4111111111140011")
    promptpay = {"pay": Shopper.pays_by, "type": "promptpay"}
    for name in ("waiting", "expired", "closed", "not_found", "reversed", "confirming"):
        found[name] = order_of(shop, **promptpay)
        if name != "waiting":
            set_attempt(shop, found[name], status=name.replace("confirming", "unknown"))
    found["authorised"] = order_of(shop, **promptpay)
    set_attempt(shop, found["authorised"], authorized=True, method="card")
    return found


def test_every_order_is_listed_as_what_it_is(shop, every):
    """A27: authorised is not waiting, refunded is not paid, a part is not all."""
    assert {one["order"]: one["status"] for one in listed(shop)} == {
        order: name for name, order in every.items()
    }
    assert every.keys() == search.STANDINGS.keys()
    lines = run(shop, "list").stdout
    for name, order in every.items():
        words = name.replace("_", " ")
        told = rf"^20\d\d-\d\d-\d\d \d\d:\d\d UTC  {order} +490.00 THB  {words}(,|$)"
        assert re.search(told, lines, re.M), name


def test_each_status_leaves_exactly_its_orders(shop, every):
    for name, order in every.items():
        assert [one["order"] for one in listed(shop, "--status", name)] == [order]
    for spelt in ("authorized", "Authorised"):
        (one,) = listed(shop, "--status", spelt)
        assert one["order"] == every["authorised"]
    (one,) = listed(shop, "--status", "partly-refunded")
    assert one["order"] == every["partly_refunded"]
    assert "'sold' is not one of" in run(shop, "list", "--status", "sold").output


def test_an_order_stands_as_the_attempt_that_paid_or_the_last_one(shop):
    """The same for the word that is shown and for the filter."""
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays("4111111111140011")
        shopper.pays_here("4111111111140011")
        failed = shopper.order_id
        assert [one["order"] for one in listed(shop, "--status", "failed")] == [failed]
        shopper.pays_here()
    assert listed(shop, "--status", "failed") == []
    (one,) = listed(shop, "--status", "paid")
    assert (one["order"], one["failure_code"]) == (failed, None)


def test_filters_go_together(shop, every):
    by_code = {every[name] for name in every} - {
        every[name]
        for name in ("paid", "partly_refunded", "refunded", "failed", "authorised")
    }
    assert {one["order"] for one in listed(shop, "--method", "promptpay")} == by_code
    both = listed(shop, "--method", "promptpay", "--status", "expired")
    assert [one["order"] for one in both] == [every["expired"]]
    assert listed(shop, "--method", "promptpay", "--status", "failed") == []
    with shop.app.app_context():
        ledger.flag(every["paid"], "look", "a test")
        ledger.flag(every["paid"], "look again", "a test")
        ledger.flag(every["failed"], "look", "a test")
    flagged = [one["order"] for one in listed(shop, "--attention")]
    assert flagged[:2] == [every["failed"], every["paid"]]
    # Nobody asked for these here.
    unasked = {every["refunded"], every["partly_refunded"]}
    assert set(flagged[2:]) == unasked
    (one,) = listed(shop, "--attention", "--status", "paid")
    assert one["attention"] == ["look again", "look"]
    assert len(listed(shop, "--limit", "3")) == 3


def moved(shop, order, **by):
    with shop.engine.begin() as connection:
        then = ago(shop, **by)
        mine = update(Order).where(Order.id == order)
        connection.execute(mine.values(created_at=then))
        tries = update(Attempt).where(Attempt.order_id == order)
        connection.execute(tries.values(created_at=then))
    return then


@pytest.mark.parametrize("more", [[], ["--status", "paid"], ["--method", "card"]])
def test_a_time_leaves_what_is_newer_or_older(shop, more):
    old, new = order_of(shop), order_of(shop)
    then = moved(shop, old, days=3)
    said = {
        ("--since", "2d"): [new],
        ("--until", "2d"): [old],
        ("--since", "100h"): [new, old],
        ("--since", f"{then + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"): [new],
        ("--since", f"{then:%Y-%m-%d}"): [new, old],
        ("--until", f"{then + timedelta(hours=8):%Y-%m-%dT%H:%M:%S}+07:00"): [old],
    }
    for when, left in said.items():
        assert [one["order"] for one in listed(shop, *when, *more)] == left, when
    odd = run(shop, "list", "--since", "yesterday")
    assert (odd.exit_code, odd.stdout) == (2, "")
    assert "'yesterday' is no moment such as 2026-11-24" in odd.output


def test_a_line_of_json_tells_what_a_program_needs(shop):
    order = order_of(shop, email="Somchai@example.com", remember="yes")
    charge = shop.order(order).attempts[0].charge_id
    (told,) = listed(shop, "--email", "somchai@EXAMPLE.com")
    times = [told.pop(key) for key in ("created_at", "paid_at")]
    for one in times:
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", one)
    assert told == {
        "order": order,
        "status": "paid",
        "amount": 49000,
        "currency": "THB",
        "captured_amount": 49000,
        "refunded_amount": 0,
        "email": "somchai@example.com",
        "attention": [],
        "method": "card",
        "card_brand": "Visa",
        "card_last_digits": "4242",
        "charge": charge,
        "livemode": False,
        "failure_code": None,
        "expires_at": None,
        "dispute": None,
    }
    assert listed(shop, "--email", "nobody@example.com") == []


def test_an_order_is_found_by_what_is_known_of_it(shop):
    order = order_of(shop, email="Somchai@example.com", remember="yes")
    order_of(shop)
    run(shop, "refund", order, "10", "--yes")
    attempt = shop.order(order).attempts[0]
    known = [attempt.charge_id, attempt.refunds[0].refund_id, "somchai@example.com"]
    known += [order, order[:8], order[:13].upper(), f"{shop.url}/orders/{order}/pay"]
    for one in known:
        found = run(shop, "find", one, "--json")
        assert [json.loads(line)["order"] for line in found.stdout.splitlines()] == [
            order
        ], one
        assert order in run(shop, "find", f" {one} ").stdout
    for order_like in (order[:8], attempt.charge_id, f"{shop.url}/orders/{order}"):
        assert f"order {order} of " in run(shop, "show", order_like).stdout
    set_attempt(shop, order, doubtful_id="chrg_test_5odd")
    assert order in run(shop, "find", "chrg_test_5odd").stdout


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("chrg_test_5none", "Nothing is known of chrg_test_5none."),
        ("nobody@example.com", "Nothing is known of nobody@example.com."),
        ("00000000", "Nothing is known of 00000000."),
        ("00", "'00' is no charge, e-mail address or order"),
        ("somchai", "'somchai' is no charge, e-mail address or order"),
        ("' OR 1=1", "is no charge, e-mail address or order"),
    ],
)
def test_what_is_not_found_is_said(shop, what, said):
    result = run(shop, "find", what)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.output


def test_too_little_of_an_order_s_id_is_for_looking_alone(shop):
    """What moves money wants eight characters, and only one order that begins so."""
    order = order_of(shop, email="a@example.com", remember="yes")
    short = run(shop, "refund", order[:5], "--yes")
    assert f"is short for {order}: say 8 characters or more." in short.output
    with shop.engine.begin() as connection:
        row = connection.execute(Order.__table__.select()).one()._asdict()
        row["id"] = order[:13] + "-4000-8000-000000000000"
        connection.execute(Order.__table__.insert().values(row))
    both = run(shop, "refund", order[:12], "--yes")
    assert (both.exit_code, "say more of it" in both.output) == (1, True)
    by_mail = run(shop, "refund", "a@example.com", "--yes")
    assert "There is no order a@example.com" in by_mail.output
    assert shop.order(order).attempts[0].refunded_amount == 0


def test_show_tells_times_card_dashboard_and_mode(shop, served):
    """The same as JSON."""
    begin(shop, webhook_uri=f"{shop.url}/webhook")
    order = order_of(shop)
    refund(shop, order, 12000)
    run(shop, "refund", order, "10", "--reason", "a crack", "--yes")
    attempt = shop.order(order).attempts[0]
    shown = run(shop, "show", order[:8]).stdout
    dashboard = f"{shop.omise.base}dashboard/charges/{attempt.charge_id}"
    for told in (
        rf"^order {order} of {TIME}$",
        rf"^  partly refunded since {TIME}, paid since {TIME}$",
        rf"^  begun {TIME}, test$",
        r"^  by Visa •••• 4242$",
        rf"^  refund \S+: 10.00 THB done rfnd_test_\w+ on {TIME} by operator \w+ \(a crack\)$",
        rf"^  webhook {TIME}: \S+ \(evnt_test_\w+\)$",
        rf"^  {re.escape(dashboard)}$",
    ):
        assert re.search(told, shown, re.M), told
    told = json.loads(run(shop, "show", order, "--json").stdout)
    (tried,) = told["attempts"]
    assert tried["dashboard"] == dashboard
    assert tried["refunds"][0]["why"] == "a crack"
    assert told["refunded_amount"] == tried["refunded_amount"] == 13000
    assert told["lines"][0]["amount"] == 49000
    assert {one["charge"] for one in told["deliveries"]} == {attempt.charge_id}
    assert told["history"][0]["what"] == "opened"


def test_since_when_an_order_is_refunded_is_not_since_when_it_is_paid(shop):
    order = order_of(shop)
    paid = telling.moment(shop.order(order).paid_at)
    assert f"  paid since {paid}\n" in run(shop, "show", order).stdout
    refund(shop, order, 12000)
    given_back = ago(shop, hours=-3)
    with shop.engine.begin() as connection:
        noted = update(Entry).where(Entry.what == "refunded")
        connection.execute(noted.values(at=given_back))
    said = f"  partly refunded since {telling.moment(given_back)}, paid since {paid}\n"
    assert said in run(shop, "show", order).stdout


def test_what_waits_has_a_time_and_what_is_paid_has_none(shop):
    order_of(shop, pay=Shopper.pays_by, type="promptpay")
    (told,) = listed(shop)
    assert told["expires_at"] is not None


def test_a_way_that_nobody_knows_is_refused(shop):
    """Not an empty list, which would say that nobody has paid so."""
    for args in (["list"], ["export", "--csv"]):
        odd = run(shop, *args, "--method", "promtpay")
        assert (odd.exit_code, odd.stdout) == (2, "")
        assert "'promtpay' is none of " in odd.output
        assert " promptpay," in odd.output
    order = order_of(shop)
    set_attempt(shop, order, method="a_way_of_2027")
    assert [one["order"] for one in listed(shop, "--method", "a_way_of_2027")] == [
        order
    ]


@pytest.mark.parametrize("args", [[], ["--json"], ["--status", "paid"]])
def test_that_nothing_matches_is_said(shop, args):
    """To people; a program reads an empty list."""
    empty = run(shop, "list", *args)
    assert (empty.exit_code, empty.stdout) == (0, "")
    assert "Nothing matches." in empty.stderr
    held = run(shop, "list", "--capture")
    assert (held.exit_code, held.stdout) == (0, "")
    assert "Nothing is authorised, so nothing must be captured." in held.stderr
    order_of(shop)
    assert "Nothing" not in run(shop, "list", *args).stderr


@pytest.mark.parametrize("command", [["export", "--csv"], ["list"], ["show"]])
def test_who_reads_no_further_ends_a_command_quietly(shop, tmp_path, command):
    """As `| head` does, with the code of SIGPIPE; also where all of it was in a buffer."""
    order = order_of(shop)
    arguments = [*command, order] if command == ["show"] else command
    environment = os.environ | {
        "DATABASE_URL": shop.app.config["DATABASE_URL"],
        "OMISE_SANDBOX": "on",
        "SANDBOX_DATABASE": str(tmp_path / "sandbox.sqlite3"),
        "FLASK_SECRET_KEY": "a" * 40,
        "SERVER_NAME": f"localhost:{free_port()}",
        "PYTHONUNBUFFERED": "",
    }
    reads, writes = os.pipe()
    os.close(reads)
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "payment", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writes)
    assert ended.returncode == 141, ended.stderr
    for word in ("Error", "Traceback", "Exception", "Broken"):
        assert word not in ended.stderr


def test_the_dashboard_of_omise_itself_is_omise_s(shop):
    with shop.app.app_context():
        shop.app.config["OMISE_API_BASE"], usual = (
            "https://api.omise.co/",
            shop.app.config["OMISE_API_BASE"],
        )
        address = telling.dashboard("chrg_5x")
        shop.app.config["OMISE_API_BASE"] = usual
    assert address == "https://dashboard.omise.co/v2/charges/chrg_5x"


def test_a_terminal_obeys_nothing_that_a_shopper_typed(shop):
    order = order_of(shop)
    with shop.app.app_context():
        ledger.flag(order, "a\x1b[2Jb\rc\nd", "a test")
    for args in (["list"], ["show", order]):
        said = run(shop, *args).stdout
        assert "a?[2Jb?c" in said
        assert not re.search(r"[\x00-\x09\x0b-\x1f]", said)


def test_an_export_is_a_table_of_everything(shop, every, monkeypatch):
    monkeypatch.setattr(search, "_AT_ONCE", 3)
    result = run(shop, "export", "--csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {row["order"]: row["status"] for row in rows} == {
        order: name for name, order in every.items()
    }
    partly = next(row for row in rows if row["status"] == "partly_refunded")
    expected = {
        "currency": "THB",
        "amount": "490.00",
        "captured": "490.00",
        "refunded": "120.00",
        "method": "card",
        "card_brand": "Visa",
        "card_last_digits": "4242",
        "mode": "test",
    }
    assert {key: partly[key] for key in expected} == expected
    lines = run(shop, "export", "--json", "--status", "paid").stdout.splitlines()
    assert [json.loads(line)["order"] for line in lines] == [every["paid"]]
    unsaid = run(shop, "export")
    assert (unsaid.exit_code, unsaid.stdout) == (2, "")
    assert "Say --csv or --json." in unsaid.output


@pytest.mark.parametrize(
    "wanted",
    [Wanted(), Wanted(method="card"), Wanted("paid"), Wanted(attention=True)],
    ids=["all", "method", "status", "attention"],
)
def test_an_export_leaves_no_order_out_and_tells_none_twice(shop, wanted, monkeypatch):
    """Of many orders of the same moment, too: that is where one batch ends and the next begins."""
    orders = {order_of(shop) for _ in range(7)}
    with shop.app.app_context():
        for one in orders:
            ledger.flag(one, "look", "a test")
    with shop.engine.begin() as connection:
        for table in (Order, Attempt):
            connection.execute(update(table).values(created_at=ago(shop, hours=1)))
    monkeypatch.setattr(search, "_AT_ONCE", 2)
    with shop.app.app_context():
        told = [order.id for order in search.every_order(wanted)]
    assert len(told) == 7
    assert set(told) == orders


@pytest.mark.parametrize(
    "typed", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "＝1", "＠a"]
)
def test_no_cell_of_an_export_is_a_formula(shop, typed):
    """OWASP, CSV injection: a shopper's texts are opened in an operator's spreadsheet."""
    order = order_of(shop)
    with shop.engine.begin() as connection:
        mine = update(Order).where(Order.id == order)
        odd = [{"sku": "x", "name": "y", "quantity": 1, "amount": 49000}]
        connection.execute(mine.values(email=f"{typed}@x.example", lines=odd))
    with shop.app.app_context():
        ledger.flag(order, typed, "a test")
    (row,) = csv.DictReader(io.StringIO(run(shop, "export", "--csv").stdout))
    assert row["email"] == f"'{typed}@x.example"
    assert row["attention"].startswith("'")
    assert row["items"] == "1 x y"


def test_what_must_be_captured_is_listed_by_when_it_lapses(build_shop):
    """A27: authorised money is let go of after a week, and nobody has been paid."""
    shop = build_shop(AUTO_CAPTURE="off")
    shop.omise.control("settings", webhook_uri=None)
    first, second, third = (order_of(shop) for _ in range(3))
    set_attempt(shop, second, expires_at=ago(shop, hours=-5, minutes=-30))
    run(shop, "capture", third, "--yes")
    result = run(shop, "list", "--capture")
    assert result.exit_code == 0, (result.output, result.exception)
    lines = result.stdout.splitlines()
    assert [line.split(")  ")[1][:36] for line in lines] == [second, first]
    assert "(5 h 29 min)" in lines[0] or "(5 h 30 min)" in lines[0]
    assert "(6 d 23 h)" in lines[1]
    assert "490.00 THB  Visa •••• 4242" in lines[1]
    told = run(shop, "list", "--capture", "--json", "--limit", "1").stdout
    assert json.loads(told)["order"] == second
    both = run(shop, "list", "--capture", "--status", "paid")
    assert (both.exit_code, "goes with --limit" in both.output) == (2, True)
