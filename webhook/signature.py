"""Check that a webhook delivery was signed by Omise, and lately; pure, no Flask.

Rests on api-webhooks: lower-case hex HMAC-SHA256 over "<timestamp>.<raw body>", keyed with the
base64-decoded secret; two values, comma-separated, for a day after the secret was rolled.
"""

import base64
import binascii
import hashlib
import hmac
import re

# Omise names no tolerance; five minutes is what signed webhooks allow elsewhere.
TOLERANCE = 300


class SignatureRefused(Exception):
    """Say why a delivery is not believed."""


def verify(body, timestamp, signatures, secrets, now):
    """Accept a delivery, or raise SignatureRefused.

    `body` is the raw bytes as received; `timestamp` and `signatures` are the header texts or None;
    `secrets` lists base64 texts; `now` is the time in Unix seconds.
    """
    if not re.fullmatch(r"[0-9]{1,12}", timestamp or "", re.ASCII):
        raise SignatureRefused("no usable timestamp")
    if abs(now - int(timestamp)) > TOLERANCE:
        raise SignatureRefused("the timestamp is too far from our clock")
    given = [one.strip() for one in (signatures or "").split(",")][:4]
    sane = [one for one in given if re.fullmatch(r"[0-9a-f]{64}", one)]
    if not sane:
        raise SignatureRefused("no usable signature")
    expected = [_sign(body, timestamp, secret) for secret in secrets]
    # Every pair is compared, so that time tells nothing.
    matches = [hmac.compare_digest(one, ours) for one in sane for ours in expected]
    if not any(matches):
        raise SignatureRefused("no signature matches")


def _sign(body, timestamp, secret):
    try:
        key = base64.b64decode(secret, validate=True)
    except binascii.Error:
        raise SignatureRefused("our webhook secret is not base64") from None
    return hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
