"""The application factory: make, configure, register, return."""

from flask import Flask

import addresses
import config
import logs
import packing
import payment
import security
from config import Config
from payment.checkout import checkout
from payment.receipt import receipt
from store import languages, mail
from store.cart import Cart
from store.store import store
from webhook.webhook import webhook


def create_app(config_class=Config):
    """Build the shop: its settings, its protection, payments, and three blueprints."""
    app = Flask(__name__)
    app.config.from_object(config_class)
    config.check(app)
    if app.config["OMISE_SANDBOX"]:
        import sandbox

        sandbox.mount(app)
    logs.init_app(app)
    addresses.init_app(app)
    packing.init_app(app)
    security.init_app(app)
    payment.init_app(app, cart=Cart, language=languages.locale)
    app.register_blueprint(store)
    security.allow_script(app, "store.index", "store.show", "store.cart")
    payment.serve_static(app, "store")
    app.register_blueprint(checkout)
    mail.init_app(app, payment.order_paid, receipt, payment.once)
    app.register_blueprint(webhook)
    config.announce(app)
    return app
