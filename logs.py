"""One line for each request, and every line of the log safe to read: times, words, a reference.

A line is `time level logger ref=REFERENCE words`, the words mostly as key=value. The reference is
the request's own; each page of trouble shows it, and it finds every line of that request. No line
holds an address that was asked for, a query, a form, a cookie, a header or who it was: of a request
its route and its order alone. Control characters are written out, so that nothing which came from
outside can begin a line; and what looks like a card's number is left out, wherever it came from.
"""

import logging
import re
import time
import uuid
from datetime import UTC, datetime

from flask import Flask, g, has_request_context, request
from flask.logging import wsgi_errors_stream

log = logging.getLogger(__name__)

# Whose lines an operator wants to read from INFO on.
SPEAKERS = ("app", "logs", "payment", "reports", "store", "webhook")
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)

_CARD = re.compile(r"\b[2-6]\d{12,18}\b")


class Lines(logging.Formatter):
    """Write a record as one line; a traceback follows in lines of its own, each marked by a bar."""

    def format(self, record):
        """Give the text of a record."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(
            timespec="milliseconds"
        )
        ref = reference() if has_request_context() else "-"
        head = f"{at} {record.levelname.lower()} {record.name} ref={ref}"
        lines = [f"{head} {escaped(record.getMessage())}"]
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            lines += [f"  | {escaped(line)}" for line in trace.split("\n")]
        return "\n".join(lines)


def escaped(text):
    """Write out what would end a line, move a terminal's cursor, or be no character at all; leave
    out card numbers."""
    return _CARD.sub("[digits]", _CONTROL.sub(lambda one: ascii(one[0])[1:-1], text))


def reference():
    """Give the reference of this request, made when it is first asked for."""
    if "reference" not in g:
        g.reference = uuid.uuid4().hex[:8]
    return g.reference


def init_app(app: Flask) -> None:
    """Log every request of an app; what a host has set up for its log already is left as it is."""
    for name in SPEAKERS:
        speaker = logging.getLogger(name)
        speaker.setLevel(speaker.level or logging.INFO)
        if not speaker.hasHandlers():
            handler = logging.StreamHandler(wsgi_errors_stream)
            handler.setFormatter(Lines())
            speaker.addHandler(handler)
    app.before_request(_begin)
    app.after_request(_end)
    app.context_processor(lambda: {"reference": reference()})


def _begin():
    g.began = time.monotonic()
    reference()


def _end(response):
    log.info(
        "request method=%s route=%s order=%s status=%d ms=%d",
        request.method if request.method in _METHODS else "other",
        request.url_rule.rule if request.url_rule else "-",
        (request.view_args or {}).get("order_id", "-"),
        response.status_code,
        1000 * (time.monotonic() - g.get("began", time.monotonic())),
    )
    return response


_METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE")
