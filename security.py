"""Keep strangers out: headers, cookies, proxies, and the names that the shop goes by."""

from flask import Flask, current_app, redirect, request
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import reports

# What the shelf and the basket load; payment opens it for its own pages, and for Omise.js on its
# payment page alone.
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "img-src": "'self'",
    "style-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "report-uri": reports.ADDRESS,
}
# Browsers send these reports over https alone, and then no others.
REPORT_TO = {"report-to": "policy"}
# What a browser could do for a page, and no page of the shop asks for.
UNUSED_FEATURES = """
    accelerometer autoplay browsing-topics camera clipboard-read clipboard-write
    compute-pressure cross-origin-isolated display-capture encrypted-media fullscreen gamepad
    geolocation gyroscope hid identity-credentials-get idle-detection keyboard-map local-fonts
    magnetometer microphone midi otp-credentials payment picture-in-picture
    publickey-credentials-create publickey-credentials-get screen-wake-lock serial storage-access
    sync-xhr usb window-management xr-spatial-tracking
"""
# What Talisman has no word for.
MORE_HEADERS = {
    # A page that opens the shop, or that it opens, cannot reach into it.
    "Cross-Origin-Opener-Policy": "same-origin",
    # No other site loads anything of the shop into itself.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Reporting-Endpoints": f'policy="{reports.ADDRESS}"',
}
# No form of the shop is longer; the webhook has a limit of its own.
LONGEST_FORM = 64 * 1024


def init_app(app: Flask) -> None:
    """Protect an app whose settings have been checked; before payment.init_app."""
    https = app.config["PREFERRED_URL_SCHEME"] == "https"
    app.config["SESSION_COOKIE_NAME"] = "__Host-session" if https else "session"
    policy = CONTENT_SECURITY_POLICY | (REPORT_TO if https else {})
    app.config["PAYMENT_PAGE_POLICY"] = policy
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a form left open for hours still works
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_FORM
    app.before_request(_move_to_own_name)
    app.after_request(_add_headers)
    reports.init_app(app, CSRFProtect(app))
    Talisman(
        app,
        force_https=https,
        session_cookie_secure=https,
        frame_options="DENY",
        referrer_policy="same-origin",
        content_security_policy=policy,
        permissions_policy=dict.fromkeys(UNUSED_FEATURES.split(), "()"),
    )
    hops = app.config["TRUSTED_PROXIES"]
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def _add_headers(response):
    """Add what Talisman does not; and keep pages out of every cache, since each carries a token.

    Assets say themselves how they are kept.
    """
    response.headers.update(MORE_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _move_to_own_name():
    """Lead a browser that came by another name (127.0.0.1) to the one that its bank sends it back
    to.

    A cookie belongs to one name: the basket would be lost on the way back. In development only.
    """
    own = current_app.config["SERVER_NAME"]
    http = current_app.config["PREFERRED_URL_SCHEME"] == "http"
    if http and request.method == "GET" and request.host != own:
        return redirect(
            f"http://{own}{request.script_root}{request.full_path.rstrip('?')}"
        )
    return None
