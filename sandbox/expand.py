"""Put whole objects where an answer holds ids, for callers who send ``expand=true``."""

from . import links, objects, payouts, schedules
from .rules.refusals import NotFound
from .state import books

_KINDS = {
    "customer": ("customer", objects.customer),
    "transaction": ("transaction", objects.transaction),
    "charge": ("charge", objects.charge),
    "default_card": ("card", objects.card),
    "recipient": ("recipient", payouts.draw_recipient),
    "schedule": ("schedule", schedules.draw),
    "link": ("link", links.draw),
}


def expanded(body):
    """Expand the ids of one object, or of each object of a list."""
    if body.get("object") in ("list", "search"):
        return {**body, "data": [expanded(each) for each in body["data"]]}
    return {name: _whole(name, value) for name, value in body.items()}


def _whole(name, value):
    """Fetch the object behind an id; anything else stays as it is."""
    if name not in _KINDS or not isinstance(value, str):
        return value
    kind, draw = _KINDS[name]
    try:
        return draw(books().find(kind, value))
    except NotFound:
        return value
