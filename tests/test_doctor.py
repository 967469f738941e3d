"""`flask payment doctor`: every line in words, with what to do, and an exit code that is true."""

import json
import time
from datetime import timedelta

import pytest
from fault_rig import ago, begin, set_attempt
from rig import eventually, free_port
from shopper import Shopper
from sqlalchemy import create_engine, text, update

from payment.operations import doctor
from payment.orders import ledger, queries
from payment.orders.budgets import BUDGETS
from payment.orders.models import Delivery


@pytest.fixture
def shop(served):
    """Give a shop with empty books, whose account tells it everything."""
    return begin(served, webhook_uri=f"{served.url}/webhook")


def run(shop, *args):
    return shop.app.test_cli_runner().invoke(args=["payment", "doctor", *args])


def findings(shop, exit_code=0):
    """Give what was found, by subject."""
    result = run(shop, "--json")
    assert result.exit_code == exit_code, result.output
    assert not result.exception or isinstance(result.exception, SystemExit)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    for one in found:
        assert one["said"].endswith(".")
        assert bool(one["advice"]) or one["level"] == "ok", one
        for word in ("Error", "error:", "Exception", "Traceback", "None"):
            assert word not in one["said"].replace("None came", ""), one
    return {one["subject"]: (one["level"], one["said"], one["advice"]) for one in found}


def paid(shop):
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        return shopper.order_id


def test_a_healthy_shop_is_told_so_line_by_line(shop):
    paid(shop)
    eventually(lambda: findings(shop)["deliveries"][1].startswith("The last one"))
    found = findings(shop)
    assert {level for level, _, _ in found.values()} == {"ok"}
    assert list(found) == [
        "keys",
        "webhook secret",
        "budgets",
        "order book",
        "Omise",
        "mode",
        "API version",
        "clock",
        "webhook address",
        "charges",
        "deliveries",
        "currency",
        "addresses",
        "open payments",
        "attention",
    ]
    assert found["currency"][1].startswith("THB can be paid by card, and in ")
    people = run(shop)
    assert people.exit_code == 0
    assert "\nok    keys: Both are test keys.\n" in f"\n{people.stdout}"


@pytest.mark.parametrize(
    ("setting", "subject", "level", "said"),
    [
        ({"webhook_uri": None}, "webhook address", "warn", "Omise tells nobody"),
        ({"webhook_uri": "http://localhost:1/x"}, "webhook address", "warn", ":1/x."),
        ({"country": "JP"}, "currency", "warn", "THB can be paid by card"),
        ({"api_version": "2015-11-17"}, "API version", "warn", "come in 2015-11-17"),
        ({"api_version": "2017-11-02"}, "API version", "ok", "come in 2017-11-02"),
    ],
)
def test_what_the_account_says_is_compared(shop, setting, subject, level, said):
    if setting == {"api_version": "2015-11-17"}:
        shop.omise.breaks("change", method="GET", path="/account", set=setting)
    else:
        shop.omise.control("settings", **setting)
    found = findings(shop)[subject]
    assert (found[0], said in found[1]) == (level, True), found
    shop.omise.control("settings", country="TH", api_version="2019-05-29")


def test_a_book_of_another_account_is_said(shop):
    """Its charges are nobody's here, and none could be captured or given back."""
    assert findings(shop)["charges"][:2] == (
        "ok",
        "The order book has no charge by such keys yet.",
    )
    older, newer = paid(shop), paid(shop)
    set_attempt(shop, older, charge_id="chrg_test_5older")
    level, said, _ = findings(shop)["charges"]
    assert (level, said.startswith("The order book's newest is acc")) == ("ok", True)
    set_attempt(shop, newer, charge_id="chrg_test_5elsewhere")
    level, said, advice = findings(shop, exit_code=1)["charges"]
    assert (level, "has no charge chrg_test_5elsewhere" in said) == ("fail", True)
    assert "The order book is of another Omise account" in said
    assert "DATABASE_URL" in advice
    # What was charged by keys of the other kind says nothing of these.
    set_attempt(shop, newer, livemode=True)
    set_attempt(shop, older, livemode=True)
    assert findings(shop)["charges"][0] == "ok"


def test_no_webhook_secret_is_said(shop, monkeypatch):
    monkeypatch.setitem(shop.app.config, "OMISE_WEBHOOK_SECRET", None)
    assert findings(shop)["webhook secret"][0] == "warn"


def test_news_that_nobody_delivered_are_said(shop):
    begin(shop)
    paid(shop)
    assert findings(shop)["deliveries"][0] == "ok"
    # What has just happened may be on its way.
    shop.omise.control("settings", clock_offset=-3600)
    paid(shop)
    shop.omise.control("settings", webhook_uri=f"{shop.url}/webhook")
    level, said, advice = findings(shop)["deliveries"]
    assert (level, said.startswith("None came; Omise has had news at")) == (
        "warn",
        True,
    )
    assert "on the dashboard (Events)" in advice


def test_a_delivery_of_before_the_news_is_too_old(shop):
    paid(shop)
    eventually(lambda: findings(shop)["deliveries"][1].startswith("The last one"))
    shop.omise.control("settings", webhook_uri=None, clock_offset=-1200)
    paid(shop)
    with shop.engine.begin() as connection:
        old = update(Delivery).values(received_at=ago(shop, hours=2))
        connection.execute(old)
    assert findings(shop)["deliveries"][0] == "warn"


@pytest.mark.parametrize(
    ("by", "level"), [(20, "ok"), (100, "warn"), (600, "fail"), (2000, "fail")]
)
def test_clocks_are_compared(shop, monkeypatch, by, level):
    """This machine's against the order book's and Omise's; they may agree that it is wrong."""
    usual = time.gmtime
    monkeypatch.setattr(doctor.time, "gmtime", lambda: usual(time.time() + by))
    found = findings(shop, exit_code=int(level == "fail"))["clock"]
    assert found[0] == level
    assert ("at the wrong time" in found[2]) == (by > 1200)


def test_the_book_s_clock_is_compared_too(shop, monkeypatch):
    clock = queries.clock
    monkeypatch.setattr(queries, "clock", lambda: clock() + timedelta(seconds=90))
    level, said, _ = findings(shop)["clock"]
    assert (level, said[:27]) == ("warn", "This machine is 0 s from Om")


def test_omise_that_is_down_ends_in_a_sentence(shop, monkeypatch):
    monkeypatch.setitem(
        shop.app.config, "OMISE_API_BASE", f"http://127.0.0.1:{free_port()}/"
    )
    found = findings(shop, exit_code=1)
    assert found["Omise"][0] == "fail"
    assert "no connection could be made" in found["Omise"][1]
    assert found["open payments"][0] == "ok"
    assert "Something must be mended." in run(shop).output


def test_omise_that_hangs_ends_in_a_sentence(shop, monkeypatch):
    """Within so many seconds for all that is asked."""
    monkeypatch.setattr(doctor, "_FOR_OMISE", 1)
    rule = shop.omise.breaks("hold_before", method="GET", path="/account")
    began = time.monotonic()
    found = findings(shop, exit_code=1)
    assert time.monotonic() - began < 10
    assert "no whole answer came in time" in found["Omise"][1]
    shop.omise.releases(rule)


def test_omise_that_hangs_half_way_ends_in_sentences(shop, monkeypatch):
    monkeypatch.setattr(doctor, "_FOR_OMISE", 2)
    rule = shop.omise.breaks("hold_before", method="GET", path="/capability")
    found = findings(shop, exit_code=1)
    assert found["currency"][0] == "fail"
    assert "no whole answer came in time" in found["currency"][1]
    shop.omise.releases(rule)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "body": "html"},
        {"status": 502, "body": "html"},
        {"status": 200, "body": "null"},
        {"status": 200, "body": "list"},
        {"status": 500, "body": "error"},
        {"status": 429, "body": "error", "retry_after": 30},
    ],
)
def test_what_is_not_omise_ends_in_a_sentence(shop, answer):
    shop.omise.breaks("answer_before", method="GET", path="/account", **answer)
    assert findings(shop, exit_code=1)["Omise"][0] == "fail"


def test_keys_that_are_refused_are_said(shop, monkeypatch):
    monkeypatch.setitem(shop.app.config, "OMISE_SECRET_KEY", "skey_test_wrong")
    found = findings(shop, exit_code=1)["Omise"]
    assert "refuses OMISE_SECRET_KEY" in found[1]
    assert "it may have been rolled" in found[2]


def test_a_public_key_that_is_refused_is_said(shop, monkeypatch):
    monkeypatch.setitem(shop.app.config, "OMISE_PUBLIC_KEY", "pkey_test_wrong")
    found = findings(shop, exit_code=1)["currency"]
    assert "refuses OMISE_PUBLIC_KEY" in found[1]


def test_a_public_key_of_another_country_s_account_is_said(shop):
    shop.omise.breaks("change", method="GET", path="/capability", set={"country": "SG"})
    found = findings(shop, exit_code=1)["currency"]
    assert "belongs to another account than OMISE_SECRET_KEY: SG and TH" in found[1]


def test_a_currency_that_the_account_does_not_take_is_said(shop):
    shop.omise.breaks(
        "change", method="GET", path="/capability", set={"payment_methods": []}
    )
    level, said, advice = findings(shop, exit_code=1)["currency"]
    assert (level, said) == ("fail", "The account takes no THB in any way.")
    assert advice == "Set STORE_CURRENCY to THB, the account's own."


def test_a_book_that_is_away_or_of_another_release_is_said(shop, monkeypatch):
    """B12: the rest is looked at all the same."""
    away = create_engine("sqlite:////nowhere/shop.sqlite3")
    with monkeypatch.context() as broken:
        broken.setattr(shop.app.extensions["payment"].book, "_engine", away)
        found = findings(shop, exit_code=1)
    away.dispose()
    assert found["order book"][0] == "fail"
    assert "cannot be reached" in found["order book"][1]
    assert found["clock"][0] == "ok"
    assert "open payments" not in found
    with shop.engine.begin() as connection:
        version = connection.scalar(text("SELECT version_num FROM payment_version"))
        connection.execute(text("UPDATE payment_version SET version_num = '0001'"))
    found = findings(shop, exit_code=1)["order book"]
    with shop.engine.begin() as connection:
        back = text("UPDATE payment_version SET version_num = :version")
        connection.execute(back, {"version": version})
    assert "is of an earlier release" in found[1]
    assert "flask payment upgrade" in found[2]


def test_a_sweep_that_does_not_run_is_said(shop):
    begin(shop)
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        order = shopper.order_id
    assert findings(shop)["open payments"][1] == "1 are open."
    hour = ago(shop, hours=1)
    set_attempt(shop, order, created_at=hour, checked_at=None)
    level, said, advice = findings(shop)["open payments"]
    assert (level, "about 1 of them for 20 minutes" in said) == ("warn", True)
    assert "flask payment sweep --every 60" in advice
    shop.sweep()
    assert findings(shop)["open payments"][0] == "ok"


def test_orders_that_need_a_person_are_said(shop):
    order = paid(shop)
    with shop.app.app_context():
        ledger.flag(order, "look", "a test")
    assert findings(shop)["attention"][:2] == ("warn", "An order needs a person.")


@pytest.mark.parametrize(
    ("budgets", "live", "level"),
    [
        (BUDGETS, True, "ok"),
        ({}, True, "warn"),
        ({}, False, "ok"),
        (BUDGETS | {"orders": ()}, True, "warn"),
    ],
)
def test_budgets_that_are_off_are_said_where_money_moves(
    shop, monkeypatch, budgets, live, level
):
    """E7: live keys start without them, since something before the shop may count."""
    monkeypatch.setitem(shop.app.config, "PAYMENT_BUDGETS", budgets)
    monkeypatch.setattr(doctor, "is_live", lambda config: live)
    with shop.app.app_context():
        found = doctor._budgets()
    assert found.level == level
    assert ("orders" in found.said) is (budgets != BUDGETS)
    assert bool(found.advice) is (level == "warn")


@pytest.mark.parametrize(("addresses", "level"), [(1, "warn"), (2, "ok")])
def test_shoppers_who_all_come_from_one_address_are_those_of_a_proxy(
    build_shop, addresses, level
):
    """E6, E7: they would share one budget."""
    shop = begin(build_shop(TRUSTED_PROXIES="1"))
    for number in range(10):
        with Shopper(shop) as shopper:
            at = f"203.0.113.{number % addresses}"
            shopper.http.headers["X-Forwarded-For"] = at
            shopper.adds()
            shopper.pays()
            with shop.app.app_context():
                before = doctor._addresses()
        assert (before.level == "ok") or number == 9
    assert before.level == level
    assert f"10 shoppers came from {addresses} addresses" in before.said
