"""Move a charge as a form of the dashboard asks: in the payer's, the shop's or the bank's place."""

from flask import request

from ..kinds import charge, dispute, refund
from ..rules import scenarios
from ..rules.fees import units
from ..rules.refusals import Refused


def _fail(charge_id):
    """Fail a charge with the code that was chosen, if it is one."""
    code = request.form.get("failure_code")
    charge.fail(charge_id, code if code in scenarios.FAILURE_MESSAGES else None)


def _capture(charge_id):
    """Capture what was asked for, or everything if nothing was said."""
    said = "amount" in request.form
    charge.capture(charge_id, _amount(charge_id, "failed_capture") if said else None)


def _refund(charge_id):
    """Give back what was asked for."""
    amount = _amount(charge_id, "failed_refund")
    refund.make(charge_id, amount, void="void" in request.form)


def _dispute(charge_id):
    """Dispute a charge for the reason that was chosen."""
    dispute.make(charge_id, request.form.get("reason_code"))


def _decide(charge_id):
    """Say in the bank's place who is right."""
    disputed = charge.find(charge_id).get("dispute")
    if not disputed:
        raise Refused("bad_request", "charge is not disputed")
    dispute.close(disputed, request.form.get("status"))


def _amount(charge_id, code):
    """Read an amount that a person typed, as 1,234.50, into the charge's smallest units."""
    decimals = 0 if units(charge.find(charge_id)["currency"]) == 1 else 2
    text = request.form.get("amount", "").replace(",", "").strip()
    whole, _, fraction = text.partition(".")
    digits = whole + fraction.ljust(decimals, "0")
    if not (digits.isascii() and digits.isdigit() and len(fraction) <= decimals):
        raise Refused(code, "amount is not a number")
    return int(digits)


MOVES = {
    "pay": charge.pay,
    "fail": _fail,
    "expire": charge.expire,
    "capture": _capture,
    "reverse": charge.reverse,
    "refund": _refund,
    "dispute": _dispute,
    "decide": _decide,
}
