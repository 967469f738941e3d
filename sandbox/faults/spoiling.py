"""Spoil answers as the fault plan says: on the line, in their form, or in what they say.

Stands before the sandbox's application, where the server gives its socket away. Nothing here
knows who is calling.
"""

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from ..draw.pretty import pretty
from ..http.auth import UNASKED
from ..http.lists import LISTED_UNTIL
from . import lying, plan, sending, terms
from .cutting import cut, line_of

_ERROR = {
    "object": "error",
    "location": "https://www.omise.co/api-errors",
    "message": "a fault that was asked for",
}


def init_app(app):
    """Let the fault plan strike the app's answers."""
    honest = app.wsgi_app

    def spoilt(environ, start_response):
        server = app.extensions.get("sandbox_server")
        if server and server.refuses:
            cut(line_of(environ), reset=True)
        rule = plan.take_for_request(app, environ)
        if rule is None:
            return honest(environ, start_response)
        answer = Struck(app, honest, environ, rule).answer()
        return answer(environ, start_response)

    app.wsgi_app = spoilt


class Struck:
    """One request that a rule strikes; `true` is its answer once it was acted upon."""

    def __init__(self, app, honest, environ, rule):
        self.books, self.environ, self.rule = app.extensions["sandbox"], environ, rule
        self._honest, self.true = honest, None

    def answer(self):
        """Do what the rule says; gives a WSGI answer unless the line is cut."""
        stem, moment = terms.parted(self.rule["fault"])
        if self.rule["fault"] != "reset_before":
            # A line that ends while some of the request is unread would end by a reset.
            plan.body_of(self.environ)
        if moment != "before":
            # Acted upon and committed, and its events on their way, before anything is spoilt.
            self.true = self.acted_upon()
        return _WAYS[stem](self)

    def acted_upon(self):
        """Let the application act upon the request, and give the whole answer."""
        if self.rule["fault"] == "lag":
            until = self.books.now() - self.rule["seconds"]
            self.environ[LISTED_UNTIL] = until
        return self._said_to(self.environ)

    def told_of(self, path):
        """Give the true answer to whoever had asked for another path."""
        asked = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": ""}
        asked |= {"CONTENT_LENGTH": "0", UNASKED: True}
        kept = {
            name: value
            for name, value in self.environ.items()
            if not name.startswith(("CONTENT_", "werkzeug.", "flask."))
        }
        return self._said_to(kept | asked)

    def _said_to(self, environ):
        items, status, headers = run_wsgi_app(self._honest, environ, buffered=True)
        return Response(b"".join(items), status, headers)


def _reset(struck):
    cut(line_of(struck.environ), reset=True)


def _close(struck):
    cut(line_of(struck.environ), reset=False)


def _hang(struck):
    plan.wait(struck.books, struck.rule, struck.rule["seconds"])
    cut(line_of(struck.environ), reset=False)


def _hold(struck):
    plan.wait(struck.books, struck.rule, struck.rule["seconds"])
    return struck.true or struck.acted_upon()


def _answer(struck):
    rule = struck.rule
    error = _ERROR | {"code": rule["code"]}
    bodies = {
        "error": pretty(error),
        "no_code": pretty({**_ERROR}),
        "html": "<!DOCTYPE html><title>Bad Gateway</title><h1>Bad Gateway</h1>",
        "empty": "",
        "list": "[]",
        "null": "null",
        "text": "upstream connect error",
        "object": struck.true and struck.true.get_data(),
    }
    kind = {"html": "text/html", "text": "text/plain"}.get(rule["body"])
    response = Response(bodies[rule["body"]], rule["status"])
    response.content_type = kind or "application/json; charset=utf-8"
    if "retry_after" in rule:
        response.headers["Retry-After"] = str(rule["retry_after"])
    return response


# What each fault does, by its name without the moment at which it strikes.
_WAYS = {
    "reset": _reset,
    "close": _close,
    "hang": _hang,
    "hold": _hold,
    "answer": _answer,
    **sending.WAYS,
    **lying.WAYS,
}
