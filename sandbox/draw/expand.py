"""Put whole objects where an answer holds ids, for callers who send ``expand=true``."""

from ..rules.refusals import NotFound
from .table import DRAW

# Which kind of object is behind a field that may hold an id.
_NAMED = ("customer", "transaction", "charge", "recipient", "schedule", "link")
_KINDS = {**{name: name for name in _NAMED}, "default_card": "card"}


def expanded(body, sight):
    """Expand the ids of one object, or of each object of a list."""
    if body.get("object") in ("list", "search"):
        return {**body, "data": [expanded(each, sight) for each in body["data"]]}
    return {name: _whole(name, value, sight) for name, value in body.items()}


def _whole(name, value, sight):
    """Fetch the object behind an id; anything else stays as it is."""
    if name not in _KINDS or not isinstance(value, str):
        return value
    kind = _KINDS[name]
    try:
        return DRAW[kind](sight.find(kind, value), sight)
    except NotFound:
        return value
