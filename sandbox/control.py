"""Let tests and developers steer the sandbox; Omise has nothing of the kind."""

from flask import Blueprint, Response, current_app, request

from . import charges, deliver, faults, genuine, wire
from .rules import countries, values
from .rules.refusals import Refused
from .rules.versions import VERSIONS
from .state import books

control = Blueprint("control", __name__, url_prefix="/control")

SWITCHES = ("three_d_secure", "zero_interest_installments")
TEXTS = ("webhook_uri", "webhook_secret", "webhook_previous_secret")
CHOICES = {"api_version": VERSIONS, "country": tuple(countries.COUNTRIES)}
FURTHEST = 20 * 365 * 24 * 60 * 60


def _said(body):
    return Response(wire.pretty(body), content_type="application/json; charset=utf-8")


@control.post("/reset")
def reset():
    """Forget every object, count and fault; settings stay."""
    books().clear()
    current_app.extensions["sandbox_postman"].forget()
    return _said({"reset": True})


@control.get("/settings")
def show_settings():
    """Tell the settings, but not the key behind fingerprints."""
    settings = books().settings()
    del settings["fingerprint_key"]
    return _said(settings)


@control.post("/settings")
def change_settings():
    """Change settings; `clock_offset` moves the sandbox's time by so many seconds."""
    with books().change():
        for name, value in wire.params().items():
            books().set(name, _read(name, value))
        country = books().settings()["country"]
        books().set("currency", countries.COUNTRIES[country].currency)
    return show_settings()


def _read(name, value):
    """Read the new value of a setting, or refuse a name or value that means nothing."""
    text, number = values.text(value), values.whole(value)
    if name in SWITCHES:
        return values.is_true(value)
    if name in TEXTS:
        return text
    if name == "clock_offset" and number is not None and abs(number) < FURTHEST:
        return number
    if name in CHOICES and text in CHOICES[name]:
        return text
    if name == "omise_js" and (text == genuine.OWN or values.is_web_address(text)):
        return text
    raise Refused("bad_request", f"{name} cannot be set to that")


@control.post("/charges/<charge_id>/<any(pay, fail, expire):move>")
def move_charge(charge_id, move):
    """Act in the payer's place, or let a pending charge's time be up whatever pays for it."""
    if move == "pay":
        return _said(charges.pay(charge_id))
    if move == "expire":
        return _said(charges.expire(charge_id, by_time=True))
    code = values.text(wire.params().get("failure_code"))
    return _said(charges.fail(charge_id, code))


@control.post("/events/<event_id>/deliver")
def deliver_again(event_id):
    """Deliver an event once more."""
    deliver.again(event_id)
    return _said({"delivering": event_id})


@control.route("/faults", methods=["GET", "POST", "DELETE"])
def fault_plan():
    """Add a rule of what is to go wrong, list the rules, or forget them all."""
    if request.method == "DELETE":
        faults.clear(books())
    if request.method == "POST":
        asked = wire.params()
        return _said(
            _refuse(asked)
            if asked.get("fault") == "refuse"
            else faults.add(books(), asked)
        )
    return _said({"object": "list", "data": faults.all_of(books())})


def _refuse(asked):
    """Close the listener for a while, where the sandbox has one of its own."""
    server = current_app.extensions.get("sandbox_server")
    if server is None:
        message = "only a sandbox that runs by itself can refuse connections"
        raise Refused("bad_request", message)
    rule = faults.add(books(), asked)
    server.refuse(rule["seconds"])
    return faults.shown(faults.change(books(), rule["id"], met=1))


@control.get("/faults/<rule_id>")
def show_fault(rule_id):
    """Show one rule, how often it struck, and whether it holds a request now."""
    return _said(faults.shown(books().find("fault", rule_id)))


@control.post("/faults/<rule_id>/release")
def release_fault(rule_id):
    """Let the requests and events go that a rule holds."""
    return _said(faults.release(books(), rule_id))


@control.get("/books")
def show_books():
    """Tell what was really charged: charges and money by status, creates and calls received.

    With `order_id`, only the charges whose metadata carries it are counted.
    """
    order_id = values.text(wire.params().get("order_id"))
    where, named = "", ()
    if order_id:
        where = " AND json_extract(body, '$.metadata.order_id') = ?"
        named = (order_id,)
    rows = books().query(
        "SELECT status, count(*), sum(json_extract(body, '$.amount')),"
        " sum(json_extract(body, '$.refunded_amount')) FROM objects"
        f" WHERE kind = 'charge'{where} GROUP BY +status",
        named,
    )
    charged = {
        status: {"count": count, "amount": amount, "refunded": refunded}
        for status, count, amount, refunded in rows
    }
    total = sum(each["count"] for each in charged.values())
    counts = {} if order_id else books().counts()
    balance = counts.pop("balance", None)
    return _said(
        {"charges": total, "by_status": charged, "balance": balance, "counts": counts}
    )
