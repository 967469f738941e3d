"""Route sources, which browsers and shops make."""

from flask import request

from ..http.answers import answer
from ..http.parameters import params
from ..http.versions import needs_sources
from ..kinds import source
from .routes import Routes

routes = Routes("sources")


@routes.post("/sources", keys=("pkey", "skey"))
def make():
    """Turn a way to pay into a source, which keeps the caller's address."""
    needs_sources()
    return answer("source", source.make({"ip": request.remote_addr, **params()}))


@routes.get("/sources/<source_id>", keys=("pkey", "skey"))
def show(source_id):
    """Show a source, with its codes once it was charged."""
    needs_sources()
    return answer("source", source.find(source_id))
