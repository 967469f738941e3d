"""A bakery that delivers: a package, mounted under a prefix, that has payment/ inside itself."""

import os

from flask import Flask
from flask_talisman import Talisman

from . import payment
from .counter import Basket, counter
from .payment.checkout import checkout
from .webhook.webhook import webhook


def create_app():
    """Build the bakery; its layout and first page come with `counter`, so that comes first."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
    app.config["SERVER_NAME"] = os.environ["SERVER_NAME"]
    app.config.update({k: v for k, v in os.environ.items() if k.startswith("OMISE_")})
    app.config["STORE_LOCALE"] = os.environ.get("STORE_LOCALE", "en")
    app.config["PAYMENT_LAYOUT"] = "counter/page.html"
    app.config["PAYMENT_HOME_ENDPOINT"] = "counter.shelf"
    Talisman(app, force_https=False)
    payment.init_app(app, cart=Basket)
    app.register_blueprint(counter)
    app.register_blueprint(checkout, url_prefix="/till")
    app.register_blueprint(webhook)
    return app
