"""Disputes: opened by the payer's bank, answered by the shop, and true to the balance."""

import io

import omise
import pytest
from sandbox_shapes import keys

pytest_plugins = ("sandbox_rig",)

# Copied from a dispute recorded in March 2025.
DISPUTE = keys(
    "object id livemode location currency amount funding_amount funding_currency metadata"
    " charge documents transactions admin_message message reason_code reason_message status"
    " closed_at created_at"
)


@pytest.fixture
def disputed(rig):
    """Give a charge of 1,000 baht and the dispute about it."""
    charge = rig.charge(100000)
    return charge, rig.post(f"charges/{charge['id']}/disputes")


def balance(rig):
    return rig.get("balance")["total"]


def timeless(dispute):
    """Leave out the list of papers: its `to` is the moment of asking."""
    return {**dispute, "documents": None}


def move(rig, dispute, path="", **fields):
    """Patch a dispute and answer what came back."""
    return rig.call("PATCH", f"disputes/{dispute['id']}{path}", json=fields).json()


def test_dispute_is_drawn_as_recorded(rig, disputed):
    charge, dispute = disputed
    assert list(dispute) == DISPUTE
    assert dispute["location"] == f"/disputes/{dispute['id']}"
    assert dispute["documents"]["location"] == dispute["location"] + "/documents"
    assert dispute["charge"] == charge["id"]
    assert dispute["reason_message"] == "Merchandise/Services Not Received"
    line = dispute["transactions"][0]
    assert rig.get(f"transactions/{line['id']}") == line
    assert (line["key"], line["origin"]) == ("dispute.started.debit", dispute["id"])
    assert (line["amount"], line["direction"]) == (100000, "debit")
    assert timeless(rig.get(f"disputes/{dispute['id']}")) == timeless(dispute)


def test_opening_takes_the_money_back_and_shows_on_the_charge(rig, disputed):
    charge, dispute = disputed
    assert balance(rig) == charge["net"] - 100000
    shown = rig.get(f"charges/{charge['id']}")
    assert timeless(shown["dispute"]) == timeless(dispute)
    assert shown["status"] == "successful"
    for flag in ("disputable", "refundable", "partially_refundable"):
        assert (charge[flag], shown[flag]) == (True, False)
    assert (charge["can_perform_void"], shown["can_perform_void"]) == (True, False)
    assert rig.events(charge) == ["charge.create", "dispute.create"]


def test_disputed_or_lost_money_cannot_be_refunded(rig, disputed):
    charge, dispute = disputed
    for _ in range(2):
        refused = rig.post(f"charges/{charge['id']}/refunds", amount=100)
        assert refused["code"] == "failed_refund"
        void = rig.post(f"charges/{charge['id']}/refunds", amount=100000, void=True)
        assert void["code"] == "failed_refund"
        move(rig, dispute, "/accept")
    assert balance(rig) == charge["net"] - 100000


def test_sdk_answers_a_dispute_and_then_waits(sdk, rig, disputed):
    dispute = sdk.Dispute.retrieve(disputed[1]["id"])
    dispute.update(message="It was delivered.", metadata={"parcel": "7"})
    assert (dispute.status, dispute.message) == ("pending", "It was delivered.")
    assert dispute.reload().metadata.parcel == "7"
    assert rig.events(disputed[0])[-1] == "dispute.update"


def test_metadata_alone_does_not_answer_a_dispute(rig, disputed):
    assert move(rig, disputed[1], metadata={"a": 1})["status"] == "open"


def test_sdk_accepts_a_dispute_which_loses_it(sdk, rig, disputed):
    charge, opened = disputed
    before = balance(rig)
    dispute = sdk.Dispute.retrieve(opened["id"])
    dispute.accept()
    assert (dispute.status, dispute.closed_at is None) == ("lost", False)
    assert dispute.message == "Merchant accepts the dispute"
    assert balance(rig) == before
    assert rig.events(charge)[-1] == "dispute.accept"


def test_won_dispute_brings_the_money_back(rig, disputed):
    charge, dispute = disputed
    won = move(rig, dispute, "/close", status="won")
    assert won["status"] == "won"
    assert [each["key"] for each in won["transactions"]] == [
        "dispute.started.debit",
        "dispute.won.credit",
    ]
    assert balance(rig) == charge["net"]
    assert rig.events(charge)[-1] == "dispute.close"
    shown = rig.get(f"charges/{charge['id']}")
    assert (shown["refundable"], shown["disputable"]) == (True, False)
    assert shown["dispute"]["status"] == "won"


def test_lost_dispute_keeps_the_money_away(rig, disputed):
    assert move(rig, disputed[1], "/close", status="lost")["status"] == "lost"
    assert balance(rig) == disputed[0]["net"] - 100000


@pytest.mark.parametrize("status", ["open", "", None, "galactic"])
def test_dispute_closes_as_won_or_lost_only(rig, disputed, status):
    assert move(rig, disputed[1], "/close", status=status)["code"] == "bad_request"


@pytest.mark.parametrize("path", ["", "/accept", "/close"])
def test_decided_dispute_stays_as_it_is(rig, disputed, path):
    won = move(rig, disputed[1], "/close", status="won")
    again = move(rig, disputed[1], path, status="won", message="again")
    assert again["message"] == "dispute is already closed"
    assert timeless(rig.get(f"disputes/{won['id']}")) == timeless(won)
    assert balance(rig) == disputed[0]["net"]


def test_only_what_is_left_of_a_charge_is_disputed(rig):
    charge = rig.charge(100000)
    rig.post(f"charges/{charge['id']}/refunds", amount=30000)
    dispute = rig.post(f"charges/{charge['id']}/disputes")
    assert dispute["amount"] == dispute["funding_amount"] == 70000
    assert balance(rig) == charge["net"] - 100000


def test_foreign_charge_is_disputed_in_both_currencies(rig):
    charge = rig.charge(10001, "USD")
    rig.post(f"charges/{charge['id']}/refunds", amount=3333)
    dispute = rig.post(f"charges/{charge['id']}/disputes")
    assert (dispute["amount"], dispute["currency"]) == (6668, "USD")
    assert dispute["funding_currency"] == "THB"
    assert balance(rig) == charge["net"] - charge["funding_amount"]


def test_what_was_not_paid_by_card_or_is_disputed_already_is_refused(rig, disputed):
    pending = rig.promptpay()
    refunded = rig.charge(5000)
    rig.post(f"charges/{refunded['id']}/refunds", amount=5000)
    for charge in (pending, refunded, disputed[0]):
        answer = rig.call("POST", f"charges/{charge['id']}/disputes")
        assert answer.status_code == 400
        assert answer.json()["message"] == "charge is not disputable"
    missing = rig.call("POST", "charges/chrg_test_x/disputes")
    assert missing.status_code == 404


def test_control_opens_a_dispute_for_a_reason(rig):
    charge = rig.charge()
    path = f"control/charges/{charge['id']}/dispute"
    assert rig.post(path, reason_code="galaxy")["code"] == "bad_request"
    dispute = rig.call(
        "POST", path, key="", json={"reason_code": "duplicate_processing"}
    ).json()
    assert dispute["reason_code"] == "duplicate_processing"
    assert dispute["reason_message"] == "Duplicate processing"


def test_sdk_lists_disputes_by_status(sdk, rig):
    made = [rig.post(f"charges/{rig.charge()['id']}/disputes") for _ in range(4)]
    move(rig, made[1], message="no")
    move(rig, made[2], "/accept")
    move(rig, made[3], "/close", status="won")
    ids = [each["id"] for each in made]
    assert [each.id for each in sdk.Dispute.list()] == ids
    assert [each.id for each in sdk.Dispute.list_open_disputes()] == ids[:1]
    assert [each.id for each in sdk.Dispute.list_pending_disputes()] == ids[1:2]
    assert [each.id for each in sdk.Dispute.list_closed_disputes()] == ids[2:]
    assert sdk.Dispute.retrieve(status="closed")[0].id == ids[2]
    assert rig.get("disputes/?limit=1")["total"] == 4


def test_sdk_files_papers_and_takes_them_back(sdk, rig, disputed):
    dispute = sdk.Dispute.retrieve(disputed[1]["id"])
    dispute.upload_document({"file": ("parcel.png", io.BytesIO(b"x"), "image/png")})
    paper = dispute.upload_document({"file": ("bill.pdf", io.BytesIO(b"%PDF"))})
    assert (paper.filename, paper.deleted) == ("bill.pdf", False)
    assert [each.filename for each in dispute.list_documents()] == [
        "parcel.png",
        "bill.pdf",
    ]
    assert dispute.documents.total == 2
    assert sdk.Document.retrieve(dispute.id, paper.id).filename == "bill.pdf"
    paper.destroy()
    assert paper.destroyed
    with pytest.raises(omise.errors.NotFoundError, match="document .* was not found"):
        paper.reload()
    gone = rig.call("DELETE", f"disputes/{dispute.id}/documents/{paper.id}")
    assert gone.status_code == 404
    assert dispute.reload().documents.total == 1


@pytest.mark.parametrize(
    "bad", [("evil.exe", io.BytesIO(b"x")), ("a.png", io.BytesIO(b"x"), "text/html")]
)
def test_paper_must_be_a_picture_or_pdf(sdk, disputed, bad):
    dispute = sdk.Dispute.retrieve(disputed[1]["id"])
    with pytest.raises(omise.errors.BaseError, match="invalid content-type"):
        dispute.upload_document({"file": bad})


def test_paper_must_be_there_and_the_dispute_undecided(rig, disputed):
    path = f"disputes/{disputed[1]['id']}/documents"
    assert rig.call("POST", path).json()["message"] == "file can't be blank"
    paper = {"file": ("a.jpg", io.BytesIO(b"x"), "image/jpeg")}
    kept = rig.call("POST", path, files=paper, data={"kind": "receipt"}).json()
    assert kept["kind"] == "receipt"
    assert list(kept) == keys(
        "object livemode id deleted filename location kind download_uri created_at"
    )
    move(rig, disputed[1], "/accept")
    assert rig.call("POST", path, files=paper).json()["code"] == "documents_locked"
    refused = rig.call("DELETE", f"{path}/{kept['id']}")
    assert refused.json()["code"] == "documents_locked"
    assert rig.get(f"{path}/{kept['id']}")["deleted"] is False


def test_dispute_of_the_older_version_has_the_fields_of_its_time(rig, disputed):
    old = {"Omise-Version": "2017-11-02"}
    dispute = rig.get(f"disputes/{disputed[1]['id']}", headers=old)
    assert list(dispute) == keys(
        "object id livemode location amount currency status transaction message reason_code"
        " reason_message charge documents closed_at created"
    )
    assert dispute["currency"] == "thb"
    assert dispute["transaction"] == disputed[1]["transactions"][0]["id"]
    charge = rig.get(f"charges/{disputed[0]['id']}", headers=old)
    assert timeless(charge["dispute"]) == timeless(dispute)


def test_webhook_tells_of_the_dispute(rig, receiver, disputed):
    rig.delivered()
    body = receiver.arrived[-1][2].decode()
    assert '"key": "dispute.create"' in body
    assert '"object": "dispute"' in body
