"""Route the account itself: what it is, what it can do, and what money is worth to it."""

from flask import redirect, request

from ..books import books
from ..draw import account
from ..http.addresses import path_of, sight
from ..http.answers import answer_drawn
from ..http.parameters import params
from ..rules import values
from ..rules.fees import CARD_CURRENCIES
from ..rules.refusals import Refused
from ..rules.versions import CURRENT_VERSION, VERSIONS
from .routes import Routes

routes = Routes("account")


@routes.get("/", keys=())
def front():
    """Send a browser to the dashboard, and tell a program what this is."""
    if request.accept_mimetypes.best == "text/html":
        return redirect(path_of("/dashboard/"))
    description = "A local stand-in for the Omise API. No money moves here."
    body = {"object": "system_info", "location": path_of("/")}
    return answer_drawn(body | {"versions": list(VERSIONS), "description": description})


@routes.get("/account")
@routes.get("/account/api_versions")
def show():
    """Show the account, with the version that it speaks by default."""
    return answer_drawn(account.draw(sight()))


@routes.patch("/account")
def change():
    """Change where webhooks go and what little else may be changed."""
    given = params()
    with books().change():
        for name in {"webhook_uri", "chain_return_uri"} & given.keys():
            books().set(name, values.text(given[name]))
        if "zero_interest_installments" in given:
            zero = values.is_true(given["zero_interest_installments"])
            books().set("zero_interest_installments", zero)
        if isinstance(given.get("metadata_export_keys"), dict):
            books().set("metadata_export_keys", given["metadata_export_keys"])
    return answer_drawn(account.draw(sight()))


@routes.patch("/account/api_version")
def raise_version():
    """Let the account speak the last version by default."""
    books().set("api_version", CURRENT_VERSION)
    return answer_drawn(account.draw(sight()))


@routes.get("/capability", keys=("pkey", "skey"))
def capability():
    """Show how this account may be paid, and within which limits."""
    return answer_drawn(account.capability(sight()))


@routes.get("/forex/<currency>")
def forex(currency):
    """Tell what one unit of a currency is worth in the account's own."""
    if currency.upper() not in CARD_CURRENCIES:
        raise Refused("bad_request", "currency is currently not supported")
    return answer_drawn(account.forex(currency.upper(), sight()))
