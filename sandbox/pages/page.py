"""Write pages: under which policy they load, and how money, times and methods read for people."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from flask import make_response, render_template

from ..draw.pretty import pretty
from ..rules.fees import units

# No form-action here: Chromium holds it against the redirect to the shop that answers the form.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
    " frame-ancestors 'none'"
)
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
    "points_citi": "Citi points",
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


def init_app(app):
    """Let the templates of the app write as people read."""
    words = {"money": money, "time": moment, "method": method, "own_path": own_path}
    for name, write in {**words, "json": pretty}.items():
        app.add_template_filter(write, f"sandbox_{name}")


def money(amount, currency):
    """Write an amount of smallest units for people; JPY has no decimals."""
    if units(currency) == 1:
        return f"{currency} {amount:,}"
    sign = "-" if amount < 0 else ""
    whole, cents = divmod(abs(amount), 100)
    return f"{sign}{currency} {whole:,}.{cents:02}"


def moment(stamp):
    """Write one of the API's times for people."""
    if not stamp:
        return ""
    # Deliveries are stamped in another form than everything else.
    text = stamp.replace(" UTC", "Z").replace(" ", "T")
    return (
        datetime.fromisoformat(text).astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")
    )


def method(charge):
    """Name what a charge is paid with, as a person would."""
    if charge["source"]:
        kind = charge["source"]["type"]
        return _NAMES.get(kind, kind.replace("_", " ").capitalize())
    if charge["card"]:
        return f"{charge['card']['brand']} \u2022\u2022\u2022\u2022 {charge['card']['last_digits']}"
    return "Unknown"


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
