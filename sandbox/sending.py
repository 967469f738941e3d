"""Sign one event's webhook, send it, and write down how it was taken.

Bodies keep the account's default version, whatever the caller's header said. Rests on
api-webhooks.
"""

import base64
import hashlib
import hmac
import time

import requests

from . import older, spoiling, wire
from .rows import new_id
from .rules.versions import CURRENT_VERSION
from .state import books

PATIENCE = 10


def signature(secret, timestamp, body):
    """Sign a body as Omise does: hex HMAC-SHA256 under the base64-decoded secret."""
    key = base64.b64decode(secret)
    return hmac.new(key, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def _headers(settings, body, rule):
    """Sign with the secret, and during a rotation with the previous one too."""
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


def _bent(shown, settings, rule):
    """Give an event in the version and with the lies that a rule asks for."""
    if "api_version" in rule and settings["api_version"] == CURRENT_VERSION:
        shown = older.downgraded_event(shown)
    return spoiling.changed(shown, rule.get("set", {}))


def deliver(event_id, rule):
    """Send one event to its endpoints and write down how each took it."""
    event, settings = books().find("event", event_id), books().settings()
    body = wire.pretty(_bent(event["shown"], settings, rule)).encode()
    account_endpoint = [settings["webhook_uri"]] if settings["webhook_uri"] else []
    for uri in (event["endpoints"] or account_endpoint) * rule.get("copies", 1):
        status, error = _post(uri, body, _headers(settings, body, rule))
        delivery = {
            "id": new_id("whdl"),
            "created_at": books().now(),
            "uri": uri,
            "status": status,
            "error": error,
            "key": event["key"],
        }
        books().add("delivery", delivery, parent=event_id)


def _post(uri, body, headers):
    """Send one body: (HTTP status or None, what went wrong or None)."""
    try:
        with requests.Session() as session:
            # Streamed, so that an endless answer is not read; and no proxy from the environment.
            session.trust_env, session.stream = False, True
            sent = {"data": body, "headers": headers, "timeout": PATIENCE}
            with session.post(uri, allow_redirects=False, **sent) as response:
                next(response.iter_content(4096), None)  # the shop speaks first
                return response.status_code, None
    except (requests.RequestException, ValueError) as problem:
        # A ValueError is a host name that cannot be one, such as a label of 64 letters.
        return None, type(problem).__name__
