"""Call the operator once when a budget is used up, and not at every try."""

import logging
import time
from threading import Lock

from flask import Flask

from . import signals

log = logging.getLogger(__name__)

# Seconds in which the same alarm is not raised again by this process.
_QUIET = 600


class Alarm:
    """What was called out lately, by whose budget."""

    def __init__(self, app: Flask) -> None:
        self._app, self._lock = app, Lock()
        self._rung: dict[str, int] = {}

    def ring(self, who: str, why: str) -> None:
        """Log it, and tell the receivers of `attention_needed`, without an order."""
        now = int(time.monotonic())
        with self._lock:
            if now - self._rung.get(who, -_QUIET) < _QUIET:
                return
            self._rung[who] = now
        log.warning("%s", why)
        signals.tell(self._app, "attention_needed", None, why)
