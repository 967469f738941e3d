"""Put a sandbox below another app, at /sandbox/, and point that app's settings at it."""

from pathlib import Path

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from . import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET, create_app


def mount(app: Flask) -> None:
    """Serve a sandbox of the app's country beside the app itself.

    The app is known by its settings alone: SERVER_NAME says where it is, and the keys, addresses
    and webhook secret of Omise are set to the sandbox's.
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
    imitation = create_app(
        database=books or Path(app.instance_path) / "sandbox.sqlite3",
        country=app.config["STORE_CURRENCY"][:2],
        webhook_uri=f"{home}webhook",
        webhook_secret=secret.split(",")[0],
        base_url=base,
    )
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/sandbox": imitation})  # type: ignore[method-assign]
