"""Route schedules."""

from ..http.lists import listed
from ..kinds import customer, recipient, schedule
from .routes import Routes

routes = Routes("schedules")
routes.collection("/schedules", schedule)
routes.one("/schedules/<schedule_id>", schedule)


@routes.get("/charges/schedules", defaults={"sort": "charge"})
@routes.get("/transfers/schedules", defaults={"sort": "transfer"})
def of_sort(sort):
    """List the schedules that charge, or those that transfer."""
    return listed("schedule", status=sort)


@routes.get("/<any(customer, recipient):owner>s/<owner_id>/schedules")
def of_owner(owner, owner_id):
    """List the schedules of a customer or a recipient."""
    {"customer": customer, "recipient": recipient}[owner].find(owner_id)
    return listed("schedule", parent=owner_id)
