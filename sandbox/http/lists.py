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


def listed(kind, **found_by):
    """Answer one page of the objects of a kind, by what they are found by."""
    given = params()
    since, until = values.moment(given.get("from")), values.moment(given.get("to"))
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
        span=(since or 0, until or seen.now) if since or until else None,
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
