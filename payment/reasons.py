"""Turn Omise's failure codes and error codes into what a shopper can do next.

Which detail of a card was wrong is never said: that would help whoever tests stolen cards.
"""

# Page: charges-api (failure_code); api-errors (code). A charge that failed has taken nothing; that
# the time ran out is no such word, since the shopper may have confirmed at the last moment.
_DETAILS = (
    "The bank did not accept these card details, and nothing was charged. "
    "Check them and try again, or use another card."
)
_CARD = (
    "The bank did not accept this card, and nothing was charged. "
    "Please use another card or another way to pay."
)
SENTENCES = {
    "insufficient_fund": "There was not enough money or credit for this payment, and nothing was "
    "charged. Please use another card or another way to pay.",
    "insufficient_balance": "There was not enough money in the wallet, and nothing was charged. "
    "Top it up, or choose another way to pay.",
    "stolen_or_lost_card": _CARD,
    "failed_fraud_check": "The payment was not let through, and nothing was charged. "
    "Please use another card or another way to pay.",
    "invalid_security_code": _DETAILS,
    "invalid_account_number": _DETAILS,
    "invalid_account": _DETAILS,
    "expired_card": _CARD,
    "payment_cancelled": "The payment was cancelled, and nothing was charged. "
    "You can try again whenever you like.",
    "payment_rejected": "The bank or wallet did not approve the payment, and nothing was charged. "
    "Try again, or choose another way to pay.",
    "timeout": "The time to confirm the payment ran out. "
    "If your bank or app shows no payment, you can try again.",
    "payment_expired": "The time to pay ran out. "
    "If your bank or app shows no payment, you can try again.",
    "failed_processing": "The payment could not be processed, and nothing was charged. "
    "Try again, or choose another way to pay.",
    # Errors of a request, after which no charge exists.
    "odd_means": "It was not clear how you wanted to pay, so nothing was charged. "
    "Please choose how to pay.",
    "used_token": "These card details were used up by an earlier try, so nothing was charged by "
    "this one. Please enter them again.",
    "invalid_card": "The card details were not accepted, and nothing was charged. "
    "Please check them and try again.",
    "invalid_card_token": "The card details could not be used, so nothing was charged. "
    "Please enter them again.",
    "invalid_charge": "This amount cannot be paid this way, so nothing was charged. "
    "Please choose another way to pay.",
    "not_found": "What you chose to pay with is no longer there, so nothing was charged. "
    "Please choose again.",
    "authentication_failure": "We cannot take payments just now. Nothing was charged; "
    "please come back a little later.",
    "rate_limit": "Many people are paying right now. Nothing was charged; "
    "please try again in a minute.",
    "nothing_sent": "We could not reach the payment service, so nothing was charged. "
    "Please try again in a moment.",
    "never_used": "The payment never reached the payment service, so nothing was charged. "
    "You can try again.",
}
OTHERWISE = (
    "The payment did not go through, and nothing was charged. "
    "Try again, or choose another way to pay."
)


# What a bank says of a card: told once, and then no more.
OF_THE_BANK = (
    "insufficient_fund",
    "stolen_or_lost_card",
    "failed_fraud_check",
    "invalid_security_code",
    "invalid_account_number",
    "invalid_account",
    "expired_card",
    "payment_rejected",
    "failed_processing",
)


def explain(code: str | None, in_detail: bool = True) -> str:
    """Say what a failure code means for the shopper; of cards only what may be told."""
    if code in OF_THE_BANK and not in_detail:
        return OTHERWISE
    return SENTENCES.get(code or "", OTHERWISE)
