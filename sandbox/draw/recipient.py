"""Draw a recipient, and the bank account that transfers go to."""

from .shape import Shape

SHAPE = Shape(
    "recipient",
    "object id livemode location deleted bank_account active default verified description email"
    " failure_code name tax_id type created_at schedule metadata verified_at activated_at",
    "object id livemode location verified active name email description type tax_id bank_account"
    " failure_code created_at>created",
)
BANK_ACCOUNT = Shape(
    "bank_account",
    "object livemode last_digits account_number name type created_at brand bank_code branch_code",
    "object brand last_digits account_number>number name created_at>created",
)


def draw(facts, sight):
    """Draw a recipient with the bank account."""
    return SHAPE.drawn(
        facts,
        location=sight.path(f"/recipients/{facts['id']}"),
        bank_account=BANK_ACCOUNT.drawn(facts["bank_account"]),
    )
