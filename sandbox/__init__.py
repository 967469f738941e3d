"""An Omise on your own machine, for development and tests.

What it does NOT imitate: money, banks, card networks, fraud checks, rate limits, passkeys, the
buttons of Google Pay and Apple Pay, payouts that arrive, a clock for schedules, linked accounts,
chains, sub-merchants, consent, MFA confirmations, GET /schema, and any promise about what Omise
will do tomorrow. Messages that nobody recorded are our own words.

Live keys are refused. It stores no card number and no security code. It keeps its books in a SQLite
file of its own, imports nothing of the shop, and is reached over HTTP only: mounted below another
application, or alone with ``python -m sandbox``. Its control surface asks for no key, so it serves
its own machine alone, under names of that machine, and no pages of other origins.
"""

import os
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from . import api, pages
from .books.account import Books
from .books.settings import OWN_SCRIPT
from .faults import spoiling
from .http import errors, guard, headers
from .keys import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET
from .kinds import recipient
from .pages import page, script
from .rules.refusals import Refused
from .serve import serving
from .webhooks import postman

__all__ = [
    "PUBLIC_KEY",
    "SECRET_KEY",
    "WEBHOOK_SECRET",
    "create_app",
    "mount",
    "running",
]


class SandboxError(click.ClickException):
    """Raised when a sandbox cannot begin; one sentence that names what stands in the way."""


def create_app(
    *,
    database=None,
    country="TH",
    webhook_uri=None,
    webhook_secret=None,
    base_url=None,
    omise_js=None,
    retired=False,
    hosts=(),
    exposed=False,
):
    """Build a sandbox account of one country, with the books kept in `database`.

    `base_url` is the absolute address of the mount, ending in a slash; without it every issued
    address follows the request. `omise_js` is a file or web address of a script to serve instead
    of our own, with Omise's hosts in it led here. `retired` offers the ways to pay that Omise has
    switched off. `hosts` are names that requests may carry besides those of this machine, and
    `exposed` lets other machines ask, which hands the control surface to whoever reaches it.
    Without a `database` it is the one in the environment (SANDBOX_DATABASE), or
    instance/sandbox-alone.sqlite3.
    """
    app = _empty_app(base_url, hosts, exposed)
    if not script.is_known(omise_js or OWN_SCRIPT):
        raise ValueError(f"no script for the browser at {omise_js!r}")
    _open_books(
        app,
        database,
        country,
        webhook_uri=webhook_uri,
        webhook_secret=webhook_secret,
        omise_js=omise_js,
        retired_methods=retired or None,
    )
    for module in (errors, headers, guard, page, postman):
        module.init_app(app)
    for module in (*api.MODULES, *pages.MODULES):
        app.register_blueprint(module.routes)
    # The last to wrap the application, and so the first to see a request.
    spoiling.init_app(app)
    return app


def _empty_app(base_url, hosts, exposed):
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    app.config.update(
        SANDBOX_BASE_URL=base_url,
        SANDBOX_PUBLIC_KEY=PUBLIC_KEY,
        SANDBOX_SECRET_KEY=SECRET_KEY,
        SANDBOX_HOSTS=[*guard.HOSTS, *hosts],
        SANDBOX_EXPOSED=exposed,
        MAX_CONTENT_LENGTH=1024 * 1024,
    )
    app.json.sort_keys = False
    return app


def mount(app):
    """Serve a sandbox of the app's country below the app itself, at /sandbox/.

    The app is known by its settings alone: SERVER_NAME says where it is, TRUSTED_HOSTS by which
    names, SANDBOX_EXPOSED whether to other machines, and the keys, addresses and webhook secret of
    Omise are set to the sandbox's. The sandbox is found again in the app's extensions.
    """
    home = f"{app.config['PREFERRED_URL_SCHEME']}://{app.config['SERVER_NAME']}/"
    base = f"{home}sandbox/"
    secret = app.config.get("OMISE_WEBHOOK_SECRET") or WEBHOOK_SECRET
    app.config.update(
        OMISE_PUBLIC_KEY=PUBLIC_KEY,
        OMISE_SECRET_KEY=SECRET_KEY,
        OMISE_WEBHOOK_SECRET=secret,
        OMISE_API_BASE=base,
        OMISE_VAULT_BASE=base,
        OMISE_JS_URL=f"{base}omise.js",
        PAYMENT_OMISE_NAME="the sandbox",
        PAYMENT_EMBEDDED_BOOK="sandbox-shop.sqlite3",
    )
    books = app.config.get("SANDBOX_DATABASE")
    try:
        imitation = create_app(
            database=books or Path(app.instance_path) / "sandbox.sqlite3",
            country=app.config["STORE_CURRENCY"][:2],
            webhook_uri=f"{home}webhook",
            webhook_secret=secret.split(",")[0],
            base_url=base,
            hosts=app.config.get("TRUSTED_HOSTS") or (),
            exposed=app.config.get("SANDBOX_EXPOSED", False),
        )
    except Refused as refusal:
        raise SandboxError(
            f"The sandbox takes no such SERVER_NAME or OMISE_WEBHOOK_SECRET: {refusal}."
        ) from refusal
    app.extensions["sandbox"] = imitation
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/sandbox": imitation})


@contextmanager
def running(*, database=None, port=0, **chosen):
    """Run a sandbox in a thread of this process for the length of a `with` block.

    `chosen`: country, webhook_uri and what else create_app takes. Gives a serve.Running.
    """
    with tempfile.TemporaryDirectory() as folder:
        books = database or Path(folder) / "sandbox.sqlite3"
        with serving(create_app(database=books, **chosen), port) as reached:
            yield reached


def _open_books(app, database, country, **given):
    """Open the books, or begin them, in the file that was chosen. Raises SandboxError."""
    chosen = database or os.environ.get("SANDBOX_DATABASE")
    path = Path(chosen or Path(app.instance_path) / "sandbox-alone.sqlite3")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        books = app.extensions["sandbox"] = Books(path)
        books.begin(country, **given)
        with app.app_context():
            recipient.open_default()
        # A server may fork next, and no SQLite connection survives that.
        books.close()
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise SandboxError(
            f"The sandbox's books {path} cannot be used ({why}): allow that file to be written, or "
            "delete it if it is damaged, and the sandbox begins anew."
        ) from error
