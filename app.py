"""The application factory: make, configure, register, return."""

from flask import Flask

import config
import logs
import payment
import security
from config import Config
from payment.checkout import checkout
from store import languages
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
    security.init_app(app)
    payment.init_app(app, cart=Cart, language=languages.locale)
    app.register_blueprint(store)
    app.register_blueprint(checkout)
    app.register_blueprint(webhook)
    config.announce(app)
    return app
