"""Route charges, their moves, and the images of their codes."""

from flask import Response, request

from ..draw import codes
from ..http.addresses import sight
from ..http.answers import answer
from ..http.lists import listed
from ..http.parameters import params
from ..kinds import charge
from ..kinds.kind import CHARGE
from ..rules import values
from ..rules.refusals import NotFound, Refused
from .routes import Routes

routes = Routes("charges")

MOVES = {
    "reverse": charge.reverse,
    "expire": charge.expire,
    "mark_as_paid": charge.pay,
    "mark_as_failed": charge.fail,
}
routes.one("/charges/<charge_id>", charge)


@routes.route("/charges", methods=["GET", "POST"])
def all_charges():
    """Charge a card, a customer or a source; or list what was charged."""
    if request.method == "POST":
        return answer("charge", charge.make(params()))
    charge.expire_due()
    return listed("charge")


@routes.post("/charges/<charge_id>/capture")
def capture(charge_id):
    """Capture what was authorised, wholly or in part."""
    wanted = params().get("capture_amount")
    amount = values.whole(wanted)
    if wanted is not None and amount is None:
        raise Refused("failed_capture", "capture amount is not a number")
    return answer("charge", charge.capture(charge_id, amount))


@routes.post(f"/charges/<charge_id>/<any({', '.join(MOVES)}):move>")
def move_charge(charge_id, move):
    """End a charge, or finish it in the payer's place as test keys may."""
    return answer("charge", MOVES[move](charge_id))


@routes.get("/charges/<charge_id>/documents/<document_id>/downloads/<key>", keys=())
def download(charge_id, document_id, key):
    """Show a charge's code to anyone who was given its address."""
    facts = CHARGE.find(charge_id)
    if facts["document"] != document_id or codes.download_key(facts) != key:
        raise NotFound("document", document_id)
    drawn, content_type = codes.image(facts, sight())
    return Response(drawn, content_type=content_type)
