"""Draw a receipt for Omise's fees."""

from .shape import Shape

SHAPE = Shape(
    "receipt",
    "object id livemode location credit_note charge_fee transaction_fee subtotal transfer_fee"
    " voided_fee vat wht total company_address company_name company_tax_id currency"
    " customer_address customer_email customer_name customer_statement_name customer_tax_id number"
    " created_at issued_on adjustment_transaction",
    "object id number location issued_on>date customer_name customer_address customer_tax_id"
    " customer_email customer_statement_name company_name company_address company_tax_id"
    " charge_fee voided_fee transfer_fee subtotal vat wht total credit_note currency",
)


def draw(facts, sight):
    """Draw a receipt."""
    return SHAPE.drawn(facts, location=sight.path(f"/receipts/{facts['id']}"))
