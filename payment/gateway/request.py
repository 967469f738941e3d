"""The SDK, tamed: subclasses of the few of its resources that we use, for this app's keys alone.

Importing this changes nothing for a host's own use of `omise`. The SDK (0.16) knows no time
limit, opens a connection for each call, never looks at the HTTP status, drops error codes, pastes
ids into paths, puts what GETs ask for into bodies, logs bodies and keeps its keys in globals; here
every request goes through `http.exchange`, and `Charge.create(...)` still reads like the tutorial.
"""

import json
import logging
from typing import Any
from urllib.parse import quote, urljoin

from flask import current_app

from . import http

_handlers = logging.root.handlers[:]
import omise  # noqa: E402  its import calls logging.basicConfig(), which is undone at once

for _handler in set(logging.root.handlers) - set(_handlers):
    logging.root.removeHandler(_handler)


class _Tamed:
    """Send what a resource asks for with limits, the app's keys, and an answer that is checked."""

    _base, _key = "OMISE_API_BASE", "OMISE_SECRET_KEY"

    @classmethod
    def _request(cls, method, path, payload=None, headers=None):
        config = current_app.config
        parts = (path,) if isinstance(path, str) else path
        quoted = "/".join(quote(part, safe="") for part in parts)
        # A question travels in the query string (pagination): hops may drop the body of a GET,
        # which the SDK sends, and the answer would be one to another question.
        reads = method.lower() == "get"
        return http.exchange(
            method,
            urljoin(config[cls._base], quoted),
            params=(payload or {}) if reads else None,
            data=None if reads else json.dumps(payload or {}, sort_keys=True),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                "Omise-Version": config["OMISE_API_VERSION"],
                "User-Agent": f"OmisePython/{omise.version.__VERSION__}",
            },
            auth=(config[cls._key], ""),
        )


class Charge(_Tamed, omise.Charge):
    """charges-api."""


class Customer(_Tamed, omise.Customer):
    """customers-api."""


class Source(_Tamed, omise.Source):
    """sources-api."""


class Token(_Tamed, omise.Token):
    """tokens-api, on the vault, by the public key."""

    _base, _key = "OMISE_VAULT_BASE", "OMISE_PUBLIC_KEY"


class Capability(_Tamed, omise.Capability):
    """capability-api, by the public key."""

    _key = "OMISE_PUBLIC_KEY"


class Account(_Tamed, omise.Account):
    """account-api."""


def page(path: str | tuple[str, ...], **cut: Any) -> dict[str, Any]:
    """Read one page of a list (pagination): `limit`, `offset`, `order`, `from`, `to`.

    The SDK's own lists keep neither `total` nor the app's keys.
    """
    return Charge._request("get", path, cut)
