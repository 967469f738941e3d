"""Route what only platforms and their members have: this account has none of it."""

from ..http.lists import listed
from ..rules.refusals import NotFound
from .routes import Routes

routes = Routes("platforms")
_NAMES = "<any(chains, linked_accounts, sub_merchants, routing_group_rules):name>"


@routes.get(f"/{_NAMES}")
@routes.get(f"/{_NAMES}/<identifier>")
def nothing(name, identifier=None):
    """List none, or find that one is not there."""
    if identifier:
        raise NotFound(name.removesuffix("s"), identifier)
    return listed(name)
