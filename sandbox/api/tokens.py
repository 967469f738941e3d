"""Route tokens, which browsers make with the public key."""

from ..http.answers import answer
from ..http.parameters import params
from ..kinds import token
from .routes import Routes

routes = Routes("tokens")


@routes.post("/tokens", keys=("pkey",))
def make():
    """Turn card data into a token."""
    return answer("token", token.make(params()))


@routes.get("/tokens/<token_id>", keys=("pkey",))
def show(token_id):
    """Show a token."""
    return answer("token", token.find(token_id))
