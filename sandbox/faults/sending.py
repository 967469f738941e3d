"""Send true answers as no true server would: in drops, cut off, doubled, or with more around them.

What comes behind an answer is meant for lines that are kept, where the next answer is expected.
"""

import time
from http import HTTPStatus

from werkzeug.wsgi import ClosingIterator

from .cutting import cut, line_of
from .lying import of_another

_DRIPS = 40
_JUNK = b"\r\n0\r\n\r\nleft over by somebody else"


def raw(response, length=None, keeps=False):
    """Give an answer as bytes for the line: its head, with this length if any, and its body."""
    body = response.get_data()
    response.headers["Content-Length"] = len(body) if length is None else length
    response.headers["Connection"] = "keep-alive" if keeps else "close"
    lines = [f"{name}: {value}" for name, value in response.headers]
    head = "\r\n".join([f"HTTP/1.1 {response.status}", *lines, "", ""])
    return head.encode("latin-1"), body


def _drip(struck):
    head, body = raw(struck.true)
    first, rest = (b"", head + body)
    if struck.rule.get("part") != "headers":
        first, rest = head, body
    line = line_of(struck.environ)
    line.sendall(first)
    size = max(len(rest) // _DRIPS, 1)
    for start in range(0, len(rest), size):
        time.sleep(struck.rule["seconds"] * size / len(rest))
        line.sendall(rest[start : start + size])
    cut(line, reset=False)


def _half_body(struck):
    head, body = raw(struck.true)
    _send_and_close(struck, head + body[: len(body) // 2])


def _wrong_length(struck):
    head, body = raw(struck.true, struck.true.content_length + 20)
    _send_and_close(struck, head + body)


def _send_and_close(struck, sent):
    line = line_of(struck.environ)
    line.sendall(sent)
    cut(line, reset=False)


def _interim(struck):
    """Send answers that are none yet, and then the true one."""
    for status in struck.rule["statuses"]:
        known = status in HTTPStatus._value2member_map_
        phrase = HTTPStatus(status).phrase if known else "Interim"
        hint = "Link: </omise.css>; rel=preload\r\n" if status == 103 else ""
        said = f"HTTP/1.1 {status} {phrase}\r\n{hint}\r\n"
        line_of(struck.environ).sendall(said.encode())
    return struck.true


def _doubled(struck):
    return _followed(struck, b"".join(raw(struck.true, keeps=True)))


def _leftover(struck):
    if struck.rule["bytes"] == "text":
        return _followed(struck, _JUNK)
    return _followed(struck, b"".join(raw(of_another(struck, "charge"), keeps=True)))


def _followed(struck, more):
    """Give the true answer, and send more when it has left."""
    line = line_of(struck.environ)
    # The server says itself what becomes of the line.
    struck.true.headers.pop("Connection", None)

    def later():
        # In a packet of its own, which no reader of the answer takes with it.
        time.sleep(struck.rule["seconds"])
        line.sendall(more)

    def answering(environ, start_response):
        return ClosingIterator(struck.true(environ, start_response), [later])

    return answering


def _reset_reused(struck):
    struck.environ["sandbox.line"].reset_when_used()
    return struck.true


def _close_idle(struck):
    struck.environ["sandbox.line"].close_when_idle(struck.rule["seconds"])
    return struck.true


WAYS = {
    "drip": _drip,
    "half_body": _half_body,
    "wrong_length": _wrong_length,
    "interim": _interim,
    "doubled": _doubled,
    "leftover": _leftover,
    "reset_reused": _reset_reused,
    "close_idle": _close_idle,
}
