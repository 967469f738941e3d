"""Draw a payment link."""

from . import charge
from .shape import Shape, list_of

SHAPE = Shape(
    "link",
    "object id livemode location deleted multiple used currency amount charges description title"
    " payment_uri created_at used_at deleted_at",
    "object id livemode location amount currency used multiple description title charges"
    " payment_uri created_at>created",
)


def draw(facts, sight):
    """Draw a payment link with what was paid by it."""
    location = f"/links/{facts['id']}"
    made, total = sight.page("charge", parent=facts["id"])
    paid, _ = sight.page("charge", parent=facts["id"], status="successful", limit=1)
    charges = [charge.draw(each, sight) for each in made]
    return SHAPE.drawn(
        facts,
        location=sight.path(location),
        used=bool(paid),
        used_at=paid[0]["paid_at"] if paid else None,
        charges=list_of(sight, f"{location}/charges", charges, total),
        payment_uri=sight.address(f"links/pay/{facts['code']}"),
    )
