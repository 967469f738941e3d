"""What the payment page must be allowed for Omise.js to run, as data (Omise.js; FAQ on CSP)."""

from typing import Any
from urllib.parse import urlsplit

Policy = dict[str, str]


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def needs(config: dict[str, Any]) -> Policy:
    """Say which sources Omise.js needs, by directive."""
    script, vault = config["OMISE_JS_URL"], _origin(config["OMISE_VAULT_BASE"])
    home, api = _origin(script), _origin(config["OMISE_API_BASE"])
    return {
        "script-src": f"'self' {script}",
        "frame-src": f"'self' {home} {vault}",
        "connect-src": f"'self' {home} {api}",
        "img-src": f"'self' data: {home}",
        "style-src": "'self'",
        # Omise.js hides its frame with a style attribute.
        "style-src-attr": "'unsafe-inline'",
    }


def of_payment_page(config: dict[str, Any]) -> Policy:
    """Open the policy of the host's other pages for Omise.js, directive by directive."""
    policy = {
        name: _text(sources) for name, sources in config["PAYMENT_PAGE_POLICY"].items()
    }
    for name, sources in needs(config).items():
        # What the host's pages load is loaded by its layout, which the payment page has too.
        given = policy.get(name, policy.get("default-src", ""))
        wanted = dict.fromkeys([*sources.split(), *given.split()])
        if len(wanted) > 1:
            wanted.pop("'none'", None)
        policy[name] = " ".join(wanted)
    return policy


def _text(sources: Any) -> str:
    return sources if isinstance(sources, str) else " ".join(sources)
