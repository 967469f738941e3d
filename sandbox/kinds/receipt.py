"""Receipts for Omise's fees: one a month, issued when someone asks and the month is over.

Rests on receipts-api. Numbers follow a recorded one; companies and addresses are made up.
"""

from datetime import UTC, datetime

from ..books import books
from ..rules import standing
from .kind import RECEIPT as KIND

_COMPANY = {
    "company_name": "Omise Sandbox",
    "company_address": "On your own machine",
    "company_tax_id": "0000000000000",
    "customer_name": "Sandbox Merchant",
    "customer_address": "On your own machine",
    "customer_email": "merchant@example.com",
    "customer_statement_name": "SANDBOX",
    "customer_tax_id": "0000000000000",
}

find = KIND.find


def _month(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")


def issue():
    """Write a receipt for every month that is over, had fees and has no receipt yet."""
    with books().change():
        paid, _ = books().page("charge", status="successful", limit=-1)
        issued, _ = books().page("receipt", limit=-1)
        done, current = {each["month"] for each in issued}, _month(books().now())
        fees = {}
        for facts in paid:
            # A clock that was set back leaves months that are still to come.
            month = _month(facts["paid_at"])
            if month < current and month not in done and not facts["voided"]:
                fees.setdefault(month, []).append(standing.money(facts))
        for month, each in sorted(fees.items()):
            KIND.add(_receipt(month, each))


def _receipt(month, moneys):
    """Add up the fees of one month."""
    settings = books().settings()
    fee, vat = (sum(each[name] for each in moneys) for name in ("fee", "fee_vat"))
    return {
        **KIND.begun(**_COMPANY),
        "month": month,
        # Every month has this day; on which one Omise issues them, nobody recorded.
        "issued_on": f"{month}-28",
        "number": f"OM{settings['country']}{month.replace('-', '')}280001",
        "currency": settings["currency"],
        "credit_note": False,
        "charge_fee": fee,
        "transaction_fee": 0,
        "transfer_fee": 0,
        "voided_fee": 0,
        "subtotal": fee,
        "vat": vat,
        "wht": 0,
        "total": fee + vat,
    }
