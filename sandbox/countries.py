"""What differs by the country of the account: money, limits, fees, and when a day ends.

Limits rest on currency-and-amount; the Thai fee on recorded charges. Other fees and the exchange
rates are our inference: steady numbers, not market ones.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

# In the order in which a recorded account lists its currencies.
_BAHT_PER_UNIT = {
    "THB": "1",
    "JPY": "0.23",
    "USD": "33",
    "EUR": "37",
    "GBP": "43",
    "SGD": "25",
    "AUD": "21",
    "CHF": "39",
    "CNY": "4.6",
    "DKK": "5",
    "HKD": "4.2",
    "MYR": "7.5",
}
CARD_CURRENCIES = tuple(_BAHT_PER_UNIT)


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


def round_half_up(number):
    """Round to whole smallest units, ties up, as every recorded fee was."""
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))


def fees(amount, fee_rate, vat_rate):
    """Split an amount into (net, fee, VAT on the fee), in smallest units."""
    fee = round_half_up(amount * Decimal(fee_rate) / 100)
    vat = round_half_up(fee * Decimal(vat_rate) / 100)
    return amount - fee - vat, fee, vat


def in_currency(amount, currency, wanted, rounding=ROUND_HALF_UP):
    """Change smallest units of one currency into those of another."""
    if currency == wanted:
        return amount
    baht = Decimal(amount) * Decimal(_BAHT_PER_UNIT[currency]) / units(currency)
    changed = baht / Decimal(_BAHT_PER_UNIT[wanted]) * units(wanted)
    return int(changed.quantize(Decimal(1), rounding))


def rate(base, quote):
    """Tell how many units of one currency a unit of another buys."""
    return Decimal(_BAHT_PER_UNIT[base]) / Decimal(_BAHT_PER_UNIT[quote])


def units(currency):
    """Tell how many smallest units make one; the yen has none."""
    return 1 if currency == "JPY" else 100


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
