"""Send one event's webhook, and write down how it was taken.

Bodies keep the account's default version, whatever the caller's header said.
"""

import requests

from ..books import books
from ..books.ids import new_id
from ..draw.older import downgraded_event
from ..draw.pretty import pretty
from ..faults.lying import changed
from ..rules.versions import CURRENT_VERSION
from . import signing

PATIENCE = 10


def deliver(event_id, rule):
    """Send one event to its endpoints and write down how each took it."""
    event, settings = books().find("event", event_id), books().settings()
    body = pretty(_bent(event["shown"], settings, rule)).encode()
    account_endpoint = [settings["webhook_uri"]] if settings["webhook_uri"] else []
    for uri in (event["endpoints"] or account_endpoint) * rule.get("copies", 1):
        status, error = _post(uri, body, signing.headers(settings, body, rule))
        delivery = {
            "id": new_id("whdl"),
            "created_at": books().now(),
            "uri": uri,
            "status": status,
            "error": error,
            "key": event["key"],
        }
        books().add("delivery", delivery, parent=event_id)


def _bent(shown, settings, rule):
    """Give an event in the version and with the lies that a rule asks for."""
    if "api_version" in rule and settings["api_version"] == CURRENT_VERSION:
        shown = downgraded_event(shown)
    return changed(shown, rule.get("set", {}))


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
