"""Turn Omise's failure codes and error codes into what a shopper can do next.

Which detail of a card was wrong is never said: that would help whoever tests stolen cards.
"""

from .words import marked, say

# Page: charges-api (failure_code); api-errors (code). A charge that failed has taken nothing; that
# the time ran out is no such word, since the shopper may have confirmed at the last moment.
_NOT_THIS_CARD = marked(
    "The bank did not accept this card, and nothing was charged. "
    "Please use another card or another way to pay."
)
_NOT_THESE_DETAILS = marked(
    "The bank did not accept these card details, and nothing was charged. "
    "Check them and try again, or use another card."
)
SENTENCES = {
    "insufficient_fund": marked(
        "There was not enough money or credit for this payment, and nothing was charged. "
        "Please use another card or another way to pay."
    ),
    "insufficient_balance": marked(
        "There was not enough money in the wallet, and nothing was charged. "
        "Top it up, or choose another way to pay."
    ),
    "stolen_or_lost_card": _NOT_THIS_CARD,
    "failed_fraud_check": marked(
        "The payment was not let through, and nothing was charged. "
        "Please use another card or another way to pay."
    ),
    "invalid_security_code": _NOT_THESE_DETAILS,
    "invalid_account_number": _NOT_THESE_DETAILS,
    "invalid_account": _NOT_THESE_DETAILS,
    "expired_card": _NOT_THIS_CARD,
    "payment_cancelled": marked(
        "The payment was cancelled, and nothing was charged. "
        "You can try again whenever you like."
    ),
    "payment_rejected": marked(
        "The bank or wallet did not approve the payment, and nothing was charged. "
        "Try again, or choose another way to pay."
    ),
    "timeout": marked(
        "The time to confirm the payment ran out. "
        "If your bank or app shows no payment, you can try again."
    ),
    "payment_expired": marked(
        "The time to pay ran out. "
        "If your bank or app shows no payment, you can try again."
    ),
    "failed_processing": marked(
        "The payment could not be processed, and nothing was charged. "
        "Try again, or choose another way to pay."
    ),
    # Errors of a request, after which no charge exists.
    "odd_means": marked(
        "It was not clear how you wanted to pay, so nothing was charged. "
        "Please choose how to pay."
    ),
    "used_token": marked(
        "These card details were used up by an earlier try, so nothing was charged by this one. "
        "Please enter them again."
    ),
    "invalid_card": marked(
        "The card details were not accepted, and nothing was charged. "
        "Please check them and try again."
    ),
    "invalid_card_token": marked(
        "The card details could not be used, so nothing was charged. "
        "Please enter them again."
    ),
    "invalid_charge": marked(
        "This amount cannot be paid this way, so nothing was charged. "
        "Please choose another way to pay."
    ),
    "not_found": marked(
        "What you chose to pay with is no longer there, so nothing was charged. "
        "Please choose again."
    ),
    "authentication_failure": marked(
        "We cannot take payments just now. "
        "Nothing was charged; please come back a little later."
    ),
    "rate_limit": marked(
        "Many people are paying right now. "
        "Nothing was charged; please try again in a minute."
    ),
    "nothing_sent": marked(
        "We could not reach the payment service, so nothing was charged. "
        "Please try again in a moment."
    ),
    "never_used": marked(
        "The payment never reached the payment service, so nothing was charged. "
        "You can try again."
    ),
}
OTHERWISE = marked(
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
        return say(OTHERWISE)
    return say(SENTENCES.get(code or "", OTHERWISE))
