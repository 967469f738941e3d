"""Draw a card, as a token or charge carries it or a customer keeps it."""

from .shape import Shape

SHAPE = Shape(
    "card",
    "object id livemode location deleted street1 street2 city state phone_number postal_code"
    " country financing bank brand fingerprint first_digits last_digits name expiration_month"
    " expiration_year security_code_check tokenization_method created_at",
    "object id livemode location country city postal_code financing bank last_digits brand"
    " expiration_month expiration_year fingerprint name security_code_check created_at>created",
    when_filled=("location",),
)


def draw(facts, sight):
    """Draw a card; it has a location only while a customer keeps it."""
    kept = f"/customers/{facts['customer']}/cards/{facts['id']}"
    location = sight.path(kept) if facts["customer"] else None
    return SHAPE.drawn(facts, location=location)
