"""Take payments through Omise: copy this folder, and webhook/, into your own Flask app.

    import payment
    from payment.checkout import checkout
    from webhook.webhook import webhook

    payment.init_app(app, cart=Cart)
    app.register_blueprint(checkout)
    app.register_blueprint(webhook)

README.md in this folder is the contract: what a host brings, what it may set, what it hears.
Everything that `app.extensions["payment"]` holds is set up here; a host imports from here and
from `checkout` alone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import FlaskGroup

from . import assets, body, pan, settings
from . import cart as carts
from .account import Account
from .alarm import Alarm
from .gateway import http
from .gateway.pictures import Pictures
from .kept import Kept
from .operations import commands, reconcile
from .orders import migrations, queries
from .orders.once import Underway, once
from .orders.transaction import Book, OrdersUnavailable
from .routes import Routes
from .settings import SettingError
from .signals import attention_needed, order_changed, order_paid

__all__ = [
    "OrdersUnavailable",
    "SettingError",
    "Underway",
    "attention_needed",
    "close",
    "init_app",
    "once",
    "order_changed",
    "order_paid",
    "serve_static",
]


class Payment:
    """What an app keeps of its payments, at ``app.extensions["payment"]``."""

    def __init__(
        self,
        app: Flask,
        cart: type[carts.Cart],
        database: Any,
        language: Callable[[], Any] | None,
    ) -> None:
        self.cart = cart
        self.language = language
        file = Path(app.instance_path) / app.config["PAYMENT_EMBEDDED_BOOK"]
        self.book = Book(database, app.config["DATABASE_URL"], file)
        self.connections = http.Connections()
        self.pictures = Pictures()
        self.account = Account(app)
        self.alarm = Alarm(app)
        self.kept = Kept()
        # The name under which the checkout blueprint is registered (host.py).
        self.endpoint = "checkout"
        self.routes = Routes(app)
        # What a webhook needs: it may lie in another folder, and imports nothing of payment.
        self.note_delivery = queries.note_delivery
        self.reconcile_charge = reconcile.reconcile_charge
        self.unavailable = OrdersUnavailable
        self.read_body = body.read
        self.check_routes = self.routes.check
        # What a host may ask of every form, as payment does of its own.
        self.watch_for_card_numbers = pan.watch

    def close(self) -> None:
        """Let go of connections, to Omise and to the order book."""
        self.account.close()
        self.connections.close()
        self.book.close()


def init_app(
    app: Flask,
    *,
    cart: type[carts.Cart],
    database: Any = None,
    language: Callable[[], Any] | None = None,
) -> None:
    """Join payments to a host app, whose shopper's basket `cart()` returns (cart.py).

    `database` says where the order book lies: an SQLAlchemy engine, a Flask-SQLAlchemy `db` that
    belongs to the app already, or nothing: then `DATABASE_URL`, then SQLite in instance/.
    `language()` names the locale that the shopper of a request reads, such as Flask-Babel's
    `get_locale`; without it all read `STORE_LOCALE`. Raises SettingError, in one sentence, for what
    would keep a payment from working.
    """
    settings.check(app)
    carts.check(cart)
    here = app.extensions["payment"] = Payment(app, cart, database, language)
    app.cli.add_command(commands.payment)
    with app.app_context():
        here.book.check()
        if here.book.embedded:
            migrations.upgrade(here.book)
        elif not _is_for_a_command():
            migrations.check(here.book)
        # A server forks after this: no child may inherit a connection.
        here.book.close()


def close(app: Flask) -> None:
    """Let go of what init_app opened."""
    app.extensions["payment"].close()


def serve_static(app: Flask, blueprint: str) -> None:
    """Serve the static files of a blueprint of the host's as payment's own are (assets.py): under
    addresses that change with their content, kept by browsers, and compressed.

    `blueprint` is the name that it was registered under.
    """
    assets.Folder(app, blueprint)


def _is_for_a_command() -> bool:
    """Tell whether the app is loaded to find a command of its own: those look at the book
    themselves."""
    context = click.get_current_context(silent=True)
    return context is not None and isinstance(context.command, FlaskGroup)
