"""Make single-use tokens from card data, and forget the number and the security code at once.

Messages rest on tokens-api and on what the SDKs' tests recorded.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from . import objects
from .rows import new_id
from .rules import cards, days, scenarios, values
from .rules.refusals import Refused, refuse_all
from .state import books

WALLETS = ("googlepay", "applepay")


def create(params):
    """Make a token from ``card`` or from a wallet's ``tokenization``; raises Refused."""
    if isinstance(params.get("tokenization"), dict):
        facts = _from_wallet(params["tokenization"])
    elif isinstance(params.get("card"), dict) and params["card"]:
        facts = _from_form(params["card"])
    else:
        raise Refused("missing_card", "request contains no card parameters")
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
        raise Refused("used_token", "token was already used")
    books().save({**token, "used": True, "charge": charge_id})
    return token["card"]


def _from_form(card):
    """Check what a shopper typed and keep only what may be kept."""
    number = "".join(str(card.get("number") or "").split())
    month = values.whole(card.get("expiration_month"))
    year = cards.full_year(values.whole(card.get("expiration_year")))
    name = values.text(card.get("name"))
    today = days.date_at(books().now())
    problems = cards.holder_problems(
        name, card.get("expiration_month"), month, year, today
    )
    refuse_all("invalid_card", problems + cards.number_problems(number))
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
    month, year = card["expiration_month"], cards.full_year(card["expiration_year"])
    card["expiration_year"] = year
    today = days.date_at(books().now())
    return cards.holder_problems(card["name"], month, month, year, today)


def _from_wallet(tokenization):
    """Stand in for Google Pay or Apple Pay with a card that works."""
    method = tokenization.get("method")
    if method not in WALLETS or not values.text(tokenization.get("data")):
        raise Refused("bad_request", "tokenization is not valid")
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
        name=values.text(address.get("name")),
        expiration_month=12,
        expiration_year=year,
        code_given=True,
        tokenization_method=method,
    )


def _facts(number, given, *, code_given, tokenization_method=None, **checked):
    """Keep a card without its number: brand, last digits, fingerprint, and what it stands for."""
    scenario = scenarios.scenario_of(number)
    address = {name: values.text(given.get(name)) for name in objects.CARD_ADDRESS}
    return {
        "id": new_id("card"),
        "created_at": books().now(),
        "customer": None,
        "deleted": False,
        **address,
        "country": (address["country"] or "").lower(),
        "email": values.text(given.get("email")),
        "financing": "",
        "bank": "",
        "brand": cards.brand_and_lengths(number)[0],
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
