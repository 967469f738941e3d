"""Draw a dispute."""

from . import document, transaction
from .shape import Shape, list_of

SHAPE = Shape(
    "dispute",
    "object id livemode location currency amount funding_amount funding_currency metadata charge"
    " documents transactions admin_message message reason_code reason_message status closed_at"
    " created_at",
    "object id livemode location amount currency status transaction message reason_code"
    " reason_message charge documents closed_at created_at>created",
)


def draw(facts, sight):
    """Draw a dispute with its documents and what it did to the balance."""
    location = f"/disputes/{facts['id']}"
    filed, total = sight.page("document", parent=facts["id"], status="active")
    papers = [document.draw(each, sight) for each in filed]
    lines = [sight.find("transaction", each) for each in facts["transactions"]]
    return SHAPE.drawn(
        facts,
        location=sight.path(location),
        documents=list_of(sight, f"{location}/documents", papers, total),
        transactions=[transaction.draw(each, sight) for each in lines],
    )
