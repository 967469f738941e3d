"""Show the books to whoever runs the sandbox, and let them move charges along by hand.

Nobody signs in: it is as open as the control surface. Its forms need no token either, but a post
that another website makes a browser send is refused, because a webhook address can be set here.
"""

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)

from . import charges, deliver, pages, scenarios, wire
from .state import books

STATUSES = ("pending", "successful", "failed", "expired", "reversed")
PAGE_SIZE = 20
MOST_PAGES = 1_000_000
POLICY = pages.PAGE_POLICY + "; form-action 'self'"

dashboard = Blueprint("dashboard", __name__, url_prefix="/dashboard")
dashboard.register_error_handler(wire.NotFound, pages.missing)


@dashboard.before_request
def stay_home():
    """Refuse a form that another website sends through someone's browser."""
    if (
        request.method == "POST"
        and request.headers.get("Sec-Fetch-Site") == "cross-site"
    ):
        abort(403)


@dashboard.get("/")
def listing():
    """List charges, newest first, by status and by a word in them."""
    status = request.args.get("status")
    status = status if status in STATUSES else None
    query = request.args.get("query", "").strip()
    number = min(max(request.args.get("page", 1, type=int), 1), MOST_PAGES)
    found, total = books().charges(
        status=status,
        query=query or None,
        limit=PAGE_SIZE,
        offset=(number - 1) * PAGE_SIZE,
    )
    return _page(
        "charges",
        charges=found,
        total=total,
        status=status,
        statuses=STATUSES,
        query=query,
        number=number,
        last=max(-(-total // PAGE_SIZE), 1),
    )


@dashboard.get("/charges/<charge_id>")
def charge(charge_id):
    """Show one charge: the facts, the money, what happened, and what may happen next."""
    return _charge_page(charge_id)


@dashboard.post(
    "/charges/<charge_id>/<any(pay, fail, expire, capture, reverse, refund):move>"
)
def move(charge_id, move):
    """Move a charge as asked, or show why that is not possible."""
    try:
        _MOVES[move](charge_id)
    except wire.NotFound:
        raise
    except wire.Refused as refused:
        return _charge_page(charge_id, refused.message, refused.http_status)
    return redirect(url_for("dashboard.charge", charge_id=charge_id), 303)


@dashboard.post("/charges/<charge_id>/events/<event_id>/deliver")
def deliver_again(charge_id, event_id):
    """Send an event to the shop once more."""
    deliver.again(event_id)
    return redirect(
        url_for("dashboard.charge", charge_id=charge_id, _anchor=event_id), 303
    )


@dashboard.get("/settings")
def settings():
    """Show the account: 3-D Secure, where webhooks go, and the keys."""
    return _settings_page()


@dashboard.post("/settings")
def change_settings():
    """Change 3-D Secure, the webhook's address or its secret."""
    uri = request.form.get("webhook_uri", "").strip()
    secret = request.form.get("webhook_secret", "").strip()
    if uri and not (urlsplit(uri).scheme in ("http", "https") and urlsplit(uri).netloc):
        return _settings_page("A webhook address begins with http:// or https://.", 400)
    try:
        with books().change():
            books().set("webhook_secret", secret or None)
            books().set("webhook_uri", uri or None)
            books().set("three_d_secure", "three_d_secure" in request.form)
    except wire.Refused as refused:
        return _settings_page(_sentence(refused.message), refused.http_status)
    return redirect(url_for("dashboard.settings", saved=1), 303)


def _fail(charge_id):
    """Fail a charge with the code that was chosen, if it is one."""
    code = request.form.get("failure_code")
    charges.fail(charge_id, code if code in scenarios.FAILURE_MESSAGES else None)


def _refund(charge_id):
    """Give back what was asked for, or everything that is left."""
    shown = books().charge(charge_id)
    amount = _smallest_units(request.form.get("amount", ""), shown["currency"])
    charges.refund(charge_id, amount, void="void" in request.form)


_MOVES = {
    "pay": charges.pay,
    "fail": _fail,
    "expire": charges.expire,
    "capture": charges.capture,
    "reverse": charges.reverse,
    "refund": _refund,
}


def _smallest_units(text, currency):
    """Read an amount that a person typed, as 1,234.50, into smallest units."""
    decimals = 0 if currency in pages.WITHOUT_DECIMALS else 2
    whole, _, fraction = text.replace(",", "").strip().partition(".")
    digits = whole + fraction.ljust(decimals, "0")
    if not (digits.isascii() and digits.isdigit() and len(fraction) <= decimals):
        raise wire.Refused("failed_refund", "amount is not a number")
    return int(digits)


def _sentence(message):
    """Make a sentence of one of the API's lower-case messages."""
    return message[:1].upper() + message[1:].removesuffix(".") + "."


def _page(name, status_code=200, **values):
    """Draw one of the dashboard's pages under its own policy."""
    page = render_template(f"sandbox/{name}.html", **values)
    return pages.with_policy(page, POLICY, status_code)


def _charge_page(charge_id, problem=None, status_code=200):
    """Draw a charge with everything that hangs on it."""
    shown = books().charge(charge_id)
    captured = shown.get("captured_amount", shown["amount"])
    return _page(
        "charge",
        status_code,
        charge=shown,
        source=shown["source"] or {},
        events=books().events_of(charge_id),
        waiting=not pages.settled(shown),
        left=captured - shown["refunded_amount"],
        failure_codes=sorted(scenarios.FAILURE_MESSAGES),
        problem=problem and _sentence(problem),
    )


def _settings_page(problem=None, status_code=200):
    """Draw the settings, what was just typed included if it was refused."""
    kept = books().settings()
    return _page(
        "settings",
        status_code,
        settings={**kept, **request.form.to_dict()},
        three_d_secure=(
            "three_d_secure" in request.form
            if request.method == "POST"
            else kept["three_d_secure"]
        ),
        public_key=current_app.config["SANDBOX_PUBLIC_KEY"],
        secret_key=current_app.config["SANDBOX_SECRET_KEY"],
        saved="saved" in request.args,
        problem=problem,
    )
