"""Route the cards that customers keep."""

from ..http.lists import listed
from ..kinds import card, customer
from .routes import Routes

routes = Routes("cards")
routes.one("/customers/<customer_id>/cards/<card_id>", card)


@routes.get("/customers/<customer_id>/cards")
def cards_of(customer_id):
    """List the cards that a customer keeps."""
    customer.find(customer_id)
    return listed("card", parent=customer_id, status="active")
