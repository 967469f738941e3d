"""The ways to pay, as one table: what each is called, where it serves, what it asks of the shopper.

Limits are Omise's, in the smallest unit (currency-and-amount; each method's own page).
"""

from dataclasses import dataclass

# The currencies of the countries that Omise serves.
CURRENCIES = ("THB", "JPY", "SGD", "MYR")
CARD_LIMITS = {
    "THB": (2_000, 15_000_000),
    "SGD": (100, 2_000_000),
    "MYR": (100, 10_000_000),
    "JPY": (100, 6_000_000),
}


@dataclass(frozen=True)
class Method:
    """Describe one way to pay.

    `leaves`: the shopper pays on a page of the bank or wallet; the others pay from a code or
    slip that the order page shows. `picker`: its names in Omise.js's other-payment-methods.
    """

    name: str
    label: str
    leaves: bool
    asks: str
    picker: tuple
    limits: dict

    def takes(self, amount, currency):
        """Tell whether this amount in this currency can be paid this way."""
        low, high = self.limits.get(currency, (1, 0))
        return low <= amount <= high


CARD = Method(
    "card",
    "card",
    True,
    "Your bank asks you to confirm the payment on its own page.",
    ("credit_card",),
    CARD_LIMITS,
)

METHODS = (
    CARD,
    Method(
        "promptpay",
        "PromptPay",
        False,
        "Scan this code with your banking app and confirm there. This page moves on by itself.",
        ("promptpay",),
        {"THB": (2_000, 15_000_000)},
    ),
    Method(
        "truemoney",
        "TrueMoney Wallet",
        True,
        "Confirm the payment on TrueMoney's own page.",
        ("truemoney",),
        {"THB": (2_000, 10_000_000)},
    ),
    Method(
        "econtext",
        "convenience store, Pay-easy or net banking",
        False,
        "Take the payment number to the counter, or follow the instructions page. "
        "This page moves on by itself once you have paid.",
        ("convenience_store", "pay_easy", "net_banking"),
        {"JPY": (200, 49_999)},
    ),
)

_BY_NAME = {method.name: method for method in METHODS}


def offered(amount, currency):
    """List the ways in which this amount can be paid."""
    return [method for method in METHODS if method.takes(amount, currency)]


def find(name):
    """Give the method of a charge; one that is not in the table leaves for Omise's page."""
    known = _BY_NAME.get(name)
    if known:
        return known
    label = (name or "Payment").replace("_", " ").capitalize()
    return Method(name, label, True, "Confirm the payment with your provider.", (), {})
