"""Draw the account itself: what it is, can do and holds, and what money is worth to it."""

from ..rules import fees, methods
from ..rules.values import stamp
from .shape import Shape

BALANCE = Shape(
    "balance",
    "object livemode location currency total transferable reserve on_hold created_at",
    "object livemode location currency total transferable>available reserve>reserve_amount",
)
FOREX = Shape(
    "forex",
    "object rate location livemode base quote",
    "object quote>from base>to rate location",
)
CARD_BRANDS = ["JCB", "Visa", "MasterCard", "American Express", "UnionPay"]
_THAI_BANKS = (
    "test bbl kbank rbs ktb jpm mufg ttb scb citi smbc sc cimb uob bay mega boa cacib gsb hsbc"
    " db ghb baac mb bnp ibank tisco kk icbc tcrb lhb"
)
_TRANSFERS = {
    "min_transfer_amount": "30.00",
    "max_transfer_amount": "1000000000.00",
    "same_bank_max_transfer_amount": "1000000000.00",
    "is_payout_enabled": False,
    "fee": "30.00",
    "provider": "",
    "merchant_id": "SANDBOX",
    "transfer_service_availability": None,
    "max_active_realtime_transfer_schedules": None,
}


def draw(sight):
    """Draw the account with its settings."""
    settings = sight.settings
    kinds = ("charge", "transfer", "refund", "dispute")
    exported = settings["metadata_export_keys"]
    return {
        "object": "account",
        "id": settings["account_id"],
        "team": settings["team_id"],
        "livemode": False,
        "location": sight.path("/account"),
        "country": settings["country"],
        "currency": settings["currency"],
        "email": "merchant@example.com",
        "created_at": stamp(settings["opened_at"]),
        "supported_currencies": _currencies(settings),
        "api_version": settings["api_version"],
        "auto_activate_recipients": False,
        "chain_enabled": False,
        "zero_interest_installments": settings["zero_interest_installments"],
        "chain_return_uri": settings["chain_return_uri"],
        "webhook_uri": settings["webhook_uri"],
        "metadata_export_keys": {kind: exported.get(kind, []) for kind in kinds},
        "chaining_allowed": True,
        "last_updated_api_version": stamp(settings["opened_at"])[:10],
        "transfer_config": _TRANSFERS,
    }


def _currencies(settings):
    """List the currencies that cards may be charged in, the account's own first."""
    rest = [each for each in fees.CARD_CURRENCIES if each != settings["currency"]]
    return [settings["currency"], *rest]


def capability(sight):
    """Draw how this account may be paid, and within which limits."""
    settings, country = sight.settings, sight.country
    card = _method("card", methods.Method("card"), _currencies(settings), CARD_BRANDS)
    offered = [
        _method(name, methods.METHODS[name], [country.currency])
        for name in methods.offered(settings["country"], settings["retired_methods"])
    ]
    return {
        "object": "capability",
        "location": sight.path("/capability"),
        "banks": _THAI_BANKS.split() if settings["country"] == "TH" else ["test"],
        "limits": {
            "charge_amount": {"max": country.largest, "min": country.smallest},
            "transfer_amount": {"max": 100_000_000_000, "min": 3000},
            "installment_amount": {"min": country.installment_smallest},
        },
        "payment_methods": [card, *offered],
        "country": settings["country"],
        "tokenization_methods": ["googlepay", "applepay"],
        "zero_interest_installments": settings["zero_interest_installments"],
    }


def _method(name, rules, currencies, card_brands=None):
    return {
        "object": "payment_method",
        "name": name,
        "currencies": currencies,
        "card_brands": card_brands,
        "installment_terms": list(rules.terms) or None,
        "loan_installment_terms": list(rules.loan_terms) or None,
        "banks": [{"code": b, "name": b.upper(), "active": True} for b in rules.banks],
        "provider": None,
    }


def balance(total, sight):
    """Draw what all transactions add up to."""
    return BALANCE.drawn(
        {"currency": sight.settings["currency"], "total": total, "transferable": total},
        location=sight.path("/balance"),
        reserve=0,
        on_hold=0,
        created_at=sight.settings["opened_at"],
    )


def forex(base, sight):
    """Draw what one unit of a currency is worth in the account's own."""
    quote = sight.settings["currency"]
    # Recorded as live with a test key too.
    return FOREX.drawn(
        {"base": base, "quote": quote, "rate": float(fees.rate(base, quote))},
        location=sight.path(f"/forex/{base.lower()}"),
        livemode=True,
    )
