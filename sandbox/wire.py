"""Speak HTTP as Omise does: who asks, with what, and how an answer or a refusal looks.

Requests arrive as forms with brackets, as JSON (also on GET: omise-python sends that) or a query;
answers leave pretty-printed. Rests on api-errors, api-versions and api-authentication.
"""

import base64
import binascii
import hmac
import json
import re
import time
import uuid
from functools import wraps
from urllib.parse import urlsplit

from flask import Response, current_app, g, request

from . import forms
from .rules import values
from .rules.refusals import Refused
from .rules.versions import BEFORE_SOURCES, CURRENT_VERSION, VERSIONS

KEY_NAMES = {"pkey": "PUBLIC_KEY", "skey": "SECRET_KEY"}
OPEN_TO_BROWSERS = ("/tokens", "/sources", "/capability")

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Omise-Version",
    "Access-Control-Max-Age": "86400",
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
# Possessive, or a deeply nested body is searched in the square of its indent.
_EMPTY_LIST = re.compile(r"(?m)^( *+)(.*)\[\](,?)$")
_EMPTY_HASH = re.compile(r"(?m)^( *+)(.*)\{\}(,?)$")


def init_app(app):
    """Give every answer of the app Omise's headers and every refusal its shape."""
    app.register_error_handler(Refused, _error)
    for problem in (404, 405):
        nowhere = Refused("service_not_found", "service not found", 404)
        app.register_error_handler(problem, lambda _, refused=nowhere: _error(refused))
    too_large = Refused("bad_request", "request body is too large", 413)
    app.register_error_handler(413, lambda _: _error(too_large))
    app.before_request(_begin)
    app.after_request(_dress)


def _error(refused):
    """Shape a refusal; it carries no Omise-Version header, as recorded."""
    body = {
        "object": "error",
        "location": "https://www.omise.co/api-errors#" + refused.code.replace("_", "-"),
        "code": refused.code,
        "message": refused.message,
    }
    return _json(body, refused.http_status)


def pretty(body):
    """Print JSON as Omise does, odd empty lists and hashes included; webhooks sign these bytes."""
    text = json.dumps(body, indent=2, ensure_ascii=False)
    text = _EMPTY_LIST.sub(r"\1\2[\n\n\1]\3", text)
    return _EMPTY_HASH.sub(r"\1\2{\n\1}\3", text) + "\n"


def _json(body, status=200):
    content_type = "application/json; charset=utf-8"
    return Response(pretty(body), status, content_type=content_type)


def answer(body):
    """Answer with an object in the version that this request speaks."""
    from . import expand, older

    if values.is_true(params().get("expand")):
        body = expand.expanded(body)
    chosen = version()
    response = _json(body if chosen == CURRENT_VERSION else older.downgraded(body))
    response.headers["Omise-Version"] = chosen
    return response


def version():
    """Tell which version this request speaks: its header, else the account's default."""
    wanted = request.headers.get("Omise-Version")
    if not wanted:
        return current_app.extensions["sandbox"].settings()["api_version"]
    # omise-node's own tests ask for 2019-09-29, which never was: the one before it is meant.
    past = [each for each in VERSIONS if _DATE.fullmatch(wanted) and each <= wanted]
    if not past:
        raise Refused("bad_request", f"api version {wanted} is not supported")
    return past[-1]


def needs_sources():
    """Refuse versions from before there were sources."""
    if version() in BEFORE_SOURCES:
        message = "you are using api version which does not support this operation"
        raise Refused("service_not_found", message, 404)


def params():
    """Read what the caller sent, from the query, a form or JSON, whatever the verb."""
    if "sandbox_params" not in g:
        g.sandbox_params = {
            **forms.nested(forms.parsed(request.query_string)),
            **_body_params(),
        }
    return g.sandbox_params


def _body_params():
    """Read the body alone."""
    if request.mimetype == "multipart/form-data":
        return forms.nested(request.form.items(multi=True))
    raw = request.get_data(cache=True)
    if not raw.strip():
        return {}
    if not request.is_json and not raw.lstrip().startswith(b"{"):
        return forms.nested(forms.parsed(raw))
    try:
        body = json.loads(raw)
        # Python reads NaN and half a surrogate pair, but no answer could repeat them.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise Refused("bad_request", "request body is not valid JSON") from None
    if body is None:
        # omise-node sends this where there is nothing to say, as in a full capture.
        return {}
    if not isinstance(body, dict) or forms.is_deep(body):
        raise Refused("bad_request", "request body should be a JSON hash")
    return body


def needs(*kinds):
    """Let a route be called with these kinds of key only ("pkey", "skey")."""

    def decorate(view):
        @wraps(view)
        def guarded(*args, **kwargs):
            call = f"{request.method} {request.url_rule.rule}"
            current_app.extensions["sandbox"].count(call)
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


def base_url():
    """Tell the absolute address of the sandbox, ending in a slash."""
    configured = current_app.config["SANDBOX_BASE_URL"]
    if configured:
        return configured
    return request.url_root if request else "http://localhost/"


def path_of(path):
    """Put the mount's prefix before a path: clients join `location` with their base."""
    if request:
        return request.root_path.rstrip("/") + path
    return urlsplit(base_url()).path.rstrip("/") + path


def _begin():
    """Note when the request came, for X-Runtime, and answer a browser's preflight."""
    g.sandbox_began = time.perf_counter()
    if request.method == "OPTIONS" and _open_to_browsers():
        return Response(status=204)
    return None


def _open_to_browsers():
    """Tell whether other origins may call this path, as Omise.js does."""
    return request.path.startswith(OPEN_TO_BROWSERS)


def _dress(response):
    """Add the headers that Omise's answers carry."""
    if _open_to_browsers():
        response.headers.update(_CORS)
    if response.mimetype == "application/json":
        spent = time.perf_counter() - g.sandbox_began
        response.headers["Cache-Control"] = "no-cache, no-store"
        response.headers["X-Request-Id"] = str(uuid.uuid4())
        response.headers["X-Runtime"] = f"{spent:.6f}"
        response.headers["Vary"] = "Accept-Encoding"
    return response
