"""Work out fees, and change money: all in smallest units, and in Decimal until it is rounded.

The exchange rates are our inference: steady numbers, not market ones.
"""

from decimal import ROUND_HALF_UP, Decimal

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
# What a transfer costs, in the smallest unit of the account's currency: 30 in all, VAT of 7% in it.
TRANSFER_FEE, TRANSFER_VAT = 2804, 196


def round_half_up(number):
    """Round to whole smallest units, ties up, as every recorded fee was."""
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))


def split(amount, fee_rate, vat_rate):
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
