"""Read what a new charge is to be: how much, paid with what, and until when.

Everything is checked before anything is used up. Rests on charges-api.
"""

from ..books import books
from ..books.ids import new_id
from ..rules import countries, fees, values
from ..rules.methods import METHODS
from ..rules.refusals import Refused, refuse_all
from . import card, customer, source, token
from .kind import CHARGE as KIND

_DAY = 24 * 60 * 60
_ZERO = "zero_interest_installments"
_NOT_YET = (
    "card customer source source_type document transaction failure_code failure_message"
    " captured_amount paid_at authorized_at expired_at reversed_at"
)


def read(params):
    """Check what is asked, whatever it is paid with, and begin the charge's facts."""
    account = books().settings()["country"]
    country = countries.COUNTRIES[account]
    amount = values.whole(params.get("amount"))
    currency = str(params.get("currency") or "").upper()
    problems = countries.amount_problems(amount, currency, account)
    refuse_all("invalid_charge", problems)
    kind = values.text(params.get("authorization_type"))
    if kind not in (None, "pre_auth", "final_auth"):
        raise Refused("bad_request", "authorization_type is not valid")
    endpoints = [str(each) for each in values.as_list(params.get("webhook_endpoints"))]
    if len(endpoints) > 2:
        message = "webhook_endpoints is too long (maximum is 2)"
        raise Refused("bad_request", message)
    return KIND.begun(
        **dict.fromkeys(_NOT_YET.split()),
        status="pending",
        amount=amount,
        currency=currency,
        funding_currency=country.currency,
        fee_rate=country.fee_rate,
        vat_rate=country.vat_rate,
        refunded_amount=0,
        voided=False,
        authorization_type=kind,
        capture=values.is_true(params.get("capture", True)),
        return_uri=_return_uri(params),
        description=values.text(params.get("description")),
        metadata=values.metadata(params),
        ip=values.text(params.get("ip")),
        platform_fee=_platform_fee(params.get("platform_fee"), amount),
        zero_interest_installments=values.is_true(params.get(_ZERO)),
        webhook_endpoints=endpoints,
        three_d_secure=False,
    )


def _return_uri(params):
    """Take the address to come back to, if it is one."""
    uri = values.text(params.get("return_uri"))
    if uri and not values.is_web_address(uri):
        raise Refused("bad_request", "return uri is invalid")
    return uri


def _platform_fee(given, amount):
    """Work out the platform's share, in smallest units."""
    if not isinstance(given, dict):
        return {"fixed": None, "amount": None, "percentage": None}
    fixed = values.whole(given.get("fixed")) or 0
    percentage = str(given.get("percentage") or "0.0")
    try:
        _, share, _ = fees.split(amount, percentage, "0")
    except (ArithmeticError, ValueError):
        raise Refused("bad_request", "platform_fee is not valid") from None
    return {"fixed": fixed, "amount": fixed + share, "percentage": percentage}


def pay_with(facts, params):
    """Use up what the charge is paid with: source, customer's card, or token."""
    card_id = values.text(params.get("card"))
    customer_id = values.text(params.get("customer"))
    if params.get("source"):
        _use_source(facts, params["source"], has_card=bool(card_id))
    if customer_id and not facts["source"]:
        chosen = card_id or customer.find(customer_id)["default_card"]
        facts["customer"] = customer_id
        facts["card"] = card.find(customer_id, chosen) if chosen else None
    elif card_id:
        facts["card"] = token.spend(card_id, facts["id"])
    if not facts["card"] and not facts["source"]:
        raise Refused("missing_card", "request contains no card parameters")


def _use_source(facts, given, has_card):
    """Use up a source, or make one on the spot from inline fields."""
    money = {"amount": facts["amount"], "currency": facts["currency"]}
    inline = isinstance(given, dict)
    used = source.make({**given, **money}) if inline else source.find(str(given))
    method, asked = METHODS[used["type"]], used["asked"]
    if used["charge"]:
        raise Refused("bad_request", "source was already used")
    if money != {name: used[name] for name in money}:
        message = "amount and currency must match those of the source"
        raise Refused("invalid_charge", message)
    if method.flow != "offline" and not facts["return_uri"]:
        raise Refused("bad_request", "return uri is invalid")
    if used["type"].startswith("installment_wlb_") and not has_card:
        raise Refused("missing_card", "request contains no card parameters")
    source.spend(used, facts["id"])
    facts.update(
        source=used["id"],
        source_type=used["type"],
        document=new_id("docu") if method.shows else None,
        image_type=(asked.get("qr_settings") or {}).get("image_type", "svg"),
        zero_interest_installments=bool(asked.get(_ZERO)),
        fee_rate=method.fee_rate or facts["fee_rate"],
        capture=True,
    )


def set_terms(facts, params):
    """Decide on the page to visit and the time to pay."""
    settings = books().settings()
    now, wanted = facts["created_at"], values.text(params.get("expires_at"))
    facts["has_page"] = bool(facts["return_uri"])
    if not facts["source"]:
        days = books().country().authorisation_days
        facts["payment"], facts["expires_at"] = new_id("paym"), now + days * _DAY
        # Nobody is there to answer a bank when a schedule's day comes.
        facts["three_d_secure"] = settings["three_d_secure"] and not facts["schedule"]
        if facts["three_d_secure"] and not facts["return_uri"]:
            raise Refused("bad_request", "return uri is invalid")
        return
    method = METHODS[facts["source_type"]]
    facts["payment"], facts["expires_at"] = new_id(method.page), now + method.life
    facts["has_page"] |= method.shows == "payment_code"
    if wanted and method.flow == "offline":
        moment = values.moment(wanted)
        if moment is None or moment <= now:
            raise Refused("bad_request", "expires_at is invalid")
        facts["expires_at"] = moment
