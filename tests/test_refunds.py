"""Giving money back, from a terminal: once for each time an operator asks."""

import threading
from datetime import timedelta

import pytest
from fault_rig import ago, begin
from rig import eventually, free_port, why
from shopper import Shopper
from sqlalchemy import update

from payment.gateway import verbs
from payment.gateway.errors import GatewayError
from payment.operations import refunds, terminal
from payment.orders import entries, queries, transaction
from payment.orders.models import Refund
from payment.orders.transaction import OrdersUnavailable

CREATE = {"method": "POST", "path": r"/charges/chrg_test_\w+/refunds"}
LIST = {"method": "GET", "path": r"/charges/chrg_test_\w+/refunds"}
READ = {"method": "GET", "path": r"/charges/chrg_test_\w+"}
VERSIONS = ["2019-05-29", "2017-11-02"]


@pytest.fixture
def shop(served):
    """Give a shop with empty books, to which no webhook comes."""
    return begin(served)


@pytest.fixture
def paid(shop):
    """Give an order that a card has paid: 490.00 THB."""
    return pay(shop)


@pytest.fixture
def patient(build_shop, monkeypatch):
    """Give a shop with empty books, one of which a crowd waits for as long as it takes."""
    monkeypatch.setattr(transaction, "PATIENCE", 120)
    return begin(build_shop())


@pytest.fixture(params=VERSIONS)
def version(shop, request, monkeypatch):
    """Let the shop speak one version of the API, then the other."""
    monkeypatch.setitem(shop.app.config, "OMISE_API_VERSION", request.param)
    return request.param


def pay(shop):
    """Buy something for 490.00 THB by card, and give the order."""
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        assert shopper.state == "paid"
        return shop.order(shopper.order_id)


def run(shop, *args):
    return shop.app.test_cli_runner().invoke(args=["payment", *args])


def give_back(shop, order, amount=None, **more):
    with shop.app.app_context():
        return refunds.give_back(order.attempts[0].id, amount, "operator a", **more)


def charged(shop, order):
    return shop.omise.books(order.id)["by_status"]["successful"]


def refunds_in_book(shop, order):
    return [
        (one.status, one.amount) for one in shop.order(order.id).attempts[0].refunds
    ]


def age(shop, refund, **by):
    """Let time pass for a refund."""
    then = ago(shop, **by)
    with shop.engine.begin() as connection:
        old = update(Refund).where(Refund.id == refund.id)
        connection.execute(old.values(created_at=then))


def asks_again(shop, refund):
    """Reconcile one refund; gives its status."""
    with shop.app.app_context():
        return refunds.reconcile(queries.find_refund(refund.id), "sweep")


def test_a_whole_refund_is_written_down_and_not_made_twice(shop, paid):
    """A17: run again, it finds that nothing is left to do, which is no error."""
    result = run(shop, "refund", paid.id, "--yes")
    assert (result.exit_code, result.stdout) == (0, "Refunded 490.00 THB.\n")
    again = run(shop, "refund", paid.id, "--yes")
    said = "All of 490.00 THB was refunded before.\n"
    assert (again.exit_code, again.stdout) == (0, said)
    more = run(shop, "refund", paid.id, "1", "--yes")
    assert more.exit_code == 1
    assert "Only 0.00 THB of 490.00 THB is left" in more.output
    assert "Nothing was refunded" in more.output
    assert charged(shop, paid)["refunded"] == 49000
    attempt = shop.order(paid.id).attempts[0]
    assert (attempt.refunded_amount, attempt.refunds[0].status) == (49000, "done")
    assert attempt.refunds[0].refund_id.startswith("rfnd_test_")
    assert shop.order(paid.id).paid_at


def test_what_is_not_paid_is_not_given_back(shop):
    """A17: whoever asks."""
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        order = shop.order(shopper.order_id)
    with pytest.raises(
        refunds.RefundRefused, match="is waiting to be paid, so there is no money"
    ):
        give_back(shop, order)
    assert refunds_in_book(shop, order) == []


def test_twenty_at_once_give_back_once(patient):
    """A17: a double click in any number of terminals."""
    paid = pay(patient)
    ended, start = [], threading.Barrier(20)

    def refund():
        start.wait()
        try:
            ended.append(give_back(patient, paid).status)
        except refunds.RefundRefused:
            ended.append("refused")
        except GatewayError as error:  # so many may read at once
            ended.append("refused" if error.code == "nothing_sent" else str(error))

    threads = [threading.Thread(target=refund) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["done"] + ["refused"] * 19
    assert charged(patient, paid)["refunded"] == 49000


def test_the_same_part_at_once_is_given_back_once(patient):
    """A17: it is the same wish, said twice; whoever means it says --again."""
    paid = pay(patient)
    ended, start = [], threading.Barrier(8)

    def refund():
        start.wait()
        try:
            ended.append(give_back(patient, paid, 10000).status)
        except refunds.RefundRefused:
            ended.append("refused")

    threads = [threading.Thread(target=refund) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["done"] + ["refused"] * 7
    assert charged(patient, paid)["refunded"] == 10000


def test_the_same_part_soon_after_is_asked_for_again(shop, paid):
    """A17: another part, all that is left, and the same part later are other wishes."""
    assert run(shop, "refund", paid.id, "--amount", "100", "--yes").exit_code == 0
    twice = run(shop, "refund", paid.id, "100", "--yes")
    assert twice.exit_code == 1
    assert "100.00 THB of it was given back at" in twice.output
    assert charged(shop, paid)["refunded"] == 10000
    assert run(shop, "refund", paid.id, "100", "--again", "--yes").exit_code == 0
    for one in shop.order(paid.id).attempts[0].refunds:
        age(shop, one, minutes=11)
    assert run(shop, "refund", paid.id, "100", "--yes").exit_code == 0
    assert run(shop, "refund", paid.id, "95", "--yes").exit_code == 0
    rest = run(shop, "refund", paid.id, "--yes")
    assert rest.stdout == "Refunded 95.00 THB.\n"
    assert charged(shop, paid)["refunded"] == 49000


def test_a_refund_made_meanwhile_counts_before_its_charge_is_read_again(
    shop, paid, monkeypatch
):
    """A17: a rival has given all back between this one's reading and its writing."""
    read = verbs.refunds_of

    def rival_is_faster(charge_id):
        monkeypatch.setattr(verbs, "refunds_of", read)
        before = read(charge_id)
        shop.omise.breaks("answer_before", skip=1, **READ)
        assert give_back(shop, paid).status == "done"
        assert shop.order(paid.id).attempts[0].refunded_amount == 0
        return before

    monkeypatch.setattr(verbs, "refunds_of", rival_is_faster)
    with pytest.raises(refunds.RefundRefused, match="was refunded before"):
        give_back(shop, paid)
    assert refunds_in_book(shop, paid) == [("done", 49000)]


def test_part_after_part_until_nothing_is_left(shop, paid):
    """A17: what is given back is never more than what was paid."""
    assert run(shop, "refund", paid.id, "100.50", "--yes").exit_code == 0
    assert run(shop, "refund", paid.id, "400", "--yes").exit_code == 1
    assert run(shop, "refund", paid.id, "389.50", "--yes").exit_code == 0
    assert charged(shop, paid)["refunded"] == 49000


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (text, "is not an amount of THB")
        for text in ("12.345", "1e3", "-5", "ten", "1,5")
    ]
    + [("0", "must be more than nothing"), ("490.01", "Only 490.00 THB of 490.00")],
)
def test_an_amount_that_cannot_be_is_refused_in_words(shop, paid, amount, said):
    """A10: nothing is asked of Omise."""
    result = run(shop, "refund", paid.id, "--yes", "--", amount)
    assert result.exit_code == 1
    assert said in result.output
    assert charged(shop, paid)["refunded"] == 0
    assert refunds_in_book(shop, paid) == []


def test_nothing_is_refunded_unless_the_operator_says_yes(shop, paid, monkeypatch):
    nobody = run(shop, "refund", paid.id)
    assert (nobody.exit_code, nobody.stdout) == (1, "")
    assert "Nobody is at a terminal to answer, and nothing was done" in nobody.output
    monkeypatch.setattr(terminal, "is_somebody_there", lambda: True)
    runner = shop.app.test_cli_runner()
    result = runner.invoke(args=["payment", "refund", paid.id], input="n\n")
    assert result.exit_code == 1
    assert "so far 0.00 THB" in result.output
    assert charged(shop, paid)["refunded"] == 0


def test_who_gave_back_and_why_is_kept(shop, paid):
    """E23: in the order's history."""
    run(shop, "refund", paid.id, "100", "--reason", "a cracked cup", "--yes")
    with shop.app.app_context():
        told = [
            one
            for one in entries.history(paid.id)
            if one.what in ("refund", "refunded")
        ]
    assert [(one.what, one.was, one.became) for one in told] == [
        ("refund", None, "sent 100.00 THB"),
        ("refund", "sent", "done 100.00 THB"),
        ("refunded", "0.00 THB", "100.00 THB"),
    ]
    assert told[0].why == "a cracked cup"
    assert all(one.by.startswith("operator ") for one in told)


@pytest.mark.parametrize("fault", ["reset_after", "answer_after"])
def test_a_refund_whose_answer_is_lost_is_found_again(shop, paid, version, fault):
    """A17, A24: by its id in the metadata, or as the one of its amount that is new."""
    shop.omise.breaks(fault, **CREATE)
    assert give_back(shop, paid, 10000).status == "done"
    assert charged(shop, paid)["refunded"] == 10000
    # Said twice more: each is one of its own.
    shop.omise.breaks(fault, **CREATE)
    assert give_back(shop, paid, 10000, again=True).status == "done"
    assert give_back(shop, paid, 10000, again=True).status == "done"
    assert charged(shop, paid)["refunded"] == 30000
    made = [one.refund_id for one in shop.order(paid.id).attempts[0].refunds]
    assert len(set(made)) == 3


def test_a_refund_of_the_dashboard_is_not_taken_for_a_lost_one(shop, paid, version):
    """A24: what was there before, or is of another amount, is not ours."""
    with shop.app.app_context():
        verbs.refund_charge(paid.attempts[0].charge_id, 10000, "by hand")
    shop.omise.breaks("reset_before", **CREATE)
    lost = give_back(shop, paid, 10000)
    assert lost.status == "sent"
    with shop.app.app_context():
        verbs.refund_charge(paid.attempts[0].charge_id, 20000, "by hand")
    assert asks_again(shop, lost) == "sent"
    age(shop, lost, minutes=11)
    assert asks_again(shop, lost) == "not_found"


def test_a_refund_that_is_another_s_by_its_metadata_is_not_taken(shop, paid):
    """A24: of the same amount, new, and named: it is somebody else's."""
    shop.omise.breaks("reset_before", **CREATE)
    lost = give_back(shop, paid, 10000)
    with shop.app.app_context():
        verbs.refund_charge(paid.attempts[0].charge_id, 10000, "by hand")
    assert asks_again(shop, lost) == "sent"


def test_a_refund_that_could_not_be_written_down_is_not_called_nothing(
    shop, paid, monkeypatch
):
    """A17, F5: it was made, and the book went away: nobody may ask for it again."""

    def away(*_):
        raise OrdersUnavailable("asked for")

    with monkeypatch.context() as blip:
        blip.setattr(refunds, "_outcome_noted", away)
        result = run(shop, "refund", paid.id, "100", "--yes")
    assert result.exit_code == 1
    assert "nothing was" not in result.output.lower()
    assert "may have been done: do not ask for it again" in result.output
    assert "sent -> done" in shop.sweep()
    assert charged(shop, paid)["refunded"] == 10000


def strays(request, row):
    """Let requests to refund be lost, and the answer to another one come for each."""

    def other(method, path, payload=None, headers=None):
        return row if method == "post" else request(method, path, payload, headers)

    return other


@pytest.mark.parametrize("whose", ["the dashboard's", "ours"])
def test_the_answer_to_another_refund_is_none(shop, paid, version, whose, monkeypatch):
    """A26, A17: of the same amount; ours is looked up, and stays open until it is found."""
    charge_id = paid.attempts[0].charge_id
    if whose == "ours":
        assert give_back(shop, paid, 10000).status == "done"
    else:
        with shop.app.app_context():
            verbs.refund_charge(charge_id, 10000, "by hand")
    with shop.app.app_context():
        (earlier,) = verbs.refunds_of(charge_id).objects()
    with monkeypatch.context() as line:
        line.setattr(verbs.Charges, "_request", strays(verbs.Charges._request, earlier))
        lost = give_back(shop, paid, 10000, again=True)
    assert (lost.status, lost.refund_id) == ("sent", None)
    assert charged(shop, paid)["refunded"] == 10000
    assert asks_again(shop, lost) == "sent"
    age(shop, lost, minutes=11)
    assert asks_again(shop, lost) == "not_found"


def test_a_refund_that_another_row_has_is_not_taken_twice(shop, paid):
    """A26: the book itself refuses it, in words and without a traceback."""
    first = give_back(shop, paid, 10000)
    shop.omise.breaks("reset_before", **CREATE)
    lost = give_back(shop, paid, 10000, again=True)
    with shop.app.app_context():
        made = verbs.Refund(first.refund_id, 10000, "closed", False, None)
        assert (
            refunds._note_outcome(lost.id, "done", "sweep", made=made).status == "sent"
        )
    assert refunds_in_book(shop, paid) == [("done", 10000), ("sent", 10000)]


def test_one_of_two_that_could_be_ours_is_flagged(shop, paid, monkeypatch):
    """A24: 2017-11-02 shows no metadata, so that which of them is ours is a guess."""
    monkeypatch.setitem(shop.app.config, "OMISE_API_VERSION", "2017-11-02")
    shop.omise.breaks("reset_after", **CREATE)
    shop.omise.breaks("answer_before", skip=1, **LIST)
    lost = give_back(shop, paid, 10000)
    with shop.app.app_context():
        verbs.refund_charge(paid.attempts[0].charge_id, 10000, "by hand")
    assert asks_again(shop, lost) == "done"
    assert "2 of its amount are new" in why(shop.order(paid.id))


def test_one_that_is_known_by_its_amount_alone_is_said_to_be(shop, paid, monkeypatch):
    """A24: 2017-11-02 cannot tell ours from one that somebody made on the dashboard meanwhile."""
    monkeypatch.setitem(shop.app.config, "OMISE_API_VERSION", "2017-11-02")
    shop.omise.breaks("reset_before", **CREATE)
    lost = give_back(shop, paid, 10000)
    assert lost.status == "sent"
    with shop.app.app_context():
        verbs.refund_charge(paid.attempts[0].charge_id, 10000, "by hand")
    assert asks_again(shop, lost) == "done"
    said = why(shop.order(paid.id))
    assert "of 100.00 THB was lost, and 1 of its amount is new (rfnd_test_" in said
    assert "made it on the dashboard, ours was never made" in said


@pytest.mark.parametrize("status", ["failed", "rejected", "reversed"])
def test_sync_finds_a_refund_that_failed_after_it_was_done(shop, paid, status):
    """A24: it is in the history, and the money can be given back once more."""
    given = give_back(shop, paid, 10000)
    with shop.app.app_context():
        (row,) = verbs.refunds_of(paid.attempts[0].charge_id).objects()
    shop.omise.breaks("change", set={"data": [row | {"status": status}]}, **LIST)
    said = (
        f"refund {given.refund_id} of 100.00 THB was done, and Omise calls it {status}"
    )
    assert said in run(shop, "sync", paid.id).stdout
    assert refunds_in_book(shop, paid) == [("failed", 10000)]
    with shop.app.app_context():
        history = [one.became for one in entries.history(paid.id)]
    assert "failed 100.00 THB" in history


def test_a_refund_that_another_row_has_is_no_candidate(shop, paid, monkeypatch):
    """A24: what is known to be another's leaves nothing to guess."""
    monkeypatch.setitem(shop.app.config, "OMISE_API_VERSION", "2017-11-02")
    shop.omise.breaks("reset_after", **CREATE)
    shop.omise.breaks("answer_before", skip=1, **LIST)
    lost = give_back(shop, paid, 10000)
    age(shop, lost, minutes=11)
    shop.omise.breaks("change", set={"data": [], "total": 0}, **LIST)
    assert asks_again(shop, lost) == "not_found"
    assert give_back(shop, paid, 10000, again=True).status == "done"
    assert asks_again(shop, lost) == "done"
    assert " 1 of its amount is new" in why(shop.order(paid.id))
    made = [one.refund_id for one in shop.order(paid.id).attempts[0].refunds]
    assert len(set(made)) == 2


@pytest.mark.parametrize("word", ["failed", "rejected"])
def test_a_refund_that_omise_calls_failed_has_failed(shop, paid, word):
    """A17: whatever the HTTP status was."""
    shop.omise.breaks("change", set={"status": word}, **CREATE)
    result = run(shop, "refund", paid.id, "100", "--yes")
    assert result.exit_code == 1
    assert f"Omise refused ({word})" in result.output
    assert refunds_in_book(shop, paid) == [("failed", 10000)]


@pytest.mark.parametrize(("then", "became"), [("closed", "done"), ("failed", "failed")])
def test_a_refund_that_is_not_closed_yet_is_watched(shop, paid, then, became):
    """A17: nobody calls it done, or asks for it again, before Omise does."""
    shop.omise.breaks("change", set={"status": "pending"}, **CREATE)
    result = run(shop, "refund", paid.id, "100", "--yes")
    assert "not known yet: do not refund again" in result.output
    (open_one,) = shop.order(paid.id).attempts[0].refunds
    assert (open_one.status, open_one.refund_id[:5]) == ("sent", "rfnd_")
    with shop.app.app_context():
        row = verbs.refunds_of(paid.attempts[0].charge_id).objects()[0]
    for status, seen in (("pending", "sent"), (then, became)):
        told = {"data": [row | {"status": status}]}
        shop.omise.breaks("change", set=told, **LIST)
        assert asks_again(shop, open_one) == seen


def test_while_nobody_knows_no_second_refund_is_sent(shop, paid, version):
    """A17, A24: the answer is lost, and Omise cannot be asked either; the sweep settles it."""
    shop.omise.breaks("reset_after", **CREATE)
    shop.omise.breaks("answer_before", skip=1, **LIST)
    result = run(shop, "refund", paid.id, "100", "--yes")
    assert result.exit_code == 1
    assert "not known yet: do not refund again" in result.output
    for again in (False, True):
        with pytest.raises(refunds.RefundRefused, match="under way"):
            give_back(shop, paid, 10000, again=again)
    assert "sent -> done" in shop.sweep()
    assert "done" in run(shop, "show", paid.id).output
    assert charged(shop, paid)["refunded"] == 10000


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refund_that_was_answered_is_done_whatever_reads_say(
    shop, paid, version, status
):
    """A23, A24: that the charge cannot be read after it says nothing of the refund."""
    shop.omise.breaks("answer_before", skip=1, status=status, **READ)
    assert give_back(shop, paid, 10000).status == "done"
    assert charged(shop, paid)["refunded"] == 10000


def test_a_lost_refund_that_cannot_be_looked_up_is_not_called_failed(shop, paid):
    """A23, A24: a refused question is no "no"."""
    shop.omise.breaks("reset_after", **CREATE)
    refused = {"status": 404, "body": "error", "code": "not_found"}
    shop.omise.breaks("answer_before", skip=1, **refused, **LIST)
    lost = give_back(shop, paid, 10000)
    assert (lost.status, lost.failure_code) == ("sent", None)
    assert asks_again(shop, lost) == "done"


def test_a_refund_that_never_arrived_is_given_up_after_a_long_wait(shop, paid, version):
    """A17, A24: never "failed"; another one only if an operator has looked."""
    shop.omise.breaks("reset_before", **CREATE)
    refund = give_back(shop, paid)
    assert refund.status == "sent"
    shop.sweep()
    assert refunds_in_book(shop, paid) == [("sent", 49000)]
    age(shop, refund, minutes=9)
    shop.sweep()
    assert refunds_in_book(shop, paid) == [("sent", 49000)]
    age(shop, refund, minutes=11)
    assert "sent -> not_found" in shop.sweep()
    refused = run(shop, "refund", paid.id, "--yes")
    assert refused.exit_code == 1
    assert "look at the charge on the dashboard" in refused.output
    assert charged(shop, paid)["refunded"] == 0
    again = run(shop, "refund", paid.id, "--again", "--yes")
    assert (again.exit_code, again.stdout) == (0, "Refunded 490.00 THB.\n")
    assert charged(shop, paid)["refunded"] == 49000
    assert refunds_in_book(shop, paid) == [("not_found", 49000), ("done", 49000)]
    shop.sweep()
    assert refunds_in_book(shop, paid) == [("not_found", 49000), ("done", 49000)]


def test_a_refund_that_shows_up_late_is_found_although_it_was_given_up(
    shop, paid, version, monkeypatch
):
    """A24: it is looked for during a week, and is not made a second time meanwhile."""
    # The request hangs on the way, and whoever sent it gives it up.
    rule = shop.omise.breaks("hold_before", **CREATE)
    with monkeypatch.context() as hasty:
        hasty.setitem(shop.app.config, "OMISE_READ_TIMEOUT", 1)
        lost = give_back(shop, paid, 10000)
    age(shop, lost, minutes=11)
    assert asks_again(shop, lost) == "not_found"
    with pytest.raises(refunds.RefundRefused, match="--again"):
        give_back(shop, paid, 10000)
    shop.omise.releases(rule)
    eventually(lambda: charged(shop, paid)["refunded"])
    age(shop, lost, days=6)
    assert "not_found -> done" in shop.sweep()
    assert shop.order(paid.id).attempts[0].refunded_amount == 10000


def test_a_refund_that_was_not_found_is_looked_for_for_a_week(shop, paid):
    """A24: then no longer."""
    shop.omise.breaks("close_before", **CREATE)
    lost = give_back(shop, paid, 10000)
    age(shop, lost, minutes=11)
    assert asks_again(shop, lost) == "not_found"
    for days, looked_for in ((6, [lost.id]), (8, [])):
        age(shop, lost, days=days)
        with shop.app.app_context():
            assert [one.id for one in queries.open_refunds()] == looked_for


def test_a_refund_that_two_look_up_at_once_ends_once(shop, paid):
    """A24: whoever is second finds it done."""
    given = give_back(shop, paid, 10000)
    assert given.status == "done"
    given.status = "sent"
    with shop.app.app_context():
        assert refunds.reconcile(given, "sweep") == "done"
        became = [one.became for one in entries.history(paid.id)]
    assert became.count("done 100.00 THB") == 1


@pytest.mark.parametrize("total", [None, 2, "one", True])
def test_a_list_of_refunds_that_was_not_read_to_its_end_proves_nothing(
    shop, paid, total
):
    """A20, A24: nothing seen in part of a list is not nothing."""
    shop.omise.breaks("reset_before", **CREATE)
    lost = give_back(shop, paid, 10000)
    age(shop, lost, minutes=11)
    shop.omise.breaks("change", set={"total": total}, **LIST)
    assert asks_again(shop, lost) == "sent"
    assert asks_again(shop, lost) == "not_found"


def test_a_list_of_refunds_that_repeats_rows_proves_nothing(shop, paid):
    """A20, A24: two rows of one refund are not two refunds."""
    assert give_back(shop, paid, 100).status == "done"
    shop.omise.breaks("reset_before", **CREATE)
    lost = give_back(shop, paid, 10000)
    age(shop, lost, minutes=11)
    with shop.app.app_context():
        row = verbs.refunds_of(paid.attempts[0].charge_id).objects()[0]
    shop.omise.breaks("change", set={"data": [row, row], "total": 2}, **LIST)
    assert asks_again(shop, lost) == "sent"
    assert asks_again(shop, lost) == "not_found"


def test_a_list_begun_before_patience_ran_out_proves_nothing(shop, paid, monkeypatch):
    """A20: a round that was suspended while it read; the next one begins after it."""
    shop.omise.breaks("reset_before", **CREATE)
    lost = give_back(shop, paid, 10000)
    age(shop, lost, minutes=9)
    clock, read, slept = queries.clock, verbs.refunds_of, []

    def suspended(charge_id):
        page = read(charge_id)
        slept.append(timedelta(minutes=10))
        return page

    monkeypatch.setattr(verbs, "refunds_of", suspended)
    monkeypatch.setattr(queries, "clock", lambda: clock() + sum(slept, timedelta(0)))
    assert asks_again(shop, lost) == "sent"
    assert asks_again(shop, lost) == "not_found"


def test_what_was_refunded_on_the_dashboard_is_known_first(shop, paid):
    """A17: the charge is read before more is given back."""
    with shop.app.app_context():
        verbs.refund_charge(paid.attempts[0].charge_id, 40000, "by hand")
    with pytest.raises(refunds.RefundRefused, match="90.00 THB of 490.00 THB is left"):
        give_back(shop, paid, 10000)
    assert shop.order(paid.id).attempts[0].refunded_amount == 40000


def test_omise_s_refusal_is_said_and_the_money_stays(shop):
    """A15: PromptPay cannot be refunded through the API."""
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays_by("promptpay")
        order = shop.order(shopper.order_id)
    shop.omise.control(f"charges/{order.attempts[0].charge_id}/pay")
    shop.sweep()
    result = run(shop, "refund", order.id, "--yes")
    assert result.exit_code == 1
    assert "Omise refused (failed_refund)" in result.output
    assert "by hand" in result.output
    assert refunds_in_book(shop, order) == [("failed", 49000)]


def test_nothing_is_written_when_omise_cannot_be_asked(build_shop):
    shop = build_shop()
    with Shopper(shop) as shopper:
        shopper.adds()
        shopper.pays()
        order = shop.order(shopper.order_id)
    shop.app.config["OMISE_API_BASE"] = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(GatewayError):
        give_back(shop, order)
    result = run(shop, "refund", order.id, "--yes")
    assert result.exit_code == 1
    assert "Omise could not be asked" in result.output
    assert "No refund was sent, so no money has moved." in result.output
    assert shop.order(order.id).attempts[0].refunds == []
