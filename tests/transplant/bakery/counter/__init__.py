"""The counter of the bakery: what is baked, what is in the bag, and what bringing it costs."""

from typing import NamedTuple

from flask import Blueprint, redirect, render_template, session, url_for

BREADS = {"rye": 180_00, "brioche": 220_00}
DELIVERY = 45_00

counter = Blueprint(
    "counter",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/counter",
)


class Line(NamedTuple):
    """A bread in the bag."""

    sku: str
    name: str
    quantity: int
    amount: int


class Basket:
    """The bag, brought to the door: the total is more than its breads."""

    currency = "THB"

    def lines(self):
        """List the breads."""
        bag = session.get("bag", [])
        return [
            Line(sku, sku, bag.count(sku), bag.count(sku) * BREADS[sku])
            for sku in sorted({*bag})
        ]

    def total(self):
        """Add up breads and delivery."""
        breads = sum(line.amount for line in self.lines())
        return breads + DELIVERY if breads else 0

    def empty(self):
        """Hand the bag over."""
        session.pop("bag", None)


@counter.get("/")
def shelf():
    """Show what is baked today."""
    return render_template("counter/shelf.html", breads=BREADS, basket=Basket())


@counter.post("/add/<any(rye, brioche):sku>")
def add(sku):
    """Put one into the bag."""
    session["bag"] = [*session.get("bag", []), sku]
    return redirect(url_for(".shelf"), 303)
