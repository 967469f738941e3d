"""Draw a transfer."""

from ..rules.fees import TRANSFER_FEE
from .recipient import BANK_ACCOUNT
from .shape import Shape

SHAPE = Shape(
    "transfer",
    "object id livemode location deleted fail_fast paid sent sendable currency amount fee metadata"
    " recipient bank_account failure_code failure_message paid_at sent_at balance_hold_at"
    " created_at transactions schedule fee_vat net total_fee split_transfer_group_id",
    "object id livemode location recipient bank_account sent paid amount fee currency metadata"
    " failure_code failure_message transaction created_at>created",
)
# What transfers go to while nobody is named: the account's own bank.
_OWN_BANK = {"brand": "test", "last_digits": "6789", "name": "DEFAULT BANK ACCOUNT"}


def draw(facts, sight):
    """Draw a transfer with the bank account that it goes to."""
    bank = {**_OWN_BANK, "created_at": sight.settings["opened_at"]}
    if facts["recipient"]:
        bank = sight.find("recipient", facts["recipient"])["bank_account"]
    return SHAPE.drawn(
        facts,
        location=sight.path(f"/transfers/{facts['id']}"),
        sendable=not (facts["sent"] or facts.get("failure_code")),
        fee=TRANSFER_FEE,
        # That the fee bears no VAT of its own is our inference.
        fee_vat=0,
        total_fee=TRANSFER_FEE,
        net=facts["amount"] - TRANSFER_FEE,
        bank_account=BANK_ACCOUNT.drawn(bank),
        transactions=[],
    )
