"""Bend what true answers say: their fields, their rows and totals, or whom they are about."""

import json

from ..draw.older import downgraded
from ..draw.pretty import pretty
from ..rules.versions import CURRENT_VERSION
from . import plan


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


def _bent(bend):
    """Make the way of a fault that bends the objects of which answers tell."""

    def said_otherwise(struck):
        told = _told(struck.true)
        if told is not None:
            struck.true.set_data(pretty(bend(struck, told)))
        return struck.true

    return said_otherwise


def _told(response):
    """Read the object that an answer tells of; None where it tells of none."""
    if response.mimetype != "application/json":
        return None
    body = json.loads(response.get_data())
    return body if isinstance(body, dict) else None


def _changed(struck, body):
    return changed(body, struck.rule["set"])


def _as_created(struck, body):
    """Give a charge as it was told of when it was created."""
    for event in struck.books.below(str(body.get("id")), "event"):
        data = event["shown"]["data"]
        if event["key"] == "charge.create" and body.get("object") == "charge":
            wanted = struck.true.headers.get("Omise-Version", CURRENT_VERSION)
            return data if wanted == CURRENT_VERSION else downgraded(data)
    return body


def _short_page(struck, body):
    """Give fewer rows of a list than were asked for; its total tells of all."""
    if "data" not in body:
        return body
    return body | {"data": body["data"][: struck.rule["rows"]]}


def _wrong_total(struck, body):
    """Tell of fewer objects than a list has, of none, or of a number that is no number."""
    if "total" not in body:
        return body
    total, how = body.pop("total"), struck.rule["total"]
    told = body.get("offset", 0) + len(body["data"])
    wrong = {"low": min(told, max(total - 1, 0)), "text": str(total), "null": None}
    return body if how == "missing" else body | {"total": wrong[how]}


def _poisoned_row(struck, body):
    """Give one row of a list a metadata that nobody can have set."""
    rows, number = body.get("data", []), struck.rule["row"]
    if number < len(rows):
        rows[number]["metadata"] = struck.rule["metadata"]
    return body


def _swapped(struck):
    return of_another(struck)


def of_another(struck, kind=None):
    """Give the answer about another object of this or the same kind: the newest, or one named.

    Where there is no other, it is the true answer.
    """
    told = _told(struck.true) or {}
    path = _path_of_another(struck, kind or told.get("object"), told.get("id"))
    return struck.told_of(path) if path else struck.true


def _path_of_another(struck, kind, told_of):
    if kind is None:
        return None
    found, _ = struck.books.page(kind, newest_first=True, limit=2)
    if "of" in struck.rule:
        found = struck.books.page(kind, text=struck.rule["of"], limit=1)[0]
    others = [each for each in found if each["id"] != told_of]
    if not others:
        return None
    below = f"/charges/{others[0]['charge']}" if kind == "refund" else ""
    return f"{below}/{kind}s/{others[0]['id']}"


def _unreadable(struck):
    """Answer truly, and let what it is about be refused to whoever reads it then."""
    told, rule = _told(struck.true) or {}, struck.rule
    if struck.true.status_code == 200 and "id" in told:
        about = [told["id"], told.get("charge")]
        ids = "|".join(each for each in about if isinstance(each, str))
        said = {name: rule[name] for name in ("status", "code", "body")}
        refused = {"fault": "answer_before", "method": "GET", "times": rule["reads"]}
        plan.add(struck.books, {**refused, **said, "path": f".*/({ids})(/.*)?"})
    return struck.true


def _true(struck):
    """Answer truly: what the fault does, it did before."""
    return struck.true


WAYS = {
    "change": _bent(_changed),
    "stale": _bent(_as_created),
    "short_page": _bent(_short_page),
    "wrong_total": _bent(_wrong_total),
    "poisoned_row": _bent(_poisoned_row),
    "swapped": _swapped,
    "unreadable": _unreadable,
    "lag": _true,
}
