"""Draw what became of one day of a schedule."""

from .shape import Shape

SHAPE = Shape(
    "occurrence",
    "object livemode location id result schedule message status processed_at created_at"
    " scheduled_on retry_on execute_time split_metadata transfer_amount",
    "object livemode id location schedule scheduled_on>schedule_date retry_on>retry_date"
    " processed_at status message result created_at>created",
)


def draw(facts, sight):
    """Draw what became of one day of a schedule."""
    return SHAPE.drawn(facts, location=sight.path(f"/occurrences/{facts['id']}"))
