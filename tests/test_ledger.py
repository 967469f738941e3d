"""The order book: legal moves, the one writer, and what it refuses to believe."""

import itertools
import threading
import uuid
from dataclasses import replace

import pytest
from rig import database_url

import payment
from app import create_app
from config import Config
from database import db
from payment import book, ledger
from payment.charge import Charge

STATES = list(ledger.MAY_BECOME)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Build a shop whose order book is used directly; it never calls anyone."""
    folder = tmp_path_factory.mktemp("ledger")
    settings = {
        "OMISE_SECRET_KEY": "skey_test_5xyz",
        "OMISE_PUBLIC_KEY": "pkey_test_5xyz",
        "FLASK_SECRET_KEY": "long",
        "DATABASE_URL": database_url(folder),
    }
    app = create_app(type("LedgerConfig", (Config,), settings))
    yield app
    app.extensions["payment"]["session"].close()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(autouse=True)
def context(app):
    with app.app_context():
        yield


def opens(order_id=None, form_id=None, amount=49000):
    return ledger.open_order(
        order_id or str(uuid.uuid4()),
        form_id or str(uuid.uuid4()),
        amount=amount,
        currency="THB",
        lines=[],
        email=None,
        livemode=False,
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
        metadata={"order_id": attempt.order_id, "attempt_id": attempt.id},
        failure_code="failed_processing" if status == "failed" else None,
        authorize_uri=None,
        expires_at=None,
        method="card",
        paid_with=None,
        code_uri=None,
        payment_code=None,
    )
    return replace(charge, **other)


def in_state(state):
    """Open an attempt and put it into a state."""
    attempt, _ = opens()
    with db.engine.begin() as connection:
        table = ledger.Attempt.__table__
        connection.execute(
            table.update().where(table.c.id == attempt.id).values(state=state)
        )
    return attempt


@pytest.mark.parametrize(
    ("was", "says"),
    list(
        itertools.product(
            STATES, ["pending", "successful", "failed", "expired", "reversed"]
        )
    ),
)
def test_every_pair_of_states(was, says):
    """A13, A14: a legal move is made, any other leaves the attempt as it was."""
    attempt = in_state(was)
    ledger.record(charge_of(attempt, says))
    now = book.find_attempt(attempt.id).state
    assert now == (says if says in ledger.MAY_BECOME[was] else was)


def test_the_table_of_moves_says_what_it_must():
    """A13: nothing leaves successful or reversed; late money always enters."""
    assert ledger.MAY_BECOME["successful"] == ledger.MAY_BECOME["reversed"] == set()
    for state in ("created", "sent", "unknown", "pending", "failed", "expired"):
        assert "successful" in ledger.MAY_BECOME[state]
    for state, moves in ledger.MAY_BECOME.items():
        assert not moves & {"created", state}
    assert "unknown" not in ledger.MAY_BECOME["pending"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 1},
        {"currency": "JPY"},
        {"livemode": True},
        {"paid": False},
        {"metadata": "other order"},
        {"id": "chrg_test_other"},
    ],
)
def test_a_charge_that_does_not_match_pays_nothing(wrong):
    """A9: amount, currency, mode, order, id and paid must all agree."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt))
    attempt = book.find_attempt(attempt.id)
    if "metadata" in wrong:
        wrong = {"metadata": {"attempt_id": attempt.id, "order_id": str(uuid.uuid4())}}
    ledger.record(charge_of(attempt, "successful", **wrong))
    order = book.find_order(attempt.order_id)
    assert order.paid_at is None
    assert order.attempts[0].state == "pending"
    assert order.needs_attention


def test_a_charge_fetched_for_one_attempt_that_names_another_calls_an_operator():
    """A9: it pays neither, whoever it belongs to."""
    asked, _ = opens()
    for other in (str(uuid.uuid4()), opens()[0].id):
        made = charge_of(asked, "successful")
        made.metadata["attempt_id"] = other
        ledger.record(made, asked)
        assert book.find_order(asked.order_id).paid_at is None
        assert other in book.find_order(asked.order_id).needs_attention
        assert getattr(book.find_attempt(other), "state", "created") == "created"


def test_the_newest_reason_to_call_an_operator_is_never_cut():
    """A15: whatever was noted before, and however long it was."""
    attempt, _ = opens()
    for number in range(5):
        ledger.call_operator(attempt.order_id, f"{number} " + "long " * 100)
    ledger.call_operator(attempt.order_id, "paid twice")
    noted = book.find_order(attempt.order_id).needs_attention
    assert noted.startswith("paid twice | 4 long")
    ledger.call_operator(attempt.order_id, "4 " + "long " * 100)
    assert book.find_order(attempt.order_id).needs_attention == noted


def test_an_unknown_status_keeps_waiting_and_calls_an_operator():
    """B14: a status that nobody knows is no result."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt))
    attempt = book.find_attempt(attempt.id)
    ledger.record(charge_of(attempt, "galactic"))
    order = book.find_order(attempt.order_id)
    assert order.attempts[0].state == "pending"
    assert "galactic" in order.needs_attention


def test_two_successes_pay_once_and_flag_the_surplus():
    """A15: the second success is kept and shown to an operator."""
    first, _ = opens()
    ledger.record(charge_of(first, "failed"))
    second, fresh = opens(first.order_id)
    assert fresh
    ledger.record(charge_of(second, "successful"))
    first = book.find_attempt(first.id)
    ledger.record(charge_of(first, "successful"))
    order = book.find_order(first.order_id)
    assert order.paid_by == second.id
    assert "paid twice" in order.needs_attention
    assert [one.state for one in order.attempts] == ["successful", "successful"]


def test_late_failure_of_an_older_attempt_does_not_unpay():
    """A13: the order stays paid."""
    first, _ = opens()
    ledger.record(charge_of(first))
    ledger.set_aside(first.id)
    second, _ = opens(first.order_id)
    ledger.record(charge_of(second, "successful"))
    ledger.record(charge_of(book.find_attempt(first.id), "failed"))
    order = book.find_order(first.order_id)
    assert order.paid_by == second.id
    assert order.latest.id == second.id


@pytest.mark.parametrize("state", ["created", "sent", "unknown", "pending"])
def test_an_open_attempt_blocks_another(state):
    """A2: at most one attempt is open."""
    attempt = in_state(state)
    standing, fresh = opens(attempt.order_id)
    assert (standing.id, fresh) == (attempt.id, False)


@pytest.mark.parametrize("state", ["created", "sent", "unknown"])
def test_what_may_have_moved_money_cannot_be_set_aside(state):
    """A6: nobody pays again while nobody knows."""
    attempt = in_state(state)
    assert ledger.set_aside(attempt.id) is False


def test_a_known_charge_outranks_a_lost_answer():
    """A3: the webhook was faster than the broken response."""
    attempt, _ = opens()
    ledger.mark_sent(attempt.id)
    ledger.record(charge_of(attempt, "successful"))
    ledger.mark_unknown(attempt.id)
    ledger.mark_failed(attempt.id, "nothing_found")
    assert book.find_attempt(attempt.id).state == "successful"


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


def test_twenty_settlers_pay_once_and_a_raising_receiver_changes_nothing(app):
    """A18: order_paid reaches each receiver once."""
    attempt, _ = opens()
    charge = charge_of(attempt, "successful")
    heard, barrier = [], threading.Barrier(20)

    def hear(order):
        heard.append(order.id)

    def stumble(order):
        raise RuntimeError("the host's mail server is down")

    def settle():
        with app.app_context():
            barrier.wait()
            ledger.record(charge)

    with payment.order_paid.connected_to(stumble), payment.order_paid.connected_to(
        hear
    ):
        threads = [threading.Thread(target=settle) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    order = book.find_order(attempt.order_id)
    assert heard == [attempt.order_id]
    assert (order.paid_by, order.needs_attention) == (attempt.id, None)


def test_a_second_writer_waits_until_the_first_has_decided(app):
    """A2: the lock holds between reading an order and committing what was decided."""
    attempt, _ = opens()
    ledger.record(charge_of(attempt, "failed"))
    opened = []

    def rival():
        with app.app_context():
            opened.append(opens(attempt.order_id))

    thread = threading.Thread(target=rival)

    @book.whole
    def first(session):
        book.lock(session, attempt.order_id)
        thread.start()
        thread.join(0.5)
        return list(opened)

    assert first() == []
    thread.join()
    assert len(opened) == 1


def test_a_charge_of_another_app_is_left_alone():
    """B10: other charges of the same account."""
    attempt, _ = opens()
    assert ledger.record(charge_of(attempt, metadata={"order_id": "1001"})) is None
