"""Draw a customer."""

from . import card
from .shape import Shape, list_of

SHAPE = Shape(
    "customer",
    "object id livemode location deleted metadata cards default_card linked_accounts description"
    " email created_at",
    "object id livemode location default_card email description created_at>created cards metadata",
)


def draw(facts, sight):
    """Draw a customer with the cards kept for it."""
    kept, total = sight.page("card", parent=facts["id"], status="active")
    location = f"/customers/{facts['id']}"
    cards = [card.draw(each, sight) for each in kept]
    return SHAPE.drawn(
        facts,
        location=sight.path(location),
        cards=list_of(sight, f"{location}/cards", cards, total),
        linked_accounts=list_of(sight, f"{location}/linked_accounts", []),
    )
