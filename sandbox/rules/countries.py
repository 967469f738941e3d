"""What differs by the country of the account: money, limits, fee rates, and when a day ends.

Limits rest on currency-and-amount; the Thai fee on recorded charges. Other fees are our inference.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING

from .fees import CARD_CURRENCIES, in_currency


@dataclass(frozen=True)
class Country:
    """Hold the rules of one country; amounts in the smallest unit of its currency."""

    currency: str
    smallest: int
    largest: int
    fee_rate: str
    vat_rate: str
    hours_ahead: int
    authorisation_days: int
    installment_smallest: int | None


COUNTRIES = {
    "TH": Country("THB", 2000, 15_000_000, "3.65", "7.0", 7, 7, 200_000),
    "JP": Country("JPY", 100, 6_000_000, "3.65", "10.0", 9, 30, None),
    "SG": Country("SGD", 100, 2_000_000, "3.4", "9.0", 8, 7, None),
    "MY": Country("MYR", 100, 10_000_000, "3.0", "8.0", 8, 7, 50_000),
}


def amount_problems(amount, currency, country):
    """List what is wrong with a charge's currency and amount, in Omise's words and order."""
    problems = []
    if currency not in CARD_CURRENCIES:
        problems.append("currency is currently not supported")
    if amount is None:
        problems.append("amount is not a number")
    if problems:
        return problems
    rules = COUNTRIES[country]
    subunits = f"({currency.lower()} subunits)"
    low = in_currency(rules.smallest, rules.currency, currency, ROUND_CEILING)
    high = in_currency(rules.largest, rules.currency, currency)
    if amount < low:
        return [f"amount must be greater than or equal to {low} {subunits}"]
    if amount > high:
        return [f"amount must be less than or equal to {high} {subunits}"]
    return []
