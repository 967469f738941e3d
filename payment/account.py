"""What the account can do, kept in memory: whoever shops waits for no question about it.

The first visitor of a process sets off the question, and so does one who comes when the answer has
grown old; a thread beside the request asks it. While Omise is away the old answer serves on, and
before there is any, the table of methods alone (ways.py).
"""

import logging
import time
from threading import Lock, Thread

from flask import Flask

from .gateway import deadline, verbs
from .gateway.capability import Capability
from .gateway.errors import GatewayError

log = logging.getLogger(__name__)

# Seconds for which an answer is fresh; to leave Omise alone when none came; and to wait for one.
_FRESH, _AGAIN, _LONGEST = 600, 30, 10


class Account:
    """The capability of the account whose keys an app has."""

    def __init__(self, app: Flask) -> None:
        self._app, self._lock = app, Lock()
        self._known: Capability | None = None
        self._asks_after = 0.0
        self._asking: Thread | None = None

    def capability(self) -> Capability | None:
        """Give what is known, at once: the last answer, however old, or None."""
        return self._known

    def keep(self, capability: Capability) -> None:
        """Take an answer that has come."""
        self._known = capability
        self._asks_after = time.monotonic() + _FRESH

    def refresh(self) -> None:
        """Have Omise asked if that is due; never waits for the answer."""
        if time.monotonic() < self._asks_after:
            return
        with self._lock:
            if time.monotonic() < self._asks_after:
                return
            self._asks_after = time.monotonic() + _AGAIN
            # A server that ends does not wait for it.
            self._asking = Thread(target=self._ask, daemon=True)
            self._asking.start()

    def _ask(self) -> None:
        with self._app.app_context(), deadline.within(_LONGEST):
            try:
                self.keep(verbs.find_capability())
            except GatewayError as error:
                log.warning("the account's capability could not be read: %s", error)

    def close(self) -> None:
        """Wait until nothing is asked any more."""
        if self._asking:
            self._asking.join()
