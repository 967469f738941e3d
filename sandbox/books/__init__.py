"""Keep what happened in this sandbox: rows in SQLite, with ids, settings and a clock of its own.

Whoever keeps or finds something imports this wing. It holds objects without knowing what they mean,
and imports ``rules`` alone.
"""

from flask import current_app


def books():
    """Find the books of the app that is serving."""
    return current_app.extensions["sandbox"]
