"""Check a card as Omise does: its number, expiry and holder, in the recorded words and order.

Messages rest on tokens-api and on what the SDKs' tests recorded.
"""

from . import values

ADDRESS = (
    *("street1", "street2", "city", "state"),
    *("phone_number", "postal_code", "country"),
)

# (brand, first and last prefix of a range, lengths)
_RANGES = (
    ("Visa", 4, 4, (13, 16, 19)),
    ("MasterCard", 51, 55, (16,)),
    ("MasterCard", 2221, 2720, (16,)),
    ("JCB", 3528, 3589, (16, 17, 18, 19)),
    ("American Express", 34, 34, (15,)),
    ("American Express", 37, 37, (15,)),
    ("Discover", 6011, 6011, (16, 17, 18, 19)),
    ("Discover", 644, 649, (16, 17, 18, 19)),
    ("Discover", 65, 65, (16, 17, 18, 19)),
    ("Diners Club", 300, 305, (14, 16, 19)),
    ("Diners Club", 36, 36, (14, 16, 19)),
    ("Diners Club", 38, 39, (14, 16, 19)),
    ("UnionPay", 62, 62, (16, 17, 18, 19)),
    ("UnionPay", 81, 81, (16, 17, 18, 19)),
    ("Maestro", 6759, 6763, (12, 13, 14, 15, 16, 17, 18, 19)),
)


def brand_and_lengths(number):
    """Tell the brand by the number's beginning, and how long such numbers are."""
    for brand, first, last, lengths in _RANGES:
        start = number[: len(str(first))]
        if start.isdigit() and first <= int(start) <= last:
            return brand, lengths
    return None, ()


def passes_luhn(number):
    """Check the last digit of a card number."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def holder_problems(name, given_month, month, year, today):
    """Say what is wrong with name and expiry, in the recorded order."""
    return [
        *_month_problems(given_month, month),
        *([] if name else ["name can't be blank"]),
        *_date_problems(given_month, month, year, today),
    ]


def _month_problems(given, month):
    """Say what is wrong with the month alone."""
    problems = [] if values.text(given) else ["expiration month can't be blank"]
    if month is None or not 1 <= month <= 12:
        problems.append("expiration month is not between 1 and 12")
    return problems


def _date_problems(given_month, month, year, today):
    """Say what is wrong with the year and with the two together."""
    problems = [] if year else ["expiration year is invalid"]
    month_is_good = month is not None and 1 <= month <= 12
    if values.text(given_month) and not month_is_good:
        problems.append("expiration date is invalid")
    if month_is_good and year and (year, month) < (today.year, today.month):
        problems.append("expiration date cannot be in the past")
    return problems


def full_year(year):
    """Read YY or YYYY; None for anything else."""
    if year is None or not (0 < year < 100 or 1900 <= year < 2200):
        return None
    return year + 2000 if year < 100 else year


def number_problems(number):
    """Say what is wrong with a card number."""
    brand, lengths = brand_and_lengths(number)
    problems = [] if brand else ["brand not supported (unknown)"]
    if not number:
        return ["number can't be blank", *problems]
    digits = number.isascii() and number.isdigit()
    fits = not brand or len(number) in lengths
    if not (digits and fits and len(number) >= 12 and passes_luhn(number)):
        return ["number is invalid", *problems]
    return problems
