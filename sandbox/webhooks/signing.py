"""Sign webhooks as Omise does."""

import base64
import hashlib
import hmac
import time


def signature(secret, timestamp, body):
    """Sign a body: hex HMAC-SHA256 under the base64-decoded secret."""
    key = base64.b64decode(secret)
    return hmac.new(key, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def headers(settings, body, rule):
    """Sign with the secret, and during a rotation with the previous one too; a rule may forge."""
    timestamp = str(int(time.time()) - rule.get("age", 0))
    pair = (settings["webhook_secret"], settings["webhook_previous_secret"])
    if "secret" in rule:
        pair = (rule["secret"],)
    signatures = [signature(secret, timestamp, body) for secret in pair if secret]
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if not signatures:
        return headers
    signed = {"Omise-Signature": ",".join(signatures)}
    return {**headers, **signed, "Omise-Signature-Timestamp": timestamp}
