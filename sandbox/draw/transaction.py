"""Draw one line of the balance."""

from .shape import Shape

SHAPE = Shape(
    "transaction",
    "object id livemode currency amount location direction key origin transferable_at created_at",
    "object id direction>type origin>source amount currency location transferable_at>transferable"
    " created_at>created",
)


def draw(facts, sight):
    """Draw one line of the balance, which may be paid out at once."""
    return SHAPE.drawn(
        facts,
        location=sight.path(f"/transactions/{facts['id']}"),
        transferable_at=facts["created_at"],
    )
