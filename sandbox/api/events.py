"""Route events: all that was told, whatever it was about."""

from ..books import books
from ..http.answers import answer
from ..http.lists import listed
from ..kinds import charge
from .routes import Routes

routes = Routes("events")


@routes.get("/events")
def all_events():
    """List all events."""
    charge.expire_due()
    return listed("event")


@routes.get("/events/<event_id>")
def show(event_id):
    """Show an event as it was written."""
    return answer("event", books().find("event", event_id))


@routes.get("/charges/<charge_id>/events")
def events_of(charge_id):
    """List what happened to a charge."""
    charge.find(charge_id)
    return listed("event", parent=charge_id)
