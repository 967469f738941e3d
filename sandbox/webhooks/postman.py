"""Carry events to the shop after the response has left, in one daemon thread per app.

A letter is (event id, the rule of the fault plan that strikes it, or {}).
"""

import queue
import sqlite3
import threading
from collections import defaultdict
from contextlib import closing

from flask import current_app, g, request

from ..rules.refusals import NotFound
from .sending import PATIENCE, deliver

_LATER = "sandbox.letters"


class Postman:
    """Carry events to the shop from a thread of its own, one after the other."""

    def __init__(self, app):
        self._app = app
        self._letters = queue.Queue()
        self._changed = threading.Condition()
        self._kept_back = defaultdict(list)
        self._promised = 0
        self._thread = None

    def promise(self, letters):
        """Count letters that will leave once their response has."""
        with self._changed:
            self._promised += len(letters)

    def take(self, letters):
        """Accept promised letters, starting the thread with the first."""
        with self._changed:
            for letter in letters:
                if "hold_back" in letter[1]:
                    self._keep_back(letter)
                else:
                    self._send(letter)

    def _keep_back(self, letter):
        """Keep a letter until enough of them wait; nothing is promised about it until then."""
        rule = letter[1]
        self._promised -= 1
        self._changed.notify_all()
        self._kept_back[rule["id"]].append(letter)
        if len(self._kept_back[rule["id"]]) >= rule["hold_back"]:
            self.let_go(rule["id"])

    def let_go(self, rule_id=None):
        """Send what one rule, or any, kept back: the newest first."""
        with self._changed:
            for each in [rule_id] if rule_id else list(self._kept_back):
                letters = self._kept_back.pop(each, [])
                self._promised += len(letters)
                for letter in reversed(letters):
                    self._send(letter)

    def forget(self):
        """Forget what was kept back."""
        with self._changed:
            self._kept_back.clear()

    def _send(self, letter):
        if "delay" in letter[1]:
            later = threading.Timer(letter[1]["delay"], self._letters.put, (letter,))
            later.daemon = True
            later.start()
        else:
            self._letters.put(letter)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._round, name="sandbox-postman", daemon=True
            )
            self._thread.start()

    def _round(self):
        """Deliver until told to stop."""
        while (letter := self._letters.get()) is not None:
            try:
                with self._app.app_context():
                    deliver(*letter)
            except (NotFound, sqlite3.Error):
                # The books may be reset or gone while a letter waits; the round goes on.
                self._app.logger.exception("event %s was not delivered", letter[0])
            finally:
                with self._changed:
                    self._promised -= 1
                    self._changed.notify_all()

    def rest(self, at_most=60):
        """Wait until everything promised so far has been tried."""
        with self._changed:
            return self._changed.wait_for(lambda: self._promised == 0, at_most)

    def stop(self):
        """Finish what was accepted and end the thread."""
        if self._thread is not None and self._thread.is_alive():
            self._letters.put(None)
            self._thread.join(timeout=PATIENCE + 1)


def init_app(app):
    """Give the app its postman, who sets off once a response has left."""
    app.extensions["sandbox_postman"] = Postman(app)
    app.after_request(_promise)
    app.wsgi_app = _handing_over(app.wsgi_app, app.extensions["sandbox_postman"])


def _promise(response):
    """Leave the events of this request to be handed over when its response has left."""
    letters = g.pop("sandbox_letters", [])
    for letter in letters:
        if letter[1].get("early"):
            deliver(*letter)
    later = [letter for letter in letters if not letter[1].get("early")]
    current_app.extensions["sandbox_postman"].promise(later)
    request.environ[_LATER] = later
    return response


def _handing_over(wsgi_app, postman):
    """Hand over what was promised once the response has left, or its reader has."""

    def answering(environ, start_response):
        # Not Response.call_on_close: a server need not close a response whose reader is gone.
        try:
            with closing(wsgi_app(environ, start_response)) as body:
                yield from body
        finally:
            postman.take(environ.get(_LATER, []))

    return answering
