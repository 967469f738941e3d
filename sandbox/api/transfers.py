"""Route transfers, which test keys may move along in a bank's place."""

from ..http.answers import answer
from ..kinds import transfer
from .routes import Routes

routes = Routes("transfers")
routes.collection("/transfers", transfer, status="active")
routes.one("/transfers/<transfer_id>", transfer)


@routes.post("/transfers/<transfer_id>/mark_as_sent")
def mark_as_sent(transfer_id):
    """Send a transfer."""
    return answer("transfer", transfer.mark_as_sent(transfer_id))


@routes.post("/transfers/<transfer_id>/mark_as_paid")
def mark_as_paid(transfer_id):
    """Let a transfer arrive."""
    return answer("transfer", transfer.mark_as_paid(transfer_id))
