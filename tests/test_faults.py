"""An Omise that breaks, lies or lags, an order book that fails, and clocks that disagree.

Each fault is met by a served shop; Omise's own books tell what was really charged.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from fault_rig import SPOILT, ago, answers, begin, creates, set_attempt
from rig import Omise, Shop, why
from shopper import Shopper
from test_webhook import deliver, event

import sandbox
from payment import OrdersUnavailable
from payment.operations import sweep
from payment.orders import ledger
from webhook import webhook

CREATE = {"method": "POST", "path": "/charges", "times": 0}
FIND = {"method": "GET", "path": r"/charges/chrg_test_\w+", "times": 0}
LIST = {"method": "GET", "path": "/charges", "times": 0}
SAVED = {"remember": "yes", "email": "somchai@example.com"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a shop that waits a second for Omise's answer."""
    with Shop(tmp_path_factory.mktemp("shop"), OMISE_READ_TIMEOUT="1") as shop:
        yield shop


@pytest.fixture
def shop(served, monkeypatch):
    """Give the shop with empty books and a hasty sweep; no webhook comes to it."""
    monkeypatch.setattr(sweep, "RATE", 1000)
    yield begin(served)
    served.omise.heals()


@pytest.fixture
def filled(shopper):
    """Give a shopper with something in the cart."""
    shopper.adds()
    return shopper


LOST = [
    {"fault": "reset_before"},
    {"fault": "close_before"},
    {"fault": "hang_before", "seconds": 20},
    answers("before", 500, "error"),
    answers("before", 502, "html"),
    answers("before", 200, "empty"),
    answers("before", 400, "no_code"),
]
CHARGED = [
    *SPOILT,
    {"fault": "hang_after", "seconds": 20},
    {"fault": "drip", "seconds": 20},
    {"fault": "drip", "seconds": 20, "part": "headers"},
    answers("after", 200, "text"),
    answers("after", 400, "no_code"),
]


def name_of(fault):
    if isinstance(fault, dict):
        return "-".join(str(value) for value in fault.values())
    return None


def attempt_of(shopper):
    return shopper.shop.order(shopper.order_id).latest


def looks_again(shopper):
    shopper.get(f"/orders/{shopper.order_id}")
    return shopper.state


def a_long_while_later(shopper):
    """Let more time pass than a lost answer is waited for, and sweep."""
    old = ago(shopper.shop, minutes=11)
    set_attempt(shopper.shop, shopper.order_id, created_at=old, sent_at=old)
    shopper.shop.sweep()


@pytest.mark.parametrize("fault", CHARGED, ids=name_of)
def test_a_charge_whose_answer_is_spoilt_is_unknown_then_adopted(shop, filled, fault):
    """A3, A6, C2: asked for once, told as unknown, and paid once Omise can be asked."""
    rule = shop.omise.breaks(**fault, **CREATE)
    filled.pays()
    assert (filled.state, attempt_of(filled).status) == ("confirming", "unknown")
    assert "do not pay again" in filled.page.text
    assert shop.omise.fault(rule)["met"] == 1
    shop.omise.heals()
    shop.sweep()
    assert looks_again(filled) == "paid"
    assert attempt_of(filled).charge_id == shop.omise.charges()[0]["id"]
    assert creates(shop) == shop.omise.books(filled.order_id)["charges"] == 1


@pytest.mark.parametrize("fault", LOST, ids=name_of)
def test_a_request_that_was_lost_is_unknown_until_it_surely_never_came(
    shop, filled, fault
):
    """A6, C2: never sent again by itself; the shopper may pay anew only once it is sure."""
    rule = shop.omise.breaks(**fault, **CREATE)
    filled.pays()
    assert (filled.state, attempt_of(filled).status) == ("confirming", "unknown")
    assert "do not pay again" in filled.page.text
    shop.sweep()
    assert looks_again(filled) == "confirming"
    a_long_while_later(filled)
    assert looks_again(filled) == "failed"
    assert "never reached the payment service" in filled.page.text
    assert attempt_of(filled).failure_code == "never_used"
    assert (shop.omise.fault(rule)["met"], creates(shop)) == (1, 0)
    shop.omise.heals()
    filled.opens_order(filled.order_id, "/pay")
    filled.pays_here()
    assert filled.state == "paid"
    assert shop.omise.books(filled.order_id)["charges"] == 1


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"fault": "close_before"}, "not_found"),
        (answers("before", 500, "error"), "not_found"),
        ({"fault": "close_after"}, "paid"),
        (answers("after", 500, "error"), "paid"),
    ],
    ids=name_of,
)
def test_a_saved_card_is_never_charged_again_by_itself(shop, filled, fault, state):
    """A6: nothing but our own restraint would keep Omise from charging it twice."""
    filled.pays(**SAVED)
    filled.adds("cloud-oolong")
    form = filled.opens_checkout()
    rule = shop.omise.breaks(**fault, **CREATE)
    filled.charges(form)
    order = filled.order_id
    assert (filled.state, attempt_of(filled).status) == ("confirming", "unknown")
    filled.charges(form)
    for _ in range(2):
        shop.sweep()
        filled.get(f"/orders/{order}/status")
        filled.charges(form)
    filled.get(f"/orders/{order}")
    a_long_while_later(filled)
    assert looks_again(filled) == state
    assert shop.omise.fault(rule)["met"] == 1
    assert shop.omise.books(order)["charges"] == (state == "paid")


def test_a_payment_that_was_not_found_is_told_as_that(shop, filled):
    """A19: nothing is called failed; the shopper decides, and is told what is known."""
    filled.pays(**SAVED)
    filled.adds("cloud-oolong")
    shop.omise.breaks("close_before", **CREATE)
    filled.charges(filled.opens_checkout())
    order = filled.order_id
    a_long_while_later(filled)
    assert looks_again(filled) == "not_found"
    assert "most likely nothing was charged" in filled.page.text
    assert "We go on looking for a week" in filled.page.text
    assert "/status" in filled.page.text  # the page goes on watching
    filled.opens_order(order, "/pay")
    assert filled.state == "not_found"
    assert "if it is there after all, you would pay twice" in filled.page.text
    shop.omise.heals()
    filled.pays_here()
    assert (filled.order_id, filled.state) == (order, "paid")
    assert why(shop.order(order)) is None
    assert [one.status for one in shop.order(order).attempts] == [
        "not_found",
        "successful",
    ]


def words(html):
    """Give what a page says to who reads it."""
    return re.sub(r"<[^>]*>", " ", html).lower()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_card"),
        (401, "authentication_failure"),
        (404, "not_found"),
        (422, "new_and_unheard_of"),
        (429, "rate_limit"),
    ],
)
def test_a_sure_no_is_a_failure_and_one_may_pay_at_once(
    shop, filled, caplog, status, code
):
    """C4: not sent again; the page is neutral, and the log says which keys were used."""
    rule = shop.omise.breaks(**answers("before", status, "error", code=code), **CREATE)
    filled.pays()
    assert (filled.state, attempt_of(filled).status) == ("failed", "failed")
    shop.sweep()
    assert shop.omise.fault(rule)["met"] == 1
    order, form = filled.order_id, filled.page.text
    notice = re.search(r'data-order-state="failed"[^>]*>(.+?)</div>', form, re.DOTALL)[
        1
    ]
    telling = rf"\bkeys?\b|{code}|{status}|authentic"
    assert not re.search(rf"{telling}|omise", words(notice))
    assert not re.search(telling, words(form))
    assert looks_again(filled) == "failed"
    # The order's own number may hold any three digits.
    said = words(filled.page.text).replace(order, "")
    assert not re.search(rf"{telling}|omise", said)
    assert f"(test keys): HTTP {status} {code}" in caplog.text
    assert sandbox.SECRET_KEY not in caplog.text
    shop.omise.heals()
    filled.pays()
    assert (filled.order_id, filled.state) == (order, "paid")


def fails_once(monkeypatch, holder, name):
    """Let the order book be away when a function is called first, and be back afterwards."""
    honest, calls = getattr(holder, name), []

    def flaky(*args, **more):
        calls.append(args)
        if len(calls) == 1:
            raise OrdersUnavailable("asked for")
        return honest(*args, **more)

    monkeypatch.setattr(holder, name, flaky)
    return calls


def test_a_charge_that_could_not_be_written_down_is_settled_later(
    shop, filled, monkeypatch
):
    """A8: the order book fails right after the charge."""
    fails_once(monkeypatch, ledger, "record")
    filled.pays()
    assert (filled.state, attempt_of(filled).status) == ("confirming", "sent")
    assert "do not pay again" in filled.page.text
    shop.sweep()
    assert looks_again(filled) == "paid"
    assert creates(shop) == 1


def test_an_answer_lost_along_with_the_order_book_is_settled_later(
    shop, filled, monkeypatch
):
    """A3, A8: not even "unknown" could be written."""
    shop.omise.breaks("close_after", **CREATE)
    fails_once(monkeypatch, ledger, "mark_unknown")
    filled.pays()
    assert (filled.state, attempt_of(filled).status) == ("confirming", "sent")
    shop.sweep()
    assert looks_again(filled) == "paid"
    assert creates(shop) == 1


@pytest.mark.parametrize(("step", "more"), [("open_order", {}), ("mark_sent", SAVED)])
def test_without_the_order_book_nothing_is_charged(
    shop, filled, monkeypatch, step, more
):
    """A7: what cannot be written down is not asked for; the cart is kept."""
    filled.opens_checkout()
    token = shop.omise.token()
    calls = fails_once(monkeypatch, ledger, step)
    page = filled.charges(omiseToken=token, **more)
    assert len(calls) == 1
    assert (page.status_code, creates(shop)) == (503, 0)
    assert "Celadon cup" in filled.get("/cart").text


PAID = {"status": "successful", "paid": True}
LIES = [
    {"amount": 48999},
    {"currency": "JPY"},
    {"livemode": True},
    {"metadata.order_id": "00000000-0000-4000-8000-000000000000"},
    {"metadata.attempt_id": "00000000-0000-4000-8000-000000000000"},
    {"paid": False},
]


@pytest.mark.parametrize("lie", LIES, ids=name_of)
def test_a_charge_that_does_not_match_is_not_believed_when_it_is_made(
    shop, filled, lie
):
    """A9: the answer to the create says paid, but of another charge than the one asked for."""
    shop.omise.breaks("change", set=PAID | lie, **CREATE)
    filled.pays()
    order = shop.order(filled.form["order"])
    assert filled.order_id == order.id  # not where the lie would have led
    assert (filled.state, order.paid_at) == ("confirming", None)
    assert (order.latest.status, ledger.blocks(order.latest)) == ("unknown", True)
    kept = order.latest.charge_id or order.latest.doubtful_id
    assert kept == shop.omise.latest()["id"]
    astray = any(key.startswith("metadata") for key in lie)
    doubt = "does not name this order" if astray else "(successful)"
    assert f"charge {kept}" in why(order)
    assert doubt in why(order)
    shop.omise.heals()
    shop.sweep()
    assert looks_again(filled) == "paid"
    assert creates(shop) == 1


@pytest.mark.parametrize("lie", LIES, ids=name_of)
def test_a_charge_that_does_not_match_is_not_believed_when_it_is_read(
    shop, filled, lie
):
    """A9: by the return, the poll or the sweep."""
    filled.pays_by("promptpay")
    order_id = filled.order_id
    shop.omise.breaks("change", set=PAID | lie, **FIND)
    filled.get(f"/orders/{order_id}/complete")
    assert (filled.order_id, filled.state) == (order_id, "waiting")
    assert filled.get(f"/orders/{order_id}/status").json()["state"] == "waiting-1"
    shop.sweep()
    order = shop.order(order_id)
    assert (order.paid_at, order.latest.status) == (None, "pending")
    assert "(successful)" in why(order)
    shop.omise.heals()
    shop.omise.control(f"charges/{order.latest.charge_id}/pay")
    shop.sweep()
    assert shop.order(order_id).paid_at


def test_an_answer_about_another_charge_is_no_answer(shop, filled):
    """A9, A26: nothing is concluded from it, by the return, the poll or the sweep."""
    filled.pays_by("promptpay")
    order_id = filled.order_id
    shop.omise.breaks("change", set=PAID | {"id": "chrg_test_5another"}, **FIND)
    filled.get(f"/orders/{order_id}/complete")
    assert (filled.order_id, filled.state) == (order_id, "waiting")
    assert filled.get(f"/orders/{order_id}/status").json()["state"] == "waiting-1"
    swept = shop.app.test_cli_runner().invoke(args=["payment", "sweep"])
    assert (swept.exit_code, "chrg_test_5another came" in swept.output) == (1, True)
    order = shop.order(order_id)
    assert (order.paid_at, order.latest.status, why(order)) == (None, "pending", None)
    shop.omise.heals()
    shop.omise.control(f"charges/{order.latest.charge_id}/pay")
    shop.sweep()
    assert shop.order(order_id).paid_at


def test_a_charge_that_cannot_be_read_for_an_hour_is_flagged(shop, filled):
    """A31: no row is asked about for ever in silence."""
    filled.pays_by("promptpay")
    order_id = filled.order_id
    shop.omise.breaks("change", set={"amount": 10**30}, **FIND)
    sweep = ["payment", "sweep"]
    shop.app.test_cli_runner().invoke(args=sweep)
    assert why(shop.order(order_id)) is None
    set_attempt(shop, order_id, created_at=ago(shop, minutes=61))
    shop.app.test_cli_runner().invoke(args=sweep)
    assert "amount is not an amount" in why(shop.order(order_id))


def test_a_status_that_nobody_knows_is_no_result(shop, filled):
    """B14: keep waiting and call an operator, when the charge is made and when it is read."""
    galactic = {"status": "galactic", "paid": False}
    shop.omise.breaks("change", set=galactic, **CREATE)
    shop.omise.breaks("change", set=galactic, **FIND)
    filled.pays()
    assert (filled.state, attempt_of(filled).status) == ("confirming", "sent")
    shop.sweep()
    order = shop.order(filled.order_id)
    assert (order.latest.status, order.paid_at) == ("sent", None)
    assert "galactic" in why(order)
    shop.omise.heals()
    shop.sweep()
    assert looks_again(filled) == "paid"


def test_a_stale_answer_delays_and_never_undoes(shop, filled):
    """A13, B2: a read that lags behind may say pending long after the charge was paid."""
    filled.pays_by("promptpay")
    order_id, charge_id = filled.order_id, attempt_of(filled).charge_id
    shop.omise.control(f"charges/{charge_id}/pay")
    shop.omise.breaks("stale", **FIND)
    shop.sweep()
    assert looks_again(filled) == "waiting"
    shop.omise.heals()
    shop.sweep()
    assert looks_again(filled) == "paid"
    before = shop.order(order_id)
    shop.omise.breaks("stale", **FIND)
    assert deliver(shop, event(charge_id)).status_code == 200
    filled.get(f"/orders/{order_id}/complete")
    assert filled.state == "paid"
    after = shop.order(order_id)
    assert (after.paid_at, after.latest.status) == (before.paid_at, "successful")


def test_a_list_that_lags_behind_only_delays(shop, filled):
    """A3: not seen in the list yet is not the same as not there."""
    shop.omise.breaks("close_after", **CREATE)
    lag = shop.omise.breaks("lag", seconds=300, **LIST)
    filled.pays()
    shop.sweep()
    assert shop.omise.fault(lag)["met"] == 1
    assert looks_again(filled) == "confirming"
    filled.get("/checkout")
    assert filled.state == "confirming"
    shop.omise.heals()
    shop.sweep()
    assert looks_again(filled) == "paid"
    assert creates(shop) == 1


@pytest.fixture
def distant(build_shop):
    """Give a shop whose Omise runs by itself, and that Omise, to be stopped."""
    running = sandbox.running()
    omise = running.__enter__()
    shop = build_shop(
        OMISE_SANDBOX="off",
        OMISE_SECRET_KEY=omise.secret_key,
        OMISE_PUBLIC_KEY=omise.public_key,
        OMISE_API_BASE=omise.url,
        OMISE_JS_URL=f"{omise.url}omise.js",
    )
    shop.omise = Omise(omise.url)
    shop.stop_omise = lambda: running.__exit__(None, None, None)
    return shop


def test_every_page_opens_while_omise_is_gone(distant):
    """C5: home, catalogue, cart, checkout and the pages of orders in every state."""
    with Shopper(distant) as shopper:
        paths = ["/"]
        for pay in (
            lambda: shopper.pays(),
            lambda: shopper.pays("4111111111140011"),
            lambda: shopper.pays_by("promptpay"),
        ):
            shopper.adds()
            pay()
            shopper.get(f"/orders/{shopper.order_id}")
            paths.append(f"/orders/{shopper.order_id}")
            shopper.adds("cloud-oolong")
        paths += [
            path + more for path in paths[1:] for more in ("/status", "/complete")
        ]
        rules = distant.app.url_map.iter_rules()
        paths += [
            one.rule for one in rules if "GET" in one.methods and not one.arguments
        ]
        states = [
            distant.order(path.split("/")[2]).latest.status for path in paths[1:4]
        ]
        assert states == ["successful", "failed", "pending"]
        distant.stop_omise()
        seen = set()
        while paths:
            path = paths.pop()
            if path in seen or not path.startswith("/"):
                continue
            seen.add(path)
            page = shopper.get(path)
            # The picture of a code lies at Omise.
            expected = 502 if path.endswith("/code") else 200
            assert page.status_code == expected, f"{path}: {page.status_code}"
            paths += re.findall(r'(?:href|src)="([^"#?]+)', page.text)
        assert {"/", "/cart", "/checkout"} <= seen
        assert any(path.endswith("/code") for path in seen)


@pytest.fixture(params=[10, -10], ids=["ten minutes fast", "ten minutes slow"])
def skewed(request, shop, monkeypatch):
    """Let the clocks of the shop and its book be wrong: as Omise sees it, or it by theirs."""
    wrong = timedelta(minutes=request.param).total_seconds()
    # The book's clock is the machine's, which stays as it is: so Omise's is moved the other way.
    shop.omise.control("settings", clock_offset=-int(wrong))
    clock = SimpleNamespace(time=lambda: time.time() + wrong, monotonic=time.monotonic)
    monkeypatch.setattr(webhook, "time", clock)
    monkeypatch.setitem(shop.app.extensions, "webhook", webhook.Refusals())
    return shop


def test_with_a_wrong_clock_nothing_expires_and_a_lost_charge_is_found(skewed, filled):
    """C7: Omise's status decides, and the search for a lost charge looks far enough back."""
    filled.pays_by("promptpay")
    waiting = filled.order_id
    filled.adds("cloud-oolong")
    skewed.omise.breaks("close_after", **CREATE)
    filled.pays()
    assert filled.state == "confirming"
    made = datetime.fromisoformat(skewed.omise.latest()["created_at"])
    assert 590 < abs((datetime.now(UTC) - made).total_seconds()) < 660
    skewed.omise.heals()
    skewed.sweep()
    assert looks_again(filled) == "paid"
    assert skewed.order(waiting).latest.status == "pending"
    filled.get(f"/orders/{waiting}")
    assert filled.state == "waiting"


def test_with_a_wrong_clock_webhooks_are_refused_and_the_log_says_why(
    skewed, filled, caplog
):
    """C7: the operator reads of the clock, not of a wrong signature; the sweep settles."""
    filled.pays_by("promptpay")
    charge_id = attempt_of(filled).charge_id
    skewed.omise.control(f"charges/{charge_id}/pay")
    assert deliver(skewed, event(charge_id)).status_code == 401
    assert "webhook refused: the timestamp is too far from our clock" in caplog.text
    skewed.sweep()
    assert looks_again(filled) == "paid"
