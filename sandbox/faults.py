"""Keep the fault plan: rules by which the sandbox misbehaves, set through its control surface.

A rule says which requests or events it is about, how often it strikes, and what then goes wrong
(spoiling.py does that). The rules lie in the sandbox's own file, so that all threads and
processes of one sandbox share them, and are taken one by one.
"""

import io
import json
import re
import time
from urllib.parse import unquote_plus

from werkzeug.exceptions import HTTPException

from . import fault_terms, wire
from .rows import new_id

_OTHER_ROOMS = ("control", "pages", "dashboard", "static")
_ID = re.compile(r"[a-z]+_test_[0-9a-z]+")


def add(books, asked):
    """Keep a new rule and give it as it now stands. Raises wire.Refused."""
    rule = fault_terms.read(dict(asked))
    rule |= {"id": new_id("falt"), "created_at": books.now()}
    rule |= {"passed": 0, "met": 0, "waiting": 0}
    books.add("fault", rule, status="live")
    return shown(rule)


def shown(rule):
    """Give a rule as the control surface shows it, with what it is doing now."""
    state = "held" if rule["waiting"] else "done" if _over(rule) else "armed"
    hidden = ("passed", "waiting")
    return {key: rule[key] for key in rule if key not in hidden} | {"state": state}


def all_of(books):
    """List every rule, the oldest first."""
    return [shown(rule) for rule in books.page("fault", limit=1000)[0]]


def change(books, rule_id, **by):
    """Add to the counts of a rule; gives it, or None when it was cleared meanwhile."""
    with books.change():
        try:
            rule = books.find("fault", rule_id)
        except wire.NotFound:
            return None
        for name, number in by.items():
            rule[name] += number
        return _kept(books, rule)


def _over(rule):
    return rule.get("released") or 0 < rule["times"] <= rule["met"]


def _kept(books, rule):
    return books.save(rule, status=None if _over(rule) else "live")


def release(books, rule_id):
    """Let the requests go that a rule holds; it strikes no more."""
    with books.change():
        rule = books.find("fault", rule_id)
        rule["released"] = True
        return shown(_kept(books, rule))


def clear(books):
    """Forget every rule; what is held goes on."""
    books.query("DELETE FROM objects WHERE kind = 'fault'")


def wait(books, rule, seconds):
    """Wait until a rule is released or cleared, or so many seconds have gone by."""
    change(books, rule["id"], waiting=1)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if books.find("fault", rule["id"]).get("released"):
                break
        except wire.NotFound:
            break
        time.sleep(0.03)
    change(books, rule["id"], waiting=-1)


def _take(books, matches):
    """Take the first live rule that matches, counting it; None if none does."""
    if not books.query(
        "SELECT 1 FROM objects WHERE kind = 'fault' AND status = 'live' LIMIT 1"
    ):
        return None
    with books.change():
        for rule in books.page("fault", status="live", limit=1000)[0]:
            if not matches(rule):
                continue
            if rule["passed"] < rule["skip"]:
                change(books, rule["id"], passed=1)
                continue
            return change(books, rule["id"], met=1)
    return None


def take_for_request(app, environ):
    """Take the rule that strikes this request to the imitated surface, or None."""
    books, path = app.extensions["sandbox"], environ.get("PATH_INFO", "/")
    known = _Known(books, environ)

    def matches(rule):
        return (
            rule["fault"] in fault_terms.REQUESTS
            and rule.get("method") in (None, environ["REQUEST_METHOD"])
            and re.fullmatch(rule.get("path", ".*"), path)
            and ("about" not in rule or known.about(rule["about"]))
            and _is_imitated(app, environ)
        )

    return _take(books, matches)


def _is_imitated(app, environ):
    try:
        endpoint, _ = app.url_map.bind_to_environ(environ).match()
    except HTTPException:
        return True
    return endpoint.partition(".")[0] not in _OTHER_ROOMS


class _Known:
    """Tell what a request is about, reading its body only where a rule asks for that."""

    def __init__(self, books, environ):
        self._books, self._environ, self._texts = books, environ, None

    def about(self, text):
        """Tell whether the request, or what its path names, holds a text."""
        if self._texts is None:
            self._texts = [*self._said(), *self._named()]
        return any(text in one for one in self._texts)

    def _said(self):
        environ = self._environ
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        said = [environ.get("QUERY_STRING", ""), body.decode(errors="replace")]
        return [environ["PATH_INFO"], *said, *map(unquote_plus, said)]

    def _named(self):
        wanted = _ID.findall(self._environ["PATH_INFO"])
        while wanted:
            rows = self._books.query(
                "SELECT body, parent FROM objects WHERE id = ?", (wanted.pop(),)
            )
            for body, parent in rows:
                yield body
                wanted += [parent] if parent else []


def take_for_event(books, event, charge_id):
    """Take the rule that strikes the deliveries of an event, or None."""
    text = json.dumps(event) + str(charge_id)

    def matches(rule):
        return (
            rule["fault"] == "webhook"
            and rule.get("key") in (None, event["key"])
            and rule.get("about", "") in text
        )

    return _take(books, matches)
