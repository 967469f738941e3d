"""The application factory: make, configure, register, return."""

import logging
import uuid
from urllib.parse import urlsplit

import click
from flask import Flask, render_template, url_for
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

import database
import payment
from config import Config, settle
from payment.checkout import checkout
from store.cart import Cart
from store.store import store
from webhook.webhook import webhook

CONTENT_SECURITY_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def create_app(config_class=Config):
    """Build the shop: settings, order book, forms, headers, three blueprints."""
    app = Flask(__name__)
    app.config.from_object(config_class)
    settle(app.config, app.instance_path)
    if app.config["OMISE_SANDBOX"]:
        _mount_sandbox(app)
    database.init_app(app)
    payment.init_app(app, cart=Cart)
    app.register_blueprint(store)
    app.register_blueprint(checkout)
    app.register_blueprint(webhook)
    csrf = CSRFProtect(app)
    csrf.exempt(webhook)
    csrf.exempt("payment.checkout.order")
    _protect(app)
    app.register_error_handler(CSRFError, _form_refused)
    app.register_error_handler(HTTPException, _http_error)
    if not app.testing:
        app.register_error_handler(Exception, _unexpected_error)
    return app


def _mount_sandbox(app):
    """Put an Omise of our own at /sandbox/ and point the shop's settings at it."""
    import sandbox

    home = f"{app.config['PREFERRED_URL_SCHEME']}://{app.config['SERVER_NAME']}/"
    secret = app.config["OMISE_WEBHOOK_SECRET"] or sandbox.WEBHOOK_SECRET
    app.config.update(
        OMISE_PUBLIC_KEY=sandbox.PUBLIC_KEY,
        OMISE_SECRET_KEY=sandbox.SECRET_KEY,
        OMISE_WEBHOOK_SECRET=secret,
        OMISE_API_BASE=f"{home}sandbox/",
        OMISE_JS_URL=f"{home}sandbox/omise.js",
    )
    imitation = sandbox.create_app(
        database=app.config.get("SANDBOX_DATABASE")
        or f"{app.instance_path}/sandbox.sqlite3",
        country=app.config["STORE_CURRENCY"][:2],
        webhook_uri=f"{home}webhook",
        webhook_secret=secret.split(",")[0],
        base_url=f"{home}sandbox/",
    )
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/sandbox": imitation})
    context = click.get_current_context(silent=True)
    if context and context.info_name == "run":
        click.echo(
            f"Shop: {home}  Sandbox dashboard: {home}sandbox/dashboard/  "
            "Test card: 4242 4242 4242 4242, any future date, any code"
        )


def _protect(app):
    """Set the security headers; only the payment page may load Omise's script."""
    https = app.config["PREFERRED_URL_SCHEME"] == "https"
    app.config["SESSION_COOKIE_NAME"] = "__Host-session" if https else "session"
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a form left open for hours still works
    talisman = Talisman(
        app,
        force_https=https,
        session_cookie_secure=https,
        frame_options="DENY",
        referrer_policy="same-origin",
        content_security_policy=CONTENT_SECURITY_POLICY,
    )
    omise = "{0.scheme}://{0.netloc}".format(urlsplit(app.config["OMISE_JS_URL"]))
    payment_page = {
        **CONTENT_SECURITY_POLICY,
        "script-src": f"'self' {omise}",
        "frame-src": f"'self' {omise} https://vault.omise.co",
        "connect-src": f"'self' {omise}",
        "img-src": f"'self' data: {omise}",
        # Omise.js hides its frame with a style attribute.
        "style-src-attr": "'unsafe-inline'",
    }
    views = app.view_functions
    views["checkout.check_out"] = talisman(content_security_policy=payment_page)(
        views["checkout.check_out"]
    )
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)


def _page(title, message, status, reference=None):
    shelf = url_for("store.index")
    page = render_template(
        "error.html",
        title=title,
        message=message,
        reference=reference,
        link_href=shelf,
        link_text="Back to the shop",
    )
    return page, status


def _form_refused(error):
    """Explain a form that was too old or came from elsewhere; the cart is kept."""
    return _page(
        "That form had gone stale",
        "Nothing was changed and nothing was charged by it. Your basket is kept: "
        "go back, load the page again and try once more. (Cookies must be allowed.)",
        400,
    )


def _http_error(error):
    """Put every HTTP error on a page of the shop's own."""
    if isinstance(error, SecurityError):
        return (
            "This shop does not go by that name.\n",
            400,
        )  # no links for a foreign host
    if error.code == 404:
        return _page(
            "There is nothing here", "The page may have moved or sold out.", 404
        )
    if error.code == 400:
        return _page("We could not read that", "Please go back and try again.", 400)
    return _page(
        error.name, "Please go back to the shop and try from there.", error.code
    )


def _unexpected_error(error):
    """Log what went wrong under a reference that the shopper sees too."""
    reference = uuid.uuid4().hex[:12]
    logging.getLogger(__name__).error("Unexpected error %s", reference, exc_info=error)
    return _page(
        "Something went wrong on our side",
        "If you had just paid, do not pay again: open your order page, it shows what "
        "Omise tells us. Otherwise nothing was charged and your basket is kept.",
        500,
        reference,
    )
