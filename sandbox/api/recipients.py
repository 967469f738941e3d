"""Route recipients, whom test keys may verify."""

from ..http.answers import answer
from ..kinds import recipient
from .routes import Routes

routes = Routes("recipients")
routes.collection("/recipients", recipient, status="active")
routes.one("/recipients/<recipient_id>", recipient)


@routes.patch("/recipients/<recipient_id>/verify")
def verify(recipient_id):
    """Verify a recipient."""
    return answer("recipient", recipient.verify(recipient_id))
