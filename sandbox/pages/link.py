"""Let a browser pay by a payment link: its page, the payment, and how that went.

The genuine pages at link.omise.co were not recorded, so what these look like is our own.
"""

import secrets

from flask import Blueprint, redirect, render_template, request

from ..books import books
from ..http.addresses import base_url
from ..http.answers import shown
from ..keys import PUBLIC_KEY
from ..kinds import charge, link
from ..rules import methods
from ..rules.refusals import NotFound, Refused
from .page import missing, with_policy

# omise.js hides its frame by a style attribute. No form-action, as on the bank's page.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self';"
    " style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:;"
    " base-uri 'none'; frame-ancestors 'none'"
)
# The pay form lists their banks below one button.
_GROUPS = ("internet_banking", "mobile_banking", "installment")

routes = Blueprint("paying", __name__)
routes.register_error_handler(NotFound, missing)


@routes.get("/links/pay/<code>")
def show(code):
    """Ask for a payment; where one is under way or done already, go on with that."""
    facts = link.of_code(code)
    taken = link.taken_by(facts)
    return _page(facts) if taken is None else _onwards(taken)


@routes.post("/links/pay/<code>")
def pay(code):
    """Charge what the pay form brought, once where the link is for one payment."""
    facts = link.of_code(code)
    try:
        with books().change():
            taken = link.taken_by(facts)
            if taken is None:
                taken = charge.make(_payment(facts), link=facts["id"])
    except Refused as refused:
        return _page(facts, problem=refused.message, status=refused.http_status)
    return _onwards(taken)


@routes.get("/links/pay/<code>/<payment>")
def outcome(code, payment):
    """Tell the payer who comes back how the payment went."""
    charge.expire_due()
    facts = books().find("link", books().id_of_page(code, "link"))
    about = {"parent": facts["id"], "text": f"/{code}/{payment}", "limit": 1}
    found, _ = books().page("charge", **about)
    if not found:
        raise NotFound("payment", payment)
    return _page(facts, made=found[0])


def _payment(facts):
    """Say what to charge; the payer comes back to an address that nobody can guess."""
    back = f"{base_url()}links/pay/{facts['code']}/{secrets.token_hex(8)}"
    return {
        **{name: facts[name] for name in ("amount", "currency", "description")},
        "card": request.form.get("omiseToken"),
        "source": request.form.get("omiseSource"),
        "ip": request.remote_addr,
        "return_uri": back,
    }


def _onwards(made):
    """Lead to the bank, the wallet or the code to scan while there is something to answer."""
    drawn = shown("charge", charge.find(made["id"]))
    waits = drawn["status"] == "pending"
    return redirect(drawn["authorize_uri" if waits else "return_uri"], 303)


def _page(facts, made=None, problem=None, status=200):
    """Draw the page of a link: to be paid, or telling of a payment made there."""
    page = render_template(
        f"sandbox/{'link' if made is None else 'linked'}.html",
        link=shown("link", facts),
        code=facts["code"],
        charge=made and shown("charge", made),
        problem=problem,
        public_key=PUBLIC_KEY,
        ways=", ".join(_ways_to_pay(facts)),
    )
    return with_policy(page, POLICY, status)


def _ways_to_pay(facts):
    """List what the pay form may offer beside cards: what takes this amount of this money."""
    settings, found = books().settings(), {}
    if facts["currency"] != settings["currency"]:
        return found
    for kind in methods.offered(settings["country"], settings["retired_methods"]):
        smallest, largest = methods.limits(kind, settings["country"])
        method = methods.METHODS[kind]
        # A barcode is read by a cashier.
        if smallest <= facts["amount"] <= largest and "barcode" not in method.needs:
            group = [each for each in _GROUPS if kind.startswith(f"{each}_")]
            found[group[0] if group else kind] = True
    return found
