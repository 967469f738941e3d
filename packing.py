"""Compress pages where no server in front does, and only such as hold nothing of a stranger's.

A compressed page tells by its length whether something in it repeats its secrets: form tokens, the
addresses of orders. Who can have a shopper's browser ask for it, put words of their own into it
and see its length on the way learns them bit by bit (BREACH). So only what a GET without a query
asks for is compressed: its address is the shop's own, nothing of its headers is in the page, and
what a form brought is there for the sake of its token alone.
"""

import gzip

from flask import Flask, request

# Less fits into one packet of TCP anyway.
_WORTHWHILE = 1400
# Most of what can be saved, for a third of the work.
_LEVEL = 3


def init_app(app: Flask) -> None:
    """Have the pages of an app compressed for browsers that take it; before what adds headers."""
    app.after_request(_pack)


def _pack(response):
    if not _is_packable(response):
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(response.get_data(), _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _is_packable(response):
    return (
        request.method == "GET"
        and not request.query_string
        and response.status_code == 200
        and response.mimetype == "text/html"
        and (response.content_length or 0) > _WORTHWHILE
        and "Content-Encoding" not in response.headers
    )
