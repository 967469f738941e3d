"""Sources: how a shopper wants to pay when it is not by card.

Messages rest on sources-api and the SDKs' parsers; every one of them is a `bad_request`.
"""

import re

from ..books import books
from ..rules import values
from ..rules.methods import METHODS, limits, offered
from ..rules.refusals import refuse_all
from .kind import SOURCE as KIND

_TEXTS = (
    "barcode bank email ip name platform_type store_id store_name terminal_id"
    " promotion_code supplier_id"
)
_ADDRESS = "city country postal_code state street1 street2"
_ITEM = "sku name amount quantity category brand item_uri image_uri"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

find = KIND.find


def make(params):
    """Make a source from what was sent, or say all that is wrong with it."""
    settings = books().settings()
    amount = values.whole(params.get("amount"))
    currency = str(params.get("currency") or "").upper()
    chosen = values.text(params.get("type"))
    asked = _asked(params)
    problems = _money_problems(amount, currency, asked, chosen, settings)
    if chosen not in offered(settings["country"], settings["retired_methods"]):
        problems.append("type is currently not supported")
    else:
        problems += _problems(METHODS[chosen], asked)
    refuse_all("bad_request", problems)
    facts = KIND.begun(
        type=chosen,
        amount=amount,
        currency=currency,
        charge=None,
        asked=_completed(asked, METHODS[chosen]),
    )
    return KIND.add(facts)


def spend(facts, charge_id):
    """Use a source up; call it inside the change that makes the charge."""
    KIND.save({**facts, "charge": charge_id})


def _asked(params):
    """Take what a source may carry, as text and numbers of the right kind."""
    asked = {
        name: values.text(params.get(name)) for name in _TEXTS.split() if name in params
    }
    phone = values.text(params.get("phone_number") or params.get("mobile_number"))
    asked["phone_number"] = phone
    asked["installment_term"] = values.whole(params.get("installment_term"))
    if params.get("zero_interest_installments") is not None:
        zero = values.is_true(params["zero_interest_installments"])
        asked["zero_interest_installments"] = zero
    for name in ("billing", "shipping"):
        if isinstance(params.get(name), dict):
            asked[name] = {part: params[name].get(part) for part in _ADDRESS.split()}
    if isinstance(params.get("qr_settings"), dict):
        kind = str(params["qr_settings"].get("image_type") or "svg").lower()
        asked["qr_settings"] = {"image_type": kind}
    asked["items"] = [_item(each) for each in values.as_list(params.get("items"))]
    return asked


def _item(given):
    """Take one line of a basket."""
    given = given if isinstance(given, dict) else {}
    item = {name: given.get(name) for name in _ITEM.split()}
    for name in ("amount", "quantity"):
        item[name] = values.whole(item[name])
    return item


def _completed(asked, method):
    """Add what Omise fills in by itself on instalments."""
    if method.terms:
        zero = asked.get("zero_interest_installments")
        if zero is None:
            zero = books().settings()["zero_interest_installments"]
        asked["zero_interest_installments"] = zero
        asked["absorption_type"] = "merchant" if zero else "customer"
    return asked


def _money_problems(amount, currency, asked, chosen, settings):
    """Say what is wrong with currency and amount for this method and country."""
    problems = []
    if currency != settings["currency"]:
        is_japanese = chosen == "econtext"
        words = "must be JPY" if is_japanese else "is currently not supported"
        problems.append(f"currency {words}")
    if amount is None:
        problems.append("amount is not a number")
    if problems or chosen not in METHODS:
        return problems
    term = asked["installment_term"]
    return _limit_problems(amount, chosen, limits(chosen, settings["country"], term))


def _limit_problems(amount, chosen, low_and_high):
    """Say that an amount is too small or too large, in the method's own words."""
    low, high = low_and_high
    if amount < low:
        words = "at least" if chosen == "econtext" else "greater than or equal to"
        return [f"amount must be {words} {low}"]
    if amount > high and chosen == "econtext":
        return [f"amount must be less than {high + 1}"]
    if amount > high:
        return [f"amount must be less than or equal to {high}"]
    return []


def _problems(method, asked):
    """Say what is missing or misshapen for one method."""
    problems = []
    if "name" in method.needs:
        problems += _name_problems(asked.get("name"))
    email = asked.get("email")
    if ("email" in method.needs or email) and not _EMAIL.fullmatch(email or ""):
        problems.append("email is in invalid format")
    phone = asked["phone_number"] or ""
    if "phone_number" in method.needs and not re.fullmatch(r"\+?\d{10,11}", phone):
        problems.append("phone_number must contain 10-11 digit characters")
    if "installment_term" in method.needs:
        known = asked["installment_term"] in method.terms
        problems += [] if known else ["installment_term is not valid"]
    if "bank" in method.needs and asked.get("bank") not in method.banks:
        problems.append("bank is not valid")
    if "barcode" in method.needs and not asked.get("barcode"):
        problems.append("barcode cannot be blank")
    kind = (asked.get("qr_settings") or {}).get("image_type", "svg")
    if kind not in ("svg", "png"):
        problems.append("image_type is not valid")
    return problems


def _name_problems(name):
    """Check a name that a konbini's till can print."""
    if not name:
        return ["name cannot be blank"]
    return ["name is too long (maximum is 10 characters)"] if len(name) > 10 else []
