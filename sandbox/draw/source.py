"""Draw a source."""

from ..rules.methods import METHODS
from . import codes
from .shape import Shape

SHAPE = Shape(
    "source",
    "object id livemode location amount barcode bank created_at currency email flow"
    " installment_term ip absorption_type name mobile_number phone_number platform_type"
    " scannable_code qr_settings billing shipping items references provider_references store_id"
    " store_name terminal_id type zero_interest_installments charge_status receipt_amount"
    " discounts promotion_code supplier_id",
    # The last two are our inference, shown when filled: without them no QR could be drawn.
    "object id type flow amount currency scannable_code references",
    when_filled=("scannable_code", "references"),
)


def draw(facts, sight, charged=None):
    """Draw a source; codes to scan and references exist only once it has been charged."""
    charged = charged or sight.charge_of(facts)
    asked = facts["asked"]
    # Recorded on PromptPay only, and absent from the answers for other types.
    newest = facts["type"] == "promptpay" or "supplier_id" in asked
    return SHAPE.drawn(
        {**asked, **facts},
        without=() if newest else ("supplier_id",),
        location=sight.path(f"/sources/{facts['id']}"),
        flow=METHODS[facts["type"]].flow,
        mobile_number=asked["phone_number"],
        scannable_code=codes.scannable_code(charged, sight),
        references=codes.references(charged, sight),
        provider_references=codes.provider_references(charged),
        charge_status=charged["status"] if charged else "unknown",
        discounts=[],
    )
