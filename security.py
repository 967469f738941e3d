"""Keep strangers out: headers, cookies, proxies, and the names that the shop goes by."""

from datetime import UTC, datetime, timedelta
from functools import wraps
from urllib.parse import quote, urlsplit

from flask import Flask, Response, current_app, redirect, request
from flask.sessions import SecureCookieSessionInterface
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import reports

# What every page loads; shelf, product and basket run a script besides. Payment opens it for its
# own pages, and for Omise.js on its payment page alone.
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
    accelerometer autoplay browsing-topics camera clipboard-read
    compute-pressure cross-origin-isolated display-capture encrypted-media fullscreen gamepad
    geolocation gyroscope hid identity-credentials-get idle-detection keyboard-map local-fonts
    magnetometer microphone midi otp-credentials picture-in-picture
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
    "Cache-Control": "no-store",
}
# No form of the shop is longer; the webhook has a limit of its own.
LONGEST_FORM = 64 * 1024
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def init_app(app: Flask) -> None:
    """Protect an app whose settings have been checked; before payment.init_app."""
    https = app.config["PREFERRED_URL_SCHEME"] == "https"
    app.config["SESSION_COOKIE_NAME"] = "__Host-session" if https else "session"
    policy = CONTENT_SECURITY_POLICY | (REPORT_TO if https else {})
    app.config["PAYMENT_PAGE_POLICY"] = policy
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a form left open for hours still works
    keys = [*app.config["SECRET_KEY_FALLBACKS"], app.config["SECRET_KEY"]]
    app.config["WTF_CSRF_SECRET_KEY"] = keys  # any of them opens, the last one signs
    app.session_interface = Sessions()
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_FORM
    app.url_value_preprocessor(_bound_forms)
    app.before_request(_watch_for_card_numbers)
    app.before_request(_move_to_own_name)
    app.after_request(_add_headers)
    if app.config["SECURITY_CONTACT"]:
        app.add_url_rule("/.well-known/security.txt", "security_txt", _security_txt)
    reports.init_app(app, CSRFProtect(app))
    Headers(
        app,
        force_https=https,
        session_cookie_secure=https,
        frame_options="DENY",
        referrer_policy="same-origin",
        content_security_policy=policy,
        permissions_policy=_permissions(app.config["OMISE_JS_URL"]),
    )
    app.wsgi_app = _without_forwarded_scheme(app.wsgi_app)  # type: ignore[method-assign]
    hops = app.config["TRUSTED_PROXIES"]
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def allow_script(app: Flask, *endpoints: str) -> None:
    """Let pages run the shop's own script, which asks the shop alone; after they are registered."""
    own = {"script-src": "'self'", "connect-src": "'self'"}
    policy = app.config["PAYMENT_PAGE_POLICY"] | own
    for endpoint in endpoints:
        app.view_functions[endpoint] = _with_policy(
            app.view_functions[endpoint], policy
        )


def _with_policy(view, policy):
    @wraps(view)
    def page(**values):
        return view(**values)

    page.talisman_view_options = {"content_security_policy": policy}
    return page


def _add_headers(response):
    """Add what Talisman does not; and keep pages out of every cache, since each carries a token.

    Assets say themselves how they are kept.
    """
    for name, value in MORE_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _security_txt():
    """Say where who finds a hole can write to (RFC 9116)."""
    config = current_app.config
    home = f"{config['PREFERRED_URL_SCHEME']}://{config['SERVER_NAME']}"
    lines = {
        "Contact": config["SECURITY_CONTACT"],
        "Expires": f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages": "en",
        "Canonical": f"{home}/.well-known/security.txt",
    }
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return text, {"Content-Type": "text/plain; charset=utf-8"}


def _permissions(script):
    """Say what pages may use: payment numbers are copied, and Omise's form may ask a wallet."""
    omise = urlsplit(script)
    used = {
        "clipboard-write": "(self)",
        "payment": f'(self "{omise.scheme}://{omise.netloc}")',
    }
    return dict.fromkeys(UNUSED_FEATURES.split(), "()") | used


def _without_forwarded_scheme(wsgi_app):
    """Keep from Talisman, which believes it from anybody, what ProxyFix alone may believe."""

    def asked(environ, start_response):
        environ.pop("HTTP_X_FORWARDED_PROTO", None)
        return wsgi_app(environ, start_response)

    return asked


class Sessions(SecureCookieSessionInterface):
    """Sessions in signed cookies; one that an old secret signed is signed anew when it is read.

    So that the old secret can be taken away after a while, and nobody who came by loses a basket.
    """

    def __init__(self):
        self._made = {}

    def get_signing_serializer(self, app):
        """Give what signs and opens, made once for each set of secrets."""
        secrets = app.secret_key, tuple(app.config["SECRET_KEY_FALLBACKS"] or ())
        if secrets not in self._made:
            self._made = {secrets: super().get_signing_serializer(app)}
        return self._made[secrets]

    def open_session(self, app, request):
        """Read the cookie, and have it written again if the newest secret did not sign it."""
        session = super().open_session(app, request)
        if session and app.config["SECRET_KEY_FALLBACKS"]:
            cookie = request.cookies[self.get_cookie_name(app)]
            newest = super().get_signing_serializer(app)
            newest.secret_keys = newest.secret_keys[-1:]
            session.modified = not newest.loads_unsafe(cookie)[0]
        return session


class Headers(Talisman):
    """Talisman, which works out once what it says of a page, over https or http, and not for each
    answer; its options are said when the app is made."""

    def __init__(self, app, **said):
        self._written = {}
        super().__init__(app, **said)

    def _set_response_headers(self, response):
        if hasattr(request, "csp_nonce"):  # another in each answer
            return super()._set_response_headers(response)
        page = request.endpoint, request.is_secure
        if page not in self._written:
            written = super()._set_response_headers(Response())
            written.headers.remove("Content-Type")
            self._written[page] = list(written.headers)
        for name, value in self._written[page]:
            response.headers[name] = value
        return response


def _bound_forms(endpoint, values):
    """Read every form whole and bounded, as payment does its own, before anybody parses it."""
    if endpoint and request.mimetype in _FORMS:
        current_app.extensions["payment"].read_body(LONGEST_FORM)


def _watch_for_card_numbers():
    """Have an operator called where any field of the shop's brings a card's number."""
    if request.endpoint:
        current_app.extensions["payment"].watch_for_card_numbers()


def _move_to_own_name():
    """Lead a browser that came by another name (127.0.0.1) to the one that its bank sends it back
    to.

    A cookie belongs to one name: the basket would be lost on the way back. In development only.
    """
    own = current_app.config["SERVER_NAME"]
    http = current_app.config["PREFERRED_URL_SCHEME"] == "http"
    if http and request.method == "GET" and request.host != own:
        path = quote(request.script_root + request.path)
        asked = request.query_string.decode("latin-1")
        return redirect(f"http://{own}{path}{'?' if asked else ''}{asked}")
    return None
