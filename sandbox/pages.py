"""Serve what a shopper meets: omise.js, the pay form, the pages of bank, wallet, phone and counter.

None of these forms carries a CSRF token: this is a toy for loopback, nothing on it is worth
forging, and whoever holds a payment's address may answer for it, as on the genuine pages.
"""

import re
import threading
from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from . import charges, genuine, wire
from .rules import scenarios
from .rules.refusals import NotFound, Refused
from .state import books

# A shop on another port of this machine is another origin, and must be able to frame the form.
_LOOPBACK = " ".join(
    f"{scheme}://{host}:*"
    for scheme in ("http", "https")
    for host in ("localhost", "127.0.0.1")
)
PAY_FORM_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    f" img-src 'self' data: {_LOOPBACK}; base-uri 'none'; form-action 'none';"
    f" frame-ancestors 'self' {_LOOPBACK}"
)
# No form-action here: Chromium holds it against the redirect to the shop that answers the form.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
    " frame-ancestors 'none'"
)
WITHOUT_DECIMALS = ("JPY",)
LONGEST_WAIT = 60 * 60
_NAMES = {
    "alipay_cn": "Alipay",
    "alipay_hk": "AlipayHK",
    "alipayplus_mpm": "Alipay+ QR",
    "bill_payment_tesco_lotus": "Lotus's bill payment",
    "bkash": "bKash",
    "dana": "DANA",
    "duitnow_obw": "DuitNow Online Banking",
    "duitnow_qr": "DuitNow QR",
    "econtext": "Konbini / Pay-easy",
    "fpx": "FPX",
    "gcash": "GCash",
    "grabpay": "GrabPay",
    "installment_paynext_extra_jumpapp": "PayNext Extra",
    "installment_paynext_extra_qr": "PayNext Extra QR",
    "kakaopay": "KakaoPay",
    "maybank_qr": "Maybank QRPay",
    "paynow": "PayNow",
    "paypay": "PayPay",
    "promptpay": "PromptPay",
    "qr_code_upi": "UPI QR",
    "rabbit_linepay": "LINE Pay",
    "shopeepay": "ShopeePay",
    "shopeepay_jumpapp": "ShopeePay app",
    "touch_n_go": "Touch 'n Go",
    "truemoney": "TrueMoney",
    "truemoney_jumpapp": "TrueMoney app",
    "truemoney_qr": "TrueMoney QR",
    "wechat_pay": "WeChat Pay",
    "wechat_pay_mpm": "WeChat Pay QR",
}

pages = Blueprint("pages", __name__)
pages.add_app_template_filter(wire.pretty, "sandbox_json")


@pages.app_template_filter("sandbox_money")
def money(amount, currency):
    """Write an amount of smallest units for people; JPY has no decimals."""
    if currency in WITHOUT_DECIMALS:
        return f"{currency} {amount:,}"
    sign = "-" if amount < 0 else ""
    whole, cents = divmod(abs(amount), 100)
    return f"{sign}{currency} {whole:,}.{cents:02}"


@pages.app_template_filter("sandbox_time")
def moment(stamp):
    """Write one of the API's times for people."""
    if not stamp:
        return ""
    # Deliveries are stamped in another form than everything else.
    text = stamp.replace(" UTC", "Z").replace(" ", "T")
    return (
        datetime.fromisoformat(text).astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")
    )


@pages.app_template_filter("sandbox_method")
def method(charge):
    """Name what a charge is paid with, as a person would."""
    if charge["source"]:
        kind = charge["source"]["type"]
        return _NAMES.get(kind, kind.replace("_", " ").capitalize())
    if charge["card"]:
        return f"{charge['card']['brand']} \u2022\u2022\u2022\u2022 {charge['card']['last_digits']}"
    return "Unknown"


@pages.app_template_filter("sandbox_own_path")
def own_path(uri):
    """Address an image of ours from the page's own origin, under whatever name that is reached."""
    return urlsplit(uri).path


def with_policy(page, policy, status=200):
    """Answer with a page that may load nothing but what its policy names, and is never kept."""
    response = make_response(page, status)
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def missing(problem):
    """Say in a page, not in JSON, that an address leads nowhere."""
    page = render_template("sandbox/missing.html", message=problem.message)
    return with_policy(page, PAGE_POLICY, problem.http_status)


pages.register_error_handler(NotFound, missing)


@pages.get("/omise.js")
def script():
    """Serve the stand-in for the vendor's browser script, or the one that was set."""
    chosen = books().settings()["omise_js"]
    if chosen == genuine.OWN:
        return current_app.send_static_file("omise.js")
    try:
        return Response(genuine.script(chosen), mimetype="text/javascript")
    except genuine.Unreachable as problem:
        return Response(f"{problem}\n", 502, mimetype="text/plain")


@pages.get("/pay.html", defaults={"name": "pay"})
@pages.get("/provider", defaults={"name": "provider"})
def frame(name):
    """Serve what omise.js frames: the pay form, and the hidden maker of tokens."""
    return with_policy(render_template(f"sandbox/{name}.html"), PAY_FORM_POLICY)


@pages.get("/payments/<payment_id>/authorize")
@pages.get("/offsites/<payment_id>/pay", endpoint="offsite")
def authorize(payment_id):
    """Ask the shopper, as the bank, the wallet, the phone or the counter would."""
    charge = books().charge_of_payment(payment_id)
    back = followable(charge["return_uri"])
    if settled(charge) and charge["card"] and back:
        # A card charge that needed no 3-D Secure has this address too, and it only bounces.
        return redirect(back, 303)
    page = render_template(
        f"sandbox/{_page_of(charge)}.html",
        charge=charge,
        source=charge["source"] or {},
        payment_id=payment_id,
        back=back,
        shop=urlsplit(back).netloc if back else "the shop",
        will_fail=scenarios.failure_of(books().scenario_of(charge["id"]), True),
    )
    return with_policy(page, PAGE_POLICY)


@pages.post("/payments/<payment_id>/<any(approve, decline, cancel):action>")
def act(payment_id, action):
    """Take the shopper's answer and go back to the shop, adding nothing to its return_uri."""
    charge = books().charge_of_payment(payment_id)
    if not settled(charge):
        _answer(charge["id"], action)
    back = followable(charge["return_uri"])
    return redirect(back or url_for("pages.authorize", payment_id=payment_id), 303)


@pages.post("/payments/<payment_id>/later")
def act_later(payment_id):
    """Go back to the shop with the charge still pending, and answer some seconds afterwards."""
    charge = books().charge_of_payment(payment_id)
    seconds = min(max(request.form.get("seconds", 30, type=int), 1), LONGEST_WAIT)
    action = "decline" if request.form.get("action") == "decline" else "approve"
    # In this process alone: if it ends first, the charge stays pending, as when a bank forgets.
    slow = threading.Timer(
        seconds,
        current_app.test_client().post,
        (f"/payments/{payment_id}/{action}",),
        {"base_url": request.url_root, "buffered": True},
    )
    slow.daemon = True
    slow.start()
    back = followable(charge["return_uri"])
    return redirect(back or url_for("pages.authorize", payment_id=payment_id), 303)


def _answer(charge_id, action):
    """Move the charge; a second press of the button finds it moved, and that is fine."""
    try:
        if action == "approve":
            charges.pay(charge_id)
        else:
            code = "payment_cancelled" if action == "cancel" else "payment_rejected"
            charges.fail(charge_id, code)
    except Refused:
        current_app.logger.info("charge %s was settled already", charge_id)


def settled(charge):
    """Tell whether nothing is left for the payer to answer."""
    return charge["status"] != "pending" or charge["authorized"]


def followable(uri):
    """Keep a return_uri only if it is a plain web address."""
    return uri if re.fullmatch(r"https?://[^\s/\\][^\s\\]*", uri or "") else None


def _page_of(charge):
    """Choose the page: who asks depends on how the charge is paid."""
    source = charge["source"]
    if settled(charge):
        return "settled"
    if charge["card"] or not source:
        return "bank"
    if source["references"]:
        return "counter"
    return "phone" if source["flow"] == "offline" else "wallet"
