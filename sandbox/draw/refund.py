"""Draw a refund."""

from .shape import Shape

SHAPE = Shape(
    "refund",
    "object id location livemode voided currency amount metadata charge capture terminal"
    " transaction status funding_amount funding_currency created_at acquirer_reference_number"
    " approval_code",
    "object id location amount voided currency charge transaction created_at>created",
)


def draw(facts, sight):
    """Draw a refund, which Omise closes as soon as it is made."""
    location = f"/charges/{facts['charge']}/refunds/{facts['id']}"
    return SHAPE.drawn(facts, location=sight.path(location), status="closed")
