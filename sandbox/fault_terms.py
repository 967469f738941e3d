"""Know which faults there are, and what may be said about each; refuse what means nothing."""

import re

from . import forms, wire

BODIES = ("error", "no_code", "html", "empty", "list", "null", "text", "object")
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
WEBHOOK = {"drop", "early", "copies", "delay", "hold_back", "age", "secret", "set"}
WEBHOOK |= {"api_version", "key"}
_WHICH = {"method", "path", "about", "times", "skip"}
_SECONDS = {"hang": 60, "hold": 120, "drip": 2, "lag": 30, "refuse": 2}
_TEXTS = {"method", "path", "about", "part", "body", "code", "secret", "api_version"}
_TEXTS |= {"key"}
_WHOLE = {"times", "skip", "status", "retry_after", "copies", "hold_back", "age"}


def read(asked):
    """Check a rule that is asked for, and fill in what is not said. Raises wire.Refused."""
    fault = asked.pop("fault", None)
    allowed = _allowed(fault)
    rule = {"fault": fault, "times": 1, "skip": 0}
    if (kind := str(fault).partition("_")[0]) in _SECONDS:
        rule["seconds"] = _SECONDS[kind]
    if str(fault).startswith("answer"):
        rule |= {"status": 500, "body": "error", "code": "backend_error"}
    for name, value in asked.items():
        if name not in allowed:
            known = ", ".join(sorted(allowed))
            raise _refused(f"{fault} knows no {name}; it knows {known}")
        rule[name] = _value(name, value)
    if rule.get("body") == "object" and fault == "answer_before":
        raise _refused("a request that is not acted upon has no object to answer with")
    return rule


def _allowed(fault):
    if fault == "webhook":
        return WEBHOOK | {"about", "times", "skip"}
    if fault == "refuse":
        return {"seconds"}
    if fault in REQUESTS:
        return REQUESTS[fault] | _WHICH
    known = ", ".join([*REQUESTS, "refuse", "webhook"])
    raise _refused(f"there is no fault {fault}; there are {known}")


def _value(name, value):
    """Read one value of a rule in the kind that its name asks for."""
    if name in _TEXTS and isinstance(value, str) and value:
        return _text(name, value)
    if name in _WHOLE and forms.whole(value) is not None:
        return max(forms.whole(value), 0)
    if name in ("seconds", "delay") and re.fullmatch(r"\d+(\.\d+)?", str(value)):
        return min(float(value), 600)
    if name in ("drop", "early"):
        return forms.is_true(value)
    if name == "set" and isinstance(value, dict) and value:
        return value
    raise _refused(f"{name} cannot be {value!r}")


def _text(name, value):
    choices = {
        "part": ("headers", "body"),
        "body": BODIES,
        "api_version": wire.VERSIONS,
    }
    if name in choices and value not in choices[name]:
        raise _refused(f"{name} must be one of {', '.join(choices[name])}")
    try:
        re.compile(value if name == "path" else "")
    except re.error as error:
        raise _refused(f"path is no regular expression: {error}") from None
    return value.upper() if name == "method" else value


def _refused(sentence):
    return wire.Refused("bad_request", sentence)
