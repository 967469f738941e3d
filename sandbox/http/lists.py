"""Answer one page of a kind, cut as the caller asked."""

from flask import request

from ..books import books
from ..draw.shape import list_of
from ..draw.table import DRAW
from ..rules import values
from .addresses import sight
from .answers import answer_drawn
from .parameters import params

MOST_PER_PAGE = 100
# The fault plan leaves here until when lists and search know of what was made.
LISTED_UNTIL = "sandbox.listed_until"


def listed(kind, **found_by):
    """Answer one page of the objects of a kind, by what they are found by."""
    given = params()
    since, until = values.moment(given.get("from")), values.moment(given.get("to"))
    known = known_until() if kind == "charge" else None
    limit, offset = values.whole(given.get("limit")), values.whole(given.get("offset"))
    backwards = given.get("order") == "reverse_chronological"
    cut = {
        "limit": min(max(20 if limit is None else limit, 1), MOST_PER_PAGE),
        "offset": max(offset or 0, 0),
        "order": "reverse_chronological" if backwards else "chronological",
        "from": since or 0,
        "to": until,
    }
    seen = sight()
    found, total = books().page(
        kind,
        span=_span(since, until, known, seen.now),
        limit=cut["limit"],
        offset=cut["offset"],
        newest_first=backwards,
        **found_by,
    )
    data = [DRAW[kind](facts, seen) for facts in found]
    body = list_of(seen, request.path.rstrip("/"), data, total, cut=cut)
    if kind == "receipt":
        body["object"] = "receipt_list"  # as recorded, for this kind alone
    return answer_drawn(body)


def known_until():
    """Tell until which moment lists and search know of what was made; None where they know all."""
    return request.environ.get(LISTED_UNTIL)


def _span(since, until, known, now):
    """Tell between which moments what is listed was made; None where that does not matter."""
    if since is None and until is None and known is None:
        return None
    ends = [each for each in (until or now, known) if each is not None]
    # Of a clock that stands before its beginning nothing is known; an id is never that old.
    return since or 0, max(min(ends), 1)
