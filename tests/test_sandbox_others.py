"""Links, recipients, transfers, schedules, receipts and forex, through the SDK and raw."""

import time
from datetime import UTC, datetime

import omise
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox_shapes import keys

from sandbox import PUBLIC_KEY
from sandbox.kinds.kind import TRANSFER

pytest_plugins = ("sandbox_rig",)

OLD = {"Omise-Version": "2017-11-02"}
MONTH = 31 * 24 * 60 * 60
BANK = {"brand": "bbl", "number": "1234567890", "name": "SOMCHAI PRASERT"}
RECIPIENT = {"name": "Somchai", "type": "individual", "bank_account": BANK}
LINK = {"amount": 5000, "currency": "thb", "title": "Tea", "description": "Green"}


@pytest.fixture
def customer(rig):
    """Give a customer with a card that works."""
    return rig.post("customers", card=rig.token())


@pytest.fixture
def monthly(rig, customer):
    """Give the fields of a schedule that charges a customer monthly in 2030."""
    return {
        "every": 1,
        "period": "month",
        "on": {"weekday_of_month": "second_monday"},
        "start_date": "2030-01-01",
        "end_date": "2030-05-01",
        "charge": {"customer": customer["id"], "amount": 100000},
    }


def told(rig):
    """List the keys of all events, but those of customers and charges."""
    listed = [each["key"] for each in rig.get("events?limit=100")["data"]]
    return [key for key in listed if not key.startswith(("customer", "charge"))]


def test_link_is_made_shown_listed_and_forgotten(sdk, rig):
    link = sdk.Link.create(**LINK)
    assert (link.amount, link.currency, link.used) == (5000, "THB", False)
    assert link.payment_uri.startswith(rig.url)
    assert sdk.Link.retrieve(link.id).title == "Tea"
    assert [each.id for each in sdk.Link.list()] == [link.id]
    assert sdk.Link.retrieve()[0].id == link.id
    assert rig.get(f"links/{link.id}/charges")["data"] == []
    link.destroy()
    assert link.destroyed
    assert len(sdk.Link.list()) == 0
    with pytest.raises(omise.errors.NotFoundError):
        link.reload()
    assert told(rig) == ["link.create"]


def test_link_has_the_known_fields(rig):
    link = rig.post("links", multiple=True, **LINK)
    assert list(link) == keys(
        "object id livemode location deleted multiple used currency amount charges"
        " description title payment_uri created_at used_at deleted_at"
    )
    assert link["multiple"] is True
    assert link["charges"]["location"] == f"/links/{link['id']}/charges"
    old = rig.get(f"links/{link['id']}", headers=OLD)
    assert list(old) == keys(
        "object id livemode location amount currency used multiple description title"
        " charges payment_uri created"
    )
    gone = rig.call("DELETE", f"links/{link['id']}", headers=OLD).json()
    assert list(gone) == keys("object id livemode deleted")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"amount": 100_000_001}, "amount must be less than or equal to 1000000.0"),
        ({"amount": "x"}, "amount is not a number"),
        ({"amount": 0}, "amount must be greater than 0"),
        ({"currency": "ABC"}, "currency is currently not supported"),
        (
            {"title": "", "description": None},
            "title can't be blank and description can't be blank",
        ),
    ],
)
def test_link_that_makes_no_sense_is_refused(rig, wrong, message):
    answer = rig.call("POST", "links", json={**LINK, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_link")
    assert answer.json()["message"] == message


def test_recipient_lives_from_creation_to_deletion(sdk, rig):
    recipient = sdk.Recipient.create(email="s@example.com", **RECIPIENT)
    assert (recipient.verified, recipient.active) == (False, False)
    assert isinstance(recipient.bank_account, sdk.BankAccount)
    assert recipient.bank_account.last_digits == "7890"
    recipient.update(email="t@example.com", metadata={"a": "b"})
    assert sdk.Recipient.retrieve(recipient.id).email == "t@example.com"
    rig.call("PATCH", f"recipients/{recipient.id}/verify")
    assert recipient.reload().active
    assert recipient.verified_at == recipient.activated_at
    recipient.update(bank_account={**BANK, "number": "99"})
    assert (recipient.bank_account.last_digits, recipient.verified) == ("99", False)
    assert [each.id for each in sdk.Recipient.list()][1:] == [recipient.id]
    recipient.destroy()
    assert recipient.destroyed
    assert len(sdk.Recipient.list()) == 1
    steps = "create update verify activate update destroy"
    assert told(rig) == [f"recipient.{step}" for step in steps.split()]


def test_recipient_has_the_known_fields(rig):
    recipient = rig.post("recipients", **RECIPIENT)
    assert list(recipient) == keys(
        "object id livemode location deleted bank_account active default verified"
        " description email failure_code name tax_id type created_at schedule metadata"
        " verified_at activated_at"
    )
    assert recipient["bank_account"]["account_number"] == "1234567890"
    bank = {"name": "John Doe", "number": "1234567890", "bank_code": "bbl"}
    coded = rig.post("recipients", **RECIPIENT | {"bank_account": bank})
    assert coded["bank_account"]["brand"] == "Bangkok Bank"
    old = rig.get(f"recipients/{recipient['id']}", headers=OLD)
    assert list(old["bank_account"]) == keys(
        "object brand last_digits number name created"
    )
    assert old["created"] == recipient["created_at"]


@pytest.mark.parametrize(
    ("wrong", "code", "message"),
    [
        ({"name": ""}, "invalid_recipient", "name can't be blank"),
        ({"type": "x"}, "invalid_recipient", "type is not included in the list"),
        (
            {"bank_account": None},
            "invalid_bank_account",
            "number is invalid, name can't be blank, and brand can't be blank",
        ),
        ({"bank_account": {**BANK, "number": "12a"}}, "invalid_bank_account", None),
        ({"metadata": "x"}, "bad_request", "Metadata should be a JSON hash"),
    ],
)
def test_recipient_that_makes_no_sense_is_refused(rig, wrong, code, message):
    answer = rig.call("POST", "recipients", json={**RECIPIENT, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert message in (None, answer.json()["message"])
    recipient = rig.post("recipients", **RECIPIENT)
    path = f"recipients/{recipient['id']}"
    blank = not any(wrong.values())
    changed = rig.call("PATCH", path, json=wrong).json()
    assert changed.get("code") == (None if blank else code)
    assert rig.get(path) == recipient


def test_blanks_leave_a_recipient_as_it_is(rig):
    """The official Go client always sends every field."""
    recipient = rig.post("recipients", email="s@example.com", **RECIPIENT)
    path = f"recipients/{recipient['id']}"
    rig.call("PATCH", f"{path}/verify")
    before = rig.get(path)
    bank = {"brand": "", "number": "", "name": " "}
    blanks = {"name": "", "email": None, "type": "", "tax_id": " ", "metadata": None}
    rig.call("PATCH", path, json={**blanks, "bank_account": bank})
    assert rig.get(path) == before
    rig.call("PATCH", path, json={**blanks, "email": "t@example.com"})
    assert rig.get(path) == {**before, "email": "t@example.com"}


def test_account_has_a_recipient_from_the_beginning_and_keeps_it(rig):
    (own,) = rig.get("recipients")["data"]
    assert (own["default"], own["active"], own["verified"]) == (True, True, True)
    assert own["verified_at"] == own["activated_at"] == own["created_at"]
    kept = rig.call("DELETE", f"recipients/{own['id']}").json()
    assert kept["message"] == "the default recipient cannot be deleted"
    rig.charge()
    transfer = rig.post("transfers")
    assert transfer["recipient"] == own["id"]
    assert transfer["bank_account"] == own["bank_account"]
    assert told(rig) == ["transfer.create"]
    rig.post("control/reset")
    (fresh,) = rig.get("recipients")["data"]
    assert (fresh["default"], fresh["id"] != own["id"]) == (True, True)


def test_bank_is_written_out(rig):
    for named in ({"brand": "scb"}, {"bank_code": "scb"}):
        bank = {"name": "Jo", "number": "1234567890", **named}
        made = rig.post("recipients", **RECIPIENT | {"bank_account": bank})
        shown = made["bank_account"]
        assert (shown["brand"], shown["bank_code"]) == ("Siam Commercial Bank", "scb")


def test_transfer_is_made_changed_and_deleted(sdk, rig):
    rig.charge(200000)
    transfer = sdk.Transfer.create(amount=100000)
    assert (transfer.sent, transfer.paid, transfer.sendable) == (False, False, True)
    assert transfer.fee + transfer.fee_vat == transfer.total_fee
    assert transfer.net == transfer.amount - transfer.total_fee
    transfer.amount = 80000
    transfer.update()
    assert transfer.reload().amount == 80000
    assert [each.id for each in sdk.Transfer.list()] == [transfer.id]
    transfer.destroy()
    assert transfer.destroyed
    assert sdk.Transfer.retrieve().total == 0
    assert told(rig) == ["transfer.create", "transfer.update", "transfer.destroy"]


@pytest.mark.parametrize("version", ["2019-05-29", "2017-11-02"])
def test_transfer_of_older_books_is_drawn_and_moved(rig, version):
    """Its transactions were not kept then."""
    rig.charge(200000)
    transfer = rig.post("transfers", amount=60000)
    with rig.app.app_context(), rig.books.change():
        kept = TRANSFER.find(transfer["id"])
        del kept["transactions"]
        TRANSFER.save(kept)
    path, asked = f"transfers/{transfer['id']}", {"Omise-Version": version}
    drawn = rig.get(path, headers=asked)
    assert drawn["id"] == transfer["id"]
    assert not drawn.get("transactions")
    assert rig.get("transfers", headers=asked)["total"] == 1
    changed = rig.call("PATCH", path, json={"amount": 50000}).json()
    (line,) = changed["transactions"]
    assert (line["direction"], line["amount"]) == ("credit", 10000)


def test_transfer_leaves_the_balance_and_may_not_exceed_it(rig):
    net = rig.charge(100000)["net"]
    refused = rig.post("transfers", amount=net + 1)
    assert (refused["code"], str(net) in refused["message"]) == ("invalid_amount", True)
    transfer = rig.post("transfers", amount=60000)
    path = f"transfers/{transfer['id']}"
    assert (transfer["fee"], transfer["fee_vat"]) == (2804, 196)
    assert rig.get("balance")["total"] == net - 60000
    (line,) = transfer["transactions"]
    assert (line["direction"], line["amount"]) == ("debit", 60000)
    assert line["origin"] == transfer["id"]
    for amount, status in ((net + 1, 400), (net, 200), (50000, 200)):
        assert rig.call("PATCH", path, json={"amount": amount}).status_code == status
    assert rig.get("balance")["total"] == net - 50000
    rig.call("DELETE", path)
    assert rig.get("balance")["total"] == net
    failing = rig.post("transfers")
    assert rig.get("balance")["total"] == 0
    rig.post(f"control/transfers/{failing['id']}/fail")
    assert rig.get("balance")["total"] == net
    arrived = rig.post("transfers", amount=net)
    rig.post(f"transfers/{arrived['id']}/mark_as_paid")
    assert rig.get("balance")["total"] == 0


def test_transfer_that_was_sent_stays_and_arrives_once(rig):
    rig.charge()
    recipient = rig.post("recipients", **RECIPIENT)
    path = (
        "transfers/"
        + rig.post(
            "transfers", amount=10000, recipient=recipient["id"], metadata={"a": "b"}
        )["id"]
    )
    sent = rig.post(f"{path}/mark_as_sent")
    assert (sent["sent"], sent["sendable"], sent["paid"]) == (True, False, False)
    assert sent["bank_account"] == recipient["bank_account"]
    for refused in (
        rig.call("PATCH", path, json={"amount": 9000}),
        rig.call("DELETE", path),
        rig.call("POST", f"{path}/mark_as_sent"),
    ):
        assert refused.json()["message"] == "transfer was already sent"
    paid = rig.post(f"{path}/mark_as_paid")
    assert (paid["paid"], paid["sent_at"]) == (True, sent["sent_at"])
    assert rig.call("POST", f"{path}/mark_as_paid").status_code == 400
    assert told(rig)[1:] == ["transfer.create", "transfer.send", "transfer.pay"]
    old = rig.get(path, headers=OLD)
    assert (old["transaction"], old["currency"]) == (
        paid["transactions"][0]["id"],
        "thb",
    )
    assert (old["fail_fast"], old["sent_at"]) == (False, paid["sent_at"])


@pytest.mark.parametrize("sent", [False, True])
def test_transfer_may_fail_on_its_way_and_then_has_ended(rig, sent):
    rig.charge()
    transfer = rig.post("transfers", amount=10000)
    path, control = f"transfers/{transfer['id']}", f"control/transfers/{transfer['id']}"
    if sent:
        rig.post(f"{path}/mark_as_sent")
    failed = rig.post(f"{control}/fail")
    assert failed["failure_code"] == "transfer_send_failure"
    assert failed["failure_message"] == "transfer send failure"
    assert (failed["sent"], failed["paid"], failed["sendable"]) == (sent, False, False)
    word = "was already sent" if sent else "has failed"
    for refused in (
        rig.call("PATCH", path, json={"amount": 9000}),
        rig.call("DELETE", path),
        rig.call("POST", f"{path}/mark_as_sent"),
    ):
        assert refused.json()["message"] == f"transfer {word}"
    for again in (f"{path}/mark_as_paid", f"{control}/fail"):
        assert rig.post(again)["message"] == "transfer has failed"
    assert told(rig)[-1] == "transfer.fail"
    assert rig.get(path) == failed


def test_paid_transfer_cannot_fail(rig):
    rig.charge()
    transfer = rig.post("transfers", amount=10000)
    rig.post(f"transfers/{transfer['id']}/mark_as_paid")
    refused = rig.post(f"control/transfers/{transfer['id']}/fail")
    assert refused["message"] == "transfer was already paid"


def test_transfer_takes_what_only_some_accounts_use(rig):
    rig.charge()
    extras = {"split_transfer": True, "idemp_key": "payday-1", "fail_fast": True}
    transfer = rig.post("transfers", amount=10000, **extras)
    assert (transfer["object"], transfer["fail_fast"]) == ("transfer", True)
    assert transfer["split_transfer_group_id"] is None


def test_transfer_without_an_amount_is_the_whole_balance(rig):
    assert rig.post("transfers")["code"] == "invalid_amount"
    net = rig.charge(50000)["net"]
    transfer = rig.post("transfers")
    assert transfer["amount"] == net
    assert list(transfer) == keys(
        "object id livemode location deleted fail_fast paid sent sendable currency amount"
        " fee metadata recipient bank_account failure_code failure_message paid_at sent_at"
        " balance_hold_at created_at transactions schedule fee_vat net total_fee"
        " split_transfer_group_id"
    )
    assert rig.get("balance")["total"] == 0


def test_transfer_that_makes_no_sense_is_refused(rig):
    for amount in (2999, -1, "x", [1]):
        assert rig.post("transfers", amount=amount)["code"] == "invalid_amount"
    answer = rig.call("POST", "transfers", json={"recipient": "recp_test_x"})
    assert answer.status_code == 404


def test_sdk_keeps_a_schedule(sdk, rig, customer, monthly):
    schedule = sdk.Schedule.create(**monthly)
    shown = schedule._attributes
    assert shown["on"] == {"weekday_of_month": "2nd_monday"}
    assert shown["in_words"] == "Every 1 month(s) on the 2nd Monday"
    assert shown["next_occurrences_on"] == [
        *("2030-01-14", "2030-02-11", "2030-03-11", "2030-04-08"),
    ]
    assert (schedule.status, schedule.charge.amount) == ("running", 100000)
    assert schedule.charge.customer == customer["id"]
    assert sdk.Schedule.retrieve(schedule.id).in_words == schedule.in_words
    assert [each.id for each in sdk.Schedule.list()] == [schedule.id]
    assert sdk.Charge.list_schedules()[0].id == schedule.id
    mine = sdk.Customer.retrieve(customer["id"])
    assert mine.schedule()[0].id == schedule.id
    assert [each.id for each in mine.list_schedules()] == [schedule.id]
    assert rig.get("transfers/schedules")["total"] == 0
    schedule.destroy()
    assert schedule.destroyed
    assert (schedule.reload().status, schedule.active) == ("deleted", False)
    assert schedule._attributes["next_occurrences_on"] == []
    assert told(rig) == ["schedule.create", "schedule.destroy"]


def test_schedule_has_the_known_fields_and_older_names(rig, monthly):
    schedule = rig.post("schedules", **monthly)
    assert list(schedule) == keys(
        "object id deleted livemode location every occurrences on in_words period status"
        " active state charge transfer next_occurrences_on ended_at start_on end_on"
        " created_at execute_time deleted_by"
    )
    assert schedule["charge"]["object"] == "scheduled_charge"
    assert schedule["charge"]["default_card"] is True
    old = rig.get(f"schedules/{schedule['id']}", headers=OLD)
    assert list(old) == keys(
        "object id livemode location status deleted every period on in_words start_date"
        " end_date charge transfer occurrences next_occurrence_dates created"
    )
    assert (old["status"], old["start_date"]) == ("active", "2030-01-01")
    gone = rig.call("DELETE", f"schedules/{schedule['id']}", headers=OLD).json()
    assert (gone["status"], gone["deleted"]) == ("deleted", True)


@pytest.mark.parametrize(
    ("every", "period", "on", "words", "first"),
    [
        (2, "day", None, "Every 2 day(s)", "2030-01-01 2030-01-03"),
        (
            *(2, "week", {"weekdays": ["monday", "friday"]}),
            *("Every 2 week(s) on Monday and Friday", "2030-01-04 2030-01-14"),
        ),
        (
            *(1, "month", {"days_of_month": [1, 22, 31]}),
            *("Every 1 month(s) on the 1st and 22nd and 31st", "2030-01-01 2030-01-22"),
        ),
        (
            *(3, "month", {"days_of_month": ["12"]}),
            *("Every 3 month(s) on the 12th", "2030-01-12 2030-04-12"),
        ),
        (
            *(1, "month", {"weekday_of_month": "last_friday"}),
            *("Every 1 month(s) on the last Friday", "2030-01-25 2030-02-22"),
        ),
    ],
)
def test_days_are_worked_out(rig, monthly, every, period, on, words, first):
    changed = {"every": every, "period": period, "on": on}
    schedule = rig.post("schedules", **{**monthly, **changed})
    assert schedule["in_words"] == words
    assert schedule["next_occurrences_on"][:2] == first.split()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"every": 0}, "every must be greater than 0"),
        ({"period": "year"}, "period is not included in the list"),
        ({"end_date": "2029-01-01"}, "end_date is invalid"),
        ({"end_date": None}, "end_date is invalid"),
        ({"start_date": "9999-12-31"}, "start_date is invalid"),
        ({"on": {"days_of_month": [0]}}, "on is invalid"),
        ({"on": {"weekday_of_month": "9th_monday"}}, "on is invalid"),
        ({"period": "week", "on": {"weekdays": ["moonday"]}}, "on is invalid"),
        ({"charge": None}, "charge or transfer can't be blank"),
        ({"charge": {"customer": "cust_test_x"}}, "customer cust_test_x was not found"),
    ],
)
def test_schedule_that_makes_no_sense_is_refused(rig, monthly, wrong, message):
    refused = rig.call("POST", "schedules", json={**monthly, **wrong})
    assert refused.status_code in (400, 404)
    assert refused.json()["message"] == message


def test_running_a_schedule_charges_its_customer_day_by_day(sdk, rig, monthly):
    schedule = sdk.Schedule.create(**monthly)
    path = f"control/schedules/{schedule.id}/run"
    # A bank cannot ask anyone then.
    rig.set(three_d_secure=True)
    occurrence = rig.post(path, key="")
    assert list(occurrence) == keys(
        "object livemode location id result schedule message status processed_at"
        " created_at scheduled_on retry_on execute_time split_metadata transfer_amount"
    )
    assert occurrence["scheduled_on"] == "2030-01-14"
    charge = rig.get(f"charges/{occurrence['result']}")
    assert (charge["amount"], charge["schedule"]) == (100000, schedule.id)
    assert schedule.id in rig.call("GET", f"dashboard/charges/{charge['id']}").text
    assert charge["status"] == "successful"
    assert sdk.Occurrence.retrieve(occurrence["id"]).status == "successful"
    assert schedule.occurrence()[0].id == occurrence["id"]
    assert schedule.reload()._attributes["next_occurrences_on"][0] == "2030-02-11"
    assert schedule.occurrences.total == 1
    old = rig.get(occurrence["location"][1:], headers=OLD)
    assert (old["schedule_date"], old["retry_date"]) == ("2030-01-14", None)
    assert old["livemode"] is False
    for _ in range(3):
        rig.post(path)
    assert rig.post(path)["message"] == "schedule has no days to come"
    schedule.destroy()
    assert rig.call("POST", path).status_code == 400


@pytest.mark.parametrize("start", [None, "2030-02-10", "2030-02-11"])
def test_schedule_that_begins_today_runs_its_first_day_at_once(rig, monthly, start):
    noon = datetime(2030, 2, 10, 12, tzinfo=UTC).timestamp()
    rig.set(clock_offset=int(noon - time.time()))
    daily = {"period": "day", "on": None, "start_date": start}
    schedule = rig.post("schedules", **{**monthly, **daily})
    begun = start != "2030-02-11"
    done = [each["scheduled_on"] for each in schedule["occurrences"]["data"]]
    assert done == ["2030-02-10"] * begun
    assert schedule["next_occurrences_on"][0] == "2030-02-11"
    charges = rig.get("charges")["data"]
    assert [each["schedule"] for each in charges] == [schedule["id"]] * begun


def test_first_day_that_fails_leaves_the_schedule(rig, monthly):
    poor = rig.post("customers", card=rig.token("4111111111140011"))
    monthly["charge"]["customer"] = poor["id"]
    daily = {"period": "day", "on": None, "start_date": None}
    schedule = rig.post("schedules", **{**monthly, **daily})
    assert schedule["status"] == "running"
    assert [each["status"] for each in schedule["occurrences"]["data"]] == ["failed"]


def test_occurrence_tells_why_nobody_was_charged(rig, customer, monthly):
    poor = rig.post("customers", card=rig.token("4111111111140011"))
    path = "control/schedules/{}/run"
    gone = path.format(rig.post("schedules", **monthly)["id"])
    rig.call("DELETE", f"customers/{customer['id']}")
    monthly["charge"]["customer"] = poor["id"]
    declined = rig.post(path.format(rig.post("schedules", **monthly)["id"]))
    assert declined["status"] == "failed"
    charge = rig.get(f"charges/{declined['result']}")
    assert declined["message"] == charge["failure_message"]
    nobody = rig.post(gone)
    assert (nobody["status"], nobody["result"]) == ("failed", None)
    assert nobody["message"] == f"customer {customer['id']} was not found"


def test_schedule_may_transfer_to_a_recipient(rig, monthly):
    rig.charge(100000)
    recipient = rig.post("recipients", **RECIPIENT)
    monthly.pop("charge")
    wanted = {"recipient": recipient["id"], "percentage_of_balance": 50}
    schedule = rig.post("schedules", transfer=wanted, **monthly)
    assert list(schedule["transfer"]) == keys(
        "object id livemode amount currency percentage_of_balance recipient created_at"
        " is_realtime_payout"
    )
    listed = rig.get(f"recipients/{recipient['id']}/schedules")["data"]
    assert [each["id"] for each in listed] == [schedule["id"]]
    assert rig.get("transfers/schedules")["total"] == 1
    made = rig.post(f"control/schedules/{schedule['id']}/run")
    transfer = rig.get(f"transfers/{made['result']}")
    # What is left of an odd sum stays.
    assert 0 <= rig.get("balance")["total"] - transfer["amount"] <= 1
    assert transfer["schedule"] == schedule["id"]
    assert made["transfer_amount"] == transfer["amount"]
    wanted["percentage_of_balance"] = 101
    refused = rig.post("schedules", transfer=wanted, **monthly)
    assert refused["message"] == "percentage_of_balance is invalid"


def test_receipt_comes_when_a_month_is_over(sdk, rig):
    fees = [rig.charge(each) for each in (100000, 31000)]
    assert sdk.Receipt.retrieve().total == 0
    rig.set(clock_offset=MONTH)
    (receipt,) = sdk.Receipt.list()
    assert receipt.charge_fee == receipt.subtotal == sum(each["fee"] for each in fees)
    assert receipt.vat == sum(each["fee_vat"] for each in fees)
    assert receipt.total == receipt.subtotal + receipt.vat
    assert sdk.Receipt.retrieve(receipt.id).number == receipt.number
    assert rig.get("receipts")["object"] == "receipt_list"
    old = rig.get("receipts", headers=OLD)
    assert (old["object"], old["total"], old["data"][0]["currency"]) == (
        *("list", 1),
        "thb",
    )
    assert "issued_on" in rig.get(f"receipts/{receipt.id}")
    assert "date" in rig.get(f"receipts/{receipt.id}", headers=OLD)


def test_no_receipt_is_for_a_month_to_come(rig):
    """A clock that was ahead for a while leaves payments in months that are not over."""
    rig.set(clock_offset=2 * MONTH)
    rig.charge()
    rig.set(clock_offset=0)
    assert rig.get("receipts")["total"] == 0
    rig.set(clock_offset=3 * MONTH)
    assert rig.get("receipts")["total"] == 1


def test_sdk_asks_for_the_exchange_rate(sdk, rig):
    forex = sdk.Forex.retrieve("usd")
    assert (forex.base, forex.quote, forex.rate) == ("USD", "THB", 33.0)
    assert list(rig.get("forex/usd")) == keys(
        "object rate location livemode base quote"
    )
    assert list(rig.get("forex/jpy", headers=OLD).items())[1:3] == [
        ("from", "thb"),
        ("to", "jpy"),
    ]
    assert rig.get("forex/xxx")["code"] == "bad_request"


def test_what_the_account_has_none_of_is_an_empty_list(sdk, rig):
    assert list(sdk.Chain.list()) == []
    for name in ("linked_accounts", "sub_merchants", "routing_group_rules"):
        assert rig.get(name)["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "links/link_test_x", 404),
        ("PATCH", "links/link_test_x", 404),
        ("DELETE", "recipients/recp_test_x", 404),
        ("GET", "occurrences/occu_test_x", 404),
        ("GET", "schedules/schd_test_x/occurrences", 404),
        ("GET", "customers/cust_test_x/schedules", 404),
        ("GET", "receipts/rcpt_test_x", 404),
        ("GET", "chains/acch_test_x", 404),
        ("POST", "receipts", 404),
        ("POST", "control/schedules/schd_test_x/run", 404),
    ],
)
def test_what_is_not_there_is_not_found(rig, method, path, status):
    assert rig.call(method, path).status_code == status


def test_links_cannot_be_changed(rig):
    link = rig.post("links", **LINK)
    refused = rig.call("PATCH", f"links/{link['id']}", json={"title": "x"})
    assert refused.json()["code"] == "service_not_found"


@pytest.mark.parametrize(
    "path", ["links", "recipients", "transfers", "schedules", "receipts", "forex/usd"]
)
def test_public_key_opens_none_of_these(rig, path):
    assert rig.call("GET", path, key=PUBLIC_KEY).status_code == 401


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["name", "number", "amount"]), inner, max_size=2),
    max_leaves=4,
)
NAMES = keys(
    "amount currency title description multiple name type email bank_account metadata"
    " recipient every period on start_date end_date charge transfer percentage_of_balance"
    " scope query filters page per_page order"
)
PLENTY = {**LINK, **RECIPIENT, "every": 1, "period": "day", "end_date": "2090-01-01"}


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(["links", "recipients", "transfers", "schedules"]),
    sent=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4),
)
def test_no_nonsense_makes_these_fall_over(rig, path, sent):
    made = rig.call("POST", path, json={**PLENTY, **sent})
    assert made.status_code in (200, 400, 404), made.text
    if made.status_code == 200:
        at = f"{path}/{made.json()['id']}"
        changed = rig.call("PATCH", at, json=sent)
        assert changed.status_code in (200, 400, 404), changed.text
        assert rig.call("GET", at).status_code == 200
    searched = rig.call("GET", "search", json={"scope": path.removesuffix("s"), **sent})
    assert searched.status_code in (200, 400), searched.text
