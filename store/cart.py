"""Keep what a shopper picked out, as {sku: quantity} in the signed session.

Only skus and counts are kept there: names and prices are read from the catalogue each time, so that
nothing a browser sends or stores can set a price.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision
from flask import current_app, session

from store.catalogue import product, products
from store.languages import locale

MAX_QUANTITY = 99


class CartError(ValueError):
    """Refuse a change to the cart, with a sentence for the shopper; the cart stays as it was."""


@dataclass(frozen=True)
class Line:
    """Name one product in the cart and what it comes to; amounts in the smallest unit."""

    sku: str
    name: str
    quantity: int
    unit_amount: int
    amount: int
    picture: str


@dataclass(frozen=True)
class Price:
    """Hold an amount of the smallest unit until a template writes it."""

    amount: int

    def __str__(self):
        """Write it as the page's locale does, like ฿1,290.00 or ￥5,800."""
        currency = current_app.config["STORE_CURRENCY"]
        units = Decimal(self.amount).scaleb(-get_currency_precision(currency))
        text = format_currency(units, currency, locale=locale())
        # Babel leaves out CLDR's space between a code of letters and the digits.
        return re.sub(r"([A-Z])(?=\d)", "\\1\N{NO-BREAK SPACE}", text)


class Cart:
    """Add up and change what is in this shopper's session."""

    @property
    def currency(self):
        """Name the currency that every price is in."""
        return current_app.config["STORE_CURRENCY"]

    def lines(self):
        """List what is in the cart, in the order of the shelf."""
        kept = self.items()
        return [_line(item, kept[item.sku]) for item in products() if item.sku in kept]

    def total(self):
        """Add up the cart, in the smallest unit of the shop's currency."""
        return sum(line.amount for line in self.lines())

    def count(self):
        """Count the pieces in the cart, for the badge beside its link."""
        return sum(self.items().values())

    def items(self):
        """Give the cart as plain {sku: quantity}, fit for a charge's metadata.

        A session may outlive a catalogue: what is no longer sold, or is no count, is left out.
        """
        kept = session.get("cart")
        if not isinstance(kept, dict):
            return {}
        return {sku: n for sku, n in kept.items() if product(sku) and _is_count(n)}

    def add(self, sku, quantity=1):
        """Put in so many more of a product."""
        sku, more = _sold(sku), _count(quantity)
        wanted = self.items().get(sku, 0) + more
        if wanted > MAX_QUANTITY:
            raise CartError(f"A basket holds up to {MAX_QUANTITY} of one thing.")
        self._keep(sku, wanted)

    def change(self, sku, quantity):
        """Set how many of a product in the cart the shopper wants.

        What has left the cart meanwhile, since it was ordered in another tab, does not come back
        so.
        """
        if _sold(sku) not in self.items():
            raise CartError("That is not in your basket any more.")
        self._keep(sku, _count(quantity))

    def remove(self, sku):
        """Take a product out; quietly, if another tab took it out before."""
        kept = self.items()
        kept.pop(_sold(sku), None)
        session["cart"] = kept

    def take_out(self, lines):
        """Take out what an order has bought; what was added since stays."""
        kept = self.items()
        for line in lines:
            left = kept.get(line["sku"], 0) - line["quantity"]
            kept.pop(line["sku"], None)
            if left > 0:
                kept[line["sku"]] = left
        session["cart"] = kept

    def empty(self):
        """Take everything out, once an order is placed or the shopper starts afresh."""
        session.pop("cart", None)

    def _keep(self, sku, quantity):
        session["cart"] = self.items() | {sku: quantity}


def _line(item, quantity):
    unit_amount = item.prices[current_app.config["STORE_CURRENCY"]]
    amount = unit_amount * quantity
    return Line(item.sku, item.name, quantity, unit_amount, amount, item.picture)


def _sold(sku):
    if product(sku) is None:
        raise CartError("We do not sell that. All we have is on the shelf.")
    return sku


def _count(quantity):
    # Not int(): it also takes " 1", "1_0" and the digits of other scripts.
    if isinstance(quantity, str) and re.fullmatch("[0-9]{1,3}", quantity):
        quantity = int(quantity)
    if not _is_count(quantity):
        raise CartError(f"Please choose a whole number from 1 to {MAX_QUANTITY}.")
    return quantity


def _is_count(value):
    return type(value) is int and 1 <= value <= MAX_QUANTITY
