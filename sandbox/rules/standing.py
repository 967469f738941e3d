"""Work out how a charge stands from its facts, so that no flag can contradict the status."""

from . import fees, methods


def status_at(facts, now):
    """Tell the status of a charge at a moment: its time may be up before that is written."""
    overdue = facts["status"] == "pending" and facts["expires_at"] <= now
    return "expired" if overdue else facts["status"]


def captured_amount(facts):
    """Tell what was captured, or would be, in the charge's currency."""
    captured = facts["captured_amount"]
    return facts["amount"] if captured is None else captured


def left_out(facts):
    """Name the fields that Omise leaves out of this answer.

    Recorded: three amounts are absent while nothing was decided (pending, reversed, a wallet's
    expired charge), but present on paid and failed charges, on `pre_auth`, and on an expired charge
    of card and source. What 3-D Secure misses is told only while such a charge waits for its bank.
    """
    decided = facts["status"] in ("successful", "failed")
    card_instalment = facts["status"] == "expired" and facts["card"] and facts["source"]
    at_bank = facts["status"] == "pending" and not facts["authorized_at"]
    names = [] if facts["three_d_secure"] and at_bank else ["missing_3ds_fields"]
    if not (decided or card_instalment or facts["authorization_type"]):
        names += ["authorization_type", "authorized_amount", "captured_amount"]
    return names


def money(facts):
    """Work out fees and net, which are filled even while the charge is pending."""
    captured = captured_amount(facts)
    funding = fees.in_currency(captured, facts["currency"], facts["funding_currency"])
    net, fee, vat = fees.split(funding, facts["fee_rate"], facts["vat_rate"])
    return {
        "authorized_amount": facts["amount"],
        "captured_amount": captured,
        "net": net,
        "fee": fee,
        "fee_vat": vat,
        "interest": 0,
        "interest_vat": 0,
        "funding_amount": funding,
        "transaction_fees": {
            "fee_flat": "0.0",
            "fee_rate": facts["fee_rate"],
            "vat_rate": facts["vat_rate"],
        },
    }


def of(facts, now, country):
    """Work out what has happened to a charge and what may happen next, in an account's country."""
    status, card = facts["status"], facts["card"] or {}
    authorised = facts["authorized_at"] is not None
    waiting = status == "pending" and authorised
    overdue = facts["expires_at"] <= now
    # Recorded: once their expires_at has passed, failed and paid charges show it as expired_at,
    # and the failed ones even say that they expired.
    lapsed = overdue and status in ("failed", "successful")
    whole, part = refundable(facts)
    wanted = ("email", "phone_number")
    return {
        "authorized": authorised,
        "capturable": waiting,
        "reversible": waiting,
        "reversed": status == "reversed",
        "paid": status == "successful",
        "disputable": bool(card and whole and not facts.get("dispute")),
        "refundable": whole,
        "partially_refundable": part,
        "can_perform_void": voidable(facts, now, country),
        "expired": status == "expired" or (status == "failed" and overdue),
        "expired_at": facts["expires_at"] if lapsed else facts["expired_at"],
        "missing_3ds_fields": [name for name in wanted if not card.get(name)],
        "multi_capture": False,
    }


def refundable(facts):
    """Tell whether money can go back: (at all, in part); never while it is disputed or lost."""
    left = captured_amount(facts) - facts["refunded_amount"]
    if facts["status"] != "successful" or left <= 0 or facts.get("contested"):
        return False, False
    if not facts["source"]:
        return True, True
    allowed = methods.METHODS[facts["source_type"]].refund
    return allowed != "no", allowed == "part"


def voidable(facts, now, country):
    """Tell whether a full refund may still be a void: a card, untouched, paid today."""
    if facts["status"] != "successful" or not facts["card"] or facts["refunded_amount"]:
        return False
    if facts.get("contested"):
        return False
    days = [
        (moment + country.hours_ahead * 3600) // 86400
        for moment in (facts["paid_at"], now)
    ]
    return days[0] == days[1]
