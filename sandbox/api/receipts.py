"""Route the receipts for Omise's fees."""

from ..http.lists import listed
from ..kinds import receipt
from .routes import Routes

routes = Routes("receipts")
routes.one("/receipts/<receipt_id>", receipt)


@routes.get("/receipts")
def all_receipts():
    """List the receipts for the fees of the months that are over."""
    receipt.issue()
    return listed("receipt")
