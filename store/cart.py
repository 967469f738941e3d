"""Keep what a shopper picked out, as {sku: quantity} in the signed session.

Only skus and counts are kept there: names and prices are read from the catalogue each time, so that
nothing a browser sends or stores can set a price.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision
from flask import current_app, session, url_for
from flask_babel import gettext as _

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

    @property
    def picture_url(self):
        """Give the address of its picture, for the checkout."""
        return url_for("store.static", filename=self.picture)


@dataclass(frozen=True)
class Price:
    """Hold an amount of the smallest unit until a template writes it."""

    amount: int

    def __str__(self):
        """Write it as the page's locale does, like ฿1,290.00 or ¥5,800."""
        return _written(self.amount, current_app.config["STORE_CURRENCY"], locale())


@lru_cache(maxsize=4096)
def _written(amount, currency, in_locale):
    units = Decimal(amount).scaleb(-get_currency_precision(currency))
    text = format_currency(units, currency, locale=in_locale)
    # Babel leaves out CLDR's space between a code of letters and the digits.
    text = re.sub(r"([A-Z])(?=\d)", "\\1\N{NO-BREAK SPACE}", text)
    # The yen sign of full width that CLDR gives for Japanese stands in a hole of its own.
    return text.replace("\N{FULLWIDTH YEN SIGN}", "\N{YEN SIGN}")


class Cart:
    """Add up and change what is in this shopper's session."""

    @property
    def currency(self):
        """Name the currency that every price is in."""
        return current_app.config["STORE_CURRENCY"]

    @property
    def url(self):
        """Give the address of the page where the shopper changes it."""
        return url_for("store.cart")

    def lines(self):
        """List what is in the cart, in the order of the shelf."""
        kept, told = self.items(), (self.currency, locale())
        return [
            _line(item, kept[item.sku], *told)
            for item in products()
            if item.sku in kept
        ]

    def total(self):
        """Add up the cart, in the smallest unit of the shop's currency."""
        return sum(line.amount for line in self.lines())

    def count(self):
        """Count the pieces in the cart, for the badge beside its link."""
        return sum(self.items().values())

    def items(self):
        """Give the cart as plain {sku: quantity}, fit for a charge's metadata.

        A session may outlive a catalogue: what is no longer sold, is sold out, or is no count, is
        left out. So a payment of it is refused, since its page showed another total.
        """
        return {sku: n for sku, n in _kept("cart").items() if not product(sku).sold_out}

    def sold_out(self):
        """List what was picked out and has sold out since; the next change drops it."""
        return [item for item in map(product, _kept("cart")) if item.sold_out]

    def add(self, sku, quantity=1):
        """Put in so many more of a product."""
        item, more = _sold(sku), _count(quantity)
        if item.sold_out:
            raise CartError(
                _("%(name)s is sold out. Your basket is as it was.", name=item.name)
            )
        wanted = self.items().get(sku, 0) + more
        if wanted > MAX_QUANTITY:
            raise CartError(
                _("A basket holds up to %(most)d of one thing.", most=MAX_QUANTITY)
            )
        session["cart"] = self.items() | {sku: wanted}

    def change(self, wanted):
        """Set how many of each product in the cart the shopper wants; all, or none if one is
        refused.

        What has left the cart meanwhile, since it was ordered in another tab, does not come back
        so.
        """
        kept = self.items()
        for sku, quantity in wanted.items():
            if _sold(sku).sku not in kept:
                raise CartError(_("That is not in your basket any more."))
            kept[sku] = _count(quantity)
        session["cart"] = kept

    def remove(self, sku):
        """Take a product out; quietly, if another tab took it out before."""
        kept = self.items()
        out = {sku: kept.pop(_sold(sku).sku, 0)}
        session["cart"] = kept
        session["removed"] = out if out[sku] else {}

    def clear(self):
        """Take everything out because the shopper starts afresh."""
        session["removed"] = self.items()
        session.pop("cart", None)

    def put_back(self):
        """Put in again what the shopper took out last, and tell how many things that were."""
        back = _kept("removed")
        session.pop("removed", None)
        kept = self.items()
        for sku, quantity in back.items():
            kept[sku] = min(kept.get(sku, 0) + quantity, MAX_QUANTITY)
        session["cart"] = kept
        return len(back)

    def take_out(self, lines):
        """Take out what an order has bought; what was added since stays."""
        kept = self.items()
        for line in lines:
            left = kept.get(line["sku"], 0) - line["quantity"]
            kept.pop(line["sku"], None)
            if left > 0:
                kept[line["sku"]] = left
        session["cart"] = kept
        session.pop("removed", None)

    def sold_out_of(self, lines):
        """Name what of an order cannot be had any more, before it is paid after all."""
        goods = [(product(line["sku"]), line["name"]) for line in lines]
        return [
            str(item.name if item else name)
            for item, name in goods
            if item is None or item.sold_out
        ]

    def empty(self):
        """Take everything out, once an order is placed; nothing of it can be put back."""
        session.pop("cart", None)
        session.pop("removed", None)


def _kept(key):
    """Read {sku: quantity} from the session, without what is not sold or is no count."""
    kept = session.get(key)
    if not isinstance(kept, dict):
        return {}
    return {sku: n for sku, n in kept.items() if product(sku) and _is_count(n)}


@lru_cache(maxsize=4096)
def _line(item, quantity, currency, in_locale):
    """Give a line, whose name is said in the page's locale."""
    unit_amount = item.prices[currency]
    amount = unit_amount * quantity
    return Line(item.sku, str(item.name), quantity, unit_amount, amount, item.picture)


def _sold(sku):
    item = product(sku)
    if item is None:
        raise CartError(_("We do not sell that. All we have is on the shelf."))
    return item


def _count(quantity):
    # Not int(): it also takes " 1", "1_0" and the digits of other scripts.
    if isinstance(quantity, str) and re.fullmatch("[0-9]{1,3}", quantity):
        quantity = int(quantity)
    if not _is_count(quantity):
        raise CartError(
            _("Please choose a whole number from 1 to %(most)d.", most=MAX_QUANTITY)
        )
    return quantity


def _is_count(value):
    return type(value) is int and 1 <= value <= MAX_QUANTITY
