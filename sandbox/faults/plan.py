"""Keep the fault plan: rules by which the sandbox misbehaves, set through its control surface.

A rule says which requests or events it is about, how often it strikes, and what then goes wrong
(``spoiling`` does that). The rules lie in the sandbox's own file, so that all threads and
processes of one sandbox share them, and are taken one by one.
"""

import io
import json
import re
import time
from urllib.parse import unquote_plus

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_content_length, get_input_stream

from ..books.ids import new_id
from ..rules.refusals import NotFound
from . import terms

# The blueprints of what Omise does not have.
_OUR_OWN = ("control", "dashboard", "paying", "payer", "script", "static")
_ID = re.compile(r"[a-z]+_test_[0-9a-z]+")
_LONGEST_BODY = 1024 * 1024


def add(books, asked):
    """Keep a new rule and give it as it now stands. Raises Refused."""
    rule = terms.read(dict(asked))
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
        except NotFound:
            return None
        for name, number in by.items():
            rule[name] += number
        return _kept(books, rule)


def _over(rule):
    return rule.get("released") or 0 < rule["times"] <= rule["met"]


def _kept(books, rule):
    return books.save(rule, status=None if _over(rule) else "live")


def release(books, rule_id):
    """Let the requests and events go that a rule holds; it strikes no more."""
    with books.change():
        rule = books.find("fault", rule_id)
        rule["released"] = True
        _kept(books, rule)
    current_app.extensions["sandbox_postman"].let_go(rule_id)
    return shown(rule)


def clear(books):
    """Forget every rule; what is held goes on."""
    books.query("DELETE FROM objects WHERE kind = 'fault'")
    current_app.extensions["sandbox_postman"].let_go()


def wait(books, rule, seconds):
    """Wait until a rule is released or cleared, or so many seconds have gone by."""
    change(books, rule["id"], waiting=1)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            if books.find("fault", rule["id"]).get("released"):
                break
        except NotFound:
            break
        time.sleep(0.03)
    change(books, rule["id"], waiting=-1)


def _live(books):
    sql = (
        "SELECT body FROM objects WHERE kind = 'fault' AND status = 'live' ORDER BY seq"
    )
    return [json.loads(body) for (body,) in books.query(sql)]


def _take(books, matches):
    """Take the first live rule that matches, counting it; None if none does."""
    # Matching may wait for a slow caller's body, so it is done before the books are locked.
    fitting = {rule["id"] for rule in _live(books) if matches(rule)}
    if not fitting:
        return None
    with books.change():
        for rule in _live(books):
            if rule["id"] not in fitting:
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
            rule["fault"] in terms.REQUESTS
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
        # Nothing is there, or not for this method; what lies beside it tells whose it is.
        endpoint = environ.get("PATH_INFO", "").strip("/").replace("/", ".")
    return endpoint.partition(".")[0] not in _OUR_OWN


def body_of(environ):
    """Read the body of a request, whole, and put it back for whoever reads it next."""
    if (get_content_length(environ) or 0) > _LONGEST_BODY:
        return b""
    body = get_input_stream(environ, max_content_length=_LONGEST_BODY).read()
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _holds(texts, wanted):
    """Tell whether one of the texts holds what is wanted, as it is or as JSON writes it."""
    spellings = {wanted, json.dumps(wanted)[1:-1]}
    return any(spelling in text for text in texts for spelling in spellings)


def _stored(books, identifiers):
    """Give the stored objects of these ids and all that they belong to, as texts."""
    wanted = list(identifiers)
    while wanted:
        sql = "SELECT body, parent FROM objects WHERE id = ?"
        for body, parent in books.query(sql, (wanted.pop(),)):
            yield body
            wanted += [parent] if parent else []


class _Known:
    """Tell what a request is about, reading its body only where a rule asks for that."""

    def __init__(self, books, environ):
        self._books, self._environ, self._texts = books, environ, None

    def about(self, text):
        """Tell whether the request, or what its path names, holds a text."""
        if self._texts is None:
            path = self._environ.get("PATH_INFO", "")
            stored = _stored(self._books, _ID.findall(path))
            self._texts = [path, *self._said(), *stored]
        return _holds(self._texts, text)

    def _said(self):
        body = body_of(self._environ).decode(errors="replace")
        said = [self._environ.get("QUERY_STRING", ""), body]
        return [*said, *map(unquote_plus, said)]


def take_for_event(books, event):
    """Take the rule that strikes the deliveries of an event, or None."""

    def matches(rule):
        return (
            rule["fault"] == "webhook"
            and rule.get("key") in (None, event["key"])
            and ("about" not in rule or _holds(stored(), rule["about"]))
        )

    def stored():
        return _stored(books, (event["id"],))

    return _take(books, matches)
