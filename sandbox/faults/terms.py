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
    "change": {"set"},
    "stale": set(),
    "lag": {"seconds"},
}
_WAYS = {"drop", "early", "copies", "delay", "hold_back", "age", "secret", "set"}
_WAYS |= {"api_version"}
_WHICH = {"method", "path", "about", "times", "skip"}
_SECONDS = {"hang": 60, "hold": 120, "drip": 2, "lag": 30, "refuse": 2}


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


def _pause(value):
    number = float(value) if re.fullmatch(r"\d{1,4}(\.\d{1,6})?", str(value)) else 0
    return number if 0 < number <= 600 else None


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
_SOME = ("more than 0 and at most 600 seconds", _pause)
# By name: what is possible, and how it is read; None is what means nothing.
_TERMS = {
    "method": ("a method of HTTP", _method),
    "path": ("a regular expression", _path),
    "about": _TEXT,
    "times": _whole(0, 1_000_000),
    "skip": _whole(0, 1_000_000),
    "seconds": _SOME,
    "part": _one_of("headers", "body"),
    "status": _whole(200, 599),
    "body": _one_of(
        "error", "no_code", "html", "empty", "list", "null", "text", "object"
    ),
    "code": _TEXT,
    "retry_after": _whole(0, 1_000_000),
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
    if said.get("body") == "object" and fault == "answer_before":
        raise _refused("a request that is not acted upon has no object to answer with")
    # What is kept back until so many wait has to strike so often.
    rule = {"fault": fault, "times": said.get("hold_back", 1), "skip": 0}
    kind = fault.partition("_")[0]
    if kind in _SECONDS:
        rule["seconds"] = _SECONDS[kind]
    if kind == "answer":
        rule |= {"status": 500, "body": "error", "code": "backend_error"}
    return rule | said


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
    possible, reads = _TERMS[name]
    result = reads(value)
    if result is None:
        raise _refused(f"{name} cannot be {value!r}; it must be {possible}")
    return result


def _refused(sentence):
    return Refused("bad_request", sentence)
