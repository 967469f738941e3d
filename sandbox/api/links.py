"""Route payment links."""

from ..http.lists import listed
from ..kinds import charge, link
from .routes import Routes

routes = Routes("links")
routes.collection("/links", link, before=charge.expire_due, status="active")
routes.one("/links/<link_id>", link)


@routes.get("/links/<link_id>/charges")
def charges_of(link_id):
    """List the charges that were made on the page of a link."""
    link.find(link_id)
    return listed("charge", parent=link_id)
