"""Make single-use tokens from card data, and forget the number and the security code at once.

Messages rest on tokens-api and on what the SDKs' tests recorded.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from . import forms, objects, scenarios, wire
from .rows import new_id
from .state import books

WALLETS = ("googlepay", "applepay")


def create(params):
    """Make a token from ``card`` or from a wallet's ``tokenization``; raises Refused."""
    if isinstance(params.get("tokenization"), dict):
        facts = _from_wallet(params["tokenization"])
    elif isinstance(params.get("card"), dict) and params["card"]:
        facts = _from_form(params["card"])
    else:
        raise wire.Refused("missing_card", "request contains no card parameters")
    token = {
        "id": new_id("tokn"),
        "created_at": facts["created_at"],
        "used": False,
        "charge": None,
        "card": facts,
    }
    books().add("token", token)
    return objects.token(token)


def spend(token_id, charge_id=None):
    """Use a token up and hand over its card; call it inside the change that needs the card."""
    token = books().find("token", token_id)
    if token["used"]:
        raise wire.Refused("used_token", "token was already used")
    books().save({**token, "used": True, "charge": charge_id})
    return token["card"]


def _from_form(card):
    """Check what a shopper typed and keep only what may be kept."""
    number = "".join(str(card.get("number") or "").split())
    month = forms.whole(card.get("expiration_month"))
    year = _full_year(forms.whole(card.get("expiration_year")))
    name = forms.text(card.get("name"))
    problems = _holder_problems(name, card.get("expiration_month"), month, year)
    wire.refuse_all("invalid_card", problems + _number_problems(number))
    code = str(card.get("security_code") or "")
    return _facts(
        number,
        card,
        name=name,
        expiration_month=month,
        expiration_year=year,
        code_given=code.isdigit() and len(code) in (3, 4),
    )


def problems_of(card):
    """Say what is wrong with a kept card whose holder or expiry was changed."""
    month, year = card["expiration_month"], _full_year(card["expiration_year"])
    card["expiration_year"] = year
    return _holder_problems(card["name"], month, month, year)


def _holder_problems(name, given_month, month, year):
    """Say what is wrong with name and expiry, in the recorded order."""
    return [
        *_month_problems(given_month, month),
        *([] if name else ["name can't be blank"]),
        *_date_problems(given_month, month, year),
    ]


def _month_problems(given, month):
    """Say what is wrong with the month alone."""
    problems = [] if forms.text(given) else ["expiration month can't be blank"]
    if month is None or not 1 <= month <= 12:
        problems.append("expiration month is not between 1 and 12")
    return problems


def _date_problems(given_month, month, year):
    """Say what is wrong with the year and with the two together."""
    problems = [] if year else ["expiration year is invalid"]
    month_is_good = month is not None and 1 <= month <= 12
    if forms.text(given_month) and not month_is_good:
        problems.append("expiration date is invalid")
    if month_is_good and year and _is_past(month, year):
        problems.append("expiration date cannot be in the past")
    return problems


def _is_past(month, year):
    """Tell whether a card's last month is over."""
    today = datetime.fromtimestamp(books().now(), UTC)
    return (year, month) < (today.year, today.month)


def _full_year(year):
    """Read YY or YYYY; None for anything else."""
    if year is None or not (0 < year < 100 or 1900 <= year < 2200):
        return None
    return year + 2000 if year < 100 else year


def _number_problems(number):
    """Say what is wrong with a card number."""
    brand, lengths = scenarios.brand_and_lengths(number)
    problems = [] if brand else ["brand not supported (unknown)"]
    if not number:
        return ["number can't be blank", *problems]
    digits = number.isascii() and number.isdigit()
    fits = not brand or len(number) in lengths
    if not (digits and fits and len(number) >= 12 and scenarios.passes_luhn(number)):
        return ["number is invalid", *problems]
    return problems


def _from_wallet(tokenization):
    """Stand in for Google Pay or Apple Pay with a card that works."""
    method = tokenization.get("method")
    if method not in WALLETS or not forms.text(tokenization.get("data")):
        raise wire.Refused("bad_request", "tokenization is not valid")
    prefix = "billing_"
    address = {
        name.removeprefix(prefix): value
        for name, value in tokenization.items()
        if name.startswith(prefix)
    }
    year = datetime.fromtimestamp(books().now(), UTC).year + 3
    return _facts(
        "4242424242424242",
        address,
        name=forms.text(address.get("name")),
        expiration_month=12,
        expiration_year=year,
        code_given=True,
        tokenization_method=method,
    )


def _facts(number, given, *, code_given, tokenization_method=None, **checked):
    """Keep a card without its number: brand, last digits, fingerprint, and what it stands for."""
    scenario = scenarios.scenario_of(number)
    address = {name: forms.text(given.get(name)) for name in objects.CARD_ADDRESS}
    return {
        "id": new_id("card"),
        "created_at": books().now(),
        "customer": None,
        "deleted": False,
        **address,
        "country": (address["country"] or "").lower(),
        "email": forms.text(given.get("email")),
        "financing": "",
        "bank": "",
        "brand": scenarios.brand_and_lengths(number)[0],
        "fingerprint": _fingerprint(number),
        "last_digits": number[-4:],
        "security_code_check": code_given and scenario != "invalid_security_code",
        "tokenization_method": tokenization_method,
        "scenario": scenario,
        **checked,
    }


def _fingerprint(number):
    """Make what is the same for the same number in this account, and cannot be turned back."""
    key = bytes.fromhex(books().settings()["fingerprint_key"])
    digest = hmac.digest(key, number.encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()
