"""Draw a charge; how it stands is worked out in ``rules/standing.py``."""

from ..rules import standing
from . import card, dispute, refund, source
from .shape import Shape, list_of

SHAPE = Shape(
    "charge",
    "object id location amount authorization_type authorized_amount captured_amount"
    " acquirer_reference_number net fee fee_vat interest interest_vat funding_amount"
    " refunded_amount transaction_fees platform_fee currency funding_currency ip refunds link"
    " description metadata missing_3ds_fields card source schedule linked_account customer dispute"
    " transaction failure_code failure_message merchant_advice merchant_advice_code status"
    " authorize_uri return_uri created_at paid_at authorized_at expires_at expired_at reversed_at"
    " multi_capture zero_interest_installments branch terminal device authorized capturable"
    " capture disputable livemode refundable partially_refundable reversed reversible voided paid"
    " expired can_perform_void approval_code",
    "object id livemode location amount currency description metadata status capture authorized"
    " reversed paid transaction refunded_amount>refunded refunds return_uri reference"
    " authorize_uri failure_code failure_message card customer ip dispute created_at>created"
    " source",
)


def draw(facts, sight):
    """Draw a charge with its means, its refunds and how it stands."""
    location = f"/charges/{facts['id']}"
    refunded = sight.below(facts["id"], "refund") if facts["refunded_amount"] else []
    refunds = [refund.draw(each, sight) for each in refunded]
    return SHAPE.drawn(
        facts,
        without=standing.left_out(facts),
        location=sight.path(location),
        refunds=list_of(sight, f"{location}/refunds", refunds),
        authorize_uri=_authorize_uri(facts, sight),
        card=card.draw(facts["card"], sight) if facts["card"] else None,
        source=_source_of(facts, sight),
        dispute=_dispute_of(facts, sight),
        **standing.money(facts),
        **standing.of(facts, sight.now, sight.country),
    )


def _source_of(facts, sight):
    """Draw the source that was charged, with its codes."""
    if not facts["source"]:
        return None
    return source.draw(sight.find("source", facts["source"]), sight, charged=facts)


def _dispute_of(facts, sight):
    """Draw the dispute about a charge, whole as openapi.yml says."""
    disputed = facts.get("dispute")
    return dispute.draw(sight.find("dispute", disputed), sight) if disputed else None


def _authorize_uri(facts, sight):
    """Address the authorise page, when the charge has one; only a waiting bank's has no tail."""
    payment = facts["payment"]
    if not facts["has_page"]:
        return None
    if payment.startswith("ofsp_"):
        return sight.address(f"offsites/{payment}/pay?acs=false")
    asks = payment.startswith("paym_") and facts["status"] == "pending"
    tail = "" if asks else "?acs=false"
    return sight.address(f"payments/{payment}/authorize{tail}")
