"""Spoil answers as the fault plan says: on the line, in their form, or in what they say.

Stands before the sandbox's application, where the server gives its socket away. Nothing here
knows who is calling.
"""

import json
import time

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from ..draw.older import downgraded
from ..draw.pretty import pretty
from ..rules import values
from ..rules.versions import CURRENT_VERSION
from . import plan
from .cutting import cut, line_of

_DRIPS = 40
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
        answer = _Struck(app, honest, environ, rule).answer()
        return answer(environ, start_response)

    app.wsgi_app = spoilt


class _Struck:
    """One request that a rule strikes."""

    def __init__(self, app, honest, environ, rule):
        self._app, self._honest = app, honest
        self._books, self._environ, self._rule = (
            app.extensions["sandbox"],
            environ,
            rule,
        )

    def answer(self):
        """Do what the rule says; gives a WSGI answer unless the line is cut."""
        kind, _, moment = self._rule["fault"].partition("_")
        if self._rule["fault"] != "reset_before":
            # A line that ends while some of the request is unread would end by a reset.
            plan.body_of(self._environ)
        if moment != "before":
            # Acted upon and committed, and its events on their way, before anything is spoilt.
            self._true = self._acted_upon()
        return getattr(self, f"_{kind}")(moment)

    def _acted_upon(self):
        items, status, headers = run_wsgi_app(
            self._honest, self._environ, buffered=True
        )
        return Response(b"".join(items), status, headers)

    def _reset(self, _moment):
        cut(line_of(self._environ), reset=True)

    def _close(self, _moment):
        cut(line_of(self._environ), reset=False)

    def _hang(self, _moment):
        plan.wait(self._books, self._rule, self._rule["seconds"])
        cut(line_of(self._environ), reset=False)

    def _hold(self, moment):
        plan.wait(self._books, self._rule, self._rule["seconds"])
        return self._true if moment == "after" else self._acted_upon()

    def _answer(self, moment):
        rule = self._rule
        error = _ERROR | {"code": rule["code"]}
        bodies = {
            "error": pretty(error),
            "no_code": pretty({**_ERROR}),
            "html": "<!DOCTYPE html><title>Bad Gateway</title><h1>Bad Gateway</h1>",
            "empty": "",
            "list": "[]",
            "null": "null",
            "text": "upstream connect error",
            "object": moment == "after" and self._true.get_data(),
        }
        kind = {"html": "text/html", "text": "text/plain"}.get(rule["body"])
        response = Response(bodies[rule["body"]], rule["status"])
        response.content_type = kind or "application/json; charset=utf-8"
        if "retry_after" in rule:
            response.headers["Retry-After"] = str(rule["retry_after"])
        return response

    def _change(self, _moment):
        return self._said_otherwise(lambda body: changed(body, self._rule["set"]))

    def _stale(self, _moment):
        return self._said_otherwise(self._as_created)

    def _as_created(self, body):
        """Give a charge as it was told of when it was created."""
        for event in self._books.below(str(body.get("id")), "event"):
            data = event["shown"]["data"]
            if event["key"] == "charge.create" and body.get("object") == "charge":
                wanted = self._true.headers.get("Omise-Version", CURRENT_VERSION)
                return data if wanted == CURRENT_VERSION else downgraded(data)
        return body

    def _lag(self, _moment):
        return self._said_otherwise(self._without_young)

    def _without_young(self, body):
        if body.get("object") != "list":
            return body
        until = self._books.now() - self._rule["seconds"]
        kept = [
            one
            for one in body["data"]
            if one["object"] != "charge"
            or values.moment(one.get("created_at") or one["created"]) <= until
        ]
        left_out = len(body["data"]) - len(kept)
        return body | {"data": kept, "total": body["total"] - left_out}

    def _said_otherwise(self, bend):
        if self._true.mimetype != "application/json":
            return self._true
        body = json.loads(self._true.get_data())
        self._true.set_data(pretty(bend(body)))
        return self._true

    def _drip(self, _moment):
        head, body = self._raw(self._true.content_length)
        first, rest = (b"", head + body)
        if self._rule.get("part") != "headers":
            first, rest = head, body
        line = line_of(self._environ)
        line.sendall(first)
        size = max(len(rest) // _DRIPS, 1)
        for start in range(0, len(rest), size):
            time.sleep(self._rule["seconds"] * size / len(rest))
            line.sendall(rest[start : start + size])
        cut(line_of(self._environ), reset=False)

    def _half(self, _moment):
        head, body = self._raw(self._true.content_length)
        self._send_and_close(head + body[: len(body) // 2])

    def _wrong(self, _moment):
        head, body = self._raw(self._true.content_length + 20)
        self._send_and_close(head + body)

    def _send_and_close(self, raw):
        line_of(self._environ).sendall(raw)
        cut(line_of(self._environ), reset=False)

    def _raw(self, length):
        """Give the true answer as bytes for the line: its head, with this length, and its body."""
        self._true.headers["Content-Length"] = length
        self._true.headers["Connection"] = "close"
        lines = [f"{name}: {value}" for name, value in self._true.headers]
        head = "\r\n".join([f"HTTP/1.1 {self._true.status}", *lines, "", ""])
        return head.encode("latin-1"), self._true.get_data()


def changed(body, values):
    """Give a copy of a JSON object with fields set by their dotted names."""
    body = json.loads(json.dumps(body))
    for dotted, value in values.items():
        *path, last = dotted.split(".")
        holder = body
        for name in path:
            if not isinstance(holder.get(name), dict):
                holder[name] = {}
            holder = holder[name]
        holder[last] = value
    return body
