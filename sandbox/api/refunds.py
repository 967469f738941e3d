"""Route refunds, which hang on their charges."""

from flask import request

from ..http.answers import answer
from ..http.lists import listed
from ..http.parameters import params
from ..kinds import charge, refund
from ..rules import values
from ..rules.refusals import Refused
from .routes import Routes

routes = Routes("refunds")
routes.one("/charges/<charge_id>/refunds/<refund_id>", refund)


@routes.route("/charges/<charge_id>/refunds", methods=["GET", "POST"])
def refunds_of(charge_id):
    """Refund a charge, wholly or in part; or list its refunds."""
    charge.find(charge_id)
    if request.method == "GET":
        return listed("refund", parent=charge_id)
    given = params()
    amount = values.whole(given.get("amount"))
    if amount is None:
        raise Refused("failed_refund", "amount is not a number")
    metadata, void = values.metadata(given), values.is_true(given.get("void"))
    return answer("refund", refund.make(charge_id, amount, metadata, void))


@routes.get("/refunds")
def all_refunds():
    """List all refunds."""
    charge.expire_due()
    return listed("refund")
