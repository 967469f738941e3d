"""The shop is killed with `kill -9` at named points, started again, and ends as if never killed.

The points are requests that Omise keeps back, and commits that a locked database keeps back.
Omise's own books say what was charged.
"""

import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
import requests
from processes import Machine
from rig import eventually
from shopper import Shopper
from sqlalchemy import text

import payment
from app import create_app
from config import Config

CREATE = {"method": "POST", "path": "/charges"}
FIND = {"method": "GET", "path": r"/charges/chrg_test_\w+"}
CUSTOMER = {"method": "POST", "path": "/customers"}
REFUND = {"method": "POST", "path": r"/charges/chrg_test_\w+/refunds"}
EMAIL = "somchai@example.com"
# From the kill until all is settled, the restart included.
LONGEST = 60


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """Serve the shop by gunicorn; Omise's answers are waited for longer than any hold lasts."""
    folder = tmp_path_factory.mktemp("machine")
    with Machine(folder, OMISE_READ_TIMEOUT="25") as machine:
        yield machine


@pytest.fixture
def machine(running):
    """Give the machine with the sandbox's books as new, without webhooks, and the shop up."""
    running.omise.reset()
    running.omise.control("settings", webhook_uri=None)
    if not running.is_up():
        running.kill_shop()
        running.start_shop()
    yield running
    running.omise.heals()
    running.kill_sweeps()


@pytest.fixture(scope="module")
def sweep(running):
    """Give `flask payment sweep` of an app beside the shop, which outlives every kill."""
    app = create_app(type("Settings", (Config,), running.settings))

    def sweep():
        result = app.test_cli_runner().invoke(args=["payment", "sweep"])
        assert result.exit_code == 0, result.output
        return result.output

    yield sweep
    payment.close(app)


@pytest.fixture
def shopper(machine):
    """Give a shopper who has opened the checkout."""
    with Shopper(machine) as one:
        one.adds()
        one.opens_checkout()
        yield one


@contextmanager
def beside(act):
    """Do something while the body goes on; the shop may die under it."""

    def attempt():
        with suppress(requests.RequestException):
            act()

    thread = threading.Thread(target=attempt)
    thread.start()
    try:
        yield
    finally:
        thread.join(30)
        assert not thread.is_alive()


def kill_at(machine, act, meanwhile=None, **rule):
    """Kill the shop while Omise keeps back what `act` leads to; gives the time of the kill.

    With `meanwhile`, the request is let go inside that context, and only then comes the kill.
    """
    omise = machine.omise
    fault = omise.breaks(**rule)
    with beside(act):
        state = "held" if rule["fault"].startswith("hold") else "done"
        eventually(lambda: omise.fault(fault)["state"] == state, 60)
        if meanwhile:
            with meanwhile() as stands:
                omise.releases(fault)
                eventually(lambda: omise.fault(fault)["state"] == "done", 60)
                stands()
                machine.kill_shop()
        machine.kill_shop()
        killed = time.monotonic()
    omise.releases(fault)
    return killed


def locked(machine):
    """Keep every commit to the order book back, as a busy or stuck database does."""

    @contextmanager
    def hold():
        postgres = machine.database.startswith("postgresql")
        lock = (
            "LOCK TABLE payment_orders, payment_attempts"
            if postgres
            else "BEGIN IMMEDIATE"
        )
        with machine.connect() as connection:
            connection.execute(text(lock))
            yield lambda: postgres and eventually(lambda: _waits(machine))
            connection.rollback()

    return hold


def _waits(machine):
    """Tell whether somebody stands before the lock; SQLite cannot say."""
    with machine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return connection.scalar(text(waiting))


def status(machine, order_id):
    """Read the status of an order's only attempt."""
    (attempt,) = machine.attempts(order_id)
    return attempt["status"]


def pay(shopper, **more):
    token = shopper.shop.omise.token()
    shopper.charges(omiseToken=token, **more)


def pay_again(shopper, order_id):
    """Pay from the order's own page: its basket may be in a cookie that the kill kept back."""
    assert shopper.get(f"/orders/{order_id}/pay").url.endswith(f"{order_id}/pay")
    assert shopper.state == "failed"
    shopper.form = shopper.hidden()
    assert shopper.form["order"] == order_id
    pay(shopper)


def assert_paid_once(shopper, order_id, killed=None):
    """See the order's page say paid, and Omise's books say one charge."""
    shopper.get(f"/orders/{order_id}")
    assert shopper.state == "paid"
    charges = shopper.shop.charges(order_id)
    assert [one["status"] for one in charges] == ["successful"]
    assert killed is None or time.monotonic() - killed < LONGEST


@pytest.mark.parametrize("fault", ["hold_before", "hold_after"])
def test_killed_while_a_charge_is_made(machine, shopper, sweep, fault):
    """A4, A5: the request may have left or not; it is charged once, and the same form is safe."""
    form, order_id = shopper.form, shopper.form["order"]
    paying = {"omiseToken": machine.omise.token()}
    killed = kill_at(
        machine,
        lambda: shopper.charges(form, **paying),
        fault=fault,
        about=order_id,
        **CREATE,
    )
    assert status(machine, order_id) == "sent"
    machine.start_shop()
    shopper.charges(form, **paying)
    assert shopper.state == "confirming"
    eventually(lambda: machine.charges(order_id))
    sweep()
    assert_paid_once(shopper, order_id, killed)


def test_killed_before_the_request_came_to_omise(machine, shopper, sweep):
    """A5, A6: nothing is sent again; after a long while the order is free to be paid."""
    order_id = shopper.form["order"]
    kill_at(
        machine,
        lambda: pay(shopper),
        fault="hang_before",
        about=order_id,
        seconds=1,
        **CREATE,
    )
    machine.start_shop()
    sweep()
    assert status(machine, order_id) in ("sent", "unknown")
    machine.ages(machine.attempts(order_id), timedelta(minutes=20))
    sweep()
    (attempt,) = machine.attempts(order_id)
    assert (attempt["status"], attempt["failure_code"]) == ("failed", "never_used")
    assert machine.charges(order_id) == []
    pay_again(shopper, order_id)
    assert_paid_once(shopper, order_id)


@pytest.mark.parametrize("commit", [None, locked])
@pytest.mark.parametrize("fault", ["hold_before", "hold_after"])
def test_killed_while_a_card_is_saved(machine, shopper, sweep, fault, commit):
    """A5: before the charge, or right before the commit that says it leaves: none was sent."""
    order_id = shopper.form["order"]
    kill_at(
        machine,
        lambda: pay(shopper, remember="yes", email=EMAIL),
        meanwhile=commit and commit(machine),
        fault=fault,
        **CUSTOMER,
    )
    assert status(machine, order_id) == "created"
    machine.start_shop()
    sweep()
    machine.ages(machine.attempts(order_id), timedelta(minutes=2))
    sweep()
    (attempt,) = machine.attempts(order_id)
    assert (attempt["status"], attempt["failure_code"]) == ("failed", "nothing_sent")
    assert machine.charges(order_id) == []
    pay_again(shopper, order_id)
    assert_paid_once(shopper, order_id)


def test_killed_right_before_the_commit_of_a_charge(machine, shopper, sweep):
    """A4, A8: the answer had come, and the database kept its commit back."""
    order_id = shopper.form["order"]
    killed = kill_at(
        machine,
        lambda: pay(shopper),
        meanwhile=locked(machine),
        fault="hold_after",
        about=order_id,
        **CREATE,
    )
    assert status(machine, order_id) == "sent"
    machine.start_shop()
    sweep()
    assert_paid_once(shopper, order_id, killed)


@pytest.mark.parametrize("commit", [None, locked])
@pytest.mark.parametrize("fault", ["hold_before", "hold_after"])
def test_killed_while_a_shopper_comes_back(machine, shopper, sweep, fault, commit):
    """A5: while Omise is asked, or right before the commit of what it said."""
    machine.omise.control("settings", three_d_secure=True)
    pay(shopper)
    order_id = shopper.order_id
    killed = kill_at(
        machine,
        lambda: shopper.answers_bank("approve"),
        meanwhile=commit and commit(machine),
        fault=fault,
        about=order_id,
        **FIND,
    )
    assert status(machine, order_id) == "pending"
    machine.start_shop()
    sweep()
    assert_paid_once(shopper, order_id, killed)


@pytest.mark.parametrize("commit", [None, locked])
def test_killed_while_a_webhook_is_acted_upon(machine, shopper, sweep, commit):
    """A5, B12: the delivery was answered already, and never comes again."""
    source = machine.omise.source("promptpay", shopper.total())
    shopper.charges(omiseSource=source)
    order_id = shopper.order_id
    (charge,) = machine.charges(order_id)
    machine.omise.control("settings", webhook_uri=f"{machine.url}/webhook")
    killed = kill_at(
        machine,
        lambda: machine.omise.control(f"charges/{charge['id']}/pay"),
        meanwhile=commit and commit(machine),
        fault="hold_after",
        about=order_id,
        **FIND,
    )
    assert status(machine, order_id) == "pending"
    machine.start_shop()
    sweep()
    assert_paid_once(shopper, order_id, killed)


def test_a_sweep_that_is_killed_leaves_all_to_the_next(machine, shopper, sweep):
    """A5, B15: whoever asks next settles it."""
    source = machine.omise.source("promptpay", shopper.total())
    shopper.charges(omiseSource=source)
    order_id = shopper.order_id
    (charge,) = machine.charges(order_id)
    machine.omise.control(f"charges/{charge['id']}/pay")
    held = machine.omise.breaks("hold_after", about=order_id, **FIND)
    machine.start_sweep()
    eventually(lambda: machine.omise.fault(held)["state"] == "held", 60)
    machine.kill_sweeps()
    machine.omise.releases(held)
    assert status(machine, order_id) == "pending"
    sweep()
    assert_paid_once(shopper, order_id)


def kill_refund(machine, shopper, fault):
    """Pay, and kill the command that gives it back at a fault; gives the order's id."""
    pay(shopper)
    order_id = shopper.order_id
    rule = machine.omise.breaks(fault, about=order_id, seconds=60, **REFUND)
    machine.start_command("refund", order_id, "--yes")
    eventually(lambda: machine.omise.fault(rule)["state"] == "held", 60)
    machine.kill_sweeps()
    machine.omise.releases(rule)
    (row,) = refunds(machine, order_id)
    assert (row["status"], row["refund_id"]) == ("sent", None)
    return order_id


def refunds(machine, order_id):
    """Read what the book says was given back of an order's only attempt."""
    (attempt,) = machine.attempts(order_id)
    return [one for one in machine.refunds() if one["attempt_id"] == attempt["id"]]


def refused(machine, *arguments):
    """Run a command that does not do what it was asked; gives what it said."""
    said = machine.command(*arguments)
    assert said.returncode == 1, said
    return said.stderr


@pytest.mark.parametrize("fault", ["hold_before", "hold_after"])
def test_a_refund_that_is_killed_is_made_once(machine, shopper, sweep, fault):
    """It is committed before Omise is asked: what became of it is found out, not done again."""
    order_id = kill_refund(machine, shopper, fault)
    assert "under way" in refused(machine, "refund", order_id, "--yes")
    eventually(lambda: machine.held("refund"))
    sweep()
    (made,), (row,) = machine.held("refund"), refunds(machine, order_id)
    assert (row["status"], row["refund_id"]) == ("done", made["id"])
    assert shopper.get(f"/orders/{order_id}").status_code == 200
    assert shopper.state == "refunded"


def test_a_refund_that_was_killed_and_never_made_is_made_when_asked_for(
    machine, shopper, sweep
):
    """That nothing is seen is no "no": an operator looks, and says so."""
    order_id = kill_refund(machine, shopper, "hang_before")
    sweep()
    assert refunds(machine, order_id)[0]["status"] == "sent"
    assert "under way" in refused(machine, "refund", order_id, "--yes")
    machine.ages_refunds(timedelta(minutes=20))
    sweep()
    assert refunds(machine, order_id)[0]["status"] == "not_found"
    assert "--again" in refused(machine, "refund", order_id, "--yes")
    assert machine.held("refund") == []
    assert machine.command("refund", order_id, "--yes", "--again").returncode == 0
    assert [one["status"] for one in refunds(machine, order_id)] == [
        "not_found",
        "done",
    ]
    sweep()
    assert [one["status"] for one in refunds(machine, order_id)] == [
        "not_found",
        "done",
    ]
    assert len(machine.held("refund")) == 1
