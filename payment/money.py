"""Write money: whole numbers of the currency's smallest unit in, text out."""

import re
from decimal import Decimal

from babel.dates import format_datetime
from babel.numbers import format_currency, get_currency_precision
from flask import current_app


def money(amount, currency):
    """Write an amount of the smallest unit (satang, yen, cents) as the shop's locale does."""
    units = Decimal(amount).scaleb(-get_currency_precision(currency))
    text = format_currency(units, currency, locale=current_app.config["STORE_LOCALE"])
    # Babel leaves out CLDR's space between a code of letters and the digits.
    return re.sub(r"([A-Z])(?=\d)", "\\1\N{NO-BREAK SPACE}", text)


def clock(moment):
    """Write a moment (UTC) as the shop's locale does, with its zone named."""
    locale = current_app.config["STORE_LOCALE"]
    return format_datetime(moment, "medium", locale=locale) + " UTC"
