"""The order book: legal moves, the one writer, and what it refuses to believe."""

import gc
import itertools
import os
import sqlite3
import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rig import database_url, why
from sqlalchemy import create_engine, text, update
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import NullPool

import payment
from app import create_app
from config import Config
from payment.gateway.charge import Charge
from payment.orders import entries, ledger, queries
from payment.orders.budgets import Payer
from payment.orders.models import Attempt, Entry, Order
from payment.orders.transaction import PATIENCE, Book, is_outage, transaction

STATUSES = list(ledger.MAY_BECOME)
SIGNALS = ("order_paid", "order_changed", "attention_needed")
OF_OMISE = ["pending", "successful", "failed", "expired", "reversed"]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Build a shop whose order book is used directly; it never calls anyone."""
    folder = tmp_path_factory.mktemp("ledger")
    settings = {
        "OMISE_SECRET_KEY": "skey_test_5xyz",
        "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
        "FLASK_SECRET_KEY": "long",
        "DATABASE_URL": database_url(folder),
        "PAYMENT_BUDGETS": "off",
    }
    app = create_app(type("LedgerConfig", (Config,), settings))
    yield app
    payment.close(app)


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


def opens(order_id=None, form_id=None, amount=49000, **other):
    asked = {
        "fingerprint": "the basket",
        "basket": {"lines": [], "amount": amount, "currency": "THB"},
        "payer": Payer(None, None, by_card=True),
        "email": None,
        "livemode": False,
        "pays_with": None,
        "leaves_now": False,
    }
    return ledger.open_order(
        order_id or str(uuid.uuid4()), form_id or str(uuid.uuid4()), **(asked | other)
    )


def charge_of(attempt, status="pending", **other):
    charge = Charge(
        id=attempt.charge_id or f"chrg_test_{uuid.uuid4().hex[:19]}",
        status=status,
        paid=status == "successful",
        authorized=False,
        amount=attempt.amount,
        currency=attempt.currency,
        livemode=False,
        refundable=True,
        refunded_amount=0,
        refund_ids=(),
        captured_less=None,
        dispute=None,
        order_id=attempt.order_id,
        attempt_id=attempt.id,
        failure_code="failed_processing" if status == "failed" else None,
        authorize_uri=None,
        expires_at=None,
        method="card",
        paid_with=None,
        code_uri=None,
        payment_code=None,
        reference=None,
    )
    return replace(charge, **other)


@transaction
def alter(session, table, row_id, **values):
    """Put a row into a state that only time or a crash leaves behind."""
    session.execute(update(table).where(table.id == row_id).values(**values))


def in_status(status, **more):
    """Open an attempt and put it into a status."""
    attempt, _ = opens()
    alter(Attempt, attempt.id, status=status, **more)
    return queries.find_attempt(attempt.id)


def again(attempt):
    return queries.find_attempt(attempt.id)


def order_of(attempt):
    return queries.find_order(attempt.order_id)


def told(attempt, *whats):
    """Read the history of an attempt's order, as far as it is about these things."""
    return [
        (one.what, one.was, one.became, one.by, one.why)
        for one in entries.history(attempt.order_id)
        if one.what in whats
    ]


@pytest.mark.parametrize("was", ["failed", "expired", "closed"])
def test_money_that_moves_wrongly_after_the_end_blocks(was):
    """A9: a charge of another amount is taken where all was thought to be over."""
    attempt = in_status(was)
    charge = charge_of(attempt, "successful", amount=attempt.amount + 1)
    ledger.record(charge, "sweep")
    order = order_of(attempt)
    assert (order.paid_at, order.latest.doubtful_id) == (None, charge.id)
    assert bool(ledger.blocking(order)) == (was != "closed")
    assert "amount is" in why(order)


def test_what_a_transaction_gives_back_can_be_read_after_it():
    """It is a plain copy, times that the database worked out included."""
    attempt, _ = opens(leaves_now=True)
    assert attempt.sent_at
    recorded = ledger.record(charge_of(attempt, "successful"), "charge")
    assert recorded.recorded_at
    assert order_of(attempt).paid_at >= recorded.created_at


@pytest.mark.parametrize(("was", "says"), list(itertools.product(STATUSES, OF_OMISE)))
def test_every_pair_of_statuses(was, says):
    """A13, A14: a legal move is made and told, any other leaves the attempt as it was."""
    attempt = in_status(was)
    seen = charge_of(attempt, says)
    if was in ("failed", "closed"):
        alter(Attempt, attempt.id, charge_id=seen.id)
    ledger.record(seen, "sweep")
    moves = says in ledger.MAY_BECOME[was]
    # Only money that is held or taken opens what a person has closed.
    moves = moves and (was, says) != ("closed", "pending")
    assert again(attempt).status == (says if moves else was)
    code = "failed_processing" if says == "failed" else None
    moved = [("status", was, says, "sweep", code)] if moves else []
    assert told(attempt, "status") == moved
    assert bool(order_of(attempt).paid_at) is (again(attempt).status == "successful")


@pytest.mark.parametrize("was", ["failed", "closed"])
@pytest.mark.parametrize("says", OF_OMISE)
def test_a_charge_of_which_nobody_knew_is_recorded_whatever_it_says(was, says):
    """A14, A26: a false "no" or an operator's word was all that the attempt rested on."""
    attempt = in_status(was)
    ledger.record(charge_of(attempt, says), "sweep")
    becomes = "closed" if was == "closed" and says != "successful" else says
    assert again(attempt).status == becomes
    assert again(attempt).charge_id


@pytest.mark.parametrize("was", ["failed", "closed"])
def test_a_hold_of_which_nobody_knew_blocks_and_calls_an_operator(was):
    """A14, A31: money is held where all was thought to be over."""
    attempt = in_status(was)
    ledger.record(charge_of(attempt, "pending", authorized=True), "sweep")
    assert again(attempt).status == "pending"
    assert f"authorised although attempt 1 was {was}" in why(order_of(attempt))


def test_the_table_of_moves_says_what_it_must():
    """A13, A19: nothing leaves successful or reversed; late money always enters."""
    assert ledger.MAY_BECOME["successful"] == ledger.MAY_BECOME["reversed"] == set()
    for status in set(STATUSES) - {"successful", "reversed"}:
        assert "successful" in ledger.MAY_BECOME[status]
    for status, moves in ledger.MAY_BECOME.items():
        assert moves <= set(STATUSES)
        assert not moves & {"created", status}
        assert ("sent" in moves) is (status == "created")
        assert ("not_found" in moves) is (status in ("sent", "unknown"))
        assert ("unknown" in moves) is (status in ("sent", "not_found"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 1},
        {"currency": "JPY"},
        {"livemode": True},
        {"paid": False},
        {"order_id": "another"},
        {"attempt_id": None},
        {"id": "chrg_test_other"},
    ],
)
def test_a_charge_that_does_not_match_pays_nothing(wrong):
    """A9: amount, currency, mode, order, attempt, id and paid must all agree."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt), "charge")
    attempt = again(attempt)
    ledger.record(charge_of(attempt, "successful", **wrong), "sweep", attempt)
    order = order_of(attempt)
    assert order.paid_at is None
    assert order.attempts[0].status == "pending"
    assert order.attempts[0].charge_id == attempt.charge_id
    assert next(iter(wrong)) in why(order)
    assert opens(attempt.order_id)[1] is False


@pytest.mark.parametrize("was", ["created", "sent", "unknown", "not_found"])
@pytest.mark.parametrize(
    ("wrong", "kept_as"),
    [
        ({"amount": 1}, "charge_id"),
        ({"currency": "JPY"}, "charge_id"),
        ({"livemode": True}, "charge_id"),
        ({"paid": False}, "charge_id"),
        ({"order_id": "another"}, "doubtful_id"),
        ({"attempt_id": None}, "doubtful_id"),
    ],
)
def test_a_first_charge_that_does_not_match_is_kept_and_blocks(was, wrong, kept_as):
    """A9: by its id, until a charge that matches is seen or an operator ends it."""
    attempt = in_status(was)
    odd = charge_of(attempt, "successful", **wrong)
    ledger.record(odd, "sweep", attempt)
    order, kept = order_of(attempt), again(attempt)
    assert (kept.status, getattr(kept, kept_as)) == ("unknown", odd.id)
    assert order.paid_at is None
    assert odd.id in why(order)
    assert ledger.blocking(order) == [order.attempts[0]]
    assert opens(attempt.order_id)[1] is False
    # Neither what its caller believes nor patience ends it.
    assert not ledger.mark_failed(attempt, "never_used", "sweep")
    assert not ledger.mark_not_found(attempt, "sweep")
    assert not ledger.supersede(attempt, "shopper")
    assert again(attempt).status == "unknown"


def test_a_charge_fetched_for_one_attempt_that_names_another_calls_an_operator():
    """A9, A26: it pays neither, whoever it belongs to."""
    asked, _ = opens()
    for other in (str(uuid.uuid4()), opens()[0].id):
        made = charge_of(asked, "successful", attempt_id=other)
        ledger.record(made, "return", asked)
        order = order_of(asked)
        assert order.paid_at is None
        assert other in why(order)
        assert order.attempts[0].doubtful_id == made.id
        assert getattr(queries.find_attempt(other), "status", "created") == "created"


@pytest.mark.parametrize(
    ("was", "kept"),
    [
        ("created", False),
        ("sent", True),
        ("unknown", False),
        ("not_found", True),
        ("pending", False),
        ("failed", False),
    ],
)
def test_an_answer_that_names_nobody_is_kept_where_money_may_have_moved(was, kept):
    """A26: it blocks and is flagged; what is known already outranks it."""
    attempt = in_status(was)
    ledger.keep_doubt(attempt, "chrg_test_5stray", "charge")
    now, order = again(attempt), order_of(attempt)
    if not kept:
        assert (now.status, now.doubtful_id, why(order)) == (was, None, None)
        return
    assert (now.status, now.doubtful_id) == ("unknown", "chrg_test_5stray")
    assert "chrg_test_5stray came as an answer" in why(order)
    assert opens(attempt.order_id)[1] is False


def test_a_doubt_ends_with_the_charge_that_is_really_the_attempt_s_own():
    """A26: whoever finds it, the stray id is let go, and the flag stays for an operator."""
    attempt = in_status("sent")
    ledger.keep_doubt(attempt, "chrg_test_5stray", "charge")
    ledger.record(charge_of(attempt, "successful"), "webhook")
    now, order = again(attempt), order_of(attempt)
    assert (now.status, now.doubtful_id, order.paid_by) == (
        "successful",
        None,
        attempt.id,
    )
    assert "chrg_test_5stray" in why(order)


def test_a_doubt_that_is_somebody_else_s_is_forgotten_and_told():
    """A26: the attempt is unknown still."""
    attempt = in_status("sent")
    ledger.keep_doubt(attempt, "chrg_test_5stray", "charge")
    ledger.forget_doubt(attempt, "sweep")
    assert (again(attempt).status, again(attempt).doubtful_id) == ("unknown", None)
    assert told(attempt, "doubt") == [
        ("doubt", "chrg_test_5stray", None, "sweep", None)
    ]


def test_each_reason_for_an_operator_is_kept_whole_and_once():
    """A15: whatever was noted before, and however long it was; the newest first."""
    attempt, _ = opens()
    for number in range(5):
        ledger.flag(attempt.order_id, f"{number} " + "long " * 100, "sweep")
    ledger.flag(attempt.order_id, "paid twice", "sweep")
    noted = why(order_of(attempt))
    assert noted.startswith("paid twice | 4 long")
    assert [one.why[0] for one in order_of(attempt).flags] == list("p43210")
    ledger.flag(attempt.order_id, "4 " + "long " * 100, "webhook")
    assert why(order_of(attempt)) == noted
    assert len(told(attempt, "flag")) == 6


def test_flags_are_lowered_by_somebody_for_a_reason_and_may_be_raised_again():
    """E23: who looked after it, and what they did, is kept."""
    attempt, _ = opens()
    ledger.flag(attempt.order_id, "the parcel came back", "operator a")
    assert ledger.unflag(attempt.order_id, "operator b", "sent again") == 1
    assert why(order_of(attempt)) is None
    assert ledger.unflag(attempt.order_id, "operator b", "sent again") == 0
    assert told(attempt, "flag", "unflag") == [
        ("flag", None, None, "operator a", "the parcel came back"),
        ("unflag", None, None, "operator b", "sent again"),
    ]
    ledger.flag(attempt.order_id, "the parcel came back", "operator a")
    assert why(order_of(attempt)) == "the parcel came back"


def test_an_unknown_status_keeps_waiting_and_calls_an_operator():
    """B14: a status that nobody knows is no result."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt), "charge")
    attempt = again(attempt)
    ledger.record(charge_of(attempt, "galactic"), "sweep")
    order = order_of(attempt)
    assert order.attempts[0].status == "pending"
    assert "galactic" in why(order)


def test_two_successes_pay_once_and_flag_the_surplus():
    """A15: the second success is kept and shown to an operator."""
    first, _ = opens()
    ledger.record(charge_of(first, "failed"), "charge")
    second, fresh = opens(first.order_id)
    assert fresh
    ledger.record(charge_of(second, "successful"), "charge")
    ledger.record(charge_of(again(first), "successful"), "webhook")
    order = order_of(first)
    assert order.paid_by == second.id
    assert "paid twice: refund charge " in why(order)
    assert [one.status for one in order.attempts] == ["successful", "successful"]
    assert len(told(first, "paid")) == 1


def test_a_paid_order_opens_no_other_attempt():
    """A1: whatever form asks for it."""
    paid, _ = opens()
    ledger.record(charge_of(paid, "successful"), "charge")
    attempt, fresh = opens(paid.order_id)
    assert (attempt.id, fresh) == (paid.id, False)


def test_a_second_success_that_was_given_back_is_no_surplus():
    """A15: nobody need pay it back twice."""
    first, _ = opens()
    ledger.record(charge_of(first, "failed"), "charge")
    second, _ = opens(first.order_id)
    ledger.record(charge_of(second, "successful"), "charge")
    late = charge_of(again(first), "successful", refunded_amount=first.amount)
    ledger.record(late, "sweep")
    assert "paid twice" not in why(order_of(first))


def test_a_hold_is_not_forgotten_over_an_answer_from_before_it():
    """A27: both say pending, and answers overtake each other."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, authorized=True), "webhook")
    ledger.record(charge_of(again(attempt)), "page")
    assert again(attempt).authorized


def test_what_is_known_by_its_charge_is_not_doubted():
    """A26: a webhook was faster than an answer that went astray."""
    attempt = in_status("sent")
    ledger.record(charge_of(attempt, "galactic"), "webhook")
    ledger.keep_doubt(attempt, "chrg_test_5stray", "charge")
    assert (again(attempt).status, again(attempt).doubtful_id) == ("sent", None)


def test_a_doubt_is_ended_by_nothing_but_a_charge():
    """A26: what the caller believes, or a list does not show, is no word about it."""
    attempt = in_status("sent")
    ledger.keep_doubt(attempt, "chrg_test_5stray", "charge")
    assert not ledger.mark_failed(attempt, "never_used", "sweep")
    assert not ledger.mark_not_found(attempt, "sweep")
    assert again(attempt).status == "unknown"
    alter(Attempt, attempt.id, status="not_found")
    assert ledger.mark_unknown(attempt, "sweep")


def test_a_page_looks_at_a_doubt_about_what_has_ended():
    """A26: its order can be paid once that is let go."""
    attempt = in_status("failed", doubtful_id="chrg_test_5stray")
    assert [one.id for one in queries.open_attempts(attempt.order_id)] == [attempt.id]
    other = in_status("failed")
    assert queries.open_attempts(other.order_id) == []


def test_of_all_who_ask_about_an_attempt_one_gets_the_question():
    """C8: until the gap is over."""
    attempt, _ = opens()
    gap = timedelta(seconds=60)
    asked = [queries.may_ask_now(attempt.id, gap) for _ in range(3)]
    assert asked == [True, False, False]


def test_what_no_database_can_hold_is_cleaned_out_of_a_text():
    """A31: NUL on PostgreSQL, half a character on both."""
    attempt, _ = opens()
    ledger.flag(attempt.order_id, "odd\0 \ud800 text", "sweep")
    assert why(order_of(attempt)) == "odd ? text"


def test_a_reason_is_cut_to_the_room_that_there_is():
    """A31: PostgreSQL refuses what is longer."""
    attempt, _ = opens()
    ledger.flag(attempt.order_id, "x" * 600, "sweep")
    assert why(order_of(attempt)) == "x" * 500


def test_what_was_given_back_is_not_forgotten_over_an_answer_from_before():
    """A27: answers overtake each other, and a refund is never undone."""
    attempt, _ = opens()
    paid = charge_of(attempt, "successful")
    ledger.record(paid, "charge")
    ledger.record(replace(paid, refunded_amount=5000), "webhook")
    ledger.record(paid, "page")
    assert again(attempt).refunded_amount == 5000
    assert len(told(attempt, "refunded")) == 1


@pytest.mark.parametrize("status", ["failed", "expired", "closed"])
def test_late_success_is_recorded_and_flagged(status):
    """A14: the order is paid, and a person is told that it had ended."""
    attempt = in_status(status)
    late = charge_of(attempt, "successful")
    ledger.record(late, "webhook")
    order = order_of(attempt)
    assert order.paid_by == attempt.id
    assert f"{late.id} was paid although attempt 1 was {status}" in why(order)


def test_what_was_not_found_and_then_is_pays_its_order():
    """A19: nothing to look after: it was watched all the time."""
    attempt = in_status("unknown")
    assert ledger.mark_not_found(attempt, "sweep")
    ledger.record(charge_of(attempt, "successful"), "sweep")
    order = order_of(attempt)
    assert (order.paid_by, why(order)) == (attempt.id, None)


@pytest.mark.parametrize("refundable", [True, False])
def test_what_was_not_found_and_then_makes_two_is_flagged(refundable):
    """A15, A19: the shopper chose again meanwhile; the surplus goes back by hand if it must."""
    first = in_status("unknown")
    assert ledger.mark_not_found(first, "sweep")
    second, fresh = opens(first.order_id)
    assert fresh
    ledger.record(charge_of(second, "successful"), "charge")
    assert why(order_of(first)) is None
    late = charge_of(first, "successful", refundable=refundable)
    ledger.record(late, "sweep")
    order = order_of(first)
    assert order.paid_by == second.id
    assert [one.status for one in order.attempts] == ["successful", "successful"]
    assert "paid twice" in why(order)
    assert ("manual refund" in why(order)) is not refundable
    assert late.id in why(order)
    # Given back since: nothing more to flag.
    ledger.unflag(first.order_id, "operator a")
    ledger.record(
        replace(late, refunded_amount=late.amount), "operator a", again(first)
    )
    assert why(order_of(first)) is None


def test_late_failure_of_an_older_attempt_does_not_unpay():
    """A13: the order stays paid."""
    first, _ = opens()
    ledger.record(charge_of(first), "charge")
    assert ledger.supersede(first, "shopper")
    second, _ = opens(first.order_id)
    ledger.record(charge_of(second, "successful"), "charge")
    ledger.record(charge_of(again(first), "failed"), "webhook")
    order = order_of(first)
    assert order.paid_by == second.id
    assert order.latest.id == second.id


@pytest.mark.parametrize("status", STATUSES)
def test_an_attempt_that_is_open_blocks_another_and_no_other_does(status):
    """A2, A19: at most one attempt is open; what was not found leaves the shopper the choice."""
    attempt = in_status(status)
    standing, fresh = opens(attempt.order_id)
    if status in ("created", "sent", "unknown", "pending"):
        assert (standing.id, fresh) == (attempt.id, False)
    else:
        assert (standing.number, fresh) == (2, True)


@pytest.mark.parametrize(
    ("status", "more"),
    [(one, {}) for one in ("created", "sent", "unknown", "not_found", "closed")]
    + [
        ("pending", {}),
        ("pending", {"charge_id": "chrg_test_5held", "authorized": True}),
        ("unknown", {"doubtful_id": "chrg_test_5stray"}),
    ],
)
def test_what_may_have_moved_money_cannot_be_superseded(status, more):
    """A6: nobody pays again while nobody knows, or while a bank holds the money."""
    attempt = in_status(status, **more)
    assert ledger.supersede(attempt, "shopper") is False
    assert again(attempt).superseded is False


def test_what_waits_beside_a_paid_attempt_cannot_be_superseded():
    """A13: nothing more is to be paid for."""
    first, _ = opens()
    ledger.record(charge_of(first), "charge")
    assert ledger.supersede(again(first), "shopper")
    second, _ = opens(first.order_id)
    alter(Attempt, first.id, superseded=False)
    ledger.record(charge_of(second, "successful"), "charge")
    assert ledger.supersede(again(first), "shopper") is False
    assert again(first).superseded is False


def test_a_known_charge_outranks_a_lost_answer():
    """A3: the webhook was faster than the broken response."""
    for status in ("successful", "pending"):
        attempt, _ = opens()
        assert ledger.mark_sent(attempt)
        ledger.record(charge_of(attempt, status), "webhook")
        assert not ledger.mark_unknown(attempt, "charge")
        assert not ledger.mark_failed(attempt, "never_used", "sweep")
        assert not ledger.mark_not_found(attempt, "sweep")
        assert again(attempt).status == status


def test_an_attempt_that_has_left_cannot_leave_again():
    """A6: whoever sends must write it first, once."""
    attempt, _ = opens()
    assert ledger.mark_sent(attempt)
    assert not ledger.mark_sent(attempt)
    given_up, _ = opens()
    assert ledger.mark_failed(given_up, "nothing_sent", "sweep")
    assert not ledger.mark_sent(given_up)
    assert again(opens(leaves_now=True)[0]).sent_at


@pytest.mark.parametrize(
    ("status", "more"),
    [(one, {}) for one in ("created", "sent", "unknown", "not_found", "pending")]
    + [
        ("pending", {"charge_id": "chrg_test_5open"}),
        ("unknown", {"doubtful_id": "chrg_test_5lost"}),
        ("unknown", {"charge_id": "chrg_test_5odd"}),
    ],
)
def test_an_operator_can_end_what_is_open_and_late_money_still_enters(status, more):
    """A31: with a reason that is kept; the order can then be paid again."""
    attempt = in_status(status, **more)
    assert ledger.close(attempt, "operator a", "seen nowhere")
    assert told(attempt, "status") == [
        ("status", status, "closed", "operator a", "seen nowhere")
    ]
    second, fresh = opens(attempt.order_id)
    assert fresh
    ledger.record(charge_of(again(attempt), "successful"), "webhook")
    order = order_of(attempt)
    assert order.paid_by == attempt.id
    assert "although attempt 1 was closed" in why(order)
    assert ledger.blocking(order) == [order.attempts[1]]
    assert second.id == order.attempts[1].id


@pytest.mark.parametrize("status", ["failed", "expired", "reversed", "successful"])
def test_what_has_ended_cannot_be_closed(status):
    attempt = in_status(status)
    assert not ledger.close(attempt, "operator a", "tidy")
    assert again(attempt).status == status


def test_a_form_asks_for_what_its_page_showed():
    """A29: another fingerprint writes nothing; so does an order that is in no book."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "failed"), "charge")
    with pytest.raises(ledger.FormOutdated):
        opens(attempt.order_id, fingerprint="another basket")
    with pytest.raises(ledger.FormOutdated):
        opens(basket=None)
    assert len(order_of(attempt).attempts) == 1


def test_twenty_forms_at_once_open_one_attempt(app):
    """A1, A2: one order, twenty threads, two forms."""
    order_id, forms = str(uuid.uuid4()), [str(uuid.uuid4()) for _ in range(2)]
    opened, barrier = [], threading.Barrier(20)

    def press(form_id):
        with app.app_context():
            barrier.wait()
            opened.append(opens(order_id, form_id))

    threads = [threading.Thread(target=press, args=(forms[n % 2],)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 20
    assert sum(fresh for _, fresh in opened) == 1
    assert len({attempt.id for attempt, _ in opened}) == 1


@pytest.fixture
def heard():
    """Listen to all three signals of a shop; gives what was heard, in order."""
    heard = []

    def listener(name):
        return lambda app, order, why: heard.append((name, order.id, why))

    kept = {name: listener(name) for name in SIGNALS}
    for name, receiver in kept.items():
        getattr(payment, name).connect(receiver)
    yield heard
    for name, receiver in kept.items():
        getattr(payment, name).disconnect(receiver)


def settle_at_once(app, charge, number=20):
    barrier = threading.Barrier(number)

    def settle():
        with app.app_context():
            barrier.wait()
            ledger.record(charge, "webhook")

    threads = [threading.Thread(target=settle) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_twenty_settlers_pay_once_and_a_raising_receiver_changes_nothing(app):
    """A18: order_paid reaches each receiver once, although all settle at once."""
    attempt, _ = opens()
    charge = charge_of(attempt, "successful")
    heard, raised = [], []

    def hear(app, order, why):
        heard.append((app, order.id, order.paid_by))

    def stumble(app, order, why):
        raised.append(order.id)
        raise RuntimeError("the host's mail server is down")

    with (
        payment.order_paid.connected_to(stumble),
        payment.order_paid.connected_to(hear),
    ):
        settle_at_once(app, charge)
    order = order_of(attempt)
    assert heard == [(app, attempt.order_id, attempt.id)]
    assert raised == [attempt.order_id]
    assert (order.paid_by, why(order)) == (attempt.id, None)


def told_at(attempt, what="paid"):
    return [
        one.told_at for one in entries.history(attempt.order_id) if one.what == what
    ]


def age_entries(attempt, **by):
    """Let time pass for what happened to an order."""
    now = queries.clock()
    for one in entries.history(attempt.order_id):
        alter(Entry, one.id, at=now - timedelta(**by))


@pytest.fixture
def mail():
    """Run a receiver that fails until it is `mended`; gives what it was asked to send."""

    class Mail:
        mended, sent, asked = False, [], 0

        def __call__(self, app, order, why):
            self.asked += 1
            if not self.mended:
                raise RuntimeError("the mail server is down")
            self.sent = [*self.sent, order.id]

    receiver = Mail()
    with payment.order_paid.connected_to(receiver):
        yield receiver


def test_what_a_receiver_missed_is_told_again_and_then_no_more(mail):
    """A28: at least once, and marked when every receiver has run."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "successful"), "webhook")
    assert order_of(attempt).paid_by == attempt.id
    assert (mail.asked, told_at(attempt)) == (1, [None])
    mail.mended = True
    # It may be on its way just now.
    entries.tell_what_is_left(9)
    assert mail.asked == 1
    age_entries(attempt, minutes=2)
    entries.tell_what_is_left(9)
    assert mail.sent == [attempt.order_id]
    assert all(told_at(attempt))
    entries.tell_what_is_left(9)
    assert mail.asked == 2


@pytest.mark.parametrize("status", ["failed", "expired", "reversed"])
def test_a_paid_charge_that_omise_calls_unpaid_is_flagged_once(status):
    """A14, A27: the order stays paid, and somebody looks."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "successful"), "webhook")
    attempt = again(attempt)
    for _ in range(2):
        ledger.record(charge_of(attempt, status), "sweep")
    assert order_of(attempt).paid_by == attempt.id
    assert again(attempt).status == "successful"
    said = f"was paid, and Omise calls it {status} now"
    assert [said in flag.why for flag in order_of(attempt).flags] == [True]
    ledger.unflag(attempt.order_id, "operator a")
    ledger.record(charge_of(attempt, status), "sweep")
    assert why(order_of(attempt)) is None


def test_what_nobody_was_told_of_for_a_day_is_named_and_goes_on_being_told(mail):
    """A28: however long the receivers, or the sweep, were away."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "successful"), "webhook")
    age_entries(attempt, hours=23)
    assert attempt.order_id not in entries.tell_what_is_left(9)
    age_entries(attempt, hours=25)
    assert entries.tell_what_is_left(9).count(attempt.order_id) == 1
    assert told_at(attempt) == [None]
    mail.mended = True
    age_entries(attempt, days=300)
    assert attempt.order_id not in entries.tell_what_is_left(9)
    assert mail.sent == [attempt.order_id]
    assert all(told_at(attempt))


@pytest.fixture
def backlog(mail, monkeypatch):
    """Give a receiver that works for new orders only, and ten old ones that it fails on."""
    broken = []

    def hear(app, order, why):
        heard.append(order.id)
        if order.id in broken:
            raise RuntimeError("not this one")

    mail.mended, heard = True, []
    entries.tell_what_is_left(9)
    with payment.order_paid.connected_to(hear):
        for _ in range(10):
            attempt, _ = opens()
            broken.append(attempt.order_id)
            ledger.record(charge_of(attempt, "successful"), "webhook")
            age_entries(attempt, minutes=9)
        heard.clear()
        yield heard
        broken.clear()
        monkeypatch.undo()
        entries.tell_what_is_left(9)


@transaction
def oldest_entry(session):
    return session.query(Entry.id).order_by(Entry.id).first()[0]


def untold(attempt, monkeypatch):
    """Let a crash come between an order's payment and its telling."""
    with monkeypatch.context() as crash:
        crash.setattr(entries, "tell", lambda _: None)
        ledger.record(charge_of(attempt, "successful"), "webhook")
    age_entries(attempt, minutes=2)


def test_the_newest_are_told_first_whatever_fails_before(backlog, monkeypatch):
    """A28: old ones that fail for ever keep nobody waiting."""
    monkeypatch.setattr(entries, "_TRIED", 1)
    attempt, _ = opens()
    untold(attempt, monkeypatch)
    entries.tell_what_is_left(9)
    assert backlog[0] == attempt.order_id
    assert all(told_at(attempt))


def test_what_lies_behind_many_that_fail_is_told_some_day(backlog, monkeypatch):
    """A28: none is for ever the last."""
    monkeypatch.setattr(entries, "_TRIED", 2)
    attempt, _ = opens()
    untold(attempt, monkeypatch)
    last = [one for one in entries.history(attempt.order_id) if one.what == "paid"]
    alter(Entry, last[0].id, id=oldest_entry() - 1)
    for _ in range(200):
        if attempt.order_id in backlog:
            break
        entries.tell_what_is_left(9)
    assert all(told_at(attempt))


def test_telling_what_was_left_ends_in_time(backlog, monkeypatch):
    """B18: receivers that are slow hold no round."""
    clock = itertools.count()
    slow = type("Time", (), {"monotonic": staticmethod(lambda: next(clock))})
    monkeypatch.setattr(entries, "time", slow)
    entries.tell_what_is_left(6)
    assert 2 <= len(backlog) <= 6


def dies(_):
    raise KeyboardInterrupt


def test_a_crash_between_commit_and_signal_loses_no_signal(mail, monkeypatch):
    """A28: what happened is in the book with what must be told of it."""
    attempt, _ = opens()
    mail.mended = True
    with monkeypatch.context() as crash:
        crash.setattr(entries, "tell", dies)
        with pytest.raises(KeyboardInterrupt):
            ledger.record(charge_of(attempt, "successful"), "webhook")
    assert order_of(attempt).paid_by == attempt.id
    assert mail.sent == []
    # As young as this it may be on its way to the receivers.
    entries.tell_what_is_left(9)
    assert mail.sent == []
    age_entries(attempt, minutes=2)
    entries.tell_what_is_left(9)
    assert mail.sent == [attempt.order_id]


def test_nothing_is_told_of_what_was_undone(heard, monkeypatch):
    """A28: order_paid is never heard for an order that is not paid."""
    attempt, _ = opens()
    with monkeypatch.context() as crash:
        crash.setattr(entries, "untold", dies)
        with pytest.raises(KeyboardInterrupt):
            ledger.record(charge_of(attempt, "successful"), "webhook")
    assert order_of(attempt).paid_at is None
    assert heard == []
    assert told(attempt, "paid", "status") == []


def test_what_nobody_listens_to_is_not_kept_for_a_listener():
    """A28: a receiver that comes later hears of what comes later."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "successful"), "webhook")
    age_entries(attempt, minutes=2)
    late = []

    def hear(app, order, why):
        late.append(order.id)

    with payment.order_paid.connected_to(hear):
        entries.tell_what_is_left(9)
    assert attempt.order_id not in late


def test_a_closure_of_a_factory_is_heard_like_any_other(app):
    """F7: receivers are kept, also those that nobody else keeps."""
    heard = []

    def factory():
        def hear(app, order, why):
            heard.append(order.id)

        payment.order_paid.connect(hear, app)

    factory()
    gc.collect()
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "successful"), "webhook")
    for receiver in list(payment.order_paid.receivers_for(app)):
        payment.order_paid.disconnect(receiver, app)
    assert heard == [attempt.order_id]


def test_every_move_flag_and_payment_is_in_the_history_and_told(heard):
    """A28, E23: who moved what from where to where, and why; once each, oldest first."""
    attempt, _ = opens()
    ledger.mark_sent(attempt)
    ledger.mark_unknown(attempt, "charge", "HTTP 500")
    ledger.mark_not_found(attempt, "sweep")
    paid = charge_of(attempt, "successful")
    for _ in range(3):
        ledger.record(paid, "webhook")
        ledger.flag(attempt.order_id, "look at it", "return")
    ledger.record(replace(paid, refunded_amount=100), "sweep")
    ledger.record(replace(paid, refunded_amount=100), "sweep")
    # An answer that was overtaken: what was given back stays so.
    ledger.record(paid, "sweep")
    assert again(attempt).refunded_amount == 100
    history = entries.history(attempt.order_id)
    assert [
        (one.what, one.was, one.became, one.by, one.why, one.signal) for one in history
    ] == [
        ("opened", None, "created", "shopper", None, None),
        ("status", "created", "sent", "shopper", None, "order_changed"),
        ("status", "sent", "unknown", "charge", "HTTP 500", "order_changed"),
        ("status", "unknown", "not_found", "sweep", None, "order_changed"),
        ("status", "not_found", "successful", "webhook", None, "order_changed"),
        ("paid", None, None, "webhook", None, "order_paid"),
        ("flag", None, None, "return", "look at it", "attention_needed"),
        ("refunded", "0.00 THB", "1.00 THB", "sweep", None, "order_changed"),
        (
            "flag",
            None,
            None,
            "sweep",
            f"charge {paid.id}: 1.00 THB was refunded that nobody asked for here: find out on "
            "the dashboard who gave it back, and clear the flag if it is right",
            "attention_needed",
        ),
    ]
    assert heard == [
        (one.signal, attempt.order_id, one.why) for one in history if one.signal
    ]
    assert all(one.told_at for one in history if one.signal)
    assert {one.attempt_id for one in history} == {attempt.id, None}


@pytest.mark.parametrize("status", ["expired", "reversed"])
@pytest.mark.parametrize("by", ["webhook", "sweep", "operator a"])
def test_an_authorisation_that_is_given_up_unasked_is_flagged(status, by):
    """A27: what an operator released at this terminal needs no second look."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, authorized=True), "charge")
    attempt = again(attempt)
    assert ledger.blocking(order_of(attempt))
    ledger.record(charge_of(attempt, status), by)
    assert again(attempt).status == status
    flagged = why(order_of(attempt)) or ""
    assert ("was given up" in flagged) is (by != "operator a")


def test_a_dispute_is_noted_flagged_and_never_set_back():
    """A27: its status as the list of disputes has it outranks a bare id in the charge."""
    attempt, _ = opens()
    paid = charge_of(attempt, "successful")
    ledger.record(replace(paid, dispute="open"), "webhook")
    ledger.note_dispute(again(attempt), "pending", "sweep")
    ledger.record(replace(paid, dispute="open"), "webhook")
    assert again(attempt).dispute == "pending"
    ledger.note_dispute(again(attempt), "won", "sweep")
    ledger.note_dispute(again(attempt), "won", "sweep")
    assert told(attempt, "dispute") == [
        ("dispute", None, "open", "webhook", None),
        ("dispute", "open", "pending", "sweep", None),
        ("dispute", "pending", "won", "sweep", None),
    ]
    assert [one.why.split("(")[1][:4] for one in order_of(attempt).flags] == [
        "pend",
        "open",
    ]
    assert order_of(attempt).paid_at


def test_the_flag_of_an_open_dispute_is_not_lowered():
    """A27: only its end makes it an operator's to put away."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "successful"), "charge")
    ledger.note_dispute(again(attempt), "open", "sweep")
    ledger.flag(attempt.order_id, "the parcel came back", "a test")
    assert ledger.unflag(attempt.order_id, "operator a") == 1
    (left,) = order_of(attempt).flags
    assert "is disputed (open): answer on the dashboard" in left.why
    assert ledger.unflag(attempt.order_id, "operator a") == 0
    ledger.note_dispute(again(attempt), "lost", "sweep")
    assert ledger.unflag(attempt.order_id, "operator a") == 2
    assert order_of(attempt).flags == []


def test_an_unasked_refund_is_named():
    """A27: which it is, and what to do."""
    attempt, _ = opens()
    paid = charge_of(attempt, "successful")
    ledger.record(paid, "charge")
    refunds = {"refunded_amount": 12000, "refund_ids": ("rfnd_test_1", "rfnd_test_2")}
    ledger.record(replace(paid, **refunds), "sweep")
    said = why(order_of(attempt))
    assert "for here (rfnd_test_1, rfnd_test_2): find out on the dashboard" in said


def test_what_was_captured_is_kept_where_it_was_not_all():
    """A27: the captured amount, not the ordered one."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "successful", captured_less=10000), "sweep")
    assert again(attempt).captured_amount == 10000
    assert told(attempt, "captured") == [
        ("captured", "0.00 THB", "100.00 THB", "sweep", None)
    ]


def test_an_answer_that_was_overtaken_changes_nothing_that_is_shown():
    """B2: a pending charge read before it was paid, recorded after."""
    attempt, _ = opens()
    paid = charge_of(attempt, "successful")
    ledger.record(paid, "webhook")
    bank = "https://bank.example/1"
    before = replace(paid, status="pending", paid=False, authorize_uri=bank)
    ledger.record(before, "return")
    now = again(attempt)
    assert (now.status, now.authorize_uri) == ("successful", None)


def test_a_second_writer_waits_until_the_first_has_decided(app):
    """A2: the lock holds between reading an order and committing what was decided."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "failed"), "charge")
    opened = []

    def rival():
        with app.app_context():
            opened.append(opens(attempt.order_id))

    thread = threading.Thread(target=rival)

    @transaction
    def first(session):
        ledger.lock(session, attempt.order_id)
        thread.start()
        thread.join(0.5)
        return list(opened)

    assert first() == []
    thread.join()
    assert len(opened) == 1


@pytest.mark.skipif(
    "TEST_POSTGRES_URL" not in os.environ, reason="only PostgreSQL knows these limits"
)
@pytest.mark.parametrize("of_a_host", [False, True])
def test_postgresql_lets_nobody_wait_for_long(app, of_a_host):
    """A30: neither for a lock nor for a statement, whoever made the engine."""
    book = app.extensions["payment"].book
    engine = create_engine(book.engine.url, poolclass=NullPool)
    with (Book(engine, None, Path()) if of_a_host else book).session() as session:
        for limit in ("lock_timeout", "statement_timeout"):
            assert session.scalar(text(f"SHOW {limit}")) == f"{PATIENCE}s"


def test_a_charge_of_another_app_is_left_alone():
    """B10: other charges of the same account."""
    attempt, _ = opens()
    of_another = charge_of(attempt, attempt_id=None, order_id="1001")
    assert ledger.record(of_another, "webhook") is None


def test_a_wrong_statement_is_a_bug_and_not_an_outage():
    """A31: only an outage is an outage; what cannot be written says why."""
    attempt, _ = opens()

    @transaction
    def write_it_twice(session):
        session.add(Order(id=attempt.order_id, amount=1, currency="THB", lines=[]))

    with pytest.raises(IntegrityError):
        write_it_twice()


class Said(Exception):
    """What a driver of PostgreSQL raises: by the server (with its state), or by itself."""

    def __init__(self, sqlstate=None):
        self.sqlstate = sqlstate


def by_sqlite(code):
    error = sqlite3.OperationalError()
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (OperationalError("", {}, Said()), True),
        (OperationalError("", {}, Said("57P01")), True),
        (OperationalError("", {}, Said("55P03")), True),
        (OperationalError("", {}, Said("40001")), True),
        (DBAPIError("", {}, Said("25006")), True),
        (DBAPIError("", {}, Said(), connection_invalidated=True), True),
        (DataError("", {}, Said()), False),
        (DataError("", {}, Said("22003")), False),
        (ProgrammingError("", {}, Said("42P01")), False),
        (IntegrityError("", {}, Said("23505")), False),
        (OperationalError("", {}, by_sqlite(sqlite3.SQLITE_BUSY)), True),
        (OperationalError("", {}, by_sqlite(sqlite3.SQLITE_CANTOPEN)), True),
        (OperationalError("", {}, by_sqlite(sqlite3.SQLITE_ERROR)), False),
        (IntegrityError("", {}, sqlite3.IntegrityError()), False),
        (PoolExhausted(), True),
        (ValueError(), False),
    ],
)
def test_an_outage_is_told_from_a_bug(error, outage):
    """B12, A31: on both databases."""
    assert is_outage(error) is outage
