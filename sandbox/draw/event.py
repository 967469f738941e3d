"""Draw an event, and the deliveries of it."""

from ..rules.values import stamp
from .pretty import pretty
from .shape import Shape

SHAPE = Shape(
    "event",
    "object id livemode location webhook_deliveries data key created_at",
    "object id livemode location key created_at>created data",
)
DELIVERY = Shape(
    "webhook_delivery", "object id uri status key error payload created_at"
)


def draw(facts, sight):
    """Draw an event as it was then, with the deliveries tried since."""
    shown = dict(facts["shown"])
    if "webhook_deliveries" in shown:
        payload = pretty(facts["shown"])
        shown["webhook_deliveries"] = [
            DELIVERY.drawn(each, payload=payload, created_at=_odd_time(each))
            for each in sight.below(facts["id"], "delivery")
        ]
    return shown


def _odd_time(facts):
    """Write a delivery's time in the odd form recorded: with a space, and UTC in words."""
    return stamp(facts["created_at"]).replace("T", " ").replace("Z", " UTC")
