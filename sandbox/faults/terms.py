"""Know which faults there are, and what may be said about each; refuse what means nothing."""

import base64
import re

from ..rules import values
from ..rules.refusals import Refused
from ..rules.versions import OLD_VERSION

# What can go wrong, and what may be said about it.
_ANSWER = {"status", "body", "code", "retry_after"}
REQUESTS = {
    "reset_before": set(),
    "reset_after": set(),
    "close_before": set(),
    "close_after": set(),
    "hang_before": {"seconds"},
    "hang_after": {"seconds"},
    "hold_before": {"seconds"},
    "hold_after": {"seconds"},
    "drip": {"seconds", "part"},
    "half_body": set(),
    "wrong_length": set(),
    "answer_before": _ANSWER,
    "answer_after": _ANSWER,
    "interim": {"statuses"},
    "doubled": {"seconds"},
    "leftover": {"bytes", "of", "seconds"},
    "reset_reused": set(),
    "close_idle": {"seconds"},
    "change": {"set"},
    "stale": set(),
    "swapped": {"of"},
    "lag": {"seconds"},
    "short_page": {"rows"},
    "wrong_total": {"total"},
    "poisoned_row": {"metadata", "row"},
    "unreadable": {"reads", "status", "body", "code"},
}
# What shows only to those who ask on a line once more, so only where lines are kept.
ON_KEPT_LINES = ("doubled", "leftover", "reset_reused", "close_idle")
_WAYS = {"drop", "early", "copies", "delay", "hold_back", "age", "secret", "set"}
_WAYS |= {"api_version"}
_WHICH = {"method", "path", "about", "times", "skip"}
# What is meant where nothing is said.
_USUAL = {
    "answer": {"status": 500, "body": "error", "code": "backend_error"},
    "close_idle": {"seconds": 0.2},
    "doubled": {"seconds": 0.05},
    "drip": {"seconds": 2},
    "hang": {"seconds": 60},
    "hold": {"seconds": 120},
    "interim": {"statuses": [103]},
    "lag": {"seconds": 30},
    "leftover": {"bytes": "answer", "seconds": 0.05},
    "poisoned_row": {"metadata": "poison", "row": 0},
    "refuse": {"seconds": 2},
    "short_page": {"rows": 1},
    "unreadable": {
        "reads": 1,
        "status": 403,
        "body": "error",
        "code": "not_authorized",
    },
    "wrong_total": {"total": "low"},
}


def _one_of(*choices):
    possible = "one of " + ", ".join(choices)
    return possible, lambda value: value if value in choices else None


def _method(value):
    return value.upper() if isinstance(value, str) and value.isalpha() else None


def _whole(least, most):
    def read(value):
        number = values.whole(value)
        return number if number is not None and least <= number <= most else None

    return f"a whole number from {least} to {most}", read


def _pause(most):
    def read(value):
        number = float(value) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", str(value)) else 0
        return number if 0 < number <= most else None

    return f"more than 0 and at most {most} seconds", read


def _statuses(value):
    found = [values.whole(each) for each in value] if isinstance(value, list) else []
    # What 101 announces is no longer HTTP.
    fit = all(each and 100 <= each < 200 and each != 101 for each in found)
    return found if found and fit and len(found) <= 100 else None


def _path(value):
    try:
        return re.compile(value) and value
    except (re.error, TypeError):
        return None


def _secret(value):
    try:
        return base64.b64decode(value, validate=True) and value
    except (ValueError, TypeError):
        return None


_TEXT = ("a text", lambda value: value if isinstance(value, str) and value else None)
_TRUE = ("true", lambda value: values.is_true(value) or None)
_BODIES = ("error", "no_code", "html", "empty", "list", "null", "text", "object")
_NUMBER = _whole(0, 1_000_000)
_SOME = _pause(600)
_DAYS = _pause(30 * 24 * 60 * 60)
# By name: what is possible, and how it is read; None is what means nothing.
_TERMS = {
    "method": ("a method of HTTP", _method),
    "path": ("a regular expression", _path),
    "about": _TEXT,
    "times": _NUMBER,
    "skip": _NUMBER,
    "seconds": _SOME,
    "statuses": ("a list of numbers from 100 to 199, without 101", _statuses),
    "bytes": _one_of("answer", "text"),
    "of": _TEXT,
    "rows": _whole(0, 100),
    "total": _one_of("low", "missing", "text", "null"),
    "metadata": ("anything", lambda value: value),
    "row": _whole(0, 100),
    "reads": _NUMBER,
    "part": _one_of("headers", "body"),
    "status": _whole(200, 599),
    "body": _one_of(*_BODIES),
    "code": _TEXT,
    "retry_after": _NUMBER,
    "set": (
        "a hash of new values by dotted name",
        lambda value: value if isinstance(value, dict) and value else None,
    ),
    "key": _TEXT,
    "drop": _TRUE,
    "early": _TRUE,
    "copies": _whole(1, 100),
    "delay": _SOME,
    "hold_back": _whole(1, 1000),
    "age": _whole(0, 1_000_000_000),
    "secret": ("base64", _secret),
    "api_version": _one_of(OLD_VERSION),
}


def read(asked):
    """Check a rule that is asked for, and fill in what is not said. Raises Refused."""
    fault = asked.pop("fault", None)
    allowed = _allowed(fault)
    said = {name: _value(fault, allowed, name, asked[name]) for name in asked}
    if fault == "webhook" and not said.keys() & _WAYS:
        raise _refused(f"webhook needs one of {', '.join(sorted(_WAYS))}")
    if fault == "change" and "set" not in said:
        raise _refused("change needs set, a hash of new values by dotted name")
    if said.get("body") == "object" and fault in ("answer_before", "unreadable"):
        raise _refused("a request that is not acted upon has no object to answer with")
    # What is kept back until so many wait has to strike so often.
    rule = {"fault": fault, "times": said.get("hold_back", 1), "skip": 0}
    return rule | _USUAL.get(parted(fault)[0], {}) | said


def parted(fault):
    """Part the name of a fault into what happens and, where it may be either, when it does."""
    stem, _, moment = fault.rpartition("_")
    return (stem, moment) if moment in ("before", "after") else (fault, "after")


def _allowed(fault):
    if fault == "webhook":
        return _WAYS | {"key", "about", "times", "skip"}
    if fault == "refuse":
        return {"seconds"}
    if isinstance(fault, str) and fault in REQUESTS:
        return REQUESTS[fault] | _WHICH
    known = ", ".join([*REQUESTS, "refuse", "webhook"])
    raise _refused(f"there is no fault {fault}; there are {known}")


def _value(fault, allowed, name, value):
    """Read one value of a rule in the way that its name asks for."""
    if name not in allowed:
        known = ", ".join(sorted(allowed))
        raise _refused(f"{fault} knows no {name}; it knows {known}")
    # A list may lag by days; nobody waits for it meanwhile.
    possible, reads = _DAYS if (fault, name) == ("lag", "seconds") else _TERMS[name]
    result = reads(value)
    if result is None and name != "metadata":
        raise _refused(f"{name} cannot be {value!r}; it must be {possible}")
    return result


def _refused(sentence):
    return Refused("bad_request", sentence)
