"""Show the books to whoever runs the sandbox, and let them move charges along by hand.

Nobody signs in: it is as open as the control surface. But its forms carry a token that only its own
pages show, because a webhook address and a browser script can be set here.
"""

import base64
import hmac
import secrets
from datetime import UTC, datetime

from flask import (
    Blueprint,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup

from ..books import books
from ..books.settings import OWN_SCRIPT
from ..faults import plan
from ..http.answers import shown
from ..kinds import charge, dispute
from ..rules import scenarios, values
from ..rules.refusals import NotFound, Refused
from ..webhooks.events import deliver_again
from . import by_hand, payer
from .page import PAGE_POLICY, missing, with_policy

STATUSES = ("pending", "successful", "failed", "expired", "reversed")
PAGE_SIZE = 20
MOST_PAGES = 1_000_000
POLICY = PAGE_POLICY + ("; form-action 'self'; script-src 'self'; connect-src 'self'")

_SWITCHES = ("three_d_secure", "retired_methods")

routes = Blueprint("dashboard", __name__, url_prefix="/dashboard")
routes.register_error_handler(NotFound, missing)


@routes.before_request
def hold_token():
    """Refuse a form that no page of the dashboard has drawn."""
    sent = request.form.get("form_token", "") if request.method == "POST" else None
    if sent is not None and not hmac.compare_digest(sent.encode(), _token().encode()):
        return with_policy(render_template("sandbox/again.html"), PAGE_POLICY, 403)
    return None


@routes.app_template_global("sandbox_form_token")
def form_token():
    """Write the hidden field that every form of the dashboard carries."""
    return Markup('<input type="hidden" name="form_token" value="{}">').format(_token())


def _token():
    """Derive the token from a secret of this account's books."""
    key = books().settings()["fingerprint_key"].encode()
    return hmac.new(key, b"dashboard", "sha256").hexdigest()


@routes.get("/")
def listing():
    """List charges, newest first, by status and by a word in them."""
    status = request.args.get("status")
    status = status if status in STATUSES else None
    query = request.args.get("query", "").strip()
    number = _page_number()
    found, total = charge.newest(
        status=status,
        query=query or None,
        limit=PAGE_SIZE,
        offset=(number - 1) * PAGE_SIZE,
    )
    return _page(
        "charges",
        charges=[shown("charge", facts) for facts in found],
        total=total,
        status=status,
        statuses=STATUSES,
        query=query,
        number=number,
        last=max(-(-total // PAGE_SIZE), 1),
    )


@routes.get("/charges/<charge_id>")
def one_charge(charge_id):
    """Show one charge: the facts, the money, what happened, and what may happen next."""
    return _charge_page(charge_id)


@routes.post(f"/charges/<charge_id>/<any({', '.join(by_hand.MOVES)}):move>")
def move(charge_id, move):
    """Move a charge as asked, or show why that is not possible."""
    try:
        by_hand.MOVES[move](charge_id)
    except NotFound:
        raise
    except Refused as refused:
        return _charge_page(charge_id, refused.message, refused.http_status)
    return redirect(url_for("dashboard.one_charge", charge_id=charge_id), 303)


@routes.get("/events")
def events():
    """List what was told to the shop, newest first, and how the shop took it."""
    number = _page_number()
    cut = {"limit": PAGE_SIZE, "offset": (number - 1) * PAGE_SIZE, "newest_first": True}
    found, total = books().page("event", **cut)
    last = max(-(-total // PAGE_SIZE), 1)
    drawn = [shown("event", facts) for facts in found]
    return _page("events", events=drawn, total=total, number=number, last=last)


@routes.post("/events/<event_id>/deliver")
@routes.post("/charges/<charge_id>/events/<event_id>/deliver")
def send_again(event_id, charge_id=None):
    """Send an event to the shop once more."""
    deliver_again(event_id)
    if charge_id:
        where = url_for("dashboard.one_charge", charge_id=charge_id, _anchor=event_id)
    else:
        where = url_for("dashboard.events", _anchor=event_id)
    return redirect(where, 303)


@routes.get("/faults")
def fault_plan():
    """Show what the sandbox was told to do wrong, and how often it has."""
    return _page("faults", rules=plan.all_of(books()))


@routes.post("/faults/clear")
@routes.post("/faults/<fault_id>/release")
def heal(fault_id=None):
    """Let the requests go that one rule holds, or forget every rule."""
    if fault_id:
        plan.release(books(), fault_id)
    else:
        plan.clear(books())
    return redirect(url_for("dashboard.fault_plan"), 303)


@routes.get("/settings")
def settings():
    """Show the account: 3-D Secure, where webhooks go, and the keys."""
    return _settings_page()


@routes.post("/settings")
def change_settings():
    """Change the switches, the webhook's address or its secret, or the browser script."""
    uri = request.form.get("webhook_uri", "").strip()
    secret = request.form.get("webhook_secret", "").strip()
    script = request.form.get("omise_js", "").strip() or OWN_SCRIPT
    chosen = (OWN_SCRIPT, books().settings()["omise_js"])
    addresses = [uri, "" if script in chosen else script]
    if any(each and not values.is_web_address(each) for each in addresses):
        return _settings_page("An address begins with http:// or https://.", 400)
    try:
        with books().change():
            books().set("webhook_secret", secret or None)
            books().set("webhook_uri", uri or None)
            books().set("omise_js", script)
            for name in _SWITCHES:
                books().set(name, name in request.form)
    except Refused as refused:
        return _settings_page(_sentence(refused.message), refused.http_status)
    return redirect(url_for("dashboard.settings", saved=1), 303)


@routes.post("/settings/secret/<any(begin, finish):step>")
def roll(step):
    """Begin signing with a new secret besides the old one, or forget the old one."""
    with books().change():
        kept = books().settings()["webhook_secret"]
        if step == "begin":
            fresh = base64.b64encode(secrets.token_bytes(32)).decode()
            books().set("webhook_secret", fresh)
        books().set("webhook_previous_secret", kept if step == "begin" else None)
    return redirect(url_for("dashboard.settings", saved=1), 303)


def _page_number():
    """Read which page of a list is wanted."""
    return min(max(request.args.get("page", 1, type=int), 1), MOST_PAGES)


def _sentence(message):
    """Make a sentence of one of the API's lower-case messages."""
    return message[:1].upper() + message[1:].removesuffix(".") + "."


def _page(name, status_code=200, **values):
    """Draw one of the dashboard's pages under its own policy; it tells when that was."""
    values["drawn_at"] = datetime.fromtimestamp(books().now(), UTC).strftime("%H:%M:%S")
    values["unhealed"] = sum(rule["state"] != "done" for rule in plan.all_of(books()))
    page = render_template(f"sandbox/{name}.html", **values)
    return with_policy(page, POLICY, status_code)


def _charge_page(charge_id, problem=None, status_code=200):
    """Draw a charge with everything that hangs on it."""
    drawn = shown("charge", charge.find(charge_id))
    captured = drawn.get("captured_amount", drawn["amount"])
    told = books().below(charge_id, "event")
    return _page(
        "charge",
        status_code,
        charge=drawn,
        source=drawn["source"] or {},
        events=[shown("event", facts) for facts in told],
        waiting=not payer.is_answered(drawn),
        left=captured - drawn["refunded_amount"],
        failure_codes=sorted(scenarios.FAILURE_MESSAGES),
        reasons=dispute.REASONS.split(),
        problem=problem and _sentence(problem),
    )


def _those_on(kept):
    """Name the switches that are on, as a form that was sent does."""
    return {name for name in _SWITCHES if kept[name]}


def _settings_page(problem=None, status_code=200):
    """Draw the settings, what was just typed included if it was refused."""
    kept = books().settings()
    return _page(
        "settings",
        status_code,
        settings={**kept, **request.form.to_dict()},
        on=request.form if request.method == "POST" else _those_on(kept),
        public_key=current_app.config["SANDBOX_PUBLIC_KEY"],
        secret_key=current_app.config["SANDBOX_SECRET_KEY"],
        saved="saved" in request.args,
        problem=problem,
    )
