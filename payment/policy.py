"""What payment's pages must be allowed by a content security policy, as data (Omise.js; FAQ on
CSP)."""

from typing import Any
from urllib.parse import urlsplit

Policy = dict[str, str]

# The pages of an order: styles, the script that watches, what it asks, and the code to scan.
OWN_NEEDS: Policy = {
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
}


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def needs(config: dict[str, Any]) -> Policy:
    """Say which sources the payment page needs, by directive.

    The script by its full address; frames and calls at Omise's hosts, of which the form that pops
    up uses the first, and `Omise.createToken` and `createSource` the second.
    """
    script, vault = config["OMISE_JS_URL"], _origin(config["OMISE_VAULT_BASE"])
    home, api = _origin(script), _origin(config["OMISE_API_BASE"])
    return {
        "script-src": f"'self' {script}",
        "frame-src": f"{home} {vault}",
        "connect-src": f"{home} {api}",
        "img-src": f"'self' {home}",
        "style-src": "'self'",
        # Omise.js hides its frame with a style attribute.
        "style-src-attr": "'unsafe-inline'",
        "form-action": "'self'",
    }


def of_payment_page(config: dict[str, Any]) -> Policy:
    """Open the policy of the host's other pages for Omise.js, directive by directive."""
    return _opened(config["PAYMENT_PAGE_POLICY"], needs(config))


def of_order_page(config: dict[str, Any]) -> Policy:
    """Open it for payment's other pages, which load from the host alone."""
    return _opened(config["PAYMENT_PAGE_POLICY"], OWN_NEEDS)


def _opened(given: dict[str, Any], needed: Policy) -> Policy:
    policy = {name: _text(sources) for name, sources in given.items()}
    for name, sources in needed.items():
        if name == "form-action" and name not in policy:
            continue  # it does not fall back on default-src: all is allowed
        # What the host's pages load is loaded by its layout, which payment's pages have too.
        theirs = policy.get(name, policy.get("default-src", ""))
        wanted = dict.fromkeys([*sources.split(), *theirs.split()])
        if len(wanted) > 1:
            wanted.pop("'none'", None)
        policy[name] = " ".join(wanted)
    return policy


def _text(sources: Any) -> str:
    return sources if isinstance(sources, str) else " ".join(sources)
