"""Draw a token."""

from . import card
from .shape import Shape

SHAPE = Shape(
    "token",
    "object id livemode location used charge_status card created_at",
    "object id livemode location used card created_at>created",
)


def draw(facts, sight):
    """Draw a token; its location is absolute, as on the vault."""
    charged = sight.charge_of(facts)
    return SHAPE.drawn(
        facts,
        location=sight.address(f"tokens/{facts['id']}"),
        charge_status=charged["status"] if charged else "unknown",
        card=card.draw(facts["card"], sight),
    )
