"""Take what browsers report of the shop's pages: what its content security policy has stopped.

Anybody can post such a report, so a few are logged each minute, each cut short, and the rest is
counted. Nothing is kept, and nothing else follows from one (PCI DSS 11.6.1 wants it told).
"""

import json
import logging
import time
from threading import Lock
from urllib.parse import urlsplit

from flask import Flask, current_app

log = logging.getLogger(__name__)

ADDRESS = "/reports"
LARGEST_REPORT = 16 * 1024
# So many are logged in a minute by each process, and so many of one post.
LOGGED_A_MINUTE, LOGGED_OF_ONE = 10, 3
# What is logged of each: the names of report-to and those of report-uri (CSP 3).
_FIELDS = {
    "directive": ("effectiveDirective", "effective-directive", "violated-directive"),
    "blocked": ("blockedURL", "blocked-uri"),
    "page": ("documentURL", "document-uri"),
    "source": ("sourceFile", "source-file"),
}
_LONGEST_FIELD = 120


class Quota:
    """Count what was logged in this minute, and what was not."""

    def __init__(self, limit=LOGGED_A_MINUTE, clock=time.monotonic):
        self._limit, self._clock, self._lock = limit, clock, Lock()
        self._began, self._used, self._dropped = clock(), 0, 0

    def take(self):
        """Tell whether one more may be logged, and how many were not in the minute before."""
        with self._lock:
            dropped = 0
            if self._clock() - self._began >= 60:
                dropped = self._dropped
                self._began, self._used, self._dropped = self._clock(), 0, 0
            may = self._used < self._limit
            self._used += may
            self._dropped += not may
            return may, dropped


def init_app(app: Flask, csrf) -> None:
    """Receive reports at ADDRESS; a browser sends them without a token."""
    quota = app.extensions["reports"] = Quota()

    def receive():
        """Answer 204 to whatever comes, within bounds."""
        body = current_app.extensions["payment"].read_body(LARGEST_REPORT)
        for report in _read(body)[:LOGGED_OF_ONE]:
            _log(report, *quota.take())
        return "", 204

    app.add_url_rule(ADDRESS, "reports", csrf.exempt(receive), methods=["POST"])


def _read(body):
    """List the reports in a body, of either form; none in what is neither."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if isinstance(said, dict):
        said = [{"body": said.get("csp-report")}]
    said = said if isinstance(said, list) else []
    bodies = [one.get("body") for one in said if isinstance(one, dict)]
    return [body for body in bodies if isinstance(body, dict)]


def _log(report, may, dropped):
    if dropped:
        log.warning("policy reports dropped=%d", dropped)
    if may:
        told = {field: _first(report, names) for field, names in _FIELDS.items()}
        words = " ".join(f"{field}={text}" for field, text in told.items())
        log.warning("policy report %s", words)


def _first(report, names):
    """Give one field, without what an address carries behind its path."""
    text = next((report[name] for name in names if report.get(name)), "-")
    text = text if isinstance(text, str) else "-"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "-"
    if parts.netloc:
        text = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return "".join(text.split())[:_LONGEST_FIELD]
