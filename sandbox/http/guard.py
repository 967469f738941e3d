"""Keep strangers out: foreign names, other machines, and pages of other origins.

Everybody knows the keys, and the control surface asks for none. So a page that a developer looks at
must be able to send nothing here: neither from its own origin (another port is one, too) nor under
a name of its own that it has led to this machine ("DNS rebinding"). Clients that are no browsers
send none of the headers that are looked at.
"""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app, request

from ..rules.refusals import Refused
from .headers import open_to_browsers

# Omise's own names come where someone has led them here, for a client that cannot be told.
HOSTS = (
    *("localhost", ".localhost", "127.0.0.1", "[::1]"),
    *("api.omise.co", "vault.omise.co", "cdn.omise.co"),
)
_LOOKS = ("GET", "HEAD", "OPTIONS")
# What a proxy or a tunnel adds to what it hands on; no client on this machine sends it.
_HANDED_ON = ("HTTP_FORWARDED", "HTTP_X_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


def init_app(app):
    """Guard an app whose SANDBOX_HOSTS and SANDBOX_EXPOSED are set; headers come first."""
    app.before_request(_keep_out)


def _keep_out():
    """Refuse what cannot have been meant for a sandbox on its developer's machine."""
    if not _is_known(request.host, current_app.config["SANDBOX_HOSTS"]):
        name = request.headers.get("Host", "")
        raise Refused("bad_request", f"this sandbox is not known by the name {name}")
    if not current_app.config["SANDBOX_EXPOSED"]:
        _keep_out_others()
    looks = request.method in _LOOKS and request.blueprint != "control"
    if is_foreign() and not (looks or open_to_browsers()):
        message = "a page of another origin may not ask for that"
        raise Refused("not_authorized", message, 403)


def _keep_out_others():
    """Refuse who is on another machine, be it behind a proxy or a tunnel that ends on this one."""
    if not _is_near(request.remote_addr):
        message = "this sandbox serves its own machine alone"
        raise Refused("not_authorized", message, 403)
    if any(name.startswith(_HANDED_ON) for name in request.environ):
        message = (
            "this sandbox serves its own machine alone, and a proxy has handed this on"
        )
        raise Refused("not_authorized", message, 403)


def is_foreign():
    """Tell whether a browser sends this for a page of another origin.

    Browsers that say nothing of sites tell at least the origin of what is posted.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _is_known(host, names):
    """Tell whether a host, with a port or without, is one of these or below one with a dot."""
    found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]+)?", host.lower())
    name = found and found[1].rstrip(".")
    return bool(name) and any(
        name == each or (each.startswith(".") and name.endswith(each)) for each in names
    )


def _is_near(address):
    """Tell whether a caller is on this machine; one without an address called no network."""
    if not address:
        return True
    found = ip_address(address)
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
