"""Say which settings an account has, what they are at first, and what each may be set to."""

import base64
import binascii
import secrets
import time

from ..keys import WEBHOOK_SECRET
from ..rules import countries, values
from ..rules.refusals import Refused
from ..rules.versions import CURRENT_VERSION, VERSIONS
from .ids import new_id

OWN_SCRIPT = "own"
SWITCHES = ("three_d_secure", "zero_interest_installments", "retired_methods")
TEXTS = ("webhook_uri", "webhook_secret", "webhook_previous_secret")
CHOICES = {"api_version": VERSIONS, "country": tuple(countries.COUNTRIES)}
FURTHEST = 20 * 365 * 24 * 60 * 60


def first():
    """Tell what the settings of a new account are."""
    return {
        "three_d_secure": False,
        "webhook_uri": None,
        "webhook_secret": WEBHOOK_SECRET,
        "webhook_previous_secret": None,
        "omise_js": OWN_SCRIPT,
        "api_version": CURRENT_VERSION,
        "clock_offset": 0,
        "account_id": new_id("account"),
        "team_id": new_id("acct").replace("_test_", "_"),
        "opened_at": int(time.time()),
        "fingerprint_key": secrets.token_hex(32),
        "zero_interest_installments": False,
        "retired_methods": False,
        "default_recipient": None,
        "chain_return_uri": None,
        "metadata_export_keys": {},
    }


def read(name, value):
    """Read the new value of a setting, or refuse a name or value that means nothing."""
    text, number = values.text(value), values.whole(value)
    if name in SWITCHES:
        return values.is_true(value)
    if name in TEXTS:
        return text
    if name == "clock_offset" and number is not None and abs(number) < FURTHEST:
        return number
    if name in CHOICES and text in CHOICES[name]:
        return text
    if name == "omise_js" and (text == OWN_SCRIPT or values.is_web_address(text)):
        return text
    raise Refused("bad_request", f"{name} cannot be set to that")


def check(name, value):
    """Refuse a webhook's address that is none on the web, and a secret that is not base64."""
    if name == "webhook_uri" and value and not values.is_web_address(value):
        raise Refused("bad_request", "webhook_uri is invalid")
    if name in ("webhook_secret", "webhook_previous_secret") and value:
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Refused("bad_request", f"{name} is not base64") from None
