"""Let in whoever has a key of the kind that a route needs. Rests on api-authentication."""

import base64
import binascii
import hmac
import re
from functools import wraps

from flask import current_app, request

from ..books import books
from ..rules.refusals import Refused
from .versions import version

# Marks a request that nobody sent: the fault plan answers with what it would have said.
UNASKED = "sandbox.unasked"
KEY_NAMES = {"pkey": "PUBLIC_KEY", "skey": "SECRET_KEY"}


def needs(*kinds):
    """Let a route be called with these kinds of key only ("pkey", "skey")."""

    def decorate(view):
        @wraps(view)
        def guarded(*args, **kwargs):
            if UNASKED not in request.environ:
                books().count(f"{request.method} {request.url_rule.rule}")
            _authenticate(kinds)
            version()
            return view(*args, **kwargs)

        return guarded

    return decorate


def _authenticate(kinds):
    """Refuse the request unless it carries this sandbox's key of an accepted kind."""
    key = _key_of(request.headers.get("Authorization", ""))
    if re.match(r"[ps]key_(?!test_)", key):
        message = "the sandbox refuses live keys"
        raise Refused("authentication_failure", message, 401)
    keys = [current_app.config[f"SANDBOX_{KEY_NAMES[kind]}"] for kind in kinds]
    if not any(hmac.compare_digest(key.encode(), each.encode()) for each in keys):
        raise Refused("authentication_failure", "authentication failed", 401)


def _key_of(header):
    """Take the key out of Basic credentials; Omise.js sends them without the colon."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[0]
