"""Route disputes."""

from ..http.answers import answer
from ..http.lists import listed
from ..http.parameters import params
from ..kinds import dispute
from ..rules import values
from .routes import Routes

routes = Routes("disputes")


@routes.post("/charges/<charge_id>/disputes")
def make(charge_id):
    """Dispute a charge in the payer's place, as test keys may."""
    reason = values.text(params().get("reason_code"))
    return answer("dispute", dispute.make(charge_id, reason))


@routes.get("/disputes")
@routes.get("/disputes/<any(open, pending, closed):status>")
def all_disputes(status=None):
    """List disputes, all or those of one status."""
    return listed("dispute", status=status)


@routes.patch("/disputes/<dispute_id>/<any(accept, close):move>")
def end(dispute_id, move):
    """Accept a dispute, which loses it; or decide it in the bank's place, as test keys may."""
    if move == "accept":
        return answer("dispute", dispute.accept(dispute_id))
    status = values.text(params().get("status"))
    return answer("dispute", dispute.close(dispute_id, status))


# Below the statuses, which are no ids.
routes.one("/disputes/<dispute_id>", dispute)
