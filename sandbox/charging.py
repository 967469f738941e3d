"""Make a charge from a card token, a customer's card or a source: POST /charges.

Everything is checked before anything is used up; then one transaction spends the token or source,
decides what the card does, and writes the charge with its event. Rests on charges-api.
"""

from . import customers, life, objects, sources, tokens
from .rows import new_id
from .rules import countries, fees, methods, scenarios, values
from .rules.refusals import Refused, refuse_all
from .state import books

_DAY = 24 * 60 * 60
_NOT_YET = (
    "card customer source source_type document transaction failure_code failure_message"
    " captured_amount paid_at authorized_at expired_at reversed_at"
)


def create(params, schedule=None, link=None):
    """Make a charge and show it; a declined one is a charge too. Raises Refused otherwise."""
    facts = {**_order(params), "schedule": schedule, "link": link}
    with books().change():
        _pay_with(facts, params)
        _set_terms(facts, params)
        # A card without 3-D Secure passes or fails at once; all else waits for the payer.
        if not facts["source"] and not facts["three_d_secure"]:
            scenario = facts["card"]["scenario"]
            failure = scenarios.failure_of(scenario, three_d_secure=False)
            life.decide(facts, failure)
        life.write(facts, new=True)
        life.tell("charge.create", facts)
        return objects.charge(facts)


def _order(params):
    """Check what is asked, whatever it is paid with, and begin the charge's facts."""
    settings = books().settings()
    country = countries.COUNTRIES[settings["country"]]
    amount = values.whole(params.get("amount"))
    currency = str(params.get("currency") or "").upper()
    problems = countries.amount_problems(amount, currency, settings["country"])
    refuse_all("invalid_charge", problems)
    kind = values.text(params.get("authorization_type"))
    if kind not in (None, "pre_auth", "final_auth"):
        raise Refused("bad_request", "authorization_type is not valid")
    endpoints = [str(each) for each in values.as_list(params.get("webhook_endpoints"))]
    if len(endpoints) > 2:
        message = "webhook_endpoints is too long (maximum is 2)"
        raise Refused("bad_request", message)
    return {
        **dict.fromkeys(_NOT_YET.split()),
        "id": new_id("chrg"),
        "created_at": books().now(),
        "status": "pending",
        "amount": amount,
        "currency": currency,
        "funding_currency": country.currency,
        "fee_rate": country.fee_rate,
        "vat_rate": country.vat_rate,
        "refunded_amount": 0,
        "voided": False,
        "authorization_type": kind,
        "capture": values.is_true(params.get("capture", True)),
        "return_uri": _return_uri(params),
        "description": values.text(params.get("description")),
        "metadata": values.metadata(params),
        "ip": values.text(params.get("ip")),
        "platform_fee": _platform_fee(params.get("platform_fee"), amount),
        "zero_interest_installments": values.is_true(
            params.get("zero_interest_installments")
        ),
        "webhook_endpoints": endpoints,
        "three_d_secure": False,
    }


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


def _pay_with(facts, params):
    """Use up what the charge is paid with: source, customer's card, or token."""
    card, customer = values.text(params.get("card")), values.text(
        params.get("customer")
    )
    if params.get("source"):
        _use_source(facts, params["source"], has_card=bool(card))
    if customer and not facts["source"]:
        kept = customers.find(customer)
        chosen = card or kept["default_card"]
        facts["customer"] = customer
        facts["card"] = customers.find_card(customer, chosen) if chosen else None
    elif card:
        facts["card"] = tokens.spend(card, facts["id"])
    if not facts["card"] and not facts["source"]:
        raise Refused("missing_card", "request contains no card parameters")


def _use_source(facts, given, has_card):
    """Use up a source, or make one on the spot from inline fields."""
    money = {"amount": facts["amount"], "currency": facts["currency"]}
    if isinstance(given, dict):
        source = sources.opened({**given, **money})
    else:
        source = books().find("source", str(given))
    method, asked = methods.METHODS[source["type"]], source["asked"]
    if source["charge"]:
        raise Refused("bad_request", "source was already used")
    if money != {name: source[name] for name in money}:
        message = "amount and currency must match those of the source"
        raise Refused("invalid_charge", message)
    if method.flow != "offline" and not facts["return_uri"]:
        raise Refused("bad_request", "return uri is invalid")
    if source["type"].startswith("installment_wlb_") and not has_card:
        raise Refused("missing_card", "request contains no card parameters")
    books().save({**source, "charge": facts["id"]})
    facts.update(
        source=source["id"],
        source_type=source["type"],
        document=new_id("docu") if method.shows else None,
        image_type=(asked.get("qr_settings") or {}).get("image_type", "svg"),
        zero_interest_installments=bool(asked.get("zero_interest_installments")),
        fee_rate=method.fee_rate or facts["fee_rate"],
        capture=True,
    )


def _set_terms(facts, params):
    """Decide on the page to visit and the time to pay."""
    settings = books().settings()
    now, wanted = facts["created_at"], values.text(params.get("expires_at"))
    facts["has_page"] = bool(facts["return_uri"])
    if not facts["source"]:
        days = countries.COUNTRIES[settings["country"]].authorisation_days
        facts["payment"], facts["expires_at"] = new_id("paym"), now + days * _DAY
        # Nobody is there to answer a bank when a schedule's day comes.
        facts["three_d_secure"] = settings["three_d_secure"] and not facts["schedule"]
        if facts["three_d_secure"] and not facts["return_uri"]:
            raise Refused("bad_request", "return uri is invalid")
        return
    method = methods.METHODS[facts["source_type"]]
    facts["payment"], facts["expires_at"] = new_id(method.page), now + method.life
    facts["has_page"] |= method.shows == "payment_code"
    if wanted and method.flow == "offline":
        moment = values.moment(wanted)
        if moment is None or moment <= now:
            raise Refused("bad_request", "expires_at is invalid")
        facts["expires_at"] = moment
