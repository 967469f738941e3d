"""A shop of two mugs that takes payments: all that it had to bring is in this file."""

import os
from collections import namedtuple
from email.message import EmailMessage
from smtplib import SMTP

from flask import Flask, redirect, render_template, session, url_for

import payment
from payment.checkout import checkout
from webhook.webhook import webhook

# In satang: Omise counts in the smallest unit of a currency.
MUGS = {"blue": 250_00, "green": 280_00}

# One thing that is bought; the amount is for all of its pieces.
Line = namedtuple("Line", "sku name quantity amount")


class Cart:
    """What this shopper picked out: counts in the session, prices never."""

    currency = "THB"

    def lines(self):
        """List what is bought."""
        picked = session.get("mugs", {}).items()
        return [Line(sku, f"A {sku} mug", n, n * MUGS[sku]) for sku, n in picked]

    def total(self):
        """Add it up; shipping or a coupon would go in here."""
        return sum(line.amount for line in self.lines())

    def empty(self):
        """Take everything out: it is in an order now."""
        session.pop("mugs", None)


app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ.get("SECRET_KEY")
app.config["SERVER_NAME"] = os.environ.get("SERVER_NAME", "localhost:5000")
app.config.update({k: v for k, v in os.environ.items() if k.startswith("OMISE_")})

payment.init_app(app, cart=Cart)
app.register_blueprint(checkout)
app.register_blueprint(webhook)


@app.get("/")
def shelf():
    """Show the mugs, and the way to the checkout."""
    return render_template("shelf.html", mugs=MUGS, cart=Cart())


@app.post("/add/<any(blue, green):sku>")
def add(sku):
    """Pick out one more."""
    picked = session.get("mugs", {})
    session["mugs"] = picked | {sku: picked.get(sku, 0) + 1}
    return redirect(url_for("shelf"), 303)


def call_operator(app, order, why):
    """Mail whoever looks after orders."""
    number = order.id if order else "of them all"
    letter = EmailMessage()
    letter["From"] = letter["To"] = "orders@mugs.example"
    letter["Subject"] = f"Please look at order {number}"
    letter.set_content(f"{why}\n\nflask payment show {number}")
    with SMTP("localhost", int(os.environ.get("MAIL_PORT", 25)), timeout=5) as mail:
        mail.send_message(letter)


payment.attention_needed.connect(call_operator, sender=app)
