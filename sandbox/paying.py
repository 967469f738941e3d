"""Let a browser pay by a payment link: its page, the payment, and how that went.

The genuine pages at link.omise.co were not recorded, so what these look like is our own.
"""

import secrets

from flask import Blueprint, redirect, render_template, request

from . import charging, life, links, objects, wire
from .keys import PUBLIC_KEY
from .pages import missing, with_policy
from .rules import methods
from .rules.refusals import NotFound, Refused
from .state import books

# omise.js hides its frame by a style attribute. No form-action, as on the bank's page.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self';"
    " style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:;"
    " base-uri 'none'; frame-ancestors 'none'"
)
# The pay form lists their banks below one button.
_GROUPS = ("internet_banking", "mobile_banking", "installment")

paying = Blueprint("paying", __name__)
paying.register_error_handler(NotFound, missing)


@paying.get("/links/pay/<code>")
def show(code):
    """Ask for a payment; where one is under way or done already, go on with that."""
    life.expire_due()
    link = links.of_code(code)
    taken = links.taken_by(link)
    return _page(link) if taken is None else _onwards(taken)


@paying.post("/links/pay/<code>")
def pay(code):
    """Charge what the pay form brought, once where the link is for one payment."""
    life.expire_due()
    link = links.of_code(code)
    try:
        with books().change():
            taken = links.taken_by(link)
            if taken is None:
                made = charging.create(_payment(link), link=link["id"])
                taken = books().find("charge", made["id"])
    except Refused as refused:
        return _page(link, problem=refused.message, status=refused.http_status)
    return _onwards(taken)


@paying.get("/links/pay/<code>/<payment>")
def outcome(code, payment):
    """Tell the payer who comes back how the payment went."""
    life.expire_due()
    link = books().find("link", books().id_of_page(code, "link"))
    about = {"parent": link["id"], "text": f"/{code}/{payment}", "limit": 1}
    found, _ = books().page("charge", **about)
    if not found:
        raise NotFound("payment", payment)
    return _page(link, charge=objects.charge(found[0]))


def _payment(link):
    """Say what to charge; the payer comes back to an address that nobody can guess."""
    back = f"{wire.base_url()}links/pay/{link['code']}/{secrets.token_hex(8)}"
    return {
        **{name: link[name] for name in ("amount", "currency", "description")},
        "card": request.form.get("omiseToken"),
        "source": request.form.get("omiseSource"),
        "ip": request.remote_addr,
        "return_uri": back,
    }


def _onwards(charge):
    """Lead to the bank, the wallet or the code to scan while there is something to answer."""
    charge = books().charge(charge["id"])
    waits = charge["status"] == "pending"
    return redirect(charge["authorize_uri" if waits else "return_uri"], 303)


def _page(link, charge=None, problem=None, status=200):
    page = render_template(
        f"sandbox/{'link' if charge is None else 'linked'}.html",
        link=links.draw(link),
        code=link["code"],
        charge=charge,
        problem=problem,
        public_key=PUBLIC_KEY,
        ways=", ".join(_ways_to_pay(link)),
    )
    return with_policy(page, POLICY, status)


def _ways_to_pay(link):
    """List what the pay form may offer beside cards: what takes this amount of this money."""
    settings, found = books().settings(), {}
    if link["currency"] != settings["currency"]:
        return found
    for kind in methods.offered(settings["country"]):
        smallest, largest = methods.limits(kind, settings["country"])
        method = methods.METHODS[kind]
        # A barcode is read by a cashier.
        if smallest <= link["amount"] <= largest and "barcode" not in method.needs:
            group = [each for each in _GROUPS if kind.startswith(f"{each}_")]
            found[group[0] if group else kind] = True
    return found
