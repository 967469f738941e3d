"""Route customers."""

from ..kinds import customer
from .routes import Routes

routes = Routes("customers")
routes.collection("/customers", customer, status="active")
routes.one("/customers/<customer_id>", customer)
