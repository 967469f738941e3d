"""Read what was posted whole and bounded, before anything parses it.

Werkzeug cuts a chunked body at its limit in silence, takes what a caller who hung up had sent for
all of it, and leaves whatever a server's reader raises to become an error 500.
"""

import re

from flask import request
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    LengthRequired,
    RequestEntityTooLarge,
)

# Bytes. No form of payment's own is longer.
LONGEST_FORM = 64 * 1024
_READS = ("GET", "HEAD", "OPTIONS")


def read(limit: int) -> bytes:
    """Give the whole body, kept for whoever parses it later.

    Aborts with 413 where it is longer than `limit` bytes, however it is sent, and with 400 where it
    is not what its headers say.
    """
    length = _length_said()
    if length is not None and length > limit:
        raise RequestEntityTooLarge()
    request.max_content_length = limit + 1
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except Exception as error:  # a server's reader may raise anything for a bad chunk
        raise BadRequest() from error
    if len(body) > limit:
        raise RequestEntityTooLarge()
    if length is not None and length != len(body):
        raise BadRequest()
    return body


def bound_form() -> None:
    """Read a form's body before anybody parses it, unless somebody has done so already."""
    if request.method not in _READS and "form" not in vars(request):
        read(LONGEST_FORM)


def _length_said() -> int | None:
    """Give the length that the headers promise; None for a body in chunks."""
    coding = request.headers.get("Transfer-Encoding", "").strip().lower()
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "chunked") or encoding not in ("", "identity"):
        raise BadRequest()
    if coding:
        if not request.environ.get("wsgi.input_terminated"):
            raise LengthRequired()
        return None
    length = request.environ.get("CONTENT_LENGTH") or "0"
    if not re.fullmatch("[0-9]{1,18}", length):
        raise BadRequest()
    return int(length)
