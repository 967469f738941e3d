"""Write and read money: whole numbers of the currency's smallest unit on our side, text outside."""

import re
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_datetime
from babel.numbers import format_currency, get_currency_precision

from .words import language, language_of, locale


def money(amount, currency):
    """Write an amount of the smallest unit (satang, yen, cents) as the shopper's locale does."""
    return _written(amount, currency, locale())


@lru_cache(maxsize=4096)
def _written(amount, currency, in_locale):
    units = Decimal(amount).scaleb(-get_currency_precision(currency))
    text = format_currency(units, currency, locale=in_locale)
    # Babel leaves out CLDR's space between a code of letters and the digits.
    text = re.sub(r"([A-Z])(?=\d)", "\\1\N{NO-BREAK SPACE}", text)
    # The yen sign of full width that CLDR gives for Japanese stands in a hole of its own.
    return text.replace("\N{FULLWIDTH YEN SIGN}", "\N{YEN SIGN}")


def plain(amount, currency):
    """Write an amount of the smallest unit as parse() reads it, with the currency's code."""
    places = get_currency_precision(currency)
    return f"{Decimal(amount).scaleb(-places):.{places}f} {currency}"


def parse(text, currency):
    """Read an amount such as 120.50 as smallest units. Raises ValueError, saying what is wrong."""
    places = get_currency_precision(currency)
    pattern = (
        rf"([0-9]{{1,12}})(?:\.([0-9]{{{places}}}))?" if places else "([0-9]{1,12})()"
    )
    match = re.fullmatch(pattern, text.removesuffix(currency).strip())
    if not match:
        example = "120.50" if places else "120"
        raise ValueError(f"{text!r} is not an amount of {currency} such as {example}.")
    return int(match[1] + (match[2] or "0" * places))


def clock(moment):
    """Write a moment (UTC) in the language of the page, with its zone named.

    Years in Thai are those of the Buddhist era, as CLDR and browsers have them; Babel counts in
    Christian ones.
    """
    known, spoken = locale(), language()
    written = known if language_of(known) == spoken else spoken
    text = format_datetime(moment, "medium", locale=written) + " UTC"
    if spoken == "th":
        text = text.replace(str(moment.year), str(moment.year + 543), 1)
    return text
