"""Issue the monthly receipts for Omise's fees, when someone asks and a month is over.

Rests on receipts-api. Numbers follow a recorded one; companies and addresses are made up.
"""

from datetime import UTC, datetime

from . import objects, standing, wire
from .rows import new_id
from .state import books

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


def _month(seconds):
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")


def issue():
    """Write a receipt for every month that is over, had fees and has no receipt yet."""
    with books().change():
        paid, _ = books().page("charge", status="successful", limit=-1)
        issued, _ = books().page("receipt", limit=-1)
        done = {each["month"] for each in issued} | {_month(books().now())}
        fees = {}
        for facts in paid:
            month = _month(facts["paid_at"])
            if month not in done and not facts["voided"]:
                fees.setdefault(month, []).append(standing.money(facts))
        for month, each in sorted(fees.items()):
            books().add("receipt", _receipt(month, each))


def _receipt(month, moneys):
    """Add up the fees of one month."""
    settings = books().settings()
    fee, vat = (sum(each[name] for each in moneys) for name in ("fee", "fee_vat"))
    return {
        **_COMPANY,
        "id": new_id("rcpt"),
        "created_at": books().now(),
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


def draw(facts):
    """Draw a receipt."""
    return objects.drawn(
        "receipt", facts, location=wire.path_of(f"/receipts/{facts['id']}")
    )
