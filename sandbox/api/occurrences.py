"""Route what became of the days of schedules."""

from ..http.lists import listed
from ..kinds import occurrence, schedule
from .routes import Routes

routes = Routes("occurrences")
routes.one("/occurrences/<occurrence_id>", occurrence)


@routes.get("/schedules/<schedule_id>/occurrences")
def occurrences_of(schedule_id):
    """List what became of each day of a schedule."""
    schedule.find(schedule_id)
    return listed("occurrence", parent=schedule_id)
