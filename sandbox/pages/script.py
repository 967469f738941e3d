"""Serve omise.js and what it frames; or another script, such as the genuine one, in its place."""

import re
from pathlib import Path

import requests
from flask import Blueprint, Response, current_app, render_template

from ..books import books
from ..books.settings import OWN_SCRIPT
from ..http.addresses import base_url
from ..rules import values
from .page import with_policy

# A shop on another port of this machine is another origin, and must be able to frame the form.
_LOOPBACK = " ".join(
    f"{scheme}://{host}:*"
    for scheme in ("http", "https")
    for host in ("localhost", "127.0.0.1")
)
PAY_FORM_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    f" img-src 'self' data: {_LOOPBACK}; base-uri 'none'; form-action 'none';"
    f" frame-ancestors 'self' {_LOOPBACK}"
)
_PATIENCE = 10
# Where the genuine script finds its form, its maker of tokens and the API.
_HOSTS = re.compile(rb"https://(?:cdn|vault|api)\.omise\.co(?![\w.-])")

routes = Blueprint("script", __name__)


class Unreachable(Exception):
    """Raised when the script that was set could not be read."""


@routes.get("/omise.js")
def serve():
    """Serve the stand-in for the vendor's browser script, or the one that was set."""
    chosen = books().settings()["omise_js"]
    if chosen == OWN_SCRIPT:
        return current_app.send_static_file("omise.js")
    try:
        return Response(_led_here(_read(chosen)), mimetype="text/javascript")
    except Unreachable as problem:
        return Response(f"{problem}\n", 502, mimetype="text/plain")


@routes.get("/pay.html", defaults={"name": "pay"})
@routes.get("/provider", defaults={"name": "provider"})
def frame(name):
    """Serve what omise.js frames: the pay form, and the hidden maker of tokens."""
    retired = books().settings()["retired_methods"]
    page = render_template(f"sandbox/{name}.html", retired=retired)
    return with_policy(page, PAY_FORM_POLICY)


def is_known(chosen):
    """Tell whether this names a script: our own, one on the web, or a file of this machine."""
    own = chosen == OWN_SCRIPT
    return own or values.is_web_address(chosen) or Path(chosen).is_file()


def _led_here(script):
    """Lead the hosts of Omise in a script to this sandbox."""
    return _HOSTS.sub(base_url().rstrip("/").encode(), script)


def _read(chosen):
    """Read a script from the web or this machine."""
    try:
        if not values.is_web_address(chosen):
            return Path(chosen).read_bytes()
        answer = requests.get(chosen, timeout=_PATIENCE)
        answer.raise_for_status()
        return answer.content
    except (OSError, requests.RequestException) as problem:
        raise Unreachable(f"{chosen} could not be read: {problem}") from problem
