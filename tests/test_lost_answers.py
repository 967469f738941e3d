"""Answers that get lost on the way back from Omise: nobody pays twice, and nothing is forgotten."""

import json
import sqlite3
import time
import uuid
from contextlib import closing
from datetime import timedelta

import pytest
import requests
from fault_rig import ago, begin, creates, set_attempt
from rig import why
from shopper import Shopper

import sandbox
from payment import checkout, paying
from payment.gateway import deadline, http, verbs
from payment.gateway.errors import GatewayError
from payment.operations import reconcile
from payment.orders import ledger, queries
from payment.orders.models import Attempt
from payment.settings import LONGEST_ANSWER

LIST = {"method": "GET", "path": "/charges"}
CREATE = {"method": "POST", "path": "/charges"}
POOR = "4111111111140011"


@pytest.fixture
def shop(served):
    """Give a shop to which no webhook comes."""
    return begin(served)


@pytest.fixture
def filled(shopper):
    """Give a shopper with something in the cart."""
    shopper.adds()
    return shopper


def loses(shop, path="/charges"):
    """Let Omise act upon the next such request and hang up without an answer."""
    return shop.omise.breaks("close_after", method="POST", path=path)


def never_arrives(shop):
    """Let the next request to charge get lost on the way there."""
    return shop.omise.breaks("close_before", **CREATE)


def hides(shop):
    """Let Omise's lists of charges and of events show nothing, as ones that lag behind do."""
    nothing = {"times": 0, "set": {"data": [], "total": 0}}
    shop.omise.breaks("change", method="GET", path="/events", **nothing)
    return shop.omise.breaks("change", **nothing, **LIST)


def attempt_of(shopper, number=1):
    return shopper.shop.order(shopper.order_id).attempts[number - 1]


def waits(shopper, order=None, **by):
    """Let so much time go by since the order's request left."""
    shop, order = shopper.shop, order or shopper.order_id
    then = ago(shop, **by)
    set_attempt(shop, order, sent_at=then, created_at=then)


def saved_card(shopper):
    """Let Omise say nothing of a token: as a saved card, or one that it has forgotten."""
    set_attempt(shopper.shop, shopper.order_id, pays_with=None)


def sweeps(shop):
    return shop.app.test_cli_runner().invoke(args=["payment", "sweep"]).output


def counts_requests(monkeypatch):
    asked, exchange = [], http.exchange

    def noted(method, url, **more):
        asked.append(f"{method.upper()} {url.split('/sandbox')[-1]}")
        return exchange(method, url, **more)

    monkeypatch.setattr(http, "exchange", noted)
    return asked


def test_a_lost_answer_is_unknown_then_found_by_its_metadata(shop, filled):
    """A3: one create; the attempt adopts the charge that it made."""
    loses(shop)
    filled.pays()
    assert filled.state == "confirming"
    assert "do not pay again" in filled.page.text
    assert attempt_of(filled).status == "unknown"
    assert "still open 0" in shop.sweep()
    filled.get(f"/orders/{filled.order_id}")
    assert filled.state == "paid"
    assert attempt_of(filled).charge_id == shop.omise.charges()[0]["id"]
    assert creates(shop) == shop.omise.books()["charges"] == 1


def test_one_list_that_fails_puts_no_lost_answer_off(shop, filled):
    """A3: the sweep asks for the list once more in the same round."""
    loses(shop)
    filled.pays()
    rule = shop.omise.breaks("close_before", **LIST)
    said = sweeps(shop)
    assert shop.omise.fault(rule)["met"] == 1
    assert "lost answers: " in said
    assert "asked about 1, still open 0, errors 1" in said


def test_a_lost_answer_settles_while_the_page_is_open(shop, filled):
    """A3: the page's own poll finds the charge; no second process is needed."""
    loses(shop)
    filled.pays()
    path = f"/orders/{filled.order_id}/status"
    assert filled.get(path).json()["state"].startswith("paid")


@pytest.mark.parametrize("minutes", [-11, 11])
def test_a_lost_answer_is_found_although_two_clocks_differ(shop, filled, minutes):
    """C9, A20: Omise's is off by so much."""
    shop.omise.control("settings", clock_offset=60 * minutes)
    loses(shop)
    filled.pays()
    shop.omise.control("settings", clock_offset=0)
    shop.sweep()
    assert attempt_of(filled).status == "successful"


def test_paying_again_while_nobody_knows_charges_nothing(shop, filled):
    """A6, A21: the goods cannot be paid a second time while the first time is unknown."""
    loses(shop)
    form = filled.opens_checkout()
    filled.charges(form, omiseToken=shop.omise.token())
    order = filled.order_id
    filled.get("/checkout")
    assert filled.order_id == order
    second = {**form, "form": "00000000-0000-4000-8000-000000000001"}
    filled.charges(second, omiseToken=shop.omise.token())
    assert filled.order_id == order
    page = f"/orders/{order}/again"
    filled.post(page, {"csrf_token": form["csrf_token"]})
    assert filled.state == "confirming"
    filled.opens_order(order, "/pay")
    assert filled.state == "confirming"
    assert "omiseToken" not in filled.page.text
    assert creates(shop) == 1


def test_a_token_that_omise_never_used_frees_the_order_after_a_while(shop, filled):
    """A6: only after a long wait, by Omise's own word; and nothing was sent again."""
    rule = never_arrives(shop)
    filled.pays()
    order = filled.order_id
    shop.sweep()
    assert attempt_of(filled).status == "unknown"
    waits(filled, minutes=9)
    shop.sweep()
    assert attempt_of(filled).status == "unknown"
    waits(filled, minutes=11)
    shop.sweep()
    attempt = attempt_of(filled)
    assert (attempt.status, attempt.failure_code) == ("failed", "never_used")
    assert (creates(shop), shop.omise.fault(rule)["met"]) == (0, 1)
    filled.opens_order(order)
    assert "nothing was charged" in filled.page.text
    filled.opens_order(order, "/pay")
    filled.pays_here()
    assert (filled.order_id, filled.state) == (order, "paid")
    assert shop.omise.charged(order) == {"successful": (1, 49000)}


def test_a_source_that_omise_never_used_frees_the_order_too(shop, filled):
    """A6: newer sources say so by their charge_status."""
    never_arrives(shop)
    filled.pays_by("promptpay")
    waits(filled, minutes=11)
    shop.sweep()
    attempt = attempt_of(filled)
    assert (attempt.status, attempt.failure_code) == ("failed", "never_used")


def test_a_token_that_was_used_is_no_failure_whatever_the_list_shows(shop, filled):
    """A19: the list lags behind; the token says that there is something to find, so nobody may
    pay again, and a person is called when it stays so."""
    loses(shop)
    filled.pays()
    waits(filled, minutes=11)
    hides(shop)
    filled.get(f"/orders/{filled.order_id}/status")
    shop.sweep()
    assert attempt_of(filled).status == "unknown"
    assert filled.opens_order(filled.order_id, "/pay").url.endswith(filled.order_id)
    assert why(shop.order(filled.order_id)) is None
    waits(filled, minutes=61)
    shop.sweep()
    assert "was used to pay, and shows no charge" in why(shop.order(filled.order_id))
    shop.omise.heals()
    shop.sweep()
    assert attempt_of(filled).status == "successful"


def test_a_token_whose_charge_failed_is_no_word_of_money(shop, filled):
    """A19: then the list decides, as for a card that Omise keeps."""
    loses(shop)
    filled.pays(card=POOR)
    waits(filled, minutes=11)
    hides(shop)
    shop.sweep()
    assert attempt_of(filled).status == "not_found"


def refuses_after_acting(shop, status, code):
    """Let a hop send the charge twice, and answer with what became of the second one."""
    refusal = {"status": status, "body": "error", "code": code}
    return shop.omise.breaks("answer_after", **refusal, **CREATE)


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "rate_limit"), (401, "authentication_failure"), (400, "invalid_charge")]
    + [(status, "bad_request") for status in (400, 408, 409, 425, 499)],
)
def test_a_no_is_none_where_the_token_was_used(shop, filled, status, code):
    """A26: what a hop says after it has sent the request twice."""
    refuses_after_acting(shop, status, code)
    filled.pays()
    assert filled.state == "confirming"
    shop.sweep()
    assert attempt_of(filled).status == "successful"
    assert creates(shop) == 1


@pytest.mark.parametrize("status", [408, 409, 425, 499])
def test_a_saved_card_is_not_failed_by_what_a_hop_says(shop, filled, status):
    """A26: these are no words of Omise's."""
    filled.pays(remember="yes", email="somchai@example.com")
    filled.adds("cloud-oolong")
    refuses_after_acting(shop, status, "bad_request")
    form = filled.opens_checkout()
    filled.charges(form)
    assert filled.state == "confirming"


def test_a_token_that_was_refused_before_is_not_taken_for_used_up(shop, filled):
    """A26: a first try that charged nothing says nothing of the second."""
    limited = {"status": 429, "body": "error", "code": "rate_limit"}
    shop.omise.breaks("answer_before", **limited, **CREATE)
    token = shop.omise.token()
    filled.charges(filled.opens_checkout(), omiseToken=token)
    assert attempt_of(filled).status == "failed"
    refuses_after_acting(shop, 400, "used_token")
    filled.opens_order(filled.order_id, "/pay")
    filled.charges(filled.hidden(), omiseToken=token)
    assert attempt_of(filled, 2).status == "unknown"
    shop.sweep()
    assert attempt_of(filled, 2).status == "successful"


def test_a_saved_card_s_charge_shows_after_a_false_no(shop, filled):
    """A14, A26: Omise's events tell of it, and a person hears that it was thought to have
    failed."""
    filled.pays(remember="yes", email="somchai@example.com")
    filled.adds("cloud-oolong")
    shop.sweep()
    refuses_after_acting(shop, 429, "rate_limit")
    filled.charges(filled.opens_checkout())
    order = filled.order_id
    assert attempt_of(filled).status == "failed"
    shop.sweep()
    assert attempt_of(filled).status == "successful"
    assert "paid although attempt 1 was failed" in why(shop.order(order))


def charged_again(shop, **more):
    """Let a hop send the newest charge once more: another charge, with the same metadata."""
    first = shop.omise.latest()
    asked = {name: first[name] for name in ("amount", "currency", "metadata")}
    source = {"source": {"type": "promptpay"}}
    made = requests.post(
        f"{shop.omise.base}charges",
        json={**asked, **source, **more},
        auth=(sandbox.SECRET_KEY, ""),
        timeout=30,
    ).json()
    shop.omise.control(f"charges/{made['id']}/pay")
    return made["id"]


@pytest.mark.parametrize("lost", [True, False])
def test_two_charges_of_one_attempt_call_an_operator(shop, filled, lost):
    """A15, A26: whether its own answer was lost or not, and without a webhook."""
    if lost:
        loses(shop)
    filled.pays()
    if not lost:
        shop.sweep()
    second = charged_again(shop)
    shop.sweep()
    order = shop.order(filled.order_id)
    assert (order.attempts[0].status, len(order.attempts)) == ("successful", 1)
    assert second in why(order)


def test_an_own_charge_is_looked_for_beside_a_doubtful_one(shop, filled):
    """A3, A26: the answer named a charge that is nobody's; ours was made all the same."""
    another = {"id": "chrg_test_5nobody", "metadata.attempt_id": str(uuid.uuid4())}
    shop.omise.breaks("change", set=another, **CREATE)
    filled.pays()
    assert attempt_of(filled).doubtful_id == "chrg_test_5nobody"
    shop.sweep()
    attempt = attempt_of(filled)
    assert (attempt.status, attempt.doubtful_id) == ("successful", None)


@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_token_that_cannot_be_asked_about_proves_nothing(shop, filled, status):
    """A19, A23: the attempt stays as it was."""
    never_arrives(shop)
    filled.pays()
    waits(filled, minutes=11)
    rule = shop.omise.breaks(
        "answer_before", method="GET", path="/tokens/.*", status=status
    )
    with shop.app.app_context():
        reconcile.reconcile_order(filled.order_id, "page")
    assert shop.omise.fault(rule)["met"] == 1
    assert attempt_of(filled).status == "unknown"


@pytest.mark.parametrize("odd", [None, "no", 0, "true", []])
def test_a_token_that_does_not_say_leaves_it_to_the_list(shop, filled, odd):
    """A19: nothing but `false` is Omise's word that it was never used."""
    never_arrives(shop)
    filled.pays()
    waits(filled, minutes=11)
    said = {"used": odd, "charge_status": None}
    shop.omise.breaks("change", method="GET", path="/tokens/.*", set=said)
    shop.sweep()
    assert attempt_of(filled).status == "not_found"


def test_a_token_that_omise_has_forgotten_leaves_it_to_the_list(shop, filled):
    """A19: after whatever became of it."""
    never_arrives(shop)
    filled.pays()
    waits(filled, minutes=11)
    gone = {"status": 404, "body": "error", "code": "not_found"}
    shop.omise.breaks("answer_before", method="GET", path="/tokens/.*", **gone)
    shop.sweep()
    assert attempt_of(filled).status == "not_found"


def test_a_charge_that_is_made_after_all_is_recorded_and_flagged(shop, filled):
    """A14: whoever names it, although Omise had said that its token was never used."""
    loses(shop)
    filled.pays()
    waits(filled, minutes=11)
    never = {"used": False, "charge_status": "unknown"}
    shop.omise.breaks("change", method="GET", path="/tokens/.*", set=never)
    hides(shop)
    shop.sweep()
    assert attempt_of(filled).failure_code == "never_used"
    shop.omise.heals()
    # By a sweep, without any webhook: it goes on looking for a week.
    shop.sweep()
    order = shop.order(filled.order_id)
    assert order.paid_by == order.attempts[0].id
    assert "although attempt 1 was failed" in why(order)


def test_what_was_never_used_is_looked_for_for_a_week(shop, filled):
    """A19: and then no more."""
    never_arrives(shop)
    filled.pays()
    waits(filled, minutes=11)
    shop.sweep()
    with shop.app.app_context():
        waits(filled, days=6)
        assert len(queries.watched()[0]) == 1
        waits(filled, days=8)
        assert queries.watched()[0] == []


def test_a_saved_card_s_request_that_never_arrived_is_not_found(shop, filled):
    """A19: never "failed"; the shopper is told what is known, and may choose."""
    never_arrives(shop)
    filled.pays()
    order = filled.order_id
    saved_card(filled)
    shop.sweep()
    assert attempt_of(filled).status == "unknown"
    waits(filled, minutes=11)
    said = shop.sweep()
    assert f"order {order} attempt 1: unknown -> not_found" in said
    assert (attempt_of(filled).failure_code, creates(shop)) == (None, 0)
    filled.opens_order(order)
    assert filled.state == "not_found"
    assert "have not found it" in filled.page.text
    assert "most likely nothing was charged" in filled.page.text
    filled.opens_order(order, "/pay")
    filled.pays_here()
    assert filled.state == "paid"
    shop.sweep()
    assert attempt_of(filled).status == "not_found"
    assert why(shop.order(order)) is None


@pytest.mark.parametrize("lag", [timedelta(minutes=11), timedelta(days=2)])
@pytest.mark.parametrize("pays_again", [False, True])
def test_a_charge_that_shows_up_late_is_recorded(shop, filled, lag, pays_again):
    """A19: without any webhook; and flagged if it makes two."""
    shop.omise.control("settings", clock_offset=-int(lag.total_seconds()))
    loses(shop)
    filled.pays()
    order = filled.order_id
    shop.omise.control("settings", clock_offset=0)
    waits(filled, seconds=lag.total_seconds())
    saved_card(filled)
    hides(shop)
    shop.sweep()
    assert attempt_of(filled).status == "not_found"
    if pays_again:
        filled.opens_order(order, "/pay")
        filled.pays_here()
        assert filled.state == "paid"
    shop.sweep()
    assert attempt_of(filled).status == "not_found"
    shop.omise.heals()
    shop.sweep()
    assert attempt_of(filled).status == "successful"
    found = shop.order(order)
    assert found.paid_by == found.attempts[-1].id
    if pays_again:
        assert f"paid twice: refund charge {found.attempts[0].charge_id}" in why(found)
    else:
        assert why(found) is None
    assert creates(shop) == 1 + pays_again


@pytest.mark.parametrize("other_is_captured", [False, True])
def test_a_hold_that_shows_up_late_beside_another_is_flagged(
    build_shop, monkeypatch, other_is_captured
):
    """A19: capture off; two holds on one shopper's money are one too many."""
    shop = build_shop(AUTO_CAPTURE="off")
    shop.omise.control("settings", webhook_uri=None)
    with Shopper(shop) as shopper:
        shopper.adds()
        loses(shop)
        shopper.pays()
        order = shopper.order_id
        waits(shopper, minutes=11)
        saved_card(shopper)
        hides(shop)
        shop.sweep()
        shopper.opens_order(order, "/pay")
        shopper.pays_here()
        assert shopper.state == "authorized"
    if other_is_captured:
        run = shop.app.test_cli_runner()
        run.invoke(args=["payment", "capture", order, "--yes"])
        assert shop.order(order).paid_at
    shop.omise.heals()
    asked = counts_requests(monkeypatch)
    # The first round hears of it, the second asks about what waits.
    for _ in range(2):
        set_attempt(shop, order, checked_at=None)
        shop.sweep()
    held = shop.order(order).attempts[0]
    assert (held.status, held.authorized) == ("pending", True)
    assert "is held by attempts 1 and 2" in why(shop.order(order))
    assert len(shop.order(order).flags) == 1
    # Only an operator lets go of money that is held.
    assert not [one for one in asked if one.endswith("/expire")]
    with shop.app.app_context():
        verbs.reverse_charge(held.charge_id)
    shop.sweep()
    assert shop.order(order).attempts[0].status == "reversed"
    assert shop.omise.charged(order) == {
        "reversed": (1, 49000),
        ("successful" if other_is_captured else "pending"): (1, 49000),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": 5},
        {"total": None},
        {"total": "0"},
        {"total": True},
        {"total": -1},
        {"total": 0.0},
        {"data": None},
        {"data": {}},
        {"object": "error", "code": "x"},
    ],
)
def test_a_list_that_was_not_read_to_its_end_proves_nothing(shop, filled, wrong):
    """A20: a short page, a total that says there is more, or none; the next full one does."""
    never_arrives(shop)
    filled.pays()
    saved_card(filled)
    waits(filled, minutes=11)
    shop.omise.breaks("change", times=0, set=wrong, **LIST)
    sweeps(shop)
    assert attempt_of(filled).status == "unknown"
    shop.omise.heals()
    shop.sweep()
    assert attempt_of(filled).status == "not_found"


def test_a_list_that_repeats_a_page_proves_nothing(shop, filled, monkeypatch):
    """A20: rows told twice stand where others were not told."""
    filled.pays()
    filled.adds()
    never_arrives(shop)
    filled.pays()
    saved_card(filled)
    waits(filled, minutes=11)
    read = verbs.charges_between

    def first_page_for_ever(begin, end, offset):
        page = read(begin, end, 0)
        return verbs.Page(page.rows, 2 * len(page.rows))

    with monkeypatch.context() as hop:
        hop.setattr(verbs, "charges_between", first_page_for_ever)
        shop.sweep()
    assert attempt_of(filled).status == "unknown"
    shop.sweep()
    assert attempt_of(filled).status == "not_found"


def test_a_list_begun_before_patience_ran_out_proves_nothing(shop, filled, monkeypatch):
    """A20: the charge may have come after it was read; a round may be suspended meanwhile."""
    never_arrives(shop)
    filled.pays()
    saved_card(filled)
    waits(filled, minutes=9)
    clock, read, slept = queries.clock, verbs.charges_between, []

    def suspended(*window):
        page = read(*window)
        slept.append(timedelta(minutes=10))
        return page

    monkeypatch.setattr(verbs, "charges_between", suspended)
    monkeypatch.setattr(queries, "clock", lambda: clock() + sum(slept, timedelta(0)))
    shop.sweep()
    assert slept
    assert attempt_of(filled).status == "unknown"
    # The next round begins after it.
    shop.sweep()
    assert attempt_of(filled).status == "not_found"


def test_what_is_still_on_its_way_is_not_called_unknown(shop, filled):
    """A5: its own request may wait for the answer just now."""
    loses(shop)
    filled.pays()
    hides(shop)
    set_attempt(shop, filled.order_id, status="sent")
    waits(filled, seconds=30)
    shop.sweep()
    assert attempt_of(filled).status == "sent"
    waits(filled, seconds=40)
    shop.sweep()
    assert attempt_of(filled).status == "unknown"


def stuffs(shop, number, minutes_ago):
    """Let Omise have so many charges of others, made at that time."""
    with closing(sqlite3.connect(shop.settings["SANDBOX_DATABASE"])) as books, books:
        row = "SELECT body, created FROM objects WHERE kind = 'charge' LIMIT 1"
        body, created = books.execute(row).fetchone()
        made, facts = created - 60 * minutes_ago, json.loads(body)
        other = {"order_id": "1001", "attempt_id": str(uuid.uuid4())}
        facts |= {"metadata": other, "created_at": made}
        insert = "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)"
        for n in range(number):
            facts["id"] = f"chrg_test_5other{n:06}{minutes_ago}"
            books.execute(insert, (facts["id"], "charge", made, json.dumps(facts)))
        # Ours comes last in the list.
        last = "UPDATE objects SET seq = (SELECT max(seq) + 1 FROM objects)"
        books.execute(f"{last} WHERE json_extract(body, '$.metadata.app') NOT NULL")


def test_a_lost_answer_is_found_far_down_a_list(shop, filled, monkeypatch):
    """A20: on whatever page; of what is outside the window, nothing is read."""
    loses(shop)
    filled.pays()
    stuffs(shop, 250, minutes_ago=5)
    stuffs(shop, 10_000, minutes_ago=60)
    asked = counts_requests(monkeypatch)
    shop.sweep()
    assert attempt_of(filled).status == "successful"
    assert asked.count("GET /charges") == 3


def test_a_shopper_s_page_asks_for_so_many_pages_and_concludes_nothing(
    shop, filled, monkeypatch
):
    """A20, C8: the sweep reads on to the end."""
    loses(shop)
    filled.pays()
    stuffs(shop, 250, minutes_ago=15)
    saved_card(filled)
    waits(filled, minutes=11)
    with closing(sqlite3.connect(shop.settings["SANDBOX_DATABASE"])) as books, books:
        ours = "json_extract(body, '$.metadata.app') NOT NULL"
        books.execute(f"DELETE FROM objects WHERE kind = 'charge' AND {ours}")
    asked = counts_requests(monkeypatch)
    filled.opens_order(filled.order_id, "/status")
    assert asked.count("GET /charges") == 2
    assert attempt_of(filled).status == "unknown"
    shop.sweep()
    assert attempt_of(filled).status == "not_found"


def test_lost_answers_of_one_time_are_looked_for_in_one_window(
    shop, filled, monkeypatch
):
    """B16: and those of another in another."""
    orders = []
    for quantity in (4, 2, 3):
        loses(shop)
        filled.adds(quantity=quantity)
        filled.pays()
        orders.append(filled.order_id)
    waits(filled, orders[0], hours=3)
    set_attempt(shop, orders[0], pays_with=None)
    asked = counts_requests(monkeypatch)
    shop.sweep()
    assert asked.count("GET /charges") == 2
    found = [shop.order(order).attempts[0].status for order in orders]
    # The first is not where its row says; its window shows nothing of it.
    assert found == ["not_found", "successful", "successful"]


def test_the_window_of_several_reaches_as_far_as_the_last_of_them(shop, monkeypatch):
    """A20: one that was not read so far would prove nothing."""
    asked = []

    def reads(begin, end, offset):
        asked.append((begin, end))
        return verbs.Page([], 0)

    monkeypatch.setattr(verbs, "charges_between", reads)
    first = ago(shop, hours=2)
    moments = [first + timedelta(minutes=15 * number) for number in range(3)]
    lost = [Attempt(id=f"{one}", status="unknown", sent_at=one) for one in moments]
    with shop.app.app_context():
        evidence = reconcile.look(lost, most_pages=9)
    end = moments[-1] + reconcile.PATIENCE + reconcile.SKEW
    assert asked == [(first - reconcile.SKEW, end)]
    assert evidence.complete.keys() == {one.id for one in lost}


ODD_ROWS = [
    None,
    5,
    "charge",
    [],
    {},
    {"id": "chrg_test_5x"},
    {"id": "chrg_test_5x", "metadata": None},
    {"id": "chrg_test_5x", "metadata": ["attempt_id"]},
    {"id": "chrg_test_5x", "metadata": {"attempt_id": {"x": 1}}},
    {"id": "chrg_test_5x", "metadata": {"attempt_id": ["x"]}},
    {"id": 5, "metadata": {"attempt_id": 5}},
]


def test_a_poisoned_list_stops_no_lost_answer(shop, filled):
    """B17: charges of others with metadata of any type."""
    loses(shop)
    filled.pays()
    ours = {
        "id": shop.omise.latest()["id"],
        "metadata": {"attempt_id": attempt_of(filled).id},
    }
    poison = [ours | {"id": odd} for odd in (None, 5, {}, "../tokens", "tokn_test_5x")]
    rows = [*ODD_ROWS, ours, *poison, *ODD_ROWS]
    shop.omise.breaks("change", set={"data": rows, "total": len(rows)}, **LIST)
    assert "errors 0" in shop.sweep()
    assert attempt_of(filled).status == "successful"


def test_a_list_that_names_another_s_charge_pays_nothing(shop, filled):
    """A9: a list may say anything; what counts is the charge itself, and it is flagged."""
    filled.pays()
    paid, others = filled.order_id, shop.omise.latest()["id"]
    never_arrives(shop)
    filled.adds()
    filled.pays()
    assert filled.order_id != paid
    row = {"id": others, "metadata": {"attempt_id": attempt_of(filled).id}}
    shop.omise.breaks("change", set={"data": [row], "total": 1}, **LIST)
    shop.sweep()
    order = shop.order(filled.order_id)
    assert (order.paid_at, order.attempts[0].status) == (None, "unknown")
    assert order.attempts[0].doubtful_id == others
    assert others in why(order)
    # Seen to be another order's, it is let go; what is ours is looked for again.
    shop.sweep()
    assert attempt_of(filled).doubtful_id is None
    assert why(shop.order(paid)) is None


def test_an_answer_of_another_charge_blocks_until_ours_is_found(shop, filled):
    """A26: it pays nothing, whose ever it is; ours is unknown, and then found."""
    filled.pays()
    paid, others = filled.order_id, shop.omise.latest()
    filled.adds()
    asked = {"id": others["id"], "metadata": others["metadata"]}
    shop.omise.breaks("change", set=asked, **CREATE)
    filled.pays()
    order = shop.order(filled.order_id)
    assert filled.state == "confirming"
    assert (order.paid_at, order.attempts[0].status) == (None, "unknown")
    assert order.attempts[0].doubtful_id == others["id"]
    assert "does not name this order" in why(order)
    filled.opens_order(order.id, "/pay")
    assert filled.state == "confirming"
    shop.sweep()
    shop.sweep()
    order = shop.order(filled.order_id)
    assert order.paid_by == order.attempts[0].id
    assert order.attempts[0].charge_id == shop.omise.latest()["id"]
    assert (why(shop.order(paid)), creates(shop)) == (None, 2)


def test_an_answer_that_names_nobody_is_looked_at_again(shop, filled):
    """A26: it was ours after all."""
    shop.omise.breaks("change", set={"metadata": {}}, **CREATE)
    filled.pays()
    assert filled.state == "confirming"
    assert attempt_of(filled).doubtful_id == shop.omise.latest()["id"]
    shop.sweep()
    attempt = attempt_of(filled)
    assert (attempt.status, attempt.doubtful_id) == ("successful", None)


def test_a_doubt_about_what_had_ended_is_looked_at_again(shop, filled):
    """It blocks the order, though nobody waits on its page: the next sweep hears the truth."""
    filled.pays(card="4111111111140011")
    attempt = attempt_of(filled)
    lie = {"amount": 1, "status": "successful", "paid": True}
    shop.omise.breaks("change", set=lie, path=f"/charges/{attempt.charge_id}")
    with shop.app.app_context():
        reconcile.reconcile_charge(attempt.charge_id, "webhook")
    assert attempt_of(filled).doubtful_id == attempt.charge_id
    shop.sweep()
    attempt = attempt_of(filled)
    assert (attempt.status, attempt.doubtful_id) == ("failed", None)
    filled.opens_order(attempt.order_id, "/pay")
    filled.pays_here()
    assert filled.state == "paid"


@pytest.mark.parametrize("fault", ["answer_before", "answer_after"])
def test_a_token_used_at_its_first_use_is_unknown(shop, filled, fault):
    """A26: some hop may have sent the request twice; then the first has charged."""
    said = {"status": 400, "body": "error", "code": "used_token"}
    shop.omise.breaks(fault, **said, **CREATE)
    filled.pays()
    assert filled.state == "confirming"
    shop.sweep()
    paid = "successful" if fault == "answer_after" else "unknown"
    assert attempt_of(filled).status == paid


def test_a_token_that_another_attempt_has_used_charges_nothing(shop, filled):
    """A26: a card form sent again from the browser's memory is a sure no."""
    form = filled.opens_checkout()
    token = shop.omise.token("4111111111140011")
    filled.charges(form, omiseToken=token)
    order = filled.order_id
    assert attempt_of(filled).status == "failed"
    filled.opens_order(order, "/pay")
    filled.charges(filled.hidden(), omiseToken=token)
    second = attempt_of(filled, 2)
    assert (second.status, second.failure_code) == ("failed", "used_token")


@pytest.mark.parametrize("status", ["created", "sent"])
def test_a_crash_between_two_commits_leaves_a_row_to_settle(shop, filled, status):
    """A5: whatever the process did not live to write, the sweep does."""
    loses(shop)
    filled.pays()
    order = filled.order_id
    old = ago(shop, minutes=2)
    set_attempt(shop, order, status=status, created_at=old)
    shop.sweep()
    expected = {"created": "failed", "sent": "successful"}
    assert attempt_of(filled).status == expected[status]


def test_what_is_about_to_leave_is_given_time_to(shop, filled):
    """A5: a card is saved before its charge is asked for."""
    loses(shop)
    filled.pays()
    young = ago(shop, seconds=20)
    set_attempt(shop, filled.order_id, status="created", created_at=young)
    shop.sweep()
    assert attempt_of(filled).status == "created"


@pytest.mark.parametrize("remembered", [False, True])
def test_all_that_a_payment_takes_shares_one_deadline(
    shop, filled, monkeypatch, remembered
):
    """C3: to save a card takes several requests, of which each could take as long as one."""
    ends, create = [], verbs.create_charge

    def late(**asked):
        ends.append(deadline.left(1000))
        return create(**asked)

    monkeypatch.setattr(verbs, "create_charge", late)
    saving = {"email": "a@shop.example", "remember": "yes"} if remembered else {}
    filled.pays(**saving)
    assert filled.state == "paid"
    assert 0 < ends[0] < LONGEST_ANSWER


def test_a_lost_answer_to_saving_a_card_charges_nothing(shop, filled):
    """A6: the card may be saved or not, but no charge was asked for."""
    loses(shop, "/customers")
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.state == "failed"
    assert "nothing was charged" in filled.page.text
    assert creates(shop) == 0
    filled.pays_here()
    assert filled.state == "paid"


def test_an_attempt_given_up_while_its_card_was_saved_is_not_sent(
    shop, filled, monkeypatch
):
    """A5, A6: the sweep closed it first, so another attempt may already be paying."""
    slow = paying._save_card

    def given_up_meanwhile(*args):
        saved = slow(*args)
        for attempt in queries.open_attempts():
            ledger.mark_failed(attempt, "nothing_sent", "sweep")
        return saved

    monkeypatch.setattr(paying, "_save_card", given_up_meanwhile)
    filled.pays(remember="yes", email="somchai@example.com")
    assert filled.state == "failed"
    assert creates(shop) == 0


def test_a_charge_that_cannot_be_read_leaves_its_attempt_as_it_was(shop, filled):
    """A23: 401, 404, 429, 5xx: a question that is refused is no answer to it."""
    loses(shop)
    filled.pays()
    waits(filled, days=3)
    set_attempt(shop, filled.order_id, charge_id=shop.omise.latest()["id"])
    for status, code in ((401, "x"), (404, "not_found"), (429, "x"), (500, "x")):
        said = {"status": status, "body": "error", "code": code}
        path = "/charges/chrg_test_[a-z0-9]+"
        shop.omise.breaks("answer_before", method="GET", path=path, **said)
        asked, nothing = attempt_of(filled), reconcile.Evidence()
        with shop.app.app_context(), pytest.raises(GatewayError) as refused:
            reconcile.reconcile(asked, "sweep", nothing)
        assert refused.value.money_may_have_moved
        assert attempt_of(filled).status == "unknown"


def test_a_source_that_a_hop_sent_twice_is_unknown(shop, filled):
    """A26: the second answer says that it was used; the charge of the first is found."""
    form = filled.opens_checkout()
    source = shop.omise.source("promptpay", 49000)
    refused = {"status": 400, "body": "error", "code": "bad_request"}
    shop.omise.breaks("answer_after", **refused, **CREATE)
    filled.charges(form, omiseSource=source)
    assert attempt_of(filled).status == "unknown"
    shop.sweep()
    assert (attempt_of(filled).status, creates(shop)) == ("pending", 1)


def test_a_refused_source_that_cannot_be_asked_about_is_unknown(shop, filled):
    """A23: a question that fails says neither yes nor no."""
    form = filled.opens_checkout()
    source = shop.omise.source("promptpay", 49000)
    refused = {"status": 400, "body": "error", "code": "bad_request"}
    shop.omise.breaks("answer_after", **refused, **CREATE)
    shop.omise.breaks("close_before", method="GET", path="/sources/.*")
    filled.charges(form, omiseSource=source)
    assert attempt_of(filled).status == "unknown"


def test_nothing_is_sent_for_who_has_waited_for_the_order_book_too_long(
    shop, filled, monkeypatch
):
    """A30: their browser may have given up."""
    opens = ledger.open_order

    def opens_late(*args, **kwargs):
        time.sleep(0.3)
        return opens(*args, **kwargs)

    monkeypatch.setattr(ledger, "open_order", opens_late)
    monkeypatch.setattr(paying, "LONGEST_ANSWER", 0.2)
    filled.pays()
    assert attempt_of(filled).failure_code == "nothing_sent"
    assert creates(shop) == 0


def test_who_comes_back_waits_for_omise_only_so_long(shop, filled, monkeypatch):
    """C3: whatever there is to be asked."""
    loses(shop)
    filled.pays()
    monkeypatch.setattr(reconcile, "_FOR_A_SHOPPER", 1)
    shop.omise.breaks("hang_before", method="GET", times=0, seconds=20)
    began = time.monotonic()
    filled.opens_order(filled.order_id, "/complete")
    assert time.monotonic() - began < 15
    assert filled.state == "confirming"


def test_what_is_known_by_its_charge_is_looked_for_in_no_list(
    shop, filled, monkeypatch
):
    """B16: the charge itself is asked for."""
    loses(shop)
    filled.pays()
    set_attempt(shop, filled.order_id, charge_id=shop.omise.latest()["id"])
    asked = counts_requests(monkeypatch)
    shop.sweep()
    assert "GET /charges" not in asked
    assert attempt_of(filled).status == "successful"


@pytest.mark.parametrize("path", ["/status", "/complete"])
def test_an_order_that_is_looked_at_often_is_asked_about_seldom(
    shop, filled, monkeypatch, path
):
    """C8: whoever looks, and however often."""
    monkeypatch.setattr(checkout, "_ASKS_EVERY", 60)
    filled.pays_by("promptpay")
    order = filled.order_id
    asked = counts_requests(monkeypatch)
    for _ in range(5):
        filled.opens_order(order, path)
    assert len([one for one in asked if one.startswith("GET /charges/")]) == 1


def test_a_source_that_omise_refuses_and_has_not_used_has_failed(shop, filled):
    form = filled.opens_checkout()
    source = shop.omise.source("promptpay", 49000)
    refused = {"status": 400, "body": "error", "code": "bad_request"}
    shop.omise.breaks("answer_before", **refused, **CREATE)
    filled.charges(form, omiseSource=source)
    assert attempt_of(filled).status == "failed"


def test_what_was_never_used_and_shows_as_a_code_can_be_paid_after_all(shop, filled):
    """A14: a charge that waits blocks the next one, whatever was said of its source."""
    loses(shop)
    filled.pays_by("promptpay")
    waits(filled, minutes=11)
    never = {"charge_status": "unknown"}
    shop.omise.breaks("change", method="GET", path="/sources/.*", set=never)
    hides(shop)
    shop.sweep()
    assert attempt_of(filled).failure_code == "never_used"
    shop.omise.heals()
    shop.sweep()
    assert attempt_of(filled).status == "pending"
