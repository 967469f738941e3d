"""Write events down, and schedule their delivery once what they tell of is kept."""

from flask import current_app, g, has_request_context

from ..books import books
from ..books.ids import new_id
from ..draw.event import SHAPE
from ..draw.older import downgraded_event
from ..draw.table import DRAW
from ..faults import plan
from ..http.addresses import sight
from ..rules.versions import CURRENT_VERSION


def tell(key, facts, about=None):
    """Write an event about an object as it looks now, schedule it, and hand the facts back.

    The key begins with the object's kind. `about` is the charge that it is listed under, whose
    own endpoints hear of it.
    """
    seen, about = sight(), about or {}
    event = {
        "id": new_id("evnt"),
        "key": key,
        "created_at": seen.now,
        "endpoints": about.get("webhook_endpoints", []),
    }
    event["shown"] = _written(event, DRAW[key.partition(".")[0]](facts, seen), seen)
    books().add("event", event, parent=about.get("id"))
    books().after_commit(lambda: _schedule(event["shown"]))
    return facts


def _written(event, data, seen):
    """Draw an event for ever, in the version that the account speaks by default today."""
    location = seen.path(f"/events/{event['id']}")
    shown = SHAPE.drawn(event, location=location, webhook_deliveries=[], data=data)
    is_new = seen.settings["api_version"] == CURRENT_VERSION
    return shown if is_new else downgraded_event(shown)


def deliver_again(event_id):
    """Deliver an event once more."""
    _schedule(books().find("event", event_id)["shown"])


def _schedule(event):
    """Keep an event for after the response; outside a request it leaves at once."""
    rule = plan.take_for_event(books(), event) or {}
    letter = (event["id"], rule)
    if rule.get("drop"):
        return
    if has_request_context():
        g.setdefault("sandbox_letters", []).append(letter)
        return
    postman = current_app.extensions["sandbox_postman"]
    postman.promise([letter])
    postman.take([letter])
