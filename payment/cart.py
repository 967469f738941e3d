"""What payments need of a host's cart, and nothing more."""

import inspect
from collections.abc import Iterator
from typing import Any, Protocol

from flask import current_app

from . import fields
from .methods import CURRENCIES
from .settings import SettingError


class Line(Protocol):
    """One thing that is bought; `amount` is for the whole line, in the smallest unit.

    A line may have `picture_url` too, the address of a square picture of it, for the checkout.
    """

    sku: str
    name: str
    quantity: int
    amount: int


class Cart(Protocol):
    """The basket of the shopper who is asking; made without arguments, inside a request.

    `total()` is what is charged, in the smallest unit of `currency` (satang, yen, cents): it may
    hold more than the lines add up to (shipping, tax) or less (a coupon).

    A cart may have `take_out(lines)` too: it is called with an order's lines (`sku`, `quantity`
    ...) when they are paid while the cart holds other things, and takes so many of each out. It may
    have `sold_out_of(lines)`, which names what of an order's lines is not for sale any more: an
    order that is in the book is paid without a cart, so it is asked before that is tried again. And
    it may have `email`, an address of the shopper's that the host knows, and `url`, the address of
    the page where the shopper changes what is in it; either may be None.
    """

    @property
    def currency(self) -> str:
        """Name the currency of every price: THB, JPY, SGD or MYR."""

    def lines(self) -> list[Any]:
        """List what is bought; empty when there is nothing to pay."""

    def total(self) -> int:
        """Say what the basket comes to."""

    def empty(self) -> None:
        """Take everything out, once its order may be paid."""


_METHODS = ("lines", "total", "empty")
_OF_A_LINE = ("sku", "name", "quantity", "amount")
# The most that the order book can hold (64 bits); Omise takes far less.
_MOST = 2**63 - 1


def check(cart: Any) -> None:
    """Refuse a cart class that cannot be used, at the start. Raises SettingError."""
    wrong = _what_is_wrong(cart)
    if wrong:
        raise SettingError(
            f"The cart {getattr(cart, '__name__', repr(cart))} that payment.init_app was given "
            f"{wrong} (payment/cart.py says what each must do)."
        )


def _what_is_wrong(cart: Any) -> str | None:
    if not isinstance(cart, type) or not _is_made_without_arguments(cart):
        return "must be a class that is made without arguments"
    missing = [name for name in (*_METHODS, "currency") if not hasattr(cart, name)]
    if missing:
        return f"lacks {', '.join(missing)}"
    uncalled = [name for name in _METHODS if not callable(getattr(cart, name))]
    if uncalled:
        return f"must have {', '.join(uncalled)} as a method"
    if callable(cart.currency):  # type: ignore[attr-defined]
        return "must have currency as an attribute or a property, not as a method"
    return None


def _is_made_without_arguments(cart: type) -> bool:
    try:
        inspect.signature(cart).bind()
    except TypeError:
        return False
    except ValueError:  # what is not written in Python says nothing of its arguments
        pass
    return True


class CartRefused(TypeError):
    """Raised when a host's cart holds what cannot be charged: the host's mistake, in words."""


class Basket:
    """What a cart held at one moment, read once and checked."""

    def __init__(self, cart: Any) -> None:
        self._cart = cart
        lines = list(_listed(cart.lines()))
        self.lines = [_plain(line) for line in lines]
        self.pictures = _pictures(lines)
        self.url = getattr(cart, "url", None)
        self.total = _sum(cart.total(), "total()")
        self.currency = cart.currency
        self.email = _email(getattr(cart, "email", None))
        if self.currency not in CURRENCIES:
            raise CartRefused(
                f"The cart's currency must be one of {', '.join(CURRENCIES)}, "
                f"not {self.currency!r}."
            )

    def as_order(self) -> dict[str, Any]:
        """Give it as an order keeps it."""
        return {
            "lines": self.lines,
            "amount": self.total,
            "currency": self.currency,
            "email": self.email,
        }

    def as_shown(self) -> dict[str, Any]:
        """Give what is to be paid, as a page shows it."""
        return {**self.as_order(), "pictures": self.pictures, "url": self.url}

    def empty(self) -> None:
        """Take everything out of the shopper's cart."""
        self._cart.empty()

    def take_out(self, lines: list[dict[str, Any]]) -> None:
        """Take the lines of an order out of it, where the host's cart can."""
        if hasattr(self._cart, "take_out"):
            self._cart.take_out(lines)


def basket() -> Basket:
    """Read the cart of the shopper who is asking. Raises CartRefused."""
    return Basket(current_app.extensions["payment"].cart())


def sold_out_of(lines: list[dict[str, Any]]) -> list[str]:
    """Name what of an order's lines is not for sale any more, where the host's cart can tell."""
    cart = current_app.extensions["payment"].cart()
    if not hasattr(cart, "sold_out_of"):
        return []
    return [str(name) for name in cart.sold_out_of(lines)]


def _listed(lines: Any) -> Iterator[Any]:
    try:
        return iter(lines)
    except TypeError as error:
        raise CartRefused(
            "The cart's lines() must return a list, an empty one when there is nothing to pay, "
            f"not {lines!r}."
        ) from error


def _plain(line: Any) -> dict[str, Any]:
    """Give a line as the order book keeps it."""
    missing = [name for name in _OF_A_LINE if not hasattr(line, name)]
    if missing:
        raise CartRefused(
            f"A line of the cart must have {', '.join(_OF_A_LINE)} as attributes; "
            f"{line!r} lacks {', '.join(missing)}."
        )
    unnamed = [name for name in ("sku", "name") if getattr(line, name) is None]
    if unnamed:
        raise CartRefused(
            f"A line of the cart must have a text as its {' and '.join(unnamed)}, and {line!r} has "
            "None."
        )
    return {
        "sku": str(line.sku),
        "name": str(line.name),
        "quantity": _count(line.quantity),
        "amount": _sum(line.amount, "amount of a line"),
    }


def _pictures(lines: list[Any]) -> dict[str, str]:
    """Give the addresses of the goods' pictures by sku, of those that have one."""
    found = {str(line.sku): getattr(line, "picture_url", None) for line in lines}
    return {sku: str(url) for sku, url in found.items() if url}


def _email(address: Any) -> str | None:
    """Take an address that can be kept with an order; what is none is not worth a lost sale."""
    if isinstance(address, str) and fields.is_email(address):
        return address.lower()
    return None


def _count(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= _MOST:
        raise CartRefused(
            "The quantity of a line of the cart must be a whole number of 1 or more (an int), "
            f"not {value!r}."
        )
    return value


def _sum(value: Any, what: str) -> int:
    if type(value) is not int or value < 0:
        raise CartRefused(
            f"The cart's {what} must be a whole number of the smallest unit (an int), "
            f"not {value!r}."
        )
    if value > _MOST:
        raise CartRefused(
            f"The cart's {what} is more than the order book can hold: {value!r}."
        )
    return value
