"""Transactions: the lines of the balance, which nothing changes later."""

from ..books import books
from .kind import TRANSACTION as KIND

find = KIND.find


def make(about, direction, key, amount, origin=None):
    """Write what something did to the balance, in the account's smallest unit."""
    line = KIND.begun(
        currency=about["funding_currency"],
        amount=amount,
        direction=direction,
        key=key,
        origin=origin or about["id"],
    )
    books().count("balance", amount if direction == "credit" else -amount)
    return KIND.add(line)
