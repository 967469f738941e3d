"""Turn Omise's failure codes and error codes into what a shopper can do next.

Which detail of a card was wrong is never said: that would help whoever tests stolen cards.
"""

# Page: charges-api (failure_code); api-errors (code).
_ANOTHER = "Please use another card or another way to pay."
SENTENCES = {
    "insufficient_fund": "There was not enough money or credit for this payment. "
    + _ANOTHER,
    "insufficient_balance": "There was not enough money in the wallet. "
    "Top it up, or choose another way to pay.",
    "stolen_or_lost_card": "The bank did not accept this card. " + _ANOTHER,
    "failed_fraud_check": "The payment was not let through. " + _ANOTHER,
    "invalid_security_code": "The bank did not accept these card details. "
    "Check them and try again, or use another card.",
    "invalid_account_number": "The bank did not accept these card details. "
    "Check them and try again, or use another card.",
    "invalid_account": "The bank did not accept these card details. "
    "Check them and try again, or use another card.",
    "expired_card": "The bank did not accept this card. " + _ANOTHER,
    "payment_cancelled": "The payment was cancelled. You can try again whenever you like.",
    "payment_rejected": "The bank or wallet did not approve the payment. "
    "Try again, or choose another way to pay.",
    "timeout": "The time to confirm the payment ran out. You can try again.",
    "payment_expired": "The time to pay ran out. You can try again.",
    "failed_processing": "The payment could not be processed. "
    "Try again, or choose another way to pay.",
    # Errors of a request, after which no charge exists.
    "odd_means": "It was not clear how you wanted to pay, so nothing was charged. "
    "Please choose how to pay.",
    "used_token": "These card details were used up by an earlier try. Please enter them again.",
    "invalid_card": "The card details were not accepted. Please check them and try again.",
    "invalid_card_token": "Please enter the card details again.",
    "invalid_charge": "This amount cannot be paid this way. Please choose another way to pay.",
    "not_found": "What you chose to pay with is no longer there. Please choose again.",
    "authentication_failure": "We cannot take payments just now. Nothing was charged; "
    "please come back a little later.",
    "rate_limit": "Many people are paying right now. Nothing was charged; "
    "please try again in a minute.",
    "nothing_sent": "We could not reach the payment service, so nothing was charged. "
    "Please try again in a moment.",
    "never_used": "The payment never reached the payment service, so nothing was charged. "
    "You can try again.",
}
OTHERWISE = "The payment did not go through. Try again, or choose another way to pay."


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
