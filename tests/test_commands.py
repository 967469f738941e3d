"""The operator's commands: what they show, and what they do to an authorised charge."""

import getpass
import logging
import uuid
from datetime import datetime
from types import SimpleNamespace

import pytest
from fault_rig import begin, set_attempt
from rig import free_port, why
from shopper import Shopper
from sqlalchemy import create_engine, text, update

from payment import money
from payment.gateway import verbs
from payment.gateway.errors import NothingSent
from payment.operations import commands, refunds, terminal
from payment.orders import entries, ledger, queries, search
from payment.orders.models import Attempt, Delivery, Order


def run(shop, *args, **more):
    return shop.app.test_cli_runner().invoke(args=["payment", *args], **more)


@pytest.fixture
def authorised(build_shop):
    """Serve a shop that captures later, and give it with an authorised order."""
    return hold(build_shop, "off")


def hold(build_shop, auto_capture, remembered=False):
    """Serve a shop where one shopper's card is held."""
    shop = build_shop(AUTO_CAPTURE=auto_capture)
    shop.omise.control("settings", webhook_uri=None)
    saving = {"email": "a@example.com", "remember": "yes"} if remembered else {}
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays(**saving)
        assert shopper.state == "authorized"
        return shop, shop.order(shopper.order_id)


def test_a_way_to_pay_that_cannot_be_held_is_paid_under_pre_auth_too(build_shop):
    """What is said of cards is said of cards alone."""
    shop = build_shop(AUTO_CAPTURE="pre_auth")
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        assert shopper.state == "waiting"
    assert shop.omise.latest().get("authorization_type") is None


@pytest.fixture
def at_a_terminal(monkeypatch):
    """Let somebody be there to answer."""
    monkeypatch.setattr(terminal, "is_somebody_there", lambda: True)


def charge_at_omise(shop, order):
    (charge,) = shop.omise.charges()
    assert charge["id"] == order.attempts[0].charge_id
    return charge


def history(shop, order, *whats):
    with shop.app.app_context():
        return [one for one in entries.history(order.id) if one.what in whats]


def test_list_and_show_tell_what_an_order_is_and_how_it_stands(shop, shopper):
    shopper.adds()
    shopper.pays("4111111111140011")
    shopper.pays_here()
    order = shop.order(shopper.order_id)
    listed = run(shop, "list", "--limit", "1").output
    assert order.id in listed
    assert "490.00 THB  paid" in listed
    shown = run(shop, "show", order.id).output
    assert "1 x " in shown
    assert "total 490.00 THB" in shown
    assert "attempt 1: failed, card, chrg_test_" in shown
    assert "insufficient_fund" in shown
    assert f"attempt 2: successful, card, {order.attempts[1].charge_id}" in shown
    assert "paid the order" in shown


def test_show_tells_all_that_happened_in_its_order(shop, shopper):
    """E23: when, what, from what to what, by whom and why."""
    begin(shop)
    shopper.adds()
    shopper.pays("4111111111140011")
    shopper.pays_here()
    order = shopper.order_id
    run(shop, "refund", order, "10", "--reason", "a crack", "--yes")
    shown = run(shop, "show", order).output
    told = shown.split("history (UTC):\n")[1].splitlines()
    me = f"by operator {getpass.getuser()}"
    assert [line[23:] for line in told] == [
        "opened sent by shopper",
        "status sent -> failed by charge (insufficient_fund)",
        "opened sent by shopper",
        "status sent -> successful by charge",
        "paid by charge",
        f"refund sent 10.00 THB {me} (a crack)",
        f"refund sent -> done 10.00 THB {me}",
        f"refunded 0.00 THB -> 10.00 THB {me}",
    ]
    assert "  refunded 10.00 THB" in shown
    assert "490.00 THB  partly refunded" in run(shop, "list").output
    run(shop, "refund", order, "--yes")
    assert "490.00 THB  refunded" in run(shop, "list").output


def test_what_needs_attention_is_listed_until_it_is_cleared(shop, shopper):
    shopper.adds()
    shopper.pays()
    order = shopper.order_id
    with shop.app.app_context():
        ledger.flag(order, "the parcel came back", "a test")
        ledger.flag(order, "and once more", "a test")
    assert "! the parcel came back" in run(shop, "list", "--attention").output
    assert "! needs attention: and once more" in run(shop, "show", order).output
    cleared = run(shop, "clear", order, "--reason", "sent again")
    assert cleared.stdout == "Cleared 2.\n"
    assert order not in run(shop, "list", "--attention").output
    assert order in run(shop, "list").output
    assert "needs attention" not in run(shop, "show", order).output
    again = run(shop, "clear", order)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "This order needs no attention" in again.output
    (lowered,) = history(shop, shop.order(order), "unflag")
    assert (lowered.by, lowered.why) == (f"operator {getpass.getuser()}", "sent again")


def test_an_open_dispute_stays_listed_until_it_has_ended(shop, shopper):
    """A27: what is cleared is the rest, and that is said with exit code 1."""
    shopper.adds()
    shopper.pays()
    order = shopper.order_id
    with shop.app.app_context():
        ledger.note_dispute(shop.order(order).attempts[0], "open", "a test")
        ledger.flag(order, "the parcel came back", "a test")
    for cleared in ("Cleared 1.\n", ""):
        result = run(shop, "clear", order)
        assert (result.exit_code, result.stdout) == (1, cleared)
        assert "A dispute over it is open, so its flag stays" in result.output
        assert order in run(shop, "list", "--attention").output
    with shop.app.app_context():
        ledger.note_dispute(shop.order(order).attempts[0], "won", "a test")
    assert run(shop, "clear", order).stdout == "Cleared 1.\n"
    assert order not in run(shop, "list", "--attention").output


def test_each_command_says_which_omise_and_which_book_it_speaks_to(shop, shopper):
    """F5: on stderr, so that what it prints can be read by a program."""
    for command in ("list", "sweep", "upgrade"):
        result = run(shop, command)
        assert result.stderr.startswith(
            f"Omise: the sandbox at {shop.omise.base}. Order book: "
        )
        assert "Omise:" not in result.stdout
    assert run(shop, "upgrade").stdout.startswith("The order book is up to date")


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_an_operator_without_a_name_is_unknown(shop, shopper, monkeypatch, error):
    """E23: as containers have; what they do is done and written all the same."""
    shopper.adds()
    shopper.pays()

    def nobody():
        raise error("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert run(shop, "refund", shopper.order_id, "1", "--yes").exit_code == 0
    first = history(shop, shop.order(shopper.order_id), "refund")[0]
    assert first.by == "operator unknown"


@pytest.mark.parametrize("command", ["capture", "reverse", "expire", "close"])
def test_who_moved_what_a_charge_holds_and_why_is_kept(shop, build_shop, command):
    """E23: also where another is the first to hear what came of it."""
    if command in ("capture", "reverse"):
        shop, order = hold(build_shop, "off")
    else:
        begin(shop)
        with Shopper(shop) as shopper:
            shopper.adds()
            shopper.pays_by("promptpay")
            order = shop.order(shopper.order_id)
    done = run(shop, command, order.id, "--reason", "asked by phone", "--yes")
    assert done.exit_code == 0, done.output
    what = "expire" if command == "close" else command
    (kept,) = history(shop, order, what)
    assert (kept.by, kept.why) == (f"operator {getpass.getuser()}", "asked by phone")
    shown = run(shop, "show", order.id).output
    assert f"{what} by operator {getpass.getuser()} (asked by phone)" in shown


def test_an_authorised_charge_is_captured_once(authorised):
    """A17: captured again, or by somebody else meanwhile, it converges."""
    shop, order = authorised
    assert "authorised" in run(shop, "show", order.id).output
    assert "490.00 THB  authorised" in run(shop, "list").output
    first = run(shop, "capture", order.id, "--yes")
    assert (first.exit_code, first.stdout) == (0, "Captured 490.00 THB.\n")
    assert shop.order(order.id).paid_at
    again = run(shop, "capture", order.id, "--yes")
    assert (again.exit_code, again.stdout) == (
        0,
        "It was captured before: 490.00 THB.\n",
    )
    assert shop.omise.charged(order.id) == {"successful": (1, 49000)}
    assert shop.omise.books()["counts"]["POST /charges"] == 1
    released = run(shop, "reverse", order.id, "--yes")
    assert released.exit_code == 1
    assert (
        "This order has no authorised charge: attempt 1 is successful."
        in released.output
    )
    moved = history(shop, order, "status")[-1]
    assert (moved.became, moved.by[:9]) == ("successful", "operator ")


@pytest.mark.parametrize("remembered", [False, True])
def test_part_of_an_authorised_charge_is_captured(build_shop, remembered):
    """A27: what was taken is shown, and no more than that is given back."""
    shop, order = hold(build_shop, "pre_auth", remembered)
    assert charge_at_omise(shop, order)["authorization_type"] == "pre_auth"
    result = run(shop, "capture", order.id, "120.50", "--yes")
    assert result.stdout == "Captured 120.50 THB.\n"
    assert charge_at_omise(shop, order)["captured_amount"] == 12050
    assert shop.order(order.id).attempts[0].captured_amount == 12050
    assert "captured 120.50 THB" in run(shop, "show", order.id).output
    too_much = run(shop, "refund", order.id, "120.51", "--yes")
    assert "Only 120.50 THB of 120.50 THB is left" in too_much.output
    less = run(shop, "capture", order.id, "--amount", "100", "--yes")
    said = "It was captured before: 120.50 THB. Nothing was done."
    assert (less.exit_code, said in less.output) == (1, True)
    whole = run(shop, "capture", order.id, "--yes")
    assert (whole.exit_code, said in whole.output) == (1, True)
    same = run(shop, "capture", order.id, "--amount", "120.50", "--yes")
    assert (same.exit_code, same.stdout) == (0, "It was captured before: 120.50 THB.\n")
    assert run(shop, "refund", order.id, "--yes").stdout == "Refunded 120.50 THB.\n"
    assert "490.00 THB  refunded" in run(shop, "list").output


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "must be more than nothing"),
        ("ten", "is not an amount of THB"),
        (
            "490.01",
            "The charge is authorised, not captured yet. Omise answered: HTTP 400",
        ),
        # Omise takes a part of a pre_auth only (charges-api#capture).
        ("120.50", "only of what was authorised under AUTO_CAPTURE=pre_auth"),
    ],
)
def test_an_amount_that_cannot_be_captured_is_refused(authorised, amount, said):
    """A10: the money stays authorised."""
    shop, order = authorised
    result = run(shop, "capture", order.id, "--yes", "--", amount)
    assert result.exit_code == 1
    assert said in result.output
    assert charge_at_omise(shop, order)["status"] == "pending"
    assert shop.order(order.id).paid_at is None


@pytest.mark.parametrize("command", ["capture", "reverse"])
def test_nothing_moves_unless_the_operator_says_yes(authorised, at_a_terminal, command):
    shop, order = authorised
    result = run(shop, command, order.id, input="n\n")
    assert result.exit_code == 1
    assert "490.00 THB" in result.output
    assert f"{order.attempts[0].charge_id}? [y/N]" in result.output
    assert charge_at_omise(shop, order)["status"] == "pending"


def test_an_authorisation_is_released(authorised):
    shop, order = authorised
    result = run(shop, "reverse", order.id, "--yes")
    assert (result.exit_code, result.stdout) == (0, "Released 490.00 THB.\n")
    assert not shop.order(order.id).paid_at
    assert why(shop.order(order.id)) is None
    again = run(shop, "reverse", order.id, "--yes")
    assert (again.exit_code, again.stdout) == (0, "It was released before.\n")


def test_what_several_attempts_hold_is_named(authorised):
    """A15: one of them is released by its number; then the other is meant."""
    shop, order = authorised
    attempts = Attempt.__table__
    with shop.engine.begin() as connection:
        row = connection.execute(attempts.select()).one()._asdict()
        more = {"number": 2, "charge_id": "chrg_test_5other"}
        row |= more | {"id": str(uuid.uuid4()), "form_id": str(uuid.uuid4())}
        connection.execute(attempts.insert().values(row))
    for command in ("capture", "reverse"):
        asked = run(shop, command, order.id, "--yes")
        assert asked.exit_code == 1
        assert "one of attempts 1 and 2: name one by --attempt." in asked.output
    both = run(shop, "list", "--capture").stdout.splitlines()
    assert [line[-11:] for line in both] == ["--attempt 1", "--attempt 2"]
    released = run(shop, "reverse", order.id, "--attempt", "1", "--yes")
    assert released.stdout == "Released 490.00 THB.\n"
    other = run(shop, "capture", order.id, "--yes")
    assert "no such charge in the account of these keys" in other.output


def test_a_code_that_waits_is_closed_once(shop, shopper):
    """A16: it cannot be paid any more, and the order can be paid in another way."""
    begin(shop)
    shopper.adds()
    shopper.pays_by("promptpay")
    order = shopper.order_id
    nobody = run(shop, "expire", order)
    assert (nobody.exit_code, nobody.stdout) == (1, "")
    assert "by which 490.00 THB can still be paid?" in nobody.output
    assert shop.omise.latest()["status"] == "pending"
    charge = shop.omise.latest()["id"]
    closed = run(shop, "expire", order, "--yes")
    assert closed.stdout == f"Closed {charge}: it cannot be paid any more.\n"
    assert shop.omise.latest()["status"] == "expired"
    again = run(shop, "expire", order, "--yes")
    assert (again.exit_code, again.stdout) == (0, "It was closed before.\n")
    shopper.opens_order(order, "/pay")
    shopper.pays_here()
    assert shopper.state == "paid"


def test_a_code_that_was_paid_meanwhile_is_not_called_closed(shop, shopper):
    """A16: the charge is read after it, and only that is believed."""
    begin(shop)
    shopper.adds()
    shopper.pays_by("promptpay")
    order = shopper.order_id
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    late = run(shop, "expire", order, "--yes")
    assert (late.exit_code, late.stdout) == (1, "")
    assert "The charge is successful. Omise answered: HTTP 400" in late.output
    assert shop.order(order).paid_at


@pytest.mark.parametrize("command", ["capture", "reverse", "sync"])
def test_keys_of_the_other_mode_are_refused_before_anything_is_asked(
    authorised, command
):
    """A11: a live charge is not looked for with test keys."""
    shop, order = authorised
    set_attempt(shop, order.id, livemode=True)
    asked = shop.omise.books()["counts"]
    yes = [] if command == "sync" else ["--yes"]
    result = run(shop, command, order.id, *yes)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "charged with live keys, and OMISE_SECRET_KEY is a test key" in result.output
    assert shop.omise.books()["counts"] == asked


def test_closing_an_order_closes_its_code_at_omise_first(shop, shopper):
    """A16: the shopper would pay the old code and the new payment."""
    begin(shop)
    shopper.adds()
    shopper.pays_by("promptpay")
    closed = run(shop, "close", shopper.order_id, "--reason", "asked by phone")
    assert (closed.exit_code, closed.stdout) == (0, "Closed 1.\n")
    assert shop.omise.latest()["status"] == "expired"
    assert shop.order(shopper.order_id).attempts[0].status == "expired"


@pytest.mark.parametrize("yes", [[], ["--yes"]])
def test_a_code_that_omise_does_not_close_is_closed_only_if_that_is_meant(
    shop, shopper, yes
):
    """A16, A31: nobody is there to answer, and the risk is named."""
    begin(shop)
    shopper.adds()
    shopper.pays_by("promptpay")
    order = shopper.order_id
    path = r"/charges/chrg_test_\w+/expire"
    refusal = {"status": 400, "body": "error", "code": "failed_expire"}
    shop.omise.breaks("answer_before", method="POST", path=path, **refusal)
    closed = run(shop, "close", order, "--reason", "asked by phone", *yes)
    assert closed.exit_code == (0 if yes else 1)
    assert bool(yes) or "the shopper would pay twice" in closed.output
    assert shop.order(order).attempts[0].status == ("closed" if yes else "pending")


def test_an_authorised_charge_is_closed_only_if_that_is_meant(authorised):
    shop, order = authorised
    closed = run(shop, "close", order.id, "--reason", "x")
    assert closed.exit_code == 1
    assert "holds money" in closed.output
    assert run(shop, "close", order.id, "--reason", "x", "--yes").exit_code == 0


def test_a_reason_is_more_than_blanks(authorised):
    shop, order = authorised
    assert "Say by --reason why" in run(shop, "close", order.id, "--reason", " ").output


def test_a_live_code_is_not_closed_by_test_keys(shop, shopper):
    """A11."""
    begin(shop)
    shopper.adds()
    shopper.pays_by("promptpay")
    set_attempt(shop, shopper.order_id, livemode=True)
    refused = run(shop, "expire", shopper.order_id, "--yes")
    assert refused.exit_code == 1
    assert "charged with live keys" in refused.output
    assert shop.omise.latest()["status"] == "pending"


def test_live_money_is_not_given_back_by_test_keys(shop, shopper):
    """A11."""
    begin(shop)
    shopper.adds()
    shopper.pays()
    set_attempt(shop, shopper.order_id, livemode=True)
    refused = run(shop, "refund", shopper.order_id, "--yes")
    assert refused.exit_code == 1
    assert "charged with live keys" in refused.output
    assert not shop.order(shopper.order_id).attempts[0].refunds


def test_a_charge_of_another_account_is_said(authorised):
    shop, order = authorised
    set_attempt(shop, order.id, charge_id="chrg_test_5elsewhere")
    synced = run(shop, "sync", order.id)
    assert (synced.exit_code, synced.stdout) == (1, "")
    assert "about attempt 1: there is no such charge in the account" in synced.output
    assert "is not in the account of these keys" in why(shop.order(order.id))


def test_an_amount_is_said_once(authorised):
    shop, order = authorised
    result = run(shop, "capture", order.id, "1", "--amount", "1", "--yes")
    assert (result.exit_code, "Say the amount once." in result.output) == (2, True)


def test_sync_finds_a_refund_whose_answer_was_lost(shop, shopper):
    """A24: without a sweep."""
    begin(shop)
    shopper.adds()
    shopper.pays()
    order, path = shopper.order_id, r"/charges/chrg_test_\w+/refunds"
    shop.omise.breaks("reset_after", method="POST", path=path)
    shop.omise.breaks("answer_before", skip=1, method="GET", path=path)
    lost = run(shop, "refund", order, "10", "--yes")
    assert lost.exit_code == 1
    assert f"`flask payment sync {order}` asks." in lost.output
    assert shop.order(order).attempts[0].refunds[0].status == "sent"
    assert run(shop, "sync", order).stdout == "The order is partly refunded.\n"
    assert shop.order(order).attempts[0].refunds[0].status == "done"


def test_a_capture_on_the_dashboard_is_found_out(authorised):
    """A17: "already captured" is no error: what was asked for is so."""
    shop, order = authorised
    with shop.app.app_context():
        verbs.capture_charge(order.attempts[0].charge_id)
    result = run(shop, "capture", order.id, "--yes")
    assert (result.exit_code, result.stdout) == (0, "Captured 490.00 THB.\n")
    assert shop.order(order.id).paid_at


def test_a_release_on_the_dashboard_is_found_out(authorised):
    """A17: what Omise answered is said, and how the charge stands, with exit code 1."""
    shop, order = authorised
    with shop.app.app_context():
        verbs.reverse_charge(order.attempts[0].charge_id)
    result = run(shop, "capture", order.id, "--yes")
    assert result.exit_code == 1
    assert "The charge is reversed." in result.output
    assert "Omise answered: HTTP 400 failed_capture" in result.output
    assert not shop.order(order.id).paid_at
    assert "The charge is" not in result.stdout


@pytest.mark.parametrize("fault", ["reset_after", "answer_after"])
def test_a_capture_whose_answer_is_lost_is_read_and_not_repeated(authorised, fault):
    """A17: only the charge itself is believed."""
    shop, order = authorised
    rule = shop.omise.breaks(fault, times=0, method="POST", path="/charges/.*/capture")
    result = run(shop, "capture", order.id, "--yes")
    assert (result.exit_code, result.stdout) == (0, "Captured 490.00 THB.\n")
    assert shop.omise.fault(rule)["met"] == 1


def test_a_capture_of_which_nothing_can_be_read_says_so(authorised):
    """A23: it does not say that nothing has moved; the sync tells."""
    shop, order = authorised
    path = "/charges/chrg_test_[a-z0-9]+"
    shop.omise.breaks("reset_after", method="POST", path=f"{path}/capture")
    shop.omise.breaks("answer_before", method="GET", path=path)
    result = run(shop, "capture", order.id, "--yes")
    assert result.exit_code == 1
    assert "could not be asked what came of it" in result.output
    assert "Nothing" not in result.output
    assert run(shop, "sync", order.id).stdout == "The order is paid.\n"
    assert shop.order(order.id).paid_at


@pytest.mark.parametrize("command", ["capture", "reverse"])
def test_a_command_that_sent_nothing_says_so(authorised, monkeypatch, command):
    """A23: no connection could be made, so nobody need look whether it was done."""
    shop, order = authorised
    nowhere = f"http://127.0.0.1:{free_port()}/"
    monkeypatch.setitem(shop.app.config, "OMISE_API_BASE", nowhere)
    result = run(shop, command, order.id, "--yes")
    assert result.exit_code == 1
    assert "Nothing was done. Nothing was sent to Omise: no connection" in result.output


def test_what_was_not_sent_for_another_reason_is_read_all_the_same(
    authorised, monkeypatch
):
    """A17: it is done, whoever did it."""
    shop, order = authorised
    with shop.app.app_context():
        verbs.capture_charge(order.attempts[0].charge_id)

    def nothing(*_):
        raise NothingSent("too many wait for Omise")

    monkeypatch.setattr(verbs, "capture_charge", nothing)
    result = run(shop, "capture", order.id, "--yes")
    assert (result.exit_code, result.stdout) == (0, "Captured 490.00 THB.\n")


def test_what_is_authorised_is_not_called_pending(authorised):
    """A27: it says how it stands, and what can be done about it."""
    shop, order = authorised
    for command in ("refund", "expire"):
        said = run(shop, command, order.id, "--yes").output
        assert "attempt 1 is authorised, not captured yet." in said
        assert f"`flask payment reverse {order.id}` releases what is authorised" in said
    with shop.app.app_context(), pytest.raises(refunds.RefundRefused) as refused:
        refunds._open(
            order.id, order.attempts[0].id, None, [], by="operator", why="", again=False
        )
    assert "is authorised, not captured yet, so there is no money" in str(refused.value)
    assert (
        "attempt 1: authorised, not captured yet, card"
        in run(shop, "show", order.id).stdout
    )


def test_a_log_line_of_a_command_is_for_who_asks_for_it(shop, monkeypatch, caplog):
    """At a terminal warnings and errors alone; a service's log has every line."""

    def heard(*args):
        caplog.clear()
        shop.app.test_cli_runner().invoke(args=["payment", *args])
        return {one.levelname for one in caplog.records if one.name == "payment.probe"}

    log = logging.getLogger("payment.probe")

    def orders(*_):
        log.info("a line")
        log.warning("a warning")
        return []

    monkeypatch.setattr(search, "orders", orders)
    assert heard("list") == {"INFO", "WARNING"}
    monkeypatch.setattr(terminal, "is_read_by_a_person", lambda: True)
    assert heard("list") == {"WARNING"}
    assert heard("-v", "list") == {"INFO", "WARNING"}
    assert logging.getLogger("payment").level == logging.INFO


def test_sync_asks_about_what_has_ended_too(shop, shopper):
    """A14, A27: a late payment and a refund of the dashboard, without webhook or sweep."""
    begin(shop)
    shopper.adds()
    shopper.pays_by("promptpay")
    order = shopper.order_id
    charge = shop.order(order).attempts[0].charge_id
    with shop.app.app_context():
        ledger.close(shop.order(order).attempts[0], "operator a", "gone home")
    shop.omise.control(f"charges/{charge}/pay")
    told = run(shop, "sync", order).stdout
    assert told.startswith("The order is paid.\n! needs attention: charge ")
    assert "although attempt 1 was closed" in told
    begin(shop)
    shopper.adds()
    shopper.pays()
    order = shopper.order_id
    with shop.app.app_context():
        verbs.refund_charge(shop.order(order).attempts[0].charge_id, 49000, "by hand")
    told = run(shop, "sync", order).stdout
    assert told.startswith("The order is refunded.\n! needs attention: charge ")
    assert "490.00 THB was refunded that nobody asked for here" in told


def test_an_operator_ends_what_is_open_and_the_order_can_be_paid_again(shop, shopper):
    """A31: with a reason, which is kept; money that moves all the same is not lost."""
    begin(shop)
    shop.omise.breaks("close_before", method="POST", path="/charges")
    shopper.adds()
    shopper.pays()
    order = shopper.order_id
    assert shopper.state == "confirming"
    unsaid = run(shop, "close", order)
    assert (unsaid.exit_code, "--reason" in unsaid.output) == (2, True)
    closed = run(shop, "close", order, "--reason", "not on the dashboard")
    assert (closed.exit_code, closed.stdout) == (0, "Closed 1.\n")
    moved = history(shop, shop.order(order), "status")[-1]
    assert (moved.was, moved.became) == ("unknown", "closed")
    assert (moved.by[:9], moved.why) == ("operator ", "not on the dashboard")
    again = run(shop, "close", order, "--reason", "once more")
    assert (again.exit_code, again.stdout) == (0, "It was closed before.\n")
    shopper.opens_order(order, "/pay")
    shopper.pays_here()
    assert shopper.state == "paid"
    assert shop.omise.charged(order) == {"successful": (1, 49000)}


def test_where_two_attempts_were_paid_one_is_named(shop, shopper):
    """A15: the surplus is given back by hand where Omise cannot, and the other by command."""
    begin(shop)
    shop.omise.breaks("answer_before", method="POST", path="/charges/.*/expire")
    shopper.adds()
    shopper.pays_by("promptpay")
    order, code = shopper.order_id, shop.omise.latest()["id"]
    token = shopper.hidden()["csrf_token"]
    shopper.post(f"/orders/{order}/again", {"csrf_token": token})
    shopper.opens_order(order, "/pay")
    shopper.pays_here()
    shop.omise.control(f"charges/{code}/pay")
    shop.sweep()
    assert "paid twice: manual refund" in why(shop.order(order))
    asked = run(shop, "refund", order, "--yes")
    assert "one of attempts 1 and 2: name one by --attempt." in asked.output
    assert (
        "There is no paid attempt"
        in run(shop, "refund", order, "--attempt", "3", "--yes").output
    )
    given = run(shop, "refund", order, "--attempt", "2", "--yes")
    assert given.stdout == "Refunded 490.00 THB.\n"
    refunded = {one.number: one.refunded_amount for one in shop.order(order).attempts}
    assert refunded == {1: 0, 2: 49000}


def test_an_order_that_is_not_there_is_said(shop):
    reasons = {"close": ["--reason", "x"]}
    commands = ("show", "capture", "reverse", "refund", "clear", "sync", "close")
    for command in commands:
        result = run(shop, command, "nowhere", *reasons.get(command, []))
        assert result.exit_code == 1
        assert "Error: There is no order nowhere." in result.output
        assert result.stdout == ""


def test_a_book_that_is_away_is_said_by_every_command(shop, monkeypatch):
    """B12, F5: in one sentence, with exit code 1."""
    away = create_engine("sqlite:////nowhere/shop.sqlite3")
    with monkeypatch.context() as broken:
        broken.setattr(shop.app.extensions["payment"].book, "_engine", away)
        for command in (["list"], ["sweep"], ["show", "x"], ["upgrade"]):
            result = run(shop, *command)
            assert result.exit_code == 1
            assert "cannot be reached" in result.output
            assert result.stdout == ""
    away.dispose()


def test_a_command_looks_at_the_shape_of_the_book_first(shop):
    """B12: one that another release wrote is not read, and not written to."""
    with shop.engine.begin() as connection:
        version = connection.scalar(text("SELECT version_num FROM payment_version"))
        connection.execute(text("UPDATE payment_version SET version_num = '9999'"))
    try:
        for command in (["list"], ["sweep"], ["refund", "x", "--yes"]):
            result = run(shop, *command)
            assert (result.exit_code, result.stdout) == (1, "")
            assert "release" in result.output
            assert not result.exc_info[0] or result.exc_info[0] is SystemExit
    finally:
        with shop.engine.begin() as connection:
            back = text("UPDATE payment_version SET version_num = :version")
            connection.execute(back, {"version": version})


def test_a_sweep_that_goes_on_outlives_a_book_that_goes_away(shop, monkeypatch):
    """B12: each round begins anew; how long it rests is what was asked, or what Omise asks for."""
    begin(shop)
    slept = []
    book = shop.app.extensions["payment"].book
    away, usual = create_engine("sqlite:////nowhere/shop.sqlite3"), book._engine

    def sleep(seconds):
        slept.append(seconds)
        book._engine = away if len(slept) == 1 else usual
        if len(slept) == 2:
            slow = {"status": 429, "body": "error", "retry_after": 3600}
            shop.omise.breaks("answer_before", method="GET", path="/refunds", **slow)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(commands, "time", SimpleNamespace(sleep=sleep))
    result = run(shop, "sweep", "--every", "7")
    away.dispose()
    assert slept == [7, 7, 3600]
    assert result.output.count("The order book cannot be reached") == 1
    assert "Omise asks for 3600 s of rest." in result.output
    assert result.stdout.count("asked about 0, still open 0") == 2


@pytest.mark.parametrize("currency", ["THB", "JPY", "SGD", "MYR"])
@pytest.mark.parametrize("amount", [0, 1, 99, 100, 101, 49000, 123456789])
def test_an_amount_that_is_written_is_read_back(currency, amount):
    """A12: parse(plain(x)) == x, in whole units where a currency has no smaller one."""
    assert money.parse(money.plain(amount, currency), currency) == amount


def test_yen_have_no_decimals():
    """A12: JPY."""
    assert money.plain(1200, "JPY") == "1200 JPY"
    with pytest.raises(ValueError, match="such as 120"):
        money.parse("12.00", "JPY")


def test_purge_forgets_who_made_old_orders_and_nothing_else(build_shop):
    """E22: what was paid stays; what is open, young or tried again lately stays whole."""
    shop = build_shop(PAYMENT_BUDGETS="on")

    def orders(pay):
        with Shopper(shop) as shopper:
            shopper.adds()
            pay(shopper)
            return shopper.order_id

    old, young, again = (
        orders(lambda one: one.pays(remember="yes", email="a@example.com"))
        for _ in range(3)
    )
    still_open = orders(lambda one: one.pays_by("promptpay"))
    for order_id in (old, again, still_open):
        made_long_ago(shop, order_id, tried_too=order_id != again)
    before = shop.order(old)
    assert run(shop, "purge", "--older-than", "29", "--yes").exit_code == 2
    assert run(shop, "purge", "--older-than", "40", input="n\n").exit_code == 1
    assert shop.order(old).email == "a@example.com"
    told = run(shop, "purge", "--older-than", "40", "--yes")
    assert "Forgot who made 1 orders." in told.output
    after = shop.order(old)
    (tried,) = after.attempts
    assert (after.email, after.visitor, tried.visitor, tried.address) == (None,) * 4
    assert (after.paid_at, after.amount) == (before.paid_at, before.amount)
    assert tried.charge_id == before.attempts[0].charge_id
    for order_id in (young, again):
        assert shop.order(order_id).email == "a@example.com"
    for order_id in (young, again, still_open):
        order = shop.order(order_id)
        assert order.visitor
        assert order.attempts[0].visitor
        assert order.attempts[0].address
    assert (
        "Forgot who made 0 orders."
        in run(shop, "purge", "--older-than", "40", "--yes").output
    )


def test_purge_deletes_old_deliveries(shop):
    """E22: a replay as old as that is refused for its time."""
    with shop.app.app_context():
        queries.note_delivery("evnt_test_1old", "charge.complete", None)
        queries.note_delivery("evnt_test_1new", "charge.complete", None)
    changes(
        shop,
        update(Delivery).where(Delivery.event_id == "evnt_test_1old"),
        received_at=LONG_AGO,
    )
    run(shop, "purge", "--older-than", "40", "--yes")
    with shop.app.app_context():
        assert queries.note_delivery("evnt_test_1old", "charge.complete", None)
        assert not queries.note_delivery("evnt_test_1new", "charge.complete", None)


LONG_AGO = datetime(2020, 1, 1)


def changes(shop, statement, **values):
    with shop.app.app_context():
        engine = shop.app.extensions["payment"].book.engine
        with engine.begin() as connection:
            connection.execute(statement.values(**values))


def made_long_ago(shop, order_id, tried_too):
    changes(shop, update(Order).where(Order.id == order_id), created_at=LONG_AGO)
    if tried_too:
        tried = update(Attempt).where(Attempt.order_id == order_id)
        changes(shop, tried, created_at=LONG_AGO)
