"""The shop as a host runs it that listens: slowly, and it writes down what it heard.

HEARD_IN=FILE HEARD_FOR=SECONDS gunicorn --pythonpath tests "heard:create_app()"
"""

import os
import time
from pathlib import Path

import app as shop
from payment.signals import order_paid


def create_app():
    """Build the shop, with one receiver that a kill may strike in the middle."""
    built, notes = shop.create_app(), Path(os.environ["HEARD_IN"])

    def receive(app, order, why):
        write(notes, f"hears {order.id}")
        time.sleep(float(os.environ["HEARD_FOR"]))
        write(notes, f"heard {order.id}")

    order_paid.connect(receive, built)
    return built


def write(notes, line):
    """Add a line at once, whoever else adds one."""
    with notes.open("a") as file:
        file.write(f"{line}\n")
