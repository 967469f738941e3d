"""Let payers dispute what a card paid, and let the shop answer, accept, win or lose.

Opening one takes the money back out of the balance, winning puts it in again. Rests on disputes-api
and one recorded dispute; which moves are refused, and in which words, is our inference.
"""

import mimetypes

from flask import Blueprint, request

from . import life, objects, standing, wire
from .api import listed
from .rows import new_id
from .rules import fees, values
from .rules.refusals import Refused
from .state import books

disputes = Blueprint("disputes", __name__)

EVIDENCE = ("application/pdf", "image/png", "image/jpeg")
REASONS = (
    "goods_or_services_not_provided not_recorded not_available other"
    " incorrect_transaction_amount duplicate_processing credit_not_processed"
    " paid_by_other_means unauthorized_charge non_matching_account_number incorrect_currency"
    " late_presentment cancelled_recurring_transaction"
    " not_as_described_or_defective_merchandise incorrect_transaction_code invalid_data"
    " expired_card transaction_not_recognised"
)
_RECORDED = "goods_or_services_not_provided"
_MESSAGES = {_RECORDED: "Merchandise/Services Not Received"}


def draw(facts):
    """Draw a dispute with its documents and what it did to the balance."""
    location = f"/disputes/{facts['id']}"
    papers, total = books().page("document", parent=facts["id"], status="active")
    lines = [books().find("transaction", each) for each in facts["transactions"]]
    return objects.drawn(
        "dispute",
        facts,
        location=wire.path_of(location),
        documents=objects.list_of(
            f"{location}/documents", [draw_document(each) for each in papers], total
        ),
        transactions=[objects.transaction(each) for each in lines],
    )


def draw_document(facts):
    """Draw a paper of evidence; its bytes are not kept, so there is nothing to download."""
    path = f"/disputes/{facts['dispute']}/documents/{facts['id']}"
    return objects.drawn("document", facts, location=wire.path_of(path))


def begin(charge_id, reason=None):
    """Dispute all that a charge still holds, and answer the dispute."""
    reason = reason or _RECORDED
    if reason not in REASONS.split():
        raise Refused("bad_request", "reason_code is invalid")
    with books().change():
        charge = life.current(charge_id)
        if not standing.flags(charge)["disputable"]:
            raise Refused("bad_request", "charge is not disputable")
        facts = _opened(charge, reason)
        charge.update(dispute=facts["id"], contested=True)
        life.write(charge)
        _transact(facts, "debit", "dispute.started.debit")
        books().add("dispute", facts, parent=charge_id, status="open")
        life.tell("dispute.create", charge, draw(facts))
        return draw(facts)


def _opened(charge, reason):
    """Begin a dispute's facts: about what was captured and has not been given back."""
    refunded = charge["refunded_amount"]
    pair = (charge["currency"], charge["funding_currency"])
    returned = fees.in_currency(refunded, *pair)
    return {
        "id": new_id("dspt"),
        "created_at": books().now(),
        "charge": charge["id"],
        "currency": charge["currency"],
        "amount": standing.captured_amount(charge) - refunded,
        "funding_amount": standing.money(charge)["funding_amount"] - returned,
        "funding_currency": charge["funding_currency"],
        "metadata": {},
        "transactions": [],
        "reason_code": reason,
        "reason_message": _MESSAGES.get(reason, reason.replace("_", " ").capitalize()),
        "status": "open",
        "closed_at": None,
    }


def _transact(facts, direction, key):
    """Move what is disputed out of the balance or back into it."""
    line = life.transact(facts, direction, key, facts["funding_amount"])
    facts["transactions"].append(line)


def _running(dispute_id):
    """Fetch a dispute that is not yet decided, or refuse the move."""
    facts = books().find("dispute", dispute_id)
    if facts["closed_at"] is not None:
        raise Refused("bad_request", "dispute is already closed")
    return facts


def close(dispute_id, status, key="dispute.close"):
    """End a dispute as won or lost; a won charge may be refunded again."""
    if status not in ("won", "lost"):
        raise Refused("bad_request", "status is invalid")
    with books().change():
        facts = _running(dispute_id)
        facts.update(status=status, closed_at=books().now())
        charge = books().find("charge", facts["charge"])
        if status == "won":
            _transact(facts, "credit", "dispute.won.credit")
            life.write({**charge, "contested": False})
        # Won and lost are listed together as closed.
        books().save(facts, status="closed")
        life.tell(key, charge, draw(facts))
        return draw(facts)


def update(dispute_id, params):
    """Answer the bank or change metadata; a message makes the dispute wait for its verdict."""
    with books().change():
        facts = _running(dispute_id)
        if "metadata" in params:
            facts["metadata"] = values.metadata(params)
        if values.text(params.get("message")):
            facts.update(message=values.text(params["message"]), status="pending")
        books().save(facts, status=facts["status"])
        charge = books().find("charge", facts["charge"])
        life.tell("dispute.update", charge, draw(facts))
        return draw(facts)


def _unlocked(dispute_id):
    """Refuse to change the papers of a decided dispute."""
    if books().find("dispute", dispute_id)["closed_at"] is not None:
        raise Refused("documents_locked", "documents list cannot be modified")


def _filed(dispute_id, paper):
    """Take a paper of evidence, if it is a PDF or a picture."""
    if paper is None:
        raise Refused("bad_request", "file can't be blank")
    guessed, _ = mimetypes.guess_type(paper.filename or "")
    if (paper.mimetype or guessed) not in EVIDENCE:
        raise Refused("invalid_file_type", "invalid content-type")
    facts = {
        "id": new_id("docu"),
        "created_at": books().now(),
        "dispute": dispute_id,
        "deleted": False,
        "filename": paper.filename,
        "kind": values.text(wire.params().get("kind")),
    }
    return books().add("document", facts, parent=dispute_id, status="active")


@disputes.post("/charges/<charge_id>/disputes")
@wire.needs("skey")
def create(charge_id):
    """Dispute a charge in the payer's place, as test keys may."""
    return wire.answer(begin(charge_id, values.text(wire.params().get("reason_code"))))


@disputes.post("/control/charges/<charge_id>/dispute")
def control(charge_id):
    """Dispute a charge without a key, as the payer's bank would."""
    return wire.answer(begin(charge_id, values.text(wire.params().get("reason_code"))))


@disputes.get("/disputes")
@disputes.get("/disputes/<any(open, pending, closed):status>")
@wire.needs("skey")
def all_disputes(status=None):
    """List disputes, all or those in one state."""
    return listed("dispute", draw, status=status)


@disputes.route("/disputes/<dispute_id>", methods=["GET", "PATCH"])
@wire.needs("skey")
def one_dispute(dispute_id):
    """Show a dispute, or defend against it."""
    if request.method == "PATCH":
        return wire.answer(update(dispute_id, wire.params()))
    return wire.answer(draw(books().find("dispute", dispute_id)))


@disputes.patch("/disputes/<dispute_id>/<any(accept, close):move>")
@wire.needs("skey")
def end(dispute_id, move):
    """Accept a dispute, which loses it; or decide it in the bank's place, as test keys may."""
    if move == "accept":
        return wire.answer(close(dispute_id, "lost", "dispute.accept"))
    return wire.answer(close(dispute_id, values.text(wire.params().get("status"))))


@disputes.route("/disputes/<dispute_id>/documents", methods=["GET", "POST"])
@wire.needs("skey")
def documents(dispute_id):
    """File a paper of evidence, or list those filed."""
    books().find("dispute", dispute_id)
    if request.method == "GET":
        return listed("document", draw_document, parent=dispute_id, status="active")
    with books().change():
        _unlocked(dispute_id)
        paper = next(iter(request.files.values()), None)
        return wire.answer(draw_document(_filed(dispute_id, paper)))


@disputes.route(
    "/disputes/<dispute_id>/documents/<document_id>", methods=["GET", "DELETE"]
)
@wire.needs("skey")
def one_document(dispute_id, document_id):
    """Show a paper of evidence, or take it back."""
    with books().change():
        books().find("dispute", dispute_id)
        facts = books().find("document", document_id, parent=dispute_id)
        if request.method == "DELETE":
            _unlocked(dispute_id)
            facts["deleted"] = True
            books().save(facts, status="deleted")
        return wire.answer(draw_document(facts))
