"""Serve what a payer meets: the pages of the bank, the wallet, the phone and the counter.

None of these forms carries a CSRF token: this is a toy for loopback, nothing on it is worth
forging, and whoever holds a payment's address may answer for it, as on the genuine pages.
"""

import re
import threading
from urllib.parse import urlsplit

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from ..http.answers import shown
from ..kinds import charge
from ..rules import scenarios
from ..rules.refusals import NotFound, Refused
from .page import PAGE_POLICY, missing, with_policy

LONGEST_WAIT = 60 * 60

routes = Blueprint("payer", __name__)
routes.register_error_handler(NotFound, missing)


@routes.get("/payments/<payment_id>/authorize")
@routes.get("/offsites/<payment_id>/pay", endpoint="offsite")
def authorize(payment_id):
    """Ask the shopper, as the bank, the wallet, the phone or the counter would."""
    facts = charge.of_payment(payment_id)
    drawn, card = shown("charge", facts), facts["card"] or {}
    back = followable(facts["return_uri"])
    if is_answered(drawn) and card and back:
        # A card charge that needed no 3-D Secure has this address too, and it only bounces.
        return redirect(back, 303)
    page = render_template(
        f"sandbox/{_page_of(drawn)}.html",
        charge=drawn,
        source=drawn["source"] or {},
        payment_id=payment_id,
        back=back,
        shop=urlsplit(back).netloc if back else "the shop",
        will_fail=scenarios.failure_of(card.get("scenario")),
    )
    return with_policy(page, PAGE_POLICY)


@routes.post("/payments/<payment_id>/<any(approve, decline, cancel):action>")
def act(payment_id, action):
    """Take the shopper's answer and go back to the shop, adding nothing to its return_uri."""
    facts = charge.of_payment(payment_id)
    _answer(facts["id"], action)
    return _to_shop(facts)


@routes.post("/payments/<payment_id>/later")
def act_later(payment_id):
    """Go back to the shop with the charge still pending, and answer some seconds afterwards."""
    facts = charge.of_payment(payment_id)
    seconds = min(max(request.form.get("seconds", 30, type=int), 1), LONGEST_WAIT)
    action = "decline" if request.form.get("action") == "decline" else "approve"
    # In this process alone: if it ends first, the charge stays pending, as when a bank forgets.
    slow = threading.Timer(
        seconds,
        current_app.test_client().post,
        (f"/payments/{payment_id}/{action}",),
        {"base_url": request.url_root, "buffered": True},
    )
    slow.daemon = True
    slow.start()
    return _to_shop(facts)


def _answer(charge_id, action):
    """Move the charge; a second press of the button finds it moved, and that is fine."""
    try:
        if action == "approve":
            charge.pay(charge_id)
        else:
            code = "payment_cancelled" if action == "cancel" else "payment_rejected"
            charge.fail(charge_id, code)
    except Refused:
        current_app.logger.info("charge %s was answered already", charge_id)


def _to_shop(facts):
    """Lead back to the shop; where it named no address, to the page that was left."""
    page = url_for("payer.authorize", payment_id=facts["payment"])
    return redirect(followable(facts["return_uri"]) or page, 303)


def is_answered(drawn):
    """Tell whether nothing is left for the payer to answer."""
    return drawn["status"] != "pending" or drawn["authorized"]


def followable(uri):
    """Keep a return_uri only if it is a plain web address."""
    return uri if re.fullmatch(r"https?://[^\s/\\][^\s\\]*", uri or "") else None


def _page_of(drawn):
    """Choose the page: who asks depends on how the charge is paid."""
    source = drawn["source"]
    if is_answered(drawn):
        return "answered"
    if drawn["card"] or not source:
        return "bank"
    if source["references"]:
        return "counter"
    return "phone" if source["flow"] == "offline" else "wallet"
