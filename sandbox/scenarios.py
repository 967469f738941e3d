"""Name what each test card stands for, as Omise's api-testing page does.

Also what a failure is called in words, and how a number tells its brand.
"""

FAILURE_MESSAGES = {
    "failed_fraud_check": "failed fraud check",
    "failed_processing": "failed processing",
    "insufficient_balance": "insufficient balance in the account",
    "insufficient_fund": (
        "insufficient funds in the account or the card has reached the credit limit"
    ),
    "invalid_account_number": "the account number is invalid",
    "invalid_account": "the account is invalid",
    "invalid_security_code": "the security code is invalid",
    "payment_cancelled": "payment cancelled",
    "payment_rejected": "payment rejected",
    "stolen_or_lost_card": "card is stolen or lost",
    "timeout": "payer did not act before expiration",
    "payment_expired": "payment expired",
    "expired_card": "card is expired",
}

ENROLMENT_FAILS = "three_d_secure_enrolment_fails"
VALIDATION_FAILS = "three_d_secure_validation_fails"

_CARDS = {
    "insufficient_fund": (
        "4111111111140011 5555551111110011 3530111111190011 6250947000000014"
    ),
    "stolen_or_lost_card": (
        "4111111111130012 5555551111100012 3530111111180012 6250947000000022"
    ),
    "failed_processing": (
        "4111111111120013 5555551111190013 3530111111170013 377138160000009"
        " 6447032400001111005 36021042111108 6250947000000030"
    ),
    "payment_rejected": (
        "4111111111110014 5555551111180014 3530111111160014 6250947000000048"
    ),
    "failed_fraud_check": (
        "4111111111190016 5555551111160016 3530111111140016 6250947000000055"
    ),
    "invalid_account_number": (
        "4111111111180017 5555551111150017 3530111111130017 6250947000000063"
    ),
    "invalid_security_code": "4111111111160001 5555551111130001 3530111111110001",
    ENROLMENT_FAILS: "4111111111150002 5555551111120002 3530111111100002",
    VALIDATION_FAILS: "4111111111140003 5555551111110003 3530111111190003",
}
_SCENARIO_OF = {
    number: scenario for scenario, row in _CARDS.items() for number in row.split()
}

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


def scenario_of(number):
    """Tell which failure a test card stands for; None for a card that works."""
    return _SCENARIO_OF.get(number)


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


def failure_of(scenario, three_d_secure):
    """Tell the failure_code that a charge of such a card ends with, if any."""
    if scenario in (ENROLMENT_FAILS, VALIDATION_FAILS):
        return "payment_rejected" if three_d_secure else None
    return scenario
