"""Tokens: single-use stand-ins for card data; number and security code are forgotten at once.

Rests on tokens-api.
"""

import base64
import hashlib
import hmac

from ..books import books
from ..rules import cards, days, scenarios, values
from ..rules.refusals import Refused, refuse_all
from .kind import CARD
from .kind import TOKEN as KIND

WALLETS = ("googlepay", "applepay")

find = KIND.find


def make(params):
    """Make a token from ``card`` or from a wallet's ``tokenization``."""
    if isinstance(params.get("tokenization"), dict):
        kept = _from_wallet(params["tokenization"])
    elif isinstance(params.get("card"), dict) and params["card"]:
        kept = _from_form(params["card"])
    else:
        raise Refused("missing_card", "request contains no card parameters")
    return KIND.add(KIND.begun(used=False, charge=None, card=kept))


def spend(token_id, charge_id=None):
    """Use a token up and hand over its card; call it inside the change that needs the card."""
    facts = find(token_id)
    if facts["used"]:
        raise Refused("used_token", "token was already used")
    KIND.save({**facts, "used": True, "charge": charge_id})
    return facts["card"]


def _from_form(card):
    """Check what a shopper typed and keep only what may be kept."""
    number = "".join(str(card.get("number") or "").split())
    given_month = card.get("expiration_month")
    month = values.whole(given_month)
    year = cards.full_year(values.whole(card.get("expiration_year")))
    name = values.text(card.get("name"))
    today = days.date_at(books().now())
    problems = cards.holder_problems(name, given_month, month, year, today)
    refuse_all("invalid_card", problems + cards.number_problems(number))
    code = str(card.get("security_code") or "")
    return _kept(
        number,
        card,
        name=name,
        expiration_month=month,
        expiration_year=year,
        code_given=code.isdigit() and len(code) in (3, 4),
    )


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
    year = days.date_at(books().now()).year + 3
    return _kept(
        "4242424242424242",
        address,
        name=values.text(address.get("name")),
        expiration_month=12,
        expiration_year=year,
        code_given=True,
        tokenization_method=method,
    )


def _kept(number, given, *, code_given, tokenization_method=None, **checked):
    """Keep a card without its number: brand, last digits, fingerprint, and what it stands for."""
    scenario = scenarios.scenario_of(number)
    address = {name: values.text(given.get(name)) for name in cards.ADDRESS}
    return {
        **CARD.begun(),
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
