"""Draw a transfer."""

from ..rules.fees import TRANSFER_FEE, TRANSFER_VAT
from . import transaction
from .recipient import BANK_ACCOUNT
from .shape import Shape

SHAPE = Shape(
    "transfer",
    "object id livemode location deleted fail_fast paid sent sendable currency amount fee metadata"
    " recipient bank_account failure_code failure_message paid_at sent_at balance_hold_at"
    " created_at transactions schedule fee_vat net total_fee split_transfer_group_id",
    "object id livemode location recipient bank_account fail_fast sent paid amount fee currency"
    " metadata failure_code failure_message transaction sent_at paid_at created_at>created",
)


def draw(facts, sight):
    """Draw a transfer with the bank account that it goes to."""
    bank = sight.find("recipient", facts["recipient"])["bank_account"]
    # A transfer of an older sandbox's books has left the balance without a word.
    moves = facts.get("transactions", ())
    lines = [sight.find("transaction", each) for each in moves]
    whole_fee = TRANSFER_FEE + TRANSFER_VAT
    return SHAPE.drawn(
        facts,
        location=sight.path(f"/transfers/{facts['id']}"),
        sendable=not (facts["sent"] or facts.get("failure_code")),
        fee=TRANSFER_FEE,
        fee_vat=TRANSFER_VAT,
        total_fee=whole_fee,
        net=facts["amount"] - whole_fee,
        bank_account=BANK_ACCOUNT.drawn(bank),
        transactions=[transaction.draw(each, sight) for each in lines],
    )
