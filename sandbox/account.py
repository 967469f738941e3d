"""Show the account itself: what it is, what it can do, and what it holds."""

from flask import Blueprint, redirect, request

from . import wire
from .rules import countries, fees, methods, values
from .rules.versions import CURRENT_VERSION, VERSIONS
from .state import books

account = Blueprint("account", __name__)

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


@account.get("/")
def front():
    """Send a browser to the dashboard, and tell a program what this is."""
    if request.accept_mimetypes.best == "text/html":
        return redirect(wire.path_of("/dashboard/"))
    description = "A local stand-in for the Omise API. No money moves here."
    shown = {"object": "system_info", "location": wire.path_of("/")}
    shown |= {"versions": list(VERSIONS), "description": description}
    return wire.answer(shown)


@account.route("/account", methods=["GET", "PATCH"])
@wire.needs("skey")
def own_account():
    """Show the account, or change where webhooks go and what little else may be changed."""
    params = wire.params() if request.method == "PATCH" else {}
    with books().change():
        for name in {"webhook_uri", "chain_return_uri"} & params.keys():
            books().set(name, values.text(params[name]))
        if "zero_interest_installments" in params:
            zero = values.is_true(params["zero_interest_installments"])
            books().set("zero_interest_installments", zero)
        if isinstance(params.get("metadata_export_keys"), dict):
            books().set("metadata_export_keys", params["metadata_export_keys"])
    return wire.answer(_drawn(books().settings()))


@account.get("/account/api_versions")
@account.patch("/account/api_version")
@wire.needs("skey")
def own_version():
    """Show the account with the version it speaks by default, or raise that to the last one."""
    if request.method == "PATCH":
        with books().change():
            books().set("api_version", CURRENT_VERSION)
    return wire.answer(_drawn(books().settings()))


def _drawn(settings):
    kinds = ("charge", "transfer", "refund", "dispute")
    exported = settings["metadata_export_keys"]
    return {
        "object": "account",
        "id": settings["account_id"],
        "team": settings["team_id"],
        "livemode": False,
        "location": wire.path_of("/account"),
        "country": settings["country"],
        "currency": settings["currency"],
        "email": "merchant@example.com",
        "created_at": values.stamp(settings["opened_at"]),
        "supported_currencies": _currencies(settings),
        "api_version": settings["api_version"],
        "auto_activate_recipients": False,
        "chain_enabled": False,
        "zero_interest_installments": settings["zero_interest_installments"],
        "chain_return_uri": settings["chain_return_uri"],
        "webhook_uri": settings["webhook_uri"],
        "metadata_export_keys": {kind: exported.get(kind, []) for kind in kinds},
        "chaining_allowed": True,
        "last_updated_api_version": values.stamp(settings["opened_at"])[:10],
        "transfer_config": _TRANSFERS,
    }


def _currencies(settings):
    """List the currencies that cards may be charged in, the account's own first."""
    rest = [each for each in fees.CARD_CURRENCIES if each != settings["currency"]]
    return [settings["currency"], *rest]


@account.get("/capability")
@wire.needs("pkey", "skey")
def capability():
    """Show how this account may be paid, and within which limits."""
    settings = books().settings()
    country = countries.COUNTRIES[settings["country"]]
    card = _method("card", methods.Method("card"), _currencies(settings), CARD_BRANDS)
    offered = [
        _method(name, methods.METHODS[name], [country.currency])
        for name in methods.offered(settings["country"])
    ]
    return wire.answer(
        {
            "object": "capability",
            "location": wire.path_of("/capability"),
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
    )


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


@account.get("/balance")
@wire.needs("skey")
def balance():
    """Show what all transactions add up to."""
    settings = books().settings()
    total = books().counts().get("balance", 0)
    return wire.answer(
        {
            "object": "balance",
            "livemode": False,
            "location": wire.path_of("/balance"),
            "currency": settings["currency"],
            "total": total,
            "transferable": total,
            "reserve": 0,
            "on_hold": 0,
            "created_at": values.stamp(settings["opened_at"]),
        }
    )
