"""Add the headers that Omise's answers carry, and answer a browser's preflight."""

import time
import uuid

from flask import Response, g, request

OPEN_TO_BROWSERS = ("/tokens", "/sources", "/capability")
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Omise-Version",
    "Access-Control-Max-Age": "86400",
}


def init_app(app):
    """Dress every answer of the app."""
    app.before_request(_begin)
    app.after_request(_dress)


def _begin():
    """Note when the request came, for X-Runtime, and answer a browser's preflight."""
    g.sandbox_began = time.perf_counter()
    if request.method == "OPTIONS" and open_to_browsers():
        return Response(status=204)
    return None


def open_to_browsers():
    """Tell whether other origins may call this path, as Omise.js does."""
    return request.path.startswith(OPEN_TO_BROWSERS)


def _dress(response):
    """Add the headers that Omise's answers carry."""
    if open_to_browsers():
        response.headers.update(_CORS)
    if response.mimetype == "application/json":
        spent = time.perf_counter() - g.sandbox_began
        response.headers["Cache-Control"] = "no-cache, no-store"
        response.headers["X-Request-Id"] = str(uuid.uuid4())
        response.headers["X-Runtime"] = f"{spent:.6f}"
        response.headers["Vary"] = "Accept-Encoding"
    return response
