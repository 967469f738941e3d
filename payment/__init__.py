"""Take payments through Omise: copy this folder, and webhook/, into your own Flask app.

A host brings a database (database.py) and a cart: a class without arguments whose objects
offer `lines()` (each with sku, name, quantity and amount in the smallest unit), `total()`
in the smallest unit, and `empty()`. It brings a template `layout.html` with the blocks
title, head and content. It hears two signals, both sent after the order book is committed:
`order_paid`, once for each order, and `order_changed`, at each move of an attempt.
"""

from blinker import Namespace
from flask import current_app

_signals = Namespace()
order_paid = _signals.signal("order-paid")
order_changed = _signals.signal("order-changed")


def init_app(app, cart):
    """Join payments to a host app, whose shopper's cart `cart()` returns."""
    from payment import commands, connection, money

    app.extensions["payment"] = {
        "cart": cart,
        "session": connection.open_session(),
        "slots": connection.slots(),
    }
    app.jinja_env.filters["money"] = money.money
    app.cli.add_command(commands.payment)


def current_cart():
    """Give the cart of the shopper who is asking."""
    return current_app.extensions["payment"]["cart"]()
