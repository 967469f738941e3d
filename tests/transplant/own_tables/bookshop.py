"""A bookshop that was there before: members, tables, session and rules of its own."""

import os
from typing import NamedTuple

from flask import Flask, redirect, render_template, request, session, url_for
from flask_sqlalchemy import SQLAlchemy
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined
from sqlalchemy.orm import Mapped, mapped_column

import payment
from payment.checkout import checkout
from payment.receipt import receipt
from webhook.webhook import webhook

BOOKS = {"dune": ("Dune", 420_00), "emma": ("Emma", 310_00)}

db = SQLAlchemy()
csrf = CSRFProtect()


class Order(db.Model):
    """A parcel to send: the bookshop's own table, of a name that others like, too."""

    __tablename__ = "orders"
    number: Mapped[int] = mapped_column(primary_key=True)
    paid_as: Mapped[str] = mapped_column(unique=True)
    books: Mapped[str]
    satang: Mapped[int]


class Letter(db.Model):
    """A receipt on its way to a member."""

    order: Mapped[str] = mapped_column(primary_key=True)
    to: Mapped[str]
    text: Mapped[str]


class Line(NamedTuple):
    """A book in the basket."""

    sku: str
    name: str
    quantity: int
    amount: int


class Basket:
    """The books that a member holds, beside a wish that stays whatever is bought."""

    @property
    def currency(self):
        """Name the currency of every price."""
        return "THB"

    @property
    def email(self):
        """Give the address of the member who is logged in."""
        member = session.get("customer")
        return f"{member['name']}@bookshop.example" if member else None

    def lines(self):
        """List the books."""
        held = session["cart"]["books"] if "cart" in session else []
        return [Line(sku, BOOKS[sku][0], n, n * BOOKS[sku][1]) for sku, n in held]

    def total(self):
        """Add them up."""
        return sum(line.amount for line in self.lines())

    def empty(self):
        """Put the books down."""
        session["cart"] = session["cart"] | {"books": []}


def include_name(name, kind, parents):
    """Keep payment's tables out of the bookshop's own migrations."""
    return kind != "table" or not name.startswith("payment_")


def create_app():
    """Build the bookshop; its protection comes after payment's blueprints, as it may."""
    app = Flask(__name__)
    app.jinja_options = {"undefined": StrictUndefined}
    app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
    app.config["SERVER_NAME"] = os.environ["SERVER_NAME"]
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["BOOKSHOP_DATABASE"]
    app.config.update({k: v for k, v in os.environ.items() if k.startswith("OMISE_")})
    db.init_app(app)
    payment.init_app(app, cart=Basket, database=db)
    app.register_blueprint(checkout)
    app.register_blueprint(webhook)
    app.config["WTF_CSRF_FIELD_NAME"] = "bookshop_token"
    csrf.init_app(app)
    Talisman(app, force_https=False)

    def send_parcel(app, order, why):
        known = db.select(Order).where(Order.paid_as == order.id)
        if db.session.scalar(known) is None:
            books = ", ".join(line["name"] for line in order.lines)
            db.session.add(Order(paid_as=order.id, books=books, satang=order.amount))
            db.session.commit()

    payment.order_paid.connect(send_parcel, sender=app)

    def mail_receipt(app, order, why):
        paid = receipt(order)
        if paid.email is None or db.session.get(Letter, order.id):
            return
        bought = [f"{n} x {name}: {price}" for name, n, price in paid.lines]
        how = f"{paid.paid} by {paid.paid_by}, {paid.paid_on}"
        text = "\n".join([*bought, how, paid.page])
        db.session.add(Letter(order=order.id, to=paid.email, text=text))
        db.session.commit()

    payment.order_paid.connect(mail_receipt, sender=app)
    _add_views(app)
    with app.app_context():
        db.create_all()
    return app


def _add_views(app):
    @app.get("/")
    def shelf():
        return render_template("shelf.html", books=BOOKS, basket=Basket())

    @app.post("/login")
    def login():
        # Keys that others use, too, holding things of the bookshop's own types.
        session["customer"] = {"number": 7, "name": request.form["name"]}
        session["cards"] = ["library", 2031]
        session["checkout"] = 3
        session["cart"] = {"books": [], "wish": "Persuasion"}
        return redirect(url_for("shelf"), 303)

    @app.post("/take/<any(dune, emma):sku>")
    def take(sku):
        held = [*session["cart"]["books"], [sku, 1]]
        session["cart"] = session["cart"] | {"books": held}
        return redirect(url_for("shelf"), 303)

    @app.get("/member")
    def member():
        names = ("customer", "cards", "checkout", "cart")
        return {name: session[name] for name in names}

    @app.get("/parcels")
    def parcels():
        rows = db.session.scalars(db.select(Order))
        return {one.paid_as: [one.books, one.satang] for one in rows}

    @app.get("/letters")
    def letters():
        rows = db.session.scalars(db.select(Letter))
        return {one.order: [one.to, one.text] for one in rows}
