"""Let tests and developers steer the sandbox; Omise has nothing of the kind."""

from flask import Blueprint, current_app, request

from ..books import books, settings
from ..faults import plan, terms
from ..http.answers import answer, printed, shown
from ..http.parameters import params
from ..kinds import charge, dispute, occurrence, recipient, transfer
from ..rules import values
from ..rules.refusals import Refused
from ..webhooks import events

routes = Blueprint("control", __name__, url_prefix="/control")


@routes.post("/reset")
def reset():
    """Forget every object, count and fault, and begin anew; settings stay."""
    with books().change():
        books().clear()
        recipient.open_default()
    current_app.extensions["sandbox_postman"].forget()
    return printed({"reset": True})


@routes.get("/settings")
def show_settings():
    """Tell the settings, but not the key behind fingerprints."""
    kept = books().settings()
    del kept["fingerprint_key"]
    return printed(kept)


@routes.post("/settings")
def change_settings():
    """Change settings; `clock_offset` moves the sandbox's time by so many seconds."""
    with books().change():
        for name, value in params().items():
            books().set(name, settings.read(name, value))
        books().set("currency", books().country().currency)
    return show_settings()


@routes.post("/charges/<charge_id>/<any(pay, fail, expire):move>")
def move_charge(charge_id, move):
    """Act in the payer's place, or let a pending charge's time be up whatever pays for it."""
    if move == "pay":
        facts = charge.pay(charge_id)
    elif move == "expire":
        facts = charge.expire(charge_id, by_time=True)
    else:
        facts = charge.fail(charge_id, values.text(params().get("failure_code")))
    return printed(shown("charge", facts))


@routes.post("/charges/<charge_id>/dispute")
def dispute_charge(charge_id):
    """Dispute a charge without a key, as the payer's bank would."""
    reason = values.text(params().get("reason_code"))
    return answer("dispute", dispute.make(charge_id, reason))


@routes.post("/schedules/<schedule_id>/run")
def run_schedule(schedule_id):
    """Let the next day of a schedule happen now."""
    return answer("occurrence", occurrence.make(schedule_id))


@routes.post("/transfers/<transfer_id>/fail")
def fail_transfer(transfer_id):
    """Let a transfer fail in its bank's place."""
    code = values.text(params().get("failure_code"))
    return answer("transfer", transfer.fail(transfer_id, code))


@routes.post("/events/<event_id>/deliver")
def deliver_again(event_id):
    """Deliver an event once more."""
    events.deliver_again(event_id)
    return printed({"delivering": event_id})


@routes.route("/faults", methods=["GET", "POST", "DELETE"])
def fault_plan():
    """Add a rule of what is to go wrong, list the rules, or forget them all."""
    if request.method == "DELETE":
        plan.clear(books())
    if request.method == "POST":
        asked = params()
        fault, server = asked.get("fault"), current_app.extensions.get("sandbox_server")
        if server is None and fault in ("refuse", *terms.ON_KEPT_LINES):
            message = (
                f"only a sandbox that runs by itself can {fault}: it has the lines"
            )
            raise Refused("bad_request", message)
        rule = plan.add(books(), asked)
        return printed(_refuse(server, rule) if fault == "refuse" else rule)
    return printed({"object": "list", "data": plan.all_of(books())})


def _refuse(server, rule):
    """Close the listener for a while."""
    server.refuse(rule["seconds"])
    return plan.shown(plan.change(books(), rule["id"], met=1))


@routes.get("/faults/<rule_id>")
def show_fault(rule_id):
    """Show one rule, how often it struck, and whether it holds a request now."""
    return printed(plan.shown(books().find("fault", rule_id)))


@routes.post("/faults/<rule_id>/release")
def release_fault(rule_id):
    """Let the requests and events go that a rule holds."""
    return printed(plan.release(books(), rule_id))


@routes.get("/books")
def show_books():
    """Tell what was really charged: charges and money by status, creates and calls received.

    With `order_id`, only the charges whose metadata carries it are counted.
    """
    order_id = values.text(params().get("order_id"))
    charged = charge.totals(order_id)
    total = sum(each["count"] for each in charged.values())
    counts = {} if order_id else books().counts()
    balance = counts.pop("balance", None)
    return printed(
        {"charges": total, "by_status": charged, "balance": balance, "counts": counts}
    )
