"""Name what each test card stands for, as api-testing does, and each failure in words."""

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


def scenario_of(number):
    """Tell which failure a test card stands for; None for a card that works."""
    return _SCENARIO_OF.get(number)


def failure_of(scenario):
    """Tell the failure_code that a charge of such a card ends with, if any.

    That enrolment fails before a bank's page is shown is our inference.
    """
    if scenario in (ENROLMENT_FAILS, VALIDATION_FAILS):
        return "payment_rejected"
    return scenario
